// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Networks without chance: line to leaf-spine. Called by topo_generate(), whose table says what
 * the arguments are. Routers are numbered from 1 in the order they are made.
 */
#include "lib/topo/gen_priv.h"

int gen_line(struct topo_gen *gen)
{
	uint32_t n;
	int r = gen_count(gen, 0, "N", 1, TOPO_ROUTERS_MAX, &n);

	if (r == 0)
		r = gen_routers(gen, "r", n);
	for (uint32_t i = 1; r == 0 && i < n; i++)
		r = gen_link(gen, i - 1, i);
	return r;
}

int gen_ring(struct topo_gen *gen)
{
	uint32_t n;
	int r = gen_count(gen, 0, "N", 3, TOPO_ROUTERS_MAX, &n);

	if (r == 0)
		r = gen_routers(gen, "r", n);
	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = gen_link(gen, i, (i + 1) % n);
	return r;
}

int gen_star(struct topo_gen *gen)
{
	uint32_t n;
	int r = gen_count(gen, 0, "N", 2, TOPO_ROUTERS_MAX, &n);

	if (r == 0)
		r = gen_routers(gen, "r", n);
	for (uint32_t i = 1; r == 0 && i < n; i++)
		r = gen_link(gen, 0, i);
	return r;
}

int gen_full(struct topo_gen *gen)
{
	uint32_t n;
	int r = gen_count(gen, 0, "N", 2, TOPO_ROUTERS_MAX, &n);

	if (r == 0)
		r = gen_room(gen, n, (uint64_t)n * (n - 1) / 2);
	if (r == 0)
		r = gen_routers(gen, "r", n);
	for (uint32_t i = 0; i < n && r == 0; i++)
		for (uint32_t k = i + 1; r == 0 && k < n; k++)
			r = gen_link(gen, i, k);
	return r;
}

/* Row by row; each router is linked with its right and its lower neighbour. */
static int make_grid(struct topo_gen *gen, bool wrap)
{
	uint32_t w = 0, h = 0;
	uint64_t links;
	int r = gen_count(gen, 0, "W", wrap ? 3 : 1, TOPO_ROUTERS_MAX, &w);

	if (r == 0)
		r = gen_count(gen, 1, "H", wrap ? 3 : 1, TOPO_ROUTERS_MAX, &h);
	if (r < 0)
		return r;
	links = wrap ? 2ULL * w * h : (uint64_t)(w - 1) * h + (uint64_t)w * (h - 1);
	r = gen_room(gen, (uint64_t)w * h, links);
	if (r == 0)
		r = gen_routers(gen, "r", w * h);
	for (uint32_t y = 0; y < h && r == 0; y++) {
		for (uint32_t x = 0; x < w && r == 0; x++) {
			if (wrap || x + 1 < w)
				r = gen_link(gen, y * w + x, y * w + (x + 1) % w);
			if (r == 0 && (wrap || y + 1 < h))
				r = gen_link(gen, y * w + x, (y + 1) % h * w + x);
		}
	}
	return r;
}

int gen_grid(struct topo_gen *gen)
{
	return make_grid(gen, false);
}

int gen_torus(struct topo_gen *gen)
{
	return make_grid(gen, true);
}

/* Level by level, so that the parent of router i is (i - 1) / FANOUT. */
int gen_tree(struct topo_gen *gen)
{
	uint32_t fanout = 0, depth = 0;
	uint64_t n = 0, level = 1;
	int r = gen_count(gen, 0, "FANOUT", 1, TOPO_ROUTERS_MAX, &fanout);

	if (r == 0)
		r = gen_count(gen, 1, "DEPTH", 1, TOPO_ROUTERS_MAX, &depth);
	for (uint32_t d = 0; r == 0 && d < depth; d++) {
		n += level;
		level *= fanout;
		r = gen_room(gen, n, n - 1);
	}
	if (r == 0)
		r = gen_routers(gen, "r", (uint32_t)n);
	for (uint32_t i = 1; r == 0 && i < n; i++)
		r = gen_link(gen, (i - 1) / fanout, i);
	return r;
}

/*
 * Al-Fares, Loukissas, Vahdat, "A scalable, commodity data center network architecture", SIGCOMM
 * 2008: k pods of k/2 edge and k/2 aggregation switches; the j-th aggregation switch of each pod
 * is linked with core switches j*k/2 .. j*k/2 + k/2 - 1.
 */
int gen_fat_tree(struct topo_gen *gen)
{
	uint32_t k = 0, half, cores, pods;
	int r = gen_count(gen, 0, "K", 2, 1000, &k);

	if (r == 0 && k % 2)
		return gen_fail(gen, "K: %u is odd", k);
	half = k / 2;
	cores = half * half;
	pods = k * half; /* switches of a layer in all pods */
	if (r == 0)
		r = gen_room(gen, cores + 2ULL * pods, 2ULL * pods * half);
	if (r == 0)
		r = gen_role(gen, "core", cores);
	if (r == 0)
		r = gen_role(gen, "agg", pods);
	if (r == 0)
		r = gen_role(gen, "edge", pods);
	for (uint32_t i = 0; r == 0 && i < pods; i++) {
		uint32_t agg = cores + i, first_edge = cores + pods + i / half * half;

		for (uint32_t j = 0; r == 0 && j < half; j++)
			r = gen_link(gen, i % half * half + j, agg);
		for (uint32_t j = 0; r == 0 && j < half; j++)
			r = gen_link(gen, agg, first_edge + j);
	}
	return r;
}

int gen_leaf_spine(struct topo_gen *gen)
{
	uint32_t leaves = 0, spines = 0;
	int r = gen_count(gen, 0, "LEAVES", 1, TOPO_ROUTERS_MAX, &leaves);

	if (r == 0)
		r = gen_count(gen, 1, "SPINES", 1, TOPO_ROUTERS_MAX, &spines);
	if (r == 0)
		r = gen_room(gen, (uint64_t)leaves + spines, (uint64_t)leaves * spines);
	if (r == 0)
		r = gen_role(gen, "spine", spines);
	if (r == 0)
		r = gen_role(gen, "leaf", leaves);
	for (uint32_t leaf = 0; leaf < leaves && r == 0; leaf++)
		for (uint32_t spine = 0; r == 0 && spine < spines; spine++)
			r = gen_link(gen, spines + leaf, spine);
	return r;
}
