// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations that wait for applications (settle.h): until each is ready, has failed, or is gone, or
 * their time is up. They are not the current operation meanwhile.
 */
#include "daemon/ctl/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/app.h"
#include "daemon/ctl/app_run.h"
#include "daemon/ctl/keep.h"
#include "lib/base/clock.h"

struct settle {
	struct list all; /* struct ctl.settles, once it waits */
	struct op *op;
	enum settle_kind kind;
	uint32_t *ids; /* count of them are still waited for */
	size_t count, total;
	size_t failed;
	struct err first; /* of those that failed */
	uint64_t deadline_ns;
};

void settle_free(struct settle *settle)
{
	if (!settle)
		return;
	list_del(&settle->all);
	free(settle->ids);
	free(settle);
}

int settle_note(struct op *op)
{
	const struct plan *plan = &op->plan;
	bool dels = op->kind->settles != SETTLE_OR_NONE, adds = op->kind->settles != SETTLE_GONE;
	size_t count = (dels ? plan->apps_del_count : 0) +
		       (adds ? plan->apps_add_count + plan->apps_wait_count : 0);
	struct settle *settle;
	uint32_t *to;

	if (op->kind->settles == SETTLE_NOT || op->no_wait || !count)
		return 0;
	settle = calloc(1, sizeof(*settle));
	if (!settle)
		return -ENOMEM;
	list_init(&settle->all);
	settle->ids = calloc(count, sizeof(settle->ids[0]));
	if (!settle->ids) {
		settle_free(settle);
		return -ENOMEM;
	}
	settle->op = op;
	settle->kind = op->kind->settles;
	settle->count = settle->total = count;
	to = settle->ids;
	for (size_t i = 0; dels && i < plan->apps_del_count; i++)
		*to++ = plan->apps_del[i];
	for (size_t i = 0; adds && i < plan->apps_add_count; i++)
		*to++ = plan->apps_add[i].made->id;
	for (size_t i = 0; adds && i < plan->apps_wait_count; i++)
		*to++ = plan->apps_wait[i];
	op->settle = settle;
	return 0;
}

/* The timer is set to the first deadline there is. */
static void set_timer(struct ctl *ctl)
{
	uint64_t first = 0;
	struct list *pos;

	list_for_each (pos, &ctl->settles) {
		const struct settle *settle = list_entry(pos, struct settle, all);

		if (!first || settle->deadline_ns < first)
			first = settle->deadline_ns;
	}
	loop_timer_set(ctl->settle_deadline, first);
}

void settle_finish(struct ctl *ctl, struct op *op)
{
	struct settle *settle = op->settle;

	if (!settle) {
		op_finish(ctl, op, NULL);
		return;
	}
	settle->deadline_ns = clock_mono_ns() + op->timeout_ms * NSEC_PER_MSEC;
	list_add_tail(&ctl->settles, &settle->all);
	op_progress(ctl, op, 0, settle->total);
	op_settle(ctl, op);
	set_timer(ctl);
	apps_kick(ctl);
}

/* --- what has become of them ------------------------------------------------------------------ */

static void failed(struct ctl *ctl, struct settle *settle, struct model_app *app)
{
	struct err *first = &settle->first;

	if (settle->failed++ == 0) {
		apps_why(app, first);
		err_wrap(first, "application %s on %s", app->app->name, app->router->name);
		if (settle->kind == SETTLE_READY) /* whatever the machine said of that one */
			first->code = ENOEXEC;
	}
	if (settle->kind == SETTLE_OR_NONE)
		apps_drop(ctl, app);
}

/* Whether there is nothing to wait for any more. */
static bool settled(struct ctl *ctl, struct settle *settle, uint32_t id)
{
	struct model_app *app = model_app_by_id(ctl->model, id);

	if (settle->kind == SETTLE_GONE)
		return !app;
	if (settle->kind == SETTLE_READY && app && app->going)
		return false;
	if (app && !app->going && !apps_well(app)) {
		if (!apps_lost(app))
			return false;
		failed(ctl, settle, app);
	} else if (settle->kind == SETTLE_OR_NONE && (!app || app->going) &&
		   settle->failed++ == 0) {
		err_set(&settle->first, ECANCELED, "it was stopped before it was ready");
	}
	return true;
}

static void finish(struct ctl *ctl, struct settle *settle, struct err *err)
{
	struct op *op = settle->op;
	size_t used = strlen(err->text);
	struct err why;

	/* Nothing was changed: that is said when it is so also for the next daemon. */
	if (settle->kind == SETTLE_OR_NONE && err->code && keep_apps(ctl, &why) < 0)
		snprintf(err->text + used, sizeof(err->text) - used,
			 "; that it is not wanted any more could not be written yet (%.150s)",
			 why.text);
	op->pub.machine = err->code && settle->kind == SETTLE_OR_NONE;
	op->settle = NULL;
	settle_free(settle);
	op_finish(ctl, op, err->code ? err : NULL);
}

/* true: it has ended. */
static bool look(struct ctl *ctl, struct settle *settle)
{
	struct err err = {0};
	size_t kept = 0;

	for (size_t i = 0; i < settle->count; i++) {
		if (!settled(ctl, settle, settle->ids[i]))
			settle->ids[kept++] = settle->ids[i];
	}
	if (kept != settle->count) {
		settle->count = kept;
		op_progress(ctl, settle->op, settle->total - kept, settle->total);
	}
	if (kept)
		return false;
	if (settle->failed)
		err = settle->first;
	if (settle->failed > 1)
		snprintf(err.text + strlen(err.text), sizeof(err.text) - strlen(err.text),
			 " (and %zu more failed)", settle->failed - 1);
	finish(ctl, settle, &err);
	return true;
}

/* done of one may ask for others: these wait from the next round of the loop on. */
void settle_look(struct ctl *ctl)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &ctl->settles)
		look(ctl, list_entry(pos, struct settle, all));
	set_timer(ctl);
}

/* --- the time is up -----------------------------------------------------------------------------
 */

static void late(struct ctl *ctl, struct settle *settle)
{
	unsigned long long ms = (unsigned long long)settle->op->timeout_ms;
	/* It waits for this one, so it is there. */
	const struct model_app *app = model_app_by_id(ctl->model, settle->ids[0]);
	bool gone = settle->kind == SETTLE_GONE || app->going;
	struct err err;

	err_set(&err, ETIMEDOUT, "application %s on %s %s within %llu ms: it is %s%s%.200s",
		app->app->name, app->router->name, gone ? "has not ended" : "is not ready", ms,
		model_app_phase_name(app->state.phase), app->state.text[0] ? ": " : "",
		app->state.text);
	if (settle->count > 1)
		snprintf(err.text + strlen(err.text), sizeof(err.text) - strlen(err.text),
			 "; and %zu more", settle->count - 1);
	if (settle->failed)
		snprintf(err.text + strlen(err.text), sizeof(err.text) - strlen(err.text),
			 "; %zu failed (%.150s)", settle->failed, settle->first.text);
	finish(ctl, settle, &err);
}

void settle_deadline(void *arg)
{
	struct ctl *ctl = arg;
	uint64_t now = clock_mono_ns();
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &ctl->settles) {
		struct settle *settle = list_entry(pos, struct settle, all);

		if (settle->deadline_ns <= now && !look(ctl, settle))
			late(ctl, settle);
	}
	set_timer(ctl);
}
