/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of lib/topo share about documents. */
#ifndef VLSP_LIB_TOPO_DOC_PRIV_H
#define VLSP_LIB_TOPO_DOC_PRIV_H

#include "lib/topo/doc.h"
#include "lib/topo/index.h"

#define TOPO_WARNINGS_MAX 200 /* one more says that there are others */
#define TOPO_MESSAGE_ROOM 160

/* Takes a copy; an empty label is none. 0 or -ENOMEM. */
int topo_label_set(char **label, const char *text);

/* In which connected part each router is (part[router_count]); returns how many parts, or -ENOMEM.
 * Parts are numbered in the order of their first routers. */
long topo_doc_parts(const struct topo_doc *doc, uint32_t *part);

/* Names for links without one, unique among themselves and the names given; out[i] is for link i
 * and is left "" where the file gave a name. 0 or -ENOMEM. */
int topo_links_derive(const struct topo_doc *doc, char (*out)[LINK_NAME_SIZE]);

/* check_iface.c: attached interfaces, of each router and of all together. *ret_router: whose the
 * fault is. 0, -EINVAL with "interfaces[0].host: ...", -ENOMEM. */
int topo_check_interfaces(const struct topo_doc *doc, size_t *ret_router, struct err *err);

/* check_app.c: the same of what applications come after. */
int topo_check_apps(const struct topo_doc *doc, size_t *ret_router, struct err *err);

/* A name that is near to word; NULL: none is. */
struct topo_near {
	const char *word, *best;
	unsigned distance;
};
void topo_near_try(struct topo_near *near, const char *candidate);
/* "" or " (did you mean 'x'?)", in buf. */
const char *topo_near_hint(const struct topo_near *near, char *buf, size_t size);

/* The readers; they leave the check to topo_read(). */
int topo_read_tree(const char *text, size_t size, bool json, const char *source,
		   const struct topo_files *files, struct topo_doc *doc, struct err *err);
int topo_read_graphml(const char *text, size_t size, const char *source, struct topo_doc *doc,
		      struct err *err);

/* events.c: a new element, or NULL: out of memory. */
struct topo_events *topo_events_new(void);
struct topo_event *topo_events_add(struct topo_events *events);
struct topo_trace *topo_events_add_trace(struct topo_events *events);
struct topo_step *topo_trace_add_step(struct topo_trace *trace);
int topo_trace_add_chance(struct topo_trace *trace, uint32_t ms);
/* What it holds is given back. */
void topo_event_done(struct topo_event *event);
int topo_event_add_router(struct topo_event *event, const char *name);
/* The action of that name, TOPO_NO_ACTION: none is called so. */
enum topo_action topo_action_find(const char *name);
/* write_events.c: as JSON text, to be freed. NULL: out of memory. */
char *topo_events_text(const struct topo_events *events);

/* Room for one more element of size bytes; the array doubles. 0 or -ENOMEM. */
int topo_make_room(void **array, size_t count, size_t *room, size_t size);

#endif
