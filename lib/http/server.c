// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listeners: a connection is taken, it is found out who that is, and visit.c has it from there.
 * Called by daemon mains.
 */
#include "lib/http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/http/head.h"
#include "lib/http/server_priv.h"

#define ACCEPTS_A_ROUND 16 /* others have their turn in between */

struct listener {
	struct list all;
	struct http_server *server;
	struct loop_source *source;
	struct http_tls *tls;
	enum http_pool pool;
	gid_t group;
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "" : TCP */
};

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

		if (!l->tls && send(fd, buf, n, MSG_NOSIGNAL) < 0)
			log_debug("http: a refusal was not taken: %s", strerror(errno));
		close(fd);
	}
	l->server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void take(struct listener *l, int fd, const struct sockaddr_storage *addr)
{
	struct http_peer peer;
	int r = 0;

	if (l->path[0])
		r = http_peer_unix(fd, l->group, &l->server->names, &peer);
	else
		http_peer_tcp(fd, addr, &peer);
	if (r < 0) {
		log_debug("http: who connected is not known: %s", strerror(-r));
		close(fd);
		return;
	}
	peer.read_only = l->pool == HTTP_POOL_READ;
	if (l->path[0])
		log_debug("http: %s: user %u (%s), group %u, process %d%s", l->path, peer.uid,
			  peer.user, peer.gid, peer.pid, peer.stranger ? ": a stranger" : "");
	http_visit(l->server, fd, &peer, l->pool, l->tls);
}

static void on_listener(void *arg, uint32_t events)
{
	struct listener *l = arg;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_ROUND; i++) {
		struct sockaddr_storage addr = {0};
		socklen_t len = sizeof(addr);
		int fd = accept4(l->fd, (struct sockaddr *)&addr, &len,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			drop_one(l);
		if (fd < 0)
			return;
		take(l, fd, &addr);
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
	list_init(&server->passed);
	list_init(&server->relays);
	http_slots_init(&server->slots);
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	r = loop_timer_new(config->loop, http_visit_timer, server, &server->timer);
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
	http_visits_end(server);
	http_mhd_free(server->mhd);
	http_relays_end(server);
	loop_timer_free(server->timer);
	if (server->spare_fd >= 0)
		close(server->spare_fd);
	free(server);
}

/* Takes fd, which is bound, and model, which is copied. */
static int listener_new(struct http_server *server, int fd, const struct listener *model)
{
	struct listener *l = malloc(sizeof(*l));
	int r = -ENOMEM;

	if (!l)
		goto fail;
	*l = *model;
	l->server = server;
	l->fd = fd;
	r = listen(fd, 1024) < 0 ? -errno
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

int http_bind_unix(int fd, const struct sockaddr_un *addr, gid_t group, struct err *err)
{
	const char *path = addr->sun_path;
	mode_t old = umask(0117); /* 0660 from the first moment */
	int r = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? -errno : 0;

	umask(old);
	if (r < 0)
		return err_errno(err, r, "%s: bind", path);
	if (group != HTTP_NO_GROUP && lchown(path, (uid_t)-1, group) < 0) {
		r = err_errno(err, errno, "%s: give it to group %u", path, group);
		unlink(path);
	}
	return r;
}

int http_listen_unix(struct http_server *server, const char *path, gid_t group, bool read_only,
		     struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct listener l = {.pool = read_only ? HTTP_POOL_READ : HTTP_POOL_UNIX, .group = group};
	int fd, r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, ENAMETOOLONG,
			       "%s: longer than the %zu bytes of a socket's path", path,
			       sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	memcpy(l.path, path, strlen(path) + 1);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, errno, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, errno, "%s: socket", path);
	r = http_bind_unix(fd, &addr, group, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = listener_new(server, fd, &l);
	if (r < 0) {
		unlink(path);
		return err_errno(err, r, "%s: listen", path);
	}
	return 0;
}

int http_listen_tcp(struct http_server *server, const char *address, uint16_t port,
		    struct http_tls *tls, uint16_t *ret_port, struct err *err)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct listener l = {.pool = HTTP_POOL_TCP, .tls = tls};
	socklen_t len = sizeof(addr);
	int one = 1, defer_s = HTTP_HEAD_TIMEOUT_MS / 1000, fd, r;

	if (inet_pton(AF_INET, address, &addr.sin_addr) != 1)
		return err_set(err, EINVAL, "listen: '%.60s' is not an IPv4 address", address);
	if (!tls && (ntohl(addr.sin_addr.s_addr) >> 24) != 127)
		return err_set(err, EINVAL, "listen: %s is not a loopback address: it needs TLS",
			       address);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, errno, "listen: socket");
	/* Who connects and sends nothing is not even announced for a while. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_s, sizeof(defer_s)) < 0)
		log_debug("http: no TCP_DEFER_ACCEPT: %s", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) < 0) {
		r = -errno;
		close(fd);
		return err_errno(err, r, "listen: %s:%u", address, port);
	}
	r = listener_new(server, fd, &l);
	if (r < 0)
		return err_errno(err, r, "listen: %s:%u", address, port);
	if (ret_port)
		*ret_port = ntohs(addr.sin_port);
	return 0;
}
