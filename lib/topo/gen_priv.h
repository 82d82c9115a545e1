/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between gen.c, which reads arguments, and gen_*.c, which make networks. */
#ifndef VLSP_LIB_TOPO_GEN_PRIV_H
#define VLSP_LIB_TOPO_GEN_PRIV_H

#include "lib/topo/doc_priv.h"
#include "lib/topo/gen.h"
#include "lib/topo/rng.h"

#define TOPO_GEN_ARGS_MAX 3

struct topo_gen {
	const struct topo_gen_kind *kind;
	struct topo_doc *doc;
	struct err *err;
	const char *args[TOPO_GEN_ARGS_MAX];
	int arg_count;
	struct topo_rng rng;
	uint64_t seed;
	bool no_connect;
	bool routing_given;
	const char *prefix;    /* NULL: each kind's own */
	struct topo_link link; /* weight and shape for each link */
};

/* "grid: H: ..."; returns -EINVAL. */
int gen_fail(struct topo_gen *gen, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The i-th argument as a whole number within min to max; name is as in the kind's args. */
int gen_count(struct topo_gen *gen, int i, const char *name, uint64_t min, uint64_t max,
	      uint32_t *ret);
/* The i-th argument as a fraction 0 .. max, in units of 1e-9. */
int gen_fraction(struct topo_gen *gen, int i, const char *name, unsigned max, uint64_t *ret);

/* Whether so many fit; gen_fail() otherwise. */
int gen_room(struct topo_gen *gen, uint64_t routers, uint64_t links);

/* Routers PREFIX1 .. PREFIXn; prefix is used where --prefix is not given. 0 or -errno. */
int gen_routers(struct topo_gen *gen, const char *prefix, uint32_t n);
/* Routers of a role, ROLE1 .. ROLEn, with --prefix in front. */
int gen_role(struct topo_gen *gen, const char *role, uint32_t n);
int gen_link(struct topo_gen *gen, uint32_t a, uint32_t b);

int gen_line(struct topo_gen *gen);
int gen_ring(struct topo_gen *gen);
int gen_star(struct topo_gen *gen);
int gen_full(struct topo_gen *gen);
int gen_grid(struct topo_gen *gen);
int gen_torus(struct topo_gen *gen);
int gen_tree(struct topo_gen *gen);
int gen_fat_tree(struct topo_gen *gen);
int gen_leaf_spine(struct topo_gen *gen);
int gen_erdos_renyi(struct topo_gen *gen);
int gen_barabasi_albert(struct topo_gen *gen);
int gen_waxman(struct topo_gen *gen);

#endif
