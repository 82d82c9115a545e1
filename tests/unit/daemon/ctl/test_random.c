/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties over seeded random sequences: whatever ran before, after an apply what is exported is
 * the document; machine and model agree; addresses do not change under a running router; ids only
 * grow; and failures in between, at random items, leave what was.
 */
#include "tests/unit/daemon/ctl/world.h"

#define NAMES	12
#define STEPS	120
#define LONGEST "a-router-with-a-name-that-does-not-fit-into-a-device"

static uint32_t below(uint32_t n)
{
	return (uint32_t)random() % n;
}

static void random_routers(struct topo_doc *doc, bool *used)
{
	char name[NAME_SIZE];
	uint32_t i, n;

	for (i = 0; i < NAMES; i++) {
		struct topo_router *router;

		if (below(3) == 0)
			continue;
		snprintf(name, sizeof(name), i % 4 == 3 ? LONGEST "-%u" : "r%u", i);
		router = topo_doc_add_router(doc, name);
		assert_non_null(router);
		if (below(4) == 0)
			router->label = strdup(below(2) ? "one label" : "another label");
		n = 1 + below(20);
		if (below(4) == 0 && !used[n]) {
			used[n] = true;
			router->address = doc->network + n;
		}
		if (below(5) == 0) {
			router->has_position = true;
			router->latitude = below(90);
		}
	}
}

static void random_links(struct topo_doc *doc, bool *named)
{
	uint32_t i, count = doc->router_count > 1 ? below(25) : 0, n;

	for (i = 0; i < count; i++) {
		uint32_t a = below((uint32_t)doc->router_count);
		uint32_t b = (a + 1 + below((uint32_t)doc->router_count - 1)) %
			     (uint32_t)doc->router_count;
		struct topo_link *link = topo_doc_add_link(doc, a, b);

		assert_non_null(link);
		link->weight = 1 + below(4);
		n = below(10);
		if (below(3) == 0 && !named[n]) {
			named[n] = true;
			link->named = true;
			snprintf(link->name, sizeof(link->name), "link%u", n);
		}
		if (below(4) == 0) {
			link->shape[below(2)] = (struct topo_shape){
				.set = TOPO_DELAY, .delay_ns = 1000 * (1 + below(3))};
		}
		if (below(6) == 0)
			link->label = strdup("label");
	}
}

static struct topo_doc *random_doc(void)
{
	bool used[32] = {false}, named[16] = {false};
	struct topo_doc *doc = topo_doc_new();
	struct err err;

	if (below(8) == 0)
		doc->network = 0xac100000;
	if (below(4) == 0)
		doc->prefix_len = 24;
	if (below(4) == 0)
		doc->routing = TOPO_ROUTING_CENTRAL;
	if (below(4) == 0)
		doc->hello_us = 1000 * (1 + below(50));
	snprintf(doc->name, sizeof(doc->name), "net%u", below(3));
	random_routers(doc, used);
	random_links(doc, named);
	if (topo_doc_check(doc, "random", &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

static int compare_lines(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* A document as sorted lines; links from the end that comes first by name. */
static char *picture(const struct topo_doc *doc, const struct model *addresses)
{
	size_t count = 0, i, size = 0;
	char **lines = calloc(doc->router_count + doc->link_count + 1, sizeof(*lines));
	char *text = NULL;
	FILE *out;

	assert_true(asprintf(&lines[count++], "!%s %x/%u %d %u", doc->name, doc->network,
			     doc->prefix_len, doc->routing, doc->hello_us) > 0);
	for (i = 0; i < doc->router_count; i++) {
		const struct topo_router *r = &doc->routers[i];
		uint32_t address = r->address;

		if (!address)
			address = model_router_by_name(addresses, r->name)->address;
		assert_true(asprintf(&lines[count++], "r %s %x %s %d %f", r->name, address,
				     r->label ? r->label : "-", r->has_position, r->latitude) > 0);
	}
	for (i = 0; i < doc->link_count; i++) {
		const struct topo_link *l = &doc->links[i];
		const char *a = doc->routers[l->a].name, *b = doc->routers[l->b].name;
		bool swap = strcmp(a, b) > 0;

		assert_true(asprintf(&lines[count++], "l %s %s %s %u %s %llu %llu", l->name,
				     swap ? b : a, swap ? a : b, l->weight,
				     l->label ? l->label : "-",
				     (unsigned long long)l->shape[swap].delay_ns,
				     (unsigned long long)l->shape[!swap].delay_ns) > 0);
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	out = open_memstream(&text, &size);
	for (i = 0; i < count; i++) {
		fprintf(out, "%s\n", lines[i]);
		free(lines[i]);
	}
	fclose(out);
	free(lines);
	return text;
}

static void assert_exported(const struct world *w, const struct topo_doc *doc)
{
	struct topo_doc *exported = ctl_topology_export(w->ctl);
	char *wanted, *got;
	struct ctl_diff diff;
	struct err err;

	assert_non_null(exported);
	wanted = picture(doc, w->model);
	got = picture(exported, w->model);
	assert_string_equal(wanted, got);
	/* What is exported is a right document, and nothing is left to do for it. */
	if (topo_doc_check(exported, "export", &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(ctl_topology_diff(w->ctl, exported, &diff, &err), 0);
	assert_int_equal(diff.count, 0);
	ctl_diff_free(&diff);
	assert_int_equal(ctl_topology_diff(w->ctl, doc, &diff, &err), 0);
	assert_int_equal(diff.count, 0);
	ctl_diff_free(&diff);
	topo_doc_free(exported);
	free(wanted);
	free(got);
}

struct ids {
	uint32_t router, link;
};

static void watch_ids(void *arg, const struct model_change *change)
{
	struct ids *ids = arg;

	if (change->kind == MODEL_ROUTER_ADDED) {
		assert_true(change->router->id > ids->router);
		ids->router = change->router->id;
	} else if (change->kind == MODEL_LINK_ADDED) {
		assert_true(change->link->id > ids->link);
		ids->link = change->link->id;
	}
}

static void step(struct world *w)
{
	struct topo_doc *doc = random_doc();
	char *before = world_picture(w), *after;
	struct ctl_op op;

	if (below(3) == 0)
		fake_fail_item(w->host, below(40), EIO);
	op = world_apply_flags(w, doc, below(10) == 0 ? CTL_APPLY_REPLACE : 0);
	fake_fail_item(w->host, 0, 0);
	if (op.state == CTL_OP_FAILED) {
		if (op.err.code != EIO)
			fail_msg("%s", op.err.text);
		after = world_picture(w);
		assert_string_equal(before, after);
		free(after);
	} else {
		assert_true(op.converged);
		assert_exported(w, doc);
	}
	world_check(w);
	assert_int_equal(world_counts(w).routers, w->model->router_count);
	free(before);
	topo_doc_free(doc);
}

static void what_is_exported_is_what_was_applied_whatever_ran_before(void **state)
{
	struct world w;
	struct ids ids;
	unsigned seed;
	int i;

	(void)state;
	for (seed = 1; seed <= 15; seed++) {
		memset(&ids, 0, sizeof(ids));
		srandom(seed);
		world_open(&w);
		assert_int_equal(model_subscribe(w.model, watch_ids, &ids), 0);
		for (i = 0; i < STEPS; i++)
			step(&w);
		world_clear(&w);
		assert_int_equal(world_counts(&w).routers, 0);
		assert_int_equal(world_counts(&w).links, 0);
		world_close(&w);
	}
}

static void a_document_gives_the_same_addresses_on_every_empty_instance(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 100; seed < 130; seed++) {
		struct topo_doc *doc, *first, *second;
		struct world x, y;
		char *px, *py;

		srandom(seed);
		doc = random_doc();
		world_open(&x);
		world_open(&y);
		world_apply(&x, doc);
		/* y had another life before */
		for (int i = 0; i < 3; i++)
			step(&y);
		world_clear(&y);
		world_apply(&y, doc);
		first = ctl_topology_export(x.ctl);
		second = ctl_topology_export(y.ctl);
		px = picture(first, NULL);
		py = picture(second, NULL);
		assert_string_equal(px, py);
		free(px);
		free(py);
		topo_doc_free(first);
		topo_doc_free(second);
		topo_doc_free(doc);
		world_close(&x);
		world_close(&y);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_exported_is_what_was_applied_whatever_ran_before),
		cmocka_unit_test(a_document_gives_the_same_addresses_on_every_empty_instance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
