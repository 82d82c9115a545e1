// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON and YAML topology files: what each field of the node tree means. The tables at the end of
 * each object's reader are the file's vocabulary; Documentation/topology.md describes them and
 * Documentation/topology.schema.json restates them. Called by topo_read().
 */
#include "lib/topo/read_priv.h"

#include <stdio.h>
#include <string.h>

#include "lib/topo/units.h"

const struct tree_limits topo_reader_limits = {
	.depth = TOPO_DEPTH_MAX,
	.nodes = 1000000,
	.children = 64,
};

/* --- routers --- */

static int router_name(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	struct topo_router *router = object;
	const char *text = topo_field_text(r, node, path);
	struct err why;

	if (!text)
		return -EINVAL;
	if (name_check(text, path, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	snprintf(router->name, sizeof(router->name), "%s", text);
	return 0;
}

static int router_address(struct topo_reader *r, const struct tree_node *node, const char *path,
			  void *object)
{
	struct topo_router *router = object;
	const char *text = topo_field_text(r, node, path);

	if (!text)
		return -EINVAL;
	if (addr_parse(text, &router->address) < 0 || router->address == 0)
		return topo_field_fail(r, node->line, "%s: '%.40s' is not an address like 10.0.0.1",
				       path, text);
	return 0;
}

static int router_label(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	return topo_field_label(r, node, path, &((struct topo_router *)object)->label);
}

static int read_degrees(struct topo_reader *r, const struct tree_node *node, const char *path,
			double limit, double *ret)
{
	double value;

	if (node->type != TREE_INT && node->type != TREE_FLOAT)
		return topo_field_wrong(r, node, path, "degrees as a number");
	if (units_double_parse(node->text, &value) < 0 || !(value >= -limit && value <= limit))
		return topo_field_fail(r, node->line, "%s: %.40s is not within -%g to %g", path,
				       node->text, limit, limit);
	*ret = value;
	return 0;
}

static int router_latitude(struct topo_reader *r, const struct tree_node *node, const char *path,
			   void *object)
{
	return read_degrees(r, node, path, 90, &((struct topo_router *)object)->latitude);
}

static int router_longitude(struct topo_reader *r, const struct tree_node *node, const char *path,
			    void *object)
{
	return read_degrees(r, node, path, 180, &((struct topo_router *)object)->longitude);
}

/* "limits.memory" and so on, behind the path of the map that it is in. */
static int limit_field(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	const char *text = topo_field_quantity(r, node, path);
	struct err why;

	if (!text)
		return -EINVAL;
	if (topo_limits_parse(object, node->key, text, &why) < 0)
		return topo_field_fail(r, node->line, "%.*s%s",
				       (int)(strrchr(path, '.') + 1 - path), path, why.text);
	return 0;
}

int topo_reader_limits_of(struct topo_reader *r, const struct tree_node *node, const char *path,
			  struct topo_limits *limits)
{
	static const struct topo_field fields[] = {
		{"memory", limit_field}, {"cpu", limit_field}, {"pids", limit_field}, {NULL, NULL}};

	return topo_field_map(r, node, path, fields, limits);
}

static int router_limits(struct topo_reader *r, const struct tree_node *node, const char *path,
			 void *object)
{
	return topo_reader_limits_of(r, node, path, &((struct topo_router *)object)->limits);
}

static int default_limits(struct topo_reader *r, const struct tree_node *node, const char *path,
			  void *object)
{
	(void)object;
	return topo_reader_limits_of(r, node, path, &r->limits);
}

static const struct topo_field router_fields[] = {
	{"name", router_name},
	{"address", router_address},
	{"label", router_label},
	{"latitude", router_latitude},
	{"longitude", router_longitude},
	{"limits", router_limits},
	{"apps", topo_reader_apps},
	{"interfaces", topo_reader_interfaces},
	{NULL, NULL},
};

static int read_router(struct topo_reader *r, const struct tree_node *node, const char *path)
{
	struct topo_router *router = topo_doc_add_router(r->doc, "");
	bool latitude = tree_get(node, "latitude"), longitude = tree_get(node, "longitude");
	int ret;

	if (!router)
		return topo_field_nomem(r);
	router->line = node->line;
	if (node->type != TREE_MAP) {
		if (node->type == TREE_LIST || node->type == TREE_NULL)
			return topo_field_wrong(r, node, path, "a name or a map of fields");
		return router_name(r, node, path, router);
	}
	ret = topo_field_map(r, node, path, router_fields, router);
	if (ret < 0)
		return ret;
	if (!router->name[0])
		return topo_field_fail(r, node->line, "%s.name: is missing", path);
	if (latitude != longitude)
		return topo_field_fail(r, node->line, "%s.%s: is missing (%s is given)", path,
				       latitude ? "longitude" : "latitude",
				       latitude ? "latitude" : "longitude");
	router->has_position = latitude;
	return 0;
}

static int read_routers(struct topo_reader *r, const struct tree_node *list, const char *path,
			void *object)
{
	char below[TOPO_PATH_SIZE];
	size_t i = 0;
	int ret;

	(void)object;
	if (list->type != TREE_LIST)
		return topo_field_wrong(r, list, path, "a list");
	if (list->count > TOPO_ROUTERS_MAX)
		return topo_field_fail(r, list->line, "%s: %zu are more than %d", path, list->count,
				       TOPO_ROUTERS_MAX);
	for (const struct tree_node *node = list->first; node; node = node->next) {
		snprintf(below, sizeof(below), "%s[%zu]", path, i++);
		ret = read_router(r, node, below);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- the file --- */

static int doc_name(struct topo_reader *r, const struct tree_node *node, const char *path,
		    void *object)
{
	const char *text = topo_field_text(r, node, path);
	struct err why;

	(void)object;
	if (!text)
		return -EINVAL;
	if (name_check(text, path, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	snprintf(r->doc->name, sizeof(r->doc->name), "%s", text);
	return 0;
}

static int doc_network(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	const char *text = topo_field_text(r, node, path);
	struct err why;

	(void)object;
	if (!text)
		return -EINVAL;
	if (prefix_parse(text, &r->doc->network, &r->doc->prefix_len, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	return 0;
}

static int doc_routing(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	const char *text = topo_field_text(r, node, path);

	(void)object;
	if (!text)
		return -EINVAL;
	if (strcmp(text, "distributed") == 0)
		r->doc->routing = TOPO_ROUTING_DISTRIBUTED;
	else if (strcmp(text, "central") == 0)
		r->doc->routing = TOPO_ROUTING_CENTRAL;
	else
		return topo_field_fail(r, node->line,
				       "%s: '%.40s' is not one of distributed, central", path,
				       text);
	return 0;
}

static int doc_hello(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	const char *text = topo_field_quantity(r, node, path);
	uint64_t ns;
	struct err why;

	(void)object;
	if (!text)
		return -EINVAL;
	if (units_duration_parse(text, path, &ns, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	if (ns % 1000 || ns < TOPO_HELLO_MIN_US * 1000ULL || ns > TOPO_HELLO_MAX_US * 1000ULL)
		return topo_field_fail(
			r, node->line,
			"%s: '%.40s' is not within 1ms to 60s, in whole microseconds", path, text);
	r->doc->hello_us = (uint32_t)(ns / 1000);
	return 0;
}

static int default_router(struct topo_reader *r, const struct tree_node *node, const char *path,
			  void *object)
{
	static const struct topo_field fields[] = {{"limits", default_limits}, {NULL, NULL}};

	return topo_field_map(r, node, path, fields, object);
}

static int doc_defaults(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	static const struct topo_field fields[] = {
		{"link", topo_reader_default_link},
		{"router", default_router},
		{NULL, NULL},
	};

	return topo_field_map(r, node, path, fields, object);
}

/* Read when routers and defaults are in, wherever the list stands: see read_doc(). */
static int doc_links(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	(void)r;
	(void)node;
	(void)path;
	(void)object;
	return 0;
}

static const struct topo_field doc_fields[] = {
	{"name", doc_name},
	{"network", doc_network},
	{"routing", doc_routing},
	{"hello", doc_hello},
	{"defaults", doc_defaults},
	{"routers", read_routers},
	{"links", doc_links},
	{"events", topo_reader_events},
	{"traces", topo_reader_traces},
	{"seed", topo_reader_seed},
	{NULL, NULL},
};

static void fill_limits(struct topo_limits *limits, const struct topo_limits *otherwise)
{
	if (!limits->memory)
		limits->memory = otherwise->memory;
	if (!limits->cpu)
		limits->cpu = otherwise->cpu;
	if (!limits->pids)
		limits->pids = otherwise->pids;
}

static int read_doc(struct topo_reader *r, const struct tree_node *root)
{
	const struct tree_node *links = tree_get(root, "links");
	int ret;

	if (!root || root->type == TREE_NULL)
		return topo_field_fail(
			r, 1, "the file is empty: expected a topology with routers and links");
	if (root->type != TREE_MAP)
		return topo_field_fail(r, root->line,
				       "expected a topology (a map with routers and links), not %s",
				       tree_type_name(root));
	ret = topo_field_map(r, root, "", doc_fields, r->doc);
	if (ret < 0)
		return ret;
	if (!tree_get(root, "routers"))
		return topo_field_fail(r, root->line, "routers: is missing");
	for (size_t i = 0; i < r->doc->router_count; i++)
		fill_limits(&r->doc->routers[i].limits, &r->limits);
	for (size_t i = 0; i < r->doc->router_count; i++) /* twice: topo_doc_check() says it */
		if (topo_index_add(&r->names, r->doc->routers[i].name, (long)i) == -ENOMEM)
			return topo_field_nomem(r);
	ret = links ? topo_reader_links(r, links) : 0;
	return ret < 0 ? ret : topo_reader_events_end(r);
}

int topo_read_tree(const char *text, size_t size, bool json, const char *source,
		   const struct topo_files *files, struct topo_doc *doc, struct err *err)
{
	struct topo_reader r = {
		.source = source, .doc = doc, .err = err, .link = {.weight = 1}, .files = files};
	struct tree *tree;
	int ret = tree_read(text, size, json, source, &topo_reader_limits, &tree, err);

	if (ret < 0)
		return ret;
	topo_index_init(&r.names);
	ret = read_doc(&r, tree_root(tree));
	topo_index_done(&r.names);
	topo_events_free(r.events); /* of a file that is wrong */
	tree_free(tree);
	return ret;
}
