// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BPF programs against what they should do: frames that are right, nearly right or noise go
 * through vlsp_in and vlsp_out by BPF_PROG_TEST_RUN, and verdict, frame and counters must be those
 * that the rules below, written once more from Documentation/wire.md, foretell. Deterministic by
 * seed. fuzz_bpf [-runs=N] [-max_total_time=SECONDS] [-seed=N]; other options are ignored, so that
 * tests/fuzz/run can call it as it calls the other targets. Exit status 77: not possible here.
 */
#include <time.h>

#include "lib/base/bpfring.h"
#include "include/shared/fate.h"
#include "tests/bpf/generate.h"

#define RUNS_DEF     200000
#define STATE_ROUNDS 512 /* frames between two changes of ports and routes */
#define BESIDE	     102 /* a port that nothing may touch */
#define NET_END	     (ETH_HLEN + VDP_NET_HLEN)
#define META_END     (NET_END + VDP_META_LEN)
#define SUMMED_MAX   1664 /* bytes; checksums of more are not verified */

static const uint32_t watched[] = {IN, OUT, EDGE, EDGE + 1, BESIDE};
#define WATCHED COUNT(watched)

static uint64_t seed = 1;
static struct bpfring *ring;
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

/* --- what should happen ------------------------------------------------------------------------
 */

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

static int refused(enum vlsp_drop cause, int verdict)
{
	rx(IN);
	row(IN)->drop[cause]++;
	return verdict;
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

static int foretell_in(void)
{
	const struct vdp_hdr *vdp = VDP(&in);
	uint32_t by;

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
	if (ntohl(vdp->dst) == ADDR(1)) {
		if (fault() != VLSP_DROP_CAUSES)
			return refused(fault(), TC_ACT_SHOT);
		rx(IN);
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
	rx(IN);
	if (out_flags & VLSP_PORT_SILENT) {
		row(OUT)->drop[VLSP_DROP_SILENT]++;
		return TC_ACT_SHOT;
	}
	tx(OUT);
	VDP(&expected)->ttl--;
	return out_flags & VLSP_PORT_SHAPED ? shaped(vdp->version_flags, vdp->protocol) : ROUTE;
}

static bool of_network(uint32_t address)
{
	return address >> 16 == ADDR(0) >> 16;
}

static int foretell_out(bool *ret_translated)
{
	const struct iphdr *ip = IP(&in);
	uint32_t src = ntohl(ip->saddr), dst = ntohl(ip->daddr), edge, by;
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
	by = src == ADDR(1) ? way(dst) : 0;
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
	if (out_flags & VLSP_PORT_SHAPED)
		return shaped(flags | (options ? VDP_FLAG_OPTIONS : 0), ip->protocol);
	return ROUTE;
}

/* --- what happens ------------------------------------------------------------------------------
 */

static void check_counters(void)
{
	for (size_t i = 0; i < WATCHED; i++) {
		struct vlsp_count is = count(watched[i]);

		CHECK(memcmp(&is, &want[i], sizeof(is)) == 0);
	}
}

/* What follows the translated header is as it was, and the length too. */
static void check_rest(void)
{
	CHECK(out.size == in.size);
	CHECK(memcmp(out.bytes + NET_END, expected.bytes + NET_END, in.size - NET_END) == 0);
	CHECK(memcmp(ETH(&out)->h_source, ETH(&in)->h_source, ETH_ALEN) == 0);
}

static void check_delivered(void)
{
	static const uint8_t zeros[ETH_ALEN];
	const struct vdp_hdr *vdp = VDP(&in);
	const struct iphdr *ip = IP(&out);
	uint32_t fragment = vdp->version_flags & VDP_FLAG_FRAGMENT ? ntohl(vdp->stamp) : 0x4000;

	if (vdp->version_flags & VDP_FLAG_OPTIONS && in.bytes[NET_END] == VDP_META_TYPE) {
		struct vdp_meta *meta = (void *)(expected.bytes + NET_END);

		meta->flow = vdp->flow;
		meta->stamp = vdp->version_flags & VDP_FLAG_FRAGMENT ? 0 : vdp->stamp;
	}
	check_rest();
	CHECK(ETH(&out)->h_proto == htons(ETH_P_IP));
	CHECK(memcmp(ETH(&out)->h_dest, zeros, ETH_ALEN) == 0);
	CHECK(out.bytes[ETH_HLEN] == (vdp->version_flags & VDP_FLAG_OPTIONS ? 0x49 : 0x45));
	CHECK(sum16(0, ip, ip->ihl * 4) == 0xffff);
	CHECK(ntohs(ip->tot_len) == in.size - ETH_HLEN && ip->tos == vdp->tclass);
	CHECK(ip->saddr == vdp->src && ip->daddr == vdp->dst && ip->ttl == vdp->ttl);
	CHECK(ip->protocol == vdp->protocol);
	CHECK(ntohs(ip->id) == fragment >> 16 && ntohs(ip->frag_off) == (fragment & 0xffff));
}

static void check_translated(void)
{
	const struct iphdr *ip = IP(&in);
	const struct vdp_hdr *vdp = VDP(&out);
	bool fragment = ntohs(ip->frag_off) & 0x3fff;
	uint32_t asked = 0;
	/* expected has the mark where it would be: the rest of that byte is IPv4's */
	int verify = shape.changed ? VDP(&expected)->version_flags & VDP_FLAG_VERIFY : 0;

	check_rest();
	CHECK(ETH(&out)->h_proto == htons(VDP_ETHERTYPE) && vdp->flow);
	CHECK(vdp->version_flags == (VDP_VERSION << 4 | (fragment ? VDP_FLAG_FRAGMENT : 0) |
				     verify | (ip->ihl == 9 ? VDP_FLAG_OPTIONS : 0)));
	if (ip->ihl == 9 && in.bytes[NET_END] == VDP_META_TYPE)
		asked = ((const struct vdp_meta *)(in.bytes + NET_END))->flow;
	if (asked)
		CHECK(vdp->flow == asked);
	CHECK(vdp->src == ip->saddr && vdp->dst == ip->daddr && vdp->ttl == ip->ttl);
	CHECK(vdp->protocol == ip->protocol && vdp->tclass == ip->tos);
	if (fragment)
		CHECK(ntohl(vdp->stamp) >> 16 == ntohs(ip->id) &&
		      (ntohl(vdp->stamp) & 0xffff) == ntohs(ip->frag_off));
}

/* The relay has got the frame, once or twice, and nothing else. */
static void check_given(void)
{
	uint32_t size = 0;

	for (uint32_t i = 0; i < shape.given; i++) {
		const struct vlsp_frame *frame = bpfring_peek(ring, &size);

		CHECK(frame && size >= sizeof(*frame) + frame->length);
		CHECK(frame->length == out.size && frame->n == shape.given_n);
		CHECK(frame->flags == (shape.given_flags | (i ? VLSP_FRAME_COPY : 0)));
		CHECK(frame->port == OUT && frame->slot == 1);
		CHECK(frame->shape.key == shape.is.key && frame->shape.rate == shape.is.rate);
		CHECK(memcmp(frame->data, out.bytes, out.size) == 0);
		bpfring_next(ring);
	}
	CHECK(!bpfring_peek(ring, &size) && bpfring_empty(ring));
}

static void try_in(void)
{
	uint64_t delivered = row(EDGE)->rx_packets;
	int verdict = foretell_in();

	run(bld_prog_in(bld), IN, &in, &out);
	CHECK(out.verdict == verdict);
	if (row(EDGE)->rx_packets != delivered)
		check_delivered();
	else
		CHECK(out.size == in.size && memcmp(out.bytes, expected.bytes, in.size) == 0);
}

static void try_out(void)
{
	bool translated = false;
	int verdict = foretell_out(&translated);

	run(bld_prog_out(bld), 1, &in, &out);
	if (verdict == 0xff)
		return;
	CHECK(out.verdict == verdict);
	if (translated)
		check_translated();
	else
		CHECK(out.size == in.size && memcmp(out.bytes, in.bytes, in.size) == 0);
}

/* --- state --------------------------------------------------------------------------------------
 */

static uint32_t probability(void)
{
	return one_in(3) ? 0 : one_in(6) ? FATE_ALWAYS : draw(UINT32_MAX);
}

static void change_shape(void)
{
	struct vlsp_shape next = {
		.key = 1 + draw(2),
		.rate = draw(1000),
		.loss = {probability(), one_in(2) ? probability() : 0, probability(),
			 probability()},
		.duplicate = probability(),
		.corrupt = probability(),
		.reorder = probability(),
		.flags = one_in(2) ? VLSP_SHAPE_RELAY : 0,
		.link = 7,
	};
	bool anew = one_in(3);
	struct vlsp_fate is;

	if (shape.there && bld_fate_read(bld, OUT, &is) == 0)
		CHECK(is.duplicated == shape.duplicated && is.corrupted == shape.corrupted &&
		      is.reordered == shape.reordered);
	if (one_in(8)) {
		bld_shape_del(bld, OUT);
		memset(&shape, 0, sizeof(shape));
		return;
	}
	if (!shape.there || next.key != shape.is.key || anew)
		shape.burst = 0, shape.n = 0;
	CHECK(bld_shape_set(bld, OUT, &next, anew) == 0);
	shape.there = true;
	shape.is = next;
}

static void change_state(void)
{
	static const uint32_t flags[] = {VLSP_PORT_VALID,
					 VLSP_PORT_VALID,
					 VLSP_PORT_VALID,
					 VLSP_PORT_VALID | VLSP_PORT_SHAPED,
					 VLSP_PORT_VALID | VLSP_PORT_SHAPED,
					 VLSP_PORT_VALID | VLSP_PORT_QUEUE,
					 VLSP_PORT_VALID | VLSP_PORT_SHAPED | VLSP_PORT_QUEUE,
					 VLSP_PORT_SILENT | VLSP_PORT_VALID | VLSP_PORT_SHAPED,
					 VLSP_PORT_VALID | VLSP_PORT_SILENT,
					 0};
	struct vlsp_hello hello = {0};
	uint32_t beside = BESIDE;

	if (bpf_map_lookup_elem(bld_map_hello(bld), &beside, &hello) == 0)
		CHECK(!hello.seen_ns && !hello.heard_ns && !hello.epoch);
	/* a port that was not in use starts anew */
	if (!(in_flags & VLSP_PORT_VALID))
		memset(row(IN), 0, sizeof(*row(IN)));
	if (!(out_flags & VLSP_PORT_VALID))
		memset(row(OUT), 0, sizeof(*row(OUT)));
	in_flags = flags[draw(COUNT(flags))];
	out_flags = flags[draw(COUNT(flags))];
	real = one_in(4);
	change_shape();
	CHECK(bld_real_set(bld, real) == 0);
	out_port = one_in(8) ? 0 : one_in(8) ? 5000 : OUT;
	port(IN, 1, in_flags);
	port(OUT, 1, out_flags);
	route(1, 2, out_port);
	if (bld_settle(bld) < 0)
		complain("bld_settle");
}

static uint64_t number(const char *text, const char *name, uint64_t otherwise)
{
	size_t n = strlen(name);

	return strncmp(text, name, n) == 0 ? strtoull(text + n, NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	uint64_t most = RUNS_DEF, seconds = 0;
	time_t end;

	for (int i = 1; i < argc; i++) {
		most = number(argv[i], "-runs=", most);
		seconds = number(argv[i], "-max_total_time=", seconds);
		seed = number(argv[i], "-seed=", seed);
		if (strncmp(argv[i], "-max_total_time=", 16) == 0)
			most = UINT64_MAX;
	}
	if (harness_open(NULL) < 0)
		return 1;
	if (why_not) {
		printf("fuzz_bpf: skipped: %s\n", why_not);
		return 77;
	}
	if (harness_reset(NULL) < 0 || bpfring_open(bld_ring_need(bld), &ring) < 0)
		return 1;
	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
	end = time(NULL) + (time_t)seconds;
	for (runs = 0; runs < most; runs++) {
		if (runs % STATE_ROUNDS == 0) {
			if (seconds && time(NULL) >= end)
				break;
			change_state();
		}
		make(runs % 2);
		expected = in;
		shape.changed = false;
		shape.given = 0;
		if (runs % 2)
			try_out();
		else
			try_in();
		check_given();
		check_counters();
	}
	bpfring_close(ring);
	harness_close(NULL);
	printf("stat::number_of_executed_units: %llu\n", (unsigned long long)runs);
	return 0;
}
