// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The located node tree: memory, building with limits, look-up. Filled by tree_json.c and
 * tree_yaml.c; used by the topology reader.
 */
#include "lib/codec/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/tree_priv.h"

#define CHUNK_SIZE (64u << 10)

void *tree_alloc(struct tree *tree, size_t size)
{
	struct tree_chunk *chunk = tree->chunks;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (!chunk || chunk->size - chunk->used < size) {
		size_t room = size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE;
		/* bytes[] need not be aligned by itself: malloc's 16 plus the header's 24 */
		struct tree_chunk *fresh = malloc(sizeof(*fresh) + 8 + room);

		if (!fresh)
			return NULL;
		fresh->size = room + 8;
		fresh->used = 8;
		if (chunk && room != CHUNK_SIZE) { /* keep filling the present one */
			fresh->next = chunk->next;
			chunk->next = fresh;
		} else {
			fresh->next = chunk;
			tree->chunks = fresh;
		}
		chunk = fresh;
	}
	p = chunk->bytes + chunk->used;
	chunk->used += size;
	return p;
}

_Static_assert((sizeof(struct tree_chunk) + 8) % 16 == 0, "nodes are aligned");

char *tree_strdup(struct tree *tree, const char *text, size_t size)
{
	char *copy = tree_alloc(tree, size + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

int tree_fail(struct tree_builder *b, int line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(b->err, EINVAL, "%s:%d: %s", b->source, line, text);
}

bool tree_wants_key(const struct tree_builder *b)
{
	return b->depth > 0 && b->open[b->depth - 1]->type == TREE_MAP && !b->key;
}

int tree_key(struct tree_builder *b, const char *text, int line)
{
	const struct tree_node *map = b->open[b->depth - 1];

	if (map->count >= b->limits->children)
		return tree_fail(b, line, "more than %zu keys in one map", b->limits->children);
	if (tree_get(map, text))
		return tree_fail(b, line, "%.60s: given twice (first in line %d)", text,
				 tree_get(map, text)->line);
	b->key = text;
	return 0;
}

int tree_add(struct tree_builder *b, enum tree_type type, int line, struct tree_node **ret_node)
{
	struct tree_node *parent = b->depth ? b->open[b->depth - 1] : NULL;
	struct tree_node *node;

	if (++b->nodes > b->limits->nodes)
		return tree_fail(b, b->alias_line ? b->alias_line : line,
				 "more than %zu values (aliases count as what they stand for)",
				 b->limits->nodes);
	node = tree_alloc(b->tree, sizeof(*node));
	if (!node)
		return err_errno(b->err, ENOMEM, "%s", b->source);
	*node = (struct tree_node){.type = type, .line = line, .key = b->key};
	b->key = NULL;
	if (!parent) {
		b->tree->root = node;
	} else {
		if (parent->last)
			parent->last->next = node;
		else
			parent->first = node;
		parent->last = node;
		parent->count++;
	}
	*ret_node = node;
	return 0;
}

int tree_open(struct tree_builder *b, enum tree_type type, int line)
{
	struct tree_node *node;
	int r;

	if (b->depth >= b->limits->depth || b->depth >= TREE_OPEN_MAX)
		return tree_fail(b, b->alias_line ? b->alias_line : line,
				 "nested deeper than %u levels", b->limits->depth);
	r = tree_add(b, type, line, &node);
	if (r < 0)
		return r;
	b->open[b->depth++] = node;
	return 0;
}

void tree_close(struct tree_builder *b)
{
	b->depth--;
}

int tree_read(const char *text, size_t size, bool json, const char *source,
	      const struct tree_limits *limits, struct tree **ret_tree, struct err *err)
{
	struct tree_builder b = {.limits = limits, .source = source, .err = err};
	int r;

	b.tree = calloc(1, sizeof(*b.tree));
	if (!b.tree)
		return err_errno(err, ENOMEM, "%s", source);
	r = json ? tree_read_json(&b, text, size) : tree_read_yaml(&b, text, size);
	if (r < 0) {
		tree_free(b.tree);
		return r;
	}
	*ret_tree = b.tree;
	return 0;
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	for (struct tree_chunk *chunk = tree->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(tree);
}

const struct tree_node *tree_root(const struct tree *tree)
{
	return tree->root;
}

const struct tree_node *tree_get(const struct tree_node *map, const char *key)
{
	if (!map || map->type != TREE_MAP)
		return NULL;
	for (const struct tree_node *node = map->first; node; node = node->next)
		if (strcmp(node->key, key) == 0)
			return node;
	return NULL;
}

const char *tree_type_name(const struct tree_node *node)
{
	static const char *const names[] = {
		[TREE_NULL] = "null",		[TREE_BOOL] = "true or false",
		[TREE_INT] = "a whole number",	[TREE_FLOAT] = "a number with a fraction",
		[TREE_TEXT] = "a text",		[TREE_LIST] = "a list",
		[TREE_MAP] = "a map of fields",
	};

	return names[node->type];
}
