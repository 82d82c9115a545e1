// SPDX-License-Identifier: GPL-2.0-or-later
/* Echo probes and what comes back; the hosts file of a router's commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/icmp.h"
#include "cli/netns.h"

#define IP 20

static uint8_t packet[200];

static void ip(uint8_t *p, uint8_t protocol, uint8_t ttl)
{
	static const uint8_t from[4] = {10, 0, 0, 7};

	memset(p, 0, IP);
	p[0] = 0x45;
	p[8] = ttl;
	p[9] = protocol;
	memcpy(p + 12, from, 4);
}

static void seal(uint8_t *icmp,
		 size_t n) /* RFC 1071, written differently from the code under test */
{
	uint32_t sum = 0;

	icmp[2] = icmp[3] = 0;
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? icmp[i] : (uint32_t)icmp[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	icmp[2] = (uint8_t)(~sum >> 8);
	icmp[3] = (uint8_t)~sum;
}

static size_t reply(uint16_t id, uint16_t seq, size_t data)
{
	size_t n = icmp_request(packet + IP, id, seq, data);

	ip(packet, 1, 61);
	packet[IP] = 0;
	seal(packet + IP, n);
	return IP + n;
}

static size_t error(uint8_t type, uint8_t code, uint16_t id, uint16_t seq)
{
	ip(packet, 1, 60);
	memset(packet + IP, 0, ICMP_HEADER);
	packet[IP] = type;
	packet[IP + 1] = code;
	ip(packet + IP + ICMP_HEADER, 1, 1);
	icmp_request(packet + 2 * IP + ICMP_HEADER, id, seq, 0);
	seal(packet + IP, IP + 2 * ICMP_HEADER);
	return 2 * IP + 2 * ICMP_HEADER;
}

static void a_reply_is_read(void **state)
{
	struct icmp_answer a;

	(void)state;
	for (size_t data = 0; data < 100; data += 33) {
		icmp_read(packet, reply(0xbeef, 513, data), 0xbeef, &a);
		assert_int_equal(a.kind, ICMP_REPLY);
		assert_int_equal(a.from, 0x0a000007);
		assert_int_equal(a.seq, 513);
		assert_int_equal(a.ttl, 61);
		assert_int_equal(a.size, data + 8);
	}
}

static void an_error_is_matched_by_the_packet_it_quotes(void **state)
{
	struct icmp_answer a;

	(void)state;
	icmp_read(packet, error(11, 0, 77, 9), 77, &a);
	assert_int_equal(a.kind, ICMP_TIME_EXCEEDED);
	assert_int_equal(a.seq, 9);
	assert_string_equal(icmp_text(&a), "Time to live exceeded");
	icmp_read(packet, error(3, 0, 77, 9), 77, &a);
	assert_int_equal(a.kind, ICMP_UNREACHABLE);
	assert_string_equal(icmp_text(&a), "Destination Net Unreachable");
	icmp_read(packet, error(3, 13, 77, 9), 77, &a);
	assert_string_equal(icmp_text(&a), "Destination Unreachable");
}

static void what_is_not_an_answer_to_ours_is_left(void **state)
{
	struct icmp_answer a;
	size_t n;

	(void)state;
	icmp_read(packet, reply(1, 1, 8), 2, &a); /* of another ping */
	assert_int_equal(a.kind, ICMP_OTHER);
	icmp_read(packet, error(11, 0, 1, 1), 2, &a);
	assert_int_equal(a.kind, ICMP_OTHER);
	n = reply(1, 1, 8);
	packet[IP + ICMP_HEADER] ^= 1; /* checksum */
	icmp_read(packet, n, 1, &a);
	assert_int_equal(a.kind, ICMP_OTHER);
	n = reply(1, 1, 8);
	packet[9] = 17; /* UDP */
	icmp_read(packet, n, 1, &a);
	assert_int_equal(a.kind, ICMP_OTHER);
	packet[IP] = 8; /* our own request, seen on the way */
	packet[9] = 1;
	seal(packet + IP, n - IP);
	icmp_read(packet, n, 1, &a);
	assert_int_equal(a.kind, ICMP_OTHER);
}

static void packets_cut_anywhere_are_left(void **state)
{
	struct icmp_answer a;
	size_t n = error(11, 0, 5, 5);

	(void)state;
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *copy = malloc(cut + 1);

		memcpy(copy, packet, cut);
		if (cut > IP + ICMP_HEADER)
			seal(copy + IP, cut - IP);
		icmp_read(copy, cut, 5, &a);
		assert_int_equal(a.kind, ICMP_OTHER);
		free(copy);
	}
}

static void hosts_have_the_old_lines_and_every_router(void **state)
{
	json_t *routers = json_loads(
		"{\"detail\":[{\"name\":\"r1\",\"address\":\"10.0.0.1\"},"
		"{\"name\":\"r2\",\"address\":\"10.0.0.2\"},{\"name\":\"x\"}]}",
		0, NULL);
	size_t size;
	char *text = netns_hosts("127.0.0.1 localhost", routers, &size);

	(void)state;
	assert_string_equal(text, "127.0.0.1 localhost\n# routers\n10.0.0.1 r1\n10.0.0.2 r2\n");
	assert_int_equal(size, strlen(text));
	free(text);
	text = netns_hosts("", NULL, &size);
	assert_string_equal(text, "# routers\n");
	free(text);
	json_decref(routers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_is_read),
		cmocka_unit_test(an_error_is_matched_by_the_packet_it_quotes),
		cmocka_unit_test(what_is_not_an_answer_to_ours_is_left),
		cmocka_unit_test(packets_cut_anywhere_are_left),
		cmocka_unit_test(hosts_have_the_old_lines_and_every_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
