// SPDX-License-Identifier: GPL-2.0-or-later
/* The frame of a network function, as common.c is that of an application. Called by functions'
 * main threads. */
#include "apps/fn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "apps/sum.h"

#define BUSY	  1024 /* datagrams in a row after which settings and signals are looked at */
#define TTL	  64
#define QUEUE_MIN (64u << 10) /* what the daemon takes; 0 would be its default */
#define QUEUE_MAX (64u << 20)
#define EMPTY_LEN 28  /* of a datagram without payload */
#define VERIFY	  0x2 /* Documentation/wire.md: nothing is left to be completed */
#define UDP	  17
#define UDP_SIZE  8

const char *fn_match = "";
uint64_t fn_order, fn_queue;
bool fn_closed;

static struct vlsp_intercept *opened[FN_MAX];
static unsigned count, current;
static int poll_fd = -1; /* of several */
static unsigned busy;
static unsigned long long passed, dropped, answered;

static void watch(const struct vlsp_intercept *intercept)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (poll_fd < 0)
		poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (poll_fd < 0 ||
	    epoll_ctl(poll_fd, EPOLL_CTL_ADD, vlsp_intercept_fd(intercept), &event) < 0)
		app_fail("cannot wait for datagrams");
}

unsigned fn_open(const char *match)
{
	const struct vlsp_intercept_spec spec = {.match = match ? match : fn_match,
						 .order = (unsigned)fn_order,
						 .queue = fn_queue,
						 .closed = fn_closed};
	char text[256] = "";

	if (count == FN_MAX)
		app_usage("", "more than %d matches", FN_MAX);
	opened[count] = vlsp_intercept_open(&spec, text);
	if (!opened[count] && (errno == EINVAL || errno == ENOENT))
		app_usage("", "%s", text);
	if (!opened[count])
		app_fail("cannot get datagrams of this router%s%s", *text ? ": " : "", text);
	watch(opened[count]);
	return count++;
}

static bool take(struct vlsp_packet *packet, unsigned *ret_which)
{
	for (unsigned i = 0; i < count; i++) {
		int got = vlsp_intercept_next(opened[current], packet);

		if (got < 0 && errno != EAGAIN)
			app_fail("cannot take datagrams");
		if (got > 0) {
			if (ret_which)
				*ret_which = current;
			return true;
		}
		current = (current + 1) % count;
	}
	return false;
}

bool fn_next(struct vlsp_packet *packet, unsigned *ret_which)
{
	for (;;) {
		if (busy++ < BUSY && take(packet, ret_which))
			return true;
		/* Passed ones do not wait for more than is there already. */
		if (app_wait(busy > BUSY ? -1 : poll_fd, busy > BUSY ? 0 : APP_FOREVER) < 0)
			return false;
		busy = 0;
		if (count) /* none of several waits for another to be empty */
			current = (current + 1) % count;
	}
}

void fn_pass(const struct vlsp_packet *packet)
{
	if (vlsp_intercept_pass(opened[current], packet) == 0)
		passed++;
	else if (errno == EAGAIN)
		app_unsent++;
	else
		app_fail("cannot pass a datagram of %zu bytes", packet->size);
}

void fn_drop(const struct vlsp_packet *packet)
{
	if (vlsp_intercept_drop(opened[current], packet) < 0 && errno != EAGAIN)
		app_fail("cannot drop a datagram");
	dropped++;
}

void fn_answer(struct vlsp_packet *packet, const void *payload, size_t size)
{
	struct vlsp_fields f;

	if (vlsp_packet_fields(packet, &f) < 0 || vlsp_packet_set_src(packet, f.dst, f.dport) < 0 ||
	    vlsp_packet_set_dst(packet, f.src, f.sport) < 0 ||
	    vlsp_packet_set_payload(packet, payload, size) < 0)
		app_fail("cannot answer a datagram of %zu bytes", packet->size);
	packet->data[1] = TTL;
	fn_pass(packet);
	passed--;
	answered++;
}

bool fn_is_sound(const struct vlsp_packet *packet, const struct vlsp_fields *fields)
{
	const struct vlsp_fields *f = fields;
	const uint8_t *udp = f->payload - UDP_SIZE;
	size_t size = f->payload_size + UDP_SIZE;
	uint32_t sum = (f->src >> 16) + (f->src & 0xffff) + (f->dst >> 16) + (f->dst & 0xffff) +
		       UDP + (uint32_t)size;
	uint16_t field = get16(udp + 6);

	if (get16(udp + 4) != size)
		return false;
	if (!field || (!(packet->data[0] & VERIFY) && field == sum16(sum, NULL, 0)))
		return true;
	return sum16(sum, udp, size) == 0xffff;
}

void fn_report(void)
{
	vlsp_app_report("passed", "%llu", passed);
	vlsp_app_report("dropped", "%llu", dropped);
	vlsp_app_report("answered", "%llu", answered);
}

const char *fn_parse_queue(const char *text, void *value)
{
	uint64_t bytes;

	if (parse_bytes(text, &bytes) || bytes < QUEUE_MIN || bytes > QUEUE_MAX)
		return "a number of bytes from 64K to 64M";
	*(uint64_t *)value = bytes;
	return NULL;
}

const char *fn_parse_rate(const char *text, void *value)
{
	double bits;

	if (parse_rate(text, &bits) || bits < 1)
		return "a rate (64kbit, 1.5mbit)";
	*(double *)value = bits;
	return NULL;
}

const char *fn_parse_burst(const char *text, void *value)
{
	uint64_t bytes;

	if (parse_bytes(text, &bytes) || bytes < EMPTY_LEN)
		return "a number of bytes (15000, 64K, 1M), at least 28";
	*(uint64_t *)value = bytes;
	return NULL;
}

bool fn_bucket_take(struct fn_bucket *bucket, double rate, double burst, double tokens,
		    uint64_t now_ns)
{
	if (bucket->filled_ns == 0)
		bucket->tokens = burst;
	else if (now_ns > bucket->filled_ns) /* or it came by another processor */
		bucket->tokens += rate * (double)(now_ns - bucket->filled_ns) / 1e9;
	if (now_ns > bucket->filled_ns)
		bucket->filled_ns = now_ns;
	if (bucket->tokens > burst)
		bucket->tokens = burst;
	if (bucket->tokens < tokens)
		return false;
	bucket->tokens -= tokens;
	return true;
}
