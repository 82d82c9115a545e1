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

#define WORLD_TIMERS  64
#define WORLD_SOURCES 32

struct loop_timer {
	loop_fn fn; /* NULL: free */
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
	struct loop_timer timers[WORLD_TIMERS];
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

/* What is left then was forgotten, but for what belongs to the loop's end. */
void loop_free(struct loop *loop)
{
	(void)loop;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

int loop_timer_new(struct loop *loop, loop_fn fn, void *arg, struct loop_timer **ret_timer)
{
	for (size_t i = 0; i < WORLD_TIMERS; i++) {
		if (loop->timers[i].fn)
			continue;
		loop->timers[i] = (struct loop_timer){.fn = fn, .arg = arg};
		*ret_timer = &loop->timers[i];
		return 0;
	}
	return -ENOMEM;
}

void loop_timer_set(struct loop_timer *timer, uint64_t at_ns)
{
	CHECK(timer->fn);
	timer->at_ns = at_ns;
}

void loop_timer_free(struct loop_timer *timer)
{
	if (timer)
		*timer = (struct loop_timer){.fn = NULL};
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

/* Time goes on; timers that are due then run, four rounds of them. */
static inline void world_pass(uint64_t ns)
{
	world_now_ns += ns;
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < WORLD_TIMERS; i++) {
			struct loop_timer *timer = &world_loop.timers[i];

			if (!timer->fn || !timer->at_ns || timer->at_ns > world_now_ns)
				continue;
			timer->at_ns = 0;
			timer->fn(timer->arg);
		}
	}
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

	for (size_t i = 0; i < WORLD_TIMERS; i++)
		count += world_loop.timers[i].fn != NULL;
	return count;
}

#endif
