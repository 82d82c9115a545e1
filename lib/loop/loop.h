/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: epoll, one thread, one per process. Callbacks run from loop_run() only, except
 * that loop_post() may be called from any thread. A source or timer may be removed from within any
 * callback, its own included.
 */
#ifndef VLSP_LIB_LOOP_LOOP_H
#define VLSP_LIB_LOOP_LOOP_H

#include <stdint.h>

struct loop;
struct loop_source;
struct loop_timer;

typedef void (*loop_fd_fn)(void *arg, uint32_t events);
typedef void (*loop_fn)(void *arg);
typedef void (*loop_signal_fn)(void *arg, int signo);

int loop_new(struct loop **ret_loop);
/* Frees sources and timers that are left; descriptors of callers stay open. NULL is fine. */
void loop_free(struct loop *loop);

/* Runs until loop_stop(); returns 0, or -errno when epoll itself fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* One round, waiting at most timeout_ms (-1: for ever): number of callbacks that ran or -errno. */
int loop_once(struct loop *loop, int timeout_ms);

/* Readable when loop_once() has something to do: for a loop within another wait, which has to ask
 * for it each time, because that is when timers come into force. The loop's. */
int loop_fd(struct loop *loop);

/* events as for epoll (EPOLLIN ...). The caller keeps the descriptor and closes it after loop_del.
 */
int loop_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *arg,
	     struct loop_source **ret_source);
int loop_mod(struct loop_source *source, uint32_t events);
void loop_del(struct loop_source *source); /* NULL is fine */

/* Timers by a heap and one timerfd (nanosecond resolution, CLOCK_MONOTONIC). Created disarmed. */
int loop_timer_new(struct loop *loop, loop_fn fn, void *arg, struct loop_timer **ret_timer);
/* at_ns: absolute, as clock_mono_ns(); 0 disarms. One shot: set again from the callback. */
void loop_timer_set(struct loop_timer *timer, uint64_t at_ns);
void loop_timer_free(struct loop_timer *timer); /* NULL is fine */

/* Calls fn(arg) in the loop's thread, in order of posting. Thread-safe. 0 or -ENOMEM. */
int loop_post(struct loop *loop, loop_fn fn, void *arg);

/* Blocks the signal in this thread and delivers it as a callback (signalfd). */
int loop_signal(struct loop *loop, int signo, loop_signal_fn fn, void *arg);

#endif
