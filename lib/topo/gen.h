/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generators: the table of kinds and of options that topo_generate() goes by. Help texts and
 * completion of the command line read it, too.
 */
#ifndef VLSP_LIB_TOPO_GEN_H
#define VLSP_LIB_TOPO_GEN_H

#include <stdbool.h>
#include <stddef.h>

struct topo_gen;

struct topo_gen_kind {
	const char *name; /* "grid" */
	const char *args; /* "W H"; what may be left out is in brackets */
	const char *help; /* one line: what it makes, and the limits */
	int args_min, args_max;
	bool is_random; /* --seed matters, --no-connect is allowed */
	int (*make)(struct topo_gen *gen);
};

struct topo_gen_option {
	const char *name; /* "--seed" */
	const char *arg;  /* "N"; NULL: takes none */
	const char *help;
};

const struct topo_gen_kind *topo_gen_kinds(size_t *ret_count);
/* The options of all kinds; then --rate, --delay ..., one for each property of a link but its seed:
 * --seed is the network's. */
const struct topo_gen_option *topo_gen_options(size_t *ret_count);

#endif
