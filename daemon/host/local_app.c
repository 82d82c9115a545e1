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

static int start(struct host *host, const struct host_app_start *start, struct err *err)
{
	(void)host;
	return err_set(err, EOPNOTSUPP,
		       "application on %s: this daemon cannot start applications yet",
		       start->router);
}

static int stop(struct host *host, uint32_t id)
{
	(void)host;
	(void)id;
	return -ESRCH;
}

static int set(struct host *host, uint32_t id, const char *key, const char *value)
{
	(void)host;
	(void)id;
	(void)key;
	(void)value;
	return -ESRCH;
}

static int usage(struct host *host, uint32_t id, struct host_app_usage *ret_usage)
{
	(void)host;
	(void)id;
	(void)ret_usage;
	return -ESRCH;
}

static int values(struct host *host, uint32_t id, struct host_app_value *ret, size_t max)
{
	(void)host;
	(void)id;
	(void)ret;
	(void)max;
	return -ESRCH;
}

static int functions(struct host *host, uint32_t id, struct host_app_function *ret, size_t max)
{
	(void)host;
	(void)id;
	(void)ret;
	(void)max;
	return -ESRCH;
}

static int log_path(struct host *host, uint32_t id, char *buf, size_t size)
{
	(void)host;
	(void)id;
	(void)buf;
	(void)size;
	return -ESRCH;
}

static void forget(struct host *host, uint32_t id)
{
	(void)host;
	(void)id;
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
