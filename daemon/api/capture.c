// SPDX-License-Identifier: GPL-2.0-or-later
/* The socket of captures (capture.h): connections, each at most one capture, and their frames. */
#include "daemon/api/capture.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/api/who.h"
#include "daemon/ctl/capture.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/http/server.h"
#include "lib/loop/accept.h"
#include "lib/loop/loop.h"
#include "lib/wire/frame.h"

#define CONNECTIONS_MAX 128
#define BACKLOG		16
#define SETTLE_NS	(10 * NSEC_PER_MSEC) /* programs that run when taps go have ended by then */

struct update { /* that is to be told */
	uint32_t port;
	bool gone;
};

struct conn {
	struct list node;
	struct captures *owner;
	struct loop_source *source;
	struct loop_timer *timer; /* the end, or the answer to STOP */
	int sock;
	struct api_who who;
	struct ctl_capture *capture; /* NULL: was not asked for yet */
	struct update *updates;
	size_t update_count, update_room;
	bool ending;
};

struct captures {
	struct captures_config config;
	struct loop_accept *accept;
	struct sockaddr_un addr;
	int sock;
	bool bound;
	struct list conns;
	unsigned count;
	struct http_names names;
	uint8_t buf[FRAME_MAX] __attribute__((aligned(8)));
};

static void conn_free(struct conn *conn)
{
	ctl_capture_close(conn->capture);
	loop_del(conn->source);
	loop_timer_free(conn->timer);
	if (conn->sock >= 0)
		close(conn->sock);
	list_del(&conn->node);
	conn->owner->count--;
	free(conn->updates);
	free(conn);
}

static int send_counts(struct conn *conn)
{
	struct capture_counts counts;
	int r = ctl_capture_counts(conn->capture, &counts);

	return r < 0 ? r
		     : frame_send(conn->sock, FRAME_CAPTURE_COUNTS, &counts, sizeof(counts), -1);
}

/* Soon, from the loop: whoever calls may be in the middle of something with it. Who does not read
 * what is sent has less to tell. */
static void conn_end(struct conn *conn, const char *text)
{
	if (conn->capture) {
		ctl_capture_stop(conn->capture);
		(void)send_counts(conn);
	}
	if (text)
		(void)frame_send(conn->sock, FRAME_CAPTURE_ERROR, text, (uint32_t)strlen(text), -1);
	conn->ending = true;
	loop_timer_set(conn->timer, clock_mono_ns());
}

static void audit(struct conn *conn, const char *of, const char *filter, const char *outcome)
{
	const struct captures_config *config = &conn->owner->config;
	char line[900], target[250] = "", words[300] = "", result[160] = "";

	if (!config->audit)
		return;
	api_audit_put(target, sizeof(target), of);
	api_audit_put(words, sizeof(words), filter);
	api_audit_put(result, sizeof(result), outcome);
	snprintf(line, sizeof(line), "%s role=%s, capture %s filter=%s -> %s", conn->who.text,
		 conn->who.role == API_ROLE_ADMIN ? "admin" : "none", target, words, result);
	config->audit(config->audit_arg, line);
}

/* --- what becomes of what is captured ----------------------------------------------------------
 */

static const struct capture_end *find_end(const struct conn *conn, uint32_t port)
{
	size_t count = 0;
	const struct capture_end *ends = ctl_capture_ends(conn->capture, &count);

	for (size_t i = 0; i < count; i++)
		if (ends[i].port == port)
			return &ends[i];
	return NULL;
}

/* As much as the socket takes; the rest when it can take more. */
static void flush(struct conn *conn)
{
	size_t i = 0;
	int r = 0;

	for (; i < conn->update_count; i++) {
		const struct update *u = &conn->updates[i];
		const struct capture_end *end = u->gone ? NULL : find_end(conn, u->port);

		if (u->gone)
			r = frame_send(conn->sock, FRAME_CAPTURE_GONE, &u->port, sizeof(u->port),
				       -1);
		else if (end)
			r = frame_send(conn->sock, FRAME_CAPTURE_END, end, sizeof(*end), -1);
		if (r < 0)
			break;
	}
	conn->update_count -= i;
	memmove(conn->updates, conn->updates + i, conn->update_count * sizeof(*conn->updates));
	if (r < 0 && r != -EAGAIN)
		conn_end(conn, NULL);
	else if (loop_mod(conn->source, conn->update_count ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
		conn_end(conn, NULL);
}

static void update(struct conn *conn, uint32_t port, bool gone)
{
	for (size_t i = 0; i < conn->update_count; i++)
		if (conn->updates[i].port == port && conn->updates[i].gone == gone)
			return;
	if (conn->update_count == conn->update_room) {
		size_t room = 2 * conn->update_room + 8;
		struct update *updates = realloc(conn->updates, room * sizeof(*updates));

		if (!updates) {
			conn_end(conn, "the daemon is out of memory");
			return;
		}
		conn->updates = updates;
		conn->update_room = room;
	}
	conn->updates[conn->update_count++] = (struct update){port, gone};
	flush(conn);
}

static void on_end(void *arg, const struct capture_end *end)
{
	update(arg, end->port, false);
}

static void on_gone(void *arg, uint32_t port, size_t left)
{
	struct conn *conn = arg;
	char text[CAPTURE_OF_SIZE + 32];

	update(conn, port, true);
	if (left || conn->ending)
		return;
	snprintf(text, sizeof(text), "%s was deleted", ctl_capture_of(conn->capture));
	conn_end(conn, text);
}

/* --- frames ------------------------------------------------------------------------------------
 */

/* The table may be larger than a socket takes, so it goes as a file. */
static int send_ends(struct conn *conn)
{
	size_t count = 0;
	const struct capture_end *ends = ctl_capture_ends(conn->capture, &count);
	uint32_t n = (uint32_t)count;
	cleanup_close int fd = memfd_create("vlsp-capture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const char *from = (const char *)ends;
	size_t size = count * sizeof(*ends);

	if (fd < 0)
		return -errno;
	while (size) {
		ssize_t done = write(fd, from, size);

		if (done < 0)
			return -errno;
		from += done;
		size -= (size_t)done;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	return frame_send(conn->sock, FRAME_CAPTURE_ENDS, &n, sizeof(n), fd);
}

static int send_given(struct conn *conn)
{
	struct capture_given given = {0};
	size_t count = 0;

	(void)ctl_capture_ends(conn->capture, &count);
	given.ends = (uint32_t)count;
	snprintf(given.of, sizeof(given.of), "%s", ctl_capture_of(conn->capture));
	return frame_send(conn->sock, FRAME_CAPTURE_RING, &given, sizeof(given),
			  ctl_capture_ring(conn->capture));
}

static void open_capture(struct conn *conn, const struct capture_ask *ask, const char *filter)
{
	struct ctl_capture_spec spec = {.of = ask->of,
					.filter = filter,
					.flags = ask->flags,
					.snaplen = ask->snaplen,
					.ring = ask->ring};
	struct ctl_capture_watch watch = {.arg = conn, .end = on_end, .gone = on_gone};
	struct err err = {0};
	int r = ctl_capture_open(conn->owner->config.ctl, &spec, &watch, &conn->capture, &err);

	audit(conn, ask->of, filter, r < 0 ? err.text : "runs");
	if (r < 0) {
		conn_end(conn, err.text);
		return;
	}
	r = send_ends(conn);
	if (r == 0)
		r = send_given(conn);
	if (r < 0) {
		log_warn("capture of %s: %s", ctl_capture_of(conn->capture), strerror(-r));
		conn_end(conn, strerror(-r));
	}
}

/* 0, or -EPROTO: no such thing is said here. */
static int take_ask(struct conn *conn, const void *body, size_t length)
{
	const struct capture_ask *ask = body;
	size_t size = length - sizeof(*ask);
	char *filter;

	if (conn->capture || length < sizeof(*ask) || !memchr(ask->of, '\0', sizeof(ask->of)) ||
	    memchr(ask + 1, '\0', size))
		return -EPROTO;
	if (ask->version != CAPTURE_VERSION) {
		conn_end(conn, "vlsp and vlspd are of different versions");
		return 0;
	}
	filter = strndup((const char *)(ask + 1), size);
	if (!filter)
		return -ENOMEM;
	open_capture(conn, ask, filter);
	free(filter);
	return 0;
}

static int take(struct conn *conn, uint16_t type, const void *body, size_t length)
{
	if (type == FRAME_CAPTURE_ASK)
		return take_ask(conn, body, length);
	if (!conn->capture || length)
		return -EPROTO;
	switch (type) {
	case FRAME_CAPTURE_COUNT:
		return send_counts(conn);
	case FRAME_CAPTURE_STOP:
		ctl_capture_stop(conn->capture);
		loop_timer_set(conn->timer, clock_mono_ns() + SETTLE_NS);
		return 0;
	default:
		return -EPROTO;
	}
}

static void conn_ready(void *arg, uint32_t events)
{
	struct conn *conn = arg;
	const void *body;
	uint16_t type;
	int fd = -1, r;

	if (conn->ending)
		return;
	if (events & EPOLLOUT)
		flush(conn);
	r = frame_recv(conn->sock, conn->owner->buf, &type, &body, &fd);
	if (r >= 0 && fd >= 0)
		close(fd); /* nobody asked for one */
	if (r >= 0)
		r = take(conn, type, body, (size_t)r);
	if (r >= 0 || r == -EAGAIN || r == -EINTR)
		return;
	if (r != -ECONNRESET)
		log_debug("capture of %s: %s", conn->who.text, strerror(-r));
	conn_free(conn);
}

static void conn_timer(void *arg)
{
	struct conn *conn = arg;

	if (!conn->ending && send_counts(conn) == 0)
		return;
	conn_free(conn);
}

/* --- connections -------------------------------------------------------------------------------
 */

static int conn_open(struct captures *captures, struct conn *conn)
{
	int r = loop_timer_new(captures->config.loop, conn_timer, conn, &conn->timer);

	if (r == 0)
		r = loop_add(captures->config.loop, conn->sock, EPOLLIN, conn_ready, conn,
			     &conn->source);
	return r;
}

static void greet(struct conn *conn)
{
	struct captures *captures = conn->owner;
	struct http_peer peer = {0};
	struct err err = {0};

	if (http_peer_unix(conn->sock, captures->config.group, &captures->names, &peer) < 0) {
		conn_end(conn, NULL);
		return;
	}
	api_who_describe(&peer, &conn->who);
	if (api_auth_unix(&peer, &conn->who.role, &err) != 0) {
		audit(conn, "", "", err.text);
		conn_end(conn, err.text);
	} else if (captures->count > CONNECTIONS_MAX) {
		conn_end(conn, "captures: there are too many connections");
	}
}

static void connected(void *arg, int sock)
{
	struct captures *captures = arg;
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		close(sock);
		return;
	}
	conn->owner = captures;
	conn->sock = sock;
	list_add_tail(&captures->conns, &conn->node);
	captures->count++;
	if (conn_open(captures, conn) < 0)
		conn_free(conn);
	else
		greet(conn);
}

static int listen_open(struct captures *captures, struct err *err)
{
	const char *path = captures->config.path;
	int r;

	if (strlen(path) >= sizeof(captures->addr.sun_path))
		return err_set(err, ENAMETOOLONG, "the path of a socket is too long: %s", path);
	captures->addr.sun_family = AF_UNIX;
	strcpy(captures->addr.sun_path, path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, errno, "%s", path);
	captures->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (captures->sock < 0)
		return err_errno(err, errno, "%s: socket", path);
	r = http_bind_unix(captures->sock, &captures->addr, captures->config.group, err);
	if (r < 0)
		return r;
	captures->bound = true;
	r = listen(captures->sock, BACKLOG) < 0 ? -errno : 0;
	if (r == 0)
		r = loop_accept_new(captures->config.loop, captures->sock, "captures", connected,
				    captures, &captures->accept);
	if (r < 0)
		return err_errno(err, r, "%s: listen", path);
	loop_accept_go(captures->accept);
	return 0;
}

int captures_new(const struct captures_config *config, struct captures **ret_captures,
		 struct err *err)
{
	struct captures *captures = calloc(1, sizeof(*captures));
	int r;

	if (!captures)
		return err_errno(err, ENOMEM, "captures");
	captures->config = *config;
	captures->sock = -1;
	list_init(&captures->conns);
	r = listen_open(captures, err);
	captures->config.path = NULL; /* the caller's */
	if (r < 0) {
		captures_free(captures);
		return r;
	}
	*ret_captures = captures;
	return 0;
}

void captures_free(struct captures *captures)
{
	struct list *pos, *tmp;

	if (!captures)
		return;
	list_for_each_safe (pos, tmp, &captures->conns) {
		struct conn *conn = list_entry(pos, struct conn, node);

		if (!conn->ending)
			conn_end(conn, "vlspd ends");
		conn_free(conn);
	}
	loop_accept_free(captures->accept);
	if (captures->sock >= 0)
		close(captures->sock);
	if (captures->bound)
		unlink(captures->addr.sun_path);
	free(captures);
}
