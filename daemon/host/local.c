// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local back end as a whole: opening, the small operations, closing. Made by the daemon's main;
 * daemon/ctl drives it through host_ops.
 */
#include "daemon/host/local.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/host/local_priv.h"
#include "lib/nlk/ns.h"

#define WORKERS 2

_Static_assert(sizeof(((struct host_counts *)0)->drop) == VLSP_DROP_CAUSES * sizeof(uint64_t),
	       "a counter for every cause");

static int fib_set(struct host *host, uint32_t slot, const struct frame_route *routes, size_t count)
{
	const struct local_router *router = local_router_get((struct local *)host, slot);
	size_t room = (FRAME_MAX - sizeof(struct frame_head)) / sizeof(*routes);

	if (!router)
		return -ENOENT;
	if (!router->chan)
		return -EAGAIN;
	while (count > 0) {
		size_t n = count < room ? count : room;
		int r = local_chan_send(router->chan, FRAME_FIB, routes,
					(uint32_t)(n * sizeof(*routes)), -1);

		if (r < 0)
			return r;
		routes += n;
		count -= n;
	}
	return 0;
}

static int counts_read(struct host *host, const uint32_t *ports, size_t count,
		       struct host_counts *ret)
{
	struct local *local = (struct local *)host;

	pthread_mutex_lock(&local->bld_lock);
	for (size_t i = 0; i < count; i++) {
		struct vlsp_count from;

		bld_count_read(local->bld, ports[i], &from);
		ret[i].rx_packets = from.rx_packets;
		ret[i].rx_bytes = from.rx_bytes;
		ret[i].tx_packets = from.tx_packets;
		ret[i].tx_bytes = from.tx_bytes;
		for (int cause = 0; cause < VLSP_DROP_CAUSES; cause++)
			ret[i].drop[cause] = from.drop[cause];
		local_shape_counts(local, ports[i], &ret[i]);
	}
	pthread_mutex_unlock(&local->bld_lock);
	return 0;
}

static int netns_path(struct host *host, const char *router, char *buf, size_t size)
{
	return local_names_path(&((struct local *)host)->names, router, buf, size);
}

static const struct host_ops ops = {
	.size = sizeof(ops),
	.name = "local",
	.captures = &local_capture_ops,
	.apps = &local_app_ops,
	.submit = local_batch_submit,
	.fib_set = fib_set,
	.routes_dump = local_dump_start,
	.counts_read = counts_read,
	.lines_read = local_lines_read,
	.pace_read = local_pace_read,
	.shape_check = local_shape_check,
	.capabilities = local_capabilities,
	.interface_check = local_iface_check,
	.netns_path = netns_path,
	.router_kill = local_router_kill_op,
	.application = local_application,
	.audit = local_audit,
	.close = local_close,
};

/* --- opening -----------------------------------------------------------------------------------
 */

/* A router costs two descriptors, its connection and its FIB. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer routers then */
	}
}

static int take_config(struct local *local, const struct host_local_config *config, struct err *err)
{
	local->loop = config->loop;
	local->log_level = config->log_level;
	local->network.network = config->network;
	local->network.prefix_len = config->prefix_len;
	if (geteuid() != 0)
		return err_set(err, EPERM, "virtual routers on this machine need root");
	if (strlen(config->instance) >= sizeof(local->instance))
		return err_set(err, ENAMETOOLONG, "instance name %s is too long", config->instance);
	strcpy(local->instance, config->instance);
	if (strlen(config->runtime_dir) >= sizeof(local->runtime_dir))
		return err_set(err, ENAMETOOLONG, "runtime directory %s: its path is too long",
			       config->runtime_dir);
	strcpy(local->runtime_dir, config->runtime_dir);
	if (config->state_dir && !(local->state_dir = strdup(config->state_dir)))
		return err_errno(err, ENOMEM, "host");
	local->user_base = config->user_base;
	local->cgroups = config->cgroups;
	snprintf(local->socket, sizeof(local->socket), "%s/router.sock", local->runtime_dir);
	if (local_names_init(&local->names, config->runtime_dir,
			     strcmp(config->instance, "default") == 0) < 0)
		return err_errno(err, ENOMEM, "host");
	local->ifaces.names = &local->names;
	local->ifaces.instance = local->instance;
	local->ifaces.home = nlk_ns_current();
	return local->ifaces.home < 0 ? err_errno(err, local->ifaces.home, "network namespace") : 0;
}

static int journal_open(struct local *local, size_t *ret_bad, struct err *err)
{
	int r = local_journal_open(local->runtime_dir, local->instance, &local->journal, ret_bad,
				   err);

	if (r < 0)
		return r;
	local->names.journal = local->journal;
	if (*ret_bad)
		log_warn("%s/journal: %zu lines make no sense and are passed over",
			 local->runtime_dir, *ret_bad);
	return 0;
}

/* One that is not there, or cannot be read, is replaced: then tags have to do. */
static int journal_for_clean(struct local *local, bool *ret_lost, struct err *err)
{
	char path[128], aside[128];
	struct stat st;
	struct err why = {0};
	size_t bad = 0;
	int r;

	snprintf(path, sizeof(path), "%s/journal", local->runtime_dir);
	snprintf(aside, sizeof(aside), "%s/journal.unread", local->runtime_dir);
	*ret_lost = lstat(path, &st) < 0 || st.st_size == 0;
	r = journal_open(local, &bad, &why);
	if (r == -EPROTO || r == -ELOOP) {
		log_warn("%s; it is put aside as %s", why.text, aside);
		*ret_lost = true;
		if (rename(path, aside) < 0)
			return err_errno(err, errno, "%s", path);
		r = journal_open(local, &bad, &why);
	}
	if (r < 0)
		return err_set(err, -r, "%s", why.text);
	*ret_lost = *ret_lost || bad;
	return 0;
}

int host_local_clean(const struct host_local_config *config, struct err *err)
{
	struct local *local = calloc(1, sizeof(*local));
	bool lost = false;
	int r;

	if (!local)
		return err_errno(err, ENOMEM, "host");
	local->ifaces.home = -1;
	raise_limits();
	r = take_config(local, config, err);
	if (r == 0)
		r = local_clean_check(local, err);
	if (r == 0)
		r = journal_for_clean(local, &lost, err);
	if (r == 0)
		r = local_clean_run(local, lost, err);
	if (r == 0)
		local_journal_drop_bad(local->journal); /* all has been looked at */
	local_names_done(&local->names, true);
	local_journal_close(local->journal, r == 0);
	if (local->ifaces.home >= 0)
		close(local->ifaces.home);
	free(local);
	return r;
}

static int pins_add(void *arg, const char *kind, const char *what)
{
	return local_journal_add(arg, kind, &what, 1);
}

static void pins_del(void *arg, const char *kind, const char *what)
{
	(void)local_journal_del(arg, kind, &what, 1); /* is looked at again by the next run */
}

static bool pins_has(void *arg, const char *kind, const char *what)
{
	return local_journal_has(arg, kind, what);
}

void local_journal_for_bld(struct local_journal *journal, struct bld_journal *ret)
{
	*ret = (struct bld_journal){
		.arg = journal, .add = pins_add, .del = pins_del, .has = pins_has};
}

static int load_programs(struct local *local, struct err *err)
{
	struct err why = {0};
	int r;

	local_journal_for_bld(local->journal, &local->bld_journal);
	r = bld_open(local->instance, local->network.network, local->network.prefix_len,
		     &local->bld_journal, &local->bld, &why);
	if (r == -EUCLEAN) {
		/* Without its maps nothing can be taken over; the audit will remove it. */
		log_warn("%s", why.text);
		local_clean_pins(local, false);
		r = bld_open(local->instance, local->network.network, local->network.prefix_len,
			     &local->bld_journal, &local->bld, &why);
	}
	if (r < 0)
		return err_set(err, -r, "%s", why.text);
	/* With routers there, it is theirs. */
	bld_network(local->bld, &local->network.network, &local->network.prefix_len);
	return 0;
}

static int listen_open(struct local *local, struct err *err)
{
	const char *path = local->socket;
	int r = local_journal_add(local->journal, "file", &path, 1);

	if (r < 0)
		return err_errno(err, r, "%s/journal", local->runtime_dir);
	return local_listen_new(local->loop, path, local->user_base, &local_router_chan_ops, local,
				&local->listen, err);
}

static int emulation_open(struct local *local, const struct host_local_config *config,
			  struct err *err)
{
	const char *slash = strrchr(config->router_path, '/');
	char program[PATH_MAX];
	int r;

	snprintf(program, sizeof(program), "%.*svlsp-relay",
		 slash ? (int)(slash + 1 - config->router_path) : 0, config->router_path);
	local->emulation = calloc(1, sizeof(*local->emulation));
	if (!local->emulation)
		return err_errno(err, ENOMEM, "host");
	r = local_emulation_probe(local->emulation, program);
	if (r < 0)
		return err_errno(err, r, "trying what this kernel can emulate");
	return local_relay_open(local, program, &local->emulation->relay, err);
}

static int cgroup_open(struct local *local, struct err *err)
{
	int r = local_cgroup_open(local->instance, local->journal, local->cgroups, &local->cgroup,
				  err);

	if (r < 0)
		return r;
	r = local_cgroup_spawner(local->cgroup, local_spawn_pid(local->spawn));
	return r < 0 ? err_errno(err, r, "control group of router processes") : 0;
}

static int apps_open(struct local *local, const struct host_local_config *config, struct err *err)
{
	const char *slash = strrchr(config->router_path, '/');
	char programs[PATH_MAX];

	snprintf(programs, sizeof(programs), "%.*s", slash ? (int)(slash - config->router_path) : 1,
		 slash ? config->router_path : ".");
	return local_apps_open(local, programs, &local->apps, err);
}

static int functions_open(struct local *local, struct err *err)
{
	int r = local_functions_open(local, &local->functions);

	if (r == 0)
		r = local_intercepts_open(local, local->functions, &local->intercepts);
	if (r == 0)
		r = local_objects_open(local, local->functions, &local->objects);
	return r < 0 ? err_errno(err, r, "network functions") : 0;
}

/* Each needs what is before it. */
static int open_all(struct local *local, const struct host_local_config *config, struct err *err)
{
	size_t bad = 0;
	int r = local_clean_check(local, err);

	if (r == 0)
		r = journal_open(local, &bad, err);
	if (r < 0)
		return r;
	r = local_batch_init(local);
	if (r < 0)
		return err_errno(err, r, "host");
	r = local_spawn_new(local->loop, config->router_path, &local_router_spawn_ops, local,
			    &local->spawn, err);
	if (r == 0)
		r = cgroup_open(local, err);
	if (r == 0)
		r = load_programs(local, err);
	if (r == 0)
		r = listen_open(local, err);
	if (r == 0)
		r = emulation_open(local, config, err);
	if (r == 0)
		r = functions_open(local, err);
	if (r == 0)
		r = apps_open(local, config, err);
	if (r < 0)
		return r;
	r = local_tcx_open(local, &local->tcx);
	if (r == 0)
		r = local_work_new(local->loop, WORKERS, local_batch_progress, local, &local->work);
	return r < 0 ? err_errno(err, r, "worker threads") : 0;
}

int host_local_open(const struct host_local_config *config, struct host **ret_host, struct err *err)
{
	struct local *local = calloc(1, sizeof(*local));
	int r;

	if (!local)
		return err_errno(err, ENOMEM, "host");
	local->host.ops = &ops;
	local->ifaces.home = -1;
	list_init(&local->dumps);
	pthread_mutex_init(&local->bld_lock, NULL);
	raise_limits();
	r = take_config(local, config, err);
	if (r == 0)
		r = open_all(local, config, err);
	if (r == 0) {
		*ret_host = &local->host;
		return 0;
	}
	/* What an earlier run left is not touched; what was made just now is. */
	if (local->bld && !bld_adopted(local->bld)) {
		bld_close(local->bld, false);
		local->bld = NULL;
	}
	local_close(&local->host, true);
	return r;
}
