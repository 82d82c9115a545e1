// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timelines that run (timeline.h): the topology's and those of posted events, one timer for all.
 * What is due is done by timeline_do.c; each firing is remembered with its plan and its outcome.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/timeline_priv.h"
#include "lib/base/clock.h"

#define BURST_MAX 200 /* firings in one round of the loop; the others come in the next */

const char *ctl_outcome_name(enum ctl_outcome outcome)
{
	static const char *const names[] = {"underway", "done", "failed"};

	return names[outcome];
}

uint64_t run_now(uint64_t zero_ns, double speed)
{
	uint64_t now = clock_mono_ns(), passed = now > zero_ns ? now - zero_ns : 0;

	return speed == 1 ? passed : (uint64_t)((long double)passed * speed);
}

uint64_t run_clock(uint64_t zero_ns, double speed, uint64_t at_ns)
{
	return zero_ns + (speed == 1 ? at_ns : (uint64_t)((long double)at_ns / speed));
}

/* --- firings --- */

static struct ctl_firing *entry_of(struct agenda *agenda, uint64_t id)
{
	struct ctl_firing *entry = &agenda->log[id % CTL_EVENT_LOG];

	return entry->id == id ? entry : NULL;
}

void firing_asked(struct firing *firing)
{
	firing->pending++;
}

void firing_answered(struct firing *firing, const struct err *err)
{
	struct agenda *agenda = firing->agenda;
	struct ctl_firing *entry = entry_of(agenda, firing->id);

	if (entry && err && entry->outcome != CTL_EVENT_FAILED) {
		entry->outcome = CTL_EVENT_FAILED;
		snprintf(entry->error, sizeof(entry->error), "%.*s", (int)sizeof(entry->error) - 1,
			 err->text);
	}
	if (--firing->pending)
		return;
	if (entry) {
		entry->ended_ns = run_now(firing->zero_ns, firing->speed);
		if (entry->outcome == CTL_EVENT_UNDERWAY)
			entry->outcome = CTL_EVENT_DONE;
		if (agenda->fn)
			agenda->fn(agenda->arg, entry);
	}
	list_del(&firing->all);
	free(firing);
}

void firing_op_done(void *arg, const struct ctl_op *op)
{
	struct firing *firing = arg;
	struct ctl_firing *entry = entry_of(firing->agenda, firing->id);

	if (entry)
		entry->op = op->id;
	firing_answered(firing, op->state == CTL_OP_FAILED ? &op->err : NULL);
}

static struct ctl_firing *new_entry(struct agenda *agenda)
{
	uint64_t id = ++agenda->last_firing;
	struct ctl_firing *entry = &agenda->log[id % CTL_EVENT_LOG];

	memset(entry, 0, sizeof(*entry));
	entry->id = id;
	entry->time_ms = clock_wall_ms();
	return entry;
}

void agenda_note(struct agenda *agenda, enum topo_action action, const char *object,
		 const struct err *err)
{
	struct ctl_firing *entry = new_entry(agenda);

	entry->action = action;
	entry->posted = true;
	entry->outcome = CTL_EVENT_FAILED;
	snprintf(entry->object, sizeof(entry->object), "%s", object);
	snprintf(entry->error, sizeof(entry->error), "%.*s", (int)sizeof(entry->error) - 1,
		 err->text);
	if (agenda->fn)
		agenda->fn(agenda->arg, entry);
}

static void fire(struct agenda *agenda, struct run *run, const struct timeline_due *due)
{
	const struct topo_event *event = &run->events->events[due->event];
	struct firing *firing = calloc(1, sizeof(*firing));
	struct ctl_firing *entry;
	uint64_t planned = run_clock(run->zero_ns, run->speed, due->at_ns);

	if (!firing)
		return; /* there is not even room to say so */
	entry = new_entry(agenda);
	entry->number = run->posted ? run->number : due->event;
	entry->posted = run->posted;
	entry->undo = due->undo;
	entry->action = event->action;
	topo_event_object(event, entry->object, sizeof(entry->object));
	entry->planned_ns = due->at_ns;
	entry->actual_ns = run_now(run->zero_ns, run->speed);
	entry->late = clock_mono_ns() > planned + CTL_EVENT_LATE_NS;
	firing->agenda = agenda;
	firing->id = entry->id;
	firing->zero_ns = run->zero_ns;
	firing->speed = run->speed;
	list_add_tail(&agenda->firings, &firing->all);
	firing_asked(firing);
	happen(agenda, run, due, firing);
	firing_answered(firing, NULL);
}

/* --- runs --- */

static void run_free(struct agenda *agenda, struct run *run)
{
	if (run == agenda->file)
		agenda->file = NULL;
	agenda->posted -= run->posted;
	list_del(&run->all);
	timeline_free(run->timeline);
	topo_events_free(run->events);
	free(run->holds);
	free(run);
}

static uint64_t due_clock(const struct run *run)
{
	uint64_t next = timeline_next(run->timeline);

	return next == TIMELINE_NEVER ? TIMELINE_NEVER : run_clock(run->zero_ns, run->speed, next);
}

static struct run *first_run(struct agenda *agenda, uint64_t *ret_clock)
{
	struct run *first = NULL;
	struct list *pos;

	*ret_clock = TIMELINE_NEVER;
	list_for_each (pos, &agenda->runs) {
		struct run *run = list_entry(pos, struct run, all);
		uint64_t at = due_clock(run);

		if (at < *ret_clock) {
			*ret_clock = at;
			first = run;
		}
	}
	return first;
}

/* Runs in which nothing is due any more go; what they play may go on. */
static void sweep(struct agenda *agenda)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &agenda->runs) {
		struct run *run = list_entry(pos, struct run, all);

		if (timeline_next(run->timeline) != TIMELINE_NEVER)
			continue;
		if (run == agenda->file)
			agenda->file_state = "done";
		run_free(agenda, run);
	}
}

static void on_timer(void *arg)
{
	struct agenda *agenda = arg;
	struct timeline_due due;
	struct run *run;
	uint64_t at;

	for (int i = 0; i < BURST_MAX; i++) {
		run = first_run(agenda, &at);
		if (!run || at > clock_mono_ns())
			break;
		if (timeline_take(run->timeline, timeline_next(run->timeline), &due))
			fire(agenda, run, &due);
	}
	sweep(agenda);
	run = first_run(agenda, &at);
	loop_timer_set(agenda->timer, run ? at : 0);
}

static int run_new(struct agenda *agenda, const struct topo_events *events, uint64_t seed,
		   double speed, struct run **ret_run)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return -ENOMEM;
	run->holds = calloc(events->count + 1, sizeof(*run->holds));
	if (!run->holds || timeline_new(events, seed, &run->timeline) < 0) {
		free(run->holds);
		free(run);
		return -ENOMEM;
	}
	run->events = topo_events_ref(events);
	run->id = ++agenda->last_run;
	run->seed = seed;
	run->speed = speed;
	run->zero_ns = clock_mono_ns();
	list_add_tail(&agenda->runs, &run->all);
	loop_timer_set(agenda->timer, 1);
	*ret_run = run;
	return 0;
}

/* What it has done for a while is undone. */
static void run_stop(struct agenda *agenda, struct run *run)
{
	uint64_t now = run_now(run->zero_ns, run->speed);
	struct timeline_due due;

	timeline_cut(run->timeline, now);
	while (timeline_take(run->timeline, TIMELINE_NEVER - 1, &due))
		fire(agenda, run, &due);
	play_stop_run(agenda, run->id);
	run_free(agenda, run);
}

static void file_stop(struct agenda *agenda, const char *state)
{
	if (agenda->file)
		run_stop(agenda, agenda->file);
	else if (agenda->file_id)
		play_stop_run(agenda, agenda->file_id);
	agenda->file_state = state;
}

static int file_start(struct agenda *agenda, const struct topo_events *events, uint64_t seed,
		      double speed)
{
	int ret;

	file_stop(agenda, "stopped");
	ret = run_new(agenda, events, seed, speed, &agenda->file);
	if (ret == 0) {
		agenda->file_id = agenda->file->id;
		agenda->file_seed = seed;
		agenda->file_speed = speed;
	}
	return ret;
}

/* --- the topology's life --- */

void agenda_applied(struct agenda *agenda, bool start, bool again)
{
	struct topo_events *events = agenda->ctl->model->events;
	bool others = !topo_events_same(agenda->known, events);

	if (others) {
		file_stop(agenda, events ? "ready" : "none");
		topo_events_free(agenda->known);
		agenda->known = topo_events_ref(events);
	}
	if (start && events && events->count && (others || again) &&
	    file_start(agenda, events, events->seed, 1) < 0)
		agenda->file_state = "ready";
}

/* There is nothing left that anything could happen to. */
void agenda_deleted(struct agenda *agenda)
{
	while (!list_empty(&agenda->runs))
		run_free(agenda, list_entry(agenda->runs.next, struct run, all));
	play_stop_run(agenda, 0);
	cut_forget_all(agenda);
	topo_events_free(agenda->known);
	agenda->known = topo_events_ref(agenda->ctl->model->events);
	agenda->file_state = "none";
	loop_timer_set(agenda->timer, 0);
}

int agenda_new(struct ctl *ctl, struct agenda **ret_agenda)
{
	struct agenda *agenda = calloc(1, sizeof(*agenda));

	if (!agenda)
		return -ENOMEM;
	agenda->ctl = ctl;
	list_init(&agenda->runs);
	list_init(&agenda->firings);
	list_init(&agenda->plays);
	list_init(&agenda->cuts);
	if (loop_timer_new(ctl->loop, on_timer, agenda, &agenda->timer) < 0) {
		free(agenda);
		return -ENOMEM;
	}
	agenda->known = topo_events_ref(ctl->model->events);
	agenda->file_state = agenda->known ? "ready" : "none";
	agenda->file_speed = 1;
	*ret_agenda = agenda;
	return 0;
}

void agenda_free(struct agenda *agenda)
{
	if (!agenda)
		return;
	play_free_all(agenda);
	cut_forget_all(agenda);
	while (!list_empty(&agenda->runs))
		run_free(agenda, list_entry(agenda->runs.next, struct run, all));
	while (!list_empty(&agenda->firings)) {
		struct firing *firing = list_entry(agenda->firings.next, struct firing, all);

		list_del(&firing->all);
		free(firing);
	}
	topo_events_free(agenda->known);
	loop_timer_free(agenda->timer);
	free(agenda);
}

/* --- for others --- */

static int check_events(struct ctl *ctl, const struct topo_events *events, const char *source,
			struct err *err)
{
	struct topo_doc *doc = ctl_topology_export(ctl);
	int ret;

	if (!doc)
		return err_set(err, ENOMEM, "out of memory");
	ret = topo_events_check(events, doc, source, err);
	topo_doc_free(doc);
	return ret;
}

int ctl_event_run(struct ctl *ctl, const struct topo_events *events, const char *source,
		  const struct ctl_event_options *options, struct err *err)
{
	const struct topo_events *mine = events ? events : ctl->model->events;
	double speed = options->speed > 0 ? options->speed : 1;
	int ret;

	if (!mine || !mine->count)
		return err_set(err, ENOENT, "events: there are none");
	if (speed < CTL_SPEED_MIN || speed > CTL_SPEED_MAX)
		return err_set(err, EINVAL, "speed: is not within %g to %g", CTL_SPEED_MIN,
			       CTL_SPEED_MAX);
	ret = check_events(ctl, mine, source, err);
	if (ret < 0)
		return ret;
	ret = file_start(ctl->agenda, mine, options->set_seed ? options->seed : mine->seed, speed);
	return ret < 0 ? err_set(err, ENOMEM, "out of memory") : 0;
}

int ctl_event_post(struct ctl *ctl, const struct topo_events *one, uint64_t *ret_number,
		   struct err *err)
{
	struct agenda *agenda = ctl->agenda;
	struct run *run;
	int ret;

	if (agenda->posted >= CTL_EVENT_POSTED)
		return err_set(err, EAGAIN, "event: %u that were posted are under way already",
			       agenda->posted);
	ret = happen_check(agenda, one, &one->events[0], err);
	if (ret < 0)
		return ret;
	if (run_new(agenda, one, one->seed, 1, &run) < 0)
		return err_set(err, ENOMEM, "out of memory");
	run->posted = true;
	run->number = ++agenda->last_number;
	agenda->posted++;
	*ret_number = run->number;
	return 0;
}

unsigned ctl_event_stop(struct ctl *ctl)
{
	struct agenda *agenda = ctl->agenda;
	unsigned count = play_stop_run(agenda, 0);

	if (agenda->file) {
		count++;
		file_stop(agenda, "stopped");
	}
	while (!list_empty(&agenda->runs)) {
		count++;
		run_stop(agenda, list_entry(agenda->runs.next, struct run, all));
	}
	loop_timer_set(agenda->timer, 0);
	return count;
}

static void count_play(void *arg, const struct ctl_play *play)
{
	(void)play;
	++*(uint32_t *)arg;
}

void ctl_event_status(struct ctl *ctl, struct ctl_event_status *ret_status)
{
	const struct agenda *agenda = ctl->agenda;
	const struct run *run = agenda->file;

	*ret_status = (struct ctl_event_status){.state = run ? "running" : agenda->file_state,
						.seed = agenda->file_seed,
						.speed = agenda->file_speed,
						.posted = agenda->posted};
	if (run)
		ret_status->now_ns = run_now(run->zero_ns, run->speed);
	ctl_play_each(ctl, count_play, &ret_status->traces);
}

static void each_of(const struct run *run, ctl_event_fn fn, void *arg)
{
	for (size_t i = 0; i < run->events->count; i++) {
		struct timeline_state is;
		struct ctl_event event = {.event = &run->events->events[i],
					  .number = run->posted ? run->number : i,
					  .posted = run->posted};

		timeline_event(run->timeline, i, &is);
		event.next_ns = is.next_ns;
		event.firings = is.firings;
		event.holds = is.holds;
		fn(arg, &event);
	}
}

void ctl_event_each(struct ctl *ctl, ctl_event_fn fn, void *arg)
{
	const struct agenda *agenda = ctl->agenda;
	const struct topo_events *events = ctl->model->events;
	struct list *pos;

	if (agenda->file)
		each_of(agenda->file, fn, arg);
	for (size_t i = 0; !agenda->file && events && i < events->count; i++) {
		struct ctl_event event = {
			.event = &events->events[i], .number = i, .next_ns = TIMELINE_NEVER};

		fn(arg, &event);
	}
	list_for_each (pos, &agenda->runs)
		if (list_entry(pos, struct run, all)->posted)
			each_of(list_entry(pos, struct run, all), fn, arg);
}

void ctl_event_log(struct ctl *ctl, uint64_t after, ctl_firing_fn fn, void *arg)
{
	struct agenda *agenda = ctl->agenda;
	uint64_t last = agenda->last_firing;
	uint64_t first = last > CTL_EVENT_LOG ? last - CTL_EVENT_LOG + 1 : 1;

	for (uint64_t id = after >= first ? after + 1 : first; id <= last; id++)
		fn(arg, &agenda->log[id % CTL_EVENT_LOG]);
}

void ctl_event_watch(struct ctl *ctl, ctl_firing_fn fn, void *arg)
{
	ctl->agenda->fn = fn;
	ctl->agenda->arg = arg;
}
