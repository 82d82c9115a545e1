// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queue between a handler that pushes and a client that reads. libmicrohttpd pulls by
 * on_read(); when the queue is empty the connection is suspended, and resumed by the next push.
 * While suspended libmicrohttpd does not see the client leave: a comment line tells, now and then
 * and when the connection looks as if it had.
 */
#include "lib/http/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/http/limits.h"

struct chunk {
	struct chunk *next;
	size_t size;
	char data[];
};

struct queue {
	struct http_stream pub;
	struct http_queue_owner owner;
	struct loop_timer *beat;
	struct http_stream_events events;
	struct chunk *first, **last;
	size_t sent;  /* of the first chunk */
	size_t bytes; /* queued and not sent */
	bool suspended, ending;
};

static struct queue *queue_of(struct http_stream *stream)
{
	return container_of(stream, struct queue, pub);
}

static void wake(struct queue *q)
{
	if (q->suspended) {
		q->suspended = false;
		MHD_resume_connection(q->owner.connection);
		q->owner.resumed(q->owner.arg);
	}
	loop_timer_set(q->beat, clock_mono_ns() + HTTP_STREAM_BEAT_MS * NSEC_PER_MSEC);
}

static int append(struct queue *q, const char *data, size_t size)
{
	struct chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		return -ENOMEM;
	c->next = NULL;
	c->size = size;
	memcpy(c->data, data, size);
	*q->last = c;
	q->last = &c->next;
	q->bytes += size;
	return 0;
}

static void drop_first(struct queue *q)
{
	struct chunk *c = q->first;

	q->first = c->next;
	if (!q->first)
		q->last = &q->first;
	q->bytes -= c->size - q->sent;
	q->sent = 0;
	free(c);
}

static ssize_t on_read(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct queue *q = arg;
	size_t n = 0;

	(void)pos;
	if (!q->first && !q->ending && q->events.drained)
		q->events.drained(q->events.arg);
	while (q->first && n < max) {
		size_t part = q->first->size - q->sent;

		if (part > max - n)
			part = max - n;
		memcpy(buf + n, q->first->data + q->sent, part);
		n += part;
		q->sent += part;
		q->bytes -= part;
		if (q->sent == q->first->size)
			drop_first(q);
	}
	if (n)
		return (ssize_t)n;
	if (q->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	q->suspended = true;
	MHD_suspend_connection(q->owner.connection);
	return 0;
}

static void on_free(void *arg)
{
	struct queue *q = arg;

	while (q->first)
		drop_first(q);
	loop_timer_free(q->beat);
	if (q->events.gone)
		q->events.gone(q->events.arg);
	free(q);
}

static void beat(struct queue *q)
{
	if (q->bytes == 0 && append(q, ":\n\n", 3) < 0)
		q->ending = true;
	wake(q);
}

static void on_beat(void *arg)
{
	beat(arg);
}

void http_queue_probe(struct http_stream *stream)
{
	beat(queue_of(stream));
}

struct http_stream *http_queue_new(const struct http_queue_owner *owner, const char *type,
				   const struct http_stream_events *events,
				   struct MHD_Response **ret_response)
{
	struct queue *q = calloc(1, sizeof(*q));
	struct MHD_Response *response;

	if (!q)
		return NULL;
	q->last = &q->first;
	q->owner = *owner;
	if (loop_timer_new(owner->loop, on_beat, q, &q->beat) < 0)
		goto fail;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, on_read, q, on_free);
	if (!response)
		goto fail;
	q->events = *events;
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Connection", "close");
	loop_timer_set(q->beat, clock_mono_ns() + HTTP_STREAM_BEAT_MS * NSEC_PER_MSEC);
	*ret_response = response;
	return &q->pub;

fail:
	loop_timer_free(q->beat);
	free(q);
	return NULL;
}

int http_queue_push(struct http_stream *stream, const char *data, size_t size)
{
	struct queue *q = queue_of(stream);
	int r;

	if (q->ending || q->bytes + size > HTTP_STREAM_QUEUE_MAX)
		return -ENOBUFS;
	r = append(q, data, size);
	if (r == 0)
		wake(q);
	return r;
}

void http_queue_close(struct http_stream *stream, const char *last)
{
	struct queue *q = queue_of(stream);
	struct chunk **keep = q->sent ? &q->first->next : &q->first;

	/* The chunk that is being sent must be finished, or the framing breaks. */
	while (*keep) {
		struct chunk *c = *keep;

		*keep = c->next;
		q->bytes -= c->size;
		free(c);
	}
	q->last = keep;
	if (last)
		append(q, last, strlen(last));
	q->ending = true;
	wake(q);
}
