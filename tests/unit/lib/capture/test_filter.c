// SPDX-License-Identifier: GPL-2.0-or-later
/* Filters: what is accepted and means what, what is refused and how, and that programs agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "include/shared/match.h"
#include "lib/base/cleanup.h"
#include "tests/unit/lib/capture/evaluate.h"

static int resolve(void *arg, const char *name, uint32_t *ret_address)
{
	(void)arg;
	if (strcmp(name, "r1") == 0)
		*ret_address = 0x0a000001;
	else if (strcmp(name, "r2") == 0)
		*ret_address = 0x0a000002;
	else if (strcmp(name, "udp") == 0)
		*ret_address = 0x0a000103;
	else
		return -ENOENT;
	return 0;
}

static struct filter *parse(const char *text)
{
	struct filter *filter = NULL;
	struct err err = {0};

	if (filter_parse(text, resolve, NULL, &filter, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return filter;
}

/* A datagram by hand: protocol, ttl, from, to, ports. */
static struct eval_frame datagram(uint8_t protocol, uint8_t ttl, uint32_t src, uint32_t dst,
				  uint16_t sport, uint16_t dport)
{
	struct eval_frame f = {.size = 60, .linear = 60};
	uint8_t *at = f.bytes + 14;

	eval_put(f.bytes + 12, 2, VDP_ETHERTYPE);
	at[0] = 0x10;
	at[1] = ttl;
	at[2] = protocol;
	at[3] = 0xb8;
	eval_put(at + 4, 4, src);
	eval_put(at + 8, 4, dst);
	eval_put(at + 12, 4, 0xdeadbeef);
	eval_put(at + 20, 2, sport);
	eval_put(at + 22, 2, dport);
	return f;
}

#define R1 0x0a000001u
#define R2 0x0a000002u

/* of UDP, TTL 64, r1:1000 > r2:7, class 0xb8, flow 0xdeadbeef, 60 bytes */
static const struct {
	const char *text;
	bool matches;
} meanings[] = {
	{"", true},
	{"  \t\n", true},
	{"udp", true},
	{"tcp", false},
	{"icmp", false},
	{"control", false},
	{"proto 17", true},
	{"proto udp", true},
	{"proto 0x11", true},
	{"proto ospf", false},
	{"host r1", true},
	{"host r2", true},
	{"host 10.0.0.1", true},
	{"host 10.0.0.3", false},
	{"src r1", true},
	{"src host r1", true},
	{"dst r1", false},
	{"dst host r2", true},
	{"src or dst r2", true},
	{"dst or src host r2", true},
	{"src and dst r2", false},
	{"src and dst net 10.0.0.0/30", true},
	{"src || dst r2", true},
	{"r1", true},
	{"10.0.0.2", true},
	{"10.0.0.9", false},
	{"host udp", false}, /* a router may be called so */
	{"net 10.0.0.0/24", true},
	{"src net 10.0.0.2/31", false},
	{"dst net 10.0.0.2/31", true},
	{"net 10.0.0.0 mask 255.255.255.0", true},
	{"net 10.0.0.1", true},
	{"net 0.0.0.0/0", true},
	{"port 7", true},
	{"port 1000", true},
	{"port 70", false},
	{"src port 7", false},
	{"dst port 7", true},
	{"udp port 7", true},
	{"udp dst port 7", true},
	{"tcp port 7", false},
	{"portrange 7-9", true},
	{"portrange 8-999", false},
	{"udp src portrange 1000-1000", true},
	{"flow 0xdeadbeef", true},
	{"flow 3735928559", true},
	{"flow 1", false},
	{"ttl 64", true},
	{"ttl = 64", true},
	{"ttl == 64", true},
	{"ttl != 64", false},
	{"ttl<65", true},
	{"ttl <= 63", false},
	{"ttl > 63", true},
	{"ttl >= 65", false},
	{"tclass 0xb8", true},
	{"dscp 46", true},
	{"dscp > 46", false},
	{"less 60", true},
	{"less 59", false},
	{"greater 60", true},
	{"greater 61", false},
	{"len = 60", true},
	{"len > 60", false},
	{"fragment", false},
	{"not fragment", true},
	{"! fragment", true},
	{"!(udp)", false},
	{"not not udp", true},
	{"udp and port 7", true},
	{"udp && port 8", false},
	{"tcp or port 7", true},
	{"tcp || port 8", false},
	{"(tcp or udp) and (port 7)", true},
	{"((udp))", true},
	{"port 8 or 7", true},
	{"port 8 or 9", false},
	{"dst port 8 or 1000", false},
	{"tcp port 1 or 7", false}, /* tcp, too, is taken from the one before */
	{"src r2 or r1", true},
	{"dst r1 or r1", false},
	{"host 10.0.0.3 or not r1", false},
	{"port 8 or udp", true},
	/* not binds most; and, or equally, to the left */
	{"not tcp and port 7", true},
	{"not udp and tcp", false},
	{"udp or tcp and port 8", false},
	{"udp or (tcp and port 8)", true},
	{"port 8 and tcp or udp", true},
};

static void words_mean_what_they_say(void **state)
{
	struct eval_frame f = datagram(17, 64, R1, R2, 1000, 7);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		struct filter *filter = parse(meanings[i].text);
		struct bpf_insn *insns;
		size_t count;

		if (eval_filter(filter, &f) != meanings[i].matches)
			fail_msg("%s: %d", meanings[i].text, !meanings[i].matches);
		assert_int_equal(filter_compile(filter, &insns, &count), 0);
		if (eval_run(insns, count, &f) != meanings[i].matches)
			fail_msg("%s: the program says another thing", meanings[i].text);
		assert_int_equal(filter_is_empty(filter),
				 strspn(meanings[i].text, " \t\n") == strlen(meanings[i].text));
		free(insns);
		filter_free(filter);
	}
}

static void mistakes_have_position_and_reason(void **state)
{
	static const char *const rows[][2] = {
		{"udp port", "filter: position 9: a port's number is missing"},
		{"udp and", "filter: position 8: a test is missing"},
		{"udp udp", "filter: position 5: 'udp' where 'and', 'or' or the end is expected"},
		{"tpc",
		 "filter: position 1: 'tpc' is neither a word of filters, nor an address nor a "
		 "router"},
		{"host nobody", "filter: position 6: 'nobody' is neither an address nor a router"},
		{"host", "filter: position 5: an address or a router's name is missing"},
		{"src", "filter: position 4: an address or a router's name is missing"},
		{"src udp", "filter: position 5: 'udp' where an address or a router's name is "
			    "expected"},
		{"src or port 7", "filter: position 8: 'port' where 'dst' is expected"},
		{"dst and dst r1", "filter: position 9: 'dst' where 'src' is expected"},
		{"host 10.0.0.256", "filter: position 6: '10.0.0.256' is neither an address nor a "
				    "router"},
		{"net 10.0.0.0/33",
		 "filter: position 5: '10.0.0.0/33' where a network as 10.0.0.0/24 "
		 "is expected"},
		{"net 10.0.0.1/24", "filter: position 5: net: '10.0.0.1' has bits beyond its mask"},
		{"net r1", "filter: position 5: 'r1' where a network as 10.0.0.0/24 is expected"},
		{"net 10.0.0.0 mask", "filter: position 18: a mask as 255.255.255.0 is missing"},
		{"net 10.0.0.0 mask x", "filter: position 19: 'x' where a mask as 255.255.255.0 is "
					"expected"},
		{"port 65536", "filter: position 6: port: 65536 is more than 65535"},
		{"port 99999999999999999999",
		 "filter: position 6: port: 99999999999999999999 is more "
		 "than 65535"},
		{"port http", "filter: position 6: 'http' where a port's number is expected"},
		{"port 7x", "filter: position 6: '7x' where a port's number is expected"},
		{"portrange 7", "filter: position 11: '7' where a range of ports as 5000-5010 is "
				"expected"},
		{"portrange 9-7", "filter: position 11: portrange: 9-7 ends before it begins"},
		{"portrange 1-70000", "filter: position 11: port: 1-70000 is more than 65535"},
		{"udp host r1",
		 "filter: position 5: 'host' after udp: a port is expected, or 'and' "
		 "before it"},
		{"tcp src r1", "filter: position 9: 'r1' where 'port' or 'portrange' is expected"},
		{"ttl 256", "filter: position 5: ttl: 256 is more than 255"},
		{"ttl > ", "filter: position 7: a number is missing"},
		{"ttl x", "filter: position 5: 'x' where a number is expected"},
		{"dscp 64", "filter: position 6: dscp: 64 is more than 63"},
		{"flow 0x", "filter: position 6: '0x' where a number is expected"},
		{"flow 4294967296", "filter: position 6: flow: 4294967296 is more than 4294967295"},
		{"proto 256", "filter: position 7: proto: 256 is more than 255"},
		{"proto x", "filter: position 7: 'x' where a number is expected"},
		{"(udp", "filter: position 1: '(' is not closed"},
		{"(udp tcp)", "filter: position 6: 'tcp' where 'and', 'or' or ')' is expected"},
		{"udp)", "filter: position 4: ')' where 'and', 'or' or the end is expected"},
		{"()", "filter: position 2: ')' where a test is expected"},
		{"mask", "filter: position 1: 'mask' where a test is expected"},
		{"and", "filter: position 1: 'and' where a test is expected"},
		{"udp $", "filter: position 5: unexpected '$'"},
		{"udp \x01", "filter: position 5: unexpected byte 0x01"},
		{"udp \xc3\xa9", "filter: position 5: unexpected byte 0xc3"},
		{"ttl ! 5", "filter: position 5: '!' where a number is expected"},
		{"len 65536", "filter: position 5: len: 65536 is more than 65535"},
		{"less", "filter: position 5: a number is missing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct filter *filter = NULL;
		struct err err = {0};

		if (filter_parse(rows[i][0], resolve, NULL, &filter, &err) != -EINVAL)
			fail_msg("%s: was not refused", rows[i][0]);
		assert_string_equal(err.text, rows[i][1]);
		assert_null(filter);
		assert_int_equal(filter_parse(rows[i][0], resolve, NULL, &filter, NULL), -EINVAL);
	}
}

static void without_routers_names_are_none(void **state)
{
	struct filter *filter = NULL;

	(void)state;
	assert_int_equal(filter_parse("host r1", NULL, NULL, &filter, NULL), -EINVAL);
}

static void too_much_is_refused(void **state)
{
	struct filter *filter = NULL;
	struct err err = {0};
	char text[FILTER_TEXT_MAX + 2], *at = text;

	(void)state;
	memset(text, ' ', FILTER_TEXT_MAX + 1);
	text[FILTER_TEXT_MAX + 1] = '\0';
	assert_int_equal(filter_parse(text, resolve, NULL, &filter, &err), -E2BIG);
	assert_string_equal(err.text, "filter: more than 4096 characters");
	text[FILTER_TEXT_MAX] = '\0';
	filter_free(parse(text));

	for (int i = 0; i < FILTER_TESTS_MAX; i++)
		at += sprintf(at, "%sport %d", i ? " or " : "", i);
	filter_free(parse(text));
	strcpy(at, " or 9");
	assert_int_equal(filter_parse(text, resolve, NULL, &filter, &err), -E2BIG);
	assert_string_equal(err.text, "filter: more than 256 tests");

	memset(text, '(', FILTER_DEPTH_MAX);
	strcpy(text + FILTER_DEPTH_MAX, "udp");
	memset(text + FILTER_DEPTH_MAX + 3, ')', FILTER_DEPTH_MAX);
	text[2 * FILTER_DEPTH_MAX + 3] = '\0';
	filter_free(parse(text));
	memset(text, '!', FILTER_DEPTH_MAX + 1);
	strcpy(text + FILTER_DEPTH_MAX + 1, "udp");
	assert_int_equal(filter_parse(text, resolve, NULL, &filter, &err), -EINVAL);
	assert_string_equal(err.text, "filter: position 65: nested more than 64 deep");

	memset(text, 'a', FILTER_WORD_SIZE);
	text[FILTER_WORD_SIZE] = '\0';
	assert_int_equal(filter_parse(text, resolve, NULL, &filter, &err), -EINVAL);
	assert_string_equal(err.text, "filter: position 1: a word of 72 characters");
}

static void control_can_be_left_out(void **state)
{
	struct eval_frame udp = datagram(17, 64, R1, R2, 1000, 7);
	struct eval_frame control = datagram(VDP_PROTO_CONTROL, 1, R1, R2, 1, 16);
	static const char *const texts[] = {"", "host r1", "tcp or udp or control"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct filter *filter = parse(texts[i]);

		assert_true(eval_filter(filter, &control));
		assert_int_equal(filter_exclude_control(filter), 0);
		assert_false(filter_is_empty(filter));
		assert_true(eval_filter(filter, &udp));
		assert_false(eval_filter(filter, &control));
		filter_free(filter);
	}
}

/* Random trees are written down, read again and compiled: all must say the same. */
static void programs_agree_with_their_text(void **state)
{
	const char *seed = getenv("FILTER_SEED"), *runs = getenv("FILTER_RUNS");
	struct eval_rng rng = {seed ? strtoull(seed, NULL, 0) : 1};
	size_t matched = 0, all = 0;

	(void)state;
	for (int n = runs ? atoi(runs) : 3000; n > 0; n--) {
		struct filter_node nodes[EVAL_NODES_MAX];
		uint32_t count = 0, root = eval_tree_random(&rng, nodes, &count, 4);
		struct filter *filter;
		struct bpf_insn *insns;
		size_t insn_count, size;
		char *text;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		eval_print(nodes, root, out);
		fclose(out);
		filter = parse(text);
		assert_int_equal(filter_compile(filter, &insns, &insn_count), 0);
		for (int k = 0; k < 40; k++, all++) {
			struct eval_frame frame;
			bool expected;

			eval_frame_random(&rng, &frame);
			expected = eval_node(nodes, root, &frame);
			matched += expected;
			if (eval_run(insns, insn_count, &frame) != expected)
				fail_msg("%s: the program does not say %d", text, expected);
			assert_int_equal(eval_filter(filter, &frame), expected);
		}
		free(insns);
		filter_free(filter);
		free(text);
	}
	/* or it would prove little */
	assert_in_range(matched, all / 5, all * 4 / 5);
}

/* --- hints --- */

/* As the fast path sees a datagram. */
static bool has_hint(const struct vlsp_hint *hint, const struct eval_frame *frame)
{
	struct eval_fields f;
	struct match_fields fields;

	eval_fields(frame, &f);
	fields = (struct match_fields){.src = htonl(f.src),
				       .dst = htonl(f.dst),
				       .flow = htonl(f.flow),
				       .protocol = f.protocol,
				       .sport = (uint16_t)f.sport,
				       .dport = (uint16_t)f.dport,
				       .has_ports = f.ports && f.protocol != FILTER_SCTP};
	return hint_hit(hint, &fields);
}

/* of UDP, r1:1000 > r2:7, flow 0xdeadbeef */
static void hints_tell_apart_what_they_can(void **state)
{
	static const struct {
		const char *text;
		bool hit;
	} rows[] = {
		{"", true},
		{"udp", true},
		{"tcp", false},
		{"udp port 77 and host r2", false},
		{"port 77 and host r2", false},
		{"host 10.0.0.9", false},
		{"host 10.0.0.9 or udp", true},
		{"tcp or icmp", true}, /* not exact: two protocols have nothing in common */
		{"host 10.0.0.8 or host 10.0.0.9", false},
		{"dst port 1000", true}, /* of either side */
		{"flow 5", false},
		{"flow 0xdeadbeef", true},
		{"host 10.0.0.9 and (udp or tcp)", false},
		{"not udp", true},
		{"not udp and port 9", false},
		{"ttl 3 and tcp", false},
		{"net 10.9.0.0 mask 255.255.0.255", false},
		{"port 0", true},
	};
	struct eval_frame udp = datagram(17, 64, R1, R2, 1000, 7);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct filter *filter = parse(rows[i].text);
		struct vlsp_hint hint = filter_hint(filter);

		if (has_hint(&hint, &udp) != rows[i].hit)
			fail_msg("%s", rows[i].text);
		assert_int_equal(filter_exclude_control(filter), 0);
		hint = filter_hint(filter);
		assert_int_equal(has_hint(&hint, &udp), rows[i].hit);
		filter_free(filter);
	}
}

static void whatever_matches_has_the_hint(void **state)
{
	struct eval_rng rng = {3};
	size_t hits = 0, misses = 0;

	(void)state;
	for (int n = 0; n < 20000; n++) {
		struct filter_node nodes[EVAL_NODES_MAX];
		struct filter filter = {.nodes = nodes};
		struct vlsp_hint hint;

		filter.root = eval_tree_random(&rng, nodes, &filter.count, 1 + n % 4);
		hint = filter_hint(&filter);
		for (int k = 0; k < 40; k++) {
			struct eval_frame frame;
			struct eval_fields f;

			eval_frame_random(&rng, &frame);
			eval_fields(&frame, &f);
			if (!f.datagram || f.protocol == VDP_PROTO_CONTROL)
				continue;
			if (eval_filter(&filter, &frame)) {
				assert_true(has_hint(&hint, &frame));
				hits++;
			}
			misses += !has_hint(&hint, &frame);
		}
	}
	assert_true(hits > 10000 && misses > 10000);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(words_mean_what_they_say),	   T(mistakes_have_position_and_reason),
		T(without_routers_names_are_none), T(too_much_is_refused),
		T(control_can_be_left_out),	   T(programs_agree_with_their_text),
		T(hints_tell_apart_what_they_can), T(whatever_matches_has_the_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
