// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * topo_generate(): kinds, options, and what all generators need. The networks themselves are made
 * in gen_regular.c and gen_random.c. Called by the command line's generate and by tests.
 */
#include "lib/topo/gen_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/units.h"

static const struct topo_gen_kind kinds[] = {
	{"line", "N", "N routers in a row", 1, 1, false, gen_line},
	{"ring", "N", "N routers in a circle (at least 3)", 1, 1, false, gen_ring},
	{"star", "N", "N routers, r1 in the middle (at least 2)", 1, 1, false, gen_star},
	{"full", "N", "N routers, each linked with each (2 to 245)", 1, 1, false, gen_full},
	{"grid", "W H", "W by H routers, row by row", 2, 2, false, gen_grid},
	{"torus", "W H", "a grid whose edges meet (each at least 3)", 2, 2, false, gen_torus},
	{"tree", "FANOUT DEPTH", "DEPTH levels of routers, FANOUT children each; r1 is the root", 2,
	 2, false, gen_tree},
	{"fat-tree", "K", "(K/2)^2 core, K^2/2 agg and K^2/2 edge routers (K even, 2 to 38)", 1, 1,
	 false, gen_fat_tree},
	{"leaf-spine", "LEAVES SPINES", "each leaf linked with each spine", 2, 2, false,
	 gen_leaf_spine},
	{"erdos-renyi", "N P", "each of the N(N-1)/2 possible links with probability P (0 to 1)", 2,
	 2, true, gen_erdos_renyi},
	{"barabasi-albert", "N M", "routers join one by one, with M links to well linked ones", 2,
	 2, true, gen_barabasi_albert},
	{"waxman", "N [ALPHA BETA]",
	 "points in a square, linked with probability ALPHA*exp(-d/(BETA*L)) (0.4 0.1)", 1, 3, true,
	 gen_waxman},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const struct topo_gen_option options[] = {
	{"--name", "NAME", "name of the topology (the kind and its arguments)"},
	{"--network", "PREFIX", "network of the routers' addresses (10.0.0.0/16)"},
	{"--routing", "MODE", "distributed or central (central beyond 2048 routers)"},
	{"--prefix", "TEXT", "what routers' names start with (r)"},
	{"--weight", "N", "weight of each link (1)"},
	{"--seed", "N", "same seed, same network; matters for random kinds (1)"},
	{"--no-connect", NULL, "for random kinds: leave unconnected parts unconnected"},
	{"--rate", "RATE", "of each link, e.g. 10mbit"},
	{"--delay", "TIME", "of each link, e.g. 20ms"},
	{"--jitter", "TIME", "of each link, e.g. 2ms"},
	{"--distribution", "NAME", "of the jitter: uniform, normal, pareto, paretonormal"},
	{"--loss", "PERCENT", "of each link, e.g. 0.1%"},
	{"--burst", "N", "mean length of a burst of losses, e.g. 5"},
	{"--burst-loss", "PERCENT", "lost within a burst, e.g. 50%"},
	{"--duplicate", "PERCENT", "of each link, e.g. 0.1%"},
	{"--corrupt", "PERCENT", "of each link, e.g. 0.01%"},
	{"--reorder", "PERCENT", "of each link, e.g. 1%"},
	{"--order", "WORD", "free: jitter may reorder; keep: it may not"},
	{"--limit", "PACKETS", "of each link's queue, e.g. 100p"},
	{"--overhead", "BYTES", "that rate counts with each frame, e.g. 24"},
	{"--backend", "NAME", "what emulates each link: tc, bpf, relay, kmod"},
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

const struct topo_gen_kind *topo_gen_kinds(size_t *ret_count)
{
	*ret_count = KIND_COUNT;
	return kinds;
}

const struct topo_gen_option *topo_gen_options(size_t *ret_count)
{
	*ret_count = OPTION_COUNT;
	return options;
}

int gen_fail(struct topo_gen *gen, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(gen->err, EINVAL, "%s: %s", gen->kind->name, text);
}

int gen_count(struct topo_gen *gen, int i, const char *name, uint64_t min, uint64_t max,
	      uint32_t *ret)
{
	uint64_t value;
	struct err why;

	if (units_count_parse(gen->args[i], name, min, max, &value, &why) < 0)
		return gen_fail(gen, "%s", why.text);
	*ret = (uint32_t)value;
	return 0;
}

/* By hand and not as a double: the same on every machine. */
int gen_fraction(struct topo_gen *gen, int i, const char *name, unsigned max, uint64_t *ret)
{
	const char *text = gen->args[i], *p = text;
	uint64_t value = 0, place = 1000000000;

	while (*p >= '0' && *p <= '9' && value <= max)
		value = value * 10 + (uint64_t)(*p++ - '0');
	value *= place;
	if (*p == '.' && p > text && p[1])
		for (p++; *p >= '0' && *p <= '9'; p++) {
			place /= 10; /* digits behind the ninth do not matter */
			value += place * (uint64_t)(*p - '0');
		}
	if (p == text || *p || value > max * 1000000000ULL)
		return gen_fail(gen, "%s: '%.40s' is not a number from 0 to %u, like 0.1", name,
				text, max);
	*ret = value;
	return 0;
}

int gen_room(struct topo_gen *gen, uint64_t routers, uint64_t links)
{
	if (routers > TOPO_ROUTERS_MAX)
		return gen_fail(gen, "%ju routers are more than the %d that a topology may have",
				(uintmax_t)routers, TOPO_ROUTERS_MAX);
	if (links > TOPO_LINKS_MAX)
		return gen_fail(gen, "%ju links are more than the %d that a topology may have",
				(uintmax_t)links, TOPO_LINKS_MAX);
	return 0;
}

static int add_routers(struct topo_gen *gen, const char *prefix, const char *role, uint32_t n)
{
	for (uint32_t i = 1; i <= n; i++) {
		char name[NAME_SIZE + 40];

		snprintf(name, sizeof(name), "%.63s%.20s%u", prefix, role, i);
		if (strlen(name) > NAME_MAX_LEN)
			return gen_fail(gen,
					"--prefix: '%.63s' makes names longer than %d characters",
					prefix, NAME_MAX_LEN);
		if (!topo_doc_add_router(gen->doc, name))
			return err_errno(gen->err, ENOMEM, "%s", gen->kind->name);
	}
	return 0;
}

int gen_routers(struct topo_gen *gen, const char *prefix, uint32_t n)
{
	return add_routers(gen, gen->prefix ? gen->prefix : prefix, "", n);
}

int gen_role(struct topo_gen *gen, const char *role, uint32_t n)
{
	return add_routers(gen, gen->prefix ? gen->prefix : "", role, n);
}

int gen_link(struct topo_gen *gen, uint32_t a, uint32_t b)
{
	struct topo_link *link;

	if (gen->doc->link_count == TOPO_LINKS_MAX)
		return gen_room(gen, 0, TOPO_LINKS_MAX + 1);
	link = topo_doc_add_link(gen->doc, a, b);
	if (!link)
		return err_errno(gen->err, ENOMEM, "%s", gen->kind->name);
	link->weight = gen->link.weight;
	memcpy(link->shape, gen->link.shape, sizeof(link->shape));
	return 0;
}

/* --- arguments --- */

static int set_routing(struct topo_gen *gen, const char *value)
{
	gen->routing_given = true;
	if (strcmp(value, "central") == 0)
		gen->doc->routing = TOPO_ROUTING_CENTRAL;
	else if (strcmp(value, "distributed") != 0)
		return gen_fail(gen, "--routing: '%.40s' is not one of distributed, central",
				value);
	return 0;
}

static int set_option(struct topo_gen *gen, const char *name, const char *value)
{
	struct topo_doc *doc = gen->doc;
	uint64_t number;
	struct err why = {0};
	int r = 0;

	if (strcmp(name, "--no-connect") == 0) {
		gen->no_connect = true;
	} else if (strcmp(name, "--routing") == 0) {
		return set_routing(gen, value);
	} else if (strcmp(name, "--seed") == 0) {
		r = units_count_parse(value, name, 0, UINT64_MAX, &gen->seed, &why);
	} else if (strcmp(name, "--weight") == 0) {
		r = units_count_parse(value, name, 1, TOPO_WEIGHT_MAX, &number, &why);
		if (r == 0)
			gen->link.weight = (uint32_t)number;
	} else if (strcmp(name, "--name") == 0) {
		r = name_check(value, name, &why);
		if (r == 0)
			snprintf(doc->name, sizeof(doc->name), "%s", value);
	} else if (strcmp(name, "--prefix") == 0) {
		r = name_check(value, name, &why);
		gen->prefix = value;
	} else if (strcmp(name, "--network") == 0) {
		if (prefix_parse(value, &doc->network, &doc->prefix_len, &why) < 0)
			return gen_fail(gen, "--%s", why.text);
	} else {
		for (int d = 0; d < 2 && r == 0; d++)
			r = topo_shape_parse(&gen->link.shape[d], name + 2, value, &why);
		if (r < 0)
			return gen_fail(gen, "--%s", why.text);
	}
	return r < 0 ? gen_fail(gen, "%s", why.text) : 0;
}

/* "--seed 3" or "--seed=3" at argv[*i]. */
static int read_option(struct topo_gen *gen, int argc, const char *const *argv, int *i)
{
	const char *arg = argv[*i], *equals = strchr(arg, '=');
	size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct topo_gen_option *option = NULL;
	struct topo_near near = {.word = arg};
	char hint[64];

	for (size_t k = 0; k < OPTION_COUNT; k++) {
		if (strncmp(options[k].name, arg, n) == 0 && options[k].name[n] == '\0')
			option = &options[k];
		topo_near_try(&near, options[k].name);
	}
	if (!option)
		return gen_fail(gen, "%.40s: unknown option%s", arg,
				topo_near_hint(&near, hint, sizeof(hint)));
	if (!gen->kind->is_random && strcmp(option->name, "--no-connect") == 0)
		return gen_fail(gen, "%s: there is nothing random in this kind", option->name);
	if (!option->arg)
		return equals ? gen_fail(gen, "%s: takes no value", option->name)
			      : set_option(gen, option->name, NULL);
	if (!equals && *i + 1 == argc)
		return gen_fail(gen, "%s: %s is missing", option->name, option->arg);
	return set_option(gen, option->name, equals ? equals + 1 : argv[++*i]);
}

static int read_arguments(struct topo_gen *gen, int argc, const char *const *argv)
{
	for (int i = 0; i < argc; i++) {
		int r = 0;

		if (strncmp(argv[i], "--", 2) == 0)
			r = read_option(gen, argc, argv, &i);
		else if (gen->arg_count == gen->kind->args_max)
			r = gen_fail(gen, "'%.40s' is one argument too many: expected %s", argv[i],
				     gen->kind->args);
		else
			gen->args[gen->arg_count++] = argv[i];
		if (r < 0)
			return r;
	}
	if (gen->arg_count < gen->kind->args_min ||
	    (gen->arg_count > gen->kind->args_min && gen->arg_count < gen->kind->args_max))
		return gen_fail(gen, "expected %s", gen->kind->args);
	return 0;
}

/* "grid-10-10"; arguments that do not fit a name are rare enough to go without. */
static void default_name(struct topo_gen *gen)
{
	char name[NAME_SIZE + 64];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s", gen->kind->name);

	for (int i = 0; i < gen->arg_count; i++)
		n += (size_t)snprintf(name + n, sizeof(name) - n, "-%.20s", gen->args[i]);
	if (name_check(name, "name", NULL) == 0)
		snprintf(gen->doc->name, sizeof(gen->doc->name), "%.63s", name);
}

static const struct topo_gen_kind *find_kind(const char *name, struct err *err)
{
	struct topo_near near = {.word = name};
	char hint[300];
	size_t n;

	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
		topo_near_try(&near, kinds[i].name);
	}
	n = strlen(topo_near_hint(&near, hint, sizeof(hint)));
	for (size_t i = 0; i < KIND_COUNT && !near.best && n < sizeof(hint); i++)
		n += (size_t)snprintf(hint + n, sizeof(hint) - n, "%s%s", i ? ", " : "; kinds are ",
				      kinds[i].name);
	err_set(err, EINVAL, "%.40s: is not a kind of topology%s", name, hint);
	return NULL;
}

int topo_generate(const char *kind, int argc, const char *const *argv, struct topo_doc **ret_doc,
		  struct err *err)
{
	struct topo_gen gen = {.err = err, .seed = 1, .link = {.weight = 1}};
	int r;

	gen.kind = find_kind(kind, err);
	if (!gen.kind)
		return -EINVAL;
	gen.doc = topo_doc_new();
	if (!gen.doc)
		return err_errno(err, ENOMEM, "%s", kind);
	r = read_arguments(&gen, argc, argv);
	if (r < 0)
		goto failed;
	if (!gen.doc->name[0])
		default_name(&gen);
	topo_rng_seed(&gen.rng, gen.seed);
	r = gen.kind->make(&gen);
	if (r < 0)
		goto failed;
	if (!gen.routing_given && gen.doc->router_count > TOPO_ROUTERS_DISTRIBUTED_MAX)
		gen.doc->routing = TOPO_ROUTING_CENTRAL;
	r = topo_doc_check(gen.doc, kind, err);
	if (r < 0)
		goto failed;
	*ret_doc = gen.doc;
	return 0;

failed:
	topo_doc_free(gen.doc);
	return r;
}
