/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event loop, a clock and random numbers that a fuzz target decides about, in place of
 * lib/loop and of libc: the same input takes the same way every time, and an hour costs nothing.
 * While world_now_ns is 0 the clock is the real one. To be included once by a target.
 */
#ifndef VLSP_TESTS_FUZZ_WORLD_H
#define VLSP_TESTS_FUZZ_WORLD_H

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "tests/fuzz/fuzz.h"

#define WORLD_SOURCES 32
#define WORLD_POSTS   32

struct loop_timer {
	struct loop_timer *next;
	loop_fn fn;
	void *arg;
	uint64_t at_ns;
};

struct loop_source {
	loop_fd_fn fn; /* NULL: free */
	void *arg;
	int fd;
	uint32_t events;
};

struct loop {
	struct loop_timer *timers;
	struct {
		loop_fn fn;
		void *arg;
	} posts[WORLD_POSTS];
	size_t post_count;
	struct loop_source sources[WORLD_SOURCES];
	bool stopped;
};

static struct loop world_loop;
static uint64_t world_now_ns;
static uint32_t world_random;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	if (!world_now_ns || (id != CLOCK_MONOTONIC && id != CLOCK_BOOTTIME))
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = (time_t)(world_now_ns / NSEC_PER_SEC);
	ts->tv_nsec = (long)(world_now_ns % NSEC_PER_SEC);
	return 0;
}

ssize_t getrandom(void *buf, size_t size, unsigned flags)
{
	if (!world_now_ns)
		return syscall(SYS_getrandom, buf, size, flags);
	memset(buf, 0, size);
	world_random++;
	memcpy(buf, &world_random, size < sizeof(world_random) ? size : sizeof(world_random));
	return (ssize_t)size;
}

/* Made as text, so that wrong formats are found, and shown to nobody. */
void log_msg(enum log_level level, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
}

int loop_new(struct loop **ret_loop)
{
	*ret_loop = &world_loop;
	return 0;
}

/* Frees timers that are left. */
void loop_free(struct loop *loop)
{
	while (loop && loop->timers)
		loop_timer_free(loop->timers);
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

int loop_timer_new(struct loop *loop, loop_fn fn, void *arg, struct loop_timer **ret_timer)
{
	struct loop_timer *timer = calloc(1, sizeof(*timer));

	CHECK(timer && fn);
	*timer = (struct loop_timer){.next = loop->timers, .fn = fn, .arg = arg};
	loop->timers = timer;
	*ret_timer = timer;
	return 0;
}

void loop_timer_set(struct loop_timer *timer, uint64_t at_ns)
{
	timer->at_ns = at_ns;
}

void loop_timer_free(struct loop_timer *timer)
{
	struct loop_timer **at = &world_loop.timers;

	if (!timer)
		return;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	free(timer);
}

int loop_post(struct loop *loop, loop_fn fn, void *arg)
{
	CHECK(loop->post_count < WORLD_POSTS);
	loop->posts[loop->post_count].fn = fn;
	loop->posts[loop->post_count++].arg = arg;
	return 0;
}

int loop_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *arg,
	     struct loop_source **ret_source)
{
	for (size_t i = 0; i < WORLD_SOURCES; i++) {
		if (loop->sources[i].fn)
			continue;
		loop->sources[i] = (struct loop_source){
			.fn = fn, .arg = arg, .fd = fd, .events = events};
		*ret_source = &loop->sources[i];
		return 0;
	}
	return -ENOMEM;
}

int loop_mod(struct loop_source *source, uint32_t events)
{
	CHECK(source->fn);
	source->events = events;
	return 0;
}

void loop_del(struct loop_source *source)
{
	if (source)
		*source = (struct loop_source){.fn = NULL};
}

/* The armed timer that is due first; NULL: none. */
UNWATCHED static struct loop_timer *world_next(void)
{
	struct loop_timer *next = NULL;

	for (struct loop_timer *timer = world_loop.timers; timer; timer = timer->next)
		if (timer->at_ns && (!next || timer->at_ns < next->at_ns))
			next = timer;
	return next;
}

/* Runs the timers that are due, in order, but not for ever; returns how many. */
static inline int world_due(void)
{
	int count = 0;

	for (; count < 200; count++) {
		struct loop_timer *timer = world_next();

		if (!timer || timer->at_ns > world_now_ns)
			break;
		timer->at_ns = 0;
		timer->fn(timer->arg);
	}
	return count;
}

/* Time goes on. */
static inline void world_pass(uint64_t ns)
{
	world_now_ns += ns;
	world_due();
}

/* What was posted, what is due, and if there is nothing, what will be due next: nobody waits. */
int loop_once(struct loop *loop, int timeout_ms)
{
	struct loop_timer *next;
	int count = 0;

	(void)timeout_ms;
	for (size_t n = loop->post_count; n > 0; n--, count++) {
		loop_fn fn = loop->posts[0].fn;
		void *arg = loop->posts[0].arg;

		memmove(loop->posts, loop->posts + 1, --loop->post_count * sizeof(loop->posts[0]));
		fn(arg);
	}
	count += world_due();
	next = world_next();
	if (count || !next)
		return count;
	world_now_ns = next->at_ns > world_now_ns ? next->at_ns : world_now_ns;
	return world_due();
}

/* Each source that is ready is called once. */
static inline void world_round(void)
{
	for (size_t i = 0; i < WORLD_SOURCES; i++) {
		struct loop_source *source = &world_loop.sources[i];
		struct pollfd p = {.fd = source->fd, .events = (short)source->events};

		if (source->fn && poll(&p, 1, 0) > 0)
			source->fn(source->arg, (uint32_t)p.revents);
	}
}

static inline void world_begin(void)
{
	memset(&world_loop, 0, sizeof(world_loop));
	world_now_ns = 1000 * NSEC_PER_SEC;
	world_random = 0;
}

static inline void world_end(void)
{
	world_now_ns = 0;
}

/* How many of the first descriptors are open: the same before and after, or some were lost. */
static inline int world_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 16; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static inline size_t world_timers(void)
{
	size_t count = 0;

	for (struct loop_timer *timer = world_loop.timers; timer; timer = timer->next)
		count++;
	return count;
}

#endif
