// SPDX-License-Identifier: GPL-2.0-or-later
/* The hint of a chain: it is true of whatever one of the functions wants, and of little else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "bpf/loader/hint.h"
#include "include/shared/match.h"
#include "lib/base/cleanup.h"
#include "lib/topo/match.h"

static struct vlsp_chain chain_of(const char *const *matches)
{
	struct vlsp_chain chain = {0};

	for (; *matches; matches++) {
		struct topo_match match;

		assert_int_equal(topo_match_parse(*matches, &match, NULL), 0);
		chain.fn[chain.count++].match = match.match;
	}
	return chain;
}

/* 10.0.0.1:1000 to 10.0.0.2:7, UDP, flow 5 */
static const struct match_fields datagram = {.src = 0x0100000a,
					     .dst = 0x0200000a,
					     .flow = 0x05000000,
					     .sport = 1000,
					     .dport = 7,
					     .protocol = 17,
					     .has_ports = 1};

static void rows_are_told_apart(void **state)
{
	static const struct {
		const char *matches[4];
		bool hit;
	} rows[] = {
		{{"udp dport 7"}, true},
		{{"udp dport 8"}, false},
		{{"tcp dport 7"}, false},
		{{"icmp"}, false},
		{{""}, true},
		{{"udp dport 1000"}, true}, /* by its source port: not exact */
		{{"dst 10.0.0.3"}, false},
		{{"dst 10.0.0.1"}, true},
		{{"src 10.0.1.0/24"}, false},
		{{"src 10.0.0.0/24 dst 10.0.0.9"}, false}, /* by the longer one */
		{{"flow 5"}, true},
		{{"flow 6"}, false},
		{{"flow 6", "flow 7"}, false},
		{{"flow 6", "dst 10.0.0.3"}, true},
		{{"dst 10.0.0.3", "dst 10.0.1.3"}, true}, /* 10.0.0.0/23 */
		{{"dst 10.0.4.3", "dst 10.0.4.4"}, false},
		{{"udp dport 9", "udp dport 20-30"}, false},
		{{"udp dport 1", "udp dport 20"}, true},
		{{"udp dport 9", "icmp"}, true},
		{{"udp dport 9 dst 10.0.4.1", "icmp dst 10.0.4.2"}, false},
		{{"udp dport 0"}, true},
		{{"proto 0"}, true},
		{{"udp sport 9-20 dport 9", "udp sport 10"}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vlsp_chain chain = chain_of(rows[i].matches);
		struct vlsp_hint hint = bld_hint(&chain);

		if (hint_hit(&hint, &datagram) != rows[i].hit)
			fail_msg("row %zu", i);
	}
}

static uint32_t few(uint32_t count)
{
	return (uint32_t)random() % count;
}

static struct vlsp_match random_match(void)
{
	struct vlsp_match match = {.flags = (uint32_t)random() & 0x1fc};

	match.src_mask = htonl(~0u << few(32));
	match.src = htonl(0x0a000000 + few(16)) & match.src_mask;
	match.dst_mask = htonl(~0u << few(32));
	match.dst = htonl(0x0a000000 + few(16)) & match.dst_mask;
	match.sport_min = (uint16_t)few(8);
	match.sport_max = (uint16_t)(match.sport_min + few(4));
	match.dport_min = (uint16_t)few(8);
	match.dport_max = (uint16_t)(match.dport_min + few(4));
	match.flow = htonl(1 + few(3));
	match.protocol = few(2) ? 17 : 6;
	return match;
}

static void whatever_a_function_wants_has_the_hint(void **state)
{
	unsigned hits = 0, misses = 0;

	(void)state;
	srandom(1);
	for (int n = 0; n < 300000; n++) {
		struct vlsp_chain chain = {.count = 1 + few(3)};
		struct match_fields f = {.src = htonl(0x0a000000 + few(16)),
					 .dst = htonl(0x0a000000 + few(16)),
					 .flow = htonl(1 + few(3)),
					 .sport = (uint16_t)few(12),
					 .dport = (uint16_t)few(12),
					 .protocol = few(2) ? 17 : 6,
					 .has_ports = few(5) != 0};
		struct vlsp_hint hint;

		for (uint32_t i = 0; i < chain.count; i++)
			chain.fn[i].match = random_match();
		hint = bld_hint(&chain);
		for (uint32_t i = 0; i < chain.count; i++)
			if (match_hit(&chain.fn[i].match, &f)) {
				assert_true(hint_hit(&hint, &f));
				hits++;
			}
		misses += !hint_hit(&hint, &f);
	}
	assert_true(hits > 10000 && misses > 10000);
}

static void no_hint_is_any(void **state)
{
	const struct vlsp_hint none = {0};

	(void)state;
	assert_true(hint_hit(&none, &datagram));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_told_apart),
		cmocka_unit_test(whatever_a_function_wants_has_the_hint),
		cmocka_unit_test(no_hint_is_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
