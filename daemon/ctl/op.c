/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations: their queue, states, history and subscribers. A request that is wrong is refused when
 * it arrives, by making its plan against the model and throwing it away. While other operations
 * are under way the model is about to change, so then only what does not depend on it is checked
 * (by the caller of op_submit()) and the rest when its turn has come. run.c carries them out.
 */
#include "daemon/ctl/keep.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/settle.h"
#include "lib/base/clock.h"

static const char *const state_names[] = {
	[CTL_QUEUED] = "queued",     [CTL_RUNNING] = "running", [CTL_CONVERGING] = "converging",
	[CTL_SETTLING] = "settling", [CTL_DONE] = "done",	[CTL_OP_FAILED] = "failed",
};

/* Which states may follow; each state is entered at most once, so every operation ends. */
static const unsigned next_states[] = {
	[CTL_QUEUED] = 1u << CTL_RUNNING,
	[CTL_RUNNING] = 1u << CTL_CONVERGING | 1u << CTL_SETTLING | 1u << CTL_DONE |
			1u << CTL_OP_FAILED,
	[CTL_CONVERGING] = 1u << CTL_SETTLING | 1u << CTL_DONE | 1u << CTL_OP_FAILED,
	[CTL_SETTLING] = 1u << CTL_DONE | 1u << CTL_OP_FAILED,
	[CTL_DONE] = 0,
	[CTL_OP_FAILED] = 0,
};

const char *ctl_op_state_name(enum ctl_op_state state)
{
	return state_names[state];
}

static struct op *op_of(struct list *node)
{
	return (struct op *)list_entry(node, struct ctl_op, all);
}

static bool ended(const struct op *op)
{
	return op->pub.state == CTL_DONE || op->pub.state == CTL_OP_FAILED;
}

static void op_free(struct op *op)
{
	if (op->args)
		op->kind->free_args(op->args);
	plan_done(&op->plan);
	host_batch_free(op->did);
	settle_free(op->settle);
	free(op);
}

void op_free_all(struct ctl *ctl)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &ctl->ops)
		op_free(op_of(pos));
	list_init(&ctl->ops);
}

static void notify(struct ctl *ctl, const struct op *op)
{
	size_t i;

	if (op->quiet)
		return;
	for (i = 0; i < ctl->subscriber_count; i++)
		ctl->subscribers[i].fn(ctl->subscribers[i].arg, &op->pub);
}

static int check_now(struct ctl *ctl, const struct op_request *request, struct err *err)
{
	struct plan plan;
	int ret;

	if (ctl->pending >= CTL_PENDING_MAX)
		return err_set(err, EAGAIN, "%u operations are waiting already", ctl->pending);
	if (ctl->pending)
		return 0;
	plan_init(&plan, ctl->model);
	ret = request->kind->plan(ctl, request->args, &plan, err);
	plan_done(&plan);
	return ret;
}

int op_submit(struct ctl *ctl, const struct op_request *request, uint64_t *ret_op, struct err *err)
{
	struct op *op;
	int ret = check_now(ctl, request, err);

	if (ret < 0) {
		request->kind->free_args(request->args);
		return ret;
	}
	op = calloc(1, sizeof(*op));
	if (!op) {
		request->kind->free_args(request->args);
		return err_set(err, ENOMEM, "out of memory");
	}
	op->kind = request->kind;
	op->args = request->args;
	op->done = request->done;
	op->arg = request->arg;
	op->no_wait = request->no_wait;
	op->quiet = request->quiet;
	op->timeout_ms = request->timeout_ms ? request->timeout_ms : CTL_CONVERGE_TIMEOUT_MS;
	op->pub.id = ++ctl->last_op_id;
	op->pub.kind = op->kind->name;
	op->pub.state = CTL_QUEUED;
	op->pub.queued_ms = clock_wall_ms();
	op->pub.queued_ns = clock_mono_ns();
	list_add_tail(&ctl->ops, &op->pub.all);
	ctl->pending++;
	if (ret_op)
		*ret_op = op->pub.id;
	notify(ctl, op);
	run_kick(ctl);
	return 0;
}

struct op *op_next(struct ctl *ctl)
{
	struct list *pos;
	struct op *next = NULL;

	/* From the end: what waits is behind everything else. */
	for (pos = ctl->ops.prev; pos != &ctl->ops; pos = pos->prev) {
		if (op_of(pos)->pub.state != CTL_QUEUED)
			break;
		next = op_of(pos);
	}
	return next;
}

void op_set_state(struct ctl *ctl, struct op *op, enum ctl_op_state state)
{
	if (!(next_states[op->pub.state] & 1u << state))
		abort();
	op->pub.state = state;
	if (state == CTL_RUNNING)
		op->pub.started_ms = clock_wall_ms();
	if (ended(op)) {
		op->pub.ended_ms = clock_wall_ms();
		op->pub.ended_ns = clock_mono_ns();
	}
	notify(ctl, op);
}

/* Subscribers hear of each whole percent only. */
void op_progress(struct ctl *ctl, struct op *op, uint64_t done, uint64_t total)
{
	uint64_t was = op->pub.total ? op->pub.done * 100 / op->pub.total : 0;
	bool tell = op->pub.total != total || done == total || (total && done * 100 / total != was);

	op->pub.done = done;
	op->pub.total = total;
	if (tell)
		notify(ctl, op);
}

/* What it did to the network is done; what it was done for, too, if it ends well. */
static void let_go(struct ctl *ctl, struct op *op)
{
	plan_done(&op->plan);
	host_batch_free(op->did);
	op->did = NULL;
	if (ctl->current != op)
		return;
	ctl->current = NULL;
	ctl->pending--;
}

void op_settle(struct ctl *ctl, struct op *op)
{
	let_go(ctl, op);
	op->applied = ctl->applied;
	op_set_state(ctl, op, CTL_SETTLING);
	pace_kick(ctl->pace);
	run_kick(ctl);
}

/* Of an apply that has waited for its applications, only if there was no other one meanwhile. */
static void tell_ended(struct ctl *ctl, struct op *op, bool well, bool settling)
{
	if (!op->kind->ended || (settling && op->applied != ctl->applied))
		return;
	ctl->applied++;
	op->kind->ended(ctl, op->args, well);
}

/* The oldest that have ended leave; those that still wait for something stay. */
static void trim_history(struct ctl *ctl)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &ctl->ops) {
		struct op *oldest = op_of(pos);

		if (ctl->ended <= CTL_HISTORY_MAX)
			break;
		if (!ended(oldest))
			continue;
		list_del(&oldest->pub.all);
		keep_forget(ctl, oldest);
		op_free(oldest);
		ctl->ended--;
	}
}

void op_finish(struct ctl *ctl, struct op *op, const struct err *err)
{
	ctl_done_fn done = op->done;
	bool settling = op->pub.state == CTL_SETTLING;

	if (err) {
		op->pub.err = *err;
		op->pub.router_id = op->pub.link_id = op->pub.app_id = 0;
	}
	let_go(ctl, op);
	settle_free(op->settle);
	op->settle = NULL;
	op_set_state(ctl, op, err ? CTL_OP_FAILED : CTL_DONE);
	if (!op->quiet)
		keep_end(ctl, op);
	tell_ended(ctl, op, !err, settling);
	op->kind->free_args(op->args);
	op->args = NULL;
	op->done = NULL;
	if (done)
		done(op->arg, &op->pub);
	if (op->quiet) {
		list_del(&op->pub.all);
		op_free(op);
	} else {
		ctl->ended++;
	}
	trim_history(ctl);
	pace_kick(ctl->pace);
	run_kick(ctl);
}

const struct ctl_op *ctl_op_by_id(struct ctl *ctl, uint64_t id)
{
	struct list *pos;

	for (pos = ctl->ops.prev; pos != &ctl->ops; pos = pos->prev) {
		if (op_of(pos)->pub.id == id)
			return &op_of(pos)->pub;
	}
	return NULL;
}

const struct list *ctl_op_list(struct ctl *ctl)
{
	return &ctl->ops;
}

int ctl_op_subscribe(struct ctl *ctl, ctl_op_fn fn, void *arg)
{
	struct op_subscriber *more = realloc(ctl->subscribers, (ctl->subscriber_count + 1) *
								       sizeof(ctl->subscribers[0]));

	if (!more)
		return -ENOMEM;
	ctl->subscribers = more;
	ctl->subscribers[ctl->subscriber_count++] = (struct op_subscriber){fn, arg};
	return 0;
}
