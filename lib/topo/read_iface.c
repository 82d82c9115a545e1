// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces of a router in a JSON or YAML topology file. Called by read_tree.c. */
#include "lib/topo/read_priv.h"

#include <stdio.h>
#include <string.h>

static int set_value(struct topo_reader *r, const struct tree_node *node, const char *path,
		     const char *key, const char *text, struct topo_iface *iface)
{
	struct err why;

	if (topo_iface_parse(iface, key, text, &why) == 0)
		return 0;
	/* the text starts with the key, and the path ends with it */
	return topo_field_fail(r, node->line, "%s%s", path, why.text + strlen(key));
}

static int iface_text(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	const char *text = topo_field_text(r, node, path);

	return text ? set_value(r, node, path, node->key, text, object) : -EINVAL;
}

static int iface_truth(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	if (node->type != TREE_BOOL)
		return topo_field_wrong(r, node, path, "true or false");
	return set_value(r, node, path, node->key, node->text, object);
}

/* One, or a list of them. */
static int iface_address(struct topo_reader *r, const struct tree_node *node, const char *path,
			 void *object)
{
	char below[TOPO_PATH_SIZE];
	size_t i = 0;
	int ret = 0;

	if (node->type != TREE_LIST)
		return iface_text(r, node, path, object);
	for (const struct tree_node *one = node->first; ret == 0 && one; one = one->next) {
		const char *text;

		snprintf(below, sizeof(below), "%.80s[%zu]", path, i++);
		text = topo_field_text(r, one, below);
		ret = text ? set_value(r, one, below, "address", text, object) : -EINVAL;
	}
	return ret;
}

static const struct topo_field fields[] = {
	{"host", iface_text},  {"mode", iface_text},
	{"name", iface_text},  {"address", iface_address},
	{"owner", iface_text}, {"force", iface_truth},
	{NULL, NULL},
};

static int read_one(struct topo_reader *r, const struct tree_node *node, const char *path,
		    struct topo_ifaces **list)
{
	struct topo_iface iface = {0};
	struct topo_ifaces *more;
	struct err why;
	int ret;

	if (node->type == TREE_MAP) {
		ret = topo_field_map(r, node, path, fields, &iface);
	} else { /* just its name */
		const char *text = topo_field_text(r, node, path);

		ret = text ? topo_iface_parse(&iface, "host", text, &why) : -EINVAL;
		if (text && ret < 0)
			ret = topo_field_fail(r, node->line, "%s.%s", path, why.text);
	}
	if (ret < 0)
		return ret;
	if (topo_iface_complete(&iface, &why) < 0)
		return topo_field_fail(r, node->line, "%s.%s", path, why.text);
	if (topo_ifaces_with(*list, &iface, &more) < 0)
		return topo_field_nomem(r);
	topo_ifaces_unref(*list);
	*list = more;
	return 0;
}

int topo_reader_interfaces(struct topo_reader *r, const struct tree_node *list, const char *path,
			   void *object)
{
	struct topo_router *router = object;
	char below[TOPO_PATH_SIZE];
	size_t i = 0;
	int ret = 0;

	if (list->type != TREE_LIST)
		return topo_field_wrong(r, list, path, "a list");
	if (list->count > TOPO_IFACES_MAX)
		return topo_field_fail(r, list->line, "%s: %zu are more than %d", path, list->count,
				       TOPO_IFACES_MAX);
	for (const struct tree_node *node = list->first; ret == 0 && node; node = node->next) {
		snprintf(below, sizeof(below), "%.80s[%zu]", path, i++);
		ret = read_one(r, node, below, &router->interfaces);
	}
	return ret;
}
