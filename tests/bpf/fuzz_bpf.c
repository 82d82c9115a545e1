// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BPF programs against what they should do: frames that are right, nearly right or noise go
 * through vlsp_in and vlsp_out by BPF_PROG_TEST_RUN, and verdict, frame and counters must be those
 * that the rules of foretell.h foretell. Deterministic by seed. fuzz_bpf [-runs=N]
 * [-max_total_time=SECONDS] [-seed=N]; other options are ignored, so that tests/fuzz/run can call
 * it as it calls the other targets. Exit status 77: not possible here.
 */
#include <time.h>

#include "tests/bpf/foretell.h"

#define RUNS_DEF     200000
#define STATE_ROUNDS 512 /* frames between two changes of ports and routes */

static struct bpfring *ring;
static bool tapped;

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

static void check_hop(uint64_t delivered)
{
	if (row(EDGE)->rx_packets != delivered)
		check_delivered();
	else
		CHECK(out.size == in.size && memcmp(out.bytes, expected.bytes, in.size) == 0);
}

/* A function gives back what it has taken; it came by port. */
static void give_back(uint32_t number)
{
	const struct vlsp_fn_frame *frame;
	const struct vlsp_resume *head;
	uint64_t delivered = row(EDGE)->rx_packets;
	uint32_t size = 0;
	int verdict;

	frame = bpfring_peek(look.ring, &size);
	CHECK(frame && frame->length == out.size && size >= sizeof(*frame) + frame->length);
	head = (const void *)frame->data;
	CHECK(frame->port == number && frame->slot == 1 && head->at == 1);
	CHECK(memcmp(frame->data + ETH_HLEN, out.bytes + ETH_HLEN, out.size - ETH_HLEN) == 0);
	memcpy(in.bytes, frame->data, frame->length);
	in.mark = VLSP_RESUME_MARK | frame->slot;
	bpfring_next(look.ring);
	expected = in;
	memset(expected.bytes, 0, 2 * ETH_ALEN);
	if (in.size > ETH_HLEN + VDP_MTU) {
		row(number)->drop[VLSP_DROP_TOO_BIG]++;
		verdict = TC_ACT_SHOT;
	} else if (number == IN) {
		verdict = foretell_hop();
	} else {
		verdict = foretell_first(number, ADDR(1), ntohl(VDP(&in)->dst),
					 VDP(&in)->version_flags, VDP(&in)->protocol);
	}
	run(bld_prog_out(bld), 1, &in, &out);
	in.mark = 0;
	memset(in.bytes, 0, 2 * ETH_ALEN);
	CHECK(out.verdict == verdict);
	check_hop(delivered);
}

static void try_in(void)
{
	uint64_t delivered = row(EDGE)->rx_packets;
	int verdict = foretell_in();

	run(bld_prog_in(bld), IN, &in, &out);
	CHECK(out.verdict == verdict);
	check_hop(delivered);
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

/* One frame, and if a function takes it, its way back. */
static void try_frame(bool ip)
{
	expected = in;
	shape.changed = false;
	shape.given = 0;
	look.taken = look.back = false;
	if (ip)
		try_out();
	else
		try_in();
	if (look.taken) {
		look.back = true;
		give_back(ip ? EDGE : IN);
	}
	check_given();
	check_counters();
}

static uint64_t drops(const struct vlsp_count *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < VLSP_DROP_CAUSES; i++)
		sum += c->drop[i];
	return sum;
}

/* What taps at all three ports see by counters, but for frames on IN that are not counted. */
static uint64_t taps_see(void)
{
	return row(OUT)->tx_packets + row(EDGE)->tx_packets + row(EDGE)->rx_packets +
	       drops(row(IN)) + drops(row(OUT)) + drops(row(EDGE));
}

static void check_taps(uint64_t before, bool ip)
{
	struct vlsp_tap_count is;

	if (!tapped)
		return;
	look.seen += taps_see() - before;
	if (!ip && !(in_flags & VLSP_PORT_SILENT))
		look.seen++;
	CHECK(bld_tap_count_read(bld, TAP, &is) == 0 && is.matched == look.seen);
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

/* At all three ports or none: they can be put on ports that are in use. */
static void change_taps(void)
{
	static const uint32_t ports[] = {IN, OUT, EDGE};
	uint16_t all = VLSP_TAP_RX | VLSP_TAP_TX | VLSP_TAP_DROPS;
	bool on = one_in(2) && in_flags & out_flags & VLSP_PORT_VALID;

	if (tapped && !on && !(in_flags & out_flags & VLSP_PORT_VALID))
		return; /* they stay */
	for (size_t i = 0; i < COUNT(ports); i++)
		CHECK(bld_tap_port(bld, ports[i], TAP, on ? all : 0, 64) == 0);
	tapped = on;
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
	if (look_change() < 0 || bld_settle(bld) < 0)
		complain("bld_settle");
	change_taps();
}

static uint64_t number(const char *text, const char *name, uint64_t otherwise)
{
	size_t n = strlen(name);

	return strncmp(text, name, n) == 0 ? strtoull(text + n, NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	uint64_t most = RUNS_DEF, seconds = 0, before;
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
	if (harness_reset(NULL) < 0 || bpfring_open(bld_ring_need(bld), &ring) < 0 ||
	    look_open() < 0)
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
		before = taps_see();
		try_frame(runs % 2);
		check_taps(before, runs % 2);
	}
	bpfring_close(look.ring);
	bpfring_close(ring);
	harness_close(NULL);
	printf("stat::number_of_executed_units: %llu\n", (unsigned long long)runs);
	return 0;
}
