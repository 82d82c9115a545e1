// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams as nat sees and changes them: ports and identifiers, whole and in fragments, and what
 * ICMP errors quote. After each change all checksums are what who made it so would have written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <stdlib.h>

#include "apps/nat_packet.h"
#include "include/shared/vdp.h"
#include "lib/base/checksum.h"
#include "lib/base/cleanup.h"

#define SRC  0x0a000001
#define DST  0x0a000003
#define MF   0x2000
#define ICMP VDP_NET_HLEN /* where it begins */

struct datagram {
	uint8_t data[VDP_MTU];
	struct vlsp_packet packet;
};

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void store_sum(uint8_t *data, size_t place, uint32_t sum)
{
	uint16_t field = checksum_fold(sum);

	memcpy(data + place, &field, sizeof(field));
}

/* Its checksum as if it were whole: that of a first fragment is over what others have, too. */
static void complete(uint8_t *data, size_t size)
{
	struct vdp_hdr vdp;
	size_t at, place;
	uint32_t sum = 0;

	memcpy(&vdp, data, sizeof(vdp));
	at = vdp_transport_at(vdp.version_flags);
	place = at + (vdp.protocol == VDP_PROTO_ICMP ? 2 : vdp.protocol == VDP_PROTO_UDP ? 6 : 16);
	put16(data + place, 0);
	if (vdp.protocol != VDP_PROTO_ICMP)
		sum = checksum_pseudo(&vdp, size - at);
	store_sum(data, place, checksum_add(sum, data + at, size - at));
	if (vdp.protocol == VDP_PROTO_UDP && !get16(data + place))
		put16(data + place, 0xffff);
}

/* 60 bytes: UDP or TCP 1234 > 53, or an ICMP message of that type with identifier 77. */
static void make(struct datagram *d, uint8_t protocol, uint8_t type)
{
	struct vdp_hdr vdp = {.version_flags = VDP_VERSION << 4,
			      .ttl = 64,
			      .protocol = protocol,
			      .src = htonl(SRC),
			      .dst = htonl(DST),
			      .flow = htonl(7)};

	for (size_t i = 0; i < sizeof(d->data); i++)
		d->data[i] = (uint8_t)(i * 7);
	memcpy(d->data, &vdp, sizeof(vdp));
	d->packet = (struct vlsp_packet){.data = d->data, .size = 60, .room = sizeof(d->data)};
	if (protocol == VDP_PROTO_ICMP) {
		put16(d->data + ICMP, (unsigned)type << 8);
		put16(d->data + ICMP + 4, 77);
	} else {
		put16(d->data + VDP_NET_HLEN, 1234);
		put16(d->data + VDP_NET_HLEN + 2, 53);
	}
	if (protocol == VDP_PROTO_UDP)
		put16(d->data + VDP_NET_HLEN + 4, 40);
	complete(d->data, d->packet.size);
}

static void make_fragment(struct datagram *d, unsigned id, unsigned word)
{
	d->data[0] |= VDP_FLAG_FRAGMENT;
	put16(d->data + 16, id);
	put16(d->data + 18, word);
}

/*
 * An error of type and code 3, from 10.0.0.9, that quotes the first bytes of what d held: as IPv4,
 * with options if there are any.
 */
static void quote(struct datagram *d, size_t options, size_t bytes)
{
	struct vdp_hdr vdp;
	struct iphdr ip;
	struct datagram error;
	size_t size = d->packet.size;
	uint8_t *at = error.data + ICMP + 8;

	memcpy(&vdp, d->data, sizeof(vdp));
	make(&error, VDP_PROTO_ICMP, 3);
	put16(error.data + ICMP + 4, 0);
	error.data[15] = 9;
	ip = (struct iphdr){.version = 4,
			    .ihl = (5 + options / 4) & 0xf,
			    .ttl = 1,
			    .protocol = vdp.protocol,
			    .saddr = vdp.src,
			    .daddr = vdp.dst,
			    .tot_len = htons((uint16_t)(size + options))};
	if (vdp.version_flags & VDP_FLAG_FRAGMENT)
		memcpy((uint8_t *)&ip + 4, d->data + 16, 4);
	memset(at + sizeof(ip), 1, options);
	memcpy(at, &ip, sizeof(ip));
	store_sum(at, offsetof(struct iphdr, check), checksum_add(0, at, sizeof(ip) + options));
	memcpy(at + sizeof(ip) + options, d->data + VDP_NET_HLEN, bytes);
	error.packet.size = ICMP + 8 + sizeof(ip) + options + bytes;
	complete(error.data, error.packet.size);
	*d = error;
	d->packet.data = d->data;
}

static void assert_ports(const struct datagram *d, int src, int dst)
{
	struct nat_view v;

	assert_int_equal(nat_read(&d->packet, &v), 0);
	assert_int_equal(v.port[NAT_SRC], src);
	assert_int_equal(v.port[NAT_DST], dst);
}

static void ports_are_those_of_who_can_be_answered(void **state)
{
	static const struct {
		uint8_t protocol, type;
		int src, dst;
	} rows[] = {
		{VDP_PROTO_UDP, 0, 1234, 53}, {VDP_PROTO_TCP, 0, 1234, 53},
		{VDP_PROTO_ICMP, 8, 77, -1},  /* echo */
		{VDP_PROTO_ICMP, 0, -1, 77},  /* its reply */
		{VDP_PROTO_ICMP, 13, 77, -1}, /* timestamp */
		{VDP_PROTO_ICMP, 14, -1, 77}, {VDP_PROTO_ICMP, 3, -1, -1},
		{VDP_PROTO_ICMP, 5, -1, -1}, /* redirect: of one link */
		{VDP_PROTO_ICMP, 10, -1, -1}, {47, 0, -1, -1},
	};
	struct datagram d;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make(&d, rows[i].protocol, rows[i].type);
		assert_ports(&d, rows[i].src, rows[i].dst);
		make_fragment(&d, 99, MF);
		assert_ports(&d, rows[i].src, rows[i].dst);
		make_fragment(&d, 99, MF | 1);
		assert_ports(&d, -1, -1);
		make_fragment(&d, 99, 185);
		assert_ports(&d, -1, -1);
	}
	make(&d, VDP_PROTO_UDP, 0);
	put16(d.data + VDP_NET_HLEN, 0); /* nobody can answer it */
	assert_ports(&d, -1, 53);
	make(&d, VDP_PROTO_ICMP, 8);
	put16(d.data + ICMP + 4, 0); /* an identifier as any */
	assert_ports(&d, 0, -1);
}

static void headers_that_are_cut_off_have_no_ports(void **state)
{
	static const uint8_t protocols[] = {VDP_PROTO_UDP, VDP_PROTO_TCP, VDP_PROTO_ICMP};
	struct datagram d;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		for (int fragment = 0; fragment < 2; fragment++) {
			make(&d, protocols[i], 8);
			if (fragment)
				make_fragment(&d, 1, MF);
			d.packet.size = VDP_NET_HLEN + (protocols[i] == VDP_PROTO_TCP ? 19 : 7);
			assert_ports(&d, -1, -1);
			assert_int_equal(nat_set(&d.packet, NAT_SRC, SRC, 1), -1);
			assert_int_equal(errno, EINVAL);
			assert_int_equal(nat_set(&d.packet, NAT_SRC, 9, -1), 0);
		}
	}
}

static void fragments_are_told_by_their_id(void **state)
{
	struct nat_view v;
	struct datagram d;

	(void)state;
	make(&d, VDP_PROTO_UDP, 0);
	assert_int_equal(nat_read(&d.packet, &v), 0);
	assert_false(v.fragment || v.later);
	assert_int_equal(v.host[NAT_SRC], SRC);
	assert_int_equal(v.host[NAT_DST], DST);
	assert_int_equal(v.ttl, 64);
	make_fragment(&d, 0xabcd, MF);
	assert_int_equal(nat_read(&d.packet, &v), 0);
	assert_true(v.fragment && !v.later);
	assert_int_equal(v.id, 0xabcd);
	make_fragment(&d, 0xabcd, 185);
	nat_set_id(&d.packet, 0x1234);
	assert_int_equal(nat_read(&d.packet, &v), 0);
	assert_true(v.fragment && v.later);
	assert_int_equal(v.id, 0x1234);
	assert_int_equal(get16(d.data + 18), 185);
}

/* Of whole ones, and of first fragments, whose sum is over all. */
static void changed_ends_are_summed_up(void **state)
{
	static const uint8_t protocols[] = {VDP_PROTO_UDP, VDP_PROTO_TCP, VDP_PROTO_ICMP};
	struct datagram d, expected;

	(void)state;
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		uint8_t protocol = protocols[i % 3];
		enum nat_end end = random() & 1 ? NAT_SRC : NAT_DST;
		uint32_t host = (uint32_t)random();
		int port = (int)(random() % 0xffff) + 1;

		make(&d, protocol, end == NAT_SRC ? 8 : 0);
		make(&expected, protocol, end == NAT_SRC ? 8 : 0);
		put16(expected.data + (end == NAT_SRC ? 4 : 8), host >> 16);
		put16(expected.data + (end == NAT_SRC ? 6 : 10), host);
		put16(expected.data + VDP_NET_HLEN +
			      (protocol == VDP_PROTO_ICMP ? 4
			       : end == NAT_SRC		  ? 0
							  : 2),
		      (unsigned)port);
		complete(expected.data, expected.packet.size);
		if (i & 4) {
			make_fragment(&d, 5, MF);
			make_fragment(&expected, 5, MF);
		}
		assert_int_equal(nat_set(&d.packet, end, host, port), 0);
		assert_memory_equal(d.data, expected.data, expected.packet.size);
	}
}

/* Every value of the field is met on the way, so also those that say there is none. */
static void a_first_fragment_never_loses_its_checksum(void **state)
{
	struct datagram d, expected;

	(void)state;
	for (unsigned port = 1; port <= 0xffff; port++) {
		make(&d, VDP_PROTO_UDP, 0);
		make(&expected, VDP_PROTO_UDP, 0);
		put16(expected.data + VDP_NET_HLEN, port);
		expected.data[7] = 9;
		complete(expected.data, expected.packet.size);
		make_fragment(&d, 5, MF);
		make_fragment(&expected, 5, MF);
		assert_int_equal(nat_set(&d.packet, NAT_SRC, 0x0a000009, (int)port), 0);
		assert_memory_equal(d.data, expected.data, expected.packet.size);
	}
}

static void a_checksum_that_is_not_there_stays_so(void **state)
{
	struct datagram d;

	(void)state;
	make(&d, VDP_PROTO_UDP, 0);
	make_fragment(&d, 5, MF);
	put16(d.data + 26, 0);
	assert_int_equal(nat_set(&d.packet, NAT_SRC, 7, 7), 0);
	assert_int_equal(get16(d.data + 26), 0);
	make(&d, VDP_PROTO_ICMP, 8);
	d.data[50] ^= 1; /* and one that was wrong is wrong */
	assert_int_equal(nat_set(&d.packet, NAT_SRC, 7, 7), 0);
	assert_int_not_equal(checksum_fold(checksum_add(0, d.data + ICMP, 40)), 0);
	d.data[50] ^= 1;
	assert_int_equal(checksum_fold(checksum_add(0, d.data + ICMP, 40)), 0);
	make(&d, VDP_PROTO_ICMP, 8);
	assert_int_equal(nat_set(&d.packet, NAT_DST, 7, 7), -1); /* who asked is at the other end */
}

static void later_fragments_change_in_their_address_only(void **state)
{
	struct datagram d, before;

	(void)state;
	make(&d, VDP_PROTO_UDP, 0);
	make_fragment(&d, 5, MF | 3);
	before = d;
	assert_int_equal(nat_set(&d.packet, NAT_DST, 7, -1), 0);
	assert_memory_equal(d.data + 12, before.data + 12, d.packet.size - 12);
	assert_int_equal(nat_set(&d.packet, NAT_DST, 7, 7), -1);
	assert_int_equal(errno, EINVAL);
}

/* Quoted with 8 bytes, 20, all; with options; with a sum that was left to be completed; the first
 * of fragments. */
static void a_quote_is_changed_as_the_datagram_was(void **state)
{
	static const uint8_t protocols[] = {VDP_PROTO_UDP, VDP_PROTO_TCP, VDP_PROTO_ICMP};
	static const size_t bytes[] = {8, 20, 39, 40};
	struct datagram d, expected;
	struct nat_quote q;
	struct nat_view v;

	(void)state;
	for (unsigned i = 0; i < 3 * 4 * 8; i++) {
		uint8_t protocol = protocols[i % 3];
		size_t options = i & 0x10 ? 16 : 0, quoted = bytes[i / 3 % 4];

		make(&d, protocol, 8);
		if (i & 0x20)
			make_fragment(&d, 0x1234, MF);
		else if (protocol != VDP_PROTO_ICMP && i & 8) {
			struct vdp_hdr vdp;
			uint16_t left;

			memcpy(&vdp, d.data, sizeof(vdp));
			left = (uint16_t)~checksum_fold(checksum_pseudo(&vdp, 40));
			memcpy(d.data + checksum_place(d.data, d.packet.size), &left, 2);
			assert_true(checksum_left(d.data, d.packet.size));
		}
		expected = d;
		expected.packet.data = expected.data;
		assert_int_equal(nat_set(&expected.packet, NAT_SRC, 0x0a010203, 4321), 0);
		quote(&expected, options, quoted);
		quote(&d, options, quoted);
		assert_true(nat_quote_read(&d.packet, &q));
		assert_int_equal(nat_read(&q.packet, &v), 0);
		assert_int_equal(v.port[NAT_SRC], protocol == VDP_PROTO_ICMP ? 77 : 1234);
		assert_int_equal(v.host[NAT_DST], DST);
		assert_int_equal(nat_set(&q.packet, NAT_SRC, 0x0a010203, 4321), 0);
		nat_quote_write(&d.packet, &q);
		/* to whom the error goes is as before */
		memcpy(expected.data + 8, d.data + 8, 4);
		memcpy(expected.data + 4, d.data + 4, 4);
		assert_memory_equal(d.data, expected.data, d.packet.size);
	}
}

static void quotes_that_cannot_be_relied_on_are_none(void **state)
{
	static const struct {
		size_t at; /* of the error */
		uint8_t change;
		bool sum; /* its checksum is made right again */
	} rows[] = {
		{ICMP + 40, 1, false},	 /* ICMP's checksum */
		{ICMP + 8 + 8, 1, true}, /* IPv4's */
		{ICMP + 8, 0x20, true},	 /* version */
		{ICMP + 8, 1, true},	 /* header's length: 16 */
		{ICMP + 8, 0x0a, true},	 /* 60: no room for ports */
		{ICMP, 3 ^ 5, true},	 /* redirect */
		{ICMP, 3 ^ 8, true},	 /* not an error */
		{0, 1, false},		 /* a fragment */
		{2, 1 ^ 17, false},	 /* not ICMP */
	};
	struct datagram d;
	struct nat_quote q;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make(&d, VDP_PROTO_UDP, 0);
		quote(&d, 0, 20);
		assert_true(nat_quote_read(&d.packet, &q));
		d.data[rows[i].at] ^= rows[i].change;
		if (rows[i].sum)
			complete(d.data, d.packet.size);
		assert_false(nat_quote_read(&d.packet, &q));
	}
	for (size_t size = 0; size < VDP_NET_HLEN + 8 + 20 + 8; size++) {
		make(&d, VDP_PROTO_UDP, 0);
		quote(&d, 0, 8);
		d.packet.size = size;
		if (size >= VDP_NET_HLEN + 8)
			complete(d.data, size);
		assert_false(nat_quote_read(&d.packet, &q));
	}
	make(&d, VDP_PROTO_UDP, 0);
	d.packet.size = VDP_NET_HLEN + 7; /* what is quoted was too short itself */
	quote(&d, 0, 20);
	assert_false(nat_quote_read(&d.packet, &q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_those_of_who_can_be_answered),
		cmocka_unit_test(headers_that_are_cut_off_have_no_ports),
		cmocka_unit_test(fragments_are_told_by_their_id),
		cmocka_unit_test(changed_ends_are_summed_up),
		cmocka_unit_test(a_first_fragment_never_loses_its_checksum),
		cmocka_unit_test(a_checksum_that_is_not_there_stays_so),
		cmocka_unit_test(later_fragments_change_in_their_address_only),
		cmocka_unit_test(a_quote_is_changed_as_the_datagram_was),
		cmocka_unit_test(quotes_that_cannot_be_relied_on_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
