// SPDX-License-Identifier: GPL-2.0-or-later
/* Matches for a program's own use: which datagrams they hit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>

#include "include/shared/vdp.h"
#include "include/vlsp/vlsp.h"
#include "lib/base/cleanup.h"

/* 10.0.1.5:1000 to 10.0.2.9:53, flow 7, by lo, which every machine has. */
static void make(struct vlsp_packet *packet, uint8_t data[64], uint8_t protocol)
{
	const struct vdp_hdr vdp = {.version_flags = VDP_VERSION << 4,
				    .ttl = 9,
				    .protocol = protocol,
				    .src = htonl(0x0a000105),
				    .dst = htonl(0x0a000209),
				    .flow = htonl(7)};
	const struct vdp_udp udp = {.sport = htons(1000), .dport = htons(53)};

	memset(data, 0, 64);
	memcpy(data, &vdp, sizeof(vdp));
	memcpy(data + VDP_NET_HLEN, &udp, sizeof(udp));
	*packet = (struct vlsp_packet){.data = data, .size = 60, .room = 64, .port = 1};
}

static void rows_hit_and_miss(void **state)
{
	static const struct {
		const char *match;
		uint8_t protocol;
		bool hit;
	} rows[] = {
		{"", 17, true},
		{"udp", 17, true},
		{"udp", 6, false},
		{"tcp", 6, true},
		{"proto 132", 132, true},
		{"src 10.0.1.0/24", 17, true},
		{"src 10.0.2.0/24", 17, false},
		{"src 10.0.2.0/24 either", 17, true},
		{"dst 10.0.1.5 either", 17, true},
		{"dst 10.0.1.5", 17, false},
		{"src 10.0.1.5 dst 10.0.2.9", 17, true},
		{"src 10.0.2.9 dst 10.0.1.5 either", 17, true},
		{"src 10.0.1.5 dst 10.0.1.5 either", 17, false},
		{"dport 53", 17, true},
		{"dport 53", 6, true},
		{"dport 53", 132, false}, /* no ports */
		{"dport 52-53", 17, true},
		{"dport 54-60", 17, false},
		{"sport 53", 17, false},
		{"sport 53 either", 17, true},
		{"src 10.0.2.9 sport 1000 either", 17, false}, /* turned round as a whole */
		{"src 10.0.2.9 sport 53 either", 17, true},
		{"flow 7", 17, true},
		{"flow 8", 17, false},
		{"from lo", 17, true},
		{"from edge", 17, false},
		{"from lo udp src 10.0.1.5 dport 53 flow 7", 17, true},
	};
	struct vlsp_packet packet;
	uint8_t data[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[256] = "";
		struct vlsp_matcher *matcher = vlsp_matcher_new(rows[i].match, text);

		if (!matcher)
			fail_msg("'%s': %s", rows[i].match, text);
		make(&packet, data, rows[i].protocol);
		if (vlsp_matcher_hit(matcher, &packet) != rows[i].hit)
			fail_msg("'%s' of %u", rows[i].match, rows[i].protocol);
		vlsp_matcher_free(matcher);
	}
}

static void fragments_have_no_ports(void **state)
{
	struct vlsp_matcher *ports = vlsp_matcher_new("dport 0-65535", NULL);
	struct vlsp_matcher *any = vlsp_matcher_new("udp", NULL);
	struct vlsp_packet packet;
	uint8_t data[64];

	(void)state;
	make(&packet, data, 17);
	assert_true(vlsp_matcher_hit(ports, &packet));
	data[0] |= VDP_FLAG_FRAGMENT;
	assert_false(vlsp_matcher_hit(ports, &packet));
	assert_true(vlsp_matcher_hit(any, &packet));
	packet.size = 19;
	assert_false(vlsp_matcher_hit(any, &packet)); /* no datagram */
	vlsp_matcher_free(ports);
	vlsp_matcher_free(any);
	vlsp_matcher_free(NULL);
}

static void the_edge_is_port_0(void **state)
{
	struct vlsp_matcher *edge = vlsp_matcher_new("from edge", NULL);
	struct vlsp_packet packet;
	uint8_t data[64];

	(void)state;
	make(&packet, data, 17);
	packet.port = 0;
	assert_true(vlsp_matcher_hit(edge, &packet));
	vlsp_matcher_free(edge);
}

static void what_is_wrong_is_said(void **state)
{
	static const char *const rows[][2] = {
		{"udq", "at 1: 'udq' is none of"},
		{"to edge", "to: where it goes is decided behind all functions"},
		{"from to-nowhere", "to-nowhere: the router has no such link end"},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		errno = 0;
		assert_null(vlsp_matcher_new(rows[i][0], text));
		assert_int_equal(errno, EINVAL);
		assert_memory_equal(text, rows[i][1], strlen(rows[i][1]));
	}
	assert_null(vlsp_matcher_new("udq", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hit_and_miss),
		cmocka_unit_test(fragments_have_no_ports),
		cmocka_unit_test(the_edge_is_port_0),
		cmocka_unit_test(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
