// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fields and setters of a datagram in a network function's hands. After each change the checksum
 * is what a sender of the changed datagram would have written, in each of its forms.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "include/vlsp/vlsp.h"
#include "lib/base/checksum.h"
#include "lib/base/cleanup.h"

#define SRC 0x0a000001
#define DST 0x0a000003

enum form { LEFT, COMPLETE, NONE };

struct datagram {
	uint8_t data[VDP_MTU];
	struct vlsp_packet packet;
};

static void sum(struct datagram *d, enum form form)
{
	uint8_t *data = d->data;
	size_t place = checksum_place(data, d->packet.size);
	struct vdp_hdr vdp;
	uint16_t field = 0;
	size_t at, size;

	if (!place)
		return;
	memcpy(&vdp, data, sizeof(vdp));
	at = vdp_transport_at(vdp.version_flags);
	size = d->packet.size - at;
	memcpy(data + place, &field, sizeof(field));
	if (form == LEFT)
		field = (uint16_t)~checksum_fold(checksum_pseudo(&vdp, size));
	if (form == COMPLETE) {
		field = checksum_fold(checksum_add(checksum_pseudo(&vdp, size), data + at, size));
		if (!field && vdp.protocol == VDP_PROTO_UDP)
			field = 0xffff;
	}
	memcpy(data + place, &field, sizeof(field));
}

static void make(struct datagram *d, uint8_t protocol, size_t payload, enum form form)
{
	size_t head = protocol == VDP_PROTO_TCP ? VDP_NET_HLEN + 20 : VDP_HLEN;
	struct vdp_hdr vdp = {.version_flags = VDP_VERSION << 4,
			      .ttl = 64,
			      .protocol = protocol,
			      .tclass = 0x10,
			      .src = htonl(SRC),
			      .dst = htonl(DST),
			      .flow = htonl(77),
			      .stamp = htonl(1000000)};
	struct vdp_udp udp = {
		.sport = htons(1234), .dport = htons(53), .length = htons((uint16_t)(8 + payload))};

	for (size_t i = 0; i < sizeof(d->data); i++)
		d->data[i] = (uint8_t)(i * 7);
	memcpy(d->data, &vdp, sizeof(vdp));
	memcpy(d->data + VDP_NET_HLEN, &udp, sizeof(udp));
	d->packet = (struct vlsp_packet){
		.data = d->data, .size = head + payload, .room = sizeof(d->data)};
	sum(d, form);
}

/* Options come between network part and transport header, which say nothing new. */
static void add_options(struct datagram *d)
{
	memmove(d->data + VDP_NET_HLEN + VDP_META_LEN, d->data + VDP_NET_HLEN,
		d->packet.size - VDP_NET_HLEN);
	memset(d->data + VDP_NET_HLEN, 0xee, VDP_META_LEN);
	d->data[0] |= VDP_FLAG_OPTIONS;
	d->packet.size += VDP_META_LEN;
}

static void fields_are_read(void **state)
{
	struct vlsp_fields f;
	struct datagram d;

	(void)state;
	make(&d, VDP_PROTO_UDP, 5, LEFT);
	assert_int_equal(vlsp_packet_fields(&d.packet, &f), 0);
	assert_int_equal(f.src, SRC);
	assert_int_equal(f.dst, DST);
	assert_int_equal(f.sport, 1234);
	assert_int_equal(f.dport, 53);
	assert_int_equal(f.protocol, 17);
	assert_int_equal(f.ttl, 64);
	assert_int_equal(f.tclass, 0x10);
	assert_int_equal(f.flow, 77);
	assert_int_equal(f.stamp_us, 1000000);
	assert_false(f.fragment);
	assert_ptr_equal(f.payload, d.data + 28);
	assert_int_equal(f.payload_size, 5);
	make(&d, VDP_PROTO_TCP, 5, LEFT);
	assert_int_equal(vlsp_packet_fields(&d.packet, &f), 0);
	assert_int_equal(f.sport, 1234);
	assert_int_equal(f.payload_size, 25); /* behind the network part */
	make(&d, VDP_PROTO_ICMP, 5, NONE);
	assert_int_equal(vlsp_packet_fields(&d.packet, &f), 0);
	assert_int_equal(f.sport, 0);
	assert_int_equal(f.payload_size, 13);
	d.data[0] |= VDP_FLAG_FRAGMENT;
	d.data[9] = VDP_PROTO_UDP;
	assert_int_equal(vlsp_packet_fields(&d.packet, &f), 0);
	assert_true(f.fragment);
	assert_int_equal(f.sport, 0);
	assert_int_equal(f.stamp_us, 0);
}

static void what_is_no_datagram_is_refused(void **state)
{
	struct vlsp_fields f;
	struct datagram d;

	(void)state;
	make(&d, VDP_PROTO_UDP, 5, LEFT);
	d.packet.size = 19;
	assert_int_equal(vlsp_packet_fields(&d.packet, &f), -1);
	assert_int_equal(errno, EINVAL);
	d.packet.size = 20; /* no ports, but a datagram */
	assert_int_equal(vlsp_packet_fields(&d.packet, &f), 0);
	assert_int_equal(f.sport, 0);
	assert_int_equal(f.payload_size, 0);
	errno = 0;
	assert_int_equal(vlsp_packet_set_src(&d.packet, 1, 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(vlsp_packet_set_src(&d.packet, 1, 0), 0);
	d.packet.size = VDP_MTU + 1;
	assert_int_equal(vlsp_packet_set_tclass(&d.packet, 1), -1);
	make(&d, VDP_PROTO_UDP, 5, LEFT);
	d.data[0] = 2 << 4;
	assert_int_equal(vlsp_packet_set_tclass(&d.packet, 1), -1);
	assert_int_equal(vlsp_packet_set_flow(&d.packet, 1), -1);
	assert_int_equal(vlsp_packet_set_payload(&d.packet, "", 0), -1);
	assert_int_equal(vlsp_packet_set_dst(&d.packet, 1, 0), -1);
}

/* What the checksum would be if the datagram had been made so. */
static void assert_summed(struct datagram *d, enum form form)
{
	struct datagram expected = *d;

	sum(&expected, form);
	assert_memory_equal(d->data, expected.data, d->packet.size);
}

static void addresses_and_ports_keep_each_form_of_checksum(void **state)
{
	static const uint8_t protocols[] = {VDP_PROTO_UDP, VDP_PROTO_TCP};
	struct vlsp_fields f;
	struct datagram d;

	(void)state;
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		uint8_t protocol = protocols[i & 1];
		enum form form = protocol == VDP_PROTO_TCP ? (enum form)(i / 2 % 2)
							   : (enum form)(i / 2 % 3);
		uint32_t host = (uint32_t)random() * 2 + 1;
		uint16_t port = i % 5 ? (uint16_t)random() : 0;

		make(&d, protocol, (size_t)random() % 40, form);
		if (i & 4)
			assert_int_equal(vlsp_packet_set_src(&d.packet, host, port), 0);
		else
			assert_int_equal(vlsp_packet_set_dst(&d.packet, host, port), 0);
		assert_int_equal(vlsp_packet_fields(&d.packet, &f), 0);
		assert_int_equal(i & 4 ? f.src : f.dst, host);
		assert_int_equal(i & 4 ? f.dst : f.src, i & 4 ? DST : SRC);
		if (port)
			assert_int_equal(i & 4 ? f.sport : f.dport, port);
		assert_int_equal(i & 4 ? f.dport : f.sport, i & 4 ? 53 : 1234);
		assert_summed(&d, form);
	}
}

/* Every value of the field is met, so also those where 0 and 0xffff matter. */
static void a_complete_checksum_is_never_none(void **state)
{
	bool met = false;
	struct datagram d;

	(void)state;
	for (unsigned port = 1; port <= 0xffff; port++) {
		make(&d, VDP_PROTO_UDP, 2, COMPLETE);
		assert_int_equal(vlsp_packet_set_dst(&d.packet, DST, (uint16_t)port), 0);
		met |= d.data[26] == 0xff && d.data[27] == 0xff;
		assert_true(d.data[26] | d.data[27]);
	}
	assert_true(met);
}

static void a_wrong_checksum_stays_wrong(void **state)
{
	struct datagram d;
	uint16_t sum_of;
	struct vdp_hdr vdp;

	(void)state;
	make(&d, VDP_PROTO_UDP, 20, COMPLETE);
	d.data[40] ^= 1;
	assert_int_equal(vlsp_packet_set_src(&d.packet, 0x0a000009, 99), 0);
	d.data[40] ^= 1;
	assert_summed(&d, COMPLETE);
	/* and one that a link has marked is complete, whatever it looks like */
	make(&d, VDP_PROTO_UDP, 20, LEFT);
	d.data[0] |= VDP_FLAG_VERIFY;
	memcpy(&sum_of, d.data + 26, 2);
	assert_int_equal(vlsp_packet_set_dst(&d.packet, DST + 256, 0), 0);
	memcpy(&vdp, d.data, sizeof(vdp));
	assert_memory_not_equal(&sum_of, d.data + 26, 2);
	sum_of = (uint16_t)~checksum_fold(checksum_pseudo(&vdp, 28));
	assert_memory_not_equal(&sum_of, d.data + 26, 2);
}

static void fragments_change_address_only(void **state)
{
	struct datagram d, whole;

	(void)state;
	/* the first of two, whose checksum is over all: as if whole, but more follows */
	make(&d, VDP_PROTO_UDP, 32, COMPLETE);
	whole = d;
	whole.packet.data = whole.data;
	d.data[0] |= VDP_FLAG_FRAGMENT;
	memcpy(d.data + 16, "\x12\x34\x20\x00", 4);
	assert_int_equal(vlsp_packet_set_src(&d.packet, 7, 7), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(vlsp_packet_set_src(&d.packet, 7, 0), 0);
	assert_int_equal(vlsp_packet_set_src(&whole.packet, 7, 0), 0);
	assert_memory_equal(d.data + 20, whole.data + 20, 40);
	/* a later one has none */
	memcpy(d.data + 16, "\x12\x34\x00\x04", 4);
	whole = d;
	assert_int_equal(vlsp_packet_set_src(&d.packet, 8, 0), 0);
	assert_memory_equal(d.data + 20, whole.data + 20, 40);
	assert_int_equal(vlsp_packet_set_payload(&d.packet, "x", 1), -1);
	assert_int_equal(errno, EINVAL);
}

static void a_payload_of_another_length_fits_its_header(void **state)
{
	static const char text[] = "a longer text than the one before";
	static const enum form forms[] = {LEFT, COMPLETE, NONE};
	struct vlsp_fields f;
	struct datagram d;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		for (size_t n = 0; n < sizeof(text); n++) {
			make(&d, VDP_PROTO_UDP, 12, forms[i]);
			assert_int_equal(vlsp_packet_set_payload(&d.packet, text, n), 0);
			assert_int_equal(d.packet.size, 28 + n);
			assert_int_equal(d.data[24] << 8 | d.data[25], 8 + n);
			assert_memory_equal(d.data + 28, text, n);
			assert_summed(&d, forms[i]);
		}
	}
	/* changed in place, and shifted within itself */
	make(&d, VDP_PROTO_UDP, 12, COMPLETE);
	assert_int_equal(vlsp_packet_fields(&d.packet, &f), 0);
	memcpy(f.payload, "abcdefghijkl", 12);
	assert_int_equal(vlsp_packet_set_payload(&d.packet, f.payload + 4, 8), 0);
	assert_memory_equal(d.data + 28, "efghijkl", 8);
	assert_summed(&d, COMPLETE);
	assert_int_equal(vlsp_packet_set_payload(&d.packet, d.data, VDP_MTU - 28 + 1), -1);
	assert_int_equal(errno, EMSGSIZE);
	make(&d, VDP_PROTO_TCP, 12, LEFT);
	assert_int_equal(vlsp_packet_set_payload(&d.packet, text, 1), -1);
	assert_int_equal(errno, EINVAL);
}

static void class_and_flow_are_not_summed(void **state)
{
	struct vlsp_fields f;
	struct datagram d;

	(void)state;
	make(&d, VDP_PROTO_UDP, 12, COMPLETE);
	assert_int_equal(vlsp_packet_set_tclass(&d.packet, 0xb8), 0);
	assert_int_equal(vlsp_packet_set_flow(&d.packet, 0xdeadbeef), 0);
	assert_int_equal(vlsp_packet_set_flow(&d.packet, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(vlsp_packet_fields(&d.packet, &f), 0);
	assert_int_equal(f.tclass, 0xb8);
	assert_int_equal(f.flow, 0xdeadbeef);
	assert_summed(&d, COMPLETE);
}

static void options_are_left_as_they_are(void **state)
{
	struct datagram plain, with;
	struct vlsp_fields f;

	(void)state;
	for (enum form form = LEFT; form <= NONE; form++) {
		struct datagram *both[2] = {&plain, &with};

		make(&plain, VDP_PROTO_UDP, 20, form);
		make(&with, VDP_PROTO_UDP, 20, form);
		add_options(&with);
		for (int i = 0; i < 2; i++) {
			struct vlsp_packet *packet = &both[i]->packet;

			assert_int_equal(vlsp_packet_set_src(packet, 0x0a0000fe, 99), 0);
			assert_int_equal(vlsp_packet_set_dst(packet, 0x0a0000fd, 98), 0);
			assert_int_equal(vlsp_packet_set_payload(packet, "hello", 5), 0);
		}
		assert_int_equal(vlsp_packet_fields(&with.packet, &f), 0);
		assert_int_equal(f.sport, 99);
		assert_int_equal(f.dport, 98);
		assert_int_equal(f.payload_size, 5);
		assert_memory_equal(f.payload, "hello", 5);
		assert_int_equal(with.packet.size, plain.packet.size + VDP_META_LEN);
		assert_memory_equal(with.data + 1, plain.data + 1, VDP_NET_HLEN - 1);
		for (int i = 0; i < VDP_META_LEN; i++)
			assert_int_equal(with.data[VDP_NET_HLEN + i], 0xee);
		assert_memory_equal(with.data + VDP_NET_HLEN + VDP_META_LEN,
				    plain.data + VDP_NET_HLEN, plain.packet.size - VDP_NET_HLEN);
	}
	/* no room for what the flag says */
	with.packet.size = VDP_NET_HLEN + VDP_META_LEN - 1;
	assert_int_equal(vlsp_packet_fields(&with.packet, &f), -1);
	with.packet.size = VDP_NET_HLEN + VDP_META_LEN;
	assert_int_equal(vlsp_packet_fields(&with.packet, &f), 0);
	assert_int_equal(f.sport, 0);
	assert_int_equal(f.payload_size, 0);
	/* it is the larger header that counts */
	make(&with, VDP_PROTO_UDP, 20, LEFT);
	add_options(&with);
	with.packet.room = VDP_HLEN + VDP_META_LEN + 24;
	assert_int_equal(vlsp_packet_set_payload(&with.packet, with.data, 25), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(vlsp_packet_set_payload(&with.packet, with.data, 24), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read),
		cmocka_unit_test(what_is_no_datagram_is_refused),
		cmocka_unit_test(addresses_and_ports_keep_each_form_of_checksum),
		cmocka_unit_test(a_complete_checksum_is_never_none),
		cmocka_unit_test(a_wrong_checksum_stays_wrong),
		cmocka_unit_test(fragments_change_address_only),
		cmocka_unit_test(a_payload_of_another_length_fits_its_header),
		cmocka_unit_test(class_and_flow_are_not_summed),
		cmocka_unit_test(options_are_left_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
