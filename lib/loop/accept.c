// SPDX-License-Identifier: GPL-2.0-or-later
/* accept4() for sockets of the daemon, with a pause when there is nothing to accept with. */
#include "lib/loop/accept.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

#define A_ROUND	 64		       /* connections, before others have their turn */
#define PAUSE_NS (100 * NSEC_PER_MSEC) /* until it is tried again */

struct loop_accept {
	struct loop_source *source;
	struct loop_timer *again; /* armed: a pause */
	int sock;
	const char *what;
	loop_accept_fn fn;
	void *arg;
	bool going, short_of; /* short_of: that has been said */
};

static void resume(void *arg)
{
	struct loop_accept *accept = arg;

	if (loop_mod(accept->source, EPOLLIN) < 0)
		loop_timer_set(accept->again, clock_mono_ns() + PAUSE_NS);
}

static void failed(struct loop_accept *accept, int error)
{
	if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
		return;
	if (!accept->short_of)
		log_warn("%s wait: %s", accept->what, strerror(error));
	accept->short_of = true;
	if (loop_mod(accept->source, 0) == 0)
		loop_timer_set(accept->again, clock_mono_ns() + PAUSE_NS);
}

static void ready(void *arg, uint32_t events)
{
	struct loop_accept *accept = arg;

	(void)events;
	for (int i = 0; i < A_ROUND; i++) {
		int fd = accept4(accept->sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			failed(accept, errno);
			return;
		}
		accept->short_of = false;
		accept->fn(accept->arg, fd);
	}
}

int loop_accept_new(struct loop *loop, int sock, const char *what, loop_accept_fn fn, void *arg,
		    struct loop_accept **ret_accept)
{
	struct loop_accept *accept = calloc(1, sizeof(*accept));
	int r;

	if (!accept)
		return -ENOMEM;
	*accept = (struct loop_accept){.sock = sock, .what = what, .fn = fn, .arg = arg};
	r = loop_timer_new(loop, resume, accept, &accept->again);
	if (r == 0)
		r = loop_add(loop, sock, 0, ready, accept, &accept->source);
	if (r < 0) {
		loop_accept_free(accept);
		return r;
	}
	*ret_accept = accept;
	return 0;
}

void loop_accept_go(struct loop_accept *accept)
{
	if (!accept->going)
		resume(accept);
	accept->going = true;
}

void loop_accept_free(struct loop_accept *accept)
{
	if (!accept)
		return;
	loop_del(accept->source);
	loop_timer_free(accept->again);
	free(accept);
}
