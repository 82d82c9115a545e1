/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store in memory, for tests: what was committed, kept apart from the controller that wrote it;
 * each call may be made to fail, or be the last thing before the daemon is killed.
 */
#ifndef VLSP_TESTS_UNIT_DAEMON_CTL_FAKE_STORE_H
#define VLSP_TESTS_UNIT_DAEMON_CTL_FAKE_STORE_H

#include "tests/unit/daemon/ctl/world.h"

enum fake_store_fault {
	STORE_WELL,
	STORE_FULL,  /* begin and commit: -ENOSPC, nothing was written */
	STORE_DOUBT, /* commit: written, but says -EIO */
};

struct fake_store {
	struct store store; /* first */
	struct store_content kept;
	bool (*gate)(void *arg); /* as fake_gate(); NULL: none */
	void *gate_arg;
	enum fake_store_fault fault;
	unsigned fault_in; /* calls of begin and commit until then: 0: the next one */
	bool stays;	   /* the fault, until it is set to STORE_WELL */
	bool no_ends;	   /* end: -ENOSPC */
	unsigned begins, commits, wholes, ends;
};

static inline bool fake_store_alive(struct fake_store *fs)
{
	return !fs->gate || fs->gate(fs->gate_arg);
}

static inline enum fake_store_fault fake_store_fault(struct fake_store *fs)
{
	enum fake_store_fault fault = fs->fault;

	if (fault == STORE_WELL || fs->fault_in--)
		return STORE_WELL;
	fs->fault_in = 0;
	if (!fs->stays)
		fs->fault = STORE_WELL;
	return fault;
}

static inline char *fake_store_text(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	assert_true(!text || copy);
	return copy;
}

#define FAKE_STORE_GROW(list, count)                                                               \
	do {                                                                                       \
		list = realloc(list, ((count) + 1) * sizeof(*(list)));                             \
		assert_non_null(list);                                                             \
		memset(&(list)[count], 0, sizeof(*(list)));                                        \
	} while (0)

static inline void fake_store_op(struct fake_store *fs, const struct store_op *op)
{
	struct store_content *kept = &fs->kept;
	size_t i;

	for (i = 0; i < kept->op_count && kept->ops[i].id != op->id; i++)
		;
	if (i == kept->op_count) {
		FAKE_STORE_GROW(kept->ops, kept->op_count);
		kept->op_count++;
	}
	assert_false(kept->ops[i].ended && !op->ended);
	kept->ops[i] = *op;
	if (op->id > kept->last_op_id)
		kept->last_op_id = op->id;
}

static inline void fake_store_del_app(struct fake_store *fs, size_t i)
{
	topo_app_unref(fs->kept.apps[i].app);
	memmove(&fs->kept.apps[i], &fs->kept.apps[i + 1],
		(--fs->kept.app_count - i) * sizeof(fs->kept.apps[0]));
}

static inline void fake_store_del_router(struct fake_store *fs, size_t i)
{
	for (size_t a = fs->kept.app_count; a-- > 0;)
		if (fs->kept.apps[a].router_id == fs->kept.routers[i].id)
			fake_store_del_app(fs, a);

	free(fs->kept.routers[i].label);
	topo_ifaces_unref(fs->kept.routers[i].interfaces);
	memmove(&fs->kept.routers[i], &fs->kept.routers[i + 1],
		(--fs->kept.router_count - i) * sizeof(fs->kept.routers[0]));
}

static inline void fake_store_del_link(struct fake_store *fs, size_t i)
{
	free(fs->kept.links[i].label);
	memmove(&fs->kept.links[i], &fs->kept.links[i + 1],
		(--fs->kept.link_count - i) * sizeof(fs->kept.links[0]));
}

static inline long fake_store_router(const struct fake_store *fs, uint32_t id)
{
	for (size_t i = 0; i < fs->kept.router_count; i++)
		if (fs->kept.routers[i].id == id)
			return (long)i;
	return -1;
}

static inline long fake_store_link(const struct fake_store *fs, uint32_t id)
{
	for (size_t i = 0; i < fs->kept.link_count; i++)
		if (fs->kept.links[i].id == id)
			return (long)i;
	return -1;
}

static inline long fake_store_app(const struct fake_store *fs, uint32_t id)
{
	for (size_t i = 0; i < fs->kept.app_count; i++)
		if (fs->kept.apps[i].id == id)
			return (long)i;
	return -1;
}

static inline void fake_store_apps(struct fake_store *fs, const struct store_change *change)
{
	struct store_content *kept = &fs->kept;

	for (size_t i = 0; i < change->app_count; i++) {
		const struct store_app *row = &change->apps[i];
		long router = fake_store_router(fs, row->router_id);
		long at = fake_store_app(fs, row->id);

		assert_true(router >= 0);
		for (size_t k = 0; k < kept->app_count; k++)
			if ((long)k != at && kept->apps[k].router_id == row->router_id) {
				assert_string_not_equal(kept->apps[k].app->name, row->app->name);
				assert_int_not_equal(kept->apps[k].aid, row->aid);
			}
		if (at < 0) {
			FAKE_STORE_GROW(kept->apps, kept->app_count);
			at = (long)kept->app_count++;
		}
		topo_app_ref(row->app);
		topo_app_unref(kept->apps[at].app);
		kept->apps[at] = *row;
		if (row->aid > kept->routers[router].last_aid)
			kept->routers[router].last_aid = row->aid;
	}
}

static inline void fake_store_rows(struct fake_store *fs, const struct store_change *change)
{
	struct store_content *kept = &fs->kept;
	size_t i;
	long at;

	for (i = 0; i < change->router_count; i++) {
		at = fake_store_router(fs, change->routers[i].id);
		if (at < 0) {
			FAKE_STORE_GROW(kept->routers, kept->router_count);
			at = (long)kept->router_count++;
		}
		free(kept->routers[at].label);
		topo_ifaces_unref(kept->routers[at].interfaces);
		kept->routers[at] = change->routers[i];
		topo_ifaces_ref(change->routers[i].interfaces);
		kept->routers[at].label = fake_store_text(change->routers[i].label);
	}
	for (i = 0; i < change->link_count; i++) {
		at = fake_store_link(fs, change->links[i].id);
		if (at < 0) {
			FAKE_STORE_GROW(kept->links, kept->link_count);
			at = (long)kept->link_count++;
		}
		free(kept->links[at].label);
		kept->links[at] = change->links[i];
		kept->links[at].label = fake_store_text(change->links[i].label);
	}
}

static inline void fake_store_apply(struct fake_store *fs, const struct store_change *change)
{
	struct store_content *kept = &fs->kept;
	size_t i;
	long at;

	while (change->all && kept->link_count)
		fake_store_del_link(fs, 0);
	while (change->all && kept->router_count)
		fake_store_del_router(fs, 0);
	for (i = 0; i < change->links_gone_count; i++) {
		at = fake_store_link(fs, change->links_gone[i]);
		assert_true(at >= 0);
		fake_store_del_link(fs, (size_t)at);
	}
	for (i = 0; i < change->routers_gone_count; i++) {
		at = fake_store_router(fs, change->routers_gone[i]);
		assert_true(at >= 0);
		fake_store_del_router(fs, (size_t)at);
	}
	for (i = 0; i < change->apps_gone_count; i++) {
		at = fake_store_app(fs, change->apps_gone[i]);
		if (at >= 0)
			fake_store_del_app(fs, (size_t)at);
	}
	fake_store_rows(fs, change);
	fake_store_apps(fs, change);
	for (i = 0; i < change->removed_count; i++) {
		FAKE_STORE_GROW(kept->removed, kept->removed_count);
		kept->removed[kept->removed_count++] = change->removed[i];
	}
	if (change->topology)
		kept->topology = *change->topology;
	assert_true(change->last_router_id >= kept->last_router_id);
	assert_true(change->last_link_id >= kept->last_link_id);
	kept->last_router_id = change->last_router_id;
	kept->last_link_id = change->last_link_id;
	assert_true(change->last_app_id >= kept->last_app_id);
	kept->last_app_id = change->last_app_id;
	if (change->op)
		fake_store_op(fs, change->op);
}

static inline int fake_store_error(struct fake_store *fs, int code, struct err *err)
{
	err_errno(err, code, "/test/state: cannot be written");
	snprintf(fs->store.trouble, sizeof(fs->store.trouble), "%.200s", err->text);
	return -code;
}

static inline int fake_store_begin(struct store *store, const struct store_op *op,
				   uint32_t last_router_id, uint32_t last_link_id,
				   uint32_t last_app_id, size_t rows, struct err *err)
{
	struct fake_store *fs = (struct fake_store *)store;

	fs->begins++;
	assert_true(rows > 0 || !op->started_ms); /* one that waits */
	assert_false(op->ended);
	if (!fake_store_alive(fs) || fake_store_fault(fs) == STORE_FULL)
		return fake_store_error(fs, ENOSPC, err);
	fake_store_op(fs, op);
	fs->kept.last_router_id = last_router_id;
	fs->kept.last_link_id = last_link_id;
	fs->kept.last_app_id = last_app_id;
	fs->store.trouble[0] = '\0';
	return fake_store_alive(fs) ? 0 : fake_store_error(fs, EIO, err);
}

static inline int fake_store_commit(struct store *store, const struct store_change *change,
				    struct err *err)
{
	struct fake_store *fs = (struct fake_store *)store;
	enum fake_store_fault fault;

	fs->commits++;
	if (!fake_store_alive(fs))
		return fake_store_error(fs, EIO, err);
	fault = fake_store_fault(fs);
	if (fault == STORE_FULL)
		return fake_store_error(fs, ENOSPC, err);
	assert_true(change->all || !fs->store.stale);
	fake_store_apply(fs, change);
	fs->store.stale = fault == STORE_DOUBT;
	fs->wholes += change->all;
	if (fault == STORE_DOUBT)
		return fake_store_error(fs, EIO, err);
	fs->store.trouble[0] = '\0';
	return fake_store_alive(fs) ? 0 : fake_store_error(fs, EIO, err);
}

static inline int fake_store_end(struct store *store, const struct store_op *op, struct err *err)
{
	struct fake_store *fs = (struct fake_store *)store;

	fs->ends++;
	assert_true(op->ended);
	if (fs->no_ends)
		return fake_store_error(fs, ENOSPC, err);
	if (!fake_store_alive(fs))
		return fake_store_error(fs, EIO, err);
	fake_store_op(fs, op);
	return 0;
}

static inline void fake_store_init(struct fake_store *fs)
{
	static const struct store_ops ops = {.name = "fake",
					     .begin = fake_store_begin,
					     .commit = fake_store_commit,
					     .end = fake_store_end};

	memset(fs, 0, sizeof(*fs));
	fs->store.ops = &ops;
	model_topology_default(&fs->kept.topology);
}

static inline void fake_store_done(struct fake_store *fs)
{
	while (fs->kept.link_count)
		fake_store_del_link(fs, 0);
	while (fs->kept.router_count)
		fake_store_del_router(fs, 0);
	free(fs->kept.routers);
	free(fs->kept.links);
	free(fs->kept.apps);
	free(fs->kept.removed);
	free(fs->kept.ops);
}

#endif
