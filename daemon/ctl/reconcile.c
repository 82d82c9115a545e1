/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recovery at start, and the operation "reconcile" (reconcile.h). Both are a comparison by
 * repair.c; neither writes the topology to the store: what is wanted stays the same.
 */
#include "daemon/ctl/reconcile.h"

#include <stdlib.h>

#include "daemon/ctl/app_run.h"
#include "daemon/ctl/converge.h"
#include "daemon/ctl/keep.h"
#include "daemon/ctl/repair.h"

struct recovery {
	struct ctl *ctl;
	ctl_recovered_fn done;
	void *arg;
	struct ctl_reconcile result;
};

static void recovered(void *arg, int status, const struct err *err)
{
	struct recovery *recovery = arg;
	struct ctl *ctl = recovery->ctl;

	if (status == 0)
		keep_recovered(ctl);
	apps_recovered(ctl);
	ctl->recovery = NULL;
	pace_kick(ctl->pace); /* what was taken over may be emulated */
	recovery->done(recovery->arg, status, &recovery->result, err);
	free(recovery);
	run_kick(ctl);
}

int ctl_recover(struct ctl *ctl, ctl_recovered_fn done, void *arg, struct err *err)
{
	struct recovery *recovery;
	int ret;

	if (ctl->recovery || ctl->current || ctl->pending)
		return err_set(err, EBUSY, "recovery: operations have begun");
	recovery = calloc(1, sizeof(*recovery));
	if (!recovery)
		return err_set(err, ENOMEM, "out of memory");
	recovery->ctl = ctl;
	recovery->done = done;
	recovery->arg = arg;
	ctl->recovery = recovery;
	apps_recover(ctl);
	ret = repair_start(ctl, REPAIR_ADOPT, &recovery->result, recovered, recovery, err);
	if (ret < 0) {
		ctl->recovery = NULL;
		free(recovery);
	}
	return ret;
}

struct reconcile_args {
	bool dry;
};

/* It may be asked for at any time. */
static int plan_nothing(struct ctl *ctl, const void *args, struct plan *plan, struct err *err)
{
	(void)ctl;
	(void)args;
	(void)plan;
	(void)err;
	return 0;
}

static void reconciled(void *arg, int status, const struct err *err)
{
	struct ctl *ctl = arg;
	struct op *op = ctl->current;

	if (status == 0)
		op->pub.reconcile = &op->reconcile;
	converge_step(ctl->converge);
	op->pub.converged = converge_complete(ctl->converge);
	op->pub.machine = err->code != 0;
	op_finish(ctl, op, err->code ? err : NULL);
}

static int run(struct ctl *ctl, struct op *op, struct err *err)
{
	const struct reconcile_args *args = op->args;

	return repair_start(ctl, args->dry ? REPAIR_LOOK : REPAIR_FIX, &op->reconcile, reconciled,
			    ctl, err);
}

static const struct op_kind kind_reconcile = {
	.name = "reconcile", .plan = plan_nothing, .free_args = free, .run = run};

int ctl_topology_reconcile(struct ctl *ctl, bool dry, ctl_done_fn done, void *arg, uint64_t *ret_op,
			   struct err *err)
{
	struct op_request request = {.kind = &kind_reconcile, .done = done, .arg = arg};
	struct reconcile_args *args = calloc(1, sizeof(*args));

	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	args->dry = dry;
	request.args = args;
	return op_submit(ctl, &request, ret_op, err);
}
