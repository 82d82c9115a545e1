/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller's writes to the store (keep.h), and what it finds there of a daemon before it. */
#include "daemon/ctl/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/plan_store.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define REWRITE_NS (2 * NSEC_PER_SEC)
#define CUT_SHORT  "vlspd ended before it was done; the network is as it was before"

int keep_refused(int ret, struct err *err)
{
	if (!err->text[0])
		err_errno(err, ret, "state");
	err->code = ret == -ENOSPC || ret == -EDQUOT ? KEEP_FULL : KEEP_FAILED;
	return -err->code;
}

static void fill_op(struct store_op *row, const struct op *op)
{
	const struct ctl_op *pub = &op->pub;

	memset(row, 0, sizeof(*row));
	row->id = pub->id;
	snprintf(row->kind, sizeof(row->kind), "%s", pub->kind);
	row->ended = pub->ended_ms != 0;
	row->error = pub->err.code;
	snprintf(row->text, sizeof(row->text), "%.*s", (int)sizeof(row->text) - 1, pub->err.text);
	row->queued_ms = pub->queued_ms;
	row->started_ms = pub->started_ms;
	row->ended_ms = pub->ended_ms;
	row->router_id = pub->router_id;
	row->link_id = pub->link_id;
	row->app_id = pub->app_id;
}

/* The model as it is, in place of whatever the store holds. */
static int write_all(struct ctl *ctl, struct err *err)
{
	struct plan_store store;
	int ret = plan_store_all(ctl->model, ctl->removed_unwritten, &store);

	if (ret < 0)
		return err_set(err, ENOMEM, "out of memory");
	ret = ctl->store->ops->commit(ctl->store, &store.change, err);
	plan_store_done(&store);
	if (ret < 0)
		return keep_refused(ret, err);
	ctl->store_differs = false;
	ctl->removed_unwritten = 0;
	keep_apps_written(ctl);
	return 0;
}

bool keep_stale(const struct ctl *ctl)
{
	return ctl->store_differs || ctl->store->stale;
}

int keep_ready(struct ctl *ctl, struct err *err)
{
	struct err why = {0};
	int ret = ctl->store && keep_stale(ctl) ? write_all(ctl, &why) : 0;

	if (ret < 0)
		*err = why;
	return ret;
}

int keep_begin(struct ctl *ctl, struct op *op, struct err *err)
{
	struct err why = {0};
	uint32_t router_id, link_id;
	struct store_op row;
	int ret;

	if (!ctl->store)
		return 0;
	fill_op(&row, op);
	model_last_ids(ctl->model, &router_id, &link_id);
	ret = ctl->store->ops->begin(ctl->store, &row, router_id, link_id,
				     model_last_app_id(ctl->model), plan_store_rows(&op->plan),
				     &why);
	if (ret < 0) {
		ret = keep_refused(ret, &why);
		*err = why;
	}
	return ret;
}

int keep_commit(struct ctl *ctl, struct op *op, uint64_t now_ms, struct err *err)
{
	struct err why = {0};
	struct plan_store store;
	struct store_op row;
	int ret;

	if (!ctl->store)
		return 0;
	ret = plan_store_change(&op->plan, ctl->model, now_ms, &store);
	if (ret < 0)
		return err_set(err, ENOMEM, "out of memory");
	fill_op(&row, op);
	row.ended = true;
	row.ended_ms = now_ms;
	store.change.op = &row;
	ret = ctl->store->ops->commit(ctl->store, &store.change, &why);
	plan_store_done(&store);
	if (ret < 0) {
		ret = keep_refused(ret, &why);
		*err = why;
		return ret;
	}
	op->written = true;
	return 0;
}

void keep_undone(struct ctl *ctl, size_t wrong, size_t gone, struct err *why)
{
	size_t used = strlen(why->text);
	struct err err = {0};

	if (!ctl->store)
		return;
	if (wrong)
		ctl->store_differs = true;
	ctl->removed_unwritten += gone;
	if (!keep_stale(ctl) || write_all(ctl, &err) == 0)
		return;
	snprintf(why->text + used, sizeof(why->text) - used,
		 "; what is kept may differ from what runs, until it can be written (%.150s)",
		 err.text);
}

int ctl_op_promise(struct ctl *ctl, uint64_t id, struct err *err)
{
	struct op *op = (struct op *)ctl_op_by_id(ctl, id);
	uint32_t router_id, link_id;
	struct err why = {0};
	struct store_op row;
	int ret;

	if (!ctl->store || !op || op->pub.state != CTL_QUEUED)
		return 0;
	fill_op(&row, op);
	model_last_ids(ctl->model, &router_id, &link_id);
	ret = ctl->store->ops->begin(ctl->store, &row, router_id, link_id,
				     model_last_app_id(ctl->model), 0, &why);
	if (ret == 0)
		return 0;
	ret = keep_refused(ret, &why);
	op->refused = *err = why;
	return ret;
}

static int write_end(struct ctl *ctl, const struct op *op, struct err *err)
{
	struct store_op row;

	fill_op(&row, op);
	return ctl->store->ops->end(ctl->store, &row, err);
}

void keep_rewrite(void *arg)
{
	struct ctl *ctl = arg;
	struct list *pos;
	struct err why;

	list_for_each (pos, &ctl->ops) {
		struct op *op = (struct op *)list_entry(pos, struct ctl_op, all);

		if (!ctl->unwritten)
			break;
		if (!op->unwritten)
			continue;
		if (write_end(ctl, op, &why) < 0)
			break;
		op->unwritten = false;
		ctl->unwritten--;
	}
	loop_timer_set(ctl->rewrite, ctl->unwritten ? clock_mono_ns() + REWRITE_NS : 0);
}

void keep_forget(struct ctl *ctl, const struct op *op)
{
	ctl->unwritten -= op->unwritten;
}

void keep_end(struct ctl *ctl, struct op *op)
{
	struct err why = {0};
	bool writes = !op->written || op->pub.err.code;

	if (!ctl->store)
		return;
	if (writes && write_end(ctl, op, &why) < 0) {
		log_error("state: the end of operation %llu is not written yet: %s",
			  (unsigned long long)op->pub.id, why.text);
		op->unwritten = true;
		ctl->unwritten++;
		loop_timer_set(ctl->rewrite, clock_mono_ns() + REWRITE_NS);
	} else if (ctl->unwritten) {
		keep_rewrite(ctl); /* it works again */
	}
}

static struct op *op_restore(const struct store_op *row)
{
	struct op *op = calloc(1, sizeof(*op));
	struct ctl_op *pub;

	if (!op)
		return NULL;
	pub = &op->pub;
	memcpy(op->kind_name, row->kind, sizeof(op->kind_name));
	pub->kind = op->kind_name;
	pub->id = row->id;
	pub->queued_ms = row->queued_ms;
	pub->started_ms = row->started_ms;
	pub->ended_ms = row->ended_ms;
	pub->router_id = row->router_id;
	pub->link_id = row->link_id;
	pub->app_id = row->app_id;
	pub->state = row->ended && !row->error ? CTL_DONE : CTL_OP_FAILED;
	op->written = row->ended;
	if (!row->ended) {
		err_set(&pub->err, ECANCELED, "%s", CUT_SHORT);
		pub->ended_ms = clock_wall_ms();
		pub->router_id = pub->link_id = pub->app_id = 0;
	} else if (row->error) {
		err_set(&pub->err, row->error, "%s", row->text);
	}
	return op;
}

int keep_history(struct ctl *ctl, const struct store_content *content)
{
	size_t i = content->op_count > CTL_HISTORY_MAX ? content->op_count - CTL_HISTORY_MAX : 0;

	ctl->last_op_id = content->last_op_id;
	for (; i < content->op_count; i++) {
		struct op *op = op_restore(&content->ops[i]);

		if (!op)
			return -ENOMEM;
		list_add_tail(&ctl->ops, &op->pub.all);
		ctl->ended++;
		if (op->pub.id > ctl->last_op_id)
			ctl->last_op_id = op->pub.id;
	}
	return 0;
}

void keep_recovered(struct ctl *ctl)
{
	struct list *pos;

	list_for_each (pos, &ctl->ops) {
		struct op *op = (struct op *)list_entry(pos, struct ctl_op, all);

		if (op->written || op->pub.state != CTL_OP_FAILED)
			continue;
		keep_end(ctl, op);
		op->written = true;
	}
}
