// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listeners, and what happens to a connection before libmicrohttpd gets it: its head (and a short
 * body) is awaited and looked at without being taken from the socket. A refusal is written here, in
 * JSON, and the connection lingers a moment so that the client can read it. Called by daemon mains.
 */
#include "lib/http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/http/head.h"
#include "lib/http/server_priv.h"

struct listener {
	struct list all;
	struct http_server *server;
	struct loop_source *source;
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "" : TCP */
};

struct visitor { /* a connection that libmicrohttpd does not have yet, or never gets */
	struct list all;
	struct http_server *server;
	struct loop_source *source;
	int fd;
	bool lingering;
	uint64_t deadline_ns;
	struct sockaddr_storage addr;
	socklen_t addr_len;
};

struct http_server {
	struct loop *loop;
	struct http_mhd *mhd;
	struct loop_timer *timer; /* deadlines of visitors */
	struct list listeners, visitors;
	unsigned visitor_count;
	int spare_fd; /* given up to be able to refuse when descriptors run out */
	char peek[HTTP_HEAD_MAX + HTTP_PEEK_BODY];
};

/* Ends the visit; the descriptor is left to the caller. */
static int visitor_release(struct visitor *v)
{
	int fd = v->fd;

	loop_del(v->source);
	list_del(&v->all);
	v->server->visitor_count--;
	free(v);
	return fd;
}

static void visitor_refuse(struct visitor *v, int status, const char *text)
{
	char buf[1024];
	size_t n = http_head_refusal(status, text, buf, sizeof(buf));

	/* A fresh socket takes this much at once; if not, the client has gone. */
	if (send(v->fd, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("http: a refusal was not taken: %s", strerror(errno));
	shutdown(v->fd, SHUT_WR);
	v->lingering = true;
	v->deadline_ns = clock_mono_ns() + HTTP_LINGER_MS * NSEC_PER_MSEC;
}

/* Reads and forgets, until the client has closed. Returns false when the visit is over. */
static bool visitor_linger(struct visitor *v)
{
	for (int i = 0; i < 64; i++) {
		ssize_t n = recv(v->fd, v->server->peek, sizeof(v->server->peek), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			close(visitor_release(v));
			return false;
		}
		if (n < 0)
			return true;
	}
	close(visitor_release(v)); /* a flood: not worth our time */
	return false;
}

static void visitor_pass(struct visitor *v)
{
	struct http_mhd *mhd = v->server->mhd;
	struct sockaddr_storage addr = v->addr;
	socklen_t len = v->addr_len;

	http_mhd_add(mhd, visitor_release(v), (struct sockaddr *)&addr, len);
}

/* Looks at what has come so far. ended: nothing more will come. */
static void visitor_look(struct visitor *v, bool ended)
{
	char *peek = v->server->peek;
	ssize_t n = recv(v->fd, peek, sizeof(v->server->peek), MSG_PEEK | MSG_DONTWAIT);
	struct http_head head;
	char text[120];

	if (n < 0 && (errno == EAGAIN || errno == EINTR) && !ended)
		return;
	if (n <= 0) { /* came and went without a word */
		close(visitor_release(v));
		return;
	}
	switch (http_head_check(peek, (size_t)n, &head)) {
	case HTTP_HEAD_MORE:
		if (ended)
			visitor_refuse(v, 400, "request: ends within the headers");
		break;
	case HTTP_HEAD_BAD:
		visitor_refuse(v, head.status, head.text);
		break;
	case HTTP_HEAD_GOOD:
		if (!head.expect_continue && head.body <= HTTP_PEEK_BODY &&
		    (size_t)n < head.length + head.body) {
			if (!ended)
				return;
			snprintf(text, sizeof(text), "body: ends after %zu of %llu bytes",
				 (size_t)n - head.length, head.body);
			visitor_refuse(v, 400, text);
			break;
		}
		visitor_pass(v);
		return;
	}
	if (v->lingering)
		visitor_linger(v);
}

static void on_visitor(void *arg, uint32_t events)
{
	struct visitor *v = arg;

	if (v->lingering)
		visitor_linger(v);
	else
		visitor_look(v, events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}

static void on_timer(void *arg)
{
	struct http_server *server = arg;
	uint64_t now = clock_mono_ns();
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &server->visitors) {
		struct visitor *v = list_entry(pos, struct visitor, all);

		if (v->deadline_ns > now)
			continue;
		if (v->lingering)
			close(visitor_release(v));
		else
			visitor_refuse(v, 408, "request: did not arrive in time");
	}
	if (!list_empty(&server->visitors))
		loop_timer_set(server->timer, now + NSEC_PER_SEC);
}

static void visitor_new(struct http_server *server, int fd, const struct sockaddr_storage *addr,
			socklen_t len)
{
	struct visitor *v = calloc(1, sizeof(*v));

	if (!v) {
		close(fd);
		return;
	}
	v->server = server;
	v->fd = fd;
	v->addr = *addr;
	v->addr_len = len;
	v->deadline_ns = clock_mono_ns() + HTTP_HEAD_TIMEOUT_MS * NSEC_PER_MSEC;
	if (list_empty(&server->visitors))
		loop_timer_set(server->timer, clock_mono_ns() + NSEC_PER_SEC);
	list_add_tail(&server->visitors, &v->all);
	server->visitor_count++;
	/* Edge-triggered: what has been looked at stays in the socket. */
	if (loop_add(server->loop, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, on_visitor, v, &v->source) <
	    0) {
		close(visitor_release(v));
		return;
	}
	if (server->visitor_count + http_mhd_count(server->mhd) > HTTP_CONNECTIONS_MAX) {
		visitor_refuse(v, 503, "connections: too many are open");
		visitor_linger(v);
	}
}

/* Out of descriptors: takes one connection with the spare one and drops it, or it would be
 * announced for ever. */
static void drop_one(struct listener *l)
{
	int fd;

	close(l->server->spare_fd);
	fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		char buf[512];
		size_t n = http_head_refusal(503, "connections: out of file descriptors", buf,
					     sizeof(buf));

		if (send(fd, buf, n, MSG_NOSIGNAL) < 0)
			log_debug("http: a refusal was not taken: %s", strerror(errno));
		close(fd);
	}
	l->server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_listener(void *arg, uint32_t events)
{
	struct listener *l = arg;

	(void)events;
	for (int i = 0; i < 64; i++) {
		struct sockaddr_storage addr = {0};
		socklen_t len = sizeof(addr);
		int fd = accept4(l->fd, (struct sockaddr *)&addr, &len,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			drop_one(l);
		if (fd < 0)
			return;
		if (l->path[0]) { /* an unbound client has a family and nothing more */
			addr.ss_family = AF_UNIX;
			len = sizeof(sa_family_t);
		}
		visitor_new(l->server, fd, &addr, len);
	}
}

int http_server_new(const struct http_config *config, struct http_server **ret_server,
		    struct err *err)
{
	struct http_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return err_set(err, ENOMEM, "HTTP server: out of memory");
	server->loop = config->loop;
	list_init(&server->listeners);
	list_init(&server->visitors);
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	r = loop_timer_new(config->loop, on_timer, server, &server->timer);
	if (r < 0) {
		err_errno(err, r, "HTTP server: timer");
		goto fail;
	}
	r = http_mhd_new(config, &server->mhd, err);
	if (r < 0)
		goto fail;
	*ret_server = server;
	return 0;

fail:
	http_server_free(server);
	return r;
}

void http_server_quiesce(struct http_server *server)
{
	while (!list_empty(&server->listeners)) {
		struct listener *l = list_entry(server->listeners.next, struct listener, all);

		loop_del(l->source);
		close(l->fd);
		if (l->path[0])
			unlink(l->path);
		list_del(&l->all);
		free(l);
	}
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	http_server_quiesce(server);
	while (!list_empty(&server->visitors))
		close(visitor_release(list_entry(server->visitors.next, struct visitor, all)));
	http_mhd_free(server->mhd);
	loop_timer_free(server->timer);
	if (server->spare_fd >= 0)
		close(server->spare_fd);
	free(server);
}

/* Takes fd, which is bound. path: "" for TCP. */
static int listener_new(struct http_server *server, int fd, const char *path)
{
	struct listener *l = calloc(1, sizeof(*l));
	int r = -ENOMEM;

	if (!l)
		goto fail;
	l->server = server;
	l->fd = fd;
	snprintf(l->path, sizeof(l->path), "%s", path);
	r = listen(fd, 256) < 0 ? -errno
				: loop_add(server->loop, fd, EPOLLIN, on_listener, l, &l->source);
	if (r < 0)
		goto fail;
	list_add_tail(&server->listeners, &l->all);
	return 0;

fail:
	close(fd);
	free(l);
	return r;
}

/* The group exists only where an administrator made it; without it the socket is the owner's. */
static int give_to_group(const char *path, const char *group, struct err *err)
{
	struct group *g = group ? getgrnam(group) : NULL;

	if (g && geteuid() == 0 && chown(path, (uid_t)-1, g->gr_gid) < 0)
		return err_errno(err, errno, "%s: group %s", path, group);
	return 0;
}

int http_listen_unix(struct http_server *server, const char *path, const char *group,
		     struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	mode_t old;
	int fd, r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, ENAMETOOLONG,
			       "%s: longer than the %zu bytes of a socket's path", path,
			       sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, errno, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, errno, "%s: socket", path);
	old = umask(0117); /* 0660 from the first moment */
	r = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(old);
	if (r < 0) {
		close(fd);
		return err_errno(err, r, "%s: bind", path);
	}
	r = give_to_group(path, group, err);
	if (r < 0) {
		close(fd);
		unlink(path);
		return r;
	}
	r = listener_new(server, fd, path);
	if (r < 0) {
		unlink(path);
		return err_errno(err, r, "%s: listen", path);
	}
	return 0;
}

int http_listen_tcp(struct http_server *server, const char *address, uint16_t port,
		    uint16_t *ret_port, struct err *err)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t len = sizeof(addr);
	int one = 1, fd, r;

	if (inet_pton(AF_INET, address, &addr.sin_addr) != 1)
		return err_set(err, EINVAL, "listen: '%.60s' is not an IPv4 address", address);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, errno, "listen: socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) < 0) {
		r = -errno;
		close(fd);
		return err_errno(err, r, "listen: %s:%u", address, port);
	}
	r = listener_new(server, fd, "");
	if (r < 0)
		return err_errno(err, r, "listen: %s:%u", address, port);
	if (ret_port)
		*ret_port = ntohs(addr.sin_port);
	return 0;
}
