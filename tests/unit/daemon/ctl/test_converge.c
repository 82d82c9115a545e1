/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Convergence, its timeout, processes that die, links that break, and central routing. */
#include "tests/unit/daemon/ctl/world.h"

#define FAR UINT32_MAX

static void an_apply_whose_routers_do_not_report_times_out(void **state)
{
	struct topo_doc *doc = world_grid(3, 3);
	struct ending ending = {0};
	struct ctl_health health;
	struct world w;
	struct err err;

	(void)state;
	world_open(&w);
	fake_mute(w.host, true);
	assert_int_equal(ctl_topology_apply(w.ctl, doc, 0, 30, world_ended, &ending, NULL, &err),
			 0);
	world_wait(&w, &ending);
	assert_int_equal(ending.op.state, CTL_OP_FAILED);
	assert_int_equal(ending.op.err.code, ETIMEDOUT);
	assert_string_equal(ending.op.err.text,
			    "routes have not converged within 30 ms: 9 of 9 routers do not have "
			    "them (r0-0, r0-1, r0-2, ...); the network is left as it is");
	assert_false(ending.op.converged);
	world_check(&w);
	ctl_health(w.ctl, &health);
	assert_false(health.converged);
	assert_int_equal(health.routers_running, 9);
	assert_int_equal(health.routers_converged, 0);
	assert_int_equal(health.operations_pending, 0);
	/* The reports come after all; the next apply finds nothing to do. */
	fake_mute(w.host, false);
	world_apply(&w, doc);
	ctl_health(w.ctl, &health);
	assert_true(health.converged);
	assert_int_equal(health.links_up, 12);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_timeout_names_the_links_that_are_unheard(void **state)
{
	struct topo_doc *doc = world_grid(2, 2);
	struct ending ending = {0};
	struct world w;
	struct err err;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	fake_break(w.host, model_link_find(w.model, "r0-0:r0-1")->end[0].port, true);
	fake_break(w.host, model_link_find(w.model, "r1-0:r1-1")->end[0].port, true);
	world_settle(&w, 5);
	world_set(&w, "r1-0:r1-1", 0, true, MODEL_SILENT); /* nobody is surprised at this one */
	doc->links[1].weight = 9;
	assert_int_equal(ctl_topology_apply(w.ctl, doc, 0, 30, world_ended, &ending, NULL, &err),
			 0);
	world_wait(&w, &ending);
	assert_int_equal(ending.op.err.code, ETIMEDOUT);
	assert_non_null(
		strstr(ending.op.err.text, "), 1 of 4 links are unheard (r0-0-r0-1); the "));
	topo_doc_free(doc);
	world_close(&w);
}

static void what_waits_behind_a_timeout_runs_then(void **state)
{
	struct topo_doc *doc = world_grid(2, 2);
	struct ctl_router_spec spec = {.name = "late"};
	struct ending first = {0}, second = {0};
	struct world w;
	struct err err;

	(void)state;
	world_open(&w);
	fake_mute(w.host, true);
	assert_int_equal(ctl_topology_apply(w.ctl, doc, 0, 20, world_ended, &first, NULL, &err), 0);
	assert_int_equal(ctl_router_add(w.ctl, &spec, world_ended, &second, NULL, &err), 0);
	world_wait(&w, &second);
	assert_int_equal(first.calls, 1);
	assert_int_equal(first.op.state, CTL_OP_FAILED);
	assert_int_equal(second.op.state, CTL_DONE);
	topo_doc_free(doc);
	world_close(&w);
}

static void parts_that_are_not_connected_converge_each(void **state)
{
	struct topo_doc *doc = world_grid(2, 2);
	struct world w;

	(void)state;
	topo_doc_add_router(doc, "island");
	world_open(&w);
	world_apply(&w, doc);
	assert_int_equal(model_router_by_name(w.model, "island")->reachable, 0);
	assert_int_equal(model_router_by_name(w.model, "r0-0")->reachable, 3);
	assert_int_equal(model_router_by_name(w.model, "r0-0")->metric_sum, 4);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_broken_link_is_seen_and_the_network_is_not_converged_until_it_is_back(void **state)
{
	struct topo_doc *doc = world_grid(2, 2);
	const struct model_link *link;
	struct ctl_health health;
	struct world w;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	link = model_link_find(w.model, "r0-0:r0-1");
	assert_true(link->end[0].oper_up && link->end[1].oper_up);
	fake_break(w.host, link->end[0].port, true);
	world_settle(&w, 5);
	assert_false(link->end[0].oper_up || link->end[1].oper_up);
	ctl_health(w.ctl, &health);
	assert_false(health.converged);
	assert_int_equal(health.links_up, 3);
	fake_break(w.host, link->end[0].port, false);
	world_settle(&w, 5);
	ctl_health(w.ctl, &health);
	assert_true(health.converged);
	assert_int_equal(health.links_up, 4);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_router_that_dies_is_failed_until_its_process_is_back(void **state)
{
	struct topo_doc *doc = world_grid(2, 2);
	struct model_router *router;
	struct ctl_health health;
	struct world w;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	router = model_router_by_name(w.model, "r1-1");
	fake_kill(w.host, router->slot, 9);
	assert_int_equal(router->state, MODEL_FAILED);
	assert_int_equal(router->reachable, 0);
	ctl_health(w.ctl, &health);
	assert_false(health.converged);
	assert_int_equal(health.routers_running, 3);
	assert_int_equal(health.routers_converged, 3);
	world_settle(&w, 20);
	assert_int_equal(router->state, MODEL_RUNNING);
	assert_int_equal(router->restarts, 1);
	ctl_health(w.ctl, &health);
	assert_true(health.converged);
	world_check(&w);
	topo_doc_free(doc);
	world_close(&w);
}

static void an_apply_lets_a_router_alone_whose_process_comes_back(void **state)
{
	struct topo_doc *doc = world_grid(2, 2);
	struct model_router *router;
	uint32_t link;
	struct ctl_op op;
	struct world w;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	router = model_router_by_name(w.model, "r1-1");
	link = model_link_by_name(w.model, "r0-1-r1-1")->id;
	world_set(&w, "r0-1-r1-1", 0, true, MODEL_SILENT);
	fake_kill(w.host, router->slot, 9);
	doc->links[0].weight = 9; /* another link */
	op = world_apply_flags(&w, doc, 0);
	assert_int_equal(op.state, CTL_DONE);
	assert_true(op.converged);
	assert_int_equal(op.summary.routers_changed, 0);
	assert_int_equal(op.summary.links_changed, 1);
	assert_ptr_equal(model_router_by_name(w.model, "r1-1"), router);
	assert_int_equal(router->restarts, 1);
	assert_int_equal(world_counts(&w).started, 4);
	assert_int_equal(model_link_by_name(w.model, "r0-1-r1-1")->id, link);
	assert_int_equal(model_link_by_name(w.model, "r0-1-r1-1")->admin, MODEL_SILENT);
	world_check(&w);
	topo_doc_free(doc);
	world_close(&w);
}

static void late_reports_about_others_are_dropped(void **state)
{
	struct frame_rib rib = {.version = 9, .reachable = 9, .metric_sum = 9};
	struct frame_link_state up = {.up = 1};
	struct host_events *events;
	struct world w;
	struct model_link *link;

	(void)state;
	world_open(&w);
	world_router(&w, "a", 0);
	world_router(&w, "b", 0);
	world_router(&w, "c", 0);
	world_link(&w, "a", "b", NULL);
	fake_mute(w.host, true);
	world_settle(&w, 5);
	events = &w.host->events;
	link = model_link_by_id(w.model, 1);
	world_set(&w, "a-b", 0, true, MODEL_DOWN);
	world_settle(&w, 5);
	events->router_rib(events->arg, 999, &rib);
	events->router_died(events->arg, 999, 9);
	events->router_ready(events->arg, VLSP_SLOT_MAX, 1);
	up.port = link->end[0].port;
	events->router_link(events->arg, model_router_by_name(w.model, "c")->slot, &up);
	up.port = VLSP_PORT_MAX + 5;
	events->router_link(events->arg, 0, &up);
	assert_false(link->end[0].oper_up);
	world_check(&w);
	world_close(&w);
}

/* --- central routing ------------------------------------------------------------------------- */

/* Distances by Floyd and Warshall over links that are up, by index of router in the model's list;
 * links whose end's port is in broken do not count. */
static void floyd(const struct world *w, uint32_t broken, uint32_t count, uint32_t *d)
{
	struct list *pos;
	uint32_t i, j, k;

	for (i = 0; i < count * count; i++)
		d[i] = i % (count + 1) == 0 ? 0 : FAR / 4;
	list_for_each (pos, &w->model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);
		uint32_t a = 0, b = 0;

		if (link->admin != MODEL_UP || link->end[0].port == broken)
			continue;
		k = 0;
		for (struct list *r = w->model->routers.next; r != &w->model->routers;
		     r = r->next, k++) {
			if (list_entry(r, struct model_router, all) == link->end[0].router)
				a = k;
			if (list_entry(r, struct model_router, all) == link->end[1].router)
				b = k;
		}
		if (link->weight < d[a * count + b])
			d[a * count + b] = d[b * count + a] = link->weight;
	}
	for (k = 0; k < count; k++) {
		for (i = 0; i < count; i++) {
			for (j = 0; j < count; j++) {
				if (d[i * count + k] + d[k * count + j] < d[i * count + j])
					d[i * count + j] = d[i * count + k] + d[k * count + j];
			}
		}
	}
}

static uint32_t peer_of(const struct world *w, uint32_t port, uint32_t *ret_weight)
{
	const struct model_end *end = model_end_by_port(w->model, port);
	const struct model_link *link = end->link;

	*ret_weight = link->weight;
	return link->end[end == &link->end[0]].router->slot;
}

/* Every table leads along shortest paths. */
static void check_tables(const struct world *w, uint32_t broken)
{
	uint32_t count = w->model->router_count, i = 0, j, weight, metric = 0;
	uint32_t *d = calloc((size_t)count * count, sizeof(*d));
	uint32_t *index = calloc(VLSP_SLOT_MAX, sizeof(*index));
	struct list *x, *y;

	floyd(w, broken, count, d);
	list_for_each (x, &w->model->routers)
		index[list_entry(x, struct model_router, all)->slot] = i++;
	i = 0;
	list_for_each (x, &w->model->routers) {
		const struct model_router *from = list_entry(x, struct model_router, all);

		j = 0;
		list_for_each (y, &w->model->routers) {
			const struct model_router *to = list_entry(y, struct model_router, all);
			uint32_t port = fake_fib(w->host, from->slot, to->address, &metric);
			uint32_t far = d[i * count + j];

			if (i == j || far >= FAR / 4) {
				assert_int_equal(port, 0);
			} else {
				uint32_t via = index[peer_of(w, port, &weight)];

				assert_int_equal(metric, far);
				assert_int_equal(weight + d[via * count + j], far);
			}
			j++;
		}
		i++;
	}
	free(d);
	free(index);
}

static struct topo_doc *central_grid(void)
{
	struct topo_doc *doc = world_grid(6, 6);
	size_t i;

	doc->routing = TOPO_ROUTING_CENTRAL;
	for (i = 0; i < doc->link_count; i++)
		doc->links[i].weight = 1 + (uint32_t)(i * 7 % 5);
	return doc;
}

static void central_tables_are_the_shortest_paths(void **state)
{
	struct topo_doc *doc = central_grid();
	struct ctl_health health;
	struct world w;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	check_tables(&w, 0);
	assert_int_equal(fake_network(w.host)->mode, FRAME_MODE_CENTRAL);
	world_settle(&w, 5);
	assert_int_equal(model_router_by_name(w.model, "r0-0")->reachable, 35);

	/* Single operations set tables, too, before they end. */
	world_set(&w, "r2-2:r2-3", 100, true, MODEL_DOWN);
	check_tables(&w, 0);
	world_set(&w, "r2-2:r3-2", 60000, false, MODEL_UP);
	check_tables(&w, 0);
	world_delete_router(&w, "r1-1");
	check_tables(&w, 0);
	world_router(&w, "fresh", 0);
	check_tables(&w, 0);
	world_link(&w, "fresh", "r0-0", NULL);
	check_tables(&w, 0);
	ctl_health(w.ctl, &health);
	assert_true(health.converged);
	assert_int_equal(world_counts(&w).refused, 0);
	topo_doc_free(doc);
	world_close(&w);
}

static void central_routing_sends_only_what_differs(void **state)
{
	struct topo_doc *doc = central_grid();
	struct world w;
	uint64_t routes;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	routes = world_counts(&w).fib_routes;
	assert_int_equal(routes, 36 * 35);
	world_apply(&w, doc);
	assert_int_equal(world_counts(&w).fib_routes, routes);
	world_router(&w, "island", 0);
	/* One new destination in 36 tables, and its own table of 36. */
	assert_int_equal(world_counts(&w).fib_routes, routes + 36 + 36);
	topo_doc_free(doc);
	world_close(&w);
}

static void central_routing_goes_round_a_link_that_is_reported_lost(void **state)
{
	struct topo_doc *doc = central_grid();
	const struct model_link *link;
	struct world w;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	world_settle(&w, 5);
	link = model_link_find(w.model, "r0-0:r0-1");
	fake_break(w.host, link->end[0].port, true);
	world_settle(&w, 5);
	check_tables(&w, link->end[0].port);
	fake_break(w.host, link->end[0].port, false);
	world_settle(&w, 5);
	check_tables(&w, 0);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_table_that_could_not_be_set_is_set_again(void **state)
{
	struct topo_doc *doc = central_grid();
	struct world w;

	(void)state;
	world_open(&w);
	fake_fail_fib(w.host, 5, EAGAIN);
	world_apply(&w, doc);
	check_tables(&w, 0);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_router_that_comes_back_gets_its_table_again(void **state)
{
	struct topo_doc *doc = central_grid();
	struct ctl_health health;
	struct world w;

	(void)state;
	world_open(&w);
	world_apply(&w, doc);
	fake_kill(w.host, model_router_by_name(w.model, "r3-3")->slot, 11);
	ctl_health(w.ctl, &health);
	assert_false(health.converged);
	world_settle(&w, 20);
	check_tables(&w, 0);
	ctl_health(w.ctl, &health);
	assert_true(health.converged);
	topo_doc_free(doc);
	world_close(&w);
}

static void a_running_network_changes_between_the_modes(void **state)
{
	struct topo_doc *doc = central_grid();
	struct ctl_op op;
	struct world w;

	(void)state;
	world_open(&w);
	doc->routing = TOPO_ROUTING_DISTRIBUTED;
	world_apply(&w, doc);
	doc->routing = TOPO_ROUTING_CENTRAL;
	op = world_apply_flags(&w, doc, 0);
	assert_true(op.converged);
	assert_int_equal(op.summary.routers_changed, 36);
	check_tables(&w, 0);
	doc->routing = TOPO_ROUTING_DISTRIBUTED;
	world_apply(&w, doc);
	assert_int_equal(fake_network(w.host)->mode, FRAME_MODE_DISTRIBUTED);
	doc->routing = TOPO_ROUTING_CENTRAL;
	world_apply(&w, doc);
	check_tables(&w, 0);
	topo_doc_free(doc);
	world_close(&w);
}

static void keep_routes(void *arg, int status, const struct frame_route *routes, size_t count)
{
	struct frame_route *kept = arg;

	assert_int_equal(status, 0);
	assert_int_equal(count, 3);
	memcpy(kept, routes, 3 * sizeof(*kept));
}

static void routes_can_be_asked_for_in_both_modes(void **state)
{
	struct topo_doc *doc = world_grid(1, 4);
	struct frame_route routes[3];
	struct world w;
	struct err err;
	int mode, i;

	(void)state;
	world_open(&w);
	for (mode = 0; mode < 2; mode++) {
		doc->routing = mode ? TOPO_ROUTING_CENTRAL : TOPO_ROUTING_DISTRIBUTED;
		world_apply(&w, doc);
		assert_int_equal(ctl_routes_dump(w.ctl, "r0-0", keep_routes, routes, &err), 0);
		for (i = 0; i < 3; i++) {
			assert_int_equal(routes[i].dst, 0x0a000002 + i);
			assert_int_equal(routes[i].nexthop, 0x0a000002);
			assert_int_equal(routes[i].metric, i + 1);
		}
	}
	topo_doc_free(doc);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_apply_whose_routers_do_not_report_times_out),
		cmocka_unit_test(a_timeout_names_the_links_that_are_unheard),
		cmocka_unit_test(what_waits_behind_a_timeout_runs_then),
		cmocka_unit_test(parts_that_are_not_connected_converge_each),
		cmocka_unit_test(
			a_broken_link_is_seen_and_the_network_is_not_converged_until_it_is_back),
		cmocka_unit_test(a_router_that_dies_is_failed_until_its_process_is_back),
		cmocka_unit_test(an_apply_lets_a_router_alone_whose_process_comes_back),
		cmocka_unit_test(late_reports_about_others_are_dropped),
		cmocka_unit_test(central_tables_are_the_shortest_paths),
		cmocka_unit_test(central_routing_sends_only_what_differs),
		cmocka_unit_test(central_routing_goes_round_a_link_that_is_reported_lost),
		cmocka_unit_test(a_table_that_could_not_be_set_is_set_again),
		cmocka_unit_test(a_router_that_comes_back_gets_its_table_again),
		cmocka_unit_test(a_running_network_changes_between_the_modes),
		cmocka_unit_test(routes_can_be_asked_for_in_both_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
