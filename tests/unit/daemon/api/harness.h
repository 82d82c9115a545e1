/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole controller on the fake host, and requests without a socket. For the tests of this
 * directory and the REST fuzz target. One request at a time.
 */
#ifndef VLSP_TESTS_UNIT_DAEMON_API_HARNESS_H
#define VLSP_TESTS_UNIT_DAEMON_API_HARNESS_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/api/api.h"
#include "daemon/host/fake.h"
#include "lib/base/cleanup.h"
#include "lib/loop/loop.h"

struct harness {
	struct loop *loop;
	struct host *host;
	struct model *model;
	struct ctl *ctl;
	struct api *api;
	char audit[1024]; /* the last line */
	unsigned audits;
};

struct call {
	struct http_request req;
	struct http_stream stream;
	const char *headers[8]; /* name, value, ... , NULL */
	int status;		/* 0: not answered yet */
	char *body;
	size_t size;
	char type[64];	 /* of the content; "": JSON */
	char extra[200]; /* "NAME: VALUE" */
	bool streaming, full;
	struct http_stream_events events;
};

static inline const char *call_header(struct http_request *req, const char *name)
{
	struct call *c = container_of(req, struct call, req);

	for (int i = 0; i + 1 < 8 && c->headers[i]; i += 2)
		if (strcasecmp(c->headers[i], name) == 0)
			return c->headers[i + 1];
	return NULL;
}

static inline void call_reply(struct http_request *req, const struct http_answer *answer)
{
	struct call *c = container_of(req, struct call, req);

	if (c->status) /* answered twice */
		abort();
	c->status = answer->status;
	snprintf(c->type, sizeof(c->type), "%s", answer->type ? answer->type : "");
	c->body = answer->body;
	c->size = answer->size;
	if (answer->extra_name)
		snprintf(c->extra, sizeof(c->extra), "%s: %s", answer->extra_name,
			 answer->extra_value);
}

static inline int call_push(struct http_stream *stream, const char *data, size_t size)
{
	struct call *c = container_of(stream, struct call, stream);
	char *body = c->full ? NULL : realloc(c->body, c->size + size + 1);

	if (!body)
		return -ENOBUFS;
	memcpy(body + c->size, data, size);
	c->body = body;
	c->size += size;
	body[c->size] = '\0';
	return 0;
}

static inline void call_close(struct http_stream *stream, const char *last)
{
	struct call *c = container_of(stream, struct call, stream);

	c->full = false;
	if (last && call_push(stream, last, strlen(last)) < 0)
		abort();
	c->streaming = false;
	c->events.gone(c->events.arg);
}

static inline struct http_stream *call_stream(struct http_request *req, const char *type,
					      const struct http_stream_events *events);

static const struct http_ops call_ops = {.header = call_header,
					 .reply = call_reply,
					 .stream = call_stream,
					 .push = call_push,
					 .close = call_close};

static inline struct http_stream *call_stream(struct http_request *req, const char *type,
					      const struct http_stream_events *events)
{
	struct call *c = container_of(req, struct call, req);

	(void)type;
	c->status = 200;
	c->streaming = true;
	c->events = *events;
	c->stream.ops = &call_ops;
	return &c->stream;
}

static inline void call_done(struct call *c)
{
	if (c->streaming) { /* the client leaves */
		c->streaming = false;
		c->events.gone(c->events.arg);
	}
	free(c->body);
	memset(c, 0, sizeof(*c));
}

/* Begins a request; body may be NULL. It is answered when status is not 0. */
static inline void call_start(struct harness *h, struct call *c, const char *method,
			      const char *path, const char *query, const char *body, size_t size)
{
	c->req.ops = &call_ops;
	c->req.method = method;
	c->req.path = path;
	c->req.query = query;
	c->req.body = body ? body : "";
	c->req.body_size = size;
	c->req.body_limit = 1 << 20;
	if (!api_begin(h->api, &c->req))
		api_handle(h->api, &c->req);
}

static inline void harness_settle(struct harness *h, const struct call *c)
{
	while (!c->status)
		if (loop_once(h->loop, 10000) <= 0)
			abort(); /* nothing is under way that could answer */
}

static inline void harness_audit(void *arg, const char *line)
{
	struct harness *h = arg;

	snprintf(h->audit, sizeof(h->audit), "%s", line);
	h->audits++;
}

static inline int harness_open(struct harness *h, const char *token)
{
	struct fake_config fake;
	struct ctl_config ctl;
	struct api_config api;

	memset(h, 0, sizeof(*h));
	if (loop_new(&h->loop) < 0 || model_new(&h->model) < 0)
		return -1;
	fake = (struct fake_config){.loop = h->loop};
	if (fake_new(&fake, &h->host) < 0)
		return -1;
	ctl = (struct ctl_config){
		.loop = h->loop, .model = h->model, .host = h->host, .host_name = "here"};
	if (ctl_new(&ctl, &h->ctl) < 0)
		return -1;
	api = (struct api_config){.loop = h->loop,
				  .ctl = h->ctl,
				  .instance = "test",
				  .runtime_dir = "/nowhere",
				  .host_name = "here",
				  .token = token,
				  .read_token = "reader",
				  .audit = harness_audit,
				  .audit_arg = h};
	return api_new(&api, &h->api);
}

static inline void harness_close(struct harness *h)
{
	if (h->host)
		h->host->ops->close(h->host, false);
	ctl_free(h->ctl);
	api_free(h->api);
	model_free(h->model);
	loop_free(h->loop);
}

#endif
