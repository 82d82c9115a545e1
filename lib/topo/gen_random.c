// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Networks by chance, in integers (and the exactly rounded square root) only: a seed gives the
 * same network on every machine. Parts that are not connected are joined by one link each, unless
 * --no-connect. Called by topo_generate().
 */
#include "lib/topo/gen_priv.h"

#include <math.h>
#include <stdlib.h>

#define ONE 1000000000ULL /* of gen_fraction() */

/* A random router of each further part is linked with a random one of those joined so far. */
static int connect_parts(struct topo_gen *gen)
{
	size_t n = gen->doc->router_count;
	uint32_t *part, *order, *start;
	long parts;
	int r = 0;

	if (gen->no_connect)
		return 0;
	part = calloc(n, sizeof(*part));
	order = calloc(n, sizeof(*order));
	start = calloc(n + 1, sizeof(*start));
	parts = part && order && start ? topo_doc_parts(gen->doc, part) : -ENOMEM;
	if (parts < 0) {
		r = err_errno(gen->err, ENOMEM, "%s", gen->kind->name);
		goto out;
	}
	/* routers sorted by part: those of part p are order[start[p]] .. order[start[p + 1] - 1] */
	for (size_t i = 0; i < n; i++)
		start[part[i] + 1]++;
	for (long p = 0; p < parts; p++)
		start[p + 1] += start[p];
	for (size_t i = n; i-- > 0;)
		order[--start[part[i] + 1]] = (uint32_t)i;
	/* start[p + 1] is now where part p begins */
	for (long p = 1; r == 0 && p < parts; p++) {
		size_t from = start[p + 1], to = p + 1 < parts ? start[p + 2] : n;
		uint32_t old = order[topo_rng_below(&gen->rng, from)];
		uint32_t fresh = order[from + topo_rng_below(&gen->rng, to - from)];

		r = gen_link(gen, old, fresh);
	}
out:
	free(part);
	free(order);
	free(start);
	return r;
}

int gen_erdos_renyi(struct topo_gen *gen)
{
	uint32_t n = 0;
	uint64_t p = 0, threshold;
	int r = gen_count(gen, 0, "N", 1, TOPO_ROUTERS_MAX, &n);

	if (r == 0)
		r = gen_fraction(gen, 1, "P", 1, &p);
	if (r == 0)
		r = gen_routers(gen, "r", n);
	threshold = (UINT64_MAX / ONE) * p;
	for (uint32_t i = 0; i < n && r == 0; i++)
		for (uint32_t k = i + 1; k < n && r == 0; k++)
			if (p == ONE || topo_rng_next(&gen->rng) < threshold)
				r = gen_link(gen, i, k);
	return r < 0 ? r : connect_parts(gen);
}

/*
 * Barabasi and Albert, "Emergence of scaling in random networks", Science 286, 1999. Starts as a
 * star of M + 1 routers; a router is chosen with a probability that grows with its links, by
 * drawing from a list that names each router once per link.
 */
int gen_barabasi_albert(struct topo_gen *gen)
{
	uint32_t n = 0, m = 0, *targets, *chosen;
	size_t count = 0;
	int r = gen_count(gen, 0, "N", 2, TOPO_ROUTERS_MAX, &n);

	if (r == 0)
		r = gen_count(gen, 1, "M", 1, n - 1, &m);
	if (r == 0)
		r = gen_room(gen, n, (uint64_t)m * (n - m));
	if (r == 0)
		r = gen_routers(gen, "r", n);
	if (r < 0)
		return r;
	targets = calloc((size_t)2 * m * (n - m), sizeof(*targets));
	chosen = calloc(n, sizeof(*chosen)); /* by whom, last */
	if (!targets || !chosen)
		r = err_errno(gen->err, ENOMEM, "%s", gen->kind->name);
	for (uint32_t i = 1; r == 0 && i <= m; i++) {
		r = gen_link(gen, 0, i);
		targets[count++] = 0;
		targets[count++] = i;
	}
	for (uint32_t i = m + 1; r == 0 && i < n; i++) {
		size_t old = count;

		for (uint32_t k = 0; r == 0 && k < m;) {
			uint32_t to = targets[topo_rng_below(&gen->rng, old)];

			if (chosen[to] == i)
				continue;
			chosen[to] = i;
			r = gen_link(gen, i, to);
			targets[count++] = i;
			targets[count++] = to;
			k++;
		}
	}
	free(targets);
	free(chosen);
	return r;
}

/* exp(-x) for x in units of 2^-20, as a fraction of 2^30. */
static uint64_t exp_minus(uint64_t x)
{
	const uint64_t exp_minus_one = 395007542; /* 2^30 / e */
	uint64_t f = (x & 0xfffff) << 10, sum = 1u << 30, term = 1u << 30;

	if (x >> 20 > 20)
		return 0;		     /* under 2^-30 */
	for (unsigned i = 1; i <= 14; i++) { /* Taylor: 1 - f + f^2/2 - ... */
		term = (term * f >> 30) / i;
		sum = i % 2 ? sum - term : sum + term;
	}
	for (x >>= 20; x > 0; x--)
		sum = sum * exp_minus_one >> 30;
	return sum;
}

struct point {
	uint32_t x, y;
};

/* Whether two routers get a link: probability alpha * exp(-d / (beta * L)), in parts of 2^30. */
static bool waxman_linked(struct topo_gen *gen, const struct point *a, const struct point *b,
			  uint64_t alpha, uint64_t beta)
{
	int64_t dx = (int64_t)a->x - b->x, dy = (int64_t)a->y - b->y;
	/* d / L in units of 2^-20; L, the diagonal, is 65536 * sqrt(2). sqrt() is exactly rounded
	 * by IEEE 754, times a power of two, which is exact: the same everywhere. */
	uint64_t ratio = (uint64_t)(sqrt((double)(dx * dx + dy * dy) / 2) * 16);
	uint64_t draw = topo_rng_next(&gen->rng) >> 34;

	return draw < alpha * exp_minus(ratio * ONE / beta) / ONE;
}

/*
 * Waxman, "Routing of multipoint connections", IEEE JSAC 6(9), 1988, with alpha and beta as in
 * BRITE: alpha for how many links, beta for how long they may be.
 */
int gen_waxman(struct topo_gen *gen)
{
	uint64_t alpha = 4 * ONE / 10, beta = ONE / 10;
	struct point *points;
	uint32_t n = 0;
	int r = gen_count(gen, 0, "N", 1, TOPO_ROUTERS_MAX, &n);

	if (r == 0 && gen->arg_count == 3) {
		r = gen_fraction(gen, 1, "ALPHA", 1, &alpha);
		if (r == 0)
			r = gen_fraction(gen, 2, "BETA", 1000, &beta);
		if (r == 0 && beta == 0)
			r = gen_fail(gen, "BETA: must be more than 0");
	}
	if (r == 0)
		r = gen_routers(gen, "r", n);
	if (r < 0)
		return r;
	points = calloc(n, sizeof(*points));
	if (!points)
		return err_errno(gen->err, ENOMEM, "%s", gen->kind->name);
	for (uint32_t i = 0; i < n; i++) {
		points[i].x = (uint32_t)topo_rng_below(&gen->rng, 65536);
		points[i].y = (uint32_t)topo_rng_below(&gen->rng, 65536);
	}
	for (uint32_t i = 0; i < n && r == 0; i++)
		for (uint32_t k = i + 1; k < n && r == 0; k++)
			if (waxman_linked(gen, &points[i], &points[k], alpha, beta))
				r = gen_link(gen, i, k);
	free(points);
	return r < 0 ? r : connect_parts(gen);
}
