// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications of routers that go: a worker that takes routers away waits here until they have
 * ended, first asked, then killed. Called by local_remove.c, and by the loop as they end.
 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "daemon/host/local_app_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define TERM_NS (1 * NSEC_PER_SEC) /* as other programs on routers: local_kill.c */
#define KILL_NS (3 * NSEC_PER_SEC)
#define LOOK_US 1000

struct local_end_request { /* a worker's, which waits until done */
	const struct local_remove_task *task;
	struct local_apps *apps;
	uint64_t began_ns;
	bool asked, killed, ended;
	bool done; /* atomic */
};

static bool concerns(const struct local_end_request *request, const struct local_app *app)
{
	const struct local_remove_task *task = request->task;

	for (size_t i = 0; i < task->router_count; i++)
		if (task->routers[i].id && task->routers[i].id == app->router_id)
			return true;
	for (size_t i = 0; i < task->inode_count; i++)
		if (app->netns && task->inodes[i] == app->netns)
			return true;
	return false;
}

struct round {
	const struct local_end_request *request;
	bool now; /* SIGKILL */
	bool say;
	unsigned left;
};

static void look_at(void *arg, struct local_app *app)
{
	struct round *round = arg;
	struct app_stop stop = {.id = app->id, .now = round->now};

	if (local_app_is_over(app) || !concerns(round->request, app))
		return;
	round->left++;
	app->stopped = true;
	if (round->say)
		(void)local_supervisor_say(round->request->apps->supervisor, FRAME_APP_STOP, &stop,
					   sizeof(stop), -1);
}

static void finish(struct local_apps *apps)
{
	struct local_end_request *request = apps->ends;

	apps->ends = NULL;
	loop_timer_set(apps->impatience, 0);
	__atomic_store_n(&request->done, true, __ATOMIC_RELEASE);
}

void local_apps_end_step(struct local_apps *apps)
{
	struct local_end_request *request = apps->ends;
	struct round round = {.request = request};
	uint64_t age;

	if (!request)
		return;
	/* What it has started is not known before. */
	if (local_supervisor_runs(apps->supervisor) && !apps->heard)
		return;
	age = clock_mono_ns() - request->began_ns;
	round.now = age >= TERM_NS;
	round.say = !request->asked || (round.now && !request->killed);
	request->asked = true;
	request->killed = round.now;
	local_app_each(apps, look_at, &round);
	if (!round.left) {
		finish(apps);
		return;
	}
	if (age >= KILL_NS && !request->ended) {
		request->ended = true;
		log_error("applications do not end by their supervisor, which is ended");
		local_supervisor_kill(apps->supervisor);
	}
	loop_timer_set(apps->impatience, request->began_ns + (age < TERM_NS ? TERM_NS : KILL_NS));
}

void local_apps_end_impatient(void *arg)
{
	local_apps_end_step(arg);
}

/* In the loop: a worker has a wish. */
void local_apps_end_begin(void *arg, uint32_t events)
{
	struct local_apps *apps = arg;
	uint64_t count;

	(void)events;
	(void)!read(apps->wake_fd, &count, sizeof(count));
	pthread_mutex_lock(&apps->lock);
	if (apps->wish) {
		apps->ends = apps->wish;
		apps->wish = NULL;
		apps->ends->began_ns = clock_mono_ns();
	}
	pthread_mutex_unlock(&apps->lock);
	if (!apps->ends)
		return;
	loop_timer_set(apps->impatience, apps->ends->began_ns + KILL_NS);
	local_apps_end_step(apps);
}

/* The loop waits for the worker now, and does nothing else. */
static void take_back(struct local_apps *apps, const struct local_end_request *request)
{
	pthread_mutex_lock(&apps->lock);
	if (apps->wish == request)
		apps->wish = NULL;
	if (apps->ends == request)
		apps->ends = NULL;
	pthread_mutex_unlock(&apps->lock);
}

int local_apps_end(struct local_apps *apps, const struct local_remove_task *task)
{
	struct local_end_request request = {.task = task, .apps = apps};
	uint64_t one = 1;

	if (!apps)
		return 0; /* all have ended */
	pthread_mutex_lock(&apps->lock);
	apps->wish = &request;
	pthread_mutex_unlock(&apps->lock);
	/* Cannot fail but by overflow, and then it is readable anyway. */
	(void)!write(apps->wake_fd, &one, sizeof(one));
	while (!__atomic_load_n(&request.done, __ATOMIC_ACQUIRE)) {
		if (__atomic_load_n(&apps->cancel, __ATOMIC_ACQUIRE)) {
			take_back(apps, &request);
			return -ECANCELED;
		}
		usleep(LOOK_US);
	}
	return 0;
}
