/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a tree is built: arena, open containers, limits. For the files of lib/codec only. */
#ifndef VLSP_LIB_CODEC_TREE_PRIV_H
#define VLSP_LIB_CODEC_TREE_PRIV_H

#include "lib/codec/tree.h"

#define TREE_OPEN_MAX 64 /* deepest nesting that limits may allow */

struct tree_chunk {
	struct tree_chunk *next;
	size_t used, size;
	char bytes[];
};

struct tree {
	struct tree_chunk *chunks;
	struct tree_node *root;
};

/* Where the reader stands. Keys wait in key until their value comes. */
struct tree_builder {
	struct tree *tree;
	const struct tree_limits *limits;
	const char *source;
	struct err *err;
	struct tree_node *open[TREE_OPEN_MAX];
	unsigned depth;
	const char *key;
	size_t nodes;
	int alias_line; /* of the alias that is being expanded; 0: none */
};

/* Memory that lives as long as the tree, aligned for a node; NULL: none left. */
void *tree_alloc(struct tree *tree, size_t size);
char *tree_strdup(struct tree *tree, const char *text, size_t size);

/* "source:line: " in front; returns -EINVAL. */
int tree_fail(struct tree_builder *b, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A new value at the present place (below the innermost open container). 0 or -errno. */
int tree_add(struct tree_builder *b, enum tree_type type, int line, struct tree_node **ret_node);
/* As tree_add, and stays open until tree_close(). */
int tree_open(struct tree_builder *b, enum tree_type type, int line);
void tree_close(struct tree_builder *b);
/* The key of the value that comes next; text must be the tree's. */
int tree_key(struct tree_builder *b, const char *text, int line);
bool tree_wants_key(const struct tree_builder *b);

int tree_read_json(struct tree_builder *b, const char *text, size_t size);
int tree_read_yaml(struct tree_builder *b, const char *text, size_t size);

#endif
