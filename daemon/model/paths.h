/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shortest paths from one node to all others (Dijkstra 1959, with a binary heap). Buffers are kept
 * between runs: a sweep over all sources allocates nothing. Used by daemon/ctl for what every
 * router's table must come to and for central routing, and by the fake host.
 *
 * Of several shortest paths the one whose first hop leaves by the lowest port is taken, for each
 * destination alike, however the graph was entered.
 */
#ifndef VLSP_DAEMON_MODEL_PATHS_H
#define VLSP_DAEMON_MODEL_PATHS_H

#include <stdint.h>

#include "daemon/model/model.h"

#define PATHS_INFINITY 0xffffffffu

struct paths;

int paths_new(struct paths **ret_paths);
void paths_free(struct paths *paths); /* NULL is fine */

/* A new graph of nodes 0 .. nodes-1 without edges. 0 or -ENOMEM. */
int paths_reset(struct paths *paths, uint32_t nodes);
/* Both directions; weight 1 .. 65535; port_a is a's. 0 or -ENOMEM. */
int paths_edge(struct paths *paths, uint32_t a, uint32_t b, uint32_t weight, uint32_t port_a,
	       uint32_t port_b);
/* After the last edge, before the first run. 0 or -ENOMEM. */
int paths_build(struct paths *paths);
uint32_t paths_nodes(const struct paths *paths);

/* reset + edge + build of the model: nodes are slots, edges are links that are not on their way
 * out, are admin-UP, and that usable (NULL: all) accepts. 0 or -ENOMEM. */
int paths_load(struct paths *paths, const struct model *model,
	       bool (*usable)(void *arg, const struct model_link *link), void *arg);

struct paths_result {		/* arrays by node, valid until the next run */
	const uint32_t *metric; /* PATHS_INFINITY: not reachable */
	const uint32_t *port;	/* of the first hop, the source's; 0: none */
	const uint32_t *via;	/* the first hop's other end; only where port is not 0 */
	uint32_t reachable;	/* nodes other than source */
	uint64_t metric_sum;
};

void paths_run(struct paths *paths, uint32_t source, struct paths_result *ret_result);

#endif
