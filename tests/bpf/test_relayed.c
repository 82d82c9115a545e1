// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames of shaped links on their way to the relay, read from the real ring by the relay's own
 * reader; and large segments, which a shaped link cannot have.
 */
#include "tests/bpf/shaped.h"

#include <netinet/udp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

#include "lib/base/bpfring.h"
#include "lib/nlk/tc.h"

#define RELAYED VLSP_SHAPE_RELAY
#define EVEN	(1u << 31) /* probability 1/2 */

static struct bpfring *ring;

/* The next frame in the ring; NULL: none. Valid until the next call. */
static const struct vlsp_frame *given(void)
{
	static uint8_t copy[4096] __attribute__((aligned(8)));
	const struct vlsp_frame *frame = (const void *)copy;
	const void *record;
	uint32_t size;

	record = bpfring_peek(ring, &size);
	if (!record)
		return NULL;
	assert_true(size >= sizeof(*frame) && size <= sizeof(copy));
	memcpy(copy, record, size);
	bpfring_next(ring);
	assert_true(frame->length <= size - sizeof(*frame));
	return frame;
}

static void need_ring(void)
{
	int fd;

	need_bpf();
	fd = bld_ring_need(bld);
	assert_true(fd >= 0);
	assert_int_equal(bld_ring_need(bld), fd); /* one for all */
	if (!ring)
		assert_int_equal(bpfring_open(fd, &ring), 0);
	while (given())
		;
	assert_true(bpfring_empty(ring));
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Must come first: there is no ring yet. */
static void without_a_ring_all_is_overrun(void **state)
{
	(void)state;
	need_bpf();
	shape((struct vlsp_shape){.flags = RELAYED}, false);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(count(OUT).tx_packets, 1);
	assert_dropped(OUT, VLSP_DROP_OVERRUN);
	assert_dropped(IN, VLSP_DROP_CAUSES);
}

static void the_relay_gets_the_frame_as_it_would_have_left(void **state)
{
	static const uint32_t sizes[] = {0, 1, 93, 94, 95, 500, 605, 606, 607, 1471, 1472};
	const struct vlsp_shape wanted = {.flags = RELAYED,
					  .rate = 1000000,
					  .delay_ns = 5,
					  .jitter_ns = 3,
					  .limit = 9,
					  .overhead = -3,
					  .distribution = 2};

	(void)state;
	need_ring();
	shape(wanted, false);
	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t before = now_ns();
		const struct vlsp_frame *frame;

		vdp_frame(&in, ADDR(3), ADDR(2), sizes[i]);
		hop();
		assert_int_equal(out.verdict, TC_ACT_STOLEN);
		frame = given();
		assert_non_null(frame);
		VDP(&in)->ttl--;
		assert_int_equal(frame->length, in.size);
		assert_memory_equal(frame->data, in.bytes, in.size);
		assert_in_range(frame->arrived_ns, before, now_ns());
		assert_int_equal(frame->n, i);
		assert_int_equal(frame->port, OUT);
		assert_int_equal(frame->slot, 1);
		assert_int_equal(frame->flags, 0);
		assert_int_equal(frame->shape.key, KEY);
		assert_int_equal(frame->shape.link, 7);
		assert_int_equal(frame->shape.rate, wanted.rate);
		assert_int_equal(frame->shape.delay_ns, wanted.delay_ns);
		assert_int_equal(frame->shape.jitter_ns, wanted.jitter_ns);
		assert_int_equal(frame->shape.limit, wanted.limit);
		assert_int_equal(frame->shape.overhead, wanted.overhead);
		assert_int_equal(frame->shape.distribution, wanted.distribution);
		assert_int_equal(frame->shape.flags, RELAYED);
		assert_null(given());
		assert_int_equal(count(OUT).tx_packets, i + 1);
	}
	assert_dropped(OUT, VLSP_DROP_CAUSES);
}

static void what_programs_send_gets_there_as_vdp(void **state)
{
	const struct vlsp_frame *frame;

	(void)state;
	need_ring();
	shape((struct vlsp_shape){.flags = RELAYED}, false);
	ipv4_frame(&in, ADDR(1), ADDR(2), 300);
	leave();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
	frame = given();
	assert_non_null(frame);
	assert_int_equal(frame->length, in.size);
	assert_memory_equal(frame->data, out.bytes, out.size);
	assert_int_equal(((const struct ethhdr *)frame->data)->h_proto, htons(VDP_ETHERTYPE));
	assert_int_equal(count(EDGE).tx_packets, 1);
	assert_int_equal(count(OUT).tx_packets, 1);
}

static void early_ones_and_copies_are_marked(void **state)
{
	struct vlsp_fate drawn = {0};

	(void)state;
	need_ring();
	shape((struct vlsp_shape){.flags = RELAYED,
				  .loss.loss = 1u << 30,
				  .duplicate = EVEN,
				  .corrupt = 1u << 30,
				  .reorder = EVEN},
	      false);
	vdp_frame(&in, ADDR(3), ADDR(2), 50);
	for (uint64_t n = 0; n < 400; n++) {
		bool lost = hits(n, FATE_LOSS, 1u << 30), twice = hits(n, FATE_DUPLICATE, EVEN);
		uint32_t early = hits(n, FATE_REORDER, EVEN) ? VLSP_FRAME_EARLY : 0;
		const struct vlsp_frame *frame;

		hop();
		assert_int_equal(out.verdict, lost ? TC_ACT_SHOT : TC_ACT_STOLEN);
		for (uint32_t copy = 0; !lost && copy <= twice; copy++) {
			frame = given();
			assert_non_null(frame);
			assert_int_equal(frame->n, n);
			assert_int_equal(frame->flags, early | (copy ? VLSP_FRAME_COPY : 0));
			/* both are as the one bit left them */
			assert_memory_equal(frame->data, out.bytes, out.size);
		}
		assert_null(given());
		if (lost)
			continue;
		drawn.duplicated += twice;
		drawn.reordered += early;
		drawn.corrupted += hits(n, FATE_CORRUPT, 1u << 30);
	}
	assert_int_equal(fates().duplicated, drawn.duplicated);
	assert_int_equal(fates().corrupted, drawn.corrupted);
	assert_int_equal(fates().reordered, drawn.reordered);
	assert_int_equal(count(OUT).tx_packets, 400);
}

static void a_frame_that_is_too_long_is_overrun_and_the_reader_passes_over_its_place(void **state)
{
	(void)state;
	need_ring();
	shape((struct vlsp_shape){.flags = RELAYED}, false);
	for (uint32_t i = 0; i < 3; i++) {
		vdp_frame(&in, ADDR(3), ADDR(2), i == 1 ? 1600 : 60);
		hop();
		assert_int_equal(out.verdict, i == 1 ? TC_ACT_SHOT : TC_ACT_STOLEN);
	}
	assert_int_equal(given()->n, 0);
	assert_int_equal(given()->n, 2);
	assert_null(given());
	assert_true(bpfring_empty(ring));
	assert_dropped(OUT, VLSP_DROP_OVERRUN);
}

static void a_full_ring_overruns_and_goes_on_when_it_was_read(void **state)
{
	uint64_t in_ring = 0, n = 0, lost;

	(void)state;
	need_ring();
	shape((struct vlsp_shape){.flags = RELAYED}, false);
	vdp_frame(&in, ADDR(3), ADDR(2), 1400);
	for (; count(OUT).drop[VLSP_DROP_OVERRUN] < 10; n++) {
		in.bytes[ETH_HLEN + VDP_HLEN] = (uint8_t)n;
		hop();
		in_ring += out.verdict == TC_ACT_STOLEN;
		assert_true(n < 20000);
	}
	assert_true(in_ring > 9000); /* 16 MiB, and a little beside each frame */
	/* across the end of the ring's memory, too: twice around in all */
	for (int i = 0; i < 2; i++) {
		uint64_t first = n;

		lost = count(OUT).drop[VLSP_DROP_OVERRUN];
		while (in_ring > 100) {
			const struct vlsp_frame *frame = given();

			assert_non_null(frame);
			assert_int_equal(frame->data[ETH_HLEN + VDP_HLEN], (uint8_t)frame->n);
			in_ring--;
		}
		for (; n < first + 8000; n++, in_ring++) {
			in.bytes[ETH_HLEN + VDP_HLEN] = (uint8_t)n;
			hop();
			assert_int_equal(out.verdict, TC_ACT_STOLEN);
		}
		assert_int_equal(count(OUT).drop[VLSP_DROP_OVERRUN], lost);
	}
	assert_int_equal(count(OUT).tx_packets, n);
}

static void another_reader_begins_where_the_first_has_stopped(void **state)
{
	(void)state;
	need_ring();
	shape((struct vlsp_shape){.flags = RELAYED}, false);
	vdp_frame(&in, ADDR(3), ADDR(2), 1);
	for (int i = 0; i < 3; i++)
		hop();
	assert_int_equal(given()->n, 0);
	bpfring_close(ring);
	assert_int_equal(bpfring_open(bld_ring_need(bld), &ring), 0);
	assert_int_equal(given()->n, 1);
}

static void only_a_ring_is_taken_for_one(void **state)
{
	struct bpfring *other = NULL;

	(void)state;
	need_ring();
	assert_int_equal(bpfring_open(bld_map_hello(bld), &other), -EINVAL);
	assert_true(bpfring_open(bld_prog_in(bld), &other) < 0);
	assert_true(bpfring_open(far_end, &other) < 0);
	assert_true(bpfring_open(-1, &other) < 0);
	assert_null(other);
	bpfring_close(NULL);
}

/* --- waking ------------------------------------------------------------------------------------
 */

/* Whether the relay is woken by the next frame, if it wakes by itself at at_ns. */
static bool wakes(uint64_t at_ns, bool wait)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int epoll = epoll_create1(0), n;
	struct vlsp_wake wake = {at_ns};
	uint32_t zero = 0;

	while (given())
		;
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, bld_ring_need(bld), &event), 0);
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	assert_int_equal(bpf_map_update_elem(bld_map_wake(bld), &zero, &wake, BPF_ANY), 0);
	hop();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
	/* a call-back says so, and only that: the frame is there in any case */
	n = epoll_wait(epoll, &event, 1, wait ? 10000 : 0);
	close(epoll);
	return n == 1;
}

static void the_relay_is_woken_only_for_what_it_would_miss(void **state)
{
	static const uint64_t ms = 1000000;
	unsigned woken = 0;

	(void)state;
	need_ring();
	vdp_frame(&in, ADDR(3), ADDR(2), 1);
	shape((struct vlsp_shape){.flags = RELAYED}, false);
	assert_false(wakes(0, false)); /* it is awake */
	assert_false(wakes(now_ns(), false));
	assert_true(wakes(UINT64_MAX, true)); /* it sleeps */
	assert_true(wakes(now_ns() + 60000 * ms, true));
	/* what is due later can wait until it looks, but not for more than 2 ms */
	shape((struct vlsp_shape){.flags = RELAYED, .delay_ns = 10000 * ms}, false);
	assert_false(wakes(now_ns() + ms, false));
	assert_true(wakes(now_ns() + 60000 * ms, true));
	/* four times the jitter may be missing from the delay */
	shape((struct vlsp_shape){.flags = RELAYED, .delay_ns = 10000 * ms, .jitter_ns = 2400 * ms},
	      false);
	assert_false(wakes(now_ns() + ms, false));
	shape((struct vlsp_shape){.flags = RELAYED, .delay_ns = 10000 * ms, .jitter_ns = 2500 * ms},
	      false);
	for (int i = 0; i < 1000 && !woken; i++) /* unless that millisecond is over before */
		woken += wakes(now_ns() + ms, false);
	assert_true(woken);
	/* one that overtakes is due at once */
	shape((struct vlsp_shape){.flags = RELAYED, .delay_ns = 10000 * ms, .reorder = FATE_ALWAYS},
	      false);
	woken = 0;
	for (int i = 0; i < 1000 && !woken; i++)
		woken += wakes(now_ns() + ms, false);
	assert_true(woken);
}

/* --- large segments ----------------------------------------------------------------------------
 */

static void a_large_segment_on_its_way_is_too_big_for_a_shaped_link(void **state)
{
	(void)state;
	need_ring();
	shape((struct vlsp_shape){.flags = RELAYED}, false);
	vdp_frame(&in, ADDR(3), ADDR(2), 2800);
	in.gso_size = 1400;
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(count(OUT).tx_packets, 1);
	assert_dropped(OUT, VLSP_DROP_TOO_BIG);
	assert_int_equal(fates().n, 0); /* it has not used anybody's number */
	ipv4_frame(&in, ADDR(1), ADDR(2), 2800);
	in.gso_size = 1400;
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(count(OUT).drop[VLSP_DROP_TOO_BIG], 2);
	assert_null(given());
}

static void where_a_link_is_shaped_the_edge_lets_large_segments_go_to_be_cut(void **state)
{
	struct vlsp_shape none = {.limit = 1};

	(void)state;
	need_bpf();
	shape(none, false);
	assert_int_equal(bld_real_set(bld, true), 0);
	ipv4_frame(&in, ADDR(1), ADDR(2), 2800);
	in.gso_size = 1400;
	leave();
	assert_int_equal(out.verdict, TC_ACT_UNSPEC);
	assert_int_equal(out.size, in.size);
	assert_memory_equal(out.bytes, in.bytes, in.size);
	assert_int_equal(count(EDGE).tx_packets, 0);
	/* others are not kept */
	ipv4_frame(&in, ADDR(1), ADDR(2), 1000);
	leave();
	assert_int_equal(out.verdict, ROUTE);
	/* and without such a link they leave whole */
	port(OUT, 1, VLSP_PORT_VALID);
	assert_int_equal(bld_real_set(bld, false), 0);
	ipv4_frame(&in, ADDR(1), ADDR(2), 2800);
	in.gso_size = 500;
	leave();
	assert_int_equal(out.verdict, ROUTE);
}

static void the_edge_takes_back_nothing_but_what_it_let_go(void **state)
{
	(void)state;
	need_bpf();
	assert_int_equal(bld_real_set(bld, true), 0);
	ipv4_frame(&in, ADDR(1), ADDR(2), 100);
	run(bld_prog_back(bld), 1, &in, &out);
	assert_int_equal(out.verdict, TC_ACT_UNSPEC);
	assert_memory_equal(out.bytes, in.bytes, in.size);
	assert_int_equal(count(EDGE).tx_packets, 0);
}

/* A real socket's segments, by the real lo, into the device out. */
static void a_socket_s_large_segment_leaves_as_real_packets(void **state)
{
	static const char payload[5000] = "segments";
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(7), .sin_addr.s_addr = htonl(ADDR(2))};
	int segment = 1000, sock, netlink;
	static struct frame last;
	struct nlk_batch batch;
	unsigned count_real = 0;

	(void)state;
	need_bpf();
	assert_int_equal(system("ip addr add 10.0.0.1/32 dev lo &&"
				" ip route add 10.0.0.0/16 dev lo src 10.0.0.1 &&"
				" ip link set lo gso_max_segs 1"),
			 0);
	netlink = nlk_open();
	nlk_batch_init(&batch);
	nlk_tc_clsact(&batch, 1);
	nlk_tc_bpf(&batch, 1, NLK_TC_EGRESS, bld_prog_out(bld), "vlsp_out");
	nlk_tc_bpf(&batch, 1, NLK_TC_INGRESS, bld_prog_back(bld), "vlsp_back");
	assert_int_equal(nlk_batch_send(&batch, netlink, NULL, NULL), 0);
	nlk_batch_done(&batch);
	close(netlink);
	shape((struct vlsp_shape){.limit = 1}, false);
	assert_int_equal(bld_real_set(bld, true), 0);
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(setsockopt(sock, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	(void)arrived(&last);
	assert_int_equal(
		sendto(sock, payload, sizeof(payload), 0, (struct sockaddr *)&to, sizeof(to)),
		sizeof(payload));
	for (int i = 0; i < 100 && count_real < 5; i++) {
		struct pollfd p = {.fd = far_end, .events = POLLIN};

		(void)poll(&p, 1, 100);
		count_real += arrived(&last);
	}
	assert_int_equal(count_real, 5);
	assert_int_equal(last.size, ETH_HLEN + VDP_HLEN + 1000);
	assert_int_equal(ETH(&last)->h_proto, htons(VDP_ETHERTYPE));
	assert_int_equal(ntohs(UDP(&last)->length), 1008);
	assert_int_equal(count(OUT).tx_packets, 5);
	assert_int_equal(count(EDGE).tx_packets, 5);
	close(sock);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, shaped_reset)
	const struct CMUnitTest tests[] = {
		T(without_a_ring_all_is_overrun),
		T(the_relay_gets_the_frame_as_it_would_have_left),
		T(what_programs_send_gets_there_as_vdp),
		T(early_ones_and_copies_are_marked),
		T(a_frame_that_is_too_long_is_overrun_and_the_reader_passes_over_its_place),
		T(a_full_ring_overruns_and_goes_on_when_it_was_read),
		T(another_reader_begins_where_the_first_has_stopped),
		T(only_a_ring_is_taken_for_one),
		T(the_relay_is_woken_only_for_what_it_would_miss),
		T(a_large_segment_on_its_way_is_too_big_for_a_shaped_link),
		T(where_a_link_is_shaped_the_edge_lets_large_segments_go_to_be_cut),
		T(the_edge_takes_back_nothing_but_what_it_let_go),
		T(a_socket_s_large_segment_leaves_as_real_packets),
	};

	return cmocka_run_group_tests(tests, shaped_open, harness_close);
}
