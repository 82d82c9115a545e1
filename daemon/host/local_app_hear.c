// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the supervisor says (lib/wire/app.h): states, values, and what applications ask for. Called
 * by local_supervisor.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/local_app_priv.h"
#include "lib/base/log.h"
#include "lib/client/app_link.h"

_Static_assert((int)APP_STARTING == (int)HOST_APP_STARTING &&
		       (int)APP_RUNNING == (int)HOST_APP_RUNNING &&
		       (int)APP_WAITING == (int)HOST_APP_WAITING &&
		       (int)APP_STOPPING == (int)HOST_APP_STOPPING &&
		       (int)APP_ENDED == (int)HOST_APP_ENDED &&
		       (int)APP_FAILED == (int)HOST_APP_FAILED,
	       "one and the same");

/* --- intercepts ------------------------------------------------------------------------------- */

/* Its run is over, or it is not there any more. */
static void functions_gone(const struct local_apps *apps, const struct local_app *app)
{
	enum local_function_why why = app->stopped ? LOCAL_FUNCTION_STOPPED : LOCAL_FUNCTION_DIED;

	local_intercept_gone(apps->local->intercepts, app->id, why);
}

static void answer(void *arg, const struct app_ask *ask, const char *text, const int *fds,
		   size_t count)
{
	const struct local_apps *apps = arg;
	char body[sizeof(*ask) + APP_LINK_MAX];
	size_t size = strnlen(text, APP_LINK_MAX);

	for (size_t i = 0; i < count; i++)
		(void)local_supervisor_say(apps->supervisor, FRAME_APP_FD, ask, sizeof(*ask),
					   fds[i]);
	memcpy(body, ask, sizeof(*ask));
	memcpy(body + sizeof(*ask), text, size);
	(void)local_supervisor_say(apps->supervisor, FRAME_APP_TELL, body,
				   (uint32_t)(sizeof(*ask) + size), -1);
}

/* It came before the functions of an earlier daemon were taken over: which of their numbers are
 * free is not known. */
struct early_ask {
	struct list node; /* struct local_apps.early */
	struct app_ask ask;
	char packet[APP_LINK_MAX + 1];
};

static void early_free(struct early_ask *early)
{
	list_del(&early->node);
	free(early);
}

void local_apps_drop_early(struct local_apps *apps)
{
	while (!list_empty(&apps->early))
		early_free(list_entry(apps->early.next, struct early_ask, node));
}

static void take_asks(struct local_apps *apps)
{
	while (!list_empty(&apps->early)) {
		struct early_ask *early = list_entry(apps->early.next, struct early_ask, node);
		const struct local_app *app = local_app_get(apps, early->ask.id);

		if (app)
			local_intercept_ask(apps->local->intercepts, &early->ask, app->slot,
					    early->packet, answer, apps);
		early_free(early);
	}
}

static void hear_ask(struct local_apps *apps, const struct app_ask *ask, const char *text,
		     size_t size)
{
	struct early_ask *early;

	if (!local_app_get(apps, ask->id) || size > APP_LINK_MAX)
		return;
	early = malloc(sizeof(*early));
	if (!early) /* who asks gives up after a while */
		return;
	early->ask = *ask;
	memcpy(early->packet, text, size);
	early->packet[size] = '\0';
	list_add_tail(&apps->early, &early->node);
	if (apps->open)
		take_asks(apps);
}

/* What has ended meanwhile has had no functions to lose yet. */
static void late_end(void *arg, struct local_app *app)
{
	if (app->state.phase == HOST_APP_WAITING || local_app_is_over(app))
		functions_gone(arg, app);
}

void local_apps_hear_early(struct local_apps *apps)
{
	local_app_each(apps, late_end, apps);
	take_asks(apps);
}

/* --- states ----------------------------------------------------------------------------------- */

static void tell(const struct local_apps *apps, const struct local_app *app)
{
	const struct host_app_events *events = &apps->local->host.events.apps;

	if (apps->open && events->state)
		events->state(events->arg, app->id, &app->state);
}

static void hear_state(struct local_apps *apps, const struct app_state *said, const char *text,
		       size_t size)
{
	struct local_app *app = local_app_get(apps, said->id);

	if (said->phase > APP_FAILED)
		return;
	if (!app)
		app = local_app_new(apps, said->id);
	if (!app) {
		log_error("application %u: out of memory", said->id);
		return;
	}
	app->named = true;
	if (said->router_id) { /* otherwise it has not been understood */
		app->router_id = said->router_id;
		app->slot = said->slot;
		app->netns = said->netns;
	}
	app->state = (struct host_app_state){
		.phase = (enum host_app_phase)said->phase,
		.ready = said->ready,
		.stopped = said->stopped,
		.router_id = app->router_id,
		.pid = said->pid,
		.status = said->status,
		.restarts = said->restarts,
		.started_ms = said->started_ms,
		.ended_ms = said->ended_ms,
	};
	snprintf(app->state.text, sizeof(app->state.text), "%.*s", (int)size, text);
	if (said->phase == APP_WAITING || local_app_is_over(app))
		functions_gone(apps, app);
	else if (app->state.ready)
		local_function_ready(apps->local->functions, app->id);
	tell(apps, app);
	local_apps_end_step(apps);
}

static void hear_values(struct local_apps *apps, uint32_t id, const char *text, size_t size)
{
	struct local_app *app = local_app_get(apps, id);
	const char *end = text + size, *next;
	struct host_app_value *values;
	size_t count = 0, i = 0;

	for (const char *p = text; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		count++;
	values = app ? calloc(count + 1, sizeof(*values)) : NULL;
	if (!values)
		return;
	for (; i < count; text = next + 1) {
		const char *equals;

		next = memchr(text, '\n', (size_t)(end - text));
		equals = memchr(text, '=', (size_t)(next - text));
		if (!equals) {
			count--;
			continue;
		}
		snprintf(values[i].key, sizeof(values[i].key), "%.*s", (int)(equals - text), text);
		snprintf(values[i].value, sizeof(values[i].value), "%.*s", (int)(next - equals - 1),
			 equals + 1);
		i++;
	}
	free(app->values);
	app->values = values;
	app->value_count = count;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void not_named(void *arg, struct local_app *app)
{
	struct local_apps *apps = arg;

	if (app->named || app->failed || local_supervisor_will_start(apps->supervisor, app->id))
		return;
	functions_gone(apps, app);
	local_app_free(apps, app);
}

static void forget_name(void *arg, struct local_app *app)
{
	(void)arg;
	app->named = false;
}

static void tell_one(void *arg, struct local_app *app)
{
	tell(arg, app);
}

static bool is_known(void *arg, uint32_t id)
{
	const struct local_apps *apps = arg;

	return local_app_get(apps, id) || local_object_has(apps->local->objects, id);
}

void local_apps_tell_all(struct local_apps *apps)
{
	const struct host_app_events *events = &apps->local->host.events.apps;

	local_function_known(apps->local->functions, is_known, apps);
	local_app_each(apps, tell_one, apps);
	if (apps->open && events->known)
		events->known(events->arg);
}

/* They are all named since it has connected: what is not is gone. */
static void hear_known(struct local_apps *apps)
{
	local_app_each(apps, not_named, apps);
	apps->heard = true;
	if (apps->open)
		local_apps_tell_all(apps);
	local_apps_end_step(apps);
}

static void frame(void *arg, uint16_t type, const void *body, uint32_t length)
{
	struct local_apps *apps = arg;
	const char *text = body;
	struct app_state state;
	struct app_ask ask;
	uint32_t id;

	switch (type) {
	case FRAME_APP_STATE:
		if (length < sizeof(state))
			return;
		memcpy(&state, body, sizeof(state));
		hear_state(apps, &state, text + sizeof(state), length - sizeof(state));
		break;
	case FRAME_APP_DATA:
		if (length < sizeof(id))
			return;
		memcpy(&id, body, sizeof(id));
		hear_values(apps, id, text + sizeof(id), length - sizeof(id));
		break;
	case FRAME_APP_ASK:
		if (length < sizeof(ask))
			return;
		memcpy(&ask, body, sizeof(ask));
		hear_ask(apps, &ask, text + sizeof(ask), length - sizeof(ask));
		break;
	case FRAME_APP_KNOWN:
		hear_known(apps);
		break;
	default:
		break;
	}
}

/* What is not answered is asked again. */
static void begun(void *arg)
{
	struct local_apps *apps = arg;

	local_app_each(apps, forget_name, NULL);
	local_apps_drop_early(apps);
	local_intercept_void(apps->local->intercepts);
}

static void lost(void *arg)
{
	local_apps_drop_early(arg);
	local_app_each(arg, forget_name, NULL);
	hear_known(arg);
}

static void fail_one(void *arg, struct local_app *app)
{
	const struct local_apps *apps = arg;

	if (local_app_is_over(app))
		return;
	app->failed = true;
	app->state.phase = HOST_APP_FAILED;
	app->state.ready = false;
	app->state.pid = 0;
	snprintf(app->state.text, sizeof(app->state.text), "%s", apps->why);
}

static void unable(void *arg, const char *why)
{
	struct local_apps *apps = arg;

	snprintf(apps->why, sizeof(apps->why), "%s", why);
	local_app_each(apps, fail_one, apps);
	local_apps_tell_all(apps);
}

const struct local_supervisor_ops local_app_supervisor_ops = {
	.begun = begun, .frame = frame, .lost = lost, .unable = unable};
