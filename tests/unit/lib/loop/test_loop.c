/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop: order, removal from within callbacks, timers, posting, signals. No test asserts
 * how long something took. */
#include "lib/loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"

struct fixture {
	struct loop *loop;
	int pipe_a[2], pipe_b[2];
	struct loop_source *a, *b;
	struct loop_timer *timer, *other;
	char trace[64];
	int runs;
};

static void note(struct fixture *f, char c)
{
	size_t n = strlen(f->trace);

	assert_true(n + 1 < sizeof(f->trace));
	f->trace[n] = c;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(pipe(f->pipe_a), 0);
	assert_int_equal(pipe(f->pipe_b), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	close(f->pipe_a[0]);
	close(f->pipe_a[1]);
	close(f->pipe_b[0]);
	close(f->pipe_b[1]);
	free(f);
	return 0;
}

static void read_one(void *arg, uint32_t events)
{
	struct fixture *f = arg;
	char c;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(f->pipe_a[0], &c, 1), 1);
	note(f, c);
}

static void a_descriptor_that_is_ready_calls_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_add(f->loop, f->pipe_a[0], EPOLLIN, read_one, f, &f->a), 0);
	assert_int_equal(loop_once(f->loop, 0), 0);
	assert_int_equal(write(f->pipe_a[1], "xy", 2), 2);
	assert_int_equal(loop_once(f->loop, 0), 1);
	assert_int_equal(loop_once(f->loop, 0), 1);
	assert_int_equal(loop_once(f->loop, 0), 0);
	assert_string_equal(f->trace, "xy");
}

static void a_source_can_be_silenced_and_woken_by_mod(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_add(f->loop, f->pipe_a[0], EPOLLIN, read_one, f, &f->a), 0);
	assert_int_equal(write(f->pipe_a[1], "x", 1), 1);
	assert_int_equal(loop_mod(f->a, 0), 0);
	assert_int_equal(loop_once(f->loop, 0), 0);
	assert_int_equal(loop_mod(f->a, EPOLLIN), 0);
	assert_int_equal(loop_once(f->loop, 0), 1);
}

static void adding_a_bad_descriptor_fails(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_add(f->loop, -1, EPOLLIN, read_one, f, &f->a), -EBADF);
	assert_null(f->a);
}

static void delete_both(void *arg, uint32_t events)
{
	struct fixture *f = arg;

	(void)events;
	f->runs++;
	loop_del(f->a);
	loop_del(f->b);
}

static void a_callback_may_delete_itself_and_others_of_the_round(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_add(f->loop, f->pipe_a[0], EPOLLIN, delete_both, f, &f->a), 0);
	assert_int_equal(loop_add(f->loop, f->pipe_b[0], EPOLLIN, delete_both, f, &f->b), 0);
	assert_int_equal(write(f->pipe_a[1], "x", 1), 1);
	assert_int_equal(write(f->pipe_b[1], "x", 1), 1);
	assert_int_equal(loop_once(f->loop, 0), 1);
	assert_int_equal(loop_once(f->loop, 0), 0);
	assert_int_equal(f->runs, 1);
}

static void deleting_nothing_is_fine(void **state)
{
	(void)state;
	loop_del(NULL);
	loop_timer_free(NULL);
	loop_free(NULL);
}

static void timer_a(void *arg)
{
	note(arg, 'a');
}

static void timer_b(void *arg)
{
	note(arg, 'b');
}

static void timer_c(void *arg)
{
	note(arg, 'c');
}

static void timers_run_in_order_of_deadline_and_of_setting(void **state)
{
	struct fixture *f = *state;
	struct loop_timer *a, *b, *c;

	assert_int_equal(loop_timer_new(f->loop, timer_a, f, &a), 0);
	assert_int_equal(loop_timer_new(f->loop, timer_b, f, &b), 0);
	assert_int_equal(loop_timer_new(f->loop, timer_c, f, &c), 0);
	loop_timer_set(c, 2000);
	loop_timer_set(b, 2000);
	loop_timer_set(a, 1000);
	assert_int_equal(loop_once(f->loop, -1), 3);
	assert_string_equal(f->trace, "acb");
}

static void a_timer_in_the_future_wakes_the_loop(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer_new(f->loop, timer_a, f, &f->timer), 0);
	loop_timer_set(f->timer, clock_mono_ns() + 2 * NSEC_PER_MSEC);
	while (!f->trace[0])
		assert_true(loop_once(f->loop, -1) >= 0);
	assert_int_equal(loop_once(f->loop, 0), 0);
	loop_timer_set(f->timer, clock_mono_ns() + 2 * NSEC_PER_MSEC);
	while (strlen(f->trace) < 2)
		assert_true(loop_once(f->loop, -1) >= 0);
	assert_string_equal(f->trace, "aa");
}

static void a_disarmed_or_postponed_timer_does_not_run(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer_new(f->loop, timer_a, f, &f->timer), 0);
	loop_timer_set(f->timer, 1);
	loop_timer_set(f->timer, 0);
	assert_int_equal(loop_once(f->loop, 0), 0);
	loop_timer_set(f->timer, 1);
	loop_timer_set(f->timer, UINT64_MAX);
	assert_int_equal(loop_once(f->loop, 0), 0);
	assert_string_equal(f->trace, "");
}

static void set_again_into_the_past(void *arg)
{
	struct fixture *f = arg;

	f->runs++;
	loop_timer_set(f->timer, 1);
}

static void a_timer_that_is_always_due_runs_once_a_round(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer_new(f->loop, set_again_into_the_past, f, &f->timer), 0);
	assert_int_equal(loop_add(f->loop, f->pipe_a[0], EPOLLIN, read_one, f, &f->a), 0);
	assert_int_equal(write(f->pipe_a[1], "x", 1), 1);
	loop_timer_set(f->timer, 1);
	assert_int_equal(loop_once(f->loop, -1), 2);
	assert_int_equal(loop_once(f->loop, -1), 1);
	assert_int_equal(f->runs, 2);
	assert_string_equal(f->trace, "x");
}

static void free_both_timers(void *arg)
{
	struct fixture *f = arg;

	f->runs++;
	loop_timer_free(f->timer);
	loop_timer_free(f->other);
}

static void a_timer_may_free_itself_and_another_that_is_due(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer_new(f->loop, free_both_timers, f, &f->timer), 0);
	assert_int_equal(loop_timer_new(f->loop, free_both_timers, f, &f->other), 0);
	loop_timer_set(f->timer, 1);
	loop_timer_set(f->other, 1);
	assert_int_equal(loop_once(f->loop, -1), 1);
	assert_int_equal(loop_once(f->loop, 0), 0);
	assert_int_equal(f->runs, 1);
}

struct numbered {
	uint64_t *log;
	size_t *n;
	uint64_t at;
};

static void log_deadline(void *arg)
{
	struct numbered *t = arg;

	t->log[(*t->n)++] = t->at;
}

static void a_thousand_timers_come_out_sorted(void **state)
{
	struct fixture *f = *state;
	enum { COUNT = 1000 };
	static struct numbered items[COUNT];
	static uint64_t log[COUNT];
	static struct loop_timer *timers[COUNT];
	size_t n = 0, removed = 0;
	uint32_t seed = 1;

	for (size_t i = 0; i < COUNT; i++) {
		seed = seed * 1664525u + 1013904223u;
		items[i] = (struct numbered){.log = log, .n = &n, .at = 1 + seed % 5000};
		assert_int_equal(loop_timer_new(f->loop, log_deadline, &items[i], &timers[i]), 0);
		loop_timer_set(timers[i], items[i].at);
	}
	for (size_t i = 0; i < COUNT; i += 3, removed++)
		loop_timer_free(timers[i]);
	assert_int_equal(loop_once(f->loop, -1), (int)(COUNT - removed));
	assert_int_equal(n, COUNT - removed);
	for (size_t i = 1; i < n; i++)
		assert_true(log[i - 1] <= log[i]);
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

static void *post_from_thread(void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(loop_post(f->loop, timer_a, f), 0);
	assert_int_equal(loop_post(f->loop, timer_b, f), 0);
	assert_int_equal(loop_post(f->loop, stop_loop, f->loop), 0);
	return NULL;
}

static void posts_of_another_thread_run_in_order(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, post_from_thread, f), 0);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(f->trace, "ab");
}

static void post_again(void *arg)
{
	struct fixture *f = arg;

	note(f, 'p');
	assert_int_equal(loop_post(f->loop, timer_a, f), 0);
}

static void a_post_from_a_post_runs_in_the_next_round(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_post(f->loop, post_again, f), 0);
	assert_int_equal(loop_once(f->loop, -1), 1);
	assert_string_equal(f->trace, "p");
	assert_int_equal(loop_once(f->loop, -1), 1);
	assert_string_equal(f->trace, "pa");
}

static void posts_that_never_ran_are_freed_with_the_loop(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_post(f->loop, timer_a, f), 0);
	assert_string_equal(f->trace, "");
}

static void on_signal(void *arg, int signo)
{
	struct fixture *f = arg;

	f->runs = signo;
}

static void a_signal_becomes_a_callback(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_signal(f->loop, SIGUSR1, on_signal, f), 0);
	assert_int_equal(loop_signal(f->loop, SIGUSR1, on_signal, f), -EEXIST);
	assert_int_equal(loop_signal(f->loop, 9999, on_signal, f), -EINVAL);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(loop_once(f->loop, -1), 1);
	assert_int_equal(f->runs, SIGUSR1);
}

static bool is_readable(struct loop *loop, int timeout_ms)
{
	struct pollfd p = {.fd = loop_fd(loop), .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

/* Runs timer_a in a moment, by its own timer. */
static void timer_sets(void *arg)
{
	struct fixture *f = arg;

	loop_timer_set(f->timer, clock_mono_ns() + 1000000);
}

static void within_another_wait_it_is_readable_when_something_is_due(void **state)
{
	struct fixture *f = *state;
	struct loop_timer *first;

	assert_int_equal(loop_timer_new(f->loop, timer_sets, f, &first), 0);
	assert_int_equal(loop_timer_new(f->loop, timer_a, f, &f->timer), 0);
	assert_false(is_readable(f->loop, 0));
	loop_timer_set(first, clock_mono_ns() + 1000000);
	assert_true(is_readable(f->loop, 10000));
	assert_int_equal(loop_once(f->loop, 0), 1);
	/* and so it is for what a callback has set, and for what is over already */
	assert_true(is_readable(f->loop, 10000));
	assert_int_equal(loop_once(f->loop, 0), 1);
	assert_string_equal(f->trace, "a");
	assert_false(is_readable(f->loop, 0));
	loop_timer_set(f->timer, 1);
	assert_true(is_readable(f->loop, 0));
	loop_timer_set(f->timer, 0);
	assert_false(is_readable(f->loop, 0));
	loop_timer_free(first);
	loop_timer_free(f->timer);
}

static void stopping_before_running_returns_at_once(void **state)
{
	struct fixture *f = *state;

	loop_stop(f->loop);
	assert_int_equal(loop_run(f->loop), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_descriptor_that_is_ready_calls_back),
		T(a_source_can_be_silenced_and_woken_by_mod),
		T(adding_a_bad_descriptor_fails),
		T(a_callback_may_delete_itself_and_others_of_the_round),
		T(deleting_nothing_is_fine),
		T(timers_run_in_order_of_deadline_and_of_setting),
		T(a_timer_in_the_future_wakes_the_loop),
		T(a_disarmed_or_postponed_timer_does_not_run),
		T(a_timer_that_is_always_due_runs_once_a_round),
		T(a_timer_may_free_itself_and_another_that_is_due),
		T(a_thousand_timers_come_out_sorted),
		T(posts_of_another_thread_run_in_order),
		T(a_post_from_a_post_runs_in_the_next_round),
		T(posts_that_never_ran_are_freed_with_the_loop),
		T(a_signal_becomes_a_callback),
		T(within_another_wait_it_is_readable_when_something_is_due),
		T(stopping_before_running_returns_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
