// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of applications by themselves, written to the store (keep.h): that one has ended, or
 * is to be started again, and that one is forgotten. Several at once where it need not be at once.
 * Called by app_run.c and settle.c.
 */
#include "daemon/ctl/keep.h"

#include <stdlib.h>

#include "daemon/ctl/app_run.h"
#include "daemon/ctl/app_run_priv.h"
#include "daemon/ctl/plan_store.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define SOON_NS	 (200 * NSEC_PER_MSEC)
#define AGAIN_NS (2 * NSEC_PER_SEC)

void keep_apps_soon(struct ctl *ctl)
{
	struct apps *apps = ctl->apps;

	if (!ctl->store || apps->write_set)
		return;
	apps->write_set = true;
	loop_timer_set(apps->write, clock_mono_ns() + SOON_NS);
}

void keep_app_gone(struct ctl *ctl, uint32_t id)
{
	struct apps *apps = ctl->apps;
	uint32_t *more;

	if (!ctl->store)
		return;
	if (apps->gone_count == apps->gone_room) {
		apps->gone_room = apps->gone_room ? apps->gone_room * 2 : 16;
		more = realloc(apps->gone, apps->gone_room * sizeof(*more));
		if (!more) { /* then everything is written anew, with the next operation */
			apps->gone_room = apps->gone_count;
			ctl->store_differs = true;
			return;
		}
		apps->gone = more;
	}
	apps->gone[apps->gone_count++] = id;
	keep_apps_soon(ctl);
}

static size_t unwritten(const struct ctl *ctl)
{
	const struct list *pos;
	size_t count = 0;

	list_for_each (pos, &ctl->model->apps)
		count += list_entry(pos, struct model_app, all)->unwritten;
	return count;
}

static int write_change(struct ctl *ctl, size_t count, struct err *err)
{
	struct store_app *rows = calloc(count + 1, sizeof(*rows));
	struct store_change change = {.apps = rows,
				      .apps_gone = ctl->apps->gone,
				      .apps_gone_count = ctl->apps->gone_count,
				      .last_app_id = model_last_app_id(ctl->model)};
	const struct list *pos;
	int ret;

	if (!rows)
		return err_set(err, ENOMEM, "out of memory");
	model_last_ids(ctl->model, &change.last_router_id, &change.last_link_id);
	list_for_each (pos, &ctl->model->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, all);

		if (app->unwritten)
			plan_app_fill(&rows[change.app_count++], app);
	}
	ret = ctl->store->ops->commit(ctl->store, &change, err);
	free(rows);
	return ret < 0 ? keep_refused(ret, err) : 0;
}

int keep_apps(struct ctl *ctl, struct err *err)
{
	size_t count = unwritten(ctl);
	struct err why = {0};
	int ret;

	if (!ctl->store || (!count && !ctl->apps->gone_count))
		return 0;
	if (keep_stale(ctl))
		ret = err_set(&why, KEEP_FAILED, "%s", ctl->store->trouble);
	else
		ret = write_change(ctl, count, &why);
	if (ret == 0) {
		keep_apps_written(ctl);
		return 0;
	}
	ctl->apps->write_set = true;
	loop_timer_set(ctl->apps->write, clock_mono_ns() + AGAIN_NS);
	*err = why;
	return ret;
}

void keep_apps_written(struct ctl *ctl)
{
	struct list *pos;

	list_for_each (pos, &ctl->model->apps)
		list_entry(pos, struct model_app, all)->unwritten = false;
	ctl->apps->gone_count = 0;
	ctl->apps->write_set = false;
	loop_timer_set(ctl->apps->write, 0);
}

/* Not while an operation is at it: the room that it has made for its change is for that. */
void keep_apps_timer(void *arg)
{
	struct ctl *ctl = arg;
	struct err why;

	ctl->apps->write_set = false;
	if (run_busy(ctl))
		keep_apps_soon(ctl);
	else if (keep_apps(ctl, &why) < 0)
		log_error("state: what became of applications is not written yet: %s", why.text);
}
