/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace.h. It warns while more than 0.1 % of what left in the last ten seconds was late, or anything
 * was lost because nobody took it in time. The timer rests while nothing is emulated.
 */
#include "daemon/ctl/pace.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/ctl/ctl_priv.h"
#include "lib/base/clock.h"

#define SAMPLES	   10	/* one a second: the window */
#define LATE_SHARE 1000 /* one of so many is too much */

struct pace {
	struct ctl *ctl;
	struct loop_timer *timer;
	uint64_t every_ns;
	struct host_pace samples[SAMPLES]; /* a ring */
	unsigned next;			   /* the oldest of them */
	unsigned quiet; /* samples since the back end last said that it emulates */
	bool awake;	/* the timer is set */
	bool slow;
	ctl_pace_fn fn;
	void *arg;
};

/* A counter that went back is one that began anew. */
static uint64_t grown(uint64_t from, uint64_t to)
{
	return to >= from ? to - from : to;
}

static bool too_slow(const struct host_pace *from, const struct host_pace *to)
{
	return grown(from->overruns, to->overruns) ||
	       grown(from->late, to->late) * LATE_SHARE > grown(from->sent, to->sent);
}

static void warn(const struct host_pace *now, char *text, size_t size)
{
	unsigned long long late = now->late, lost = now->overruns;
	size_t n = (size_t)snprintf(text, size, "this machine is too slow for what is asked: ");

	if (late || !lost)
		n += (size_t)snprintf(text + n, size - n,
				      "%llu datagram%s left more than 1 ms late since the start",
				      late, late == 1 ? "" : "s");
	if (lost)
		snprintf(text + n, size - n, "%s%llu %s lost by overrun", late ? ", " : "", lost,
			 lost == 1 ? "was" : "were");
}

static void read_pace(const struct pace *pace, struct ctl_pace *ret)
{
	struct host *host = pace->ctl->host;

	*ret = (struct ctl_pace){0};
	host->ops->pace_read(host, &ret->now);
	if (pace->slow)
		warn(&ret->now, ret->warning, sizeof(ret->warning));
}

static void wake(struct pace *pace)
{
	pace->awake = true;
	loop_timer_set(pace->timer, clock_mono_ns() + pace->every_ns);
}

static void on_timer(void *arg)
{
	struct pace *pace = arg;
	struct host_pace *oldest = &pace->samples[pace->next];
	struct ctl_pace is;
	bool slow;

	pace->awake = false;
	read_pace(pace, &is);
	slow = too_slow(oldest, &is.now);
	*oldest = is.now;
	pace->next = (pace->next + 1) % SAMPLES;
	pace->quiet = is.now.running ? 0 : pace->quiet + 1;
	if (slow != pace->slow) {
		pace->slow = slow;
		read_pace(pace, &is);
		if (pace->fn)
			pace->fn(pace->arg, &is);
	}
	if (slow || pace->quiet < SAMPLES)
		wake(pace);
}

void pace_kick(struct pace *pace)
{
	struct ctl_pace is;

	if (pace->awake)
		return;
	read_pace(pace, &is);
	if (!is.now.running)
		return;
	for (int i = 0; i < SAMPLES; i++) /* what was before is no news */
		pace->samples[i] = is.now;
	pace->quiet = 0;
	wake(pace);
}

void ctl_pace(struct ctl *ctl, struct ctl_pace *ret_pace)
{
	pace_kick(ctl->pace);
	read_pace(ctl->pace, ret_pace);
}

void ctl_pace_watch(struct ctl *ctl, ctl_pace_fn fn, void *arg)
{
	ctl->pace->fn = fn;
	ctl->pace->arg = arg;
}

void ctl_pace_every(struct ctl *ctl, uint64_t ns)
{
	ctl->pace->every_ns = ns;
}

int pace_new(struct ctl *ctl, struct pace **ret_pace)
{
	struct pace *pace = calloc(1, sizeof(*pace));

	if (!pace)
		return -ENOMEM;
	pace->ctl = ctl;
	pace->every_ns = NSEC_PER_SEC;
	if (loop_timer_new(ctl->loop, on_timer, pace, &pace->timer) < 0) {
		free(pace);
		return -ENOMEM;
	}
	*ret_pace = pace;
	return 0;
}

void pace_free(struct pace *pace)
{
	if (!pace)
		return;
	loop_timer_free(pace->timer);
	free(pace);
}
