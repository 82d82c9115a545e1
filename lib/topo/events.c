// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events and traces as a container: memory, references, names of actions, and what is said of them.
 * Used by the readers and writers of this directory and by whoever runs events.
 */
#include "lib/topo/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/doc_priv.h"

static const char *const action_names[TOPO_ACTIONS] = {
	[TOPO_LINK_DOWN] = "link-down",
	[TOPO_LINK_UP] = "link-up",
	[TOPO_LINK_SILENT] = "link-silent",
	[TOPO_LINK_SET] = "link-set",
	[TOPO_LINK_FLAP] = "link-flap",
	[TOPO_PARTITION] = "partition",
	[TOPO_HEAL] = "heal",
	[TOPO_ROUTER_KILL] = "router-kill",
	[TOPO_ROUTER_RESTART] = "router-restart",
	[TOPO_TRACE_PLAY] = "trace-play",
	[TOPO_TRACE_STOP] = "trace-stop",
	[TOPO_APP_START] = "app-start",
	[TOPO_APP_STOP] = "app-stop",
};

const char *topo_action_name(enum topo_action action)
{
	return action_names[action];
}

enum topo_action topo_action_find(const char *name)
{
	for (int i = TOPO_NO_ACTION + 1; i < TOPO_ACTIONS; i++)
		if (strcmp(action_names[i], name) == 0)
			return (enum topo_action)i;
	return TOPO_NO_ACTION;
}

bool topo_action_ends(enum topo_action action)
{
	return action == TOPO_LINK_DOWN || action == TOPO_LINK_SILENT || action == TOPO_LINK_SET ||
	       action == TOPO_PARTITION || action == TOPO_TRACE_PLAY || action == TOPO_APP_START;
}

struct topo_events *topo_events_new(void)
{
	struct topo_events *events = calloc(1, sizeof(*events));

	if (events)
		events->references = 1;
	return events;
}

struct topo_events *topo_events_ref(const struct topo_events *events)
{
	struct topo_events *same = (struct topo_events *)events; /* counting is no change of it */

	if (same)
		same->references++;
	return same;
}

void topo_event_done(struct topo_event *event)
{
	free(event->routers);
	topo_app_unref(event->app);
}

void topo_events_free(struct topo_events *events)
{
	if (!events || --events->references)
		return;
	for (size_t i = 0; i < events->count; i++)
		topo_event_done(&events->events[i]);
	for (size_t i = 0; i < events->trace_count; i++) {
		free(events->traces[i].steps);
		free(events->traces[i].chances);
	}
	free(events->events);
	free(events->traces);
	free(events->text);
	free(events);
}

bool topo_events_same(const struct topo_events *x, const struct topo_events *y)
{
	return x == y || (x && y && strcmp(x->text, y->text) == 0);
}

struct topo_event *topo_events_add(struct topo_events *events)
{
	if (topo_make_room((void **)&events->events, events->count, &events->room,
			   sizeof(*events->events)) < 0)
		return NULL;
	memset(&events->events[events->count], 0, sizeof(*events->events));
	return &events->events[events->count++];
}

struct topo_trace *topo_events_add_trace(struct topo_events *events)
{
	if (topo_make_room((void **)&events->traces, events->trace_count, &events->trace_room,
			   sizeof(*events->traces)) < 0)
		return NULL;
	memset(&events->traces[events->trace_count], 0, sizeof(*events->traces));
	return &events->traces[events->trace_count++];
}

struct topo_step *topo_trace_add_step(struct topo_trace *trace)
{
	if (topo_make_room((void **)&trace->steps, trace->step_count, &trace->step_room,
			   sizeof(*trace->steps)) < 0)
		return NULL;
	memset(&trace->steps[trace->step_count], 0, sizeof(*trace->steps));
	return &trace->steps[trace->step_count++];
}

int topo_trace_add_chance(struct topo_trace *trace, uint32_t ms)
{
	if (topo_make_room((void **)&trace->chances, trace->chance_count, &trace->chance_room,
			   sizeof(*trace->chances)) < 0)
		return -ENOMEM;
	trace->chances[trace->chance_count++] = ms;
	return 0;
}

int topo_event_add_router(struct topo_event *event, const char *name)
{
	void *grown = reallocarray(event->routers, event->router_count + 1,
				   sizeof(*event->routers));

	if (!grown)
		return -ENOMEM;
	event->routers = grown;
	snprintf(event->routers[event->router_count++], sizeof(*event->routers), "%s", name);
	return 0;
}

const struct topo_trace *topo_events_trace(const struct topo_events *events, const char *name)
{
	for (size_t i = 0; events && i < events->trace_count; i++)
		if (strcmp(events->traces[i].name, name) == 0)
			return &events->traces[i];
	return NULL;
}

const char *topo_event_object(const struct topo_event *event, char *buf, size_t size)
{
	size_t n;

	snprintf(buf, size, "%s", event->name);
	for (size_t i = 0; i < event->router_count; i++) {
		n = strlen(buf);
		snprintf(buf + n, size - n, "%s%s", i ? ", " : "", event->routers[i]);
	}
	n = strlen(buf);
	if (event->app)
		snprintf(buf + n, size - n, "/%s", event->app->name);
	n = strlen(buf);
	if (event->from[0])
		snprintf(buf + n, size - n, " from %s", event->from);
	n = strlen(buf);
	if (event->trace[0])
		snprintf(buf + n, size - n, ": %s", event->trace);
	return buf;
}
