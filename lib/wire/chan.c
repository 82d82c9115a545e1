/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to the daemon. Called by router and relay processes. The daemon may go away and
 * come back at any time; routing goes on meanwhile, so nothing here is fatal. A peer that sends
 * malformed frames is treated like one that went away.
 */
#include "lib/wire/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

#define BACKOFF_MIN_NS	 (50 * NSEC_PER_MSEC)
#define BACKOFF_MAX_NS	 (200 * NSEC_PER_MSEC)
#define FRAMES_PER_ROUND 64

struct queued {
	struct queued *next;
	enum frame_type type;
	uint32_t length;
	uint8_t body[];
};

struct chan {
	struct loop *loop;
	const struct chan_ops *ops;
	void *arg;
	struct sockaddr_un path;
	struct loop_source *source;
	struct loop_timer *timer;
	uint64_t backoff_ns;
	struct queued *first, **last;
	size_t queued;
	int sock;  /* -1: not connected */
	bool lost; /* to be closed when the round is over */
};

static uint8_t rx_buf[FRAME_MAX] __attribute__((aligned(8)));

static void queue_drop(struct chan *chan)
{
	while (chan->first) {
		struct queued *item = chan->first;

		chan->first = item->next;
		free(item);
	}
	chan->last = &chan->first;
	chan->queued = 0;
}

static void disconnect(struct chan *chan)
{
	loop_del(chan->source);
	chan->source = NULL;
	if (chan->sock >= 0)
		close(chan->sock);
	chan->sock = -1;
	queue_drop(chan);
}

static void retry_later(struct chan *chan)
{
	disconnect(chan);
	loop_timer_set(chan->timer, clock_mono_ns() + chan->backoff_ns);
	chan->backoff_ns *= 2;
	if (chan->backoff_ns > BACKOFF_MAX_NS)
		chan->backoff_ns = BACKOFF_MAX_NS;
}

static void lose(struct chan *chan, int error)
{
	log_debug("connection to the daemon lost: %s", strerror(-error));
	chan->backoff_ns = BACKOFF_MIN_NS;
	retry_later(chan);
}

/* --- sending --------------------------------------------------------------------------------- */

static int want_write(struct chan *chan, bool want)
{
	return loop_mod(chan->source, EPOLLIN | (want ? EPOLLOUT : 0u));
}

static int flush(struct chan *chan)
{
	while (chan->first) {
		struct queued *item = chan->first;
		int r = frame_send(chan->sock, item->type, item->body, item->length, -1);

		if (r < 0)
			return r == -EAGAIN ? 0 : r;
		chan->first = item->next;
		if (!chan->first)
			chan->last = &chan->first;
		chan->queued -= item->length;
		free(item);
	}
	return want_write(chan, false);
}

static int enqueue(struct chan *chan, enum frame_type type, const void *body, uint32_t length)
{
	struct queued *item;

	if (chan->queued + length > CHAN_QUEUE_MAX)
		return -ENOBUFS;
	item = malloc(sizeof(*item) + length);
	if (!item)
		return -ENOMEM;
	item->next = NULL;
	item->type = type;
	item->length = length;
	if (length)
		memcpy(item->body, body, length);
	*chan->last = item;
	chan->last = &item->next;
	chan->queued += length;
	return want_write(chan, true);
}

int chan_send(struct chan *chan, enum frame_type type, const void *body, uint32_t length)
{
	int r = -EAGAIN;

	if (chan->sock < 0 || chan->lost)
		return -ENOTCONN;
	if (length > FRAME_MAX - sizeof(struct frame_head))
		return -EMSGSIZE;
	if (!chan->first)
		r = frame_send(chan->sock, type, body, length, -1);
	if (r == -EAGAIN)
		r = enqueue(chan, type, body, length);
	if (r == 0)
		return 0;
	/* not from here: the caller may be in the middle of a frame of this connection */
	chan->lost = true;
	loop_timer_set(chan->timer, 1);
	return r == -ENOMEM ? r : -ENOTCONN;
}

int chan_give(struct chan *chan, enum frame_type type, int fd)
{
	if (chan->sock < 0 || chan->lost)
		return -ENOTCONN;
	return chan->first ? -EAGAIN : frame_send(chan->sock, type, NULL, 0, fd);
}

/* --- receiving ------------------------------------------------------------------------------- */

static void ready(void *arg, uint32_t events)
{
	struct chan *chan = arg;
	int r = 0;

	if (events & EPOLLOUT)
		r = flush(chan);
	for (int i = 0; i < FRAMES_PER_ROUND && r == 0 && !chan->lost; i++) {
		const void *body;
		uint16_t type;
		int fd;

		r = frame_recv(chan->sock, rx_buf, &type, &body, &fd);
		if (r < 0)
			break;
		chan->ops->frame(chan->arg, type, body, (uint32_t)r, fd);
		r = 0;
	}
	if (r < 0 && r != -EAGAIN && r != -EINTR)
		lose(chan, r);
	if (chan->ops->batch_end)
		chan->ops->batch_end(chan->arg);
}

/* --- connecting ------------------------------------------------------------------------------ */

static int attach(struct chan *chan)
{
	int r = loop_add(chan->loop, chan->sock, EPOLLIN, ready, chan, &chan->source);

	if (r < 0)
		return r;
	chan->backoff_ns = BACKOFF_MIN_NS;
	chan->lost = false;
	chan->ops->connected(chan->arg);
	return 0;
}

static int dial(struct chan *chan, int flags)
{
	chan->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	return chan->sock < 0 ? -errno : 0;
}

static void retry(void *arg)
{
	struct chan *chan = arg;
	int r;

	if (chan->lost) {
		chan->lost = false;
		lose(chan, -ECONNRESET);
		return;
	}
	r = dial(chan, SOCK_NONBLOCK);
	if (r == 0 && connect(chan->sock, (struct sockaddr *)&chan->path, sizeof(chan->path)) < 0)
		r = -errno;
	if (r == 0)
		r = attach(chan);
	if (r < 0)
		retry_later(chan);
}

int chan_connect(struct chan *chan, unsigned wait_ms)
{
	struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000L};
	int r = dial(chan, 0);

	if (r < 0)
		return r;
	/* blocking: when hundreds start at once, the backlog is full for a moment (connect(2)) */
	if (setsockopt(chan->sock, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0 ||
	    connect(chan->sock, (struct sockaddr *)&chan->path, sizeof(chan->path)) < 0)
		r = -errno;
	if (r == 0)
		r = attach(chan);
	if (r < 0)
		disconnect(chan);
	return r;
}

int chan_new(struct loop *loop, const char *path, const struct chan_ops *ops, void *arg,
	     struct chan **ret_chan)
{
	struct chan *chan;
	int r;

	if (strlen(path) >= sizeof(chan->path.sun_path))
		return -EINVAL;
	chan = calloc(1, sizeof(*chan));
	if (!chan)
		return -ENOMEM;
	chan->loop = loop;
	chan->ops = ops;
	chan->arg = arg;
	chan->sock = -1;
	chan->last = &chan->first;
	chan->backoff_ns = BACKOFF_MIN_NS;
	chan->path.sun_family = AF_UNIX;
	memcpy(chan->path.sun_path, path, strlen(path) + 1);
	r = loop_timer_new(loop, retry, chan, &chan->timer);
	if (r < 0) {
		chan_free(chan);
		return r;
	}
	*ret_chan = chan;
	return 0;
}

void chan_free(struct chan *chan)
{
	if (!chan)
		return;
	disconnect(chan);
	loop_timer_free(chan->timer);
	free(chan);
}

void chan_frame_done(const char *who, uint16_t type, int r, int fd)
{
	if (r < 0 && fd >= 0)
		close(fd);
	if (r < 0 && r != -EEXIST)
		log_debug("%s: frame %u: %s", who, type, strerror(-r));
}
