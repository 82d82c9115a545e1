/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For fuzz_bpf: what should happen to a frame. The rules of Documentation/wire.md, written once
 * more, with the state that they depend on.
 */
#ifndef VLSP_TESTS_BPF_FORETELL_H
#define VLSP_TESTS_BPF_FORETELL_H

#include "include/shared/fate.h"
#include "tests/bpf/onlookers.h"

#define BESIDE	   102 /* a port that nothing may touch */
#define NET_END	   (ETH_HLEN + VDP_NET_HLEN)
#define META_END   (NET_END + VDP_META_LEN)
#define SUMMED_MAX 1664 /* bytes; checksums of more are not verified */

static const uint32_t watched[] = {IN, OUT, EDGE, EDGE + 1, BESIDE};
#define WATCHED COUNT(watched)

static uint64_t seed = 1;
static struct frame out, expected;
static uint32_t in_flags, out_flags, out_port; /* out_port: of the route to router 2; 0: none */
static bool real;			       /* there are shaped links */
static struct vlsp_count want[WATCHED];
static uint64_t runs;

static void complain(const char *what)
{
	fprintf(stderr, "fuzz_bpf: %s\nseed %llu, frame %llu, port flags %#x and %#x, route %u\n",
		what, (unsigned long long)seed, (unsigned long long)runs, in_flags, out_flags,
		out_port);
	fprintf(stderr, "verdict %d, %u bytes in, %u out, gso %u:\n", out.verdict, in.size,
		out.size, in.gso_size);
	for (uint32_t i = 0; i < in.size; i++)
		fprintf(stderr, "%02x%s", in.bytes[i], i % 32 == 31 ? "\n" : "");
	fprintf(stderr, "\nSUMMARY: fuzz_bpf: %s\n", what);
	exit(1);
}

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			complain(#what);                                                           \
	} while (0)

static struct vlsp_count *row(uint32_t port_number)
{
	for (size_t i = 0; i < WATCHED; i++)
		if (watched[i] == port_number)
			return &want[i];
	complain("a port that is not watched");
	return NULL;
}

static void rx(uint32_t port_number)
{
	row(port_number)->rx_packets++;
	row(port_number)->rx_bytes += in.size - ETH_HLEN;
}

static void tx(uint32_t port_number)
{
	row(port_number)->tx_packets++;
	row(port_number)->tx_bytes += in.size - ETH_HLEN;
}

/* Once: not when a function gives it back. */
static void came(void)
{
	if (!look.back)
		rx(IN);
}

static int refused(enum vlsp_drop cause, int verdict)
{
	came();
	row(IN)->drop[cause]++;
	return look.back && verdict == TC_ACT_OK ? ROUTE : verdict; /* to the ingress of IN */
}

/* By which port a datagram goes on; 0: none. Router 2 has a route, 1 and 3 have none. */
static uint32_t way(uint32_t dst)
{
	return dst == ADDR(2) ? out_port : 0;
}

static bool usable(uint32_t port_number)
{
	return port_number == OUT && (out_flags & VLSP_PORT_VALID);
}

/* The shape of OUT, what it has drawn, and what was given to the relay because of the frame. */
static struct {
	bool there, changed;
	struct vlsp_shape is;
	uint64_t n, duplicated, corrupted, reordered, given_n;
	uint32_t burst, given, given_flags;
} shape;

/* Sums lie where they do in IPv4; addresses are those of the frame as it came. */
static void corrupt(uint8_t flags, uint8_t protocol, uint64_t drawn)
{
	uint32_t begin = flags & VDP_FLAG_OPTIONS ? META_END : NET_END;
	uint32_t length = in.size - begin, sum_at = 0, bit;
	uint8_t *part = expected.bytes + begin;
	const void *addresses = ETH(&in)->h_proto == htons(ETH_P_IP) ? (void *)&IP(&in)->saddr
								     : (void *)&VDP(&in)->src;
	uint16_t field = 0;

	if (in.size <= begin)
		return;
	shape.changed = true;
	if (!(flags & VDP_FLAG_FRAGMENT))
		sum_at = protocol == VDP_PROTO_UDP ? 6 : protocol == VDP_PROTO_TCP ? 16 : 0;
	if (sum_at && sum_at + 2 <= length) {
		field = (uint16_t)(part[sum_at] << 8 | part[sum_at + 1]);
		VDP(&expected)->version_flags |= VDP_FLAG_VERIFY;
		if (field == sum16(protocol + length, addresses, 8) && !(flags & VDP_FLAG_VERIFY)) {
			if (length >= SUMMED_MAX)
				return;
			field = (uint16_t)~sum16(0, part, length);
			field = field ? field : 0xffff;
			part[sum_at] = (uint8_t)(field >> 8);
			part[sum_at + 1] = (uint8_t)field;
		}
	}
	bit = (uint32_t)((drawn & 0xffffffff) * (length * 8) >> 32);
	part[bit / 8] ^= (uint8_t)(1 << bit % 8);
	if (field && sum_at == 6 && !part[6] && !part[7]) {
		part[6] = (uint8_t)(~field >> 8);
		part[7] = (uint8_t)~field;
	}
}

static int shaped_drop(enum vlsp_drop cause)
{
	row(OUT)->drop[cause]++;
	return TC_ACT_SHOT;
}

/* What becomes of expected, which has been counted as sent. */
static int shaped(uint8_t flags, uint8_t protocol)
{
	uint64_t base;
	bool twice, early;

	if (in.gso_size)
		return shaped_drop(VLSP_DROP_TOO_BIG);
	if (!shape.there)
		return ROUTE;
	shape.given_n = shape.n++;
	base = fate_base(shape.is.key, shape.given_n);
	if (fate_lost(&shape.is.loss, base, &shape.burst))
		return shaped_drop(VLSP_DROP_LOSS);
	twice = fate_hit(fate_of(base, FATE_DUPLICATE), shape.is.duplicate);
	early = fate_hit(fate_of(base, FATE_REORDER), shape.is.reorder);
	shape.duplicated += twice;
	shape.reordered += early;
	if (fate_hit(fate_of(base, FATE_CORRUPT), shape.is.corrupt)) {
		shape.corrupted++;
		corrupt(flags, protocol, fate_of(base, FATE_BIT));
	}
	if (!(shape.is.flags & VLSP_SHAPE_RELAY))
		return ROUTE;
	if (in.size > VLSP_FRAME_MAX)
		return shaped_drop(VLSP_DROP_OVERRUN);
	shape.given = 1 + twice;
	shape.given_flags = early ? VLSP_FRAME_EARLY : 0;
	return TC_ACT_STOLEN;
}

static enum vlsp_drop udp_fault(uint32_t at)
{
	const struct vdp_udp *udp = (const void *)(in.bytes + at);
	uint32_t length = in.size - at;
	uint16_t sum;

	if (in.size < at + sizeof(*udp) || ntohs(udp->length) != length)
		return VLSP_DROP_LENGTH;
	sum = sum16(VDP_PROTO_UDP + length, &VDP(&in)->src, 8);
	if (!udp->checksum ||
	    (ntohs(udp->checksum) == sum && !(VDP(&in)->version_flags & VDP_FLAG_VERIFY)))
		return VLSP_DROP_CAUSES;
	return length < SUMMED_MAX && sum16(sum, udp, length) == 0xffff ? VLSP_DROP_CAUSES
									: VLSP_DROP_CHECKSUM;
}

/* TCP's is looked at only where a link has changed something. */
static enum vlsp_drop tcp_fault(uint32_t at)
{
	uint32_t length = in.size - at;
	uint16_t sum = sum16(VDP_PROTO_TCP + length, &VDP(&in)->src, 8);

	return length < SUMMED_MAX && sum16(sum, in.bytes + at, length) == 0xffff
		       ? VLSP_DROP_CAUSES
		       : VLSP_DROP_CHECKSUM;
}

/* Options are ours or padding. */
static bool options_ok(const uint8_t *options)
{
	static const uint8_t padding[VDP_META_LEN] = {1, 1, 1, 1, 1, 1, 1, 1,
						      1, 1, 1, 1, 1, 1, 1, 1};

	return (memcmp(options, "\x44\x10\x11", 3) == 0 && memcmp(options + 4, "VLSP", 4) == 0) ||
	       memcmp(options, padding, sizeof(padding)) == 0;
}

static enum vlsp_drop fault(void)
{
	uint8_t flags = VDP(&in)->version_flags;
	uint32_t at = flags & VDP_FLAG_OPTIONS ? META_END : NET_END;
	enum vlsp_drop cause = VLSP_DROP_CAUSES;

	if (in.size < at)
		return VLSP_DROP_LENGTH;
	if (!(flags & VDP_FLAG_FRAGMENT) && VDP(&in)->protocol == VDP_PROTO_UDP)
		cause = udp_fault(at);
	else if (!(flags & VDP_FLAG_FRAGMENT) && VDP(&in)->protocol == VDP_PROTO_TCP &&
		 flags & VDP_FLAG_VERIFY)
		cause = tcp_fault(at);
	if (cause == VLSP_DROP_CAUSES && at == META_END && !options_ok(in.bytes + NET_END))
		return VLSP_DROP_UNSUPPORTED;
	return cause;
}

static int foretell_control(void)
{
	if (in.size < ETH_HLEN + VDP_HLEN)
		return refused(VLSP_DROP_LENGTH, TC_ACT_SHOT);
	if (UDP(&in)->sport != htons(VDP_CTL_HELLO)) {
		rx(IN);
		return TC_ACT_OK;
	}
	if (in.size < ETH_HLEN + VDP_HLEN + sizeof(struct vdp_hello))
		return refused(VLSP_DROP_LENGTH, TC_ACT_SHOT);
	rx(IN);
	return TC_ACT_SHOT;
}

/* Behind functions. */
static int foretell_hop(void)
{
	const struct vdp_hdr *vdp = VDP(&in);
	uint32_t by;

	if (ntohl(vdp->dst) == ADDR(1)) {
		if (fault() != VLSP_DROP_CAUSES)
			return refused(fault(), TC_ACT_SHOT);
		came();
		rx(EDGE);
		return ROUTE;
	}
	if (vdp->ttl <= 1)
		return refused(VLSP_DROP_TTL, TC_ACT_OK);
	by = way(ntohl(vdp->dst));
	if (!by)
		return refused(VLSP_DROP_NO_ROUTE, TC_ACT_OK);
	if (!usable(by))
		return refused(VLSP_DROP_DOWN, TC_ACT_SHOT);
	came();
	if (out_flags & VLSP_PORT_SILENT) {
		row(OUT)->drop[VLSP_DROP_SILENT]++;
		return TC_ACT_SHOT;
	}
	tx(OUT);
	VDP(&expected)->ttl--;
	return out_flags & VLSP_PORT_SHAPED ? shaped(vdp->version_flags, vdp->protocol) : ROUTE;
}

static int foretell_in(void)
{
	const struct vdp_hdr *vdp = VDP(&in);
	uint8_t flags = vdp->version_flags;
	enum vlsp_drop cause;

	if (in_flags & VLSP_PORT_SILENT) {
		row(IN)->drop[VLSP_DROP_SILENT]++;
		return TC_ACT_SHOT;
	}
	if (ETH(&in)->h_proto != htons(VDP_ETHERTYPE))
		return TC_ACT_UNSPEC;
	if (!(in_flags & VLSP_PORT_VALID))
		return refused(VLSP_DROP_DOWN, TC_ACT_SHOT);
	if (in.size < ETH_HLEN + VDP_NET_HLEN)
		return refused(VLSP_DROP_LENGTH, TC_ACT_SHOT);
	if (vdp->version_flags >> 4 != VDP_VERSION)
		return refused(VLSP_DROP_VERSION, TC_ACT_SHOT);
	if (vdp->protocol == VDP_PROTO_CONTROL)
		return foretell_control();
	cause = look_meet(false, flags & VDP_FLAG_OPTIONS ? META_END : NET_END,
			  flags & VDP_FLAG_FRAGMENT);
	if (cause != VLSP_DROP_CAUSES)
		return refused(cause, TC_ACT_SHOT);
	if (!look.taken)
		return foretell_hop();
	came();
	return TC_ACT_STOLEN;
}

static bool of_network(uint32_t address)
{
	return address >> 16 == ADDR(0) >> 16;
}

/* What a router's programs have sent, behind functions. */
static int foretell_first(uint32_t edge, uint32_t src, uint32_t dst, uint8_t flags,
			  uint8_t protocol)
{
	uint32_t by = src == ADDR(1) ? way(dst) : 0;

	if (!by) {
		row(edge)->drop[VLSP_DROP_NO_ROUTE]++;
		return ROUTE;
	}
	if (!usable(by)) {
		row(edge)->drop[VLSP_DROP_DOWN]++;
		return TC_ACT_SHOT;
	}
	if (out_flags & VLSP_PORT_SILENT) {
		row(OUT)->drop[VLSP_DROP_SILENT]++;
		return TC_ACT_SHOT;
	}
	tx(OUT);
	return out_flags & VLSP_PORT_SHAPED ? shaped(flags, protocol) : ROUTE;
}

static int foretell_out(bool *ret_translated)
{
	const struct iphdr *ip = IP(&in);
	uint32_t src = ntohl(ip->saddr), dst = ntohl(ip->daddr), edge;
	enum vlsp_drop cause = VLSP_DROP_CAUSES;
	uint8_t flags = ntohs(ip->frag_off) & 0x3fff ? VDP_FLAG_FRAGMENT : 0;
	bool options;

	if (ETH(&in)->h_proto != htons(ETH_P_IP) || in.size < ETH_HLEN + VDP_NET_HLEN)
		return TC_ACT_UNSPEC;
	if (!of_network(dst) || src == dst || !of_network(src))
		return TC_ACT_UNSPEC;
	if (src < ADDR(1) || src > ADDR(3))
		return TC_ACT_SHOT;
	edge = EDGE - 1 + (src & 0xffff);
	if (edge > EDGE + 1) /* router 3: its edge is not watched */
		return 0xff;
	options = in.bytes[ETH_HLEN] == 0x49 && in.size >= META_END &&
		  options_ok(in.bytes + NET_END);
	if ((in.bytes[ETH_HLEN] != 0x45 && !options) || ip->protocol == VDP_PROTO_CONTROL) {
		row(edge)->drop[VLSP_DROP_UNSUPPORTED]++;
		return TC_ACT_SHOT;
	}
	if (in.size - ETH_HLEN > VDP_MTU && !in.gso_size) {
		row(edge)->drop[VLSP_DROP_TOO_BIG]++;
		return TC_ACT_SHOT;
	}
	if (in.gso_size && real)
		return TC_ACT_UNSPEC;
	*ret_translated = true;
	tx(edge);
	if (src == ADDR(1))
		cause = look_meet(true, ETH_HLEN + ip->ihl * 4, flags);
	if (cause != VLSP_DROP_CAUSES) {
		row(edge)->drop[cause]++;
		return TC_ACT_SHOT;
	}
	if (look.taken)
		return TC_ACT_STOLEN;
	return foretell_first(edge, src, dst, flags | (options ? VDP_FLAG_OPTIONS : 0),
			      ip->protocol);
}

#endif
