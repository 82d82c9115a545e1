/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications of the fake back end: each runs, and is ready, a moment after it was asked for (a
 * job, readiness exit, has ended then), and what it is set to it reports. They outlive the daemon
 * with their machine, and end with their router. It measures nothing, and there is no output,
 * unless a test says so.
 */
#ifndef VLSP_DAEMON_HOST_FAKE_APPS_H
#define VLSP_DAEMON_HOST_FAKE_APPS_H

#include "daemon/host/host_ops.h"
#include "lib/loop/loop.h"

struct fake_apps { /* part of struct fake: what tests have said */
	struct loop_timer *timer;
	bool untold; /* known has to be called */
	bool held;   /* none ends that is to stop */
	bool silent; /* nothing is told */
	uint64_t refuse_countdown, fail_countdown;
	int refuse_error;
	char refuse_text[200], fail_text[200], log[200];
	struct host_app_usage usage;
	char handed[100];
	unsigned reordered;
};

/* --- for tests ------------------------------------------------------------------------------- */

/* The n-th start from now on (0: the next one) is refused at once with error, a positive errno, and
 * text. Once. */
void fake_app_refuse(struct host *host, uint64_t n, int error, const char *text);
/* Or it is FAILED later, with text. Once. */
void fake_app_fail(struct host *host, uint64_t n, const char *text);
/* It is in this state from now on, which the loop tells. -ENOENT. */
int fake_app_become(struct host *host, uint32_t id, const struct host_app_state *state);
/* Whether those that are to stop go on, as one that does not heed SIGTERM does during its grace. */
void fake_apps_hold(struct host *host, bool hold);
/* Whether nothing is told or known of them, as while their supervisor has not connected. */
void fake_apps_silence(struct host *host, bool silent);
/* Reported by it, or changed. -ENOENT, -ENOSPC. */
int fake_app_report(struct host *host, uint32_t id, const char *key, const char *value);
void fake_app_say_usage(struct host *host, const struct host_app_usage *usage); /* of each */
void fake_app_say_log(struct host *host, const char *path); /* of each; NULL: there is none */
/* All are gone, as when their supervisor died. */
void fake_apps_lose(struct host *host);
/* "1>3" or "1>3 changed": what was handed over last; "": nothing. */
const char *fake_apps_handed(const struct host *host);
/* How often functions were put in order anew; since it was asked last. */
unsigned fake_apps_reordered(struct host *host);
/* How many of them are known, also those that have ended. */
uint32_t fake_apps_count(const struct host *host);

#endif
