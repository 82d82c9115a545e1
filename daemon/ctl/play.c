// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traces that are played: each is an overlay on one direction of a link, which becomes another
 * from step to step. Of steps that come faster than operations are done, the last one counts: there
 * is never more than one operation of a play. Called by timeline_do.c and its own timers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/overlay.h"
#include "daemon/ctl/timeline_priv.h"
#include "daemon/event/player.h"
#include "lib/base/clock.h"

struct play {
	struct list all; /* struct agenda.plays */
	struct agenda *agenda;
	struct loop_timer *timer;
	struct play_request request; /* events are referred to; one side */
	struct player player;
	uint64_t overlay;
	struct topo_change last; /* what was asked for */
	bool begun;		 /* anything was */
	bool busy;		 /* an operation is under way */
	bool ending;
	struct firing *begins, *ends; /* that wait for its first and its last operation */
};

static void step(struct play *play);

static void play_free(struct play *play)
{
	list_del(&play->all);
	loop_timer_free(play->timer);
	topo_events_free((struct topo_events *)play->request.events);
	free(play);
}

static const char *object(const struct play *play, char *buf, size_t size)
{
	const struct model_link *link = model_link_by_id(play->agenda->ctl->model,
							 play->request.link_id);
	int side = play->request.sides == 2;

	snprintf(buf, size, "%.100s from %.63s: %.63s", link ? link->name : "a link that is gone",
		 link ? link->end[side].router->name : "-", play->player.trace->name);
	return buf;
}

static void tell(struct firing **firing, const struct ctl_op *op)
{
	struct firing *one = *firing;

	*firing = NULL;
	if (one)
		firing_op_done(one, op);
}

static void op_done(void *arg, const struct ctl_op *op)
{
	struct play *play = arg;
	bool failed = op->state == CTL_OP_FAILED, told = play->begins != NULL;
	char buf[260];

	play->busy = false;
	tell(&play->begins, op);
	if (play->ending && play->begun) {
		step(play); /* this was the one before the last */
		return;
	}
	if (play->ending) {
		tell(&play->ends, op);
		play_free(play);
		return;
	}
	if (failed && !told)
		agenda_note(play->agenda, TOPO_TRACE_PLAY, object(play, buf, sizeof(buf)),
			    &op->err);
	if (failed)
		play->ending = true;
	step(play);
}

/* Gone without an operation. */
static void give_up(struct play *play, const struct err *err)
{
	struct firing *begins = play->begins, *ends = play->ends;
	char buf[260];

	if (!begins && !ends && err)
		agenda_note(play->agenda, TOPO_TRACE_PLAY, object(play, buf, sizeof(buf)), err);
	play_free(play);
	if (begins)
		firing_answered(begins, err);
	if (ends)
		firing_answered(ends, err);
}

static int submit(struct play *play, const struct topo_change *change, struct err *err)
{
	struct overlay_request request = {.overlay = play->overlay,
					  .link_id = play->request.link_id,
					  .sides = play->request.sides,
					  .change = change,
					  .quiet = !play->begins && !play->ends,
					  .done = op_done,
					  .arg = play};

	return overlay_set(play->agenda->ctl, &request, NULL, err);
}

/* change NULL: the end. false: the play is no more. */
static bool ask(struct play *play, const struct topo_change *change)
{
	struct err err = {0};
	char buf[260];

	if (submit(play, change, &err) < 0) {
		if (err.code != EAGAIN && change && play->begun) {
			agenda_note(play->agenda, TOPO_TRACE_PLAY, object(play, buf, sizeof(buf)),
				    &err);
			play->ending = true;
			return ask(play, NULL);
		}
		if (err.code == EAGAIN && play->begun) { /* very many wait: later, then */
			loop_timer_set(play->timer, clock_mono_ns() + 10 * NSEC_PER_MSEC);
			return true;
		}
		give_up(play, &err);
		return false;
	}
	play->busy = true;
	play->begun = change != NULL;
	if (change)
		play->last = *change;
	else
		loop_timer_set(play->timer, 0);
	return true;
}

static bool same(const struct topo_change *x, const struct topo_change *y)
{
	return x->clear == y->clear && topo_shape_equal(&x->shape, &y->shape);
}

static void step(struct play *play)
{
	const struct play_request *r = &play->request;
	uint64_t until = PLAYER_NEVER;
	struct topo_change change;

	if (play->busy)
		return; /* op_done() looks again */
	if (!play->ending &&
	    !player_at(&play->player, run_now(r->zero_ns, r->speed), &change, &until))
		play->ending = true;
	if (play->ending) {
		loop_timer_set(play->timer, 0);
		if (play->begun)
			ask(play, NULL);
		else
			give_up(play, NULL);
		return;
	}
	if ((!play->begun || !same(&change, &play->last)) && !ask(play, &change))
		return;
	if (until != PLAYER_NEVER && !play->ending)
		loop_timer_set(play->timer, run_clock(r->zero_ns, r->speed, until));
}

static void on_timer(void *arg)
{
	step(arg);
}

static int start_side(struct agenda *agenda, const struct play_request *request, unsigned side,
		      struct firing *firing)
{
	struct play *play = calloc(1, sizeof(*play));

	if (!play)
		return -ENOMEM;
	if (loop_timer_new(agenda->ctl->loop, on_timer, play, &play->timer) < 0) {
		free(play);
		return -ENOMEM;
	}
	play->agenda = agenda;
	play->request = *request;
	play->request.sides = side;
	play->request.events = topo_events_ref(request->events);
	play->player = (struct player){request->trace, request->loop, request->offset_ns};
	play->overlay = overlay_new(agenda->ctl);
	play->begins = firing;
	list_add_tail(&agenda->plays, &play->all);
	firing_asked(firing);
	step(play);
	return 0;
}

int play_start(struct agenda *agenda, const struct play_request *request, struct firing *firing,
	       struct err *err)
{
	int ret = 0;

	play_stop(agenda, request->link_id, request->sides, NULL, NULL);
	for (unsigned side = 1; ret == 0 && side <= 2; side <<= 1)
		if (request->sides & side)
			ret = start_side(agenda, request, side, firing);
	return ret < 0 ? err_set(err, ENOMEM, "out of memory") : 0;
}

static void stop(struct play *play, struct firing *firing)
{
	if (play->ending)
		return;
	play->ending = true;
	if (firing) {
		firing_asked(firing);
		play->ends = firing;
	}
	step(play);
}

unsigned play_stop(struct agenda *agenda, uint32_t link_id, unsigned sides,
		   const struct topo_trace *trace, struct firing *firing)
{
	struct list *pos, *tmp;
	unsigned count = 0;

	list_for_each_safe (pos, tmp, &agenda->plays) {
		struct play *play = list_entry(pos, struct play, all);

		if (play->request.link_id != link_id || !(play->request.sides & sides) ||
		    play->ending || (trace && play->player.trace != trace))
			continue;
		count++;
		stop(play, firing);
	}
	return count;
}

unsigned play_stop_run(struct agenda *agenda, uint64_t run)
{
	struct list *pos, *tmp;
	unsigned count = 0;

	list_for_each_safe (pos, tmp, &agenda->plays) {
		struct play *play = list_entry(pos, struct play, all);

		if (play->ending || (run && play->request.run != run))
			continue;
		count++;
		stop(play, NULL);
	}
	return count;
}

void play_free_all(struct agenda *agenda)
{
	while (!list_empty(&agenda->plays))
		play_free(list_entry(agenda->plays.next, struct play, all));
}

void ctl_play_each(struct ctl *ctl, ctl_play_fn fn, void *arg)
{
	struct list *pos;

	list_for_each (pos, &ctl->agenda->plays) {
		const struct play *play = list_entry(pos, struct play, all);
		struct ctl_play is = {.link_id = play->request.link_id,
				      .side = play->request.sides == 2,
				      .trace = play->player.trace->name};

		if (!play->ending)
			fn(arg, &is);
	}
}
