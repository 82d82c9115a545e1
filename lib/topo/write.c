// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * topo_write(): formats by name, and JSON and YAML, which say the same in the same order: each
 * router and link on a line of its own, but a router with applications in YAML, which has a line
 * for each key and application. Called for export and by the command line's generate.
 */
#include "lib/topo/text_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/topo/units.h"

static const char *const format_names[] = {
	[TOPO_FORMAT_JSON] = "json",
	[TOPO_FORMAT_YAML] = "yaml",
	[TOPO_FORMAT_GRAPHML] = "graphml",
	[TOPO_FORMAT_DOT] = "dot",
};

int topo_format_parse(const char *text, enum topo_format *ret_format)
{
	for (int i = 0; i < 4; i++) {
		if (strcmp(text, format_names[i]) == 0) {
			*ret_format = (enum topo_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool topo_writer_names(const struct topo_writer *w, size_t link)
{
	const struct topo_link *l = &w->doc->links[link];

	return l->name[0] && (l->named || strcmp(l->name, w->derived[link]) != 0);
}

bool topo_writer_number(const char *key, const char *value)
{
	return strcmp(key, "pids") == 0 || strcmp(key, "overhead") == 0 ||
	       strcmp(key, "burst") == 0 ||
	       (strcmp(key, "seed") == 0 && strtoull(value, NULL, 10) <= 1ULL << 53);
}

/* One format of the two: how keys and texts look. */
struct style {
	struct topo_writer *w;
	bool json;
	bool first; /* in the present map */
	bool block; /* this map has a line for each key */
};

static void put_key(struct style *s, const char *key)
{
	const char *between = s->first ? "" : s->block ? "\n    " : ", ";

	topo_text_add(&s->w->out, s->json ? "%s\"%s\": " : "%s%s: ", between, key);
	s->first = false;
}

/* A map in the present one; to be given back to its end. */
static bool inner_begin(struct style *s)
{
	bool block = s->block;

	topo_text_add(&s->w->out, "{");
	s->first = true;
	s->block = false;
	return block;
}

static void inner_end(struct style *s, bool block)
{
	topo_text_add(&s->w->out, "}");
	s->first = false;
	s->block = block;
}

static void put_text(struct style *s, const char *key, const char *value)
{
	put_key(s, key);
	if (s->json)
		topo_text_quote(&s->w->out, value);
	else
		topo_text_yaml(&s->w->out, value);
}

/* An address or a quantity like 10mbit: nothing that YAML would misread. */
static void put_quantity(struct style *s, const char *key, const char *value)
{
	put_key(s, key);
	topo_text_add(&s->w->out, s->json && !topo_writer_number(key, value) ? "\"%s\"" : "%s",
		      value);
}

static void put_shape(struct style *s, const struct topo_shape *shape)
{
	char value[UNITS_TEXT_SIZE];
	const char *key;

	for (size_t i = 0; topo_shape_format(shape, i, &key, value) == 0; i++) {
		/* a long seed is a text in YAML as well: other readers would round it */
		if (!s->json && strcmp(key, "seed") == 0 && !topo_writer_number(key, value)) {
			put_key(s, key);
			topo_text_add(&s->w->out, "\"%s\"", value);
			continue;
		}
		put_quantity(s, key, value);
	}
}

static void put_direction(struct style *s, const char *key, const struct topo_shape *shape)
{
	bool block;

	put_key(s, key);
	block = inner_begin(s);
	put_shape(s, shape);
	inner_end(s, block);
}

static void put_limits(struct style *s, const struct topo_limits *limits)
{
	char value[UNITS_TEXT_SIZE];
	const char *key;
	bool block;

	if (topo_limits_format(limits, 0, &key, value) < 0)
		return;
	put_key(s, "limits");
	block = inner_begin(s);
	for (size_t i = 0; topo_limits_format(limits, i, &key, value) == 0; i++)
		put_quantity(s, key, value);
	inner_end(s, block);
}

static void put_interface(struct style *s, const struct topo_iface *iface)
{
	char value[TOPO_IFACE_VALUE_SIZE], *save = NULL;
	const char *key, *open;
	bool block = inner_begin(s);

	for (size_t i = 0; topo_iface_format(iface, i, &key, value) == 0; i++) {
		if (strcmp(key, "force") == 0) {
			put_key(s, key);
			topo_text_add(&s->w->out, "true");
			continue;
		}
		if (strcmp(key, "address") != 0) {
			put_text(s, key, value);
			continue;
		}
		put_key(s, key);
		open = "[";
		for (char *one = strtok_r(value, ",", &save); one;
		     one = strtok_r(NULL, ",", &save), open = ", ")
			topo_text_add(&s->w->out, "%s\"%s\"", open, one);
		topo_text_add(&s->w->out, "]");
	}
	inner_end(s, block);
}

static void put_interfaces(struct style *s, const struct topo_ifaces *ifaces)
{
	if (!topo_ifaces_count(ifaces))
		return;
	put_key(s, "interfaces");
	topo_text_add(&s->w->out, "[");
	for (size_t i = 0; i < ifaces->count; i++) {
		topo_text_add(&s->w->out, i ? ", " : "");
		put_interface(s, &ifaces->list[i]);
	}
	topo_text_add(&s->w->out, "]");
}

static void put_apps(struct style *s, const struct topo_apps *apps)
{
	if (!topo_apps_count(apps))
		return;
	if (s->block)
		topo_text_add(&s->w->out, "\n    apps:"); /* behind the name */
	else
		put_key(s, "apps");
	for (size_t i = 0; i < apps->count; i++) {
		topo_text_add(&s->w->out, s->block ? "\n      - " : i ? ", " : "[");
		topo_write_app(&s->w->out, !s->json, apps->list[i]);
	}
	topo_text_add(&s->w->out, s->block ? "" : "]");
}

static void put_router(struct style *s, const struct topo_router *router)
{
	char text[UNITS_TEXT_SIZE];

	s->first = true;
	s->block = !s->json && topo_apps_count(router->apps) > 0;
	topo_text_add(&s->w->out, s->block ? "" : "{");
	put_text(s, "name", router->name);
	if (router->address)
		put_quantity(s, "address", addr_format(router->address, text));
	if (router->label && router->label[0])
		put_text(s, "label", router->label);
	if (router->has_position) {
		put_key(s, "latitude");
		topo_text_add(&s->w->out, "%s", units_double_format(router->latitude, text));
		put_key(s, "longitude");
		topo_text_add(&s->w->out, "%s", units_double_format(router->longitude, text));
	}
	put_limits(s, &router->limits);
	put_interfaces(s, router->interfaces);
	put_apps(s, router->apps);
	topo_text_add(&s->w->out, s->block ? "" : "}");
	s->block = false;
}

static void put_link(struct style *s, size_t i)
{
	const struct topo_doc *doc = s->w->doc;
	const struct topo_link *link = &doc->links[i];
	bool block;

	s->first = true;
	topo_text_add(&s->w->out, "{");
	put_text(s, "a", doc->routers[link->a].name);
	put_text(s, "b", doc->routers[link->b].name);
	if (topo_writer_names(s->w, i))
		put_text(s, "name", link->name);
	if (link->weight != 1) {
		put_key(s, "weight");
		topo_text_add(&s->w->out, "%u", link->weight);
	}
	if (link->label && link->label[0])
		put_text(s, "label", link->label);
	if (topo_shape_equal(&link->shape[0], &link->shape[1])) {
		put_shape(s, &link->shape[0]);
	} else {
		put_key(s, "shape");
		block = inner_begin(s);
		if (link->shape[0].set)
			put_direction(s, "a-to-b", &link->shape[0]);
		if (link->shape[1].set)
			put_direction(s, "b-to-a", &link->shape[1]);
		inner_end(s, block);
	}
	topo_text_add(&s->w->out, "}");
}

/* What stands above the lists; end is put behind each field. */
static void put_head(struct style *s, const char *start, const char *end)
{
	const struct topo_doc *doc = s->w->doc;
	char text[UNITS_TEXT_SIZE];

	if (doc->name[0]) {
		s->first = true;
		topo_text_add(&s->w->out, "%s", start);
		put_text(s, "name", doc->name);
		topo_text_add(&s->w->out, "%s", end);
	}
	s->first = true;
	topo_text_add(&s->w->out, "%s", start);
	put_key(s, "network");
	topo_text_add(&s->w->out, s->json ? "\"%s/%u\"%s" : "%s/%u%s",
		      addr_format(doc->network, text), doc->prefix_len, end);
	if (doc->routing == TOPO_ROUTING_CENTRAL) {
		s->first = true;
		topo_text_add(&s->w->out, "%s", start);
		put_text(s, "routing", "central");
		topo_text_add(&s->w->out, "%s", end);
	}
	if (doc->hello_us) {
		s->first = true;
		topo_text_add(&s->w->out, "%s", start);
		put_quantity(s, "hello", units_duration_format(doc->hello_us * 1000ULL, text));
		topo_text_add(&s->w->out, "%s", end);
	}
}

void topo_write_yaml(struct topo_writer *w)
{
	struct style s = {.w = w, .first = true};

	put_head(&s, "", "\n");
	topo_text_add(&w->out, w->doc->router_count ? "routers:\n" : "routers: []\n");
	for (size_t i = 0; i < w->doc->router_count; i++) {
		topo_text_add(&w->out, "  - ");
		put_router(&s, &w->doc->routers[i]);
		topo_text_add(&w->out, "\n");
	}
	topo_text_add(&w->out, w->doc->link_count ? "links:\n" : "links: []\n");
	for (size_t i = 0; i < w->doc->link_count; i++) {
		topo_text_add(&w->out, "  - ");
		put_link(&s, i);
		topo_text_add(&w->out, "\n");
	}
	if (w->doc->events)
		topo_write_events(&w->out, w->doc->events, false);
}

void topo_write_json(struct topo_writer *w)
{
	struct style s = {.w = w, .json = true, .first = true};

	topo_text_add(&w->out, "{\n");
	put_head(&s, "  ", ",\n");
	topo_text_add(&w->out, "  \"routers\": [");
	for (size_t i = 0; i < w->doc->router_count; i++) {
		topo_text_add(&w->out, i ? ",\n    " : "\n    ");
		put_router(&s, &w->doc->routers[i]);
	}
	topo_text_add(&w->out, w->doc->router_count ? "\n  ],\n" : "],\n");
	topo_text_add(&w->out, "  \"links\": [");
	for (size_t i = 0; i < w->doc->link_count; i++) {
		topo_text_add(&w->out, i ? ",\n    " : "\n    ");
		put_link(&s, i);
	}
	topo_text_add(&w->out, w->doc->link_count ? "\n  ]" : "]");
	if (w->doc->events)
		topo_write_events(&w->out, w->doc->events, true);
	topo_text_add(&w->out, "\n}\n");
}

int topo_write(const struct topo_doc *doc, enum topo_format format, char **ret_text,
	       size_t *ret_size)
{
	static void (*const writers[])(struct topo_writer *) = {
		[TOPO_FORMAT_JSON] = topo_write_json,
		[TOPO_FORMAT_YAML] = topo_write_yaml,
		[TOPO_FORMAT_GRAPHML] = topo_write_graphml,
		[TOPO_FORMAT_DOT] = topo_write_dot,
	};
	struct topo_writer w = {.doc = doc};
	int r = 0;

	for (size_t i = 0; i < doc->link_count; i++)
		if (doc->links[i].a >= doc->router_count || doc->links[i].b >= doc->router_count)
			return -EINVAL;
	w.derived = calloc(doc->link_count + 1, sizeof(*w.derived));
	if (!w.derived)
		return -ENOMEM;
	r = topo_links_derive(doc, w.derived);
	if (r == 0) {
		writers[format](&w);
		r = w.out.failed ? -ENOMEM : 0;
	}
	free(w.derived);
	if (r < 0) {
		free(w.out.text);
		return r;
	}
	*ret_text = w.out.text;
	*ret_size = w.out.size;
	return 0;
}
