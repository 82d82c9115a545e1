// SPDX-License-Identifier: GPL-2.0-or-later
/* The conversation with the daemon (lib/wire/relay.h). Called by relay.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/relay/relay_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define CONNECT_MS 5000

static void connected(void *arg)
{
	struct relay *relay = arg;
	struct frame_hello hello = {.version = FRAME_VERSION,
				    .slot = RELAY_SLOT,
				    .pid = (uint32_t)getpid(),
				    .fib = (relay->realtime ? RELAY_REALTIME : 0) |
					   (relay->ring ? RELAY_HAS_RING : 0)};

	if (chan_send(relay->chan, FRAME_HELLO, &hello, sizeof(hello)) < 0 ||
	    chan_give(relay->chan, FRAME_LINES, relay->lines_fd) < 0)
		log_debug("relay: the daemon does not listen");
}

static int take_ring(struct relay *relay, int fd)
{
	int r = relay->ring ? -EEXIST : bpfring_open(fd, &relay->ring);

	if (r < 0)
		return r;
	relay->ring_fd = fd;
	return 0;
}

static int take_wake(struct relay *relay, int fd)
{
	void *p;

	if (relay->wake)
		return -EEXIST;
	p = mmap(NULL, sizeof(struct vlsp_wake), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	relay->wake = p;
	relay->wake->at_ns = 0;
	return -EEXIST; /* the descriptor is not needed any more */
}

static void take_shape(struct relay *relay, const struct relay_shape *news)
{
	struct line *line;

	/* Frames that came before it bring the shape of before with them. */
	relay_catch_up(relay);
	line = news->port < VLSP_PORT_MAX ? relay->lines[news->port] : NULL;
	if (!line || line->link != news->shape.link)
		return; /* its first frame will say */
	line_shape(line, &news->shape, clock_mono_ns());
	relay_line_changed(relay, line);
}

/* 0: the descriptor has a new owner. */
static int take(struct relay *relay, uint16_t type, const void *body, uint32_t length, int fd)
{
	struct relay_router router;
	struct relay_shape shape;

	switch (type) {
	case FRAME_RING:
		return fd < 0 ? -EBADF : take_ring(relay, fd);
	case FRAME_WAKE:
		return fd < 0 ? -EBADF : take_wake(relay, fd);
	case FRAME_ROUTER:
	case FRAME_ROUTER_GONE:
		if (length != sizeof(router))
			return -EPROTO;
		memcpy(&router, body, sizeof(router));
		if (type == FRAME_ROUTER)
			return sender_router(relay->sender, router.slot, fd);
		(void)sender_router(relay->sender, router.slot, -1);
		break;
	case FRAME_SHAPE:
		if (length != sizeof(shape))
			return -EPROTO;
		memcpy(&shape, body, sizeof(shape));
		take_shape(relay, &shape);
		break;
	case FRAME_SYNC:
		(void)chan_send(relay->chan, FRAME_ACK, body, length);
		break;
	case FRAME_QUIT:
		relay->quit = true;
		break;
	default:
		return -EPROTO;
	}
	return -EEXIST;
}

static void frame(void *arg, uint16_t type, const void *body, uint32_t length, int fd)
{
	chan_frame_done("relay", type, take(arg, type, body, length, fd), fd);
}

static const struct chan_ops ops = {.connected = connected, .frame = frame};

int control_open(struct relay *relay, const char *socket)
{
	int r = chan_new(relay->loop, socket, &ops, relay, &relay->chan);

	return r < 0 ? r : chan_connect(relay->chan, CONNECT_MS);
}
