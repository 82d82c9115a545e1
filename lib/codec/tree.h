/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A located node tree: what a JSON or YAML text says, with the line of each value, so that whoever
 * gives it a meaning can say where it is wrong. One tree for both formats: maps, sequences and
 * scalars; keys are unique within a map. Nodes and texts belong to the tree.
 *
 * Scalars of YAML follow the core schema of YAML 1.2 (yaml.org/spec/1.2.2, 10.3): only plain
 * true/false, null/~ and numbers are not texts; "no", "on", "12:30" are texts.
 */
#ifndef VLSP_LIB_CODEC_TREE_H
#define VLSP_LIB_CODEC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum tree_type {
	TREE_NULL,
	TREE_BOOL,
	TREE_INT,
	TREE_FLOAT,
	TREE_TEXT,
	TREE_LIST,
	TREE_MAP,
};

struct tree_node {
	enum tree_type type;
	int line; /* 1 .. */
	/* YAML, not quoted: "name: 1" is as good a text as "name: r1" where a text is wanted */
	bool plain;
	const char *key;  /* in a map: this value's key, otherwise NULL */
	const char *text; /* of a scalar, as written (quotes and escapes resolved) */
	size_t count;	  /* of a list or map: its children */
	struct tree_node *first, *last, *next;
};

struct tree_limits {
	unsigned depth;	 /* nesting of lists and maps */
	size_t nodes;	 /* values, counted after aliases are expanded */
	size_t children; /* keys of one map (finding duplicates is linear in them) */
};

struct tree;

/* Reads text. json: strict JSON, checked by jansson first; otherwise one YAML document. Messages
 * start with "source:line: ". 0, -EINVAL (what is wrong with the text), -ENOMEM. The caller frees
 * *ret_tree. */
int tree_read(const char *text, size_t size, bool json, const char *source,
	      const struct tree_limits *limits, struct tree **ret_tree, struct err *err);
void tree_free(struct tree *tree); /* NULL is fine */

/* NULL: an empty YAML document. */
const struct tree_node *tree_root(const struct tree *tree);

/* The value of a map's key; NULL: has none, or is no map. */
const struct tree_node *tree_get(const struct tree_node *map, const char *key);

/* "a text", "a list", "a whole number" ... for messages. */
const char *tree_type_name(const struct tree_node *node);

#endif
