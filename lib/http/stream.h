/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A response without an end over libmicrohttpd: a bounded queue of bytes. For mhd.c only. */
#ifndef VLSP_LIB_HTTP_STREAM_H
#define VLSP_LIB_HTTP_STREAM_H

#include <microhttpd.h>

#include "lib/http/request.h"
#include "lib/loop/loop.h"

struct http_queue_owner {
	struct loop *loop;
	struct MHD_Connection *connection;
	void (*resumed)(void *arg); /* libmicrohttpd must be run soon */
	void *arg;
};

/* The stream lives until libmicrohttpd has dropped *ret_response; events->gone is called then. */
struct http_stream *http_queue_new(const struct http_queue_owner *owner, const char *type,
				   const struct http_stream_events *events,
				   struct MHD_Response **ret_response);
int http_queue_push(struct http_stream *stream, const char *data, size_t size);
/* Sends a comment line, by which libmicrohttpd notices that the client has gone, if so. */
void http_queue_probe(struct http_stream *stream);
void http_queue_close(struct http_stream *stream, const char *last);

#endif
