/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request, as the server hands it to its handler. It is answered exactly once, now or later
 * from the loop, by http_reply() or http_stream(); after that the handler must not touch it. A
 * client that leaves in between is of no concern to the handler. The operations are a table so
 * that tests and the fuzzer can call handlers without a socket.
 */
#ifndef VLSP_LIB_HTTP_REQUEST_H
#define VLSP_LIB_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/http/peer.h"

struct http_request;
struct http_stream;

struct http_answer {
	int status;
	const char *type; /* of the content; NULL: application/json */
	char *body;	  /* malloc()ed; the request takes it; NULL: empty */
	size_t size;
	const char *extra_name, *extra_value; /* one more header, copied; NULL: none */
};

struct http_stream_events {
	void *arg;
	/* Everything pushed has been taken: more may be pushed, from within too. May be NULL. */
	void (*drained)(void *arg);
	/* The client has gone, or http_stream_close() has finished: forget the stream. */
	void (*gone)(void *arg);
};

struct http_ops {
	/* Value of the first header of that name (any case) or NULL; valid until the answer. */
	const char *(*header)(struct http_request *req, const char *name);
	void (*reply)(struct http_request *req, const struct http_answer *answer);
	struct http_stream *(*stream)(struct http_request *req, const char *type,
				      const struct http_stream_events *events);
	int (*push)(struct http_stream *stream, const char *data, size_t size);
	void (*close)(struct http_stream *stream, const char *last);
};

struct http_request {
	const struct http_ops *ops;
	const char *method;
	const char *path;  /* raw: as sent, without the query */
	const char *query; /* raw, without '?'; "" : none */
	struct http_peer peer;
	size_t body_limit; /* may be raised in the begin callback */
	const char *body;  /* NUL behind the last byte; "" : none */
	size_t body_size;
	void *call; /* the handler's own */
};

/* What was begun as a stream; first member of an implementation's own struct. */
struct http_stream {
	const struct http_ops *ops;
};

static inline const char *http_header(struct http_request *req, const char *name)
{
	return req->ops->header(req, name);
}

static inline void http_reply(struct http_request *req, const struct http_answer *answer)
{
	req->ops->reply(req, answer);
}

/* Answers 200 with a body that has no end yet. NULL: out of memory, the request is not answered. */
static inline struct http_stream *http_stream(struct http_request *req, const char *type,
					      const struct http_stream_events *events)
{
	return req->ops->stream(req, type, events);
}

/* Queues data as a whole: 0, -ENOBUFS (too much is queued; drained will be called), -ENOMEM. */
static inline int http_stream_push(struct http_stream *stream, const char *data, size_t size)
{
	return stream->ops->push(stream, data, size);
}

/* Drops what has not begun to be sent, sends last (may be NULL), then ends. gone is called once
 * that is done, possibly at once. */
static inline void http_stream_close(struct http_stream *stream, const char *last)
{
	stream->ops->close(stream, last);
}

#endif
