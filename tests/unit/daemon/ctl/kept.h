/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A controller with a store and a machine that outlive it: daemons one after the other. */
#ifndef VLSP_TESTS_UNIT_DAEMON_CTL_KEPT_H
#define VLSP_TESTS_UNIT_DAEMON_CTL_KEPT_H

#include "daemon/ctl/reconcile.h"
#include "tests/unit/daemon/ctl/fake_store.h"

struct kept_world {
	struct world w;
	struct fake_machine *machine;
	struct fake_store store;
	uint64_t restart_ns; /* of the next daemon's routers; 0: at once */
};

struct recovered {
	int calls, status;
	struct ctl_reconcile result;
	struct err err;
};

static __attribute__((unused)) void
on_recovered(void *arg, int status, const struct ctl_reconcile *result, const struct err *err)
{
	struct recovered *recovered = arg;

	recovered->calls++;
	recovered->status = status;
	recovered->result = *result;
	recovered->err = *err;
}

static __attribute__((unused)) void boot(struct kept_world *k)
{
	struct fake_config fake = {.batch_ns = 1000, .report_ns = 1000, .restart_ns = 1000000};
	struct ctl_config config = {.host_name = "test"};
	struct err err = {0};

	if (k->restart_ns)
		fake.restart_ns = k->restart_ns;
	assert_int_equal(loop_new(&k->w.loop), 0);
	assert_int_equal(model_new(&k->w.model), 0);
	assert_int_equal(store_restore(&k->store.kept, k->w.model, &err), 0);
	fake.loop = config.loop = k->w.loop;
	fake.machine = k->machine;
	assert_int_equal(fake_new(&fake, &k->w.host), 0);
	config.model = k->w.model;
	config.host = k->w.host;
	config.store = &k->store.store;
	config.content = &k->store.kept;
	assert_int_equal(ctl_new(&config, &k->w.ctl), 0);
}

static __attribute__((unused)) void recover(struct kept_world *k, struct recovered *recovered)
{
	struct err err = {0};

	memset(recovered, 0, sizeof(*recovered));
	assert_int_equal(ctl_recover(k->w.ctl, on_recovered, recovered, &err), 0);
	while (!recovered->calls)
		assert_true(loop_once(k->w.loop, 1000) >= 0);
	assert_int_equal(recovered->status, 0);
}

static __attribute__((unused)) int setup(void **state)
{
	struct kept_world *k = calloc(1, sizeof(*k));
	struct recovered recovered;

	assert_non_null(k);
	k->machine = fake_machine_new();
	assert_non_null(k->machine);
	fake_store_init(&k->store);
	boot(k);
	recover(k, &recovered);
	assert_true(recovered.result.nothing);
	*state = k;
	return 0;
}

static __attribute__((unused)) void end(struct kept_world *k, bool keep)
{
	k->w.host->ops->close(k->w.host, keep);
	ctl_free(k->w.ctl);
	model_free(k->w.model);
	loop_free(k->w.loop);
}

static __attribute__((unused)) int teardown(void **state)
{
	struct kept_world *k = *state;

	end(k, false);
	fake_machine_free(k->machine);
	fake_store_done(&k->store);
	free(k);
	return 0;
}

static __attribute__((unused)) void restart(struct kept_world *k, struct recovered *recovered)
{
	end(k, true);
	boot(k);
	recover(k, recovered);
}

static __attribute__((unused)) struct ctl_op reconcile(struct kept_world *k, bool dry,
						       struct ctl_reconcile *ret)
{
	struct ending ending = {0};
	struct err err = {0};

	assert_int_equal(ctl_topology_reconcile(k->w.ctl, dry, world_ended, &ending, NULL, &err),
			 0);
	world_wait(&k->w, &ending);
	*ret = *ctl_op_by_id(k->w.ctl, ending.op.id)->reconcile;
	return ending.op;
}

#endif
