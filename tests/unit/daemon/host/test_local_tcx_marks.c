// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A frame meets the programs twice where they are attached by tcx and by clsact, and is handled
 * once: what it says of that in tc_index (bpf/inc/again.h), on the real kernel. Each test runs with
 * tcx, and in a network that is too large for it. Traffic is from r1 over r2 to r4, or r3 in the
 * large one:
 *
 *   r1 A --- B r2 C --- D r4
 *
 * Needs root, $O/vlsp-router, $O/apps, python3, traceroute; skips with the reason otherwise.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "daemon/host/local_tcx.h"
#include "include/shared/vdp.h"
#include "lib/base/bpfring.h"
#include "tests/unit/daemon/host/app_world.h"
#include "tests/unit/daemon/host/shaped_world.h"
#include "tests/unit/daemon/host/tcx_world.h"

#define C	(PORT_1 + 4) /* link 2 is r2-r4, or r2-r3 */
#define D	(PORT_1 + 5)
#define EDGE_1	40000
#define SMALL	2
#define LARGE	6 /* 192 link ends and sides of edges */
#define TIMES	5
#define FOREIGN 0x88b6
#define KEPT	64 /* bytes of a frame that a capture takes */

static int far_away; /* number of the router behind r2 */

/* Of one that is not on the way: the other neighbour of r1. */
static int aside(void)
{
	return far_away == 4 ? 3 : LARGE + 1;
}

static void up(struct world *world, bool tcx)
{
	far_away = tcx ? 4 : 3;
	run_ok(world, grid(tcx ? SMALL : LARGE, false));
	if (tcx)
		wait_for_all(world, SMALL);
	expect(world, far_away == 4 ? "ip netns exec r1 ping -qc1 -W1 10.0.0.4 >/dev/null"
				    : "ip netns exec r1 ping -qc1 -W1 10.0.0.3 >/dev/null");
	if (!tcx)
		assert_int_equal(count_all(LARGE), 0);
}

/* --- captures ---------------------------------------------------------------------------------
 */

static struct seen_frame {
	struct vlsp_tap_frame head;
	uint8_t data[KEPT];
} seen_frames[8192];
static unsigned seen_count;

struct watch {
	struct bpfring *ring;
	uint32_t id;
};

/* From now on, what is received and dropped there. */
static struct watch watch(struct world *world, const uint32_t *ports, size_t count)
{
	const struct host_capture_ops *ops = world->host->ops->captures;
	struct host_capture capture = {.ring = 4 << 20};
	struct watch is;
	struct err err = {0};
	int fd;

	if (ops->open(world->host, &capture, &is.id, &fd, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(bpfring_open(fd, &is.ring), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(ops->tap(world->host, is.id, ports[i],
					  VLSP_TAP_RX | VLSP_TAP_DROPS, KEPT, &err),
				 0);
	return is;
}

/* Ends it; its frames are in seen_frames. */
static void look(struct world *world, struct watch *is)
{
	const struct host_capture_ops *ops = world->host->ops->captures;
	const struct vlsp_tap_frame *frame;
	struct host_capture_counts counts;
	uint32_t size;

	run_for(world, 50); /* what comes twice may come late */
	assert_int_equal(ops->counts(world->host, is->id, &counts), 0);
	assert_int_equal(counts.lost, 0);
	for (seen_count = 0; (frame = bpfring_peek(is->ring, &size)); seen_count++) {
		struct seen_frame *seen_frame = &seen_frames[seen_count];

		assert_in_range(seen_count, 0, 8191);
		*seen_frame = (struct seen_frame){.head = *frame};
		memcpy(seen_frame->data, frame->data, frame->captured);
		bpfring_next(is->ring);
	}
	bpfring_close(is->ring);
	ops->close(world->host, is->id);
}

static uint16_t type_of(const struct seen_frame *frame)
{
	return (uint16_t)(frame->data[12] << 8 | frame->data[13]);
}

/* Of those that were received at that port: EtherType, and the byte at that place, if it is not 0.
 */
static unsigned count_seen(uint32_t port, uint16_t type, unsigned at, uint8_t byte)
{
	unsigned count = 0;

	for (unsigned i = 0; i < seen_count; i++)
		count += seen_frames[i].head.what == VLSP_TAP_IS_RX &&
			 seen_frames[i].head.port == port && type_of(&seen_frames[i]) == type &&
			 (!at || seen_frames[i].data[at] == byte);
	return count;
}

static unsigned count_dropped(uint32_t port, enum vlsp_drop cause)
{
	unsigned count = 0;

	for (unsigned i = 0; i < seen_count; i++)
		count += seen_frames[i].head.what == VLSP_TAP_IS_DROP &&
			 seen_frames[i].head.port == port && seen_frames[i].head.cause == cause;
	return count;
}

static uint32_t largest_seen(uint32_t port)
{
	uint32_t largest = 0;

	for (unsigned i = 0; i < seen_count; i++)
		if (seen_frames[i].head.port == port && seen_frames[i].head.length > largest)
			largest = seen_frames[i].head.length;
	return largest;
}

static struct host_counts counts_of(struct world *world, uint32_t port)
{
	struct host_counts counts;

	assert_int_equal(world->host->ops->counts_read(world->host, &port, 1, &counts), 0);
	return counts;
}

/* --- frames that are not VDP ------------------------------------------------------------------
 */

static int packet_socket(const char *router, uint16_t type, uint32_t port)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(type), .sll_ifindex = (int)port};
	int home = enter(router), fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	leave(home);
	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (const struct sockaddr *)&at, sizeof(at)), errno);
	return fd;
}

static void send_frames(int fd, const void *frame, size_t size)
{
	for (int i = 0; i < TIMES; i++)
		assert_int_equal(send(fd, frame, size, 0), size);
}

/* How many come to that socket, with that byte at that place. */
static unsigned received(struct world *world, int fd, unsigned at, uint8_t byte)
{
	unsigned count = 0;
	uint8_t frame[2048];
	uint64_t end = clock_mono_ns() + WAIT_NS;

	while (count < TIMES && clock_mono_ns() < end) {
		if (recv(fd, frame, sizeof(frame), 0) < 0)
			run_for(world, 10);
		else
			count += frame[at] == byte;
	}
	run_for(world, 50);
	while (recv(fd, frame, sizeof(frame), 0) >= 0)
		count += frame[at] == byte;
	close(fd);
	return count;
}

/* A question for the address of B, by one that nobody has, whose last byte is 77. */
struct question {
	struct ethhdr eth;
	struct arphdr arp;
	uint8_t from_mac[ETH_ALEN], from[4], to_mac[ETH_ALEN], to[4];
} __attribute__((packed));
static const struct question question = {
	.eth = {.h_dest = {255, 255, 255, 255, 255, 255}, .h_source = {2, 0, 0, 0, 0, 77}},
	.from_mac = {2, 0, 0, 0, 0, 77},
	.from = {192, 0, 2, 77},
	.to = {192, 0, 2, 2},
};
#define QUESTION_FROM 31 /* last byte of from: where it is in a frame */
#define ANSWER_TO     41

/* B's router answers each, once: they have reached its stack. */
static void ask_for_address(struct world *world)
{
	struct question ask = question;
	int fd = packet_socket("r1", ETH_P_ARP, A);

	ask.eth.h_proto = htons(ETH_P_ARP);
	ask.arp = (struct arphdr){.ar_hrd = htons(ARPHRD_ETHER),
				  .ar_pro = htons(ETH_P_IP),
				  .ar_hln = ETH_ALEN,
				  .ar_pln = 4,
				  .ar_op = htons(ARPOP_REQUEST)};
	send_frames(fd, &ask, sizeof(ask));
	assert_int_equal(received(world, fd, ANSWER_TO, 77), TIMES);
}

static void send_foreign(struct world *world)
{
	uint8_t frame[60] = {255, 255, 255, 255, 255, 255, 2};
	int to = packet_socket("r2", FOREIGN, B), from = packet_socket("r1", FOREIGN, A);

	frame[12] = FOREIGN >> 8;
	frame[13] = FOREIGN & 255;
	frame[14] = 77;
	send_frames(from, frame, sizeof(frame));
	close(from);
	assert_int_equal(received(world, to, 14, 77), TIMES);
}

/* All at once; each is answered, and once. */
static void ping(const char *from, const char *to)
{
	assert_int_equal(shell("cd /run; ip netns exec %s ping -n -c %d -l %d -i 5 -W 5 %s"
			       " >answers 2>&1;"
			       " { ! grep -q DUP answers && grep -q ' %d received' answers; } ||"
			       " { cat answers >&2; false; }",
			       from, TIMES, TIMES, to, TIMES),
			 0);
}

static void addresses(void)
{
	assert_int_equal(shell("ip -n r1 addr add 192.0.2.1/24 dev to-r2 &&"
			       " ip -n r2 addr add 192.0.2.2/24 dev to-r1"),
			 0);
}

static bool has_ipv6(void)
{
	return access("/proc/sys/net/ipv6/conf", F_OK) == 0;
}

static void foreign_frames(struct world *world)
{
	const uint32_t ports[] = {B};
	struct watch at;

	addresses();
	if (has_ipv6())
		assert_int_equal(shell("ip -n r1 addr add 2001:db8::1/64 dev to-r2 nodad &&"
				       " ip -n r2 addr add 2001:db8::2/64 dev to-r1 nodad"),
				 0);
	at = watch(world, ports, 1);
	ping("r1", "192.0.2.2");
	if (has_ipv6())
		ping("r1", "2001:db8::2");
	ask_for_address(world);
	send_foreign(world);
	ping("r1", "10.0.0.2");
	look(world, &at);
	assert_int_equal(count_seen(B, ETH_P_IP, ETH_HLEN + 20, ICMP_ECHO), TIMES);
	if (has_ipv6())
		assert_int_equal(count_seen(B, ETH_P_IPV6, ETH_HLEN + 40, ICMP6_ECHO_REQUEST),
				 TIMES);
	assert_int_equal(count_seen(B, ETH_P_ARP, QUESTION_FROM, 77), TIMES);
	assert_int_equal(count_seen(B, FOREIGN, 14, 77), TIMES);
	assert_int_equal(count_seen(B, VDP_ETHERTYPE, ETH_HLEN + 2, IPPROTO_ICMP), TIMES);
}

/* What the router's kernel sends on comes by another port, and is seen there, too. */
static void foreign_frames_that_go_on(struct world *world)
{
	const uint32_t ports[] = {B, D};
	struct watch at;

	addresses();
	assert_int_equal(shell("ip -n r2 addr add 198.51.100.2/24 dev to-r%d &&"
			       " ip -n r%d addr add 198.51.100.4/24 dev to-r2 &&"
			       " ip -n r1 route add 198.51.100.0/24 via 192.0.2.2 &&"
			       " ip -n r%d route add 192.0.2.0/24 via 198.51.100.2 &&"
			       " ip netns exec r2 sysctl -qw net.ipv4.ip_forward=1",
			       far_away, far_away, far_away),
			 0);
	at = watch(world, ports, 2);
	ping("r1", "198.51.100.4");
	look(world, &at);
	assert_int_equal(count_seen(B, ETH_P_IP, ETH_HLEN + 20, ICMP_ECHO), TIMES);
	assert_int_equal(count_seen(D, ETH_P_IP, ETH_HLEN + 20, ICMP_ECHO), TIMES);
}

/* --- large segments --------------------------------------------------------------------------- */

#define BYTES	 (4u << 20)
#define TCP_PORT 5001

struct flow {
	int from, to;
};

static int tcp_socket(const char *router)
{
	int home = enter(router), fd = socket(AF_INET, SOCK_STREAM, 0);

	leave(home);
	assert_return_code(fd, errno);
	return fd;
}

/* A connection from r1 to the far router. */
static struct flow flow_open(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(TCP_PORT),
				 .sin_addr.s_addr = htonl(NETWORK + (uint32_t)far_away)};
	char name[8];
	struct flow flow = {.from = tcp_socket("r1")};
	int listener, on = 1;

	snprintf(name, sizeof(name), "r%d", far_away);
	listener = tcp_socket(name);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_return_code(bind(listener, (struct sockaddr *)&to, sizeof(to)), errno);
	assert_return_code(listen(listener, 1), errno);
	assert_return_code(connect(flow.from, (struct sockaddr *)&to, sizeof(to)), errno);
	flow.to = accept(listener, NULL, NULL);
	assert_return_code(flow.to, errno);
	close(listener);
	return flow;
}

/* Sends BYTES, which arrive as they are. */
static void flow_send(struct world *world, const struct flow *flow)
{
	static uint8_t sent[BYTES], got[BYTES];
	size_t out = 0, in = 0;
	uint64_t end = clock_mono_ns() + WAIT_NS;

	for (size_t i = 0; i < BYTES; i++)
		sent[i] = (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
	while (in < BYTES) {
		ssize_t w = send(flow->from, sent + out, BYTES - out, MSG_DONTWAIT);
		ssize_t r = recv(flow->to, got + in, BYTES - in, MSG_DONTWAIT);

		out += w > 0 ? (size_t)w : 0;
		in += r > 0 ? (size_t)r : 0;
		if (w <= 0 && r <= 0)
			run_for(world, 1);
		if (clock_mono_ns() > end)
			fail_msg("%zu of %u bytes have arrived", in, BYTES);
	}
	assert_memory_equal(sent, got, BYTES);
}

static void flow_close(const struct flow *flow)
{
	close(flow->from);
	close(flow->to);
}

/* The size of the largest frame of a flow at B; each is in at most as many bytes as TCP needs. */
static uint32_t largest_of_flow(struct world *world, const struct flow *flow)
{
	const uint32_t ports[] = {B};
	struct watch at = watch(world, ports, 1);

	flow_send(world, flow);
	look(world, &at);
	return largest_seen(B);
}

static void segments_that_a_function_wants(struct world *world)
{
	struct host_app_function f;
	struct flow flow;
	struct app app;

	flow = flow_open();
	assert_true(largest_of_flow(world, &flow) > ETH_HLEN + VDP_MTU);
	flow_close(&flow);
	app_run(&app, world, 1, 1, "pass --match 'tcp dport 5001' --queue 16M");
	flow = flow_open();
	assert_int_equal(largest_of_flow(world, &flow), ETH_HLEN + VDP_MTU);
	flow_close(&flow);
	f = function_of(world, 1);
	assert_int_equal(f.dropped + f.skipped, 0);
	assert_true(f.bytes > BYTES && f.bytes < BYTES + BYTES / 8);
	assert_int_equal(counts_of(world, B).drop[VLSP_DROP_TOO_BIG], 0);
	app_end(&app, SIGTERM, LOCAL_FUNCTION_STOPPED);
	/* a function that is not on their way: they arrive as the edge has cut them */
	app_run(&app, world, 1, (uint32_t)aside() - 1, "pass --match 'tcp dport 5001'");
	flow = flow_open();
	assert_int_equal(largest_of_flow(world, &flow), ETH_HLEN + VDP_MTU);
	flow_close(&flow);
	assert_int_equal(function_of(world, 1).packets, 0);
	app_end(&app, SIGTERM, LOCAL_FUNCTION_STOPPED);
}

/* A flow that began when no link was shaped. */
static void segments_where_a_link_is_shaped(struct world *world)
{
	struct host_link link = link_of(1, 0, (uint32_t)aside() - 1);
	struct flow flow = flow_open();

	assert_true(largest_of_flow(world, &flow) > ETH_HLEN + VDP_MTU);
	put_shape(&link.shape[0], "loss 1%");
	run_ok(world, batch_links(link, '='));
	assert_int_equal(largest_of_flow(world, &flow), ETH_HLEN + VDP_MTU);
	flow_close(&flow);
}

/* --- what is for the router's process --------------------------------------------------------- */

/* Pings end at r2, whose process answers each, once; then traceroute finds both routers. */
static void answers(struct world *world)
{
	uint64_t dropped = counts_of(world, B).drop[VLSP_DROP_TTL],
		 arrived = counts_of(world, EDGE_1).rx_packets;

	assert_int_equal(shell("cd /run; ip netns exec r1 ping -n -t 1 -c %d -l %d -i 5 -W 5"
			       " 10.0.0.%d >answers 2>&1;"
			       " test $(grep -c '^From 10.0.0.2 .*Time to live exceeded' answers)"
			       " = %d || { cat answers >&2; false; }",
			       TIMES, TIMES, far_away, TIMES),
			 0);
	run_for(world, 50);
	assert_int_equal(counts_of(world, B).drop[VLSP_DROP_TTL] - dropped, TIMES);
	assert_int_equal(counts_of(world, EDGE_1).rx_packets - arrived, TIMES);
	assert_int_equal(shell("cd /run; ip netns exec r1 traceroute -n -q 1 -w 5 -m 3"
			       " 10.0.0.%d >answers 2>&1;"
			       " { grep -q '^ 1  10.0.0.2 ' answers &&"
			       " grep -q '^ 2  10.0.0.%d ' answers; } ||"
			       " { cat answers >&2; false; }",
			       far_away, far_away),
			 0);
}

/* r1's own process answers what r1 sends to where there is no way. */
static void unreachable(struct world *world)
{
	uint64_t dropped = counts_of(world, EDGE_1).drop[VLSP_DROP_NO_ROUTE];

	assert_int_equal(shell("cd /run; ip netns exec r1 ping -n -c %d -l %d -i 5 -W 5"
			       " 10.0.99.99 >answers 2>&1;"
			       " test $(grep -c '^From 10.0.0.1 .*Unreachable' answers)"
			       " = %d || { cat answers >&2; false; }",
			       TIMES, TIMES, TIMES),
			 0);
	assert_int_equal(counts_of(world, EDGE_1).drop[VLSP_DROP_NO_ROUTE] - dropped, TIMES);
}

static void what_the_process_answers(struct world *world)
{
	const uint32_t ports[] = {B, C, EDGE_1};
	struct app app, other, own;
	struct watch at;
	unsigned ended;

	answers(world);
	unreachable(world);
	at = watch(world, ports, 3);
	answers(world);
	unreachable(world);
	look(world, &at);
	assert_int_equal(count_dropped(EDGE_1, VLSP_DROP_NO_ROUTE), TIMES);
	ended = count_dropped(B, VLSP_DROP_TTL);
	assert_int_equal(ended, TIMES + 1); /* and traceroute's */

	/* back on lo, and from there to the port by which they came */
	app_run(&app, world, 1, 1, "pass --match 'icmp from to-r1'");
	app_run(&other, world, 2, 1, "pass --match 'udp from to-r1'");
	app_run(&own, world, 3, 0, "pass --match 'icmp from edge'");
	answers(world);
	unreachable(world);
	assert_int_equal(function_of(world, 1).packets, TIMES);
	assert_true(function_of(world, 2).packets >= 2);
	assert_int_equal(function_of(world, 3).packets, 2 * TIMES);
	at = watch(world, ports, 3);
	answers(world);
	unreachable(world);
	look(world, &at);
	assert_int_equal(count_dropped(B, VLSP_DROP_TTL), TIMES + 1);
	assert_int_equal(count_dropped(EDGE_1, VLSP_DROP_NO_ROUTE), TIMES);
	assert_int_equal(count_seen(B, VDP_ETHERTYPE, ETH_HLEN + 2, IPPROTO_ICMP), TIMES);
	app_end(&app, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_end(&other, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_end(&own, SIGTERM, LOCAL_FUNCTION_STOPPED);
}

/* --- each with tcx and without ---------------------------------------------------------------- */

#define BOTH(test)                                                                                 \
	static void test##_with_tcx(void **state)                                                  \
	{                                                                                          \
		struct world *world = *state;                                                      \
                                                                                                   \
		NEED(state);                                                                       \
		CAN("tcx");                                                                        \
		up(world, true);                                                                   \
		test(world);                                                                       \
	}                                                                                          \
	static void test##_without(void **state)                                                   \
	{                                                                                          \
		struct world *world = *state;                                                      \
                                                                                                   \
		NEED(state);                                                                       \
		up(world, false);                                                                  \
		test(world);                                                                       \
	}

BOTH(foreign_frames)
BOTH(foreign_frames_that_go_on)
BOTH(segments_that_a_function_wants)
BOTH(segments_where_a_link_is_shaped)
BOTH(what_the_process_answers)

#define T(test) TEST(test##_with_tcx), TEST(test##_without)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(foreign_frames),
		T(foreign_frames_that_go_on),
		T(segments_that_a_function_wants),
		T(segments_where_a_link_is_shaped),
		T(what_the_process_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
