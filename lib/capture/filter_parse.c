// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads a filter, by recursive descent. As in pcap-filter(7), "and" and "or" bind equally and to
 * the left, "not" binds most, and a value without a word before it takes the words of the one
 * before: "port 53 or 67". Called by those who open captures.
 */
#include <stdlib.h>
#include <string.h>

#include "include/shared/vdp.h"
#include "lib/base/cleanup.h"
#include "lib/base/name.h"
#include "lib/capture/filter_priv.h"

enum what { WHAT_HOST, WHAT_NET, WHAT_PORT, WHAT_PORTRANGE };

/* The words before a value. */
struct qualifier {
	enum what what;
	enum filter_way way;
	uint8_t protocol; /* of the port; 0: any that has ports */
};

struct parser {
	struct filter_lexer lexer;
	struct filter_token token; /* that comes next */
	struct filter *filter;
	filter_resolve_fn resolve;
	void *arg;
	struct qualifier last;
	bool bare; /* the value has no words of its own before it */
	unsigned depth;
	struct err *err;
};

static const char *const words[] = {"and",	 "or",	    "not",  "host", "net",     "port",
				    "portrange", "src",	    "dst",  "udp",  "tcp",     "icmp",
				    "control",	 "proto",   "flow", "ttl",  "tclass",  "dscp",
				    "less",	 "greater", "len",  "mask", "fragment"};

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {{"icmp", VDP_PROTO_ICMP},
		 {"tcp", VDP_PROTO_TCP},
		 {"udp", VDP_PROTO_UDP},
		 {"gre", 47},
		 {"ospf", 89},
		 {"sctp", FILTER_SCTP},
		 {"control", VDP_PROTO_CONTROL}};

/* Fields of one number, and what they are at most. */
static const struct {
	const char *word;
	enum filter_field field;
	uint32_t max;
} numbers[] = {{"ttl", FILTER_TTL, 255},
	       {"tclass", FILTER_TCLASS, 255},
	       {"dscp", FILTER_DSCP, 63},
	       {"len", FILTER_LENGTH, 65535}};

static int parse_expression(struct parser *p);

static bool is_keyword(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static int next(struct parser *p)
{
	return filter_lex(&p->lexer, &p->token, p->err);
}

static bool at_word(const struct parser *p, const char *word)
{
	return p->token.type == FILTER_WORD && strcmp(p->token.text, word) == 0;
}

static const char *shown(const struct filter_token *token)
{
	return token->type == FILTER_END ? "the end" : token->text;
}

static int expected(const struct parser *p, const char *what)
{
	if (p->token.type == FILTER_END)
		return filter_wrong(p->err, p->token.position, "%s is missing", what);
	return filter_wrong(p->err, p->token.position, "'%s' where %s is expected",
			    shown(&p->token), what);
}

static int add_test(struct parser *p, const struct filter_node *test)
{
	if (p->filter->tests == FILTER_TESTS_MAX)
		return err_set(p->err, E2BIG, "filter: more than %d tests", FILTER_TESTS_MAX);
	p->filter->tests++;
	return filter_add(p->filter, test);
}

/* Digits, or 0x and hexadecimal digits. 0, -EINVAL (no number), -ERANGE. */
static int number_of(const char *text, uint32_t max, uint32_t *ret_value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	uint64_t value = 0;

	if (!*digits || digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")])
		return -EINVAL;
	value = strtoull(digits, NULL, hex ? 16 : 10);
	if (strlen(digits) > 16 || value > max)
		return -ERANGE;
	*ret_value = (uint32_t)value;
	return 0;
}

/* The number that comes next, and beyond it. */
static int take_number(struct parser *p, const char *what, uint32_t max, uint32_t *ret_value)
{
	int r = p->token.type == FILTER_WORD ? number_of(p->token.text, max, ret_value) : -EINVAL;

	if (r == -ERANGE)
		return filter_wrong(p->err, p->token.position, "%s: %s is more than %u", what,
				    p->token.text, max);
	if (r < 0)
		return expected(p, "a number");
	return next(p);
}

/* --- values with words before them -------------------------------------------------------------
 */

static int host_value(struct parser *p, struct filter_node *test)
{
	const char *text = p->token.text;

	test->field = FILTER_ADDRESS;
	test->mask = UINT32_MAX;
	if (addr_parse(text, &test->value) == 0)
		return 0;
	if (name_check(text, "", NULL) == 0 && p->resolve &&
	    p->resolve(p->arg, text, &test->value) == 0)
		return 0;
	return filter_wrong(p->err, p->token.position, "'%s' is neither %san address nor a router",
			    text, p->bare ? "a word of filters, nor " : "");
}

static int net_value(struct parser *p, struct filter_node *test)
{
	const char *slash = strchr(p->token.text, '/');
	unsigned position = p->token.position;
	char address[ADDR_TEXT_SIZE];
	uint32_t length = 32;
	size_t n = slash ? (size_t)(slash - p->token.text) : strlen(p->token.text);

	test->field = FILTER_ADDRESS;
	if (n >= sizeof(address))
		return expected(p, "a network as 10.0.0.0/24");
	memcpy(address, p->token.text, n);
	address[n] = '\0';
	if (addr_parse(address, &test->value) < 0 ||
	    (slash && number_of(slash + 1, 32, &length) < 0))
		return expected(p, "a network as 10.0.0.0/24");
	test->mask = prefix_mask(length);
	if (!slash) {
		struct parser ahead = *p;

		/* "net A mask M": looked for ahead, because the caller goes beyond one token. */
		if (next(&ahead) == 0 && at_word(&ahead, "mask")) {
			if (next(&ahead) < 0)
				return -EINVAL;
			*p = ahead;
			if (p->token.type != FILTER_WORD ||
			    addr_parse(p->token.text, &test->mask) < 0)
				return expected(p, "a mask as 255.255.255.0");
		}
	}
	if (test->value & ~test->mask)
		return filter_wrong(p->err, position, "net: '%s' has bits beyond its mask",
				    address);
	return 0;
}

static int port_value(struct parser *p, const struct qualifier *q, struct filter_node *test)
{
	const char *dash = strchr(p->token.text, '-');
	char first[8] = "";
	int r;

	test->field = FILTER_PORT;
	test->mask = q->protocol;
	if (q->what == WHAT_PORT) {
		r = number_of(p->token.text, UINT16_MAX, &test->value);
		test->max = test->value;
	} else {
		size_t n = dash ? (size_t)(dash - p->token.text) : 0;

		if (!dash || n >= sizeof(first))
			return expected(p, "a range of ports as 5000-5010");
		memcpy(first, p->token.text, n);
		r = number_of(first, UINT16_MAX, &test->value);
		if (r == 0)
			r = number_of(dash + 1, UINT16_MAX, &test->max);
	}
	if (r == -ERANGE)
		return filter_wrong(p->err, p->token.position, "port: %s is more than 65535",
				    p->token.text);
	if (r < 0)
		return expected(p, q->what == WHAT_PORT ? "a port's number"
							: "a range of ports as 5000-5010");
	if (test->value > test->max)
		return filter_wrong(p->err, p->token.position,
				    "portrange: %s ends before it begins", p->token.text);
	return 0;
}

static int parse_value(struct parser *p, const struct qualifier *q)
{
	struct filter_node test = {.kind = FILTER_TEST, .op = FILTER_EQ, .way = q->way};
	static const char *const wanted[] = {
		[WHAT_HOST] = "an address or a router's name",
		[WHAT_NET] = "a network as 10.0.0.0/24",
		[WHAT_PORT] = "a port's number",
		[WHAT_PORTRANGE] = "a range of ports as 5000-5010",
	};
	int r;

	if (p->token.type != FILTER_WORD)
		return expected(p, wanted[q->what]);
	r = q->what == WHAT_HOST  ? host_value(p, &test)
	    : q->what == WHAT_NET ? net_value(p, &test)
				  : port_value(p, q, &test);
	p->last = *q;
	p->bare = false;
	if (r == 0)
		r = next(p);
	return r < 0 ? r : add_test(p, &test);
}

/* "src", "dst", "src or dst", "src and dst" */
static int parse_way(struct parser *p, enum filter_way *ret_way)
{
	bool src = at_word(p, "src"), both;
	int r = next(p);

	*ret_way = src ? FILTER_SRC : FILTER_DST;
	both = at_word(p, "and") || p->token.type == FILTER_SIGN_AND;
	if (r < 0 || (!both && !at_word(p, "or") && p->token.type != FILTER_SIGN_OR))
		return r;
	r = next(p);
	if (r < 0)
		return r;
	if (!at_word(p, src ? "dst" : "src"))
		return expected(p, src ? "'dst'" : "'src'");
	*ret_way = both ? FILTER_BOTH : FILTER_EITHER;
	return next(p);
}

/* [src|dst] [host|net|port|portrange] VALUE; protocol: "udp" or "tcp" went before, or 0. */
static int parse_qualified(struct parser *p, uint8_t protocol)
{
	static const char *const kinds[] = {"host", "net", "port", "portrange"};
	struct qualifier q = {.what = WHAT_HOST, .way = FILTER_EITHER, .protocol = protocol};
	unsigned position = p->token.position;
	size_t i = 0;
	int r = 0;

	if (at_word(p, "src") || at_word(p, "dst"))
		r = parse_way(p, &q.way);
	if (r < 0)
		return r;
	while (i < ARRAY_SIZE(kinds) && !at_word(p, kinds[i]))
		i++;
	if (protocol && i < WHAT_PORT)
		return filter_wrong(p->err, p->token.position,
				    "'%s' after %s: a port is expected, or 'and' before it",
				    shown(&p->token), protocol == VDP_PROTO_UDP ? "udp" : "tcp");
	if (protocol && i == ARRAY_SIZE(kinds))
		return expected(p, "'port' or 'portrange'");
	if (i < ARRAY_SIZE(kinds)) {
		q.what = (enum what)i;
		r = next(p);
	} else if (p->token.position != position && p->token.type == FILTER_WORD &&
		   is_keyword(p->token.text)) {
		return expected(p, "an address or a router's name");
	}
	return r < 0 ? r : parse_value(p, &q);
}

/* --- one test ----------------------------------------------------------------------------------
 */

static int parse_protocol(struct parser *p, uint8_t protocol)
{
	struct filter_node test = {
		.kind = FILTER_TEST, .field = FILTER_PROTOCOL, .op = FILTER_EQ, .value = protocol};
	int r = next(p);

	if (r < 0)
		return r;
	if ((protocol == VDP_PROTO_UDP || protocol == VDP_PROTO_TCP) &&
	    (at_word(p, "src") || at_word(p, "dst") || at_word(p, "host") || at_word(p, "net") ||
	     at_word(p, "port") || at_word(p, "portrange")))
		return parse_qualified(p, protocol);
	return add_test(p, &test);
}

static int parse_proto(struct parser *p)
{
	struct filter_node test = {.kind = FILTER_TEST, .field = FILTER_PROTOCOL, .op = FILTER_EQ};
	int r = next(p);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (at_word(p, protocols[i].name)) {
			test.value = protocols[i].number;
			r = next(p);
			return r < 0 ? r : add_test(p, &test);
		}
	r = take_number(p, "proto", UINT8_MAX, &test.value);
	return r < 0 ? r : add_test(p, &test);
}

static int parse_flow(struct parser *p)
{
	struct filter_node test = {.kind = FILTER_TEST, .field = FILTER_FLOW, .op = FILTER_EQ};
	int r = next(p);

	if (r == 0)
		r = take_number(p, "flow", UINT32_MAX, &test.value);
	return r < 0 ? r : add_test(p, &test);
}

/* FIELD [OP] N */
static int parse_number(struct parser *p, const char *word, enum filter_field field, uint32_t max)
{
	struct filter_node test = {.kind = FILTER_TEST, .field = field, .op = FILTER_EQ};
	int r = next(p);

	if (r == 0 && p->token.type == FILTER_RELATION) {
		test.op = p->token.op;
		r = next(p);
	}
	if (r == 0)
		r = take_number(p, word, max, &test.value);
	return r < 0 ? r : add_test(p, &test);
}

/* "less N" is at most, "greater N" at least, as in pcap-filter(7). */
static int parse_length(struct parser *p, enum filter_op op)
{
	struct filter_node test = {.kind = FILTER_TEST, .field = FILTER_LENGTH, .op = op};
	int r = next(p);

	if (r == 0)
		r = take_number(p, op == FILTER_LE ? "less" : "greater", UINT16_MAX, &test.value);
	return r < 0 ? r : add_test(p, &test);
}

static int parse_fragment(struct parser *p)
{
	struct filter_node test = {
		.kind = FILTER_TEST, .field = FILTER_FRAGMENT, .op = FILTER_EQ, .value = 1};
	int r = next(p);

	return r < 0 ? r : add_test(p, &test);
}

static int parse_test(struct parser *p, bool after)
{
	static const char *const first[] = {"host", "net", "port", "portrange", "src", "dst"};

	if (p->token.type != FILTER_WORD)
		return expected(p, "a test");
	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (at_word(p, first[i]))
			return parse_qualified(p, 0);
	if (at_word(p, "udp"))
		return parse_protocol(p, VDP_PROTO_UDP);
	if (at_word(p, "tcp"))
		return parse_protocol(p, VDP_PROTO_TCP);
	if (at_word(p, "icmp"))
		return parse_protocol(p, VDP_PROTO_ICMP);
	if (at_word(p, "control"))
		return parse_protocol(p, VDP_PROTO_CONTROL);
	if (at_word(p, "proto"))
		return parse_proto(p);
	if (at_word(p, "flow"))
		return parse_flow(p);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (at_word(p, numbers[i].word))
			return parse_number(p, numbers[i].word, numbers[i].field, numbers[i].max);
	if (at_word(p, "less"))
		return parse_length(p, FILTER_LE);
	if (at_word(p, "greater"))
		return parse_length(p, FILTER_GE);
	if (at_word(p, "fragment"))
		return parse_fragment(p);
	if (is_keyword(p->token.text))
		return expected(p, "a test");
	p->bare = true;
	return parse_value(p, after ? &p->last : &(struct qualifier){.what = WHAT_HOST});
}

/* --- how tests are put together ----------------------------------------------------------------
 */

/* after: and, or or not goes before it in the same expression: words may be left out. */
static int parse_factor(struct parser *p, bool after)
{
	struct filter_node negation = {.kind = FILTER_NOT};
	bool negates = at_word(p, "not") || p->token.type == FILTER_SIGN_NOT;
	unsigned position = p->token.position;
	int r;

	if (!negates && p->token.type != FILTER_OPEN)
		return parse_test(p, after);
	if (p->depth == FILTER_DEPTH_MAX)
		return filter_wrong(p->err, position, "nested more than %d deep", FILTER_DEPTH_MAX);
	p->depth++;
	r = next(p);
	if (r == 0)
		r = negates ? parse_factor(p, after) : parse_expression(p);
	p->depth--;
	if (r < 0)
		return r;
	if (negates) {
		negation.left = (uint32_t)r;
		return filter_add(p->filter, &negation);
	}
	if (p->token.type != FILTER_CLOSE) {
		if (p->token.type == FILTER_END)
			return filter_wrong(p->err, position, "'(' is not closed");
		return expected(p, "'and', 'or' or ')'");
	}
	position = (unsigned)r; /* the node */
	r = next(p);
	return r < 0 ? r : (int)position;
}

static int parse_expression(struct parser *p)
{
	int r = parse_factor(p, false);

	while (r >= 0) {
		bool both = at_word(p, "and") || p->token.type == FILTER_SIGN_AND;
		struct filter_node node = {.kind = both ? FILTER_AND : FILTER_OR,
					   .left = (uint32_t)r};

		if (!both && !at_word(p, "or") && p->token.type != FILTER_SIGN_OR)
			return r;
		r = next(p);
		if (r == 0)
			r = parse_factor(p, true);
		if (r < 0)
			return r;
		node.right = (uint32_t)r;
		r = filter_add(p->filter, &node);
	}
	return r;
}

int filter_parse(const char *text, filter_resolve_fn resolve, void *arg, struct filter **ret_filter,
		 struct err *err)
{
	struct filter *filter = calloc(1, sizeof(*filter));
	struct err ignored;
	struct parser p = {.lexer.text = text,
			   .filter = filter,
			   .resolve = resolve,
			   .arg = arg,
			   .err = err ? err : &ignored};
	int r;

	if (!filter)
		return err_errno(err, ENOMEM, "filter");
	r = strlen(text) > FILTER_TEXT_MAX
		    ? err_set(err, E2BIG, "filter: more than %d characters", FILTER_TEXT_MAX)
		    : next(&p);
	filter->empty = r == 0 && p.token.type == FILTER_END;
	if (r == 0 && !filter->empty)
		r = parse_expression(&p);
	if (r >= 0 && p.token.type != FILTER_END)
		r = expected(&p, "'and', 'or' or the end");
	if (r == -ENOMEM)
		err_errno(err, ENOMEM, "filter");
	if (r < 0) {
		filter_free(filter);
		return r;
	}
	filter->root = (uint32_t)r;
	*ret_filter = filter;
	return 0;
}
