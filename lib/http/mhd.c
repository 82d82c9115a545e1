// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libmicrohttpd on our loop: its epoll descriptor is one source, its time-outs are one timer.
 * Called by visit.c, which hands over connections whose head has been looked at; what becomes of
 * their requests is in mhd_request.c.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/http/mhd_priv.h"

void http_mhd_run_soon(void *arg)
{
	struct http_mhd *mhd = arg;

	loop_timer_set(mhd->timer, clock_mono_ns());
}

static int fd_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

struct http_conn *http_mhd_conn(struct http_mhd *mhd, struct MHD_Connection *connection)
{
	int fd = fd_of(connection);

	return fd >= 0 && (size_t)fd < mhd->conns_room ? mhd->conns[fd] : NULL;
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

static void mhd_run(struct http_mhd *mhd)
{
	MHD_UNSIGNED_LONG_LONG ms;

	http_request_refuse_ended(mhd);
	MHD_run(mhd->daemon);
	http_request_refuse_ended(mhd);
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

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_mhd *mhd = arg;
	struct http_conn *conn = http_mhd_conn(mhd, connection);

	(void)context;
	if (code != MHD_CONNECTION_NOTIFY_CLOSED || !conn)
		return;
	mhd->conns[conn->fd] = NULL;
	http_conn_closed(conn);
}

static bool conns_room(struct http_mhd *mhd, int fd)
{
	size_t room = (size_t)fd + 1 + 64;
	struct http_conn **conns;

	if ((size_t)fd < mhd->conns_room)
		return true;
	conns = realloc(mhd->conns, room * sizeof(*conns));
	if (!conns)
		return false;
	memset(conns + mhd->conns_room, 0, (room - mhd->conns_room) * sizeof(*conns));
	mhd->conns = conns;
	mhd->conns_room = room;
	return true;
}

void http_mhd_add(struct http_mhd *mhd, struct http_conn *conn)
{
	bool tcp = conn->peer.kind == HTTP_PEER_TCP; /* TLS: our end of a pair of unix sockets */
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(conn->peer.ip)};
	struct sockaddr un = {.sa_family = AF_UNIX};
	struct sockaddr *addr = tcp ? (struct sockaddr *)&in : &un;
	int fd = conn->fd;

	if (!conns_room(mhd, fd)) {
		http_conn_closed(conn);
		close(fd);
		return;
	}
	mhd->conns[fd] = conn;
	/* Closes the descriptor itself when it fails. */
	if (MHD_add_connection(mhd->daemon, fd, addr, tcp ? sizeof(in) : sizeof(sa_family_t)) ==
	    MHD_YES) {
		mhd_run(mhd);
	} else if (mhd->conns[fd]) {
		mhd->conns[fd] = NULL;
		http_conn_closed(conn);
	}
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
		0, NULL, NULL, http_request_on_access, mhd, MHD_OPTION_EXTERNAL_LOGGER, on_log,
		NULL, MHD_OPTION_URI_LOG_CALLBACK, http_request_on_uri, mhd,
		MHD_OPTION_NOTIFY_COMPLETED, http_request_on_completed, mhd,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, mhd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)(2 * HTTP_CONNECTIONS_MAX), MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)HTTP_IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)(4 * HTTP_HEAD_MAX), MHD_OPTION_END);
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

void http_mhd_free(struct http_mhd *mhd)
{
	if (!mhd)
		return;
	if (mhd->daemon) {
		http_request_flush(mhd);
		for (int i = 0; i < 8; i++)
			MHD_run(mhd->daemon);
		loop_del(mhd->source);
		MHD_stop_daemon(mhd->daemon);
	}
	loop_timer_free(mhd->timer);
	free(mhd->conns);
	free(mhd);
}
