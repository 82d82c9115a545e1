// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON into the node tree. jansson judges the text (RFC 8259, UTF-8, no key twice); what it let
 * pass is then walked once more here for the lines, which jansson does not keep. Not by way of
 * libyaml: not every JSON text is YAML to it (surrogate pairs, a line break before a colon, tabs).
 */
#include "lib/codec/tree_priv.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/json_reason.h"

struct scan {
	const char *p, *end;
	int line;
};

/*
 * Before jansson builds anything: the number of values and the nesting, outside of strings, so
 * that memory and stack stay bounded whatever the text is.
 */
static int check_bounds(struct tree_builder *b, const char *text, size_t size)
{
	size_t values = 1;
	unsigned depth = 0;
	int line = 1;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (c == '\n')
			line++;
		if (c == '\0') /* jansson drops one that stands behind a word or number */
			return tree_fail(b, line, "not JSON: a NUL character");
		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		if (c == '"')
			quoted = true;
		else if (c == ']' || c == '}')
			depth -= depth > 0;
		else if ((c == '[' || c == '{') && ++depth > b->limits->depth)
			return tree_fail(b, line, "nested deeper than %u levels", b->limits->depth);
		if ((c == '[' || c == '{' || c == ',') && ++values > b->limits->nodes)
			return tree_fail(b, line, "more than %zu values", b->limits->nodes);
	}
	return 0;
}

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')) {
		if (*s->p == '\n')
			s->line++;
		s->p++;
	}
}

static unsigned hex4(const char *p)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)p[i];

		value = value << 4 | (c <= '9' ? c - '0' + 0u : (c | 0x20u) - 'a' + 10u);
	}
	return value;
}

static char *put_utf8(char *q, unsigned c)
{
	if (c < 0x80) {
		*q++ = (char)c;
	} else if (c < 0x800) {
		*q++ = (char)(0xc0 | c >> 6);
		*q++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*q++ = (char)(0xe0 | c >> 12);
		*q++ = (char)(0x80 | (c >> 6 & 0x3f));
		*q++ = (char)(0x80 | (c & 0x3f));
	} else {
		*q++ = (char)(0xf0 | c >> 18);
		*q++ = (char)(0x80 | (c >> 12 & 0x3f));
		*q++ = (char)(0x80 | (c >> 6 & 0x3f));
		*q++ = (char)(0x80 | (c & 0x3f));
	}
	return q;
}

/* At the opening quote. The result is never longer than what it is made of. */
static char *scan_string(struct tree_builder *b, struct scan *s)
{
	const char *start = ++s->p;
	char *text, *q;

	while (*s->p != '"')
		s->p += *s->p == '\\' ? 2 : 1;
	q = text = tree_alloc(b->tree, (size_t)(s->p - start) + 1);
	if (!text)
		return NULL;
	for (const char *p = start; p < s->p; p++) {
		unsigned c;

		if (*p != '\\') {
			*q++ = *p;
			continue;
		}
		switch (*++p) {
		case 'b':
			*q++ = '\b';
			break;
		case 'f':
			*q++ = '\f';
			break;
		case 'n':
			*q++ = '\n';
			break;
		case 'r':
			*q++ = '\r';
			break;
		case 't':
			*q++ = '\t';
			break;
		case 'u':
			c = hex4(p + 1);
			p += 4;
			if (c >= 0xd800 && c < 0xdc00) { /* jansson saw to it that a pair follows */
				c = 0x10000 + ((c - 0xd800) << 10) + (hex4(p + 3) - 0xdc00);
				p += 6;
			}
			q = put_utf8(q, c);
			break;
		default:
			*q++ = *p;
		}
	}
	*q = '\0';
	s->p++;
	return text;
}

static int scan_scalar(struct tree_builder *b, struct scan *s)
{
	struct tree_node *node;
	const char *start = s->p;
	enum tree_type type = TREE_INT;
	int r;

	if (*s->p == '"')
		type = TREE_TEXT;
	else if (*s->p == 't' || *s->p == 'f')
		type = TREE_BOOL;
	else if (*s->p == 'n')
		type = TREE_NULL;
	r = tree_add(b, type, s->line, &node);
	if (r < 0)
		return r;
	if (type == TREE_TEXT) {
		node->text = scan_string(b, s);
	} else {
		while (s->p < s->end && !strchr(" \t\r\n,]}", *s->p))
			s->p++;
		node->text = tree_strdup(b->tree, start, (size_t)(s->p - start));
		if (node->text && type == TREE_INT && strpbrk(node->text, ".eE"))
			node->type = TREE_FLOAT;
	}
	return node->text ? 0 : err_errno(b->err, ENOMEM, "%s", b->source);
}

static int scan_key(struct tree_builder *b, struct scan *s)
{
	int line = s->line;
	char *key = scan_string(b, s);

	if (!key)
		return err_errno(b->err, ENOMEM, "%s", b->source);
	skip_space(s);
	s->p++; /* the colon */
	return tree_key(b, key, line);
}

/* The text is known to be right: what is met here is what may stand here. */
static int scan_values(struct tree_builder *b, struct scan *s)
{
	int r = 0;

	do {
		skip_space(s);
		if (*s->p == ',') {
			s->p++;
		} else if (*s->p == ']' || *s->p == '}') {
			s->p++;
			tree_close(b);
		} else if (tree_wants_key(b)) {
			r = scan_key(b, s);
		} else if (*s->p == '[' || *s->p == '{') {
			r = tree_open(b, *s->p == '[' ? TREE_LIST : TREE_MAP, s->line);
			s->p++;
		} else {
			r = scan_scalar(b, s);
		}
	} while (r == 0 && b->depth > 0);
	return r;
}

int tree_read_json(struct tree_builder *b, const char *text, size_t size)
{
	struct scan s = {.p = text, .end = text + size, .line = 1};
	json_error_t error;
	json_t *json;
	int r;

	r = check_bounds(b, text, size);
	if (r < 0)
		return r;
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!json)
		return tree_fail(b, error.line > 0 ? error.line : 1, "column %d: not JSON: %s",
				 error.column, json_reason(&error));
	json_decref(json);
	return scan_values(b, &s);
}
