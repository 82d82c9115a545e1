// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One request, from its head to the end of its answer: callbacks of libmicrohttpd on one side, the
 * handler's http_ops on the other. It waits for its answer as a suspended connection. Called by
 * libmicrohttpd when mhd.c runs it, and by handlers.
 *
 * A struct request has two owners: the connection, until libmicrohttpd reports it completed, and
 * the handler, until it has answered. Whoever is last frees it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/http/head.h"
#include "lib/http/mhd_priv.h"
#include "lib/http/stream.h"

struct request {
	struct http_request pub;
	struct list all;	/* of the owner, while the connection exists */
	struct http_mhd *owner; /* NULL once the connection is completed */
	struct http_conn *conn; /* as long */
	struct MHD_Connection *connection;
	struct MHD_Response *response;
	struct http_stream *stream; /* while the connection exists */
	int status;
	char *target; /* path and query, cut at the '?' */
	char *body;
	size_t body_room;
	size_t answer_size;
	uint64_t discarded;
	/* While a body is awaited, or a stream lasts: whether the client stops sending. */
	struct loop_source *watch;
	int watch_fd;
	bool begun;	/* the begin callback has been called */
	bool too_big;	/* the body passes its limit: 413 once it has been read */
	bool no_room;	/* all bodies together do: 503 */
	bool taken;	/* begin has been called and has not answered */
	bool handled;	/* the handler has been called */
	bool answered;	/* response is there, or was */
	bool queued;	/* libmicrohttpd has it */
	bool suspended; /* waiting for the answer */
	bool released;	/* the handler does not own it (any more) */
};

static const struct http_ops request_ops;

static void request_unref(struct request *r)
{
	if (r->owner || !r->released)
		return;
	if (r->response)
		MHD_destroy_response(r->response);
	free(r->target);
	free(r->body);
	free(r);
}

static struct request *request_of(struct http_request *req)
{
	return container_of(req, struct request, pub);
}

static const char *request_header(struct http_request *req, const char *name)
{
	struct request *r = request_of(req);

	if (!r->owner)
		return NULL;
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* Keeps the response until libmicrohttpd asks; wakes the connection if it is waiting. */
static void request_answer(struct request *r, int status, struct MHD_Response *response)
{
	r->answered = true;
	r->status = status;
	r->response = response;
	if (r->owner && r->suspended) {
		r->suspended = false;
		MHD_resume_connection(r->connection);
		http_mhd_run_soon(r->owner);
	}
}

static struct MHD_Response *make_response(const struct http_answer *answer)
{
	struct MHD_Response *response;

	response = MHD_create_response_from_buffer(answer->body ? answer->size : 0, answer->body,
						   answer->body ? MHD_RESPMEM_MUST_FREE
								: MHD_RESPMEM_PERSISTENT);
	if (!response) {
		free(answer->body);
		return NULL;
	}
	MHD_add_response_header(response, "Content-Type",
				answer->type ? answer->type : "application/json");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Connection", "close");
	if (answer->extra_name)
		MHD_add_response_header(response, answer->extra_name, answer->extra_value);
	return response;
}

static void reply_text(struct request *r, int status, const char *text)
{
	struct http_answer answer = {.status = status};
	int n = asprintf(&answer.body, "{\"error\": \"%s\"}\n", text);

	if (n < 0)
		answer.body = NULL;
	answer.size = n < 0 ? 0 : (size_t)n;
	request_answer(r, status, make_response(&answer));
}

static void request_reply(struct http_request *req, const struct http_answer *answer)
{
	struct request *r = request_of(req);
	struct http_mhd *mhd = r->owner;

	if (!mhd || r->answered) { /* the client has left, or the server has stopped */
		free(answer->body);
	} else if (mhd->answers && mhd->answers + answer->size > HTTP_ANSWERS_TOTAL) {
		free(answer->body);
		reply_text(r, 503, "answers: too many that their clients have not read");
	} else {
		r->answer_size = answer->size;
		mhd->answers += answer->size;
		request_answer(r, answer->status, make_response(answer));
	}
	r->released = true;
	request_unref(r);
}

static void watch_start(struct request *r);

static struct http_stream *request_stream(struct http_request *req, const char *type,
					  const struct http_stream_events *events)
{
	struct request *r = request_of(req);
	struct MHD_Response *response;
	struct http_queue_owner owner;
	struct http_stream *stream;

	if (!r->owner || r->answered)
		return NULL;
	owner = (struct http_queue_owner){.loop = r->owner->config.loop,
					  .connection = r->connection,
					  .resumed = http_mhd_run_soon,
					  .arg = r->owner};
	stream = http_queue_new(&owner, type, events, &response);
	if (!stream)
		return NULL;
	stream->ops = &request_ops;
	r->stream = stream;
	watch_start(r);
	request_answer(r, 200, response);
	r->released = true;
	request_unref(r);
	return stream;
}

static const struct http_ops request_ops = {
	.header = request_header,
	.reply = request_reply,
	.stream = request_stream,
	.push = http_queue_push,
	.close = http_queue_close,
};

/* --- what libmicrohttpd calls --- */

static void watch_stop(struct request *r)
{
	if (!r->watch)
		return;
	loop_del(r->watch);
	close(r->watch_fd);
	r->watch = NULL;
}

/*
 * A client that shuts its side down within a body: libmicrohttpd would close without a word (or,
 * edge-triggered, wait for its time-out). What has been sent is read first; then the refusal is
 * written past libmicrohttpd, which has not begun to answer, and finds the connection ended. Called
 * before and after each run, for one run reads from a connection once.
 */
void http_request_refuse_ended(struct http_mhd *mhd)
{
	struct list *pos;
	char buf[512];

	if (!mhd->ended)
		return;
	mhd->ended = false;
	list_for_each (pos, &mhd->requests) {
		struct request *r = list_entry(pos, struct request, all);
		struct pollfd p = {.fd = r->watch_fd, .events = POLLRDHUP};
		int unread = 0;
		size_t n;

		if (!r->watch || r->stream || poll(&p, 1, 0) != 1 || !(p.revents & POLLRDHUP))
			continue;
		if (ioctl(r->watch_fd, FIONREAD, &unread) < 0 || unread) {
			mhd->ended = true; /* once that has been read */
			continue;
		}
		n = http_head_refusal(400, "body: ends before its length or last chunk", buf,
				      sizeof(buf));
		if (send(r->watch_fd, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			log_debug("http: a refusal was not taken: %s", strerror(errno));
		shutdown(r->watch_fd, SHUT_RDWR);
		watch_stop(r);
	}
}

static void on_watch(void *arg, uint32_t events)
{
	struct request *r = arg;

	(void)events;
	if (r->stream) {
		http_queue_probe(r->stream);
	} else {
		r->owner->ended = true;
		http_mhd_run_soon(r->owner);
	}
}

/* Without the watch a broken upload ends by time-out, so its failure is no error. */
static void watch_start(struct request *r)
{
	int fd = fcntl(r->conn->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (loop_add(r->owner->config.loop, fd, EPOLLRDHUP | EPOLLET, on_watch, r, &r->watch) < 0)
		close(fd);
	else
		r->watch_fd = fd;
}

void *http_request_on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct http_mhd *mhd = arg;
	struct http_conn *conn = http_mhd_conn(mhd, connection);
	struct request *r = conn ? calloc(1, sizeof(*r)) : NULL;
	char *mark;

	if (!r)
		return NULL;
	r->target = strdup(uri);
	if (!r->target) {
		free(r);
		return NULL;
	}
	mark = strchr(r->target, '?');
	if (mark)
		*mark++ = '\0';
	r->pub = (struct http_request){
		.ops = &request_ops,
		.path = r->target,
		.query = mark ? mark : "",
		.peer = conn->peer,
		.body_limit = HTTP_BODY_MAX,
		.body = "",
	};
	r->connection = connection;
	r->conn = conn;
	r->owner = mhd;
	r->released = true; /* until a handler gets it */
	list_add_tail(&mhd->requests, &r->all);
	return r;
}

/* The handler has begun and is not going to handle: the server has answered in its place. */
static void drop(struct request *r, int status)
{
	const struct http_config *config = &r->owner->config;

	if (config->dropped && r->taken)
		config->dropped(config->arg, &r->pub, status);
	r->taken = false;
}

void http_request_on_completed(void *arg, struct MHD_Connection *connection, void **state,
			       enum MHD_RequestTerminationCode code)
{
	struct http_mhd *mhd = arg;
	struct request *r = *state;

	(void)connection;
	(void)code;
	*state = NULL;
	if (!r)
		return;
	watch_stop(r);
	if (r->begun && !r->answered && !r->handled)
		drop(r, r->conn->cut);
	mhd->bodies -= r->body_room;
	mhd->answers -= r->answer_size;
	list_del(&r->all);
	r->owner = NULL;
	r->conn = NULL;
	r->connection = NULL;
	request_unref(r);
}

static enum MHD_Result queue_answer(struct request *r)
{
	enum MHD_Result ok;

	if (!r->response) /* out of memory when the answer was made: nothing to send */
		return MHD_NO;
	ok = MHD_queue_response(r->connection, (unsigned)r->status, r->response);
	MHD_destroy_response(r->response);
	r->response = NULL;
	r->queued = true;
	return ok;
}

static uint64_t declared_length(struct request *r)
{
	const char *text = request_header(&r->pub, "Content-Length");

	return text ? strtoull(text, NULL, 10) : 0;
}

/* The head is known. Whether an answer must go out before the body is read. */
static bool request_begin(struct request *r)
{
	struct http_mhd *mhd = r->owner;
	const char *expect = request_header(&r->pub, "Expect");
	uint64_t length = declared_length(r);

	r->begun = true;
	if (mhd->stopping) {
		reply_text(r, 503, "the daemon is stopping");
	} else {
		r->released = false;
		if (!mhd->config.begin(mhd->config.arg, &r->pub)) {
			r->released = true;
			r->taken = true;
		}
	}
	if (!r->answered && length > r->pub.body_limit)
		r->too_big = true;
	if ((r->answered || r->too_big) && (expect || length > HTTP_DISCARD_MAX))
		return true;
	if (length || request_header(&r->pub, "Transfer-Encoding"))
		watch_start(r);
	return false;
}

/* Makes room for n bytes more. false: there is none, and none will be asked for again. */
static bool body_room(struct request *r, size_t n)
{
	struct http_mhd *mhd = r->owner;
	size_t need = r->pub.body_size + n + 1, room = r->body_room ? r->body_room : 4096;
	char *body = NULL;

	if (r->no_room || need <= r->body_room)
		return !r->no_room;
	while (room < need)
		room *= 2;
	if (room > r->pub.body_limit + 1)
		room = r->pub.body_limit + 1;
	if (mhd->bodies - r->body_room + room <= HTTP_BODIES_TOTAL)
		body = realloc(r->body, room);
	if (!body) {
		r->no_room = true;
		return false;
	}
	mhd->bodies += room - r->body_room;
	r->body = body;
	r->body_room = room;
	return true;
}

static enum MHD_Result take_body(struct request *r, const char *data, size_t *size)
{
	size_t n = *size;

	*size = 0;
	r->conn->body_bytes += n;
	if (!r->answered && r->pub.body_size + n > r->pub.body_limit)
		r->too_big = true;
	if (r->answered || r->too_big || !body_room(r, n)) {
		r->discarded += n;
		return r->discarded > HTTP_DISCARD_MAX ? MHD_NO : MHD_YES;
	}
	memcpy(r->body + r->pub.body_size, data, n);
	r->pub.body_size += n;
	r->body[r->pub.body_size] = '\0';
	r->pub.body = r->body;
	return MHD_YES;
}

static void reply_too_big(struct request *r)
{
	char text[80];

	drop(r, r->too_big ? 413 : 503);
	if (!r->too_big) {
		reply_text(r, 503, "body: those of all clients together are too long");
		return;
	}
	snprintf(text, sizeof(text), "body: longer than %zu bytes", r->pub.body_limit);
	reply_text(r, 413, text);
}

enum MHD_Result http_request_on_access(void *arg, struct MHD_Connection *connection,
				       const char *url, const char *method, const char *version,
				       const char *data, size_t *size, void **state)
{
	struct http_mhd *mhd = arg;
	struct request *r = *state;

	(void)connection;
	(void)url;
	(void)version;
	if (!r)
		return MHD_NO;
	r->pub.method = method;
	if (!r->begun) {
		if (!request_begin(r))
			return MHD_YES;
		if (!r->answered)
			reply_too_big(r);
		return queue_answer(r);
	}
	if (*size)
		return take_body(r, data, size);
	watch_stop(r);
	if ((r->too_big || r->no_room) && !r->answered)
		reply_too_big(r);
	r->conn->phase = HTTP_PHASE_ANSWER;
	if (!r->answered && !r->handled) {
		r->handled = true;
		r->taken = false;
		r->released = false;
		mhd->config.handle(mhd->config.arg, &r->pub);
	}
	if (r->answered)
		return r->queued ? MHD_YES : queue_answer(r);
	r->suspended = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

void http_request_flush(struct http_mhd *mhd)
{
	struct list *pos;

	mhd->stopping = true;
	list_for_each (pos, &mhd->requests) {
		struct request *r = list_entry(pos, struct request, all);

		if (r->suspended)
			reply_text(r, 503, "the daemon is stopping");
		else if (r->stream)
			http_queue_close(r->stream, NULL);
	}
}
