// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications on routers, as daemon/ctl asks for them: what is known of each, and what is said to
 * their supervisor. eBPF objects are local_object.c's. Called by local.c and through host_ops.
 */
#include "daemon/host/local_app.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/host/local_app_priv.h"
#include "daemon/host/local_hosts.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/shipped.h"

/* --- what is known ---------------------------------------------------------------------------- */

struct local_app *local_app_get(const struct local_apps *apps, uint32_t id)
{
	const struct list *bucket = &apps->buckets[id % APPS_BUCKETS];
	struct list *pos;

	list_for_each (pos, bucket) {
		struct local_app *app = list_entry(pos, struct local_app, node);

		if (app->id == id)
			return app;
	}
	return NULL;
}

struct local_app *local_app_new(struct local_apps *apps, uint32_t id)
{
	struct local_app *app = calloc(1, sizeof(*app));

	if (!app)
		return NULL;
	app->id = id;
	app->state.status = -1;
	list_add_tail(&apps->buckets[id % APPS_BUCKETS], &app->node);
	apps->count++;
	return app;
}

static uint64_t group_of(const struct local_apps *apps, struct local_app *app)
{
	if (!app->group && app->router_id)
		app->group = local_cgroup_app_id(apps->local->cgroup, app->router_id, app->id);
	return app->group;
}

void local_app_free(struct local_apps *apps, struct local_app *app)
{
	if (apps->counts && group_of(apps, app))
		bld_apps_forget(apps->counts, app->group);
	if (app->router_id)
		local_cgroup_app_del(apps->local->cgroup, app->router_id, app->id);
	list_del(&app->node);
	apps->count--;
	free(app->values);
	free(app);
}

bool local_app_is_over(const struct local_app *app)
{
	return app->state.phase == HOST_APP_ENDED || app->state.phase == HOST_APP_FAILED;
}

/* fn may free the one that it is given. */
void local_app_each(struct local_apps *apps, void (*fn)(void *arg, struct local_app *app),
		    void *arg)
{
	for (size_t i = 0; i < APPS_BUCKETS; i++) {
		struct list *pos, *tmp;

		list_for_each_safe (pos, tmp, &apps->buckets[i])
			fn(arg, list_entry(pos, struct local_app, node));
	}
}

/* --- host_app_ops ----------------------------------------------------------------------------- */

static struct local_apps *apps_of(struct host *host)
{
	return ((struct local *)host)->apps;
}

static int start_check(struct local_apps *apps, const struct host_app_start *start, struct err *err)
{
	if (!local_router_get(apps->local, start->slot))
		return err_set(err, ENOENT, "router %s: it is not there", start->router);
	if (local_app_get(apps, start->id))
		return err_set(err, EEXIST, "application %u: there is one", start->id);
	if (apps->count >= APPS_MAX)
		return err_set(err, EAGAIN, "there are %d applications, and may not be more",
			       APPS_MAX);
	return local_app_start_check(apps, start, err);
}

static int start_say(struct local_apps *apps, const struct host_app_start *start,
		     struct local_app *app, struct err *err)
{
	cleanup_free char **groups = NULL;
	cleanup_close int fd = -1;
	int r = local_cgroup_app_add(apps->local->cgroup, start->router_id, start->id,
				     &start->app->limits, &groups, err);

	if (r < 0)
		return r;
	app->router_id = start->router_id;
	app->slot = start->slot;
	if (!apps->names)
		local_hosts_write(apps->local);
	apps->names = true;
	r = local_app_start_write(apps, start, groups, &fd, err);
	if (r < 0)
		return r;
	r = local_supervisor_say(apps->supervisor, FRAME_APP_START, &start->id, sizeof(start->id),
				 fd);
	return r < 0 ? err_errno(err, r, "supervisor of applications") : 0;
}

static int start(struct host *host, const struct host_app_start *start, struct err *err)
{
	struct local_apps *apps = apps_of(host);
	struct local_app *app;
	int r;

	if (start->app->kind == TOPO_APP_BPF)
		return local_object_start(apps->local->objects, start, err);
	apps->open = true;
	r = start_check(apps, start, err);
	if (r < 0)
		return r;
	app = local_app_new(apps, start->id);
	if (!app)
		return err_errno(err, ENOMEM, "application");
	r = start_say(apps, start, app, err);
	if (r < 0)
		local_app_free(apps, app);
	return r;
}

static int stop(struct host *host, uint32_t id)
{
	struct local_apps *apps = apps_of(host);
	struct local_app *app = local_app_get(apps, id);
	struct app_stop body = {.id = id};

	if (!app)
		return local_object_stop(apps->local->objects, id);
	app->stopped = true;
	if (local_app_is_over(app))
		return 0;
	return local_supervisor_say(apps->supervisor, FRAME_APP_STOP, &body, sizeof(body), -1);
}

static void hand_over(struct host *host, uint32_t id, uint32_t heir, bool changed)
{
	local_function_hand_over(apps_of(host)->local->functions, id, heir, changed);
}

static void reorder(struct host *host, uint32_t slot)
{
	local_function_reorder(apps_of(host)->local->functions, slot);
}

static int set(struct host *host, uint32_t id, const char *key, const char *value)
{
	struct local_apps *apps = apps_of(host);
	const struct local_app *app = local_app_get(apps, id);
	char body[sizeof(id) + 256];
	int n;

	if (!app)
		return local_object_has(apps->local->objects, id) ? -ENOTCONN : -ESRCH;
	if (app->state.phase != HOST_APP_RUNNING)
		return -ENOTCONN;
	memcpy(body, &id, sizeof(id));
	n = snprintf(body + sizeof(id), sizeof(body) - sizeof(id), "%s=%s", key, value);
	if (n >= (int)(sizeof(body) - sizeof(id)))
		return -EMSGSIZE;
	return local_supervisor_say(apps->supervisor, FRAME_APP_SET, body,
				    (uint32_t)(sizeof(id) + (size_t)n), -1);
}

static int usage(struct host *host, uint32_t id, struct host_app_usage *ret_usage)
{
	struct local_apps *apps = apps_of(host);
	struct local_app *app = local_app_get(apps, id);
	struct confine_usage used = {0};
	struct vlsp_app_count count = {0};
	bool counted;

	if (!app)
		return local_object_has(apps->local->objects, id)
			       ? (*ret_usage = (struct host_app_usage){0}, 0)
			       : -ESRCH;
	local_cgroup_app_usage(apps->local->cgroup, app->router_id, id, &used);
	counted = apps->counts && group_of(apps, app) &&
		  bld_apps_read(apps->counts, app->group, &count) == 0;
	*ret_usage = (struct host_app_usage){
		.has_net = counted,
		.rx_packets = count.rx_packets,
		.rx_bytes = count.rx_bytes,
		.tx_packets = count.tx_packets,
		.tx_bytes = count.tx_bytes,
		.has_cpu = used.has_cpu,
		.has_memory = used.has_memory,
		.cpu_user_us = used.user_us,
		.cpu_system_us = used.system_us,
		.memory = used.memory,
		.memory_max = used.memory_max,
		/* but for the one that waits for them */
		.processes = used.processes ? used.processes - 1 : 0,
	};
	return 0;
}

static int values(struct host *host, uint32_t id, struct host_app_value *ret, size_t max)
{
	const struct local_apps *apps = apps_of(host);
	const struct local_app *app = local_app_get(apps, id);

	if (!app)
		return local_object_has(apps->local->objects, id) ? 0 : -ESRCH;
	for (size_t i = 0; i < app->value_count && i < max; i++)
		ret[i] = app->values[i];
	return (int)app->value_count;
}

static int functions(struct host *host, uint32_t id, struct host_app_function *ret, size_t max)
{
	const struct local_apps *apps = apps_of(host);
	int count = local_function_list(apps->local->functions, id, ret, max);

	if (!count && !local_app_get(apps, id) && !local_object_has(apps->local->objects, id))
		return -ESRCH;
	return count;
}

static int log_path(struct host *host, uint32_t id, char *buf, size_t size)
{
	const struct local_apps *apps = apps_of(host);

	if (local_object_has(apps->local->objects, id))
		return -ENOENT;
	if (snprintf(buf, size, "%s/%u.log", apps->dir, id) >= (int)size)
		return -ENAMETOOLONG;
	return local_app_get(apps, id) || access(buf, F_OK) == 0 ? 0 : -ESRCH;
}

/* Of one that no supervisor has any more; there may be none. */
static void log_remove(const struct local_apps *apps, uint32_t id)
{
	char path[140];

	snprintf(path, sizeof(path), "%s/%u.log", apps->dir, id);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/%u.log.1", apps->dir, id);
	(void)unlink(path);
}

/* Nobody runs in it. */
static void group_sweep(void *arg, uint32_t router_id, uint32_t id)
{
	struct local_apps *apps = arg;
	struct local_app lost = {.id = id, .router_id = router_id};

	if (local_app_get(apps, id))
		return;
	if (apps->counts && group_of(apps, &lost))
		bld_apps_forget(apps->counts, lost.group);
	local_cgroup_app_del(apps->local->cgroup, router_id, id);
}

static void sweep(struct host *host, bool (*wanted)(void *arg, uint32_t id), void *arg)
{
	struct local_apps *apps = apps_of(host);
	DIR *dir = opendir(apps->dir);
	struct dirent *entry;
	char *end;

	while (dir && (entry = readdir(dir))) {
		uint32_t id = (uint32_t)strtoul(entry->d_name, &end, 10);

		if (end != entry->d_name && strncmp(end, ".log", 4) == 0 &&
		    !local_app_get(apps, id) && !wanted(arg, id))
			log_remove(apps, id);
	}
	if (dir)
		closedir(dir);
	local_cgroup_app_each(apps->local->cgroup, group_sweep, apps);
}

static void forget(struct host *host, uint32_t id)
{
	struct local_apps *apps = apps_of(host);
	struct local_app *app = local_app_get(apps, id);

	if (!app) {
		local_object_forget(apps->local->objects, id);
		if (!local_object_has(apps->local->objects, id))
			local_intercept_gone(apps->local->intercepts, id, LOCAL_FUNCTION_STOPPED);
		log_remove(apps, id);
		return;
	}
	if (!local_app_is_over(app))
		return;
	local_intercept_gone(apps->local->intercepts, id, LOCAL_FUNCTION_STOPPED);
	if (local_supervisor_runs(apps->supervisor))
		(void)local_supervisor_say(apps->supervisor, FRAME_APP_FORGET, &id, sizeof(id), -1);
	local_app_free(apps, app);
}

static const char *const *shipped(struct host *host)
{
	return (const char *const *)apps_of(host)->shipped;
}

const struct host_app_ops local_app_ops = {
	.start = start,
	.stop = stop,
	.hand_over = hand_over,
	.reorder = reorder,
	.set = set,
	.usage = usage,
	.values = values,
	.functions = functions,
	.log_path = log_path,
	.forget = forget,
	.sweep = sweep,
	.shipped = shipped,
};

/* --- the whole -------------------------------------------------------------------------------- */

static void tell_all(void *arg)
{
	local_apps_tell_all(arg);
}

void local_apps_routers(struct local_apps *apps)
{
	if (apps && apps->names)
		local_hosts_write(apps->local);
}

void local_apps_adopt(struct local_apps *apps)
{
	apps->open = true;
	local_apps_hear_early(apps);
	apps->names = local_supervisor_runs(apps->supervisor);
	local_apps_routers(apps);
	if (apps->heard) /* otherwise it says it when it has connected */
		loop_timer_set(apps->news, clock_mono_ns() + 1);
}

static void dir_of(char dir[112], const char *runtime_dir)
{
	snprintf(dir, 112, "%.96s/apps", runtime_dir);
}

static int dir_make(struct local_apps *apps, struct err *err)
{
	const char *dir = apps->dir;
	int r = local_journal_add(apps->local->journal, "file", &dir, 1);

	if (r < 0)
		return err_errno(err, r, "%s/journal", apps->local->runtime_dir);
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		return err_errno(err, errno, "%s", dir);
	return 0;
}

/* Output of applications that are gone. */
static void dir_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	(void)rmdir(path); /* not if somebody else uses it */
}

void local_apps_clean(const char *runtime_dir)
{
	char dir[112], hosts[128];

	local_supervisor_clean(runtime_dir);
	dir_of(dir, runtime_dir);
	dir_remove(dir);
	snprintf(hosts, sizeof(hosts), "%.100s/hosts", runtime_dir);
	(void)unlink(hosts);
}

static int find_programs(struct local_apps *apps, const char *programs, char program[PATH_MAX],
			 struct err *err)
{
	apps->show = strdup(programs);
	if (snprintf(program, PATH_MAX, "%s/vlsp-supervisor", programs) >= PATH_MAX)
		return err_errno(err, ENAMETOOLONG, "%s", programs);
	if (asprintf(&apps->shipped_dir, "%s/apps", programs) < 0)
		apps->shipped_dir = NULL;
	apps->shipped = apps->shipped_dir ? shipped_read(apps->shipped_dir) : NULL;
	return apps->show && apps->shipped ? 0 : err_errno(err, ENOMEM, "applications");
}

/* Without it usage says that it is not known. */
static void open_counts(struct local_apps *apps)
{
	char group[PATH_MAX];
	struct err err;

	local_cgroup_counted(apps->local->cgroup, group);
	if (!group[0])
		log_info("no unified control groups here: what applications send and receive is "
			 "not counted");
	else if (bld_apps_open(group, &apps->counts, &err) < 0)
		log_info("what applications send and receive is not counted: %s", err.text);
}

static int open_parts(struct local_apps *apps, const char *programs, struct err *err)
{
	struct loop *loop = apps->local->loop;
	char program[PATH_MAX];
	int r = loop_timer_new(loop, tell_all, apps, &apps->news);

	if (r == 0)
		r = loop_timer_new(loop, local_apps_end_impatient, apps, &apps->impatience);
	apps->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r == 0 && apps->wake_fd < 0)
		r = -errno;
	if (r == 0)
		r = loop_add(loop, apps->wake_fd, EPOLLIN, local_apps_end_begin, apps, &apps->wake);
	if (r < 0)
		return err_errno(err, r, "applications");
	r = find_programs(apps, programs, program, err);
	if (r == 0)
		r = dir_make(apps, err);
	if (r == 0)
		r = local_supervisor_open(apps->local, program, apps->dir,
					  &local_app_supervisor_ops, apps, &apps->supervisor, err);
	if (r < 0)
		return r;
	apps->heard = !local_supervisor_runs(apps->supervisor);
	open_counts(apps);
	return 0;
}

int local_apps_open(struct local *local, const char *programs, struct local_apps **ret_apps,
		    struct err *err)
{
	struct local_apps *apps = calloc(1, sizeof(*apps));
	int r;

	if (!apps)
		return err_errno(err, ENOMEM, "applications");
	apps->local = local;
	apps->wake_fd = -1;
	list_init(&apps->early);
	pthread_mutex_init(&apps->lock, NULL);
	for (size_t i = 0; i < APPS_BUCKETS; i++)
		list_init(&apps->buckets[i]);
	dir_of(apps->dir, local->runtime_dir);
	r = open_parts(apps, programs, err);
	if (r < 0) {
		local_apps_close(apps, true);
		return r;
	}
	*ret_apps = apps;
	return 0;
}

void local_apps_cancel(struct local_apps *apps)
{
	if (apps)
		__atomic_store_n(&apps->cancel, true, __ATOMIC_RELEASE);
}

static void free_one(void *arg, struct local_app *app)
{
	(void)arg;
	list_del(&app->node); /* their groups go with the others, or stay */
	free(app->values);
	free(app);
}

void local_apps_close(struct local_apps *apps, bool keep)
{
	const char *dir;

	if (!apps)
		return;
	dir = apps->dir;
	local_supervisor_close(apps->supervisor, keep);
	if (!keep) {
		dir_remove(dir);
		local_hosts_remove(apps->local);
		(void)local_journal_del(apps->local->journal, "file", &dir, 1);
	}
	local_app_each(apps, free_one, NULL);
	local_apps_drop_early(apps);
	bld_apps_close(apps->counts, keep);
	loop_timer_free(apps->news);
	loop_timer_free(apps->impatience);
	loop_del(apps->wake);
	if (apps->wake_fd >= 0)
		close(apps->wake_fd);
	shipped_free(apps->shipped);
	pthread_mutex_destroy(&apps->lock);
	free(apps->shipped_dir);
	free(apps->show);
	free(apps);
}
