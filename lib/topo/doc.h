/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The topology document: what a topology file, a generator or an export holds. Plain data, no
 * behaviour of a running network. Read by lib/topo/read_*.c, made by lib/topo/gen_*.c, written by
 * lib/topo/write_*.c; checked as a whole by topo_doc_check(), which also fills in what may be
 * left out (link names, never addresses: those are the controller's to assign).
 */
#ifndef VLSP_LIB_TOPO_DOC_H
#define VLSP_LIB_TOPO_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/name.h"
#include "lib/topo/app.h"
#include "lib/topo/event.h"
#include "lib/topo/iface.h"
#include "lib/topo/limits.h"
#include "lib/topo/shape.h"

#define TOPO_ROUTERS_MAX	     16000
#define TOPO_LINKS_MAX		     30000
#define TOPO_FILE_MAX		     (32u << 20) /* bytes of a topology file */
#define TOPO_DEPTH_MAX		     32		 /* nesting of a topology file */
#define TOPO_WEIGHT_MAX		     65535
#define TOPO_LABEL_MAX		     1024 /* bytes */
#define TOPO_HELLO_MIN_US	     1000
#define TOPO_HELLO_MAX_US	     60000000
#define TOPO_ROUTERS_DISTRIBUTED_MAX 2048 /* beyond: routing: central is required */

struct topo_router {
	char name[NAME_SIZE];
	uint32_t address; /* host byte order; 0: to be assigned */
	char *label;	  /* for people, any text, owned; NULL: none */
	bool has_position;
	double latitude, longitude;
	struct topo_limits limits;
	struct topo_ifaces *interfaces; /* of the host, attached; a reference; NULL: none */
	struct topo_apps *apps;		/* a reference; NULL: none */
	int line;			/* in the file it came from; 0: none */
};

struct topo_link {
	char name[LINK_NAME_SIZE];  /* "" before topo_doc_check() if the file has none */
	bool named;		    /* the file gave the name */
	uint32_t a, b;		    /* indices into routers */
	uint32_t weight;	    /* 1 .. TOPO_WEIGHT_MAX */
	struct topo_shape shape[2]; /* [0]: a to b, [1]: b to a */
	char *label;
	int line;
};

enum topo_routing { TOPO_ROUTING_DISTRIBUTED, TOPO_ROUTING_CENTRAL };

struct topo_doc {
	char name[NAME_SIZE]; /* "" : none */
	uint32_t network;     /* host byte order; default 10.0.0.0 */
	unsigned prefix_len;  /* default 16 */
	enum topo_routing routing;
	uint32_t hello_us; /* 0: the default, which adapts to the size (daemon/ctl/hello.c) */
	struct topo_router *routers;
	size_t router_count, router_room;
	struct topo_link *links;
	size_t link_count, link_room;
	struct topo_events *events; /* and traces; NULL: none */
	char **warnings; /* what the reader had to interpret: duplicate labels, self-loops, ... */
	size_t warning_count;
};

struct topo_doc *topo_doc_new(void);	  /* NULL: out of memory */
void topo_doc_free(struct topo_doc *doc); /* NULL is fine */

/* Append with defaults; return the new element (valid until the next add) or NULL: out of memory.
 */
struct topo_router *topo_doc_add_router(struct topo_doc *doc, const char *name);
struct topo_link *topo_doc_add_link(struct topo_doc *doc, uint32_t a, uint32_t b);
int topo_doc_warn(struct topo_doc *doc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Code points that a label may not have, because one of the formats cannot carry them: controls
 * other than tab and line feed, U+FFFE, U+FFFF, and what is not UTF-8. NULL: fine; otherwise what
 * is wrong. */
const char *topo_label_fault(const char *label);

/* -1: nobody has that name. */
long topo_doc_find_router(const struct topo_doc *doc, const char *name);

/*
 * Checks everything that concerns the whole: duplicate names, duplicate and out-of-range
 * addresses (network and broadcast address are not usable), self-loops, counts against the
 * network's size and the limits above. Names links that have no name: "A-B" with A < B by
 * strcmp, "A-B.2" for the second between the same two, and so on. source is the file's name for
 * messages: "net.yaml:12: routers[3].address: ...". 0 or -EINVAL.
 */
int topo_doc_check(struct topo_doc *doc, const char *source, struct err *err);

/* Reading. text need not end in NUL. The format is found by content: XML that is GraphML,
 * otherwise JSON when the first character is '{', otherwise YAML. Messages start with
 * "source:line: field: ". The result has passed topo_doc_check(). 0 or -errno. */
int topo_read(const char *text, size_t size, const char *source, struct topo_doc **ret_doc,
	      struct err *err);
/* The same, and files that traces name are read. */
int topo_read_files(const char *text, size_t size, const char *source,
		    const struct topo_files *files, struct topo_doc **ret_doc, struct err *err);

enum topo_format { TOPO_FORMAT_JSON, TOPO_FORMAT_YAML, TOPO_FORMAT_GRAPHML, TOPO_FORMAT_DOT };
/* "json", "yaml", "graphml", "dot"; -EINVAL. */
int topo_format_parse(const char *text, enum topo_format *ret_format);
/* *ret_text is NUL-terminated, the caller frees it. What topo_read() makes of it is the same
 * document (dot is write-only; graphml has no events and no
 * applications). 0 or -errno. */
int topo_write(const struct topo_doc *doc, enum topo_format format, char **ret_text,
	       size_t *ret_size);

/* Generators: KIND and its arguments as on the command line, e.g. "grid" {"10", "10"}; options
 * such as --seed N, --weight N are arguments too. See lib/topo/gen.h for the table. */
int topo_generate(const char *kind, int argc, const char *const *argv, struct topo_doc **ret_doc,
		  struct err *err);

#endif
