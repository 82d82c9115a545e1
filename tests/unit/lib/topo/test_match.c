// SPDX-License-Identifier: GPL-2.0-or-later
/* The language of matches: what words mean, and what is said of wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "lib/base/cleanup.h"
#include "lib/topo/match.h"

static void a_match_comes_back_in_its_canonical_text(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{" \t ", ""},
		{"udp", "udp"},
		{"  tcp  dport\t80 ", "tcp dport 80"},
		{"icmp from edge", "from edge icmp"},
		{"proto 17", "udp"},
		{"proto 0", "proto 0"},
		{"proto 132", "proto 132"},
		{"to edge from to-r2", "from to-r2 to edge"},
		{"from to-a-neighbour", "from to-a-neighbour"}, /* 15 characters */
		{"from to-NEIGHB~1a2b3", "from to-NEIGHB~1a2b3"},
		{"src 10.0.0.0/24 dst 10.0.1.7", "src 10.0.0.0/24 dst 10.0.1.7"},
		{"dst 10.0.1.7/32", "dst 10.0.1.7"},
		{"dst 0.0.0.0/0", "dst 0.0.0.0/0"},
		{"dst 128.0.0.0/1", "dst 128.0.0.0/1"},
		{"sport 0-65535 dport 53-53", "sport 0-65535 dport 53"},
		{"flow 1", "flow 1"},
		{"flow 0xFFffFFff", "flow 4294967295"},
		{"either dport 7 src 10.0.0.1", "src 10.0.0.1 dport 7 either"},
		{"proto 6 sport 1024-2000", "tcp sport 1024-2000"},
		{"from from to to dst 1.2.3.4", "from from to to dst 1.2.3.4"},
		{"from to-a-neighbour to to-b-neighbour udp src 255.255.255.128/25 dst "
		 "255.255.254.0/23 sport 10000-65535 dport 10000-65535 flow 4294967295 either",
		 "from to-a-neighbour to to-b-neighbour udp src 255.255.255.128/25 dst "
		 "255.255.254.0/23 sport 10000-65535 dport 10000-65535 flow 4294967295 either"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[TOPO_MATCH_TEXT_SIZE];
		struct topo_match match;
		struct err err = {0};

		if (topo_match_parse(rows[i][0], &match, &err) < 0)
			fail_msg("'%s': %s", rows[i][0], err.text);
		assert_string_equal(topo_match_format(&match, text), rows[i][1]);
	}
}

static void fields_are_those_of_the_fast_path(void **state)
{
	const struct vlsp_match expected = {
		.flags = VLSP_MATCH_FROM | VLSP_MATCH_TO | VLSP_MATCH_SRC | VLSP_MATCH_DST |
			 VLSP_MATCH_PROTOCOL | VLSP_MATCH_SPORT | VLSP_MATCH_DPORT |
			 VLSP_MATCH_FLOW | VLSP_MATCH_EITHER,
		.src = htonl(0x0a000100),
		.src_mask = htonl(0xffffff00),
		.dst = htonl(0x0a000203),
		.dst_mask = htonl(0xffffffff),
		.sport_min = 1000,
		.sport_max = 2000,
		.dport_min = 53,
		.dport_max = 53,
		.flow = htonl(0x12345678),
		.protocol = 17,
	};
	struct topo_match match;

	(void)state;
	assert_int_equal(topo_match_parse("from to-r2 to edge udp src 10.0.1.0/24 dst 10.0.2.3 "
					  "sport 1000-2000 dport 53 flow 0x12345678 either",
					  &match, NULL),
			 0);
	assert_memory_equal(&match.match, &expected, sizeof(expected));
	assert_string_equal(match.from, "to-r2");
	assert_string_equal(match.to, "");
	assert_int_equal(topo_match_parse(NULL, &match, NULL), 0);
	assert_int_equal(match.match.flags, 0);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	static const char *const rows[][2] = {
		{"upd", "at 1: 'upd' is none of from, to, udp"},
		{"udp  foo 3", "at 6: 'foo' is none of"},
		{"UDP", "at 1: 'UDP' is none of"},
		{"udp tcp", "at 5: 'tcp' is a second protocol"},
		{"udp proto 17", "at 5: 'proto' is a second protocol"},
		{"dport 1 dport 2", "at 9: 'dport' is there twice"},
		{"either either dport 1", "at 8: 'either' is there twice"},
		{"from", "at 5: from is not followed by a link end"},
		{"from sixteen-letters-", "at 6: 'sixteen-letters-' is no link end"},
		{"proto", "at 6: proto is not followed by a protocol's number"},
		{"proto udp", "at 7: 'udp' is not a protocol's number"},
		{"proto 256", "at 7: '256' is not a protocol's number"},
		{"proto 0x11", "at 7: '0x11' is not a protocol's number"},
		{"proto 253", "at 7: '253' is what routers say to each other"},
		{"src", "at 4: src is not followed by an address"},
		{"src 10.0.0", "at 5: '10.0.0' is not an address"},
		{"src 10.0.0.1/33", "at 5: '10.0.0.1/33' has no length between 0 and 32"},
		{"src 10.0.0.1/", "at 5: '10.0.0.1/' has no length"},
		{"dst 10.0.0.1/24", "at 5: '10.0.0.1/24' has bits behind its length"},
		{"udp dport", "at 10: dport is not followed by a port"},
		{"dport 65536", "at 7: '65536' is not a port"},
		{"dport -5", "at 7: '-5' is not a port"},
		{"dport 5-", "at 7: '5-' is not a port"},
		{"dport 5-6-7", "at 7: '5-6-7' is not a port"},
		{"dport 7-6", "at 7: '7-6' is a range that ends before it begins"},
		{"icmp dport 7", "at 6: ports are only those of udp and tcp, not of protocol 1"},
		{"sport 7 proto 132", "at 1: ports are only those of udp and tcp"},
		{"flow 0", "at 6: '0' is not a flow id"},
		{"flow 4294967296", "at 6: '4294967296' is not a flow id"},
		{"flow 0x", "at 6: '0x' is not a flow id"},
		{"flow 1e5", "at 6: '1e5' is not a flow id"},
		{"udp either", "at 5: 'either' needs src, dst, sport or dport"},
		{"udp 0123456789012345678901234567890123456789",
		 "at 5: '0123456789012345...' is too long for a word"},
	};
	char longest[TOPO_MATCH_TEXT_SIZE + 1];
	struct topo_match match = {.from = "untouched"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		err = (struct err){0};
		if (topo_match_parse(rows[i][0], &match, &err) != -EINVAL)
			fail_msg("'%s' was taken", rows[i][0]);
		if (strncmp(err.text, rows[i][1], strlen(rows[i][1])) != 0)
			fail_msg("'%s':\n got:      %s\n expected: %s", rows[i][0], err.text,
				 rows[i][1]);
	}
	memset(longest, ' ', sizeof(longest));
	longest[TOPO_MATCH_TEXT_SIZE] = '\0';
	assert_int_equal(topo_match_parse(longest, &match, &err), -EINVAL);
	assert_string_equal(match.from, "untouched");
	longest[TOPO_MATCH_TEXT_SIZE - 1] = '\0';
	assert_int_equal(topo_match_parse(longest, &match, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_match_comes_back_in_its_canonical_text),
		cmocka_unit_test(fields_are_those_of_the_fast_path),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
