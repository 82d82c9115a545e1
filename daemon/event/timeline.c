// SPDX-License-Identifier: GPL-2.0-or-later
/* The timeline (timeline.h): one place in time for each event, the earliest is looked for. */
#include "daemon/event/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "include/shared/fate.h"

/* An event's next times. Each firing is a row of pulses, each pulse is held for a while: most
 * events have one pulse, those without an end hold for 0. */
struct place {
	uint64_t base_ns;  /* of the first firing, without jitter */
	uint64_t every_ns; /* 0: once */
	uint64_t times;	   /* firings; 0: for ever */
	uint64_t pulses;   /* of a firing; 0: for ever */
	uint64_t period_ns, hold_ns;
	uint64_t firing, pulse; /* which are next */
	uint64_t done;
	uint64_t do_ns, undo_ns; /* TIMELINE_NEVER: not */
};

struct timeline {
	struct topo_events *events;
	uint64_t seed;
	struct place *places;
};

/* Evenly from 0 to below the event's jitter, whichever the firings before it were. */
static uint64_t jitter(const struct timeline *timeline, size_t event, uint64_t firing)
{
	uint64_t key = fate_mix(timeline->seed ^ fate_mix(event + 1));
	uint64_t drawn = fate_of(fate_base(key, firing), FATE_JITTER);

	return (uint64_t)(((unsigned __int128)drawn * timeline->events->events[event].jitter_ns) >>
			  64);
}

static uint64_t add(uint64_t x, uint64_t y)
{
	return x > TIMELINE_NEVER - y ? TIMELINE_NEVER : x + y;
}

static uint64_t times(uint64_t x, uint64_t y)
{
	uint64_t z;

	return __builtin_mul_overflow(x, y, &z) ? TIMELINE_NEVER : z;
}

static void plan_next(const struct timeline *timeline, size_t event)
{
	struct place *place = &timeline->places[event];

	if (place->pulses && place->pulse == place->pulses) {
		place->pulse = 0;
		place->firing++;
		if (!place->every_ns || (place->times && place->firing == place->times)) {
			place->do_ns = TIMELINE_NEVER;
			return;
		}
	}
	place->do_ns = add(
		add(place->base_ns, times(place->firing, place->every_ns)),
		add(jitter(timeline, event, place->firing), times(place->pulse, place->period_ns)));
}

static void start(struct timeline *timeline, size_t i, uint64_t *before_ns)
{
	const struct topo_event *event = &timeline->events->events[i];
	struct place *place = &timeline->places[i];

	place->every_ns = event->every_ns;
	place->times = event->times;
	place->pulses = 1;
	place->hold_ns = event->for_ns;
	if (event->action == TOPO_LINK_FLAP) {
		place->pulses = event->flaps;
		place->hold_ns = event->down_ns;
		place->period_ns = event->down_ns + event->up_ns;
	}
	if (event->given & TOPO_AT)
		place->base_ns = event->at_ns;
	else if (event->given & TOPO_AFTER)
		place->base_ns = add(*before_ns, event->at_ns);
	else
		place->base_ns = event->every_ns; /* 0: now */
	*before_ns = place->base_ns;
	place->undo_ns = TIMELINE_NEVER;
	plan_next(timeline, i);
}

int timeline_new(const struct topo_events *events, uint64_t seed, struct timeline **ret_timeline)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));
	uint64_t before_ns = 0;

	if (!timeline)
		return -ENOMEM;
	timeline->places = calloc(events->count + 1, sizeof(*timeline->places));
	if (!timeline->places) {
		free(timeline);
		return -ENOMEM;
	}
	timeline->events = topo_events_ref(events);
	timeline->seed = seed;
	for (size_t i = 0; i < events->count; i++)
		start(timeline, i, &before_ns);
	*ret_timeline = timeline;
	return 0;
}

void timeline_free(struct timeline *timeline)
{
	if (!timeline)
		return;
	topo_events_free(timeline->events);
	free(timeline->places);
	free(timeline);
}

static bool first(const struct timeline *timeline, struct timeline_due *ret)
{
	struct timeline_due due = {.at_ns = TIMELINE_NEVER};

	for (size_t i = 0; i < timeline->events->count; i++) {
		const struct place *place = &timeline->places[i];

		if (place->undo_ns < due.at_ns ||
		    (place->undo_ns == due.at_ns && !due.undo && place->undo_ns != TIMELINE_NEVER))
			due = (struct timeline_due){i, true, place->undo_ns};
		if (place->do_ns < due.at_ns)
			due = (struct timeline_due){i, false, place->do_ns};
	}
	*ret = due;
	return due.at_ns != TIMELINE_NEVER;
}

uint64_t timeline_next(const struct timeline *timeline)
{
	struct timeline_due due;

	first(timeline, &due);
	return due.at_ns;
}

bool timeline_take(struct timeline *timeline, uint64_t now_ns, struct timeline_due *ret_due)
{
	struct timeline_due due;
	struct place *place;

	if (!first(timeline, &due) || due.at_ns > now_ns)
		return false;
	place = &timeline->places[due.event];
	if (due.undo) {
		place->undo_ns = TIMELINE_NEVER;
	} else {
		place->done++;
		if (place->hold_ns)
			place->undo_ns = add(due.at_ns, place->hold_ns);
		place->pulse++;
		plan_next(timeline, due.event);
	}
	*ret_due = due;
	return true;
}

void timeline_cut(struct timeline *timeline, uint64_t now_ns)
{
	for (size_t i = 0; i < timeline->events->count; i++) {
		struct place *place = &timeline->places[i];

		place->do_ns = TIMELINE_NEVER;
		if (place->undo_ns != TIMELINE_NEVER && place->undo_ns > now_ns)
			place->undo_ns = now_ns;
	}
}

void timeline_event(const struct timeline *timeline, size_t event, struct timeline_state *ret_state)
{
	const struct place *place = &timeline->places[event];

	ret_state->next_ns = place->do_ns < place->undo_ns ? place->do_ns : place->undo_ns;
	ret_state->firings = place->done;
	ret_state->holds = place->undo_ns != TIMELINE_NEVER;
}
