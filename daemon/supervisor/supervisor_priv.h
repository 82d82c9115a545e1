/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the supervisor share. */
#ifndef VLSP_DAEMON_SUPERVISOR_SUPERVISOR_PRIV_H
#define VLSP_DAEMON_SUPERVISOR_SUPERVISOR_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/supervisor/life.h"
#include "daemon/supervisor/link.h"
#include "daemon/supervisor/logfile.h"
#include "daemon/supervisor/output.h"
#include "daemon/supervisor/supervisor.h"
#include "lib/base/list.h"
#include "lib/loop/loop.h"
#include "lib/wire/app.h"
#include "lib/wire/app_codec.h"
#include "lib/wire/chan.h"

#define APPS_MAX     4096
#define STARTING_MAX 8 /* at once: the kernel does their mounts one after the other anyway */
#define APP_TEXT     512

struct app_run {   /* while there is a process */
	pid_t pid; /* process 1 of its namespace */
	int pidfd, report;
	struct loop_source *ended, *told;
	int32_t program; /* the program's, as we see it; 0: not known */
	int status;	 /* -1: not told */
	uint64_t oom_kills;
	bool starting; /* counts among those that are being started */
};

struct app {
	struct list node;    /* in supervisor.apps */
	struct list waiting; /* in supervisor.waiting: is to be started, when others have been */
	struct supervisor *supervisor;
	uint32_t id;
	void *data; /* mapped; spec points into it */
	size_t size;
	struct app_spec *spec;
	struct life life;
	struct loop_timer *timer;
	struct logfile *log;
	struct output *output; /* NULL: no run */
	struct link *link;
	struct app_run run;
	bool stopped; /* by APP_STOP */
	uint64_t started_ms, ended_ms;
	char why[APP_TEXT];    /* it could not be started */
	struct app_state told; /* as told last */
	char text[APP_TEXT];
};

#define FDS_MAX 4 /* that wait for the answer that they belong to */
struct pending {
	struct app_ask ask;
	int fds[FDS_MAX];
	size_t count;
};

struct supervisor {
	struct loop *loop;
	struct chan *chan;
	int logs; /* directory */
	struct list apps;
	struct list waiting;
	unsigned count, starting;
	struct pending pending;
	bool beginning;	   /* app_start_waiting() is under way */
	bool quit, killed; /* told to end; applications were not patient enough */
	struct loop_timer *end;
};

/* app.c. data is mapped, and becomes the application's. 0, -EEXIST, -EAGAIN, -EPROTO, -errno. */
int app_add(struct supervisor *supervisor, uint32_t id, void *data, size_t size);
struct app *app_get(const struct supervisor *supervisor, uint32_t id);
void app_stop(struct app *app, bool at_once);
/* One that has ended: with its log. */
void app_forget(struct app *app);
void app_free(struct app *app); /* its process, if it has one, ends */
/* Those that wait for others to have been started. */
void app_start_waiting(struct supervisor *supervisor);

/* talk.c */
int talk_open(struct supervisor *supervisor, const char *socket);
void talk_state(struct app *app, const struct app_state *state, const char *text);
void talk_values(struct app *app);
void talk_ask(struct app *app, uint32_t ask, const char *packet, size_t size);
/* supervisor.c: an application has ended. */
void supervisor_step(struct supervisor *supervisor);
void supervisor_quit(struct supervisor *supervisor);

#endif
