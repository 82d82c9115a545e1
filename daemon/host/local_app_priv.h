/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of local_app*.c share: the applications that are known. In the loop's thread. */
#ifndef VLSP_DAEMON_HOST_LOCAL_APP_PRIV_H
#define VLSP_DAEMON_HOST_LOCAL_APP_PRIV_H

#include "bpf/loader/apps.h"
#include "daemon/host/local_app.h"
#include "daemon/host/local_priv.h"
#include "daemon/host/local_supervisor.h"
#include "lib/wire/app.h"

#define APPS_MAX     4096
#define APPS_BUCKETS 256

struct local_app {
	struct list node; /* in a bucket */
	uint32_t id, router_id, slot;
	uint64_t netns; /* inode of its router's namespace; 0: not told yet */
	struct host_app_state state;
	struct host_app_value *values;
	size_t value_count;
	uint64_t group; /* its id in the unified hierarchy; 0: not known */
	bool named;	/* by the supervisor, since it has connected */
	bool failed;	/* no supervisor could be started for it; stays until it is forgotten */
	bool stopped;	/* somebody has asked for that */
};

struct local_apps {
	struct local *local;
	struct local_supervisor *supervisor;
	struct list buckets[APPS_BUCKETS];
	unsigned count;
	char dir[112];			/* RUNTIME/apps: output */
	char *show;			/* directory of our programs */
	char *shipped_dir;		/* in it */
	char **shipped;			/* as host_app_ops.shipped */
	char why[300];			/* none can be started */
	struct bld_apps *counts;	/* NULL: nobody counts their traffic */
	bool open;			/* daemon/ctl is told */
	bool names;			/* RUNTIME/hosts is kept */
	bool heard;			/* of the supervisor that was there: all are known */
	struct list early;		/* struct early_ask: local_app_hear.c */
	struct loop_timer *news;	/* known has to be called */
	struct local_end_request *ends; /* under way */
	struct loop_timer *impatience;	/* with that */

	/* with workers: local_app_end.c */
	pthread_mutex_t lock;
	struct local_end_request *wish;
	int wake_fd; /* eventfd: there is one */
	struct loop_source *wake;
	bool cancel; /* atomic: they must not wait any more */
};

struct local_app *local_app_get(const struct local_apps *apps, uint32_t id);
struct local_app *local_app_new(struct local_apps *apps, uint32_t id); /* NULL: out of memory */
void local_app_free(struct local_apps *apps, struct local_app *app);
bool local_app_is_over(const struct local_app *app);
void local_app_each(struct local_apps *apps, void (*fn)(void *arg, struct local_app *app),
		    void *arg);

/* local_app_hear.c: what the supervisor says */
extern const struct local_supervisor_ops local_app_supervisor_ops;
void local_apps_tell_all(struct local_apps *apps);
/* Network functions of an earlier daemon are taken over now: what was said too early for that. */
void local_apps_hear_early(struct local_apps *apps);
void local_apps_drop_early(struct local_apps *apps);

/* local_app_start.c: checks what is asked for, and writes it down for the supervisor. *ret_fd: a
 * sealed memfd. groups: directories to join. */
int local_app_start_check(const struct local_apps *apps, const struct host_app_start *start,
			  struct err *err);
int local_app_start_write(const struct local_apps *apps, const struct host_app_start *start,
			  char *const *groups, int *ret_fd, struct err *err);

/* local_app_end.c: the loop's part of local_apps_end(); an application has changed; time is up. */
void local_apps_end_begin(void *apps, uint32_t events);
void local_apps_end_step(struct local_apps *apps);
void local_apps_end_impatient(void *apps);

#endif
