// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Noticing router processes that hang: each is asked now and then, and one that does not answer is
 * ended, which the rest takes as any other end. What only waits for a processor is left in peace: a
 * machine that has too much to do would get more to do by it. Called by local_router.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define PING_NS (2 * NSEC_PER_SEC) /* how often each is asked */
#define SILENCE_NS                                                                                 \
	(10 * NSEC_PER_SEC) /* without an answer: it hangs, if it could have answered              \
			     */
#define TICK_NS (500 * NSEC_PER_MSEC)
#define AT_ONCE 250 /* in one tick: with more than 1,000 routers each is asked more rarely */
#define LATE_NS (2 * NSEC_PER_SEC) /* of a tick: then it was us who did not get to run */
#define BUSY_NS (5 * NSEC_PER_SEC) /* of processor time without an answer: it runs in circles */

/* Its state (as ps(1) has it, 0: not known) and the processor time that it has used. */
static char process_state(int32_t pid, uint64_t *ret_ns)
{
	unsigned long long user = 0, kernel = 0;
	cleanup_close int fd = -1;
	char path[32], text[512];
	const char *at;
	char state;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strrchr(text, ')'); /* its name may hold anything */
	if (!at || sscanf(at + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &state,
			  &user, &kernel) != 3)
		return 0;
	*ret_ns = (user + kernel) * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	return state;
}

bool local_hang_judge(char state, uint64_t used_ns)
{
	switch (state) {
	case 'R': /* runs, or would like to */
		return used_ns >= BUSY_NS;
	case 'D': /* waits for a disk; could not even be ended */
	case 0:
	case 'Z':
		return false;
	}
	return true;
}

static void ask(struct local_router *router, uint64_t now)
{
	uint32_t cookie = ++router->local->cookie;

	if (router->pinged_ns || router->state != LOCAL_RUNNING || !router->chan || !router->pid)
		return;
	if (local_chan_send(router->chan, FRAME_PING, &cookie, sizeof(cookie), -1) < 0)
		return; /* the connection's end is heard of */
	router->ping = cookie;
	router->pinged_ns = now;
	router->used_ns = 0;
	(void)process_state(router->pid, &router->used_ns);
}

static void look(struct local_router *router, uint64_t now)
{
	uint64_t used = router->used_ns;
	char state;

	if (!router->pinged_ns || now - router->pinged_ns < SILENCE_NS || !router->pid)
		return;
	state = process_state(router->pid, &used);
	if (!local_hang_judge(state, used - router->used_ns))
		return;
	log_warn("router %s: its process %d (state %c) has not answered for %llu s and is ended",
		 router->name, router->pid, state,
		 (unsigned long long)((now - router->pinged_ns) / NSEC_PER_SEC));
	router->pinged_ns = 0;
	local_router_kill(router);
}

void local_hang_pong(struct local_router *router, const void *body, uint32_t length)
{
	uint32_t cookie;

	if (length != sizeof(cookie))
		return;
	memcpy(&cookie, body, sizeof(cookie));
	if (cookie == router->ping)
		router->pinged_ns = 0;
}

void local_hang_tick(void *arg)
{
	struct local *local = arg;
	uint64_t now = clock_mono_ns();
	bool late = now - local->hang_ns > TICK_NS + LATE_NS;
	size_t count = local->router_count * TICK_NS / PING_NS + 1;
	uint32_t at = local->hang_at;

	local->hang_ns = now;
	if (local->router_count == 0)
		return; /* begun again by the next router */
	loop_timer_set(local->hang, now + TICK_NS);
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		struct local_router *router = local->routers[slot];

		if (router && late)
			router->pinged_ns = 0; /* answers wait to be read */
		if (router)
			look(router, now);
	}
	if (count > AT_ONCE)
		count = AT_ONCE;
	for (uint32_t i = 0; i < VLSP_SLOT_MAX && count > 0; i++) {
		at = (at + 1) % VLSP_SLOT_MAX;
		if (!local->routers[at])
			continue;
		ask(local->routers[at], now);
		count--;
	}
	local->hang_at = at;
}

void local_hang_begin(struct local *local)
{
	if (local->router_count != 1)
		return; /* goes on */
	local->hang_ns = clock_mono_ns();
	loop_timer_set(local->hang, local->hang_ns + TICK_NS);
}
