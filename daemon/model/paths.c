/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shortest paths over adjacency arrays. Keys of the heap are metric << 32 | node, and a node that
 * got nearer is pushed again rather than moved: what is popped with an old metric is skipped. Every
 * weight is at least 1, so when a node is popped all its predecessors on shortest paths have been,
 * and its lowest first port is final. Called by daemon/ctl and daemon/host/fake.c.
 */
#include "daemon/model/paths.h"

#include <stdlib.h>
#include <string.h>

struct edge {
	uint32_t a, b, weight, port_a, port_b;
};

struct arc {
	uint32_t to, weight, port;
};

struct paths {
	uint32_t nodes, node_room;
	uint32_t *start; /* [nodes + 1]: first arc of each node */
	uint32_t *metric, *port, *via;
	struct edge *edges;
	uint32_t edge_count, edge_room;
	struct arc *arcs;
	uint64_t *heap;
	uint32_t heap_count, arc_room;
};

int paths_new(struct paths **ret_paths)
{
	*ret_paths = calloc(1, sizeof(**ret_paths));
	return *ret_paths ? 0 : -ENOMEM;
}

void paths_free(struct paths *paths)
{
	if (!paths)
		return;
	free(paths->start);
	free(paths->metric);
	free(paths->port);
	free(paths->via);
	free(paths->edges);
	free(paths->arcs);
	free(paths->heap);
	free(paths);
}

static int grow(void *array, size_t count, size_t size)
{
	void *more = realloc(*(void **)array, count * size);

	if (!more)
		return -ENOMEM;
	*(void **)array = more;
	return 0;
}

int paths_reset(struct paths *paths, uint32_t nodes)
{
	if (!paths->start || nodes > paths->node_room) {
		size_t room = (size_t)nodes + 1;

		if (grow(&paths->start, room, sizeof(paths->start[0])) ||
		    grow(&paths->metric, room, sizeof(paths->metric[0])) ||
		    grow(&paths->port, room, sizeof(paths->port[0])) ||
		    grow(&paths->via, room, sizeof(paths->via[0])))
			return -ENOMEM;
		paths->node_room = nodes;
	}
	paths->nodes = nodes;
	paths->edge_count = 0;
	return 0;
}

int paths_edge(struct paths *paths, uint32_t a, uint32_t b, uint32_t weight, uint32_t port_a,
	       uint32_t port_b)
{
	if (paths->edge_count == paths->edge_room) {
		uint32_t room = paths->edge_room ? paths->edge_room * 2 : 256;

		if (grow(&paths->edges, room, sizeof(paths->edges[0])))
			return -ENOMEM;
		paths->edge_room = room;
	}
	paths->edges[paths->edge_count++] = (struct edge){a, b, weight, port_a, port_b};
	return 0;
}

int paths_build(struct paths *paths)
{
	uint32_t arcs = paths->edge_count * 2, i, sum = 0, count;

	if (!paths->arcs || arcs > paths->arc_room) {
		if (grow(&paths->arcs, (size_t)arcs + 1, sizeof(paths->arcs[0])) ||
		    grow(&paths->heap, (size_t)arcs + 2, sizeof(paths->heap[0])))
			return -ENOMEM;
		paths->arc_room = arcs;
	}
	memset(paths->start, 0, ((size_t)paths->nodes + 1) * sizeof(paths->start[0]));
	for (i = 0; i < paths->edge_count; i++) {
		paths->start[paths->edges[i].a]++;
		paths->start[paths->edges[i].b]++;
	}
	for (i = 0; i < paths->nodes; i++) {
		count = paths->start[i];
		paths->start[i] = sum;
		sum += count;
	}
	/* start[i] runs to the start of i + 1 while arcs are entered, and is put back then. */
	for (i = 0; i < paths->edge_count; i++) {
		const struct edge *e = &paths->edges[i];

		paths->arcs[paths->start[e->a]++] = (struct arc){e->b, e->weight, e->port_a};
		paths->arcs[paths->start[e->b]++] = (struct arc){e->a, e->weight, e->port_b};
	}
	for (i = paths->nodes; i > 0; i--)
		paths->start[i] = paths->start[i - 1];
	paths->start[0] = 0;
	return 0;
}

uint32_t paths_nodes(const struct paths *paths)
{
	return paths->nodes;
}

int paths_load(struct paths *paths, const struct model *model,
	       bool (*usable)(void *arg, const struct model_link *link), void *arg)
{
	uint32_t nodes = 0;
	struct list *pos;
	int ret;

	list_for_each (pos, &model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);

		if (router->slot >= nodes)
			nodes = router->slot + 1;
	}
	ret = paths_reset(paths, nodes);
	list_for_each (pos, &model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);
		const struct model_end *a = &link->end[0], *b = &link->end[1];

		if (ret < 0)
			return ret;
		if (link->admin != MODEL_UP || link->state == MODEL_DELETING)
			continue;
		if (usable && !usable(arg, link))
			continue;
		ret = paths_edge(paths, a->router->slot, b->router->slot, link->weight, a->port,
				 b->port);
	}
	return ret < 0 ? ret : paths_build(paths);
}

static void push(struct paths *paths, uint64_t key)
{
	uint64_t *heap = paths->heap;
	uint32_t i = paths->heap_count++, up;

	for (; i > 0; i = up) {
		up = (i - 1) / 2;
		if (heap[up] <= key)
			break;
		heap[i] = heap[up];
	}
	heap[i] = key;
}

static uint64_t pop(struct paths *paths)
{
	uint64_t *heap = paths->heap, top = heap[0], last = heap[--paths->heap_count];
	uint32_t i = 0, down;

	for (;; i = down) {
		down = 2 * i + 1;
		if (down >= paths->heap_count)
			break;
		if (down + 1 < paths->heap_count && heap[down + 1] < heap[down])
			down++;
		if (heap[down] >= last)
			break;
		heap[i] = heap[down];
	}
	heap[i] = last;
	return top;
}

static void relax(struct paths *paths, uint32_t source, uint32_t node)
{
	const struct arc *arc = &paths->arcs[paths->start[node]];
	const struct arc *end = &paths->arcs[paths->start[node + 1]];

	for (; arc < end; arc++) {
		uint32_t metric = paths->metric[node] + arc->weight;
		uint32_t port = node == source ? arc->port : paths->port[node];
		uint32_t via = node == source ? arc->to : paths->via[node];

		if (metric > paths->metric[arc->to] ||
		    (metric == paths->metric[arc->to] && port >= paths->port[arc->to]))
			continue;
		if (metric < paths->metric[arc->to])
			push(paths, (uint64_t)metric << 32 | arc->to);
		paths->metric[arc->to] = metric;
		paths->port[arc->to] = port;
		paths->via[arc->to] = via;
	}
}

void paths_run(struct paths *paths, uint32_t source, struct paths_result *ret_result)
{
	uint32_t reachable = 0, node, metric;
	uint64_t sum = 0, key;

	memset(paths->metric, 0xff, paths->nodes * sizeof(paths->metric[0]));
	memset(paths->port, 0, paths->nodes * sizeof(paths->port[0]));
	paths->metric[source] = 0;
	paths->heap_count = 0;
	push(paths, source);
	while (paths->heap_count) {
		key = pop(paths);
		node = (uint32_t)key;
		metric = (uint32_t)(key >> 32);
		if (metric != paths->metric[node])
			continue;
		if (node != source) {
			reachable++;
			sum += metric;
		}
		relax(paths, source, node);
	}
	*ret_result = (struct paths_result){.metric = paths->metric,
					    .port = paths->port,
					    .via = paths->via,
					    .reachable = reachable,
					    .metric_sum = sum};
}
