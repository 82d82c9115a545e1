// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds the routing protocol of a router with two neighbours. Input: commands of one byte with
 * parameters (see command()), among them raw messages and messages whose head is made right, so
 * that the entries are reached. Checked: what is sent is well-formed, what is refused has no
 * effect, the sums agree with the routes, time goes on.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/router/proto.h"
#include "daemon/router/proto_msg.h"

#define OWN	0x0a000001
#define DST_MAX 24
#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

struct input {
	const uint8_t *at;
	size_t left;
};

struct world {
	struct proto *proto;
	uint64_t now;
	bool up[2];
	uint32_t sid[2], seq[2];
	uint64_t sum;
	uint32_t routes;
};

static uint8_t byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static void on_send(void *arg, uint32_t port, const void *data, size_t size)
{
	struct world *w = arg;
	struct proto_head head;

	CHECK((port == 1 || port == 2) && w->up[port - 1]);
	CHECK(!proto_msg_check(data, size, &head));
	CHECK(head.address == OWN && head.epoch_tx == 7);
	w->sid[port - 1] = head.sid_tx;
	if (head.seq)
		w->seq[port - 1] = head.seq;
}

static void on_route(void *arg, uint32_t dst, uint32_t port, uint32_t metric)
{
	struct world *w = arg;

	CHECK(dst && dst != OWN);
	CHECK((port == 0) == (metric == PROTO_INFINITY));
	/* A neighbour that goes down is still marked as up here, but it is never selected then. */
	CHECK(port == 0 || ((port == 1 || port == 2) && w->up[port - 1]));
}

static const struct proto_ops ops = {.send = on_send, .route = on_route};

static void count_route(void *arg, uint32_t dst, uint32_t port, uint32_t metric)
{
	struct world *w = arg;

	on_route(arg, dst, port, metric);
	CHECK(metric != PROTO_INFINITY);
	w->sum += metric;
	w->routes++;
}

static void check(struct world *w)
{
	struct proto_stats stats;

	w->sum = 0;
	w->routes = 0;
	proto_routes(w->proto, count_route, w);
	proto_stats(w->proto, &stats);
	CHECK(stats.metric_sum == w->sum && stats.reachable == w->routes);
	CHECK(stats.reachable < DST_MAX);
	CHECK(stats.neighbours == (uint32_t)w->up[0] + w->up[1]);
}

static void receive(struct world *w, uint32_t port, const void *data, size_t size)
{
	struct proto_stats before, after;
	int rc;

	proto_stats(w->proto, &before);
	rc = proto_receive(w->proto, w->now, port, data, size);
	proto_stats(w->proto, &after);
	CHECK(rc == 0 || rc == -EBADMSG);
	if (rc) {
		CHECK(after.bad == before.bad + 1 && after.version == before.version);
		CHECK(after.pending == before.pending && after.rx == before.rx);
	}
}

static void receive_raw(struct world *w, struct input *in)
{
	uint32_t port = 1 + (byte(in) & 1);
	size_t size = (size_t)byte(in) * 6;
	uint8_t *data;

	if (size > in->left)
		size = in->left;
	data = malloc(size ? size : 1);
	CHECK(data);
	memcpy(data, in->at, size);
	in->at += size;
	in->left -= size;
	receive(w, port, data, size);
	free(data);
}

/* A well-formed message: number, acknowledgement, then entries of small numbers. */
static void receive_made(struct world *w, struct input *in)
{
	uint8_t flags = byte(in);
	uint32_t peer = flags & 1, count = flags >> 4;
	struct proto_head head = {.address = OWN + 1 + peer,
				  .epoch_tx = 100 + peer,
				  .epoch_rx = 7,
				  .sid_tx = 1 + (flags >> 1 & 1),
				  .seq = byte(in)};
	struct proto_writer writer;

	head.sid_rx = flags & 4 ? w->sid[peer] : 0;
	head.ack = head.sid_rx && (flags & 8) ? w->seq[peer] : 0;
	head.mask = head.ack ? byte(in) : 0;
	proto_msg_begin(&writer);
	for (uint32_t i = 0; i < count && head.seq; i++) {
		uint8_t kind = byte(in);
		struct proto_entry e = {.dst = OWN + (kind & 31), .seqno = byte(in)};

		if (kind & 0x80) {
			e.hops = 1 + byte(in);
			if (e.dst != head.address)
				proto_msg_add(&writer, PROTO_MSG_REQUEST, &e);
			continue;
		}
		e.metric = kind & 0x40 ? PROTO_INFINITY - (byte(in) & 3) : 1 + byte(in);
		if (e.dst == head.address)
			e.metric = 0;
		proto_msg_add(&writer, PROTO_MSG_UPDATE, &e);
	}
	if (!head.seq != (writer.size == PROTO_MSG_HEAD))
		return;
	proto_msg_end(&writer, &head);
	receive(w, 1 + peer, writer.data, writer.size);
}

static void command(struct world *w, struct input *in)
{
	uint8_t op = byte(in);
	uint32_t peer = op >> 7;

	switch (op & 7) {
	case 0:
		w->up[peer] = true;
		CHECK(!proto_neighbour_up(w->proto, w->now, 1 + peer, 1 + byte(in), 100 + peer));
		break;
	case 1:
		proto_neighbour_down(w->proto, w->now, 1 + peer);
		w->up[peer] = false;
		break;
	case 2:
		proto_neighbour_weight(w->proto, w->now, 1 + peer, 1 + byte(in));
		break;
	case 3:
		receive_raw(w, in);
		break;
	case 4:
	case 5:
		receive_made(w, in);
		break;
	default:
		/* Mostly milliseconds, sometimes minutes: old destinations are forgotten. */
		w->now += op & 0x40 ? (uint64_t)byte(in) << 31 : (uint64_t)byte(in) << 17;
		CHECK(proto_run(w->proto, w->now) > w->now);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct world w = {.now = 1000000000, .up = {true, true}};
	const struct proto_config config = {
		.address = OWN, .epoch = 7, .seqno = 3, .dst_max = DST_MAX, .ops = &ops, .arg = &w};

	CHECK(!proto_new(&config, &w.proto));
	for (uint32_t peer = 0; peer < 2; peer++)
		CHECK(!proto_neighbour_up(w.proto, w.now, 1 + peer, 1, 100 + peer));
	CHECK(proto_run(w.proto, w.now) > w.now);
	while (in.left) {
		command(&w, &in);
		check(&w);
	}
	for (int i = 0; i < 50; i++) {
		uint64_t next = proto_run(w.proto, w.now);

		CHECK(next > w.now);
		if (next == UINT64_MAX)
			break;
		w.now = next;
	}
	check(&w);
	proto_free(w.proto);
	return 0;
}
