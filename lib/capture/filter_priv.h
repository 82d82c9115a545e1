/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the filter, and its tests: tokens, and the tree that a text becomes. */
#ifndef VLSP_LIB_CAPTURE_FILTER_PRIV_H
#define VLSP_LIB_CAPTURE_FILTER_PRIV_H

#include "lib/capture/filter.h"

enum filter_kind { FILTER_TEST, FILTER_NOT, FILTER_AND, FILTER_OR };

/* A test of what a datagram has not (ports of a fragment, anything of a frame that is not VDP) is
 * false. */
enum filter_field {
	FILTER_LENGTH, /* of the frame, with its Ethernet header */
	FILTER_PROTOCOL,
	FILTER_TTL,
	FILTER_TCLASS,
	FILTER_DSCP,
	FILTER_FLOW,
	FILTER_FRAGMENT,
	FILTER_ADDRESS, /* address & mask == value */
	FILTER_PORT,	/* value <= port <= max; of protocol mask, or of any with ports if 0 */
};

enum filter_op { FILTER_EQ, FILTER_NE, FILTER_LT, FILTER_LE, FILTER_GT, FILTER_GE };
enum filter_way { FILTER_EITHER, FILTER_SRC, FILTER_DST, FILTER_BOTH };

struct filter_node {
	enum filter_kind kind;
	uint32_t left, right; /* of AND and OR; of NOT: left */
	enum filter_field field;
	enum filter_op op;
	enum filter_way way;
	uint32_t value, mask, max; /* host byte order */
};

struct filter {
	struct filter_node *nodes;
	uint32_t count, room, tests;
	uint32_t root;
	bool empty;
};

/* Has ports where UDP has them. */
#define FILTER_SCTP 132

/* filter_tree.c. The index of the new node, or -errno. */
int filter_add(struct filter *filter, const struct filter_node *node);

/* --- filter_lex.c --- */

enum filter_token_type {
	FILTER_END,
	FILTER_WORD, /* a keyword, a number, an address, a name */
	FILTER_OPEN,
	FILTER_CLOSE,
	FILTER_SIGN_NOT,
	FILTER_SIGN_AND,
	FILTER_SIGN_OR,
	FILTER_RELATION, /* op */
};

#define FILTER_WORD_SIZE 72 /* an address with its prefix, a router's name, and a little more */

struct filter_token {
	enum filter_token_type type;
	enum filter_op op;
	unsigned position; /* of its first byte, from 1 */
	char text[FILTER_WORD_SIZE];
};

struct filter_lexer {
	const char *text;
	unsigned at;
};

/* The next token; 0 or -EINVAL. */
int filter_lex(struct filter_lexer *lexer, struct filter_token *ret_token, struct err *err);
/* "filter: position N: ..." and -EINVAL. */
int filter_wrong(struct err *err, unsigned position, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
