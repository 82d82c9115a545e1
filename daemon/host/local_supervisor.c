// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process of the supervisor, and the connection with it (local_supervisor.h). Called by
 * local_app.c and by clean-up.
 */
#include "daemon/host/local_supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/host/local_exec.h"
#include "daemon/host/local_helper.h"
#include "daemon/host/local_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define NAME	    "vlsp-supervisor"
#define CONNECT_NS  (5 * NSEC_PER_SEC) /* until it has connected */
#define AGAIN_NS    (200 * NSEC_PER_MSEC)
#define QUIT_MS	    5000 /* until all applications have ended, and it has */
#define WAITING_MAX 8192 /* things that are said while it is not there */

struct said {
	struct list node;
	enum frame_type type;
	int fd;
	uint32_t length;
	uint8_t body[];
};

struct local_supervisor {
	struct local *local;
	const struct local_supervisor_ops *ops;
	void *arg;
	char *program, *logs;
	char path[108];
	struct local_listen *listen;
	struct local_chan *chan; /* NULL: not connected */
	struct loop_source *watch;
	struct loop_timer *timer; /* it has to have connected, or is started again */
	int watch_fd;
	pid_t pid; /* 0: none */
	bool child;
	bool greeted; /* this process has connected, at least once */
	bool closing;
	struct list said;
	unsigned said_count;
};

/* --- what waits ------------------------------------------------------------------------------- */

static void said_free(struct local_supervisor *supervisor, struct said *said)
{
	list_del(&said->node);
	supervisor->said_count--;
	if (said->fd >= 0)
		close(said->fd);
	free(said);
}

static void forget_said(struct local_supervisor *supervisor)
{
	while (!list_empty(&supervisor->said))
		said_free(supervisor, list_entry(supervisor->said.next, struct said, node));
}

static int keep_said(struct local_supervisor *supervisor, enum frame_type type, const void *body,
		     uint32_t length, int fd)
{
	struct said *said;

	if (supervisor->said_count == WAITING_MAX)
		return -EAGAIN;
	said = malloc(sizeof(*said) + length);
	if (!said)
		return -ENOMEM;
	*said = (struct said){.type = type, .fd = -1, .length = length};
	if (fd >= 0) {
		said->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (said->fd < 0) {
			int r = -errno;

			free(said);
			return r;
		}
	}
	memcpy(said->body, body, length);
	list_add_tail(&supervisor->said, &said->node);
	supervisor->said_count++;
	return 0;
}

static void say_all(struct local_supervisor *supervisor)
{
	while (supervisor->chan && !list_empty(&supervisor->said)) {
		struct said *said = list_entry(supervisor->said.next, struct said, node);

		(void)local_chan_send(supervisor->chan, said->type, said->body, said->length,
				      said->fd);
		said_free(supervisor, said);
	}
}

/* --- the process ------------------------------------------------------------------------------ */

static void ended(void *arg, uint32_t events);

static int watch_pid(struct local_supervisor *supervisor, pid_t pid, bool child)
{
	int r;

	supervisor->watch_fd = pidfd_open(pid, 0);
	if (supervisor->watch_fd < 0)
		return -errno;
	r = loop_add(supervisor->local->loop, supervisor->watch_fd, EPOLLIN, ended, supervisor,
		     &supervisor->watch);
	if (r < 0) {
		close(supervisor->watch_fd);
		return r;
	}
	supervisor->pid = pid;
	supervisor->greeted = false;
	supervisor->child = child;
	return 0;
}

static void unwatch(struct local_supervisor *supervisor)
{
	if (!supervisor->watch)
		return;
	loop_del(supervisor->watch);
	close(supervisor->watch_fd);
	supervisor->watch = NULL;
	supervisor->pid = 0;
}

static int start(struct local_supervisor *supervisor)
{
	char name[] = NAME, level[8] = "info";
	char *argv[] = {name, supervisor->path, supervisor->logs, level, NULL};
	pid_t pid;
	int r;

	if (supervisor->local->log_level == LOG_LEVEL_DEBUG)
		strcpy(level, "debug");
	r = local_exec(supervisor->program, argv, -1, &pid);
	if (r < 0)
		return r;
	r = watch_pid(supervisor, pid, true);
	if (r < 0)
		kill(pid, SIGKILL);
	else
		loop_timer_set(supervisor->timer, clock_mono_ns() + CONNECT_NS);
	return r;
}

static void cannot(struct local_supervisor *supervisor, const char *why)
{
	char text[300];

	snprintf(text, sizeof(text), "the supervisor of applications (%.150s) %s",
		 supervisor->program, why);
	log_error("%s", text);
	forget_said(supervisor);
	supervisor->ops->unable(supervisor->arg, text);
}

static void start_if_needed(struct local_supervisor *supervisor)
{
	char why[80];
	int r;

	if (supervisor->closing || supervisor->watch || list_empty(&supervisor->said))
		return;
	r = start(supervisor);
	if (r == 0)
		return;
	snprintf(why, sizeof(why), "cannot be started: %s", strerror(-r));
	cannot(supervisor, why);
}

/* Either it should have connected by now, or it is time to start another one. */
static void timer(void *arg)
{
	struct local_supervisor *supervisor = arg;

	if (!supervisor->watch) {
		start_if_needed(supervisor);
	} else if (!supervisor->chan) {
		log_warn("the supervisor of applications, %d, does not connect and is ended",
			 supervisor->pid);
		local_supervisor_kill(supervisor);
	}
}

static void ended(void *arg, uint32_t events)
{
	struct local_supervisor *supervisor = arg;
	int status = 0;

	(void)events;
	if (supervisor->child)
		(void)waitpid(supervisor->pid, &status, WNOHANG);
	unwatch(supervisor);
	if (!supervisor->greeted && supervisor->child) { /* so would the next one */
		cannot(supervisor, "does not connect");
	} else {
		log_warn("the supervisor of applications has ended (status %d), and they with it",
			 status);
		local_chan_close(supervisor->chan);
		supervisor->chan = NULL;
	}
	supervisor->ops->lost(supervisor->arg);
	loop_timer_set(supervisor->timer, clock_mono_ns() + AGAIN_NS);
}

bool local_supervisor_will_start(const struct local_supervisor *supervisor, uint32_t id)
{
	struct list *pos;

	list_for_each (pos, &supervisor->said) {
		const struct said *said = list_entry(pos, struct said, node);

		if (said->type == FRAME_APP_START && said->length == sizeof(id) &&
		    memcmp(said->body, &id, sizeof(id)) == 0)
			return true;
	}
	return false;
}

bool local_supervisor_runs(const struct local_supervisor *supervisor)
{
	return supervisor->watch;
}

void local_supervisor_kill(struct local_supervisor *supervisor)
{
	if (supervisor->watch)
		(void)pidfd_send_signal(supervisor->watch_fd, SIGKILL, NULL, 0);
}

/* --- the connection --------------------------------------------------------------------------- */

static void *hello(void *arg, struct local_chan *chan, const struct frame_hello *said, int32_t pid)
{
	struct local_supervisor *supervisor = arg;

	if (supervisor->chan || said->slot != APP_SLOT || pid != supervisor->pid)
		return NULL;
	supervisor->chan = chan;
	supervisor->greeted = true;
	log_debug("supervisor %d: connected", pid);
	loop_timer_set(supervisor->timer, 0);
	supervisor->ops->begun(supervisor->arg);
	return supervisor;
}

static void frame(void *owner, uint16_t type, const void *body, uint32_t length)
{
	struct local_supervisor *supervisor = owner;

	supervisor->ops->frame(supervisor->arg, type, body, length);
	/* Not before all is known: what is started now would count as told. */
	if (type == FRAME_APP_KNOWN)
		say_all(supervisor);
}

static void closed(void *owner)
{
	struct local_supervisor *supervisor = owner;

	supervisor->chan = NULL;
	if (supervisor->watch)
		loop_timer_set(supervisor->timer, clock_mono_ns() + CONNECT_NS);
}

static const struct local_chan_ops chan_ops = {.hello = hello, .frame = frame, .closed = closed};

int local_supervisor_say(struct local_supervisor *supervisor, enum frame_type type,
			 const void *body, uint32_t length, int fd)
{
	int r = -EPIPE;

	if (supervisor->chan && list_empty(&supervisor->said))
		r = local_chan_send(supervisor->chan, type, body, length, fd);
	if (r != -EPIPE && r != -ECONNRESET)
		return r;
	/* It is not there, or has gone, which will be heard: the next one is told. */
	r = keep_said(supervisor, type, body, length, fd);
	if (r == 0 && !supervisor->watch) /* not from within: the caller is not done yet */
		loop_timer_set(supervisor->timer, clock_mono_ns() + 1);
	return r;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void socket_of(char path[108], const char *runtime_dir)
{
	snprintf(path, 108, "%.90s/supervisor.sock", runtime_dir);
}

void local_supervisor_clean(const char *runtime_dir)
{
	char path[108];

	socket_of(path, runtime_dir);
	local_helper_kill(NAME, path);
}

static int listen_open(struct local_supervisor *supervisor, struct err *err)
{
	const char *path = supervisor->path;
	int r = local_journal_add(supervisor->local->journal, "file", &path, 1);

	if (r < 0)
		return err_errno(err, r, "%s/journal", supervisor->local->runtime_dir);
	return local_listen_new(supervisor->local->loop, path, 0, &chan_ops, supervisor,
				&supervisor->listen, err);
}

int local_supervisor_open(struct local *local, const char *program, const char *logs,
			  const struct local_supervisor_ops *ops, void *arg,
			  struct local_supervisor **ret_supervisor, struct err *err)
{
	struct local_supervisor *supervisor = calloc(1, sizeof(*supervisor));
	int32_t pid;
	int r;

	if (!supervisor)
		return err_errno(err, ENOMEM, "supervisor of applications");
	supervisor->local = local;
	supervisor->ops = ops;
	supervisor->arg = arg;
	supervisor->watch_fd = -1;
	list_init(&supervisor->said);
	socket_of(supervisor->path, local->runtime_dir);
	supervisor->program = strdup(program);
	supervisor->logs = strdup(logs);
	r = supervisor->program && supervisor->logs
		    ? loop_timer_new(local->loop, timer, supervisor, &supervisor->timer)
		    : -ENOMEM;
	r = r < 0 ? err_errno(err, r, "supervisor of applications") : listen_open(supervisor, err);
	if (r < 0) {
		local_supervisor_close(supervisor, true);
		return r;
	}
	pid = local_helper_find(NAME, supervisor->path);
	if (pid && watch_pid(supervisor, pid, false) < 0)
		log_warn("the supervisor that runs, %d, cannot be watched", pid);
	if (supervisor->watch)
		loop_timer_set(supervisor->timer, clock_mono_ns() + CONNECT_NS);
	local_listen_go(supervisor->listen);
	*ret_supervisor = supervisor;
	return 0;
}

/* Without the loop. */
static void end(struct local_supervisor *supervisor)
{
	struct pollfd p = {.fd = supervisor->watch_fd, .events = POLLIN};

	if (!supervisor->watch)
		return;
	if (!supervisor->chan || local_chan_send(supervisor->chan, FRAME_QUIT, NULL, 0, -1) < 0)
		(void)pidfd_send_signal(supervisor->watch_fd, SIGTERM, NULL, 0);
	if (poll(&p, 1, QUIT_MS) != 1) {
		log_warn("the supervisor of applications does not end and is killed");
		local_supervisor_kill(supervisor);
		(void)poll(&p, 1, QUIT_MS);
	}
	if (supervisor->child)
		(void)waitpid(supervisor->pid, NULL, WNOHANG);
}

void local_supervisor_close(struct local_supervisor *supervisor, bool keep)
{
	const char *path;

	if (!supervisor)
		return;
	supervisor->closing = true;
	path = supervisor->path;
	if (!keep)
		end(supervisor);
	unwatch(supervisor);
	forget_said(supervisor);
	local_listen_free(supervisor->listen);
	loop_timer_free(supervisor->timer);
	(void)local_journal_del(supervisor->local->journal, "file", &path, 1);
	free(supervisor->program);
	free(supervisor->logs);
	free(supervisor);
}
