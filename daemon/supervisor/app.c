// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One application: its life (life.h) brought together with processes (init.h), output and link, and
 * every change told. Called by talk.c and supervisor.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/supervisor/init.h"
#include "daemon/supervisor/supervisor_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/confine/cgroup_usage.h"

static void step(struct app *app);

/* --- telling ---------------------------------------------------------------------------------- */

static void explain_end(const struct app *app, char *text, size_t size)
{
	const char *when = app->life.phase == APP_FAILED ? " before it was ready" : "";
	int status = app->life.status;
	uint64_t kills = confine_cgroup_oom_kills(app->spec->lists[APP_GROUPS]);
	char last[400];
	int n;

	logfile_last(app->log, last, sizeof(last));
	if (WIFSIGNALED(status))
		n = snprintf(text, size, "ended%s by signal %d (%s)", when, WTERMSIG(status),
			     kills > app->run.oom_kills && WTERMSIG(status) == SIGKILL
				     ? "Killed: out of memory"
				     : strsignal(WTERMSIG(status)));
	else
		n = snprintf(text, size, "ended%s with status %d", when, WEXITSTATUS(status));
	if (last[0] && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, ": %.399s", last);
}

/* Why it is as it is: what it could not do, or how its last run ended and what it said. */
static void explain(struct app *app)
{
	const struct life *life = &app->life;

	if (life->phase != APP_FAILED && life->phase != APP_WAITING && life->phase != APP_ENDED)
		app->text[0] = '\0';
	else if (app->why[0])
		snprintf(app->text, sizeof(app->text), "%s", app->why);
	else if (life->status == 0 && life->phase != APP_FAILED)
		app->text[0] = '\0'; /* it has done what it was for */
	else if (life->status >= 0)
		explain_end(app, app->text, sizeof(app->text));
}

static void tell(struct app *app)
{
	const struct life *life = &app->life;
	struct app_state now = {
		.id = app->id,
		.router_id = app->spec->head.router_id,
		.slot = app->spec->head.slot,
		.phase = life->phase,
		.ready = life->ready,
		.stopped = app->stopped,
		.pid = life->executed ? app->run.program : 0,
		.status = life->status,
		.restarts = life->restarts,
		.netns = app->spec->head.netns,
		.started_ms = app->started_ms,
		.ended_ms = app->ended_ms,
	};

	if (memcmp(&now, &app->told, sizeof(now)) == 0)
		return;
	if (now.phase != app->told.phase)
		explain(app);
	app->told = now;
	talk_state(app, &now, app->text);
}

static void link_ready(void *arg)
{
	struct app *app = arg;

	life_notified(&app->life);
	step(app);
}

static void link_told_values(void *arg)
{
	talk_values(arg);
}

static void link_asks(void *arg, uint32_t ask, const char *packet, size_t size)
{
	talk_ask(arg, ask, packet, size);
}

static const struct link_ops link_ops = {
	.ready = link_ready, .values = link_told_values, .ask = link_asks};

/* --- a run ------------------------------------------------------------------------------------ */

static void started(struct app *app)
{
	if (!app->run.starting)
		return;
	app->run.starting = false;
	app->supervisor->starting--;
	app_start_waiting(app->supervisor);
}

/* What is left of it is read; its process is gone. */
static void run_close(struct app *app)
{
	struct app_run *run = &app->run;

	loop_del(run->told);
	loop_del(run->ended);
	if (run->report >= 0)
		close(run->report);
	if (run->pidfd >= 0)
		close(run->pidfd);
	run->told = run->ended = NULL;
	run->report = run->pidfd = -1;
	run->pid = 0;
	run->program = 0;
	output_free(app->output);
	app->output = NULL;
	if (app->link)
		link_close(app->link);
	started(app);
}

/* A process that could not be made: whose limit that was. */
static void unable(struct app *app, const struct init_report *report)
{
	uint64_t pids = report->value == EAGAIN
				? confine_cgroup_pids_full(app->spec->lists[APP_GROUPS])
				: 0;

	if (pids)
		snprintf(app->why, sizeof(app->why), "%s (limit of processes: %" PRIu64 ")",
			 report->text, pids);
	else
		snprintf(app->why, sizeof(app->why), "%s", report->text);
}

static void hear_one(struct app *app, const struct init_report *report, int32_t sender)
{
	struct app_run *run = &app->run;

	switch (report->told) {
	case INIT_PID:
		run->program = sender;
		break;
	case INIT_RUNS:
		app->started_ms = clock_wall_ms();
		life_executed(&app->life, clock_mono_ns());
		started(app);
		break;
	case INIT_UNABLE:
		unable(app, report);
		break;
	case INIT_ENDED:
		run->status = report->value;
		break;
	case INIT_REMARK:
		log_warn("application %u: %s", app->id, report->text);
		break;
	default:
		break;
	}
}

static void hear(struct app *app)
{
	struct init_report report;
	int32_t sender;
	int r = -ECONNRESET;

	while (app->run.report >= 0 && (r = init_receive(app->run.report, &report, &sender)) >= 0)
		hear_one(app, &report, sender);
	if (r != -EAGAIN && app->run.told) { /* its end is told by the pidfd */
		loop_del(app->run.told);
		app->run.told = NULL;
	}
}

static void report_ready(void *arg, uint32_t events)
{
	(void)events;
	hear(arg);
	step(arg);
}

/* All of its processes are gone: its process 1 was waited for by the kernel until they were. */
static void run_ended(void *arg, uint32_t events)
{
	struct app *app = arg;
	int status = 0;

	(void)events;
	if (waitpid(app->run.pid, &status, WNOHANG) != app->run.pid)
		return;
	hear(app);
	app->ended_ms = clock_wall_ms();
	if (app->run.status >= 0) /* otherwise process 1 was ended, and the program with it */
		status = app->run.status;
	run_close(app);
	if (app->why[0])
		life_unable(&app->life, clock_mono_ns());
	else
		life_ended(&app->life, status, clock_mono_ns());
	step(app);
}

static int report_open(struct app *app, int *ret_other)
{
	int fds[2], on = 1, r = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	app->run.report = fds[0];
	if (setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		r = -errno;
	if (r == 0)
		r = loop_add(app->supervisor->loop, fds[0], EPOLLIN, report_ready, app,
			     &app->run.told);
	if (r < 0)
		close(fds[1]);
	else
		*ret_other = fds[1];
	return r;
}

static int run_open(struct app *app)
{
	struct init_fds fds = {.out = -1, .err = -1, .link = -1, .report = -1};
	int out[LOGFILE_STREAMS] = {-1, -1};
	int r = output_new(app->supervisor->loop, app->log, &app->output, out);

	fds.out = out[LOGFILE_OUT];
	fds.err = out[LOGFILE_ERR];
	if (r == 0)
		r = link_open(app->link, &fds.link);
	if (r == 0)
		r = report_open(app, &fds.report);
	if (r == 0)
		r = init_start(app->spec, &fds, &app->run.pid, &app->run.pidfd);
	if (fds.out >= 0)
		close(fds.out);
	if (fds.err >= 0)
		close(fds.err);
	if (fds.link >= 0)
		close(fds.link);
	if (fds.report >= 0)
		close(fds.report);
	if (r == 0) {
		r = loop_add(app->supervisor->loop, app->run.pidfd, EPOLLIN, run_ended, app,
			     &app->run.ended);
		if (r < 0) {
			kill(app->run.pid, SIGKILL);
			(void)waitpid(app->run.pid, NULL, 0);
		}
	}
	return r;
}

static void run_begin(struct app *app)
{
	int r;

	app->why[0] = '\0';
	app->run.status = -1;
	app->run.starting = true;
	app->supervisor->starting++;
	app->run.oom_kills = confine_cgroup_oom_kills(app->spec->lists[APP_GROUPS]);
	logfile_begin(app->log);
	r = run_open(app);
	if (r == 0) {
		life_begun(&app->life);
		return;
	}
	snprintf(app->why, sizeof(app->why), "it cannot be started: %s", strerror(-r));
	run_close(app);
	life_unable(&app->life, clock_mono_ns());
}

void app_start_waiting(struct supervisor *supervisor)
{
	if (supervisor->beginning)
		return;
	supervisor->beginning = true;
	while (!list_empty(&supervisor->waiting) && supervisor->starting < STARTING_MAX) {
		struct app *app = list_entry(supervisor->waiting.next, struct app, waiting);

		list_del(&app->waiting);
		if (life_is_over(&app->life)) /* stopped while it waited */
			continue;
		run_begin(app);
		step(app);
	}
	supervisor->beginning = false;
}

/* --- its life --------------------------------------------------------------------------------- */

static void signal_it(const struct app *app, int sig)
{
	if (app->run.pidfd >= 0)
		(void)pidfd_send_signal(app->run.pidfd, sig, NULL, 0);
}

/* What is due is done, what has changed is told. */
static void step(struct app *app)
{
	enum life_do what;

	while ((what = life_tick(&app->life, clock_mono_ns())) != LIFE_NOTHING) {
		if (what == LIFE_TERM)
			signal_it(app, SIGTERM);
		else if (what == LIFE_KILL)
			signal_it(app, SIGKILL);
		else if (list_empty(&app->waiting))
			list_add_tail(&app->supervisor->waiting, &app->waiting);
	}
	loop_timer_set(app->timer, life_next(&app->life));
	tell(app);
	app_start_waiting(app->supervisor);
	if (life_is_over(&app->life))
		supervisor_step(app->supervisor);
}

static void due(void *arg)
{
	step(arg);
}

void app_stop(struct app *app, bool at_once)
{
	life_stop(&app->life, at_once, clock_mono_ns());
	step(app);
}

struct app *app_get(const struct supervisor *supervisor, uint32_t id)
{
	struct list *pos;

	list_for_each (pos, &supervisor->apps) {
		struct app *app = list_entry(pos, struct app, node);

		if (app->id == id)
			return app;
	}
	return NULL;
}

static int app_open(struct app *app)
{
	const struct app_head *head;
	int r = app_spec_decode(app->data, app->size, &app->spec);

	if (r < 0)
		return r;
	head = &app->spec->head;
	if (head->id != app->id || head->restart > TOPO_APP_ALWAYS ||
	    head->ready > TOPO_APP_READY_EXIT)
		return -EPROTO;
	r = logfile_new(app->supervisor->logs, app->id, head->log_bytes, &app->log);
	if (r == 0)
		r = link_new(app->supervisor->loop, &link_ops, app, &app->link);
	if (r == 0)
		r = loop_timer_new(app->supervisor->loop, due, app, &app->timer);
	return r;
}

int app_add(struct supervisor *supervisor, uint32_t id, void *data, size_t size)
{
	struct app *app;
	int r;

	if (app_get(supervisor, id))
		return -EEXIST;
	if (supervisor->count >= APPS_MAX)
		return -EAGAIN;
	app = calloc(1, sizeof(*app));
	if (!app)
		return -ENOMEM;
	app->supervisor = supervisor;
	app->id = id;
	app->data = data;
	app->size = size;
	app->run.report = app->run.pidfd = -1;
	list_init(&app->waiting);
	list_add_tail(&supervisor->apps, &app->node);
	supervisor->count++;
	r = app_open(app);
	if (r < 0) {
		app->data = NULL; /* stays the caller's */
		app_free(app);
		return r;
	}
	life_init(&app->life, app->spec->head.restart, app->spec->head.ready,
		  app->spec->head.grace_ms, clock_mono_ns());
	step(app);
	return 0;
}

void app_forget(struct app *app)
{
	uint32_t id = app->id;
	int logs = app->supervisor->logs;

	if (!life_is_over(&app->life))
		return;
	app_free(app);
	logfile_remove(logs, id);
}

void app_free(struct app *app)
{
	signal_it(app, SIGKILL);
	if (app->run.pid)
		(void)waitpid(app->run.pid, NULL, 0);
	list_del(&app->waiting);
	run_close(app);
	list_del(&app->node);
	app->supervisor->count--;
	loop_timer_free(app->timer);
	link_free(app->link);
	logfile_free(app->log);
	free(app->spec);
	if (app->data)
		munmap(app->data, app->size);
	free(app);
}
