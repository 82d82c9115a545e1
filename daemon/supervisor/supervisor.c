// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The supervisor: opening, and the end, which all applications come to first. Called by main.c;
 * applications are in app.c, the daemon's wishes come by talk.c.
 */
#include "daemon/supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/supervisor/supervisor_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define GRACE_NS   (1 * NSEC_PER_SEC) /* of all together, when the supervisor ends */
#define KILL_NS	   (2 * NSEC_PER_SEC)
#define EXIT_ERROR 1

static bool all_over(const struct supervisor *supervisor)
{
	struct list *pos;

	list_for_each (pos, &supervisor->apps)
		if (!life_is_over(&list_entry(pos, struct app, node)->life))
			return false;
	return true;
}

void supervisor_step(struct supervisor *supervisor)
{
	if (supervisor->quit && all_over(supervisor))
		loop_stop(supervisor->loop);
}

static void stop_all(struct supervisor *supervisor, bool at_once)
{
	struct list *pos;

	list_for_each (pos, &supervisor->apps)
		app_stop(list_entry(pos, struct app, node), at_once);
}

/* Those that are still there go with us: their process 1 does, and the kernel ends the rest. */
static void end(void *arg)
{
	struct supervisor *supervisor = arg;

	if (supervisor->killed) {
		loop_stop(supervisor->loop);
		return;
	}
	supervisor->killed = true;
	loop_timer_set(supervisor->end, clock_mono_ns() + KILL_NS);
	stop_all(supervisor, true);
}

void supervisor_quit(struct supervisor *supervisor)
{
	if (supervisor->quit)
		return;
	supervisor->quit = true;
	stop_all(supervisor, false);
	loop_timer_set(supervisor->end, clock_mono_ns() + GRACE_NS);
	supervisor_step(supervisor);
}

static void asked_to_end(void *arg, int signo)
{
	(void)signo;
	supervisor_quit(arg);
}

/* Each application costs six descriptors. */
static void raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files); /* fewer applications then */
	}
}

static int open_all(struct supervisor *supervisor, const struct supervisor_config *config)
{
	int r = loop_new(&supervisor->loop);

	if (r < 0)
		return r;
	supervisor->logs = open(config->logs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (supervisor->logs < 0) {
		r = -errno;
		log_error("%s: %s", config->logs, strerror(errno));
		return r;
	}
	r = loop_timer_new(supervisor->loop, end, supervisor, &supervisor->end);
	if (r == 0)
		r = loop_signal(supervisor->loop, SIGTERM, asked_to_end, supervisor);
	if (r == 0)
		r = talk_open(supervisor, config->socket);
	if (r < 0)
		log_error("%s: %s", config->socket, strerror(-r));
	return r;
}

int supervisor_run(const struct supervisor_config *config)
{
	struct supervisor supervisor = {.logs = -1};
	int r;

	list_init(&supervisor.apps);
	list_init(&supervisor.waiting);
	raise_limits();
	r = open_all(&supervisor, config);
	if (r == 0)
		r = loop_run(supervisor.loop);
	while (!list_empty(&supervisor.apps))
		app_free(list_entry(supervisor.apps.next, struct app, node));
	loop_timer_free(supervisor.end);
	chan_free(supervisor.chan);
	loop_free(supervisor.loop);
	if (supervisor.logs >= 0)
		close(supervisor.logs);
	return r < 0 ? EXIT_ERROR : 0;
}
