// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_ops.audit: a worker looks, and clears where that is asked for; then, with adopt, the loop
 * takes over (local_adopt.c). One at a time, and not beside a batch.
 */
#include "daemon/host/local_audit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"

static struct local_audit_run *run_of(struct local *local)
{
	return &local->audit;
}

static void adopt_apps(struct local *local)
{
	int r = local_functions_adopt(local->functions);

	if (r < 0)
		log_error("network functions are not taken over: %s", strerror(-r));
	local_objects_adopt(local->objects);
	local_apps_adopt(local->apps);
}

void local_audit_finish(struct local *local, int status, const struct err *err)
{
	struct local_audit_run *run = run_of(local);
	struct host_audit *audit = run->audit;

	local_look_done(&run->look);
	loop_timer_set(run->timer, 0);
	run->audit = NULL;
	run->waiting = false;
	for (size_t i = 0; i < audit->router_count; i++) {
		const struct local_router *router = local_router_get(local, audit->routers[i].slot);

		if (router)
			audit->routers[i].pid = local_router_pid(router);
		audit->routers[i].away = audit->routers[i].pid == 0;
	}
	if (run->adopt && status == 0)
		adopt_apps(local);
	local_tcx_go(local->tcx);
	run->done(run->arg, audit, status, err);
}

/* A missing symbolic link is no reason to end what runs. */
static void publish(struct local *local, const struct local_look *look)
{
	for (size_t i = 0; i < look->audit->router_count; i++) {
		const char *name = look->audit->routers[i].name;

		if (look->audit->router_found[i] != HOST_WELL || !look->routers[i].link)
			continue;
		if (local_names_publish(&local->names, name) < 0)
			log_debug("router %s: /run/netns/%s cannot be made", name, name);
	}
}

static void audit_job(struct local_job *job)
{
	struct local *local = ((struct local_run_job *)job)->local;
	struct local_audit_run *run = run_of(local);
	struct local_look *look = &run->look;
	bool clear = run->adopt || run->audit->clean;

	local_look_run(look);
	if (look->status == 0 && clear)
		look->status = local_clear_run(local, look, run->adopt);
	if (look->status == 0 && run->adopt)
		look->status = local_limits_adopt(local, look->audit, &look->err);
	if (look->status == 0 && clear) {
		local_names_tidy(&local->names);
		publish(local, look);
	}
}

static bool has_process(const struct local *local, const struct host_router *wanted)
{
	const struct local_router *router = local_router_get(local, wanted->slot);

	return router && strcmp(router->name, wanted->name) == 0 &&
	       (router->state == LOCAL_STARTING || router->state == LOCAL_RUNNING ||
		router->state == LOCAL_WAITING);
}

/* What the machine has is of no use where this daemon does not know it: then its router processes
 * do not either. */
static void judge_known(const struct local *local, struct local_look *look)
{
	struct host_audit *audit = look->audit;

	for (size_t i = 0; i < audit->router_count; i++) {
		if (audit->router_found[i] != HOST_WELL || has_process(local, &audit->routers[i]))
			continue;
		audit->router_found[i] = HOST_WRONG;
		local_look_note(look, "router", audit->routers[i].name,
				"it has no process, and none is to be started");
	}
	for (size_t i = 0; i < audit->link_count; i++) {
		if (audit->link_found[i] != HOST_WELL || local_ends_known(local, &audit->links[i]))
			continue;
		audit->link_found[i] = HOST_DIFFERS;
		local_look_note(look, "link", audit->links[i].name,
				"its routers were not told of it");
	}
}

/* Ends of links that nobody wants. Without memory for that it is as before. */
static void drop_ends(struct local *local, const struct host_audit *audit)
{
	bool *wanted = calloc(VLSP_PORT_MAX, sizeof(*wanted));

	for (size_t i = 0; wanted && i < 2 * audit->link_count; i++)
		wanted[audit->links[i / 2].end[i % 2].port] = true;
	if (wanted)
		local_ends_drop(local, wanted);
	free(wanted);
}

static void audit_done(struct local_job *job)
{
	struct local *local = ((struct local_run_job *)job)->local;
	struct local_audit_run *run = run_of(local);
	int r = run->look.status;

	if (r == 0 && !run->adopt) {
		judge_known(local, &run->look);
		if (run->audit->clean)
			drop_ends(local, run->audit);
	}
	if (r == 0 && run->adopt) {
		r = local_adopt_begin(local, &run->look);
		if (r == 0) {
			local_adopt_step(local);
			return;
		}
		err_errno(&run->look.err, r, "taking over");
	}
	local_audit_finish(local, r, &run->look.err);
}

static void name_known(const struct local *local, struct local_look *look)
{
	for (size_t i = 0; i < look->audit->router_count; i++) {
		const struct local_router *router = local_router_get(local,
								     look->audit->routers[i].slot);

		if (router)
			look->routers[i].known = router->asked ? -1 : router->pid;
	}
}

int local_audit(struct host *host, struct host_audit *audit, bool adopt, host_audit_fn done,
		void *arg)
{
	struct local *local = (struct local *)host;
	struct local_audit_run *run = run_of(local);
	struct local_seen *seen;

	if (local->run.batch || run->audit || local->closing)
		return -EBUSY;
	if (adopt && local->used)
		return -EINVAL;
	seen = calloc(audit->router_count + 1, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	local->used = true;
	run->audit = audit;
	run->adopt = adopt;
	run->done = done;
	run->arg = arg;
	run->look = (struct local_look){
		.names = &local->names,
		.ifaces = &local->ifaces,
		.instance = local->instance,
		.bld = local->bld,
		.can = local->emulation->can,
		.audit = audit,
		.processes = adopt || audit->clean,
		.routers = seen,
	};
	audit->strays = 0;
	audit->example[0] = '\0';
	name_known(local, &run->look);
	run->job = (struct local_run_job){.job = {.run = audit_job, .done = audit_done},
					  .local = local};
	local_work_add(local->work, &run->job.job);
	return 0;
}

static void count(void *arg, const char *what)
{
	(void)what;
	(*(size_t *)arg)++;
}

static bool is_something(const struct local *local)
{
	size_t names = 0;

	local_journal_each(local->journal, "netns", count, &names);
	return names || local->names.mounted || bld_adopted(local->bld);
}

struct nothing {
	struct local *local;
	struct local_look look;
};

static void look_and_clear(void *arg)
{
	struct nothing *nothing = arg;
	struct local_look *look = &nothing->look;

	local_look_run(look);
	if (look->status == 0)
		look->status = local_clear_run(nothing->local, look, true);
}

void local_audit_nothing(struct local *local)
{
	struct nothing nothing = {.local = local,
				  .look = {.names = &local->names,
					   .ifaces = &local->ifaces,
					   .instance = local->instance,
					   .bld = local->bld,
					   .can = local->emulation->can,
					   .audit = host_audit_new(0, 0),
					   .processes = true}};
	struct local_look *look = &nothing.look;
	int r;
	bool first = !local->used;

	local->used = true;
	if (!look->audit || !first || !is_something(local)) {
		host_audit_free(look->audit);
		return; /* without memory: what is in the way is then refused, one by one */
	}
	r = local_work_aside(look_and_clear, &nothing);
	if (r < 0)
		look->status = err_errno(&look->err, r, "thread");
	if (look->status < 0)
		log_warn("what an earlier run left: %s", look->err.text);
	local_look_done(look);
	host_audit_free(look->audit);
}
