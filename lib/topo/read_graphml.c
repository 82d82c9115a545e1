// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GraphML by expat: walks the XML, resolves keys (d33 is "label" of an edge in one file and "url"
 * of a node in the next), collects each node's and edge's attributes and hands them to
 * graphml_map.c. Labels are taken from yEd's graphics, too. Called by topo_read().
 */
#include "lib/topo/graphml_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	struct graphml g;
	XML_Parser parser;
	int result; /* 0, or what stopped the parser */
	unsigned depth;
	bool root_seen;
	unsigned collect_depth; /* of the element whose text is collected; 0: none */
	const char *collect_name;
	long default_of;     /* the key whose <default> is collected; -1: none */
	unsigned data_depth; /* of the <data> we are in; 0: none */
	unsigned element_depth;
	long key; /* the <key> we are in; -1: none */
	size_t text_size;
	char text[GRAPHML_TEXT_MAX + 1];
};

int graphml_fail(struct graphml *g, int line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(g->err, EINVAL, "%s:%d: %s", g->source, line, text);
}

static int line_of(const struct walk *w)
{
	return (int)XML_GetCurrentLineNumber(w->parser);
}

static void stop(struct walk *w, int result)
{
	if (w->result == 0)
		w->result = result;
	XML_StopParser(w->parser, XML_FALSE);
}

static void no_memory(struct walk *w)
{
	stop(w, err_errno(w->g.err, ENOMEM, "%s", w->g.source));
}

static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static const char *attribute(const char **atts, const char *name)
{
	for (; atts[0]; atts += 2)
		if (strcmp(atts[0], name) == 0)
			return atts[1];
	return NULL;
}

static void free_data(struct graphml *g)
{
	while (g->data_count > 0)
		free(g->data[--g->data_count].text);
}

/* --- keys --- */

static void start_key(struct walk *w, const char **atts)
{
	const char *id = attribute(atts, "id"), *of = attribute(atts, "for");
	const char *name = attribute(atts, "attr.name");
	struct graphml *g = &w->g;
	struct graphml_key *grown, *key;

	if (!id) {
		stop(w, graphml_fail(g, line_of(w), "key: has no id"));
		return;
	}
	if (g->key_count == GRAPHML_KEYS_MAX) {
		stop(w, graphml_fail(g, line_of(w), "key: more than %d", GRAPHML_KEYS_MAX));
		return;
	}
	grown = reallocarray(g->keys, g->key_count + 1, sizeof(*grown));
	if (!grown) {
		no_memory(w);
		return;
	}
	g->keys = grown;
	key = &g->keys[g->key_count++];
	*key = (struct graphml_key){strdup(id), strdup(of ? of : "all"), strdup(name ? name : ""),
				    NULL};
	w->key = (long)g->key_count - 1;
	if (!key->id || !key->of || !key->name)
		no_memory(w);
}

static const struct graphml_key *find_key(const struct graphml *g, const char *id)
{
	for (size_t i = 0; i < g->key_count; i++)
		if (strcmp(g->keys[i].id, id) == 0)
			return &g->keys[i];
	return NULL;
}

/* --- the text of an attribute --- */

static void start_collecting(struct walk *w, const char *name)
{
	w->collect_depth = w->depth;
	w->collect_name = name;
	w->text_size = 0;
}

static void on_text(void *arg, const char *s, int len)
{
	struct walk *w = arg;

	if (w->collect_depth != w->depth || w->collect_depth == 0)
		return;
	if (w->text_size + (size_t)len > GRAPHML_TEXT_MAX) {
		stop(w, graphml_fail(&w->g, line_of(w), "%s: longer than %d bytes", w->collect_name,
				     GRAPHML_TEXT_MAX));
		return;
	}
	memcpy(w->text + w->text_size, s, (size_t)len);
	w->text_size += (size_t)len;
}

static void end_collecting(struct walk *w)
{
	struct graphml *g = &w->g;
	char *copy;

	w->collect_depth = 0;
	w->text[w->text_size] = '\0';
	if (g->data_count == GRAPHML_DATA_MAX && w->default_of < 0) {
		stop(w, graphml_fail(g, line_of(w), "more than %d attributes of one element",
				     GRAPHML_DATA_MAX));
		return;
	}
	copy = strdup(w->text);
	if (!copy) {
		no_memory(w);
	} else if (w->default_of >= 0) {
		free(g->keys[w->default_of].fallback);
		g->keys[w->default_of].fallback = copy;
		w->default_of = -1;
	} else {
		g->data[g->data_count++] = (struct graphml_data){w->collect_name, copy};
	}
}

/* --- elements --- */

/* The attributes of a graph, node or edge are complete. */
static void take(struct walk *w)
{
	struct graphml *g = &w->g;
	int r;

	if (g->element == GRAPHML_NONE)
		return;
	r = graphml_take(g);
	free_data(g);
	g->element = GRAPHML_NONE;
	w->element_depth = 0;
	if (r < 0)
		stop(w, r);
}

static bool copy_id(struct walk *w, const char *what, const char *id, char *buf)
{
	if (!id || strlen(id) > GRAPHML_ID_MAX) {
		stop(w, graphml_fail(&w->g, line_of(w),
				     id ? "%s: longer than %d bytes" : "%s: is missing", what,
				     GRAPHML_ID_MAX));
		return false;
	}
	strcpy(buf, id);
	return true;
}

static void start_element(struct walk *w, enum graphml_element element, const char **atts)
{
	struct graphml *g = &w->g;
	const char *id = attribute(atts, "id");

	take(w); /* a graph's own attributes end at its first node; so do a group's */
	if (w->result < 0)
		return;
	g->element = element;
	g->line = line_of(w);
	w->element_depth = w->depth;
	switch (element) {
	case GRAPHML_NODE:
		copy_id(w, "node.id", id, g->id);
		break;
	case GRAPHML_EDGE:
		snprintf(g->id, sizeof(g->id), "%s", id ? id : "");
		if (copy_id(w, "edge.source", attribute(atts, "source"), g->source_id))
			copy_id(w, "edge.target", attribute(atts, "target"), g->target_id);
		break;
	default:
		g->id[0] = '\0';
	}
}

static void start_data(struct walk *w, const char **atts)
{
	const char *id = attribute(atts, "key");
	const struct graphml_key *key = id ? find_key(&w->g, id) : NULL;

	if (!key) {
		stop(w, graphml_fail(&w->g, line_of(w),
				     id ? "data.key: there is no key '%.60s'"
					: "data.key: is missing%s",
				     id ? id : ""));
		return;
	}
	w->data_depth = w->depth;
	if (graphml_wanted(key->name))
		start_collecting(w, key->name);
}

static void start_tag(struct walk *w, const char *name, const char **atts)
{
	if (w->data_depth) { /* yEd's graphics, or whatever */
		if (w->collect_depth == 0 && strcmp(name, "NodeLabel") == 0 &&
		    w->g.element == GRAPHML_NODE)
			start_collecting(w, "NodeLabel");
		else if (w->collect_depth == 0 && strcmp(name, "EdgeLabel") == 0 &&
			 w->g.element == GRAPHML_EDGE)
			start_collecting(w, "EdgeLabel");
	} else if (strcmp(name, "key") == 0) {
		start_key(w, atts);
	} else if (strcmp(name, "default") == 0 && w->key >= 0) {
		w->default_of = w->key;
		start_collecting(w, "default");
	} else if (strcmp(name, "graph") == 0) {
		start_element(w, GRAPHML_GRAPH, atts);
	} else if (strcmp(name, "node") == 0) {
		start_element(w, GRAPHML_NODE, atts);
	} else if (strcmp(name, "edge") == 0) {
		start_element(w, GRAPHML_EDGE, atts);
	} else if (strcmp(name, "hyperedge") == 0) {
		stop(w, graphml_fail(&w->g, line_of(w),
				     "hyperedge: not supported (a link has two ends)"));
	} else if (strcmp(name, "data") == 0 && w->g.element != GRAPHML_NONE) {
		start_data(w, atts);
	}
}

static void on_start(void *arg, const char *qname, const char **atts)
{
	struct walk *w = arg;
	const char *name = local_name(qname);

	if (w->result < 0)
		return;
	if (++w->depth > TOPO_DEPTH_MAX) {
		stop(w, graphml_fail(&w->g, line_of(w), "nested deeper than %d levels",
				     TOPO_DEPTH_MAX));
		return;
	}
	if (!w->root_seen && strcmp(name, "graphml") != 0) {
		stop(w,
		     graphml_fail(&w->g, line_of(w),
				  "<%.60s>: not a topology: the only XML read is GraphML", qname));
		return;
	}
	w->root_seen = true;
	start_tag(w, name, atts);
}

static void on_end(void *arg, const char *qname)
{
	struct walk *w = arg;

	if (w->result < 0)
		return;
	if (w->collect_depth && w->collect_depth == w->depth)
		end_collecting(w);
	if (w->data_depth == w->depth)
		w->data_depth = 0;
	if (w->element_depth && w->element_depth == w->depth)
		take(w);
	if (strcmp(local_name(qname), "key") == 0)
		w->key = -1;
	w->depth--;
}

/* What entities stand for can grow without end; no GraphML needs them. */
static void on_entity(void *arg, const char *name, int is_parameter, const char *value, int size,
		      const char *base, const char *system_id, const char *public_id,
		      const char *notation)
{
	struct walk *w = arg;

	(void)is_parameter, (void)value, (void)size, (void)base, (void)system_id;
	(void)public_id, (void)notation;
	stop(w, graphml_fail(&w->g, line_of(w), "entity %.60s: entities are not allowed", name));
}

static int parse_failed(struct walk *w)
{
	enum XML_Error code = XML_GetErrorCode(w->parser);

	if (code == XML_ERROR_NO_MEMORY)
		return err_errno(w->g.err, ENOMEM, "%s", w->g.source);
	if (code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
	    code == XML_ERROR_UNCLOSED_CDATA_SECTION || code == XML_ERROR_PARTIAL_CHAR)
		return graphml_fail(&w->g, line_of(w), "the file ends in the middle (%s)",
				    XML_ErrorString(code));
	return graphml_fail(&w->g, line_of(w), "column %lu: not XML: %s",
			    (unsigned long)XML_GetCurrentColumnNumber(w->parser) + 1,
			    XML_ErrorString(code));
}

static void done(struct walk *w)
{
	struct graphml *g = &w->g;

	free_data(g);
	for (size_t i = 0; i < g->key_count; i++) {
		free(g->keys[i].id);
		free(g->keys[i].of);
		free(g->keys[i].name);
		free(g->keys[i].fallback);
	}
	free(g->keys);
	for (size_t i = 0; i < g->doc->router_count && i < g->id_room; i++)
		free(g->ids[i]);
	free(g->ids);
	for (size_t i = 0; i < g->doc->link_count && i < g->ends_room; i++) {
		free(g->ends[i].source);
		free(g->ends[i].target);
	}
	free(g->ends);
	XML_ParserFree(w->parser);
	free(w);
}

int topo_read_graphml(const char *text, size_t size, const char *source, struct topo_doc *doc,
		      struct err *err)
{
	struct walk *w = calloc(1, sizeof(*w));
	XML_Parser parser = XML_ParserCreate(NULL);
	int r;

	if (!w || !parser) {
		free(w);
		if (parser)
			XML_ParserFree(parser);
		return err_errno(err, ENOMEM, "%s", source);
	}
	w->parser = parser;
	w->key = w->default_of = -1;
	w->g.source = source;
	w->g.err = err;
	w->g.doc = doc;
	XML_SetUserData(parser, w);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetEntityDeclHandler(parser, on_entity);
	if (XML_Parse(parser, text, (int)size, 1) == XML_STATUS_ERROR && w->result == 0)
		w->result = parse_failed(w);
	r = w->result < 0 ? w->result : graphml_finish(&w->g);
	done(w);
	return r;
}
