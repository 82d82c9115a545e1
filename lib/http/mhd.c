// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libmicrohttpd on our loop: its epoll descriptor is one source, its time-outs are one timer. A
 * request waits for its answer as a suspended connection. Called by server.c, which hands over
 * connections whose head has been looked at; answers come from handlers by the http_ops here.
 *
 * A struct request has two owners: the connection, until libmicrohttpd reports it completed, and
 * the handler, until it has answered. Whoever is last frees it.
 */
#include "lib/http/server_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
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
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/http/head.h"
#include "lib/http/stream.h"

struct http_mhd {
	struct http_config config;
	struct MHD_Daemon *daemon;
	struct loop_source *source;
	struct loop_timer *timer;
	struct list requests;
	bool stopping;
};

struct request {
	struct http_request pub;
	struct list all;	/* of the owner, while the connection exists */
	struct http_mhd *owner; /* NULL once the connection is completed */
	struct MHD_Connection *connection;
	struct MHD_Response *response;
	struct http_stream *stream; /* while the connection exists */
	int status;
	char *target; /* path and query, cut at the '?' */
	char *body;
	size_t body_room;
	uint64_t discarded;
	struct loop_source *watch; /* while a body is awaited: whether the client stops sending */
	int watch_fd;
	bool ended;	/* it has */
	bool begun;	/* the begin callback has been called */
	bool too_big;	/* the body passes its limit: 413 once it has been read */
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

/* Without a thread of its own libmicrohttpd does not notice by itself what was resumed. */
static void run_soon(void *arg)
{
	struct http_mhd *mhd = arg;

	loop_timer_set(mhd->timer, clock_mono_ns());
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
		run_soon(r->owner);
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

static void request_reply(struct http_request *req, const struct http_answer *answer)
{
	struct request *r = request_of(req);

	if (!r->owner || r->answered) /* the client has left, or the server has stopped */
		free(answer->body);
	else
		request_answer(r, answer->status, make_response(answer));
	r->released = true;
	request_unref(r);
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
					  .resumed = run_soon,
					  .arg = r->owner};
	stream = http_queue_new(&owner, type, events, &response);
	if (!stream)
		return NULL;
	stream->ops = &request_ops;
	r->stream = stream;
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
static void refuse_ended(struct http_mhd *mhd)
{
	struct list *pos;
	char buf[512];

	list_for_each (pos, &mhd->requests) {
		struct request *r = list_entry(pos, struct request, all);
		struct pollfd p = {.fd = r->watch_fd, .events = POLLRDHUP};
		int unread = 0;
		size_t n;

		if (!r->watch || poll(&p, 1, 0) != 1 || !(p.revents & POLLRDHUP) ||
		    ioctl(r->watch_fd, FIONREAD, &unread) < 0 || unread)
			continue;
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
	run_soon(r->owner);
}

/* Without the watch a broken upload ends by time-out, so its failure is no error. */
static void watch_start(struct request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	int fd = info ? fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 0) : -1;

	if (fd < 0)
		return;
	if (loop_add(r->owner->config.loop, fd, EPOLLRDHUP | EPOLLET, on_watch, r, &r->watch) < 0)
		close(fd);
	else
		r->watch_fd = fd;
}

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct http_mhd *mhd = arg;
	struct request *r = calloc(1, sizeof(*r));
	const union MHD_ConnectionInfo *info;
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
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	r->pub = (struct http_request){
		.ops = &request_ops,
		.path = r->target,
		.query = mark ? mark : "",
		.peer = info && info->client_addr && info->client_addr->sa_family == AF_UNIX
				? HTTP_PEER_UNIX
				: HTTP_PEER_TCP,
		.body_limit = HTTP_BODY_MAX,
		.body = "",
	};
	r->connection = connection;
	r->owner = mhd;
	r->released = true; /* until a handler gets it */
	list_add_tail(&mhd->requests, &r->all);
	return r;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct request *r = *state;

	(void)arg;
	(void)connection;
	(void)code;
	*state = NULL;
	if (!r)
		return;
	watch_stop(r);
	list_del(&r->all);
	r->owner = NULL;
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
		if (!mhd->config.begin(mhd->config.arg, &r->pub))
			r->released = true;
	}
	if (!r->answered && length > r->pub.body_limit)
		r->too_big = true;
	if ((r->answered || r->too_big) && (expect || length > HTTP_DISCARD_MAX))
		return true;
	if (length || request_header(&r->pub, "Transfer-Encoding"))
		watch_start(r);
	return false;
}

static enum MHD_Result take_body(struct request *r, const char *data, size_t *size)
{
	size_t n = *size;

	*size = 0;
	if (!r->answered && r->pub.body_size + n > r->pub.body_limit)
		r->too_big = true;
	if (r->answered || r->too_big) {
		r->discarded += n;
		return r->discarded > HTTP_DISCARD_MAX ? MHD_NO : MHD_YES;
	}
	if (r->pub.body_size + n + 1 > r->body_room) {
		size_t room = r->body_room ? r->body_room * 2 : 4096;
		char *body;

		while (room < r->pub.body_size + n + 1)
			room *= 2;
		body = realloc(r->body, room);
		if (!body)
			return MHD_NO;
		r->body = body;
		r->body_room = room;
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

	snprintf(text, sizeof(text), "body: longer than %zu bytes", r->pub.body_limit);
	reply_text(r, 413, text);
}

static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *size, void **state)
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
	if (r->too_big && !r->answered)
		reply_too_big(r);
	if (!r->answered && !r->handled) {
		r->handled = true;
		r->released = false;
		mhd->config.handle(mhd->config.arg, &r->pub);
	}
	if (r->answered)
		return r->queued ? MHD_YES : queue_answer(r);
	r->suspended = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

/* Said of each request on a unix socket, which has no such options, and nothing is wrong. */
static bool is_unix_noise(const char *line)
{
	return (strncmp(line, "Setting TCP_", 12) == 0 && strstr(line, strerror(EOPNOTSUPP))) ||
	       strncmp(line, "Failed to push the data from buffers", 36) == 0;
}

static void on_log(void *arg, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static void on_log(void *arg, const char *fmt, va_list ap)
{
	char line[400];

	(void)arg;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\r\n")] = '\0';
	if (is_unix_noise(line))
		return;
	log_debug("http: %s", line);
}

/* --- the loop's side --- */

static void mhd_run(struct http_mhd *mhd)
{
	MHD_UNSIGNED_LONG_LONG ms;

	refuse_ended(mhd);
	MHD_run(mhd->daemon);
	refuse_ended(mhd);
	if (MHD_get_timeout(mhd->daemon, &ms) == MHD_YES)
		loop_timer_set(mhd->timer, clock_mono_ns() + ms * NSEC_PER_MSEC + 1);
	else
		loop_timer_set(mhd->timer, 0);
}

static void on_epoll(void *arg, uint32_t events)
{
	(void)events;
	mhd_run(arg);
}

static void on_timer(void *arg)
{
	mhd_run(arg);
}

void http_mhd_add(struct http_mhd *mhd, int fd, const struct sockaddr *addr, socklen_t len)
{
	/* Closes the descriptor itself when it fails. */
	if (MHD_add_connection(mhd->daemon, fd, addr, len) == MHD_YES)
		mhd_run(mhd);
}

unsigned http_mhd_count(const struct http_mhd *mhd)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(mhd->daemon,
							       MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

int http_mhd_new(const struct http_config *config, struct http_mhd **ret_mhd, struct err *err)
{
	struct http_mhd *mhd = calloc(1, sizeof(*mhd));
	const union MHD_DaemonInfo *info;
	int r;

	if (!mhd)
		return err_set(err, ENOMEM, "HTTP server: out of memory");
	mhd->config = *config;
	list_init(&mhd->requests);
	mhd->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_ERROR_LOG,
		0, NULL, NULL, on_access, mhd, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, mhd, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		mhd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(4 * HTTP_HEAD_MAX), MHD_OPTION_END);
	if (!mhd->daemon) {
		r = err_set(err, EIO, "HTTP server: libmicrohttpd does not start");
		goto fail;
	}
	r = loop_timer_new(config->loop, on_timer, mhd, &mhd->timer);
	if (r < 0)
		goto fail_errno;
	info = MHD_get_daemon_info(mhd->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info) {
		r = -EIO;
		goto fail_errno;
	}
	r = loop_add(config->loop, info->epoll_fd, EPOLLIN, on_epoll, mhd, &mhd->source);
	if (r < 0)
		goto fail_errno;
	*ret_mhd = mhd;
	return 0;

fail_errno:
	err_errno(err, r, "HTTP server");
fail:
	http_mhd_free(mhd);
	return r;
}

/* Answers what waits with 503 and gives it to the clients, as far as they read at once. */
static void flush(struct http_mhd *mhd)
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
	for (int i = 0; i < 8; i++)
		MHD_run(mhd->daemon);
}

void http_mhd_free(struct http_mhd *mhd)
{
	if (!mhd)
		return;
	if (mhd->daemon) {
		flush(mhd);
		loop_del(mhd->source);
		MHD_stop_daemon(mhd->daemon);
	}
	loop_timer_free(mhd->timer);
	free(mhd);
}
