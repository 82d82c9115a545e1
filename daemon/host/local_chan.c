// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections of router processes. What a full socket does not take waits in a queue of the
 * connection, in order, descriptors included. Called by local.c and local_router.c.
 */
#include "daemon/host/local_chan.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/loop/accept.h"

#define QUEUE_MAX	 (16u << 20)
#define FRAMES_PER_ROUND 64
#define BACKLOG		 4096

struct queued {
	struct list node;
	enum frame_type type;
	int fd;
	uint32_t length;
	uint8_t body[];
};

struct local_chan {
	struct list node; /* in server->chans */
	struct local_listen *server;
	struct loop_source *source;
	int sock;
	void *owner; /* NULL: has not said HELLO */
	struct list queue;
	size_t queued;
	bool in_round, closed; /* closed from within a callback: freed when the round is over */
};

struct local_listen {
	struct loop *loop;
	struct loop_accept *accept;
	const struct local_chan_ops *ops;
	void *arg;
	struct list chans;
	int sock;
	struct sockaddr_un addr;
	uint8_t buf[FRAME_MAX] __attribute__((aligned(8)));
};

static void queued_free(struct queued *item)
{
	list_del(&item->node);
	if (item->fd >= 0)
		close(item->fd);
	free(item);
}

static void chan_free(struct local_chan *chan)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &chan->queue)
		queued_free(list_entry(pos, struct queued, node));
	list_del(&chan->node);
	free(chan);
}

void local_chan_close(struct local_chan *chan)
{
	if (!chan || chan->closed)
		return;
	chan->closed = true;
	loop_del(chan->source);
	chan->source = NULL;
	close(chan->sock);
	if (!chan->in_round)
		chan_free(chan);
}

/* The other side is gone or unusable; tells the owner. Only within a round. */
static void chan_lost(struct local_chan *chan, int error)
{
	void *owner = chan->owner;

	log_debug("connection of a router ended: %s", strerror(-error));
	local_chan_close(chan);
	if (owner)
		chan->server->ops->closed(owner);
}

static int queue_flush(struct local_chan *chan)
{
	while (!list_empty(&chan->queue)) {
		struct queued *item = list_entry(chan->queue.next, struct queued, node);
		int r = frame_send(chan->sock, item->type, item->body, item->length, item->fd);

		if (r < 0)
			return r == -EAGAIN ? 0 : r;
		chan->queued -= item->length;
		queued_free(item);
	}
	return loop_mod(chan->source, EPOLLIN);
}

static int enqueue(struct local_chan *chan, enum frame_type type, const void *body, uint32_t length,
		   int fd)
{
	struct queued *item;

	if (chan->queued + length > QUEUE_MAX)
		return -ENOBUFS;
	item = malloc(sizeof(*item) + length);
	if (!item)
		return -ENOMEM;
	*item = (struct queued){.type = type, .length = length, .fd = -1};
	if (fd >= 0) {
		item->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (item->fd < 0) {
			int r = -errno;

			free(item);
			return r;
		}
	}
	if (length)
		memcpy(item->body, body, length);
	list_add_tail(&chan->queue, &item->node);
	chan->queued += length;
	return loop_mod(chan->source, EPOLLIN | EPOLLOUT);
}

int local_chan_send(struct local_chan *chan, enum frame_type type, const void *body,
		    uint32_t length, int fd)
{
	int r = -EAGAIN;

	if (chan->closed)
		return -ECONNRESET;
	if (length > FRAME_MAX - sizeof(struct frame_head))
		return -EMSGSIZE;
	if (list_empty(&chan->queue))
		r = frame_send(chan->sock, type, body, length, fd);
	if (r == -EAGAIN)
		r = enqueue(chan, type, body, length, fd);
	/* A frame is missing, so what the router knows is in doubt: the loop sees the end of this
	 * connection, and in the next the router is told everything. */
	if (r < 0)
		(void)shutdown(chan->sock, SHUT_RDWR);
	return r;
}

static int32_t peer_pid(int sock)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -1;
	return cred.pid;
}

/* 0 or -EPROTO: to be closed. */
static int take(struct local_chan *chan, uint16_t type, const void *body, uint32_t length)
{
	struct local_listen *server = chan->server;
	struct frame_hello hello;

	if (type != FRAME_HELLO) {
		if (!chan->owner)
			return -EPROTO;
		server->ops->frame(chan->owner, type, body, length);
		return 0;
	}
	if (chan->owner || length != sizeof(hello))
		return -EPROTO;
	memcpy(&hello, body, sizeof(hello));
	if (hello.version != FRAME_VERSION)
		return -EPROTO;
	chan->owner = server->ops->hello(server->arg, chan, &hello, peer_pid(chan->sock));
	return chan->owner ? 0 : -EPROTO;
}

static void chan_ready(void *arg, uint32_t events)
{
	struct local_chan *chan = arg;
	int r = 0;

	chan->in_round = true;
	if (events & EPOLLOUT)
		r = queue_flush(chan);
	for (int i = 0; r >= 0 && i < FRAMES_PER_ROUND && !chan->closed; i++) {
		const void *body;
		uint16_t type;
		int fd;

		r = frame_recv(chan->sock, chan->server->buf, &type, &body, &fd);
		if (r < 0)
			break;
		r = take(chan, type, body, (uint32_t)r);
		if (fd >= 0 && r >= 0 && chan->owner && chan->server->ops->given)
			chan->server->ops->given(chan->owner, type, fd);
		else if (fd >= 0)
			close(fd);
	}
	if (r < 0 && r != -EAGAIN && r != -EINTR && !chan->closed)
		chan_lost(chan, r);
	chan->in_round = false;
	if (chan->closed)
		chan_free(chan);
}

static void connected(void *arg, int sock)
{
	struct local_listen *server = arg;
	struct local_chan *chan = calloc(1, sizeof(*chan));

	if (!chan || loop_add(server->loop, sock, EPOLLIN, chan_ready, chan, &chan->source) < 0) {
		free(chan);
		close(sock); /* the router tries again */
		return;
	}
	chan->server = server;
	chan->sock = sock;
	list_init(&chan->queue);
	list_add_tail(&server->chans, &chan->node);
}

static int listen_open(struct local_listen *server, uint32_t owner)
{
	const struct sockaddr *addr = (const struct sockaddr *)&server->addr;

	server->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->sock < 0)
		return -errno;
	unlink(server->addr.sun_path);
	if (bind(server->sock, addr, sizeof(server->addr)) < 0 ||
	    chmod(server->addr.sun_path, 0600) < 0 ||
	    (owner && chown(server->addr.sun_path, owner, owner) < 0) ||
	    listen(server->sock, BACKLOG) < 0)
		return -errno;
	return loop_accept_new(server->loop, server->sock, "connections of routers", connected,
			       server, &server->accept);
}

void local_listen_go(struct local_listen *server)
{
	loop_accept_go(server->accept);
}

int local_listen_new(struct loop *loop, const char *path, uint32_t owner,
		     const struct local_chan_ops *ops, void *arg, struct local_listen **ret_server,
		     struct err *err)
{
	struct local_listen *server;
	int r;

	if (strlen(path) >= sizeof(server->addr.sun_path))
		return err_set(err, ENAMETOOLONG, "the path of a socket is too long: %s", path);
	server = calloc(1, sizeof(*server));
	if (!server)
		return err_errno(err, ENOMEM, "socket %s", path);
	server->loop = loop;
	server->ops = ops;
	server->arg = arg;
	server->sock = -1;
	list_init(&server->chans);
	server->addr.sun_family = AF_UNIX;
	strcpy(server->addr.sun_path, path);
	r = listen_open(server, owner);
	if (r < 0) {
		local_listen_free(server);
		return err_errno(err, r, "cannot listen at %s", path);
	}
	*ret_server = server;
	return 0;
}

void local_listen_free(struct local_listen *server)
{
	struct list *pos, *tmp;

	if (!server)
		return;
	list_for_each_safe (pos, tmp, &server->chans)
		local_chan_close(list_entry(pos, struct local_chan, node));
	loop_accept_free(server->accept);
	if (server->sock >= 0) {
		close(server->sock);
		unlink(server->addr.sun_path);
	}
	free(server);
}
