// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fields of a JSON or YAML topology file: what every object's reader needs. Unknown fields, wrong
 * types and their messages are dealt with here, once. Used by read_tree.c and read_links.c.
 */
#include "lib/topo/read_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int topo_field_fail(const struct topo_reader *r, int line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(r->err, EINVAL, "%s:%d: %s", r->source, line, text);
}

int topo_field_nomem(const struct topo_reader *r)
{
	return err_errno(r->err, ENOMEM, "%s", r->source);
}

int topo_field_wrong(const struct topo_reader *r, const struct tree_node *node, const char *path,
		     const char *expected)
{
	if (node->text && node->type != TREE_NULL)
		return topo_field_fail(r, node->line, "%s: expected %s, not %s (%.40s)", path,
				       expected, tree_type_name(node), node->text);
	return topo_field_fail(r, node->line, "%s: expected %s, not %s", path, expected,
			       tree_type_name(node));
}

/* Where YAML leaves the quotes away, 1 and no are texts as good as any. NULL: said why. */
const char *topo_field_text(const struct topo_reader *r, const struct tree_node *node,
			    const char *path)
{
	if (node->type == TREE_TEXT ||
	    (node->plain &&
	     (node->type == TREE_BOOL || node->type == TREE_INT || node->type == TREE_FLOAT)))
		return node->text;
	topo_field_wrong(r, node, path, "a text");
	return NULL;
}

/* A quantity may be a text or a number. */
const char *topo_field_quantity(const struct topo_reader *r, const struct tree_node *node,
				const char *path)
{
	if (node->type == TREE_TEXT || node->type == TREE_INT || node->type == TREE_FLOAT)
		return node->text;
	topo_field_wrong(r, node, path, "a text or a number");
	return NULL;
}

/* Whether vocabularies that end in a read take the key there. */
static bool is_property(const char *key)
{
	const char *one;

	for (size_t i = 0; (one = topo_shape_key(i)); i++)
		if (strcmp(one, key) == 0)
			return true;
	return false;
}

static int unknown_field(const struct topo_reader *r, const struct tree_node *node,
			 const char *path, const struct topo_field *fields)
{
	struct topo_near near = {.word = node->key};
	const struct topo_field *f = fields;
	char hint[64];

	for (; f->name; f++)
		topo_near_try(&near, f->name);
	for (size_t i = 0; f->read && topo_shape_key(i); i++)
		topo_near_try(&near, topo_shape_key(i));
	return topo_field_fail(r, node->line, "%s%s%.40s: unknown field%s", path,
			       path[0] ? "." : "", node->key,
			       topo_near_hint(&near, hint, sizeof(hint)));
}

int topo_field_map(struct topo_reader *r, const struct tree_node *map, const char *path,
		   const struct topo_field *fields, void *object)
{
	char below[TOPO_PATH_SIZE];

	if (map->type != TREE_MAP)
		return topo_field_wrong(r, map, path, "a map of fields");
	for (const struct tree_node *node = map->first; node; node = node->next) {
		const struct topo_field *f = fields;
		int ret;

		while (f->name && strcmp(f->name, node->key) != 0)
			f++;
		if (!f->name && (!f->read || !is_property(node->key)))
			return unknown_field(r, node, path, fields);
		snprintf(below, sizeof(below), "%s%s%s", path, path[0] ? "." : "", node->key);
		ret = f->read(r, node, below, object);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int topo_field_label(struct topo_reader *r, const struct tree_node *node, const char *path,
		     char **label)
{
	const char *text = topo_field_text(r, node, path);

	if (!text)
		return -EINVAL;
	return topo_label_set(label, text) < 0 ? topo_field_nomem(r) : 0;
}
