/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GraphML: between read_graphml.c, which walks the XML, and graphml_map.c, which gives attributes
 * their meaning. */
#ifndef VLSP_LIB_TOPO_GRAPHML_PRIV_H
#define VLSP_LIB_TOPO_GRAPHML_PRIV_H

#include <expat.h>

#include "lib/topo/doc_priv.h"

#define GRAPHML_ID_MAX	 200
#define GRAPHML_KEYS_MAX 512
#define GRAPHML_DATA_MAX 64    /* attributes of one element */
#define GRAPHML_TEXT_MAX 16384 /* bytes of one attribute */

/* <key>: which attribute stands behind an id like d33. Texts are owned. */
struct graphml_key {
	char *id, *of, *name,
		*fallback; /* of: "node", "edge", "graph", "all"; fallback: <default> */
};

struct graphml_data {
	const char *name; /* the key's */
	char *text;	  /* owned */
};

/* The element whose attributes are being collected. */
enum graphml_element { GRAPHML_NONE, GRAPHML_GRAPH, GRAPHML_NODE, GRAPHML_EDGE };

struct graphml_ends {
	char *source, *target;
};

struct graphml {
	const char *source;
	struct err *err;
	struct topo_doc *doc;
	bool ours; /* written by topo_write(): values are taken as they are */
	struct graphml_key *keys;
	size_t key_count;
	char **ids; /* of nodes, parallel to doc->routers */
	size_t id_room;
	struct graphml_ends *ends; /* parallel to doc->links */
	size_t ends_room;
	size_t unlabelled;

	enum graphml_element element;
	char id[GRAPHML_ID_MAX + 1]; /* of the element, for messages */
	char source_id[GRAPHML_ID_MAX + 1], target_id[GRAPHML_ID_MAX + 1];
	int line;
	struct graphml_data data[GRAPHML_DATA_MAX];
	size_t data_count;
};

/* Whether graphml_map.c has a use for this attribute. */
bool graphml_wanted(const char *name);

/* "source:line: " in front; returns -EINVAL. */
int graphml_fail(struct graphml *g, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* An element with all its attributes becomes a router, a link, or the document's head. */
int graphml_take(struct graphml *g);
/* After the last element: names made unique, ends resolved, delays from distances. */
int graphml_finish(struct graphml *g);

/* graphml_text.c: a name from a label (up to 63 allowed characters; "" when nothing is left), and
 * bit/s from "10 Gbps", "< 155 Mbps", "OC-192c", "STM-16" (0: says no speed). */
void graphml_name(const char *label, char name[NAME_SIZE]);
uint64_t graphml_speed(const char *label);

#endif
