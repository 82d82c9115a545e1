/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shortest paths against an independent oracle (Bellman-Ford), on seeded random graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/model/paths.h"

#define NODES_MAX 40
#define EDGES_MAX 200

struct graph {
	uint32_t nodes, edges;
	struct {
		uint32_t a, b, weight, port_a, port_b;
	} edge[EDGES_MAX];
};

static void random_graph(struct graph *g, unsigned seed)
{
	uint32_t i;

	srandom(seed);
	g->nodes = 2 + (uint32_t)random() % (NODES_MAX - 1);
	g->edges = (uint32_t)random() % EDGES_MAX;
	for (i = 0; i < g->edges; i++) {
		g->edge[i].a = (uint32_t)random() % g->nodes;
		g->edge[i].b = (g->edge[i].a + 1 + (uint32_t)random() % (g->nodes - 1)) % g->nodes;
		/* Few different weights: many equal paths. */
		g->edge[i].weight = 1 + (uint32_t)random() % (seed % 2 ? 3 : 65535);
		g->edge[i].port_a = 16 + 2 * ((i * 7919) % EDGES_MAX);
		g->edge[i].port_b = g->edge[i].port_a + 1;
	}
}

static void enter(struct paths *paths, const struct graph *g)
{
	uint32_t i;

	assert_int_equal(paths_reset(paths, g->nodes), 0);
	for (i = 0; i < g->edges; i++)
		assert_int_equal(paths_edge(paths, g->edge[i].a, g->edge[i].b, g->edge[i].weight,
					    g->edge[i].port_a, g->edge[i].port_b),
				 0);
	assert_int_equal(paths_build(paths), 0);
}

static void bellman_ford(const struct graph *g, uint32_t source, uint64_t *metric)
{
	uint32_t round, i;

	for (i = 0; i < g->nodes; i++)
		metric[i] = i == source ? 0 : UINT64_MAX / 2;
	for (round = 0; round < g->nodes; round++) {
		for (i = 0; i < g->edges; i++) {
			uint32_t a = g->edge[i].a, b = g->edge[i].b, w = g->edge[i].weight;

			if (metric[a] + w < metric[b])
				metric[b] = metric[a] + w;
			if (metric[b] + w < metric[a])
				metric[a] = metric[b] + w;
		}
	}
}

/* The lowest port of source that begins a shortest path to node. */
static uint32_t lowest_port(const struct graph *g, uint32_t source, uint32_t node,
			    const uint64_t metric[][NODES_MAX], uint32_t *ret_via)
{
	uint32_t best = 0, i;

	for (i = 0; i < g->edges; i++) {
		uint32_t a = g->edge[i].a, b = g->edge[i].b;
		uint32_t peer = a == source ? b : a;
		uint32_t port = a == source ? g->edge[i].port_a : g->edge[i].port_b;

		if (a != source && b != source)
			continue;
		if (metric[peer][node] + g->edge[i].weight != metric[source][node])
			continue;
		if (!best || port < best) {
			best = port;
			*ret_via = peer;
		}
	}
	return best;
}

static void check_source(struct paths *paths, const struct graph *g, uint32_t source,
			 const uint64_t metric[][NODES_MAX])
{
	struct paths_result result;
	uint32_t reachable = 0, node, via = 0, port;
	uint64_t sum = 0;

	paths_run(paths, source, &result);
	for (node = 0; node < g->nodes; node++) {
		if (node == source) {
			assert_int_equal(result.metric[node], 0);
			assert_int_equal(result.port[node], 0);
			continue;
		}
		if (metric[source][node] >= UINT64_MAX / 2) {
			assert_int_equal(result.metric[node], PATHS_INFINITY);
			assert_int_equal(result.port[node], 0);
			continue;
		}
		reachable++;
		sum += metric[source][node];
		assert_int_equal(result.metric[node], metric[source][node]);
		port = lowest_port(g, source, node, metric, &via);
		assert_int_equal(result.port[node], port);
		assert_int_equal(result.via[node], via);
	}
	assert_int_equal(result.reachable, reachable);
	assert_int_equal(result.metric_sum, sum);
}

static void distances_and_first_hops_are_those_of_an_independent_oracle(void **state)
{
	static uint64_t metric[NODES_MAX][NODES_MAX];
	struct paths *paths;
	struct graph g;
	unsigned seed;
	uint32_t source;

	(void)state;
	assert_int_equal(paths_new(&paths), 0);
	for (seed = 1; seed <= 300; seed++) {
		random_graph(&g, seed);
		enter(paths, &g);
		assert_int_equal(paths_nodes(paths), g.nodes);
		for (source = 0; source < g.nodes; source++)
			bellman_ford(&g, source, metric[source]);
		for (source = 0; source < g.nodes; source++)
			check_source(paths, &g, source, (const uint64_t(*)[NODES_MAX])metric);
	}
	paths_free(paths);
}

static void the_order_of_entering_edges_changes_nothing(void **state)
{
	struct paths *x, *y;
	struct paths_result rx, ry;
	struct graph g, reversed;
	uint32_t i, source;

	(void)state;
	assert_int_equal(paths_new(&x), 0);
	assert_int_equal(paths_new(&y), 0);
	random_graph(&g, 7);
	reversed = g;
	for (i = 0; i < g.edges; i++)
		reversed.edge[i] = g.edge[g.edges - 1 - i];
	enter(x, &g);
	enter(y, &reversed);
	for (source = 0; source < g.nodes; source++) {
		paths_run(x, source, &rx);
		paths_run(y, source, &ry);
		assert_memory_equal(rx.port, ry.port, g.nodes * sizeof(rx.port[0]));
		assert_memory_equal(rx.metric, ry.metric, g.nodes * sizeof(rx.metric[0]));
	}
	paths_free(x);
	paths_free(y);
}

static void a_graph_without_edges_reaches_nobody(void **state)
{
	struct paths *paths;
	struct paths_result result;

	(void)state;
	assert_int_equal(paths_new(&paths), 0);
	assert_int_equal(paths_reset(paths, 3), 0);
	assert_int_equal(paths_build(paths), 0);
	paths_run(paths, 1, &result);
	assert_int_equal(result.reachable, 0);
	assert_int_equal(result.metric_sum, 0);
	paths_free(paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_and_first_hops_are_those_of_an_independent_oracle),
		cmocka_unit_test(the_order_of_entering_edges_changes_nothing),
		cmocka_unit_test(a_graph_without_edges_reaches_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
