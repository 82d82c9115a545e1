// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What events do, and undo: each action is one or two operations, by the functions that REST calls.
 * Called by timeline.c.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/ctl/app.h"
#include "daemon/ctl/overlay.h"
#include "daemon/ctl/timeline_priv.h"

struct doing {
	struct agenda *agenda;
	struct run *run;
	const struct topo_event *event;
	struct hold *hold;
	struct firing *firing;
};

/* The link, and the directions that from leaves of it. */
static int find_link(struct agenda *agenda, const struct topo_event *event,
		     struct model_link **ret_link, unsigned *ret_sides, struct err *err)
{
	const struct model_router *from;
	int ret = ctl_link_find(agenda->ctl, event->name, ret_link, err);

	*ret_sides = 3;
	if (ret < 0 || !event->from[0])
		return ret;
	from = model_router_find(agenda->ctl->model, event->from);
	if (!from)
		return err_set(err, ENOENT, "from: there is no router '%.63s'", event->from);
	*ret_sides = ((*ret_link)->end[0].router == from) | ((*ret_link)->end[1].router == from)
								    << 1;
	return *ret_sides ? 0
			  : err_set(err, ENOENT, "from: %s is not an end of link %s", event->from,
				    (*ret_link)->name);
}

static void link_change(const struct doing *d, const char *link,
			const struct ctl_link_change *change)
{
	struct err err = {0};

	firing_asked(d->firing);
	if (ctl_link_set(d->agenda->ctl, link, change, firing_op_done, d->firing, NULL, &err) < 0)
		firing_answered(d->firing, &err);
}

static void link_admin(const struct doing *d, enum model_admin admin)
{
	struct ctl_link_change change = {.set_admin = true, .admin = admin};

	link_change(d, d->event->name, &change);
}

static void refuse(const struct doing *d, const struct err *err)
{
	firing_asked(d->firing);
	firing_answered(d->firing, err);
}

/* For a while: the shape lies over the link's, the weight is set back. */
static void link_set_for(const struct doing *d, const struct model_link *link, unsigned sides)
{
	const struct topo_event *event = d->event;
	struct overlay_request request = {.overlay = overlay_new(d->agenda->ctl),
					  .link_id = link->id,
					  .sides = sides,
					  .change = &event->change,
					  .done = firing_op_done,
					  .arg = d->firing};
	struct ctl_link_change change = {.weight = event->weight};
	struct err err = {0};

	*d->hold = (struct hold){.link_id = link->id};
	if (event->change.shape.set || event->change.clear) {
		firing_asked(d->firing);
		if (overlay_set(d->agenda->ctl, &request, NULL, &err) < 0)
			firing_answered(d->firing, &err);
		else
			d->hold->overlay = request.overlay;
	}
	if (event->weight) {
		d->hold->weight = event->weight;
		d->hold->weight_before = link->weight;
		link_change(d, link->name, &change);
	}
}

static void link_set(const struct doing *d)
{
	const struct topo_event *event = d->event;
	struct ctl_link_change change = {.weight = event->weight};
	struct model_link *link;
	struct err err = {0};
	unsigned sides;

	if (find_link(d->agenda, event, &link, &sides, &err) < 0) {
		refuse(d, &err);
		return;
	}
	if (event->for_ns) {
		link_set_for(d, link, sides);
		return;
	}
	for (int side = 0; side < 2; side++) {
		if (!(sides & 1u << side))
			continue;
		change.shape[side] = event->change.shape;
		change.clear[side] = event->change.clear;
	}
	link_change(d, link->name, &change);
}

static void link_unset(const struct doing *d)
{
	struct hold *hold = d->hold;
	struct overlay_request request = {.overlay = hold->overlay,
					  .link_id = hold->link_id,
					  .sides = 3,
					  .done = firing_op_done,
					  .arg = d->firing};
	const struct model_link *link = model_link_by_id(d->agenda->ctl->model, hold->link_id);
	struct ctl_link_change change = {.weight = hold->weight_before};
	struct err err = {0};

	if (hold->overlay) {
		firing_asked(d->firing);
		if (overlay_set(d->agenda->ctl, &request, NULL, &err) < 0)
			firing_answered(d->firing, &err);
	}
	if (hold->weight && link)
		link_change(d, link->name, &change);
	*hold = (struct hold){0};
}

static void cut(const struct doing *d)
{
	struct err err = {0};

	if (cut_begin(d->agenda, d->event, d->firing, &d->hold->cut, &err) < 0)
		refuse(d, &err);
}

static void kill_router(const struct doing *d, bool orderly)
{
	struct err err = {0};

	firing_asked(d->firing);
	if (ctl_router_kill(d->agenda->ctl, d->event->name, orderly, firing_op_done, d->firing,
			    NULL, &err) < 0)
		firing_answered(d->firing, &err);
}

/* A posted event plays a trace of the topology. */
static const struct topo_events *traces_of(const struct agenda *agenda,
					   const struct topo_events *events, const char *name)
{
	return topo_events_trace(events, name) ? events : agenda->ctl->model->events;
}

static void play(const struct doing *d, uint64_t planned_ns)
{
	const struct topo_event *event = d->event;
	struct play_request request = {
		.run = d->run->id,
		.events = traces_of(d->agenda, d->run->events, event->trace),
		.offset_ns = event->offset_ns,
		.speed = d->run->speed,
	};
	struct model_link *link;
	struct err err = {0};
	int ret = find_link(d->agenda, event, &link, &request.sides, &err);

	request.trace = topo_events_trace(request.events, event->trace);
	if (ret == 0 && !request.trace)
		ret = err_set(&err, ENOENT, "trace: there is no trace '%s'", event->trace);
	if (ret == 0) {
		request.link_id = d->hold->link_id = link->id;
		request.loop = event->given & TOPO_LOOP ? event->loop : request.trace->loop;
		/* From when it was planned: several traces stay beside each other. */
		request.zero_ns = run_clock(d->run->zero_ns, d->run->speed, planned_ns);
		ret = play_start(d->agenda, &request, d->firing, &err);
	}
	if (ret < 0)
		refuse(d, &err);
}

static void unplay(const struct doing *d, const struct topo_trace *trace)
{
	struct model_link *link;
	struct err err = {0};
	unsigned sides;

	if (find_link(d->agenda, d->event, &link, &sides, &err) < 0)
		refuse(d, &err);
	else
		play_stop(d->agenda, link->id, sides, trace, d->firing);
}

static void start_app(const struct doing *d)
{
	const struct topo_event *event = d->event;
	struct err err = {0};

	firing_asked(d->firing);
	if (ctl_app_start(d->agenda->ctl, event->name, event->app, NULL, firing_op_done, d->firing,
			  NULL, &err) < 0)
		firing_answered(d->firing, &err);
}

static void stop_app(const struct doing *d, const char *router, const char *app)
{
	struct err err = {0};

	firing_asked(d->firing);
	if (ctl_app_stop(d->agenda->ctl, router, app, NULL, firing_op_done, d->firing, NULL, &err) <
	    0)
		firing_answered(d->firing, &err);
}

/* "ROUTER/APP" */
static void stop_named_app(const struct doing *d)
{
	const char *slash = strchr(d->event->name, '/');
	char router[NAME_SIZE];

	snprintf(router, sizeof(router), "%.*s", (int)(slash - d->event->name), d->event->name);
	stop_app(d, router, slash + 1);
}

static void undo(const struct doing *d)
{
	switch (d->event->action) {
	case TOPO_LINK_DOWN:
	case TOPO_LINK_SILENT:
	case TOPO_LINK_FLAP:
		link_admin(d, MODEL_UP);
		break;
	case TOPO_LINK_SET:
		link_unset(d);
		break;
	case TOPO_PARTITION:
		cut_end(d->agenda, d->hold->cut, d->firing);
		break;
	case TOPO_TRACE_PLAY:
		unplay(d, topo_events_trace(traces_of(d->agenda, d->run->events, d->event->trace),
					    d->event->trace));
		break;
	case TOPO_APP_START:
		stop_app(d, d->event->name, d->event->app->name);
		break;
	default: /* has no end: topo_action_ends() */
		break;
	}
}

void happen(struct agenda *agenda, struct run *run, const struct timeline_due *due,
	    struct firing *firing)
{
	struct doing d = {agenda, run, &run->events->events[due->event], &run->holds[due->event],
			  firing};

	if (due->undo) {
		undo(&d);
		return;
	}
	switch (d.event->action) {
	case TOPO_LINK_DOWN:
		link_admin(&d, MODEL_DOWN);
		break;
	case TOPO_LINK_UP:
		link_admin(&d, MODEL_UP);
		break;
	case TOPO_LINK_SILENT:
		link_admin(&d, MODEL_SILENT);
		break;
	case TOPO_LINK_FLAP:
		link_admin(&d, d.event->silent ? MODEL_SILENT : MODEL_DOWN);
		break;
	case TOPO_LINK_SET:
		link_set(&d);
		break;
	case TOPO_PARTITION:
		cut(&d);
		break;
	case TOPO_HEAL:
		cut_end_all(agenda, firing);
		break;
	case TOPO_ROUTER_KILL:
	case TOPO_ROUTER_RESTART:
		kill_router(&d, d.event->action == TOPO_ROUTER_RESTART);
		break;
	case TOPO_TRACE_PLAY:
		play(&d, due->at_ns);
		break;
	case TOPO_TRACE_STOP:
		unplay(&d, NULL);
		break;
	case TOPO_APP_START:
		start_app(&d);
		break;
	case TOPO_APP_STOP:
		stop_named_app(&d);
		break;
	case TOPO_NO_ACTION:
	case TOPO_ACTIONS:
		break;
	}
}

int happen_check(struct agenda *agenda, const struct topo_events *events,
		 const struct topo_event *event, struct err *err)
{
	struct model_link *link;
	char router[NAME_SIZE];
	unsigned sides;

	if (event->action == TOPO_HEAL)
		return 0;
	if (event->action == TOPO_APP_START || event->action == TOPO_APP_STOP) {
		snprintf(router, sizeof(router), "%.*s", (int)strcspn(event->name, "/"),
			 event->name);
		return model_router_find(agenda->ctl->model, router)
			       ? 0
			       : err_set(err, ENOENT, "%s: there is no router '%s'",
					 topo_action_name(event->action), router);
	}
	for (size_t i = 0; i < event->router_count; i++)
		if (!model_router_by_name(agenda->ctl->model, event->routers[i]))
			return err_set(err, ENOENT, "partition: there is no router '%s'",
				       event->routers[i]);
	if (event->router_count)
		return 0;
	if (event->action == TOPO_ROUTER_KILL || event->action == TOPO_ROUTER_RESTART)
		return model_router_find(agenda->ctl->model, event->name)
			       ? 0
			       : err_set(err, ENOENT, "%s: there is no router '%.63s'",
					 topo_action_name(event->action), event->name);
	if (event->trace[0] &&
	    !topo_events_trace(traces_of(agenda, events, event->trace), event->trace))
		return err_set(err, ENOENT, "trace: there is no trace '%s'", event->trace);
	return find_link(agenda, event, &link, &sides, err);
}
