// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications on routers, as daemon/ctl asks for them. Called by local.c and through host_ops. */
#include "daemon/host/local_app.h"

#include <stdlib.h>

#include "daemon/host/local_priv.h"
#include "lib/base/clock.h"
#include "lib/topo/match.h"

struct local_apps {
	struct local *local;
	struct loop_timer *known;
};

static struct local_objects *objects_of(struct host *host)
{
	return ((struct local *)host)->objects;
}

static int start(struct host *host, const struct host_app_start *start, struct err *err)
{
	if (start->app->kind == TOPO_APP_BPF)
		return local_object_start(objects_of(host), start, err);
	return err_set(err, EOPNOTSUPP,
		       "application on %s: this daemon cannot start applications yet",
		       start->router);
}

static int stop(struct host *host, uint32_t id)
{
	return local_object_stop(objects_of(host), id);
}

static int set(struct host *host, uint32_t id, const char *key, const char *value)
{
	(void)key;
	(void)value;
	return local_object_has(objects_of(host), id) ? -ENOTCONN : -ESRCH;
}

static int usage(struct host *host, uint32_t id, struct host_app_usage *ret_usage)
{
	if (!local_object_has(objects_of(host), id))
		return -ESRCH;
	*ret_usage = (struct host_app_usage){0};
	return 0;
}

static int values(struct host *host, uint32_t id, struct host_app_value *ret, size_t max)
{
	(void)ret;
	(void)max;
	return local_object_has(objects_of(host), id) ? 0 : -ESRCH;
}

static int functions(struct host *host, uint32_t id, struct host_app_function *ret, size_t max)
{
	if (!local_object_has(objects_of(host), id))
		return -ESRCH;
	return local_function_list(((struct local *)host)->functions, id, ret, max);
}

static int log_path(struct host *host, uint32_t id, char *buf, size_t size)
{
	(void)buf;
	(void)size;
	return local_object_has(objects_of(host), id) ? -ENOENT : -ESRCH;
}

static void forget(struct host *host, uint32_t id)
{
	local_object_forget(objects_of(host), id);
}

static const char *const *shipped(struct host *host)
{
	static const char *const none[] = {NULL};

	(void)host;
	return none;
}

static int match_check(struct host *host, const char *match, struct err *err)
{
	struct topo_match parsed;

	(void)host;
	return topo_match_parse(match, &parsed, err) < 0 ? err_wrap(err, "match") : 0;
}

const struct host_app_ops local_app_ops = {
	.start = start,
	.stop = stop,
	.set = set,
	.usage = usage,
	.values = values,
	.functions = functions,
	.log_path = log_path,
	.forget = forget,
	.shipped = shipped,
	.match_check = match_check,
};

static void all_known(void *arg)
{
	const struct local_apps *apps = arg;
	const struct host_app_events *events = &apps->local->host.events.apps;

	if (events->known)
		events->known(events->arg);
}

void local_apps_adopt(struct local_apps *apps)
{
	loop_timer_set(apps->known, clock_mono_ns() + 1);
}

int local_apps_open(struct local *local, struct local_apps **ret_apps, struct err *err)
{
	struct local_apps *apps = calloc(1, sizeof(*apps));
	int r = apps ? loop_timer_new(local->loop, all_known, apps, &apps->known) : -ENOMEM;

	if (r < 0) {
		free(apps);
		return err_errno(err, r, "applications");
	}
	apps->local = local;
	*ret_apps = apps;
	return 0;
}

void local_apps_close(struct local_apps *apps, bool keep)
{
	(void)keep;
	if (!apps)
		return;
	loop_timer_free(apps->known);
	free(apps);
}
