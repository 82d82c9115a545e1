/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole controller in a test: the real loop, model and ctl on the fake host, and shorthands. */
#ifndef VLSP_TESTS_UNIT_DAEMON_CTL_WORLD_H
#define VLSP_TESTS_UNIT_DAEMON_CTL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/ctl/ctl.h"
#include "daemon/host/fake.h"
#include "include/shared/maps.h"

struct world {
	struct loop *loop;
	struct model *model;
	struct host *host;
	struct ctl *ctl;
};

struct ending { /* what done was called with */
	int calls;
	struct ctl_op op;
	int order; /* among all endings of the test */
};

static int world_endings;

static __attribute__((unused)) void world_open(struct world *w)
{
	struct fake_config fake = {.batch_ns = 1000, .report_ns = 1000, .restart_ns = 1000000};
	struct ctl_config config = {.host_name = "test"};

	assert_int_equal(loop_new(&w->loop), 0);
	assert_int_equal(model_new(&w->model), 0);
	fake.loop = config.loop = w->loop;
	assert_int_equal(fake_new(&fake, &w->host), 0);
	config.model = w->model;
	config.host = w->host;
	assert_int_equal(ctl_new(&config, &w->ctl), 0);
	world_endings = 0;
}

static __attribute__((unused)) void world_close(struct world *w)
{
	ctl_free(w->ctl);
	w->host->ops->close(w->host, false);
	model_free(w->model);
	loop_free(w->loop);
}

static __attribute__((unused)) void world_ended(void *arg, const struct ctl_op *op)
{
	struct ending *ending = arg;

	ending->calls++;
	ending->op = *op;
	ending->order = ++world_endings;
}

/* Runs the loop until the operation has ended. */
static __attribute__((unused)) const struct ctl_op *world_wait(struct world *w,
							       struct ending *ending)
{
	int rounds = 0;

	while (!ending->calls) {
		assert_true(loop_once(w->loop, 5000) >= 0);
		assert_true(++rounds < 1000000);
	}
	assert_int_equal(ending->calls, 1);
	return &ending->op;
}

/* Runs the loop until everything is quiet: for events that no operation waits for. */
static __attribute__((unused)) void world_settle(struct world *w, int ms)
{
	int quiet = 0;

	while (quiet < ms)
		quiet = loop_once(w->loop, 1) > 0 ? 0 : quiet + 1;
}

static __attribute__((unused)) struct ctl_op
world_apply_flags(struct world *w, const struct topo_doc *doc, unsigned flags)
{
	struct ending ending = {0};
	struct err err = {0};

	if (ctl_topology_apply(w->ctl, doc, flags, 5000, world_ended, &ending, NULL, &err) < 0)
		fail_msg("apply refused: %s", err.text);
	return *world_wait(w, &ending);
}

static __attribute__((unused)) void world_apply(struct world *w, const struct topo_doc *doc)
{
	struct ctl_op op = world_apply_flags(w, doc, 0);

	if (op.state != CTL_DONE)
		fail_msg("apply failed: %s", op.err.text);
	assert_true(op.converged);
}

static __attribute__((unused)) struct ctl_op world_router(struct world *w, const char *name,
							  uint32_t address)
{
	struct ctl_router_spec spec = {.name = name, .address = address};
	struct ending ending = {0};
	struct err err = {0};

	if (ctl_router_add(w->ctl, &spec, world_ended, &ending, NULL, &err) < 0)
		fail_msg("router refused: %s", err.text);
	return *world_wait(w, &ending);
}

static __attribute__((unused)) struct ctl_op world_link(struct world *w, const char *a,
							const char *b, const char *name)
{
	struct ctl_link_spec spec = {.router1 = a, .router2 = b, .name = name};
	struct ending ending = {0};
	struct err err = {0};

	if (ctl_link_add(w->ctl, &spec, world_ended, &ending, NULL, &err) < 0)
		fail_msg("link refused: %s", err.text);
	return *world_wait(w, &ending);
}

static __attribute__((unused)) struct ctl_op world_delete_router(struct world *w, const char *ref)
{
	struct ending ending = {0};
	struct err err = {0};

	if (ctl_router_delete(w->ctl, ref, world_ended, &ending, NULL, &err) < 0)
		fail_msg("delete refused: %s", err.text);
	return *world_wait(w, &ending);
}

static __attribute__((unused)) struct ctl_op
world_set(struct world *w, const char *ref, uint32_t weight, bool set_admin, enum model_admin admin)
{
	struct ctl_link_change change = {.weight = weight, .set_admin = set_admin, .admin = admin};
	struct ending ending = {0};
	struct err err = {0};

	if (ctl_link_set(w->ctl, ref, &change, world_ended, &ending, NULL, &err) < 0)
		fail_msg("set refused: %s", err.text);
	return *world_wait(w, &ending);
}

static __attribute__((unused)) struct ctl_op world_clear(struct world *w)
{
	struct ending ending = {0};
	struct err err = {0};

	if (ctl_topology_delete(w->ctl, world_ended, &ending, NULL, &err) < 0)
		fail_msg("delete refused: %s", err.text);
	return *world_wait(w, &ending);
}

static __attribute__((unused)) struct fake_counts world_counts(const struct world *w)
{
	struct fake_counts counts;

	fake_counts(w->host, &counts);
	return counts;
}

/* rows x columns, names r<row>-<column> */
static __attribute__((unused)) struct topo_doc *world_grid(unsigned rows, unsigned columns)
{
	struct topo_doc *doc = topo_doc_new();
	char name[32];
	unsigned r, c;

	assert_non_null(doc);
	snprintf(doc->name, sizeof(doc->name), "grid");
	for (r = 0; r < rows; r++) {
		for (c = 0; c < columns; c++) {
			snprintf(name, sizeof(name), "r%u-%u", r, c);
			assert_non_null(topo_doc_add_router(doc, name));
		}
	}
	for (r = 0; r < rows; r++) {
		for (c = 0; c < columns; c++) {
			if (c + 1 < columns)
				assert_non_null(topo_doc_add_link(doc, r * columns + c,
								  r * columns + c + 1));
			if (r + 1 < rows)
				assert_non_null(topo_doc_add_link(doc, r * columns + c,
								  (r + 1) * columns + c));
		}
	}
	return doc;
}

/* Everything that the fake has is in the model, and the other way round. */
static __attribute__((unused)) void world_check(const struct world *w)
{
	struct fake_counts counts = world_counts(w);
	struct list *pos;
	int side;

	assert_int_equal(counts.routers, w->model->router_count);
	assert_int_equal(counts.links, w->model->link_count);
	list_for_each (pos, &w->model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);
		const struct host_router *item = fake_router(w->host, router->slot);

		assert_int_equal(router->state, MODEL_RUNNING);
		assert_non_null(item);
		assert_string_equal(item->name, router->name);
		assert_int_equal(item->address, router->address);
		assert_int_equal(item->id, router->id);
		assert_int_equal(item->limits.pids, router->limits.pids);
		assert_true(topo_limits_equal(&item->limits, &router->limits));
		assert_true(topo_ifaces_equal(item->interfaces, router->interfaces));
	}
	list_for_each (pos, &w->model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);

		assert_int_equal(link->state, MODEL_RUNNING);
		for (side = 0; side < 2; side++) {
			const struct model_end *end = &link->end[side];
			const struct host_link *item = fake_link(w->host, end->port);

			assert_non_null(item);
			assert_string_equal(item->name, link->name);
			assert_int_equal(item->weight, link->weight);
			assert_int_equal(item->admin, link->admin);
			assert_int_equal(item->end[side].slot, end->router->slot);
			assert_string_equal(item->end[side].ifname, end->ifname);
			assert_true(strlen(end->ifname) < 16);
			assert_true(topo_shape_equal(&item->shape[side], &link->shape[side]));
		}
	}
}

/* A text that two models share exactly when they hold the same network; the caller frees it. */
static __attribute__((unused)) char *world_picture(const struct world *w)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct list *pos;
	int side;

	assert_non_null(out);
	fprintf(out, "%s %x/%u %d %u\n", w->model->name, w->model->network, w->model->prefix_len,
		w->model->routing, w->model->hello_us);
	list_for_each (pos, &w->model->routers) {
		const struct model_router *r = list_entry(pos, struct model_router, all);
		char *interfaces = topo_ifaces_text(r->interfaces);

		fprintf(out, "interfaces %s\n", interfaces);
		free(interfaces);
		fprintf(out, "router %u %s %x slot %u edge %u state %d links %u label %s pids %u\n",
			r->id, r->name, r->address, r->slot, r->edge_port, r->state, r->link_count,
			r->label ? r->label : "-", r->limits.pids);
	}
	list_for_each (pos, &w->model->links) {
		const struct model_link *l = list_entry(pos, struct model_link, all);

		fprintf(out, "link %u %s weight %u admin %d state %d label %s", l->id, l->name,
			l->weight, l->admin, l->state, l->label ? l->label : "-");
		for (side = 0; side < 2; side++)
			fprintf(out, " [%s %u %s delay %llu]", l->end[side].router->name,
				l->end[side].port, l->end[side].ifname,
				(unsigned long long)l->shape[side].delay_ns);
		fprintf(out, "\n");
	}
	fclose(out);
	return text;
}

#endif
