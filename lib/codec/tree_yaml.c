// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * YAML into the node tree, from libyaml's events. Aliases are expanded by copying, each copied node
 * counts against the limit: an alias bomb ends there. Plain scalars get their type by the core
 * schema of YAML 1.2, not by libyaml's YAML 1.1.
 */
#include "lib/codec/tree_priv.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define ANCHORS_MAX 1000

struct anchor {
	const char *name;
	struct tree_node *node;
};

struct reader {
	struct tree_builder *b;
	yaml_parser_t parser;
	const char *text;
	struct anchor anchors[ANCHORS_MAX];
	size_t anchor_count;
	bool done; /* the one document has ended */
};

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

/* Integers: [-+]?[0-9]+, 0x.., 0o..; floats: with a point or exponent, .inf, .nan */
static enum tree_type number_type(const char *text)
{
	const char *p = text;
	size_t digits, fraction = 0;
	bool real = false;

	if (p[0] == '0' && p[1] == 'x' && p[2])
		return p[2 + strspn(p + 2, "0123456789abcdefABCDEF")] ? TREE_TEXT : TREE_INT;
	if (p[0] == '0' && p[1] == 'o' && p[2])
		return p[2 + strspn(p + 2, "01234567")] ? TREE_TEXT : TREE_INT;
	p += *p == '-' || *p == '+';
	if (is_one_of(p, (const char *const[]){".inf", ".Inf", ".INF", NULL}) ||
	    is_one_of(text, (const char *const[]){".nan", ".NaN", ".NAN", NULL}))
		return TREE_FLOAT;
	digits = strspn(p, "0123456789");
	p += digits;
	if (*p == '.') {
		real = true;
		p++;
		fraction = strspn(p, "0123456789");
		p += fraction;
	}
	if (digits + fraction == 0)
		return TREE_TEXT;
	if (*p == 'e' || *p == 'E') {
		real = true;
		p++;
		p += *p == '-' || *p == '+';
		digits = strspn(p, "0123456789");
		if (digits == 0)
			return TREE_TEXT;
		p += digits;
	}
	if (*p)
		return TREE_TEXT;
	return real ? TREE_FLOAT : TREE_INT;
}

static enum tree_type plain_type(const char *text)
{
	if (is_one_of(text, (const char *const[]){"", "~", "null", "Null", "NULL", NULL}))
		return TREE_NULL;
	if (is_one_of(text, (const char *const[]){"true", "True", "TRUE", "false", "False", "FALSE",
						  NULL}))
		return TREE_BOOL;
	return number_type(text);
}

/* Lines as a person counts them; reader errors come with a byte offset only. */
static int line_of_offset(const char *text, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

static int parser_failed(struct reader *r, size_t size)
{
	const yaml_parser_t *p = &r->parser;
	const char *context = p->context ? p->context : "";

	if (p->error == YAML_MEMORY_ERROR)
		return err_errno(r->b->err, ENOMEM, "%s", r->b->source);
	if (p->error == YAML_READER_ERROR)
		return tree_fail(r->b,
				 line_of_offset(r->text, p->problem_offset < size
								 ? p->problem_offset
								 : size),
				 "not a text file: %s at byte %zu", p->problem, p->problem_offset);
	return tree_fail(r->b, (int)p->problem_mark.line + 1, "column %zu: not YAML: %s%s%s",
			 p->problem_mark.column + 1, context, context[0] ? ", " : "",
			 p->problem ? p->problem : "unknown");
}

static int add_anchor(struct reader *r, const yaml_char_t *name, struct tree_node *node)
{
	struct tree_builder *b = r->b;
	const char *copy;

	if (!name)
		return 0;
	if (r->anchor_count == ANCHORS_MAX)
		return tree_fail(b, node->line, "more than %d anchors", ANCHORS_MAX);
	copy = tree_strdup(b->tree, (const char *)name, strlen((const char *)name));
	if (!copy)
		return err_errno(b->err, ENOMEM, "%s", b->source);
	r->anchors[r->anchor_count++] = (struct anchor){copy, node};
	return 0;
}

/* Copies src below the present place. Lines stay those of the anchor: that is where a wrong value
 * is to be mended. Recursion is as deep as limits->depth. */
static int copy_node(struct tree_builder *b, const struct tree_node *src)
{
	struct tree_node *node;
	int r;

	if (src->type != TREE_LIST && src->type != TREE_MAP) {
		r = tree_add(b, src->type, src->line, &node);
		if (r < 0)
			return r;
		node->plain = src->plain;
		node->text = src->text;
		return 0;
	}
	r = tree_open(b, src->type, src->line);
	for (const struct tree_node *child = src->first; r == 0 && child; child = child->next) {
		if (src->type == TREE_MAP)
			b->key = child->key;
		r = copy_node(b, child);
	}
	if (r == 0)
		tree_close(b);
	return r;
}

static int on_alias(struct reader *r, const char *name, int line)
{
	struct tree_builder *b = r->b;
	int ret;

	if (tree_wants_key(b))
		return tree_fail(b, line, "an alias cannot be a key");
	for (size_t i = r->anchor_count; i-- > 0;) {
		if (strcmp(r->anchors[i].name, name) != 0)
			continue;
		for (unsigned d = 0; d < b->depth; d++)
			if (b->open[d] == r->anchors[i].node)
				return tree_fail(b, line, "*%.60s stands within itself", name);
		b->alias_line = line;
		ret = copy_node(b, r->anchors[i].node);
		b->alias_line = 0;
		return ret;
	}
	return tree_fail(b, line, "no anchor &%.60s before this", name);
}

/* "!" means: a text, whatever it looks like. No other types than those of the core schema. */
static int check_tag(struct tree_builder *b, const yaml_char_t *tag, const char *known, int line)
{
	const char *text = (const char *)tag;

	if (!text || strcmp(text, "!") == 0 || strcmp(text, known) == 0)
		return 0;
	return tree_fail(b, line, "tag %.60s is not supported", text);
}

static int on_scalar(struct reader *r, const yaml_event_t *event, int line)
{
	struct tree_builder *b = r->b;
	const char *value = (const char *)event->data.scalar.value;
	size_t size = event->data.scalar.length;
	struct tree_node *node;
	char *text;
	int ret;

	if (strlen(value) != size)
		return tree_fail(b, line, "a text with a NUL character");
	ret = check_tag(b, event->data.scalar.tag, "tag:yaml.org,2002:str", line);
	if (ret < 0)
		return ret;
	text = tree_strdup(b->tree, value, size);
	if (!text)
		return err_errno(b->err, ENOMEM, "%s", b->source);
	if (tree_wants_key(b)) {
		if (event->data.scalar.anchor)
			return tree_fail(b, line, "an anchor on a key");
		return tree_key(b, text, line);
	}
	ret = tree_add(b, TREE_TEXT, line, &node);
	if (ret < 0)
		return ret;
	node->text = text;
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag) {
		node->plain = true;
		node->type = plain_type(text);
	}
	return add_anchor(r, event->data.scalar.anchor, node);
}

static int on_container(struct reader *r, enum tree_type type, const yaml_char_t *anchor,
			const yaml_char_t *tag, int line)
{
	struct tree_builder *b = r->b;
	int ret;

	if (tree_wants_key(b))
		return tree_fail(b, line, "a list or map cannot be a key");
	ret = check_tag(b, tag,
			type == TREE_LIST ? "tag:yaml.org,2002:seq" : "tag:yaml.org,2002:map",
			line);
	if (ret == 0)
		ret = tree_open(b, type, line);
	return ret < 0 ? ret : add_anchor(r, anchor, b->open[b->depth - 1]);
}

static int on_event(struct reader *r, const yaml_event_t *event)
{
	int line = (int)event->start_mark.line + 1;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->done)
			return tree_fail(r->b, line, "a second document; one file is one document");
		r->done = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return on_alias(r, (const char *)event->data.alias.anchor, line);
	case YAML_SCALAR_EVENT:
		return on_scalar(r, event, line);
	case YAML_SEQUENCE_START_EVENT:
		return on_container(r, TREE_LIST, event->data.sequence_start.anchor,
				    event->data.sequence_start.tag, line);
	case YAML_MAPPING_START_EVENT:
		return on_container(r, TREE_MAP, event->data.mapping_start.anchor,
				    event->data.mapping_start.tag, line);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		tree_close(r->b);
		return 0;
	default:
		return 0;
	}
}

int tree_read_yaml(struct tree_builder *b, const char *text, size_t size)
{
	struct reader *r = calloc(1, sizeof(*r));
	yaml_event_t event;
	bool end = false;
	int ret = 0;

	if (!r || !yaml_parser_initialize(&r->parser)) {
		free(r);
		return err_errno(b->err, ENOMEM, "%s", b->source);
	}
	r->b = b;
	r->text = text;
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, size);
	while (ret == 0 && !end) {
		if (!yaml_parser_parse(&r->parser, &event)) {
			ret = parser_failed(r, size);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		ret = on_event(r, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&r->parser);
	free(r);
	return ret;
}
