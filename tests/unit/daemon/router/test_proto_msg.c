// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The routing protocol's messages: rows of bad ones that must be refused without effect, and calls
 * that break the contract.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/router/proto.h"
#include "daemon/router/proto_msg.h"

#define OWN	   0x0a000001
#define PEER	   0x0a000002
#define FAR	   0x0a000003
#define OWN_EPOCH  0x11
#define PEER_EPOCH 0x22
#define PORT	   16

struct fixture {
	struct proto *proto;
	uint8_t sent[PROTO_MESSAGE_MAX];
	size_t sent_size;
	unsigned sends, routes;
	uint32_t dst, port, metric;
};

static void on_send(void *arg, uint32_t port, const void *data, size_t size)
{
	struct fixture *f = arg;

	assert_int_equal(port, PORT);
	assert_true(size <= sizeof(f->sent));
	memcpy(f->sent, data, size);
	f->sent_size = size;
	f->sends++;
}

static void on_route(void *arg, uint32_t dst, uint32_t port, uint32_t metric)
{
	struct fixture *f = arg;

	f->routes++;
	f->dst = dst;
	f->port = port;
	f->metric = metric;
}

static const struct proto_ops ops = {.send = on_send, .route = on_route};

static void begin(struct fixture *f)
{
	const struct proto_config config = {.address = OWN,
					    .epoch = OWN_EPOCH,
					    .seqno = 5,
					    .dst_max = 16,
					    .ops = &ops,
					    .arg = f};

	memset(f, 0, sizeof(*f));
	assert_int_equal(proto_new(&config, &f->proto), 0);
	assert_int_equal(proto_neighbour_up(f->proto, 1000, PORT, 7, PEER_EPOCH), 0);
	proto_run(f->proto, 1000);
	assert_int_equal(f->sends, 1);
}

/* From PEER: itself at 0, FAR at 3, and a request for OWN. Returns the size. */
static size_t good(uint8_t *data, uint32_t seq)
{
	const struct proto_head head = {.address = PEER,
					.epoch_tx = PEER_EPOCH,
					.epoch_rx = OWN_EPOCH,
					.sid_tx = 9,
					.sid_rx = 1,
					.seq = seq,
					.ack = 1};
	const struct proto_entry self = {.dst = PEER, .seqno = 1, .metric = 0};
	const struct proto_entry far = {.dst = FAR, .seqno = 1, .metric = 3};
	const struct proto_entry request = {.dst = OWN, .seqno = 6, .hops = 9};
	struct proto_writer w;

	proto_msg_begin(&w);
	proto_msg_add(&w, PROTO_MSG_UPDATE, &self);
	proto_msg_add(&w, PROTO_MSG_UPDATE, &far);
	proto_msg_add(&w, PROTO_MSG_REQUEST, &request);
	proto_msg_end(&w, &head);
	memcpy(data, w.data, w.size);
	return w.size;
}

/* Changes to the good message: bytes at an offset; what it then says is in the name. */
static const struct row {
	const char *name;
	size_t offset;
	uint8_t bytes[8];
	size_t count;
	int cut; /* added to the size that is passed and, when fix, to the length field */
	bool fix;
} rows[] = {
	{"version 0", 0, {0}, 1, 0, false},
	{"version 2", 0, {2}, 1, 0, false},
	{"flags", 1, {1}, 1, 0, false},
	{"length field too small", 2, {0, 40}, 2, 0, false},
	{"length field too large", 2, {0xff, 0xff}, 2, 0, false},
	{"sender 0.0.0.0", 4, {0, 0, 0, 0}, 4, 0, false},
	{"sender is the receiver", 4, {0x0a, 0, 0, 1}, 4, 0, false},
	{"sender's epoch 0", 8, {0, 0, 0, 0}, 4, 0, false},
	{"receiver's epoch 0", 12, {0, 0, 0, 0}, 4, 0, false},
	{"sender's session 0", 16, {0, 0, 0, 0}, 4, 0, false},
	{"acknowledgement without a session", 20, {0, 0, 0, 0}, 4, 0, false},
	{"number 0 with entries", 24, {0, 0, 0, 0}, 4, 0, false},
	{"acknowledges what was not sent", 28, {0, 0, 0, 2}, 4, 0, false},
	{"acknowledges the far future", 28, {0x7f, 0, 0, 0}, 4, 0, false},
	{"mask without an acknowledgement", 28, {0, 0, 0, 0, 0, 0, 0, 1}, 8, 0, false},
	{"block of type 0", 40, {0}, 1, 0, false},
	{"block of type 3", 40, {3}, 1, 0, false},
	{"block's reserved byte", 41, {1}, 1, 0, false},
	{"block without entries", 42, {0, 0}, 2, 0, false},
	{"block that is no multiple of an entry", 42, {0, 23}, 2, 0, false},
	{"block that swallows the next one's head", 42, {0, 36}, 2, 0, false},
	{"block longer than the message", 42, {0x10, 0}, 2, 0, false},
	{"destination 0.0.0.0", 56, {0, 0, 0, 0}, 4, 0, false},
	{"sender's distance to itself not 0", 52, {0, 0, 0, 1}, 4, 0, false},
	{"sender's distance to itself infinite", 52, {0xff, 0xff, 0xff, 0xff}, 4, 0, false},
	{"distance 0 to somebody else", 64, {0, 0, 0, 0}, 4, 0, false},
	{"request with hop limit 0", 80, {0, 0}, 2, 0, false},
	{"request with hop limit 4097", 80, {0x10, 0x01}, 2, 0, false},
	{"request's reserved field", 82, {0, 1}, 2, 0, false},
	{"request for 0.0.0.0", 72, {0, 0, 0, 0}, 4, 0, false},
	{"request for the sender itself", 72, {0x0a, 0, 0, 2}, 4, 0, false},
	{"one byte less", 0, {1}, 1, -1, false},
	{"one byte less, length right", 0, {1}, 1, -1, true},
	{"ends inside a block's head", 0, {1}, 1, -14, true},
	{"ends after a block's head", 0, {1}, 1, -12, true},
	{"ends inside the head", 0, {1}, 1, -60, true},
	{"nothing", 0, {1}, 1, -84, false},
};

static void bad_messages_are_refused_and_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct proto_stats before, after;
		uint8_t data[PROTO_MESSAGE_MAX];
		uint8_t *exact;
		struct fixture f;
		size_t size;
		int rc;

		begin(&f);
		size = good(data, 1);
		assert_int_equal(size, 84);
		memcpy(data + row->offset, row->bytes, row->count);
		size = (size_t)((int)size + row->cut);
		if (row->fix)
			data[3] = (uint8_t)size;
		exact = malloc(size ? size : 1);
		assert_non_null(exact);
		memcpy(exact, data, size);
		proto_stats(f.proto, &before);
		rc = proto_receive(f.proto, 2000, PORT, exact, size);
		proto_stats(f.proto, &after);
		free(exact);
		if (rc != -EBADMSG)
			fail_msg("%s: %d", row->name, rc);
		assert_int_equal(after.bad, before.bad + 1);
		before.bad++;
		assert_memory_equal(&before, &after, sizeof(before));
		assert_int_equal(f.routes, 0);

		/* and it did not take the good one's place */
		size = good(data, 1);
		assert_int_equal(proto_receive(f.proto, 3000, PORT, data, size), 0);
		assert_int_equal(f.routes, 2);
		assert_int_equal(f.metric, 10);
		proto_free(f.proto);
	}
}

static void good_message_is_used_once(void **state)
{
	uint8_t data[PROTO_MESSAGE_MAX];
	struct proto_stats stats;
	struct proto_head head;
	struct fixture f;
	size_t size;

	(void)state;
	begin(&f);
	size = good(data, 1);
	assert_int_equal(proto_receive(f.proto, 2000000, PORT, data, size), 0);
	assert_int_equal(f.dst, FAR);
	assert_int_equal(f.port, PORT);
	assert_int_equal(proto_receive(f.proto, 2000000, PORT, data, size), 0);
	assert_int_equal(f.routes, 2);
	proto_run(f.proto, 9000000);
	assert_int_equal(proto_msg_check(f.sent, f.sent_size, &head), 0);
	assert_int_equal(head.address, OWN);
	assert_int_equal(head.sid_rx, 9);
	assert_int_equal(head.ack, 1);
	proto_stats(f.proto, &stats);
	assert_int_equal(stats.reachable, 2);
	assert_int_equal(stats.metric_sum, 17);
	proto_free(f.proto);
}

static void messages_of_other_incarnations_and_ports_are_ignored(void **state)
{
	uint8_t data[PROTO_MESSAGE_MAX];
	struct fixture f;
	size_t size;

	(void)state;
	begin(&f);
	size = good(data, 1);
	data[11]++; /* the sender's epoch */
	assert_int_equal(proto_receive(f.proto, 2000, PORT, data, size), 0);
	size = good(data, 1);
	data[15]++; /* the receiver's */
	assert_int_equal(proto_receive(f.proto, 2000, PORT, data, size), 0);
	size = good(data, 1);
	assert_int_equal(proto_receive(f.proto, 2000, PORT + 1, data, size), 0);
	assert_int_equal(f.routes, 0);
	assert_int_equal(proto_receive(f.proto, 2000, PORT, data, size), 0);
	assert_int_equal(f.routes, 2);
	proto_free(f.proto);
}

static void distance_that_overflows_is_no_route(void **state)
{
	uint8_t data[PROTO_MESSAGE_MAX];
	struct fixture f;
	size_t size;

	(void)state;
	begin(&f);
	size = good(data, 1);
	memset(data + 64, 0xff, 3);
	data[67] = 0xfa;
	assert_int_equal(proto_receive(f.proto, 2000, PORT, data, size), 0);
	assert_int_equal(f.routes, 1);
	assert_int_equal(f.dst, PEER);
	proto_free(f.proto);
}

static void overtaken_message_does_not_undo_a_later_one(void **state)
{
	uint8_t data[PROTO_MESSAGE_MAX];
	struct fixture f;
	size_t size;

	(void)state;
	begin(&f);
	size = good(data, 2);
	memset(data + 64, 0xff, 4); /* number 2 retracts FAR */
	assert_int_equal(proto_receive(f.proto, 2000, PORT, data, size), 0);
	size = good(data, 1);
	assert_int_equal(proto_receive(f.proto, 2000, PORT, data, size), 0);
	assert_int_equal(f.routes, 1);
	assert_int_equal(f.dst, PEER);
	proto_free(f.proto);
}

static void wrong_arguments_are_refused(void **state)
{
	struct proto_config config = {.address = OWN, .epoch = 1, .dst_max = 4, .ops = &ops};
	struct proto *p = NULL;
	struct fixture f;

	(void)state;
	config.address = 0;
	assert_int_equal(proto_new(&config, &p), -EINVAL);
	config.address = OWN;
	config.epoch = 0;
	assert_int_equal(proto_new(&config, &p), -EINVAL);
	config.epoch = 1;
	config.dst_max = 0;
	assert_int_equal(proto_new(&config, &p), -EINVAL);
	assert_null(p);
	proto_free(NULL);

	begin(&f);
	assert_int_equal(proto_neighbour_up(f.proto, 1, 0, 1, 1), -EINVAL);
	assert_int_equal(proto_neighbour_up(f.proto, 1, 17, 0, 1), -EINVAL);
	assert_int_equal(proto_neighbour_up(f.proto, 1, 17, 65536, 1), -EINVAL);
	assert_int_equal(proto_neighbour_up(f.proto, 1, 17, 1, 0), -EINVAL);
	proto_neighbour_down(f.proto, 1, 99);
	proto_neighbour_weight(f.proto, 1, 99, 1);
	proto_free(f.proto);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_messages_are_refused_and_change_nothing),
		cmocka_unit_test(good_message_is_used_once),
		cmocka_unit_test(messages_of_other_incarnations_and_ports_are_ignored),
		cmocka_unit_test(distance_that_overflows_is_no_route),
		cmocka_unit_test(overtaken_message_does_not_undo_a_later_one),
		cmocka_unit_test(wrong_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
