// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GraphML and dot. GraphML uses the Topology Zoo's attribute names where it has one, so that other
 * tools place and label the routers; "vlsp" marks our own files, whose values are taken as they
 * are (read_graphml.c). Called by topo_write().
 */
#include "lib/topo/text_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/units.h"

/* id and attr.name are the same: easy on the eye, unique because no two keys of one "for" agree. */
static void put_keys(struct topo_text *out)
{
	static const char *const keys[][3] = {
		{"graph", "vlsp", "string"},	     {"graph", "Network", "string"},
		{"graph", "network", "string"},	     {"graph", "routing", "string"},
		{"graph", "hello", "string"},	     {"node", "name", "string"},
		{"node", "label", "string"},	     {"node", "address", "string"},
		{"node", "Latitude", "double"},	     {"node", "Longitude", "double"},
		{"node", "limits.memory", "string"}, {"node", "limits.cpu", "string"},
		{"node", "limits.pids", "string"},   {"node", "interfaces", "string"},
		{"edge", "name", "string"},	     {"edge", "label", "string"},
		{"edge", "weight", "int"},
	};
	static const char *const directions[] = {"", "a-to-b.", "b-to-a."};
	const char *key;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		topo_text_add(
			out, "  <key id=\"%s.%s\" for=\"%s\" attr.name=\"%s\" attr.type=\"%s\"/>\n",
			keys[i][0], keys[i][1], keys[i][0], keys[i][1], keys[i][2]);
	for (int d = 0; d < 3; d++)
		for (size_t i = 0; (key = topo_shape_key(i)); i++)
			topo_text_add(out,
				      "  <key id=\"edge.%s%s\" for=\"edge\" attr.name=\"%s%s\" "
				      "attr.type=\"string\"/>\n",
				      directions[d], key, directions[d], key);
}

static void put_data(struct topo_text *out, const char *of, const char *key, const char *value)
{
	topo_text_add(out, "<data key=\"%s.%s\">", of, key);
	topo_text_xml(out, value);
	topo_text_add(out, "</data>");
}

static void put_shape(struct topo_text *out, const char *of, const struct topo_shape *shape)
{
	char value[UNITS_TEXT_SIZE];
	const char *key;

	for (size_t i = 0; topo_shape_format(shape, i, &key, value) == 0; i++)
		put_data(out, of, key, value);
}

static void put_limits(struct topo_text *out, const struct topo_limits *limits)
{
	char value[UNITS_TEXT_SIZE], name[24];
	const char *key;

	for (size_t i = 0; topo_limits_format(limits, i, &key, value) == 0; i++) {
		snprintf(name, sizeof(name), "limits.%s", key);
		put_data(out, "node", name, value);
	}
}

/* As one text: they are nothing that other programs draw. */
static void put_interfaces(struct topo_text *out, const struct topo_ifaces *ifaces)
{
	char *text;

	if (!topo_ifaces_count(ifaces))
		return;
	text = topo_ifaces_text(ifaces);
	if (text)
		put_data(out, "node", "interfaces", text);
	else
		out->failed = true;
	free(text);
}

static void put_node(struct topo_text *out, const struct topo_router *router, size_t i)
{
	char text[UNITS_TEXT_SIZE];

	topo_text_add(out, "    <node id=\"n%zu\">", i);
	put_data(out, "node", "name", router->name);
	if (router->label && router->label[0])
		put_data(out, "node", "label", router->label);
	if (router->address)
		put_data(out, "node", "address", addr_format(router->address, text));
	if (router->has_position) {
		put_data(out, "node", "Latitude", units_double_format(router->latitude, text));
		put_data(out, "node", "Longitude", units_double_format(router->longitude, text));
	}
	put_limits(out, &router->limits);
	put_interfaces(out, router->interfaces);
	topo_text_add(out, "</node>\n");
}

static void put_edge(struct topo_writer *w, size_t i)
{
	const struct topo_link *link = &w->doc->links[i];
	struct topo_text *out = &w->out;

	topo_text_add(out, "    <edge id=\"e%zu\" source=\"n%u\" target=\"n%u\">", i, link->a,
		      link->b);
	if (topo_writer_names(w, i))
		put_data(out, "edge", "name", link->name);
	if (link->label && link->label[0])
		put_data(out, "edge", "label", link->label);
	topo_text_add(out, "<data key=\"edge.weight\">%u</data>", link->weight);
	if (topo_shape_equal(&link->shape[0], &link->shape[1])) {
		put_shape(out, "edge", &link->shape[0]);
	} else {
		put_shape(out, "edge.a-to-b", &link->shape[0]);
		put_shape(out, "edge.b-to-a", &link->shape[1]);
	}
	topo_text_add(out, "</edge>\n");
}

void topo_write_graphml(struct topo_writer *w)
{
	const struct topo_doc *doc = w->doc;
	struct topo_text *out = &w->out;
	char text[UNITS_TEXT_SIZE];

	topo_text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			   "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n");
	put_keys(out);
	topo_text_add(out, "  <graph id=\"G\" edgedefault=\"undirected\">\n    ");
	put_data(out, "graph", "vlsp", "1");
	if (doc->name[0])
		put_data(out, "graph", "Network", doc->name);
	addr_format(doc->network, text);
	topo_text_add(out, "<data key=\"graph.network\">%s/%u</data>", text, doc->prefix_len);
	if (doc->routing == TOPO_ROUTING_CENTRAL)
		put_data(out, "graph", "routing", "central");
	if (doc->hello_us)
		put_data(out, "graph", "hello",
			 units_duration_format(doc->hello_us * 1000ULL, text));
	topo_text_add(out, "\n");
	for (size_t i = 0; i < doc->router_count; i++)
		put_node(out, &doc->routers[i], i);
	for (size_t i = 0; i < doc->link_count; i++)
		put_edge(w, i);
	topo_text_add(out, "  </graph>\n</graphml>\n");
}

/* Graphviz reads \n, \l, \r, \N ... as escapes: a backslash is doubled. */
static void put_dot_text(struct topo_text *out, const char *text)
{
	topo_text_add(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			topo_text_add(out, "\\%c", *text);
		else if (*text == '\n')
			topo_text_add(out, "\\n");
		else
			topo_text_add(out, "%c", *text);
	}
	topo_text_add(out, "\"");
}

static void put_dot_link(struct topo_writer *w, size_t at)
{
	const struct topo_link *link = &w->doc->links[at];
	char value[UNITS_TEXT_SIZE], line[160] = "";
	const char *key;
	size_t n = 0;

	for (size_t i = 0; topo_shape_format(&link->shape[0], i, &key, value) == 0; i++)
		if (strcmp(key, "rate") == 0 || strcmp(key, "delay") == 0)
			n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", n ? " " : "",
					      value);
	if (link->weight != 1)
		snprintf(line + n, sizeof(line) - n, "%sweight %u", n ? " " : "", link->weight);
	topo_text_add(&w->out, "  ");
	put_dot_text(&w->out, w->doc->routers[link->a].name);
	topo_text_add(&w->out, " -- ");
	put_dot_text(&w->out, w->doc->routers[link->b].name);
	if (line[0]) {
		topo_text_add(&w->out, " [label=");
		put_dot_text(&w->out, line);
		topo_text_add(&w->out, "]");
	}
	if (topo_writer_names(w, at)) { /* not a label: names are long, drawings small */
		topo_text_add(&w->out, " [comment=");
		put_dot_text(&w->out, link->name);
		topo_text_add(&w->out, ", tooltip=");
		put_dot_text(&w->out, link->name);
		topo_text_add(&w->out, "]");
	}
	topo_text_add(&w->out, ";\n");
}

void topo_write_dot(struct topo_writer *w)
{
	const struct topo_doc *doc = w->doc;

	topo_text_add(&w->out, "graph ");
	put_dot_text(&w->out, doc->name[0] ? doc->name : "topology");
	topo_text_add(&w->out, " {\n");
	for (size_t i = 0; i < doc->router_count; i++) {
		const struct topo_router *router = &doc->routers[i];

		topo_text_add(&w->out, "  ");
		put_dot_text(&w->out, router->name);
		if (router->label && router->label[0]) {
			topo_text_add(&w->out, " [label=");
			put_dot_text(&w->out, router->label);
			topo_text_add(&w->out, "]");
		}
		topo_text_add(&w->out, ";\n");
	}
	for (size_t i = 0; i < doc->link_count; i++)
		put_dot_link(w, i);
	topo_text_add(&w->out, "}\n");
}
