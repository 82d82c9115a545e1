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
		   struct topo_doc *doc, struct err *err);
int topo_read_graphml(const char *text, size_t size, const char *source, struct topo_doc *doc,
		      struct err *err);

#endif
