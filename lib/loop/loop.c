/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: owns an epoll instance, one timerfd for all timers (a binary heap, first set
 * first served among equals) and one eventfd by which other threads hand work over. Used by every
 * process of the tree.
 *
 * What makes removal from within callbacks safe: a source that is deleted during a round is only
 * marked, and freed when the round is over; a timer leaves the heap before its callback runs and is
 * not touched afterwards.
 */
#include "lib/loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/list.h"

#define EVENTS_PER_ROUND 64
#define HEAP_FIRST	 16
#define NOT_IN_HEAP	 SIZE_MAX

struct loop_source {
	struct list node; /* in loop->sources or loop->dead */
	struct loop *loop;
	loop_fd_fn fn; /* NULL: deleted */
	void *arg;
	int fd;
};

struct loop_timer {
	struct list node;
	struct loop *loop;
	loop_fn fn;
	void *arg;
	uint64_t at_ns;
	uint64_t seq;
	size_t index; /* in the heap */
};

struct post {
	struct post *next;
	loop_fn fn;
	void *arg;
};

struct signal_source {
	struct list node;
	struct loop *loop;
	struct loop_source *source;
	loop_signal_fn fn;
	void *arg;
	int signo;
	int fd;
};

struct loop {
	int epoll_fd, timer_fd, event_fd;
	struct loop_source *timer_source, *event_source;
	struct list sources, dead, timers, signals;
	struct loop_timer **heap;
	size_t heap_used, heap_size, n_timers;
	uint64_t seq;
	uint64_t armed_ns; /* what the timerfd is set to; 0: disarmed */
	bool fired;	   /* the timerfd expired and was not set again yet */
	bool stop;
	int depth; /* of loop_once(): deleted sources are freed at 0 */
	int ran;   /* callbacks in this round */
	pthread_mutex_t lock;
	struct post *first, **last; /* under lock */
};

/* --- heap ------------------------------------------------------------------------------------ */

static bool timer_before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->seq < b->seq;
}

static void heap_put(struct loop *loop, size_t index, struct loop_timer *timer)
{
	loop->heap[index] = timer;
	timer->index = index;
}

static void heap_up(struct loop *loop, size_t index)
{
	struct loop_timer *timer = loop->heap[index];

	while (index > 0 && timer_before(timer, loop->heap[(index - 1) / 2])) {
		heap_put(loop, index, loop->heap[(index - 1) / 2]);
		index = (index - 1) / 2;
	}
	heap_put(loop, index, timer);
}

static void heap_down(struct loop *loop, size_t index)
{
	struct loop_timer *timer = loop->heap[index];

	for (;;) {
		size_t child = 2 * index + 1;

		if (child >= loop->heap_used)
			break;
		if (child + 1 < loop->heap_used &&
		    timer_before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (!timer_before(loop->heap[child], timer))
			break;
		heap_put(loop, index, loop->heap[child]);
		index = child;
	}
	heap_put(loop, index, timer);
}

static void heap_remove(struct loop *loop, struct loop_timer *timer)
{
	size_t index = timer->index;
	struct loop_timer *moved;

	if (index == NOT_IN_HEAP)
		return;
	timer->index = NOT_IN_HEAP;
	moved = loop->heap[--loop->heap_used];
	if (moved == timer)
		return;
	heap_put(loop, index, moved);
	heap_up(loop, index);
	heap_down(loop, moved->index);
}

/* --- timers ---------------------------------------------------------------------------------- */

int loop_timer_new(struct loop *loop, loop_fn fn, void *arg, struct loop_timer **ret_timer)
{
	struct loop_timer *timer;

	/* room is made here, so that setting a timer cannot fail */
	if (loop->n_timers == loop->heap_size) {
		size_t size = loop->heap_size ? 2 * loop->heap_size : HEAP_FIRST;
		struct loop_timer **heap = reallocarray(loop->heap, size, sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		loop->heap = heap;
		loop->heap_size = size;
	}
	timer = calloc(1, sizeof(*timer));
	if (!timer)
		return -ENOMEM;
	timer->loop = loop;
	timer->fn = fn;
	timer->arg = arg;
	timer->index = NOT_IN_HEAP;
	list_add_tail(&loop->timers, &timer->node);
	loop->n_timers++;
	*ret_timer = timer;
	return 0;
}

void loop_timer_set(struct loop_timer *timer, uint64_t at_ns)
{
	struct loop *loop = timer->loop;

	heap_remove(loop, timer);
	if (at_ns == 0)
		return;
	timer->at_ns = at_ns;
	timer->seq = loop->seq++;
	heap_put(loop, loop->heap_used++, timer);
	heap_up(loop, loop->heap_used - 1);
}

void loop_timer_free(struct loop_timer *timer)
{
	if (!timer)
		return;
	heap_remove(timer->loop, timer);
	timer->loop->n_timers--;
	list_del(&timer->node);
	free(timer);
}

/* Runs what is due now; each timer at most once, so that one set into the past cannot starve the
 * descriptors. */
static void timers_run(struct loop *loop)
{
	uint64_t now = loop->heap_used ? clock_mono_ns() : 0;
	uint64_t seq = loop->seq;

	while (loop->heap_used && loop->heap[0]->at_ns <= now && loop->heap[0]->seq < seq) {
		struct loop_timer *timer = loop->heap[0];

		heap_remove(loop, timer);
		loop->ran++;
		timer->fn(timer->arg);
	}
}

static uint64_t first_deadline(const struct loop *loop)
{
	return loop->heap_used ? loop->heap[0]->at_ns : 0;
}

/* Sets the timerfd to the first deadline, if it is not. */
static int timerfd_set(struct loop *loop)
{
	uint64_t at = first_deadline(loop);
	struct itimerspec spec = {
		.it_value = {.tv_sec = (time_t)(at / NSEC_PER_SEC),
			     .tv_nsec = (long)(at % NSEC_PER_SEC)},
	};

	if (at == loop->armed_ns && !loop->fired)
		return 0;
	if (at / NSEC_PER_SEC > INT32_MAX) { /* "never": the kernel refuses what overflows */
		spec.it_value.tv_sec = INT32_MAX;
		spec.it_value.tv_nsec = 0;
	}
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return -errno;
	loop->armed_ns = at;
	loop->fired = false;
	return 0;
}

/* The same for a wait of our own; *timeout_ms becomes 0 if the deadline is over already. */
static int timers_arm(struct loop *loop, int *timeout_ms)
{
	uint64_t at = first_deadline(loop);

	if (at && at <= clock_mono_ns()) {
		*timeout_ms = 0;
		return 0;
	}
	return timerfd_set(loop);
}

static void timer_ready(void *arg, uint32_t events)
{
	struct loop *loop = arg;

	(void)events;
	/* setting it anew clears the readiness, so it need not be read; timers run after the
	 * descriptors */
	loop->fired = true;
	loop->ran--;
}

/* --- sources --------------------------------------------------------------------------------- */

int loop_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *arg,
	     struct loop_source **ret_source)
{
	struct epoll_event ev = {.events = events};
	struct loop_source *source = calloc(1, sizeof(*source));

	if (!source)
		return -ENOMEM;
	ev.data.ptr = source;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int r = -errno;

		free(source);
		return r;
	}
	source->loop = loop;
	source->fd = fd;
	source->fn = fn;
	source->arg = arg;
	list_add_tail(&loop->sources, &source->node);
	*ret_source = source;
	return 0;
}

int loop_fd(struct loop *loop)
{
	/* What was set since the last round began. It fails for no reason that could be here. */
	(void)timerfd_set(loop);
	return loop->epoll_fd;
}

int loop_mod(struct loop_source *source, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = source};

	return epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &ev) < 0 ? -errno : 0;
}

void loop_del(struct loop_source *source)
{
	struct loop *loop;

	if (!source || !source->fn)
		return;
	loop = source->loop;
	/* fails only if the caller closed the descriptor first, and then it is out already */
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->fn = NULL;
	list_del(&source->node);
	if (loop->depth == 0)
		free(source);
	else
		list_add_tail(&loop->dead, &source->node);
}

static void sources_free(struct list *head)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, head) {
		list_del(pos);
		free(list_entry(pos, struct loop_source, node));
	}
}

/* --- work from other threads ----------------------------------------------------------------- */

int loop_post(struct loop *loop, loop_fn fn, void *arg)
{
	struct post *post = malloc(sizeof(*post));
	uint64_t one = 1;
	bool was_empty;

	if (!post)
		return -ENOMEM;
	post->next = NULL;
	post->fn = fn;
	post->arg = arg;
	pthread_mutex_lock(&loop->lock);
	was_empty = !loop->first;
	*loop->last = post;
	loop->last = &post->next;
	/* under the lock: the loop cannot be between taking the list and clearing the counter. The
	 * counter is 0 or 1, so this write can neither block nor fail. */
	if (was_empty)
		(void)!write(loop->event_fd, &one, sizeof(one));
	pthread_mutex_unlock(&loop->lock);
	return 0;
}

static void posts_ready(void *arg, uint32_t events)
{
	struct loop *loop = arg;
	struct post *post;
	uint64_t count;

	(void)events;
	pthread_mutex_lock(&loop->lock);
	(void)!read(loop->event_fd, &count, sizeof(count));
	post = loop->first;
	loop->first = NULL;
	loop->last = &loop->first;
	pthread_mutex_unlock(&loop->lock);
	loop->ran--;
	while (post) {
		struct post *next = post->next;

		loop->ran++;
		post->fn(post->arg);
		free(post);
		post = next;
	}
}

/* --- signals --------------------------------------------------------------------------------- */

static void signal_ready(void *arg, uint32_t events)
{
	struct signal_source *sig = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(sig->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		sig->fn(sig->arg, sig->signo);
}

static void signal_source_free(struct signal_source *sig)
{
	loop_del(sig->source);
	if (sig->fd >= 0)
		close(sig->fd);
	free(sig);
}

int loop_signal(struct loop *loop, int signo, loop_signal_fn fn, void *arg)
{
	struct signal_source *sig;
	struct list *pos;
	sigset_t set;
	int r;

	list_for_each (pos, &loop->signals) {
		if (list_entry(pos, struct signal_source, node)->signo == signo)
			return -EEXIST;
	}
	sigemptyset(&set);
	if (sigaddset(&set, signo) < 0)
		return -EINVAL;
	sig = calloc(1, sizeof(*sig));
	if (!sig)
		return -ENOMEM;
	sig->loop = loop;
	sig->fn = fn;
	sig->arg = arg;
	sig->signo = signo;
	sig->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r = sig->fd < 0 ? -errno : 0;
	if (r == 0)
		r = loop_add(loop, sig->fd, EPOLLIN, signal_ready, sig, &sig->source);
	if (r == 0)
		r = -pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (r < 0) {
		signal_source_free(sig);
		return r;
	}
	list_add_tail(&loop->signals, &sig->node);
	return 0;
}

/* --- the loop -------------------------------------------------------------------------------- */

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	list_init(&loop->sources);
	list_init(&loop->dead);
	list_init(&loop->timers);
	list_init(&loop->signals);
	loop->last = &loop->first;
	pthread_mutex_init(&loop->lock, NULL);
	loop->timer_fd = loop->event_fd = -1;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd >= 0)
		loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timer_fd >= 0)
		loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = loop->event_fd < 0 ? -errno : 0;
	if (r == 0)
		r = loop_add(loop, loop->timer_fd, EPOLLIN, timer_ready, loop, &loop->timer_source);
	if (r == 0)
		r = loop_add(loop, loop->event_fd, EPOLLIN, posts_ready, loop, &loop->event_source);
	if (r < 0) {
		loop_free(loop);
		return r;
	}
	*ret_loop = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	struct list *pos, *tmp;
	struct post *post, *next;

	if (!loop)
		return;
	list_for_each_safe (pos, tmp, &loop->signals) {
		list_del(pos);
		signal_source_free(list_entry(pos, struct signal_source, node));
	}
	list_for_each_safe (pos, tmp, &loop->timers)
		loop_timer_free(list_entry(pos, struct loop_timer, node));
	sources_free(&loop->sources);
	sources_free(&loop->dead);
	for (post = loop->first; post; post = next) {
		next = post->next;
		free(post);
	}
	if (loop->event_fd >= 0)
		close(loop->event_fd);
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop->heap);
	free(loop);
}

int loop_once(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[EVENTS_PER_ROUND];
	int outer = loop->ran, n, r;

	r = timers_arm(loop, &timeout_ms);
	if (r < 0)
		return r;
	n = epoll_wait(loop->epoll_fd, events, EVENTS_PER_ROUND, timeout_ms);
	if (n < 0 && errno != EINTR)
		return -errno;
	loop->ran = 0;
	loop->depth++;
	for (int i = 0; i < n; i++) {
		struct loop_source *source = events[i].data.ptr;

		if (!source->fn)
			continue;
		loop->ran++;
		source->fn(source->arg, events[i].events);
	}
	timers_run(loop);
	if (--loop->depth == 0)
		sources_free(&loop->dead);
	r = loop->ran;
	loop->ran = outer;
	return r;
}

int loop_run(struct loop *loop)
{
	int r = 0;

	while (!loop->stop && r >= 0)
		r = loop_once(loop, -1);
	loop->stop = false;
	return r < 0 ? r : 0;
}

void loop_stop(struct loop *loop)
{
	loop->stop = true;
}
