/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that grows, for the writers of this directory. */
#ifndef VLSP_LIB_TOPO_TEXT_PRIV_H
#define VLSP_LIB_TOPO_TEXT_PRIV_H

#include "lib/topo/doc_priv.h"

/* failed stays set: check once, at the end. */
struct topo_text {
	char *text;
	size_t size, room;
	bool failed;
};

void topo_text_add(struct topo_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* With quotes, as a string of JSON, which is one of YAML, too. */
void topo_text_quote(struct topo_text *t, const char *text);
/* A YAML scalar that every reader takes for a text: plain where that is safe. */
void topo_text_yaml(struct topo_text *t, const char *text);
/* As XML character data or attribute value. */
void topo_text_xml(struct topo_text *t, const char *text);

struct topo_writer {
	const struct topo_doc *doc;
	char (*derived)[LINK_NAME_SIZE]; /* what the links are called if nothing is written */
	struct topo_text out;
};

/* Whether the link's name has to be written for a reader to find the same. */
bool topo_writer_names(const struct topo_writer *w, size_t link);
/* Whether a seed keeps its value in a reader that takes numbers for doubles (2^53). */
bool topo_writer_number(const char *key, const char *value);

/* write_events.c: behind the other fields of a document. */
void topo_write_events(struct topo_text *out, const struct topo_events *events, bool json);

/* write_app.c: as a map of YAML's or JSON's, on one line. */
void topo_write_app(struct topo_text *out, bool yaml, const struct topo_app *app);

void topo_write_json(struct topo_writer *w);
void topo_write_yaml(struct topo_writer *w);
void topo_write_graphml(struct topo_writer *w);
void topo_write_dot(struct topo_writer *w);

#endif
