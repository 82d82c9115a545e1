// SPDX-License-Identifier: GPL-2.0-or-later
/* Generators: counts, degrees, seeds, arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/topo/gen.h"
#include "lib/topo/rng.h"
#include "tests/unit/lib/topo/same.h"

#define ARGS_MAX 20

/* "grid 10 10 --weight 5" */
static int generate(const char *line, struct topo_doc **ret_doc, struct err *err)
{
	const char *argv[ARGS_MAX];
	char *copy = strdup(line), *save;
	int argc = 0, r;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc < ARGS_MAX ? argc++ : 0] = word;
	r = topo_generate(argv[0], argc - 1, argv + 1, ret_doc, err);
	free(copy);
	return r;
}

static struct topo_doc *make(const char *line)
{
	struct topo_doc *doc = NULL;
	struct err err = {0};

	if (generate(line, &doc, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	return doc;
}

static unsigned degree(const struct topo_doc *doc, uint32_t router)
{
	unsigned n = 0;

	for (size_t i = 0; i < doc->link_count; i++)
		n += doc->links[i].a == router || doc->links[i].b == router;
	return n;
}

static bool is_connected(const struct topo_doc *doc)
{
	bool *seen = calloc(doc->router_count, sizeof(*seen));
	size_t count = 1, before = 0;

	seen[0] = true;
	while (count != before) {
		before = count;
		for (size_t i = 0; i < doc->link_count; i++) {
			bool *a = &seen[doc->links[i].a], *b = &seen[doc->links[i].b];

			count += *a != *b;
			*a = *b = *a || *b;
		}
	}
	free(seen);
	return count == doc->router_count;
}

static void kinds_have_their_counts_and_degrees(void **state)
{
	static const struct {
		const char *line, *name, *last;
		size_t routers, links;
		unsigned least, most; /* degree */
	} rows[] = {
		{"line 1", "line-1", "r1", 1, 0, 0, 0},
		{"line 8", "line-8", "r8", 8, 7, 1, 2},
		{"ring 3", "ring-3", "r3", 3, 3, 2, 2},
		{"ring 100", "ring-100", "r100", 100, 100, 2, 2},
		{"star 10", "star-10", "r10", 10, 9, 1, 9},
		{"full 6", "full-6", "r6", 6, 15, 5, 5},
		{"grid 10 10", "grid-10-10", "r100", 100, 180, 2, 4},
		{"grid 1 5", "grid-1-5", "r5", 5, 4, 1, 2},
		{"grid 3 2", "grid-3-2", "r6", 6, 7, 2, 3},
		{"torus 3 4", "torus-3-4", "r12", 12, 24, 4, 4},
		{"tree 4 4", "tree-4-4", "r85", 85, 84, 1, 5},
		{"tree 16 2", "tree-16-2", "r17", 17, 16, 1, 16},
		{"tree 2 1", "tree-2-1", "r1", 1, 0, 0, 0},
		{"tree 1 5", "tree-1-5", "r5", 5, 4, 1, 2},
		{"fat-tree 4", "fat-tree-4", "edge8", 20, 32, 2, 4},
		{"fat-tree 2", "fat-tree-2", "edge2", 5, 4, 1, 2},
		{"leaf-spine 6 4", "leaf-spine-6-4", "leaf6", 10, 24, 4, 6},
		{"erdos-renyi 30 1", "erdos-renyi-30-1", "r30", 30, 435, 29, 29},
		{"erdos-renyi 30 0 --no-connect", "erdos-renyi-30-0", "r30", 30, 0, 0, 0},
		{"barabasi-albert 50 1", "barabasi-albert-50-1", "r50", 50, 49, 1, 49},
		{"barabasi-albert 50 3", "barabasi-albert-50-3", "r50", 50, 141, 1, 49},
		{"waxman 20 1 1000 --name w", "w", "r20", 20, 190, 19, 19},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc = make(rows[i].line);

		if (doc->router_count != rows[i].routers || doc->link_count != rows[i].links)
			fail_msg("%s: %zu routers, %zu links", rows[i].line, doc->router_count,
				 doc->link_count);
		assert_string_equal(doc->name, rows[i].name);
		assert_string_equal(doc->routers[doc->router_count - 1].name, rows[i].last);
		for (uint32_t r = 0; r < doc->router_count; r++)
			assert_in_range(degree(doc, r), rows[i].least, rows[i].most);
		if (!strstr(rows[i].line, "--no-connect"))
			assert_true(is_connected(doc));
		for (size_t k = 0; k < doc->link_count; k++) /* no parallel links: no .2 */
			assert_null(strchr(doc->links[k].name, '.'));
		topo_doc_free(doc);
	}
}

/* k-ary: every switch has k ports, edge switches use half of theirs for hosts. */
static void a_fat_tree_has_its_layers(void **state)
{
	struct topo_doc *doc = make("fat-tree 6");

	(void)state;
	assert_int_equal(doc->router_count, 9 + 18 + 18);
	assert_string_equal(doc->routers[0].name, "core1");
	assert_string_equal(doc->routers[9].name, "agg1");
	assert_string_equal(doc->routers[27].name, "edge1");
	for (uint32_t i = 0; i < 45; i++)
		assert_int_equal(degree(doc, i), i < 27 ? 6 : 3);
	topo_doc_free(doc);
}

static void options_apply_to_every_link(void **state)
{
	struct topo_doc *doc = make("grid 3 3 --weight 5 --rate=10mbit --delay 5ms --name lab "
				    "--prefix x- --network=10.7.0.0/24");

	(void)state;
	assert_string_equal(doc->name, "lab");
	assert_string_equal(doc->routers[8].name, "x-9");
	assert_int_equal(doc->network, 0x0a070000);
	for (size_t i = 0; i < doc->link_count; i++) {
		assert_int_equal(doc->links[i].weight, 5);
		assert_int_equal(doc->links[i].shape[0].set, TOPO_RATE | TOPO_DELAY);
		assert_int_equal(doc->links[i].shape[1].rate, 10000000);
		assert_int_equal(doc->links[i].shape[1].delay_ns, 5000000);
	}
	topo_doc_free(doc);
	doc = make("leaf-spine 2 1 --prefix dc1- --routing central");
	assert_string_equal(doc->routers[0].name, "dc1-spine1");
	assert_int_equal(doc->routing, TOPO_ROUTING_CENTRAL);
	topo_doc_free(doc);
}

/* One option for each property but the seed, which is the network's. */
static void every_property_of_a_link_is_an_option(void **state)
{
	const struct topo_gen_option *options;
	const char *key;
	size_t n, found = 0, keys = 0;

	(void)state;
	options = topo_gen_options(&n);
	for (; (key = topo_shape_key(keys)); keys++)
		for (size_t i = 0; i < n && strcmp(key, "seed") != 0; i++)
			found += strcmp(options[i].name + 2, key) == 0;
	assert_int_equal(found, keys - 1);
}

static void the_random_numbers_are_those_of_the_paper(void **state)
{
	/* splitmix64 of 0 (the first four, from the authors' test vectors) are the state */
	struct topo_rng rng;
	unsigned counts[3] = {0};

	(void)state;
	topo_rng_seed(&rng, 0);
	assert_true(rng.s[0] == 0xe220a8397b1dcdafULL);
	assert_true(rng.s[1] == 0x6e789e6aa1b965f4ULL);
	assert_true(rng.s[2] == 0x06c45d188009454fULL);
	assert_true(rng.s[3] == 0xf88bb8a8724c81ecULL);
	/* xoshiro256** of state 1, 2, 3, 4 */
	rng = (struct topo_rng){{1, 2, 3, 4}};
	assert_int_equal(topo_rng_next(&rng), 11520);
	assert_int_equal(topo_rng_next(&rng), 0);
	assert_int_equal(topo_rng_next(&rng), 1509978240);
	assert_true(topo_rng_next(&rng) == 1215971899390074240ULL);
	for (int i = 0; i < 3000; i++)
		counts[topo_rng_below(&rng, 3)]++;
	for (int i = 0; i < 3; i++)
		assert_in_range(counts[i], 900, 1100);
}

/* FNV-1a over the ends of all links: stands for the whole network. */
static uint32_t fingerprint(const struct topo_doc *doc)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < doc->link_count; i++) {
		hash = (hash ^ doc->links[i].a) * 16777619u;
		hash = (hash ^ doc->links[i].b) * 16777619u;
	}
	return hash;
}

/* The hashes come from a model of its own, with doubles and exp(), not from this code. */
static void a_seed_is_one_network_everywhere(void **state)
{
	static const struct {
		const char *line;
		size_t links;
		uint32_t hash;
	} rows[] = {
		{"erdos-renyi 100 0.05", 250, 0xb7ae2c26},
		{"barabasi-albert 100 2 --seed 7", 196, 0x6fbfd4ca},
		{"waxman 100", 179, 0x464f9512},
		{"waxman 100 0.8 0.25 --seed 3", 1079, 0xedb18d37},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc = make(rows[i].line), *again = make(rows[i].line), *other;
		char line[100];

		assert_null(doc_difference(doc, again));
		if (doc->link_count != rows[i].links || fingerprint(doc) != rows[i].hash)
			fail_msg("%s: %zu links, %#x", rows[i].line, doc->link_count,
				 fingerprint(doc));
		snprintf(line, sizeof(line), "%s --seed 99", rows[i].line);
		other = make(line);
		assert_non_null(doc_difference(doc, other));
		topo_doc_free(doc);
		topo_doc_free(again);
		topo_doc_free(other);
	}
}

static void random_networks_are_connected_unless_asked(void **state)
{
	char line[100];

	(void)state;
	for (int seed = 0; seed < 50; seed++) {
		struct topo_doc *doc, *loose;

		snprintf(line, sizeof(line), "erdos-renyi 40 0.02 --seed %d", seed);
		doc = make(line);
		assert_true(is_connected(doc));
		strcat(line, " --no-connect");
		loose = make(line);
		assert_false(is_connected(loose)); /* 16 links at most expected for 40 routers */
		assert_true(loose->link_count < doc->link_count);
		/* the links that chance made are the same, the joining ones come behind */
		for (size_t i = 0; i < loose->link_count; i++)
			assert_true(same_link(&loose->links[i], &doc->links[i]));
		topo_doc_free(doc);
		topo_doc_free(loose);
		snprintf(line, sizeof(line), "waxman 40 0.1 0.05 --seed %d", seed);
		doc = make(line);
		assert_true(is_connected(doc));
		topo_doc_free(doc);
	}
}

/* 40 * 39 / 2 * 0.3 = 234 links expected, standard deviation 12.8 */
static void probability_is_what_it_says(void **state)
{
	char line[100];

	(void)state;
	for (int seed = 0; seed < 20; seed++) {
		struct topo_doc *doc;

		snprintf(line, sizeof(line), "erdos-renyi 40 0.3 --seed %d", seed);
		doc = make(line);
		assert_in_range(doc->link_count, 234 - 64, 234 + 64);
		topo_doc_free(doc);
	}
}

static void large_networks_get_central_routing(void **state)
{
	struct topo_doc *doc = make("line 2048");

	(void)state;
	assert_int_equal(doc->routing, TOPO_ROUTING_DISTRIBUTED);
	topo_doc_free(doc);
	doc = make("grid 100 100");
	assert_int_equal(doc->router_count, 10000);
	assert_int_equal(doc->link_count, 19800);
	assert_int_equal(doc->routing, TOPO_ROUTING_CENTRAL);
	topo_doc_free(doc);
}

static void wrong_arguments_are_refused_by_name(void **state)
{
	static const char *const rows[][2] = {
		{"gridd 3 3", "gridd: is not a kind of topology (did you mean 'grid'?)"},
		{"grid", "grid: expected W H"},
		{"grid 3", "grid: expected W H"},
		{"grid 3 3 3", "grid: '3' is one argument too many: expected W H"},
		{"grid 0 3", "grid: W: 0 is less than 1"},
		{"grid 3 x", "grid: H: 'x' is not a whole number from 1 to 16000"},
		{"grid -3 3", "grid: W: '-3' is not a whole number"},
		{"grid 3 99999999999999999999", "grid: H: 99999999999999999999 is more than 16000"},
		{"grid 1000 1000", "grid: 1000000 routers are more than the 16000"},
		{"ring 2", "ring: N: 2 is less than 3"},
		{"torus 2 9", "torus: W: 2 is less than 3"},
		{"star 1", "star: N: 1 is less than 2"},
		{"full 246", "full: 30135 links are more than the 30000"},
		{"tree 10 10", "tree: 111111 routers are more than the 16000"},
		{"tree 16000 16000", "tree: 16001 routers are more than the 16000"},
		{"fat-tree 3", "fat-tree: K: 3 is odd"},
		{"fat-tree 40", "fat-tree: 32000 links are more than the 30000"},
		{"leaf-spine 200 200", "leaf-spine: 40000 links are more than the 30000"},
		{"erdos-renyi 10 1.5", "erdos-renyi: P: '1.5' is not a number from 0 to 1"},
		{"erdos-renyi 10 -0.5", "erdos-renyi: P: '-0.5' is not a number from 0 to 1"},
		{"erdos-renyi 10 nan", "erdos-renyi: P: 'nan' is not a number from 0 to 1"},
		{"erdos-renyi 10 1.", "erdos-renyi: P: '1.' is not a number from 0 to 1"},
		{"erdos-renyi 2000 1", "erdos-renyi: 30001 links are more than the 30000"},
		{"barabasi-albert 5 5", "barabasi-albert: M: 5 is more than 4"},
		{"barabasi-albert 1 1", "barabasi-albert: N: 1 is less than 2"},
		{"waxman 10 0.4", "waxman: expected N [ALPHA BETA]"},
		{"waxman 10 0.4 0", "waxman: BETA: must be more than 0"},
		{"line 3 --wight 2", "line: --wight: unknown option (did you mean '--weight'?)"},
		{"line 3 --weight", "line: --weight: N is missing"},
		{"line 3 --weight 0", "line: --weight: 0 is less than 1"},
		{"line 3 --no-connect", "line: --no-connect: there is nothing random in this kind"},
		{"waxman 3 --no-connect=1", "waxman: --no-connect: takes no value"},
		{"line 3 --name a/b", "line: --name: character '/' at position 2"},
		{"line 3 --rate fast", "line: --rate: 'fast' is not a rate"},
		{"line 3 --delay 5", "line: --delay: '5' needs a unit"},
		{"line 3 --seed x", "line: --seed: 'x' is not a whole number"},
		{"line 3 --network 10.0.0.0/8", "line: --network: prefix length 8"},
		{"line 3 --routing magic", "line: --routing: 'magic' is not one of"},
		{"line 3000 --routing distributed",
		 "line: routing: distributed is for at most 2048"},
		{"line 3 --network 10.0.0.0/30", "line: network: 10.0.0.0/30 has 2 addresses"},
		{"line 3 --prefix aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123",
		 "line: --prefix: "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc = NULL;
		struct err err = {0};

		assert_int_equal(generate(rows[i][0], &doc, &err), -EINVAL);
		if (strncmp(err.text, rows[i][1], strlen(rows[i][1])) != 0)
			fail_msg("%s: got: %s\nexpected: %s", rows[i][0], err.text, rows[i][1]);
		assert_null(doc);
		assert_int_equal(generate(rows[i][0], &doc, NULL), -EINVAL);
	}
}

static void the_table_is_complete(void **state)
{
	size_t kinds, options;
	const struct topo_gen_kind *kind = topo_gen_kinds(&kinds);
	const struct topo_gen_option *option = topo_gen_options(&options);

	(void)state;
	assert_int_equal(kinds, 12);
	for (size_t i = 0; i < kinds; i++) {
		assert_true(kind[i].help[0] && kind[i].args[0]);
		assert_true(kind[i].args_min >= 1 && kind[i].args_max <= 3);
	}
	for (size_t i = 0; i < options; i++)
		assert_true(strncmp(option[i].name, "--", 2) == 0 && option[i].help[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_property_of_a_link_is_an_option),
		cmocka_unit_test(kinds_have_their_counts_and_degrees),
		cmocka_unit_test(a_fat_tree_has_its_layers),
		cmocka_unit_test(options_apply_to_every_link),
		cmocka_unit_test(the_random_numbers_are_those_of_the_paper),
		cmocka_unit_test(a_seed_is_one_network_everywhere),
		cmocka_unit_test(random_networks_are_connected_unless_asked),
		cmocka_unit_test(probability_is_what_it_says),
		cmocka_unit_test(large_networks_get_central_routing),
		cmocka_unit_test(wrong_arguments_are_refused_by_name),
		cmocka_unit_test(the_table_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
