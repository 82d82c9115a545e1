// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications of the fake back end (fake_apps.h). What happens is told by a timer, as the real one
 * tells it from its loop. Called by fake.c and fake_audit.c, and by tests.
 */
#include "daemon/host/fake_apps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/fake_priv.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define VALUES_MAX 64

struct fake_app {
	struct list node; /* in machine->apps, by id */
	uint32_t id, router_id, slot;
	enum topo_app_ready ready;
	struct host_app_state state;
	bool news; /* to be told */
	struct host_app_value values[VALUES_MAX];
	size_t value_count;
	bool bpf;
	struct host_app_function function; /* of an eBPF object */
};

static struct fake_app *app_get(const struct fake *fake, uint32_t id)
{
	struct list *pos;

	list_for_each (pos, &fake->machine->apps) {
		struct fake_app *app = list_entry(pos, struct fake_app, node);

		if (app->id == id)
			return app;
	}
	return NULL;
}

static bool is_over(const struct fake_app *app)
{
	return app->state.phase == HOST_APP_ENDED || app->state.phase == HOST_APP_FAILED;
}

static void app_free(struct fake_app *app)
{
	list_del(&app->node);
	free(app);
}

static void soon(struct fake *fake)
{
	loop_timer_set(fake->apps.timer, clock_mono_ns() + 1);
}

/* --- what becomes of them --------------------------------------------------------------------- */

static void end(struct fake_app *app, int status)
{
	app->state.phase = HOST_APP_ENDED;
	app->state.ready = false;
	app->state.pid = 0;
	app->state.status = status;
	app->state.ended_ms = clock_wall_ms();
	app->news = true;
}

static void begin(struct fake *fake, struct fake_app *app)
{
	bool fails = fake->apps.fail_text[0] && !fake->apps.fail_countdown--;

	if (fails) {
		app->state.phase = HOST_APP_FAILED;
		snprintf(app->state.text, sizeof(app->state.text), "%s", fake->apps.fail_text);
		fake->apps.fail_text[0] = '\0';
	} else {
		app->state.phase = HOST_APP_RUNNING;
		app->state.ready = app->ready != TOPO_APP_READY_EXIT;
		app->state.pid = (int32_t)(100000 + app->id);
		app->state.started_ms = clock_wall_ms();
	}
	app->news = true;
}

/* One step; whatever is left to do needs another. */
static bool step(struct fake *fake, struct fake_app *app)
{
	const struct host_app_events *events = &fake->host.events.apps;

	if (!app->news && app->state.phase == HOST_APP_STARTING)
		begin(fake, app);
	else if (!app->news && app->state.phase == HOST_APP_STOPPING && !fake->apps.held)
		end(app, 15); /* SIGTERM */
	else if (!app->news && app->state.phase == HOST_APP_RUNNING &&
		 app->ready == TOPO_APP_READY_EXIT)
		end(app, 0);
	if (!app->news)
		return false;
	app->news = false;
	app->state.router_id = app->router_id;
	if (events->state)
		events->state(events->arg, app->id, &app->state);
	return true;
}

/* A callback may start others, and forget the one that it is told of. */
void fake_apps_timer(void *arg)
{
	struct fake *fake = arg;
	const struct host_app_events *events = &fake->host.events.apps;
	bool known = fake->apps.untold;
	struct list *pos, *tmp;
	bool more = false;

	if (fake->apps.silent)
		return;
	fake->apps.untold = false;
	list_for_each_safe (pos, tmp, &fake->machine->apps)
		more |= step(fake, list_entry(pos, struct fake_app, node));
	if (known && events->known)
		events->known(events->arg);
	if (more)
		soon(fake);
}

void fake_apps_sweep(struct fake *fake)
{
	struct list *pos;

	list_for_each (pos, &fake->machine->apps) {
		struct fake_app *app = list_entry(pos, struct fake_app, node);
		const struct fake_router *router = fake_router_get(fake, app->slot);

		if (!is_over(app) && (!router || router->item.id != app->router_id)) {
			app->state.stopped = true;
			end(app, 9); /* SIGKILL */
			soon(fake);
		}
	}
}

void fake_apps_adopt(struct fake *fake)
{
	struct list *pos;

	list_for_each (pos, &fake->machine->apps)
		list_entry(pos, struct fake_app, node)->news = true;
	fake->apps.untold = true;
	soon(fake);
}

void fake_apps_clear(struct fake_machine *machine)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &machine->apps)
		app_free(list_entry(pos, struct fake_app, node));
}

/* --- host_app_ops ----------------------------------------------------------------------------- */

static int start(struct host *host, const struct host_app_start *start, struct err *err)
{
	struct fake *fake = fake_of(host);
	const struct fake_router *router = fake_router_get(fake, start->slot);
	int error = fake->apps.refuse_error;
	struct fake_app *app;

	if (!router || router->item.id != start->router_id)
		return err_set(err, ENOENT, "router %s: there is no such router", start->router);
	if (app_get(fake, start->id))
		return err_set(err, EEXIST, "application %u: there is one", start->id);
	if (error && !fake->apps.refuse_countdown--) {
		fake->apps.refuse_error = 0;
		return err_set(err, error, "%s", fake->apps.refuse_text);
	}
	app = calloc(1, sizeof(*app));
	if (!app)
		return err_errno(err, ENOMEM, "application");
	app->id = start->id;
	app->router_id = start->router_id;
	app->slot = start->slot;
	app->ready = start->app->ready;
	app->state.phase = HOST_APP_STARTING;
	app->state.status = -1;
	app->bpf = start->app->kind == TOPO_APP_BPF;
	app->function = (struct host_app_function){
		.bpf = true, .closed = start->app->closed, .order = start->app->order};
	snprintf(app->function.match, sizeof(app->function.match), "%s",
		 start->app->match ? start->app->match : "");
	list_add_tail(&fake->machine->apps, &app->node);
	soon(fake);
	return 0;
}

static int stop(struct host *host, uint32_t id)
{
	struct fake *fake = fake_of(host);
	struct fake_app *app = app_get(fake, id);

	if (!app || fake->apps.silent)
		return -ESRCH;
	if (is_over(app) || app->state.phase == HOST_APP_STOPPING)
		return 0;
	app->state.phase = HOST_APP_STOPPING;
	app->state.stopped = true;
	app->news = true;
	soon(fake);
	return 0;
}

static void hand_over(struct host *host, uint32_t id, uint32_t heir, bool changed)
{
	struct fake *fake = fake_of(host);

	snprintf(fake->apps.handed, sizeof(fake->apps.handed), "%u>%u%s", id, heir,
		 changed ? " changed" : "");
}

static void reorder(struct host *host, uint32_t slot)
{
	struct fake *fake = fake_of(host);

	fake->apps.reordered += fake_router_get(fake, slot) != NULL;
}

int fake_app_report(struct host *host, uint32_t id, const char *key, const char *value)
{
	struct fake_app *app = app_get(fake_of(host), id);
	size_t i = 0;

	if (!app)
		return -ENOENT;
	while (i < app->value_count && strcmp(app->values[i].key, key) != 0)
		i++;
	if (i == VALUES_MAX)
		return -ENOSPC;
	if (i == app->value_count)
		app->value_count++;
	snprintf(app->values[i].key, sizeof(app->values[i].key), "%s", key);
	snprintf(app->values[i].value, sizeof(app->values[i].value), "%s", value);
	return 0;
}

static int set(struct host *host, uint32_t id, const char *key, const char *value)
{
	const struct fake_app *app = app_get(fake_of(host), id);

	if (!app)
		return -ESRCH;
	if (app->state.phase != HOST_APP_RUNNING)
		return -ENOTCONN;
	return fake_app_report(host, id, key, value) < 0 ? -EAGAIN : 0;
}

static int usage(struct host *host, uint32_t id, struct host_app_usage *ret_usage)
{
	const struct fake *fake = fake_of(host);

	if (!app_get(fake, id))
		return -ESRCH;
	*ret_usage = fake->apps.usage;
	return 0;
}

static int values(struct host *host, uint32_t id, struct host_app_value *ret, size_t max)
{
	const struct fake_app *app = app_get(fake_of(host), id);

	if (!app)
		return -ESRCH;
	for (size_t i = 0; i < app->value_count && i < max; i++)
		ret[i] = app->values[i];
	return (int)app->value_count;
}

static int functions(struct host *host, uint32_t id, struct host_app_function *ret, size_t max)
{
	const struct fake_app *app = app_get(fake_of(host), id);

	if (!app)
		return -ESRCH;
	if (!app->bpf || app->state.phase != HOST_APP_RUNNING)
		return 0;
	if (max)
		ret[0] = app->function;
	return 1;
}

static int log_path(struct host *host, uint32_t id, char *buf, size_t size)
{
	const struct fake *fake = fake_of(host);

	if (!app_get(fake, id) || !fake->apps.log[0])
		return -ENOENT;
	return snprintf(buf, size, "%s", fake->apps.log) >= (int)size ? -ENAMETOOLONG : 0;
}

static void forget(struct host *host, uint32_t id)
{
	struct fake_app *app = app_get(fake_of(host), id);

	if (app && is_over(app))
		app_free(app);
}

static const char *const *shipped(struct host *host)
{
	static const char *const list[] = {"echo", "answers each datagram with itself", "send",
					   "sends datagrams", NULL};

	(void)host;
	return list;
}

const struct host_app_ops fake_app_ops = {
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
	.shipped = shipped,
};

/* --- for tests -------------------------------------------------------------------------------- */

void fake_app_refuse(struct host *host, uint64_t n, int error, const char *text)
{
	struct fake *fake = fake_of(host);

	fake->apps.refuse_countdown = n;
	fake->apps.refuse_error = error;
	snprintf(fake->apps.refuse_text, sizeof(fake->apps.refuse_text), "%s", text);
}

void fake_app_fail(struct host *host, uint64_t n, const char *text)
{
	struct fake *fake = fake_of(host);

	fake->apps.fail_countdown = n;
	snprintf(fake->apps.fail_text, sizeof(fake->apps.fail_text), "%s", text);
}

int fake_app_become(struct host *host, uint32_t id, const struct host_app_state *state)
{
	struct fake *fake = fake_of(host);
	struct fake_app *app = app_get(fake, id);

	if (!app)
		return -ENOENT;
	app->state = *state;
	app->news = true;
	soon(fake);
	return 0;
}

void fake_apps_hold(struct host *host, bool hold)
{
	struct fake *fake = fake_of(host);

	fake->apps.held = hold;
	soon(fake);
}

void fake_apps_silence(struct host *host, bool silent)
{
	struct fake *fake = fake_of(host);

	fake->apps.silent = silent;
	soon(fake);
}

void fake_app_say_usage(struct host *host, const struct host_app_usage *say)
{
	fake_of(host)->apps.usage = *say;
}

void fake_app_say_log(struct host *host, const char *path)
{
	struct fake *fake = fake_of(host);

	snprintf(fake->apps.log, sizeof(fake->apps.log), "%s", path ? path : "");
}

void fake_apps_lose(struct host *host)
{
	struct fake *fake = fake_of(host);

	fake_apps_clear(fake->machine);
	fake_apps_adopt(fake);
}

const char *fake_apps_handed(const struct host *host)
{
	return fake_of(host)->apps.handed;
}

unsigned fake_apps_reordered(struct host *host)
{
	struct fake *fake = fake_of(host);
	unsigned count = fake->apps.reordered;

	fake->apps.reordered = 0;
	return count;
}

uint32_t fake_apps_count(const struct host *host)
{
	struct list *pos;
	uint32_t count = 0;

	list_for_each (pos, &fake_of(host)->machine->apps)
		count++;
	return count;
}
