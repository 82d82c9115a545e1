/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of JSON and YAML topology files share. For read_*.c of this directory only. */
#ifndef VLSP_LIB_TOPO_READ_PRIV_H
#define VLSP_LIB_TOPO_READ_PRIV_H

#include "lib/codec/tree.h"
#include "lib/topo/doc_priv.h"

#define TOPO_PATH_SIZE 128 /* of a field's place: "links[29999].shape.a-to-b.distribution" */

struct topo_reader {
	const char *source;
	struct topo_doc *doc;
	struct err *err;
	struct topo_index names;   /* router's name to its index; keys lie in the document */
	struct topo_link link;	   /* defaults: link */
	struct topo_limits limits; /* defaults: router */
	const struct topo_files *files;
	struct topo_events *events; /* with the first field that is of them */
};

/* Reads one field into object; path is where it is in the file, for messages. 0 or -errno. */
typedef int (*topo_field_fn)(struct topo_reader *r, const struct tree_node *node, const char *path,
			     void *object);

/* A vocabulary is a list of these that ends with a NULL name; a read that stands there is for each
 * property of a shape (topo_shape_key()). */
struct topo_field {
	const char *name;
	topo_field_fn read;
};

/* Each field of a map by its entry; one without entry is an error. */
int topo_field_map(struct topo_reader *r, const struct tree_node *map, const char *path,
		   const struct topo_field *fields, void *object);

/* The text of a scalar; in YAML 1 and no are texts, too, where a text is wanted. NULL: it is none,
 * and the error is set. */
const char *topo_field_text(const struct topo_reader *r, const struct tree_node *node,
			    const char *path);
/* A text or a number, as text. NULL as above. */
const char *topo_field_quantity(const struct topo_reader *r, const struct tree_node *node,
				const char *path);
int topo_field_label(struct topo_reader *r, const struct tree_node *node, const char *path,
		     char **label);

/* "source:line: " and the message; returns -EINVAL. */
int topo_field_fail(const struct topo_reader *r, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int topo_field_wrong(const struct topo_reader *r, const struct tree_node *node, const char *path,
		     const char *expected);
int topo_field_nomem(const struct topo_reader *r);

/* read_iface.c: a router's list of interfaces */
int topo_reader_interfaces(struct topo_reader *r, const struct tree_node *list, const char *path,
			   void *object);

/* read_app.c: a router's list of applications, or one, whose name may be empty; read_app_files.c:
 * files of one (object starts with a pointer to it) */
int topo_reader_apps(struct topo_reader *r, const struct tree_node *list, const char *path,
		     void *object);
int topo_reader_app(struct topo_reader *r, const struct tree_node *node, const char *path,
		    struct topo_app **ret_app);
int topo_reader_app_files(struct topo_reader *r, const struct tree_node *list, const char *path,
			  void *object);
/* read_tree.c */
int topo_reader_limits_of(struct topo_reader *r, const struct tree_node *node, const char *path,
			  struct topo_limits *limits);

/* read_links.c */
int topo_reader_links(struct topo_reader *r, const struct tree_node *list);
int topo_reader_default_link(struct topo_reader *r, const struct tree_node *node, const char *path,
			     void *object);

/* read_events.c: fields of the file; events are checked and sealed by topo_reader_events_end(), in
 * the document if there is one. */
int topo_reader_events(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object);
int topo_reader_traces(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object);
int topo_reader_seed(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object);
int topo_reader_events_end(struct topo_reader *r);
/* NULL: out of memory, said. */
struct topo_events *topo_reader_events_get(struct topo_reader *r);
/* A duration; other quantities of events likewise. 0 or -EINVAL. */
int topo_reader_time(struct topo_reader *r, const struct tree_node *node, const char *path,
		     uint64_t *ret_ns);
int topo_reader_flag(struct topo_reader *r, const struct tree_node *node, const char *path,
		     bool *ret_flag);
/* A name that is looked for later; 0 or -EINVAL. */
int topo_reader_ref(struct topo_reader *r, const struct tree_node *node, const char *path,
		    char *name, size_t size);
/* The event's action is the node's key. */
int topo_reader_action(struct topo_reader *r, const struct tree_node *node, const char *path,
		       struct topo_event *event);
/* The same, with a map of fields; each of must has to be among them. */
int topo_reader_action_map(struct topo_reader *r, const struct tree_node *node, const char *path,
			   const struct topo_field *fields, const char *const *must, void *object);
int topo_reader_change(struct topo_reader *r, const struct tree_node *node, const char *path,
		       struct topo_change *change);

/* read_event_app.c */
int topo_reader_app_start(struct topo_reader *r, const struct tree_node *node, const char *path,
			  void *object);
int topo_reader_app_stop(struct topo_reader *r, const struct tree_node *node, const char *path,
			 void *object);

/* read_trace.c */
int topo_reader_trace(struct topo_reader *r, const struct tree_node *node, const char *path);

extern const struct tree_limits topo_reader_limits;

#endif
