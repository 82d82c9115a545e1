/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake back end (fake.h): batches, one after the other by a timer. Its machine is in
 * fake_machine.c, comparing in fake_audit.c, what its routers report in fake_report.c. Made by the
 * daemon's main for simulation mode, and by tests.
 */
#include "daemon/host/fake.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/fake_priv.h"
#include "lib/base/clock.h"

/* A test may have had the daemon killed: then nothing is done any more. */
static bool gate(struct fake *fake)
{
	return !fake->gate || fake->gate(fake->gate_arg);
}

/* Every item is numbered; one of them may have been chosen to fail. */
static int fault(struct fake *fake, const char *what, const char *name, struct err *err)
{
	if (!gate(fake))
		return err_errno(err, EIO, "%s %s", what, name);
	if (!fake->fail_error || fake->fail_countdown--)
		return 0;
	int error = fake->fail_error;

	fake->fail_error = fake->second_error;
	fake->fail_countdown = fake->second_countdown;
	fake->second_error = 0;
	return err_errno(err, error, "%s %s", what, name);
}

/* Does items until one fails. */
#define RUN(list, what, fn)                                                                        \
	for (i = 0; ret == 0 && i < batch->list##_count; i++) {                                    \
		ret = fault(fake, what, batch->list[i].name, err);                                 \
		if (ret == 0)                                                                      \
			ret = fn(fake->machine, &batch->list[i], err);                             \
		if (!gate(fake))                                                                   \
			ret = -EIO;                                                                \
		batch->list[i].state = ret == 0 ? HOST_DONE : HOST_FAILED;                         \
		if (ret == 0)                                                                      \
			fake->counts.items++;                                                      \
		if (ret == 0 && fake->progress)                                                    \
			fake->progress(fake->arg, ++done, total);                                  \
	}

static int run_batch(struct fake *fake, struct host_batch *batch, struct err *err)
{
	size_t total = batch->links_del_count + batch->routers_del_count +
		       batch->routers_set_count + batch->routers_add_count +
		       batch->links_add_count + batch->links_set_count;
	struct fake_machine *machine = fake->machine;
	size_t i, done = 0;
	int ret = 0;

	RUN(links_del, "link", fake_link_remove)
	RUN(routers_del, "router", fake_router_stop)
	if (machine->router_count &&
	    (machine->network.network != batch->network.network ||
	     machine->network.prefix_len != batch->network.prefix_len) &&
	    ret == 0)
		ret = err_set(err, EBUSY, "network: it changes while routers run");
	if (ret == 0)
		machine->network = batch->network;
	RUN(routers_add, "router", fake_router_start)
	for (i = 0; ret == 0 && i < batch->routers_set_count; i++)
		fake_detach(machine, &batch->routers_set[i]);
	RUN(routers_set, "router", fake_router_change)
	RUN(links_add, "link", fake_link_create)
	RUN(links_set, "link", fake_link_change)
	return ret;
}

/* Namespaces are made before links, processes start after them (host_ops.h). */
static void start_later(struct fake *fake, struct host_batch *batch)
{
	for (size_t i = 0; i < batch->routers_add_count; i++) {
		struct host_router *item = &batch->routers_add[i];

		if (item->state == HOST_DONE)
			item->away = fake_router_away(fake, item->slot);
	}
}

static void batch_timer(void *arg)
{
	struct fake *fake = arg;
	struct host_batch *batch = fake->batch;
	struct err err = {0};
	int ret;

	if (!batch) {
		fake_audit_run(fake);
		return;
	}
	ret = run_batch(fake, batch, &err);

	if (ret < 0)
		fake->counts.refused++;
	if (ret < 0 && gate(fake))
		start_later(fake, batch);
	fake->batch = NULL;
	fake->counts.batches++;
	if (gate(fake))
		fake_apps_sweep(fake);
	fake_report_soon(fake);
	fake->done(fake->arg, batch, ret, &err);
}

static int submit(struct host *host, struct host_batch *batch, host_progress_fn progress,
		  host_done_fn done, void *arg)
{
	struct fake *fake = fake_of(host);

	if (fake->batch || fake->audit)
		return -EBUSY;
	if (batch->network.prefix_len < 16 || batch->network.prefix_len > 30 ||
	    batch->network.hello_us == 0 || batch->network.dead_us < batch->network.hello_us)
		return -EINVAL;
	fake->used = true;
	fake->batch = batch;
	fake->progress = progress;
	fake->done = done;
	fake->arg = arg;
	loop_timer_set(fake->batch_timer, clock_mono_ns() + fake->config.batch_ns);
	return 0;
}

static int netns_path(struct host *host, const char *router, char *buf, size_t size)
{
	(void)host;
	(void)router;
	(void)buf;
	(void)size;
	return -ENOENT; /* there are no namespaces */
}

static int router_kill(struct host *host, uint32_t slot, bool orderly)
{
	const struct fake_router *router = fake_router_get(fake_of(host), slot);

	if (!router || !router->alive)
		return -ESRCH;
	return fake_kill(host, slot, orderly ? 0 : SIGKILL);
}

static int application(struct host *host, uint32_t id, uint32_t slot, struct host_app *ret)
{
	(void)id;
	if (!fake_router_get(fake_of(host), slot))
		return -ENOENT;
	*ret = (struct host_app){0}; /* there are no programs */
	return 0;
}

static void close_host(struct host *host, bool keep)
{
	struct fake *fake = fake_of(host);

	if (!fake->config.machine)
		fake_machine_free(fake->machine);
	else if (!keep)
		fake_machine_clear(fake->machine);
	host_batch_free(fake->batch);
	host_audit_free(fake->audit);
	loop_timer_free(fake->batch_timer);
	loop_timer_free(fake->report_timer);
	loop_timer_free(fake->restart_timer);
	loop_timer_free(fake->apps.timer);
	paths_free(fake->paths);
	free(fake);
}

static const struct host_ops fake_ops = {
	.size = sizeof(struct host_ops),
	.name = "fake",
	.apps = &fake_app_ops,
	.captures = &fake_capture_ops,
	.submit = submit,
	.fib_set = fake_fib_set,
	.routes_dump = fake_routes_dump,
	.counts_read = fake_counts_read,
	.lines_read = fake_lines_read,
	.pace_read = fake_pace_read,
	.shape_check = fake_shape_check,
	.capabilities = fake_capabilities,
	.interface_check = fake_interface_check,
	.netns_path = netns_path,
	.router_kill = router_kill,
	.application = application,
	.audit = fake_audit,
	.close = close_host,
};

int fake_new(const struct fake_config *config, struct host **ret_host)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return -ENOMEM;
	fake->host.ops = &fake_ops;
	fake->config = *config;
	fake->loop = config->loop;
	fake->machine = config->machine ? config->machine : fake_machine_new();
	if (!fake->machine ||
	    loop_timer_new(fake->loop, batch_timer, fake, &fake->batch_timer) < 0 ||
	    loop_timer_new(fake->loop, fake_report, fake, &fake->report_timer) < 0 ||
	    loop_timer_new(fake->loop, fake_restart, fake, &fake->restart_timer) < 0 ||
	    loop_timer_new(fake->loop, fake_apps_timer, fake, &fake->apps.timer) < 0 ||
	    paths_new(&fake->paths) < 0) {
		close_host(&fake->host, true);
		return -ENOMEM;
	}
	*ret_host = &fake->host;
	return 0;
}
