// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BPF programs against what they should do: frames that are right, nearly right or noise go
 * through vlsp_in and vlsp_out by BPF_PROG_TEST_RUN, and verdict, frame and counters must be those
 * that the rules below, written once more from Documentation/wire.md, foretell. Deterministic by
 * seed. fuzz_bpf [-runs=N] [-max_total_time=SECONDS] [-seed=N]; other options are ignored, so that
 * tests/fuzz/run can call it as it calls the other targets. Exit status 77: not possible here.
 */
#include <time.h>

#include "tests/bpf/frames.h"

#define RUNS_DEF     200000
#define STATE_ROUNDS 512 /* frames between two changes of ports and routes */
#define SIZE_MAX_IN  1700
#define BESIDE	     102 /* a port that nothing may touch */

static const uint32_t watched[] = {IN, OUT, EDGE, EDGE + 1, BESIDE};
#define WATCHED (sizeof(watched) / sizeof(watched[0]))

static uint64_t seed = 1, random_state;
static struct frame in, out;
static uint32_t in_flags, out_flags, out_port; /* out_port: of the route to router 2; 0: none */
static struct vlsp_count want[WATCHED];
static uint64_t runs;

static uint32_t draw(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % below;
}

static bool one_in(uint32_t n)
{
	return draw(n) == 0;
}

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

static enum vlsp_drop udp_fault(void)
{
	uint32_t length = in.size - ETH_HLEN - VDP_NET_HLEN;
	uint16_t sum;

	if (in.size < ETH_HLEN + VDP_HLEN || ntohs(UDP(&in)->length) != length)
		return VLSP_DROP_LENGTH;
	sum = pseudo_sum(&in);
	if (!UDP(&in)->checksum || ntohs(UDP(&in)->checksum) == sum)
		return VLSP_DROP_CAUSES;
	return sum16(sum, UDP(&in), length) == 0xffff ? VLSP_DROP_CAUSES : VLSP_DROP_CHECKSUM;
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

static int foretell_in(struct frame *expected)
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
		if (vdp->protocol == VDP_PROTO_UDP && !(vdp->version_flags & VDP_FLAG_FRAGMENT) &&
		    udp_fault() != VLSP_DROP_CAUSES)
			return refused(udp_fault(), TC_ACT_SHOT);
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
	VDP(expected)->ttl--;
	return ROUTE;
}

static bool of_network(uint32_t address)
{
	return address >> 16 == ADDR(0) >> 16;
}

static int foretell_out(bool *ret_translated)
{
	const struct iphdr *ip = IP(&in);
	uint32_t src = ntohl(ip->saddr), dst = ntohl(ip->daddr), edge, by;

	if (ETH(&in)->h_proto != htons(ETH_P_IP) || in.size < ETH_HLEN + VDP_NET_HLEN)
		return TC_ACT_UNSPEC;
	if (!of_network(dst) || src == dst || !of_network(src))
		return TC_ACT_UNSPEC;
	if (src < ADDR(1) || src > ADDR(3))
		return TC_ACT_SHOT;
	edge = EDGE - 1 + (src & 0xffff);
	if (edge > EDGE + 1) /* router 3: its edge is not watched */
		return 0xff;
	if (in.bytes[ETH_HLEN] != 0x45 || ip->protocol == VDP_PROTO_CONTROL) {
		row(edge)->drop[VLSP_DROP_UNSUPPORTED]++;
		return TC_ACT_SHOT;
	}
	if (in.size - ETH_HLEN > VDP_MTU && !in.gso_size) {
		row(edge)->drop[VLSP_DROP_TOO_BIG]++;
		return TC_ACT_SHOT;
	}
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
	CHECK(memcmp(out.bytes + ETH_HLEN + VDP_NET_HLEN, in.bytes + ETH_HLEN + VDP_NET_HLEN,
		     in.size - ETH_HLEN - VDP_NET_HLEN) == 0);
	CHECK(memcmp(ETH(&out)->h_source, ETH(&in)->h_source, ETH_ALEN) == 0);
}

static void check_delivered(void)
{
	static const uint8_t zeros[ETH_ALEN];
	const struct vdp_hdr *vdp = VDP(&in);
	const struct iphdr *ip = IP(&out);
	uint32_t fragment = vdp->version_flags & VDP_FLAG_FRAGMENT ? ntohl(vdp->stamp) : 0x4000;

	check_rest();
	CHECK(ETH(&out)->h_proto == htons(ETH_P_IP));
	CHECK(memcmp(ETH(&out)->h_dest, zeros, ETH_ALEN) == 0);
	CHECK(sum16(0, ip, sizeof(*ip)) == 0xffff && out.bytes[ETH_HLEN] == 0x45);
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

	check_rest();
	CHECK(ETH(&out)->h_proto == htons(VDP_ETHERTYPE) && vdp->flow);
	CHECK(vdp->version_flags == (VDP_VERSION << 4 | (fragment ? VDP_FLAG_FRAGMENT : 0)));
	CHECK(vdp->src == ip->saddr && vdp->dst == ip->daddr && vdp->ttl == ip->ttl);
	CHECK(vdp->protocol == ip->protocol && vdp->tclass == ip->tos);
	if (fragment)
		CHECK(ntohl(vdp->stamp) >> 16 == ntohs(ip->id) &&
		      (ntohl(vdp->stamp) & 0xffff) == ntohs(ip->frag_off));
}

static void try_in(void)
{
	static struct frame expected;
	uint64_t delivered = row(EDGE)->rx_packets;
	int verdict;

	expected.size = in.size;
	memcpy(expected.bytes, in.bytes, in.size);
	verdict = foretell_in(&expected);
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

/* --- frames ------------------------------------------------------------------------------------
 */

static uint32_t address(void)
{
	static const uint32_t usual[] = {ADDR(1),      ADDR(2),	   ADDR(2),    ADDR(3), ADDR(9),
					 ADDR(0xffff), 0x0b000001, 0x7f000001, 0,	0xffffffff};

	return one_in(20) ? draw(UINT32_MAX) : usual[draw(sizeof(usual) / sizeof(usual[0]))];
}

static void make_control(void)
{
	vdp_frame(&in, ADDR(2), ADDR(1), draw(40));
	VDP(&in)->protocol = VDP_PROTO_CONTROL;
	VDP(&in)->ttl = 1;
	UDP(&in)->sport = htons((uint16_t)draw(5));
	UDP(&in)->dport = 0;
}

/* Something right, of which some bytes are others and the end is elsewhere, as often as not. */
static void make(bool ip)
{
	if (ip)
		ipv4_frame(&in, one_in(4) ? address() : ADDR(1), address(), draw(200));
	else if (one_in(6))
		make_control();
	else
		vdp_frame(&in, address(), address(), draw(200));
	if (!ip && one_in(8))
		VDP(&in)->version_flags |= VDP_FLAG_FRAGMENT;
	if (!ip && one_in(8))
		VDP(&in)->ttl = (uint8_t)draw(3);
	if (!ip && one_in(8))
		VDP(&in)->protocol = one_in(2) ? VDP_PROTO_TCP : VDP_PROTO_ICMP;
	if (ip && one_in(20))
		IP(&in)->protocol = one_in(2) ? VDP_PROTO_CONTROL : (uint8_t)draw(256);
	if (one_in(10)) /* as a stack leaves it to the device */
		UDP(&in)->checksum = htons(pseudo_sum(&in));
	for (uint32_t n = one_in(2) ? draw(4) : 0; n > 0; n--)
		in.bytes[one_in(3) ? draw(in.size) : draw(ETH_HLEN + VDP_HLEN)] = (uint8_t)draw(
			256);
	if (one_in(8))
		in.size = ETH_HLEN + 1 + draw(60);
	else if (one_in(40))
		in.size = ETH_HLEN + 1 + draw(SIZE_MAX_IN);
	if (one_in(12))
		UDP(&in)->checksum = 0; /* none was made: allowed */
	if (in.size >= ETH_HLEN + VDP_HLEN && one_in(6)) {
		UDP(&in)->length = htons((uint16_t)(in.size - ETH_HLEN - VDP_NET_HLEN));
		if (one_in(2))
			set_checksum(&in);
	}
	in.gso_size = one_in(10) ? 1 + draw(1400) : 0;
	if (one_in(200))
		for (uint32_t i = 0; i < in.size; i++)
			in.bytes[i] = (uint8_t)draw(256);
	/* BPF_PROG_TEST_RUN takes no shorter ones (Linux 6.18) */
	if (ETH(&in)->h_proto == htons(ETH_P_IP) && in.size < ETH_HLEN + sizeof(struct iphdr))
		in.size = ETH_HLEN + sizeof(struct iphdr);
	if (ETH(&in)->h_proto == htons(ETH_P_IPV6) && in.size < ETH_HLEN + 40)
		in.size = ETH_HLEN + 40;
}

static void change_state(void)
{
	static const uint32_t flags[] = {VLSP_PORT_VALID,
					 VLSP_PORT_VALID,
					 VLSP_PORT_VALID,
					 VLSP_PORT_VALID | VLSP_PORT_QUEUE,
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
	in_flags = flags[draw(6)];
	out_flags = flags[draw(6)];
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
	if (harness_reset(NULL) < 0)
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
		if (runs % 2)
			try_out();
		else
			try_in();
		check_counters();
	}
	harness_close(NULL);
	printf("stat::number_of_executed_units: %llu\n", (unsigned long long)runs);
	return 0;
}
