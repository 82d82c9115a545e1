/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's answers, as bytes, to dumps and questions (first byte 'd': which one, then messages
 * that seem to answer it, see reply()), or to netlink batches. Input then: how many messages the
 * batch has and how long they are, then datagrams of raw bytes, or of acknowledgements whose head
 * is made right (see datagram()), on a socket pair in place of the netlink socket. Checked: a
 * refusal is told with the tag of a message of the batch and an errno, and makes the batch fail;
 * the batch can be used again. What comes is also read as news about devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include "lib/nlk/batch.h"
#include "lib/nlk/dump.h"
#include "lib/nlk/iface.h"
#include "lib/nlk/link.h"
#include "lib/nlk/message.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGES_MAX 40
#define DATAGRAM_MAX 4096

struct seen {
	unsigned count, refused;
};

static void refused(void *arg, uint32_t tag, int code, const char *text)
{
	struct seen *seen = arg;

	CHECK(tag < seen->count);
	CHECK(code > 0 && code <= 4095);
	CHECK(strlen(text) < DATAGRAM_MAX);
	seen->refused++;
}

/* An acknowledgement of message seq, with attributes of the input behind. */
static size_t ack_make(struct input *in, uint8_t *buf)
{
	struct nlmsgerr ack = {0};
	struct nlmsghdr head = {.nlmsg_type = NLMSG_ERROR};
	uint8_t flags = input_byte(in);
	struct input rest;

	head.nlmsg_seq = input_byte(in);
	head.nlmsg_flags = (flags & 1 ? NLM_F_ACK_TLVS : 0) | (flags & 2 ? NLM_F_CAPPED : 0);
	ack.error = flags & 4 ? -(int)input_byte(in) : (int)input_u32(in);
	ack.msg.nlmsg_len = flags & 8 ? input_u32(in) : (uint32_t)sizeof(ack.msg);
	rest = input_take(in, input_byte(in));
	head.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + sizeof(ack) + rest.left);
	if (flags & 16)
		head.nlmsg_len = input_u32(in);
	memcpy(buf, &head, sizeof(head));
	memcpy(buf + NLMSG_HDRLEN, &ack, sizeof(ack));
	if (rest.left)
		memcpy(buf + NLMSG_HDRLEN + sizeof(ack), rest.at, rest.left);
	return NLMSG_ALIGN(NLMSG_HDRLEN + sizeof(ack) + rest.left);
}

static void datagram(struct input *in, int sock)
{
	static uint8_t buf[DATAGRAM_MAX] __attribute__((aligned(8)));
	uint8_t count = input_byte(in);
	size_t size = 0;

	if (count & 0x80) {
		struct input raw = input_take(in, (size_t)(count & 0x7f) * 4 + input_byte(in) % 4);

		if (raw.left)
			memcpy(buf, raw.at, raw.left);
		size = raw.left;
	} else {
		memset(buf, 0, sizeof(buf));
		for (unsigned i = 0; i < count % 8u + 1; i++)
			size += ack_make(in, buf + size);
	}
	if (size == 0)
		return;
	(void)nlk_message_link_gone(buf, size, 2);
	CHECK(send(sock, buf, size, MSG_DONTWAIT) == (ssize_t)size);
}

static void batch_fill(struct nlk_batch *batch, struct seen *seen, struct input *in)
{
	static const char alias[] = "0123456789012345678901234567890123456789012345678901234567890"
				    "0123456789012345678901234567890123456789012345678901234567890";
	unsigned count = 1 + input_byte(in) % MESSAGES_MAX;

	for (seen->count = 0; seen->count < count; seen->count++) {
		const struct nlk_link_change change = {.set = NLK_LINK_UP | NLK_LINK_ALIAS,
						       .alias = alias};

		batch->tag = seen->count;
		if (seen->count % 3 == 2)
			nlk_link_set(batch, seen->count, &change);
		else
			nlk_link_del(batch, seen->count);
	}
}

/* --- dumps -------------------------------------------------------------------------------------
 */

#define FILTERS 5

static struct input *replies; /* NULL: what is sent is read by nobody */
static int reply_to;

/* A message behind the others: its type, flags and number, then its payload. */
static size_t reply_message(struct input *in, uint32_t seq, uint8_t *buf, uint16_t usual)
{
	static const uint16_t types[] = {NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, RTM_NEWLINK};
	uint8_t how = input_byte(in);
	struct input payload = input_take(in, input_byte(in));
	struct nlmsghdr head = {.nlmsg_type = how & 1 ? types[how >> 1 & 3] : usual,
				.nlmsg_flags = how & 8 ? NLM_F_DUMP_INTR : 0,
				.nlmsg_seq = how & 16 ? seq - 1 : seq + (how >> 6)};

	head.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + payload.left);
	if (how & 32)
		head.nlmsg_len += input_u32(in);
	memcpy(buf, &head, sizeof(head));
	if (payload.left)
		memcpy(buf + NLMSG_HDRLEN, payload.at, payload.left);
	return NLMSG_ALIGN(NLMSG_HDRLEN + payload.left);
}

static void reply(struct input *in, const struct nlmsghdr *question)
{
	static uint8_t buf[16 * 300] __attribute__((aligned(8)));
	uint16_t usual = (uint16_t)(question->nlmsg_type - 2); /* RTM_GETx to RTM_NEWx */
	unsigned datagrams = 1 + input_byte(in) % 3u;

	while (datagrams-- && in->left) {
		unsigned count = 1 + input_byte(in) % 15u;
		size_t size = 0;

		memset(buf, 0, sizeof(buf));
		while (count--)
			size += reply_message(in, question->nlmsg_seq, buf + size, usual);
		CHECK(send(reply_to, buf, size, MSG_DONTWAIT) == (ssize_t)size);
	}
}

ssize_t sendto(int sock, const void *buf, size_t size, int flags, const struct sockaddr *to,
	       socklen_t to_size)
{
	(void)sock;
	(void)flags;
	(void)to;
	(void)to_size;
	CHECK(size >= NLMSG_HDRLEN && ((const struct nlmsghdr *)buf)->nlmsg_len <= size);
	if (replies)
		reply(replies, buf);
	return (ssize_t)size;
}

static void on_device(void *arg, const struct nlk_device *device)
{
	(void)arg;
	CHECK(memchr(device->name, 0, sizeof(device->name)));
	CHECK(memchr(device->alias, 0, sizeof(device->alias)));
}

static void on_address(void *arg, const struct nlk_address *address)
{
	*(unsigned *)arg += address->prefix_len;
}

static void on_route(void *arg, const struct nlk_route *route)
{
	*(unsigned *)arg += route->prefix_len;
}

static void on_qdisc(void *arg, const struct nlk_qdisc *qdisc)
{
	*(unsigned *)arg += qdisc->handle;
	CHECK(memchr(qdisc->kind, 0, sizeof(qdisc->kind)));
}

static void on_iface(void *arg, const struct nlk_iface *iface)
{
	*(unsigned *)arg += iface->index + iface->lower + iface->master;
	CHECK(memchr(iface->name, 0, sizeof(iface->name)));
	CHECK(memchr(iface->kind, 0, sizeof(iface->kind)));
	CHECK(memchr(iface->alias, 0, sizeof(iface->alias)));
	CHECK(iface->lower == 0 || iface->lower != iface->index);
}

static void on_held(void *arg, const struct nlk_held *held)
{
	*(unsigned *)arg += held->prefix.length;
	CHECK(held->prefix.version == 4 || held->prefix.version == 6);
}

static void on_default(void *arg, const struct nlk_default *route)
{
	*(unsigned *)arg += route->index;
	CHECK(memchr(route->gateway, 0, sizeof(route->gateway)));
}

static void try_dump(struct input in)
{
	unsigned sum = 0;
	const struct nlk_dump dump = {.arg = &sum};
	struct nlk_filter filters[FILTERS] = {{.index = 1}};
	struct nlk_device device;
	uint8_t kind = input_byte(&in);
	int pair[2], r = 0;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) == 0);
	replies = &in;
	reply_to = pair[1];
	switch (kind % 9) {
	case 0:
		r = nlk_dump_devices(pair[0], &dump, on_device);
		break;
	case 1:
		r = nlk_dump_addresses(pair[0], &dump, on_address);
		break;
	case 2:
		r = nlk_dump_routes(pair[0], &dump, on_route);
		break;
	case 3:
		r = nlk_device_get(pair[0], 2, &device);
		if (r == 0)
			on_device(NULL, &device);
		break;
	case 4:
		r = nlk_filters_get(pair[0], filters, FILTERS);
		break;
	case 5:
		r = nlk_dump_ifaces(pair[0], &dump, on_iface);
		break;
	case 6:
		r = nlk_dump_held(pair[0], &dump, on_held);
		break;
	case 7:
		r = nlk_dump_defaults(pair[0], &dump, on_default);
		break;
	default:
		r = nlk_dump_qdiscs(pair[0], &dump, on_qdisc);
	}
	CHECK(r <= 0 && r >= -4095);
	replies = NULL;
	close(pair[0]);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct nlk_batch batch;
	struct seen seen = {0};
	uint8_t drain[65536];
	int pair[2], r;

	if (size && data[0] == 'd') {
		input_byte(&in);
		try_dump(in);
		return 0;
	}
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	nlk_batch_init(&batch);
	for (int round = 0; round < 2; round++) {
		unsigned datagrams = input_byte(&in) % 4u;

		seen.refused = 0;
		batch_fill(&batch, &seen, &in);
		for (unsigned i = 0; i < datagrams; i++)
			datagram(&in, pair[1]);
		if (round == 1) /* nothing comes any more: what waits must end */
			CHECK(shutdown(pair[1], SHUT_WR) == 0);
		else
			CHECK(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
		r = nlk_batch_send(&batch, pair[0], refused, &seen);
		CHECK(r <= 0 && (r < 0 || !seen.refused));
		CHECK(batch.count == 0 && batch.used == 0);
		while (recv(pair[1], drain, sizeof(drain), MSG_DONTWAIT) > 0)
			;
	}
	nlk_batch_done(&batch);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
