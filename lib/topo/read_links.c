// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links of a JSON or YAML topology file and their defaults: link_fields is the vocabulary. Read
 * after routers and defaults, wherever these stand in the file. Called by read_tree.c.
 */
#include "lib/topo/read_priv.h"

#include <stdio.h>
#include <string.h>

#include "lib/topo/units.h"

static int find_end(struct topo_reader *r, const char *name, int line, const char *path,
		    uint32_t *ret_end)
{
	struct topo_near near = {.word = name};
	long i = topo_index_get(&r->names, name);
	char hint[96];

	if (i >= 0) {
		*ret_end = (uint32_t)i;
		return 0;
	}
	for (size_t k = 0; k < r->doc->router_count; k++)
		topo_near_try(&near, r->doc->routers[k].name);
	return topo_field_fail(r, line, "%s: there is no router '%.63s'%s", path, name,
			       topo_near_hint(&near, hint, sizeof(hint)));
}

static int link_a(struct topo_reader *r, const struct tree_node *node, const char *path,
		  void *object)
{
	const char *text = topo_field_text(r, node, path);

	return text ? find_end(r, text, node->line, path, &((struct topo_link *)object)->a)
		    : -EINVAL;
}

static int link_b(struct topo_reader *r, const struct tree_node *node, const char *path,
		  void *object)
{
	const char *text = topo_field_text(r, node, path);

	return text ? find_end(r, text, node->line, path, &((struct topo_link *)object)->b)
		    : -EINVAL;
}

/* Its characters are topo_doc_check()'s to judge, which knows how long a derived name may be. */
static int link_name(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	struct topo_link *link = object;
	const char *text = topo_field_text(r, node, path);

	if (!text)
		return -EINVAL;
	if (!text[0])
		return topo_field_fail(r, node->line, "%s: is empty", path);
	if (strlen(text) >= sizeof(link->name))
		return topo_field_fail(r, node->line, "%s: longer than %d characters", path,
				       NAME_MAX_LEN);
	snprintf(link->name, sizeof(link->name), "%s", text);
	link->named = true;
	return 0;
}

static int link_label(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	return topo_field_label(r, node, path, &((struct topo_link *)object)->label);
}

static int link_weight(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	struct topo_link *link = object;
	uint64_t weight;
	struct err why;

	if (node->type != TREE_INT)
		return topo_field_wrong(r, node, path, "a whole number");
	if (units_count_parse(node->text, path, 1, TOPO_WEIGHT_MAX, &weight, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	link->weight = (uint32_t)weight;
	return 0;
}

/* The property that the node's key names, for one direction. */
static int read_property(struct topo_reader *r, const struct tree_node *node, const char *path,
			 struct topo_shape *shape)
{
	const char *text = topo_field_quantity(r, node, path);
	size_t prefix = strlen(path) - strlen(node->key);
	struct err why;

	if (!text)
		return -EINVAL;
	if (topo_shape_parse(shape, node->key, text, &why) < 0)
		return topo_field_fail(r, node->line, "%.*s%s", (int)prefix, path, why.text);
	return 0;
}

static int shape_property(struct topo_reader *r, const struct tree_node *node, const char *path,
			  void *object)
{
	return read_property(r, node, path, object);
}

static int link_property(struct topo_reader *r, const struct tree_node *node, const char *path,
			 void *object)
{
	struct topo_link *link = object;
	int ret = read_property(r, node, path, &link->shape[0]);

	return ret < 0 ? ret : read_property(r, node, path, &link->shape[1]);
}

static const struct topo_field shape_fields[] = {{NULL, shape_property}};

static int shape_a_to_b(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	return topo_field_map(r, node, path, shape_fields, &((struct topo_link *)object)->shape[0]);
}

static int shape_b_to_a(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	return topo_field_map(r, node, path, shape_fields, &((struct topo_link *)object)->shape[1]);
}

static const struct topo_field direction_fields[] = {
	{"a-to-b", shape_a_to_b},
	{"b-to-a", shape_b_to_a},
	{NULL, NULL},
};

/* Read when the properties for both directions are in, wherever it stands: see read_link(). */
static int link_shape(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	(void)r;
	(void)node;
	(void)path;
	(void)object;
	return 0;
}

static const struct topo_field link_fields[] = {
	{"a", link_a},		 {"b", link_b},		{"name", link_name},
	{"weight", link_weight}, {"label", link_label}, {"shape", link_shape},
	{NULL, link_property},
};

static const struct topo_field default_link_fields[] = {
	{"weight", link_weight},
	{"shape", link_shape},
	{NULL, link_property},
};

static int read_link_fields(struct topo_reader *r, const struct tree_node *node, const char *path,
			    const struct topo_field *fields, struct topo_link *link)
{
	const struct tree_node *shape = tree_get(node, "shape");
	char below[TOPO_PATH_SIZE];
	int ret = topo_field_map(r, node, path, fields, link);

	if (ret < 0 || !shape)
		return ret;
	snprintf(below, sizeof(below), "%.80s.shape", path);
	return topo_field_map(r, shape, below, direction_fields, link);
}

/* "r1:r2" */
static int read_short_link(struct topo_reader *r, const struct tree_node *node, const char *path,
			   struct topo_link *link)
{
	const char *text = topo_field_text(r, node, path);
	const char *colon = text ? strchr(text, ':') : NULL;
	char name[NAME_SIZE] = "";
	int ret;

	if (!text)
		return -EINVAL;
	if (!colon || (size_t)(colon - text) >= sizeof(name))
		return topo_field_fail(
			r, node->line,
			"%s: '%.80s' is not a link: expected \"A:B\" or a map with a and b", path,
			text);
	memcpy(name, text, (size_t)(colon - text));
	ret = find_end(r, name, node->line, path, &link->a);
	return ret < 0 ? ret : find_end(r, colon + 1, node->line, path, &link->b);
}

static int read_link(struct topo_reader *r, const struct tree_node *node, const char *path)
{
	struct topo_link *link = topo_doc_add_link(r->doc, 0, 0);
	int ret;

	if (!link)
		return topo_field_nomem(r);
	link->line = node->line;
	link->weight = r->link.weight;
	memcpy(link->shape, r->link.shape, sizeof(link->shape));
	if (node->type != TREE_MAP) {
		if (node->type == TREE_LIST || node->type == TREE_NULL)
			return topo_field_wrong(r, node, path, "\"A:B\" or a map of fields");
		return read_short_link(r, node, path, link);
	}
	for (const char *const *end = (const char *const[]){"a", "b", NULL}; *end; end++)
		if (!tree_get(node, *end))
			return topo_field_fail(r, node->line, "%s.%s: is missing", path, *end);
	ret = read_link_fields(r, node, path, link_fields, link);
	return ret;
}

int topo_reader_links(struct topo_reader *r, const struct tree_node *list)
{
	char path[TOPO_PATH_SIZE];
	size_t i = 0;
	int ret;

	if (list->type != TREE_LIST)
		return topo_field_wrong(r, list, "links", "a list");
	if (list->count > TOPO_LINKS_MAX)
		return topo_field_fail(r, list->line, "links: %zu are more than %d", list->count,
				       TOPO_LINKS_MAX);
	for (const struct tree_node *node = list->first; node; node = node->next) {
		snprintf(path, sizeof(path), "links[%zu]", i++);
		ret = read_link(r, node, path);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int topo_reader_default_link(struct topo_reader *r, const struct tree_node *node, const char *path,
			     void *object)
{
	(void)object;
	return read_link_fields(r, node, path, default_link_fields, &r->link);
}
