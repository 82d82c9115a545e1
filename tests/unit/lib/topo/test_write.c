// SPDX-License-Identifier: GPL-2.0-or-later
/* Writers: what they write looks as promised, and reads back as the same document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/topo/rng.h"
#include "tests/unit/lib/topo/same.h"

static struct topo_doc *read_text(const char *text, size_t size)
{
	struct topo_doc *doc = NULL;
	struct err err = {0};

	if (topo_read(text, size, "net", &doc, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
	return doc;
}

static void expect(const char *input, enum topo_format format, const char *output)
{
	struct topo_doc *doc = read_text(input, strlen(input));
	char *text;
	size_t size;

	assert_int_equal(topo_write(doc, format, &text, &size), 0);
	assert_string_equal(text, output);
	assert_int_equal(size, strlen(text));
	free(text);
	topo_doc_free(doc);
}

static const char sample[] =
	"name: small\nhello: 50ms\nrouters:\n"
	"- {name: r1, address: 10.0.0.1, label: New York, latitude: 40.5, longitude: -74}\n"
	"- \"no\"\n- {limits: {cpu: 150%, memory: 1536M, pids: 64}, name: \"12\", label: \"say "
	"\\\"hi\\\"\"}\n"
	"links:\n"
	"- {a: r1, b: \"no\", weight: 2, delay: 20ms, seed: 5}\n"
	"- {a: r1, b: \"12\", name: backup, shape: {a-to-b: {rate: 10mbit}, b-to-a: {rate: "
	"1mbit}}}\n"
	"- {a: r1, b: \"12\", shape: {b-to-a: {loss: 1%, seed: 18446744073709551615}}}\n";

static void yaml_is_one_line_per_router_and_link(void **state)
{
	(void)state;
	expect(sample, TOPO_FORMAT_YAML,
	       "name: small\n"
	       "network: 10.0.0.0/16\n"
	       "hello: 50ms\n"
	       "routers:\n"
	       "  - {name: r1, address: 10.0.0.1, label: New York, latitude: 40.5, longitude: "
	       "-74}\n"
	       "  - {name: \"no\"}\n"
	       "  - {name: \"12\", label: \"say \\\"hi\\\"\", limits: {memory: 1536M, cpu: 150%, "
	       "pids: 64}}\n"
	       "links:\n"
	       "  - {a: r1, b: \"no\", weight: 2, delay: 20ms, seed: 5}\n"
	       "  - {a: r1, b: \"12\", name: backup, shape: {a-to-b: {rate: 10mbit}, b-to-a: "
	       "{rate: "
	       "1mbit}}}\n"
	       "  - {a: r1, b: \"12\", shape: {b-to-a: {loss: 1%, seed: "
	       "\"18446744073709551615\"}}}\n");
	expect("routers: []", TOPO_FORMAT_YAML, "network: 10.0.0.0/16\nrouters: []\nlinks: []\n");
}

static void json_is_one_line_per_router_and_link(void **state)
{
	(void)state;
	expect(sample, TOPO_FORMAT_JSON,
	       "{\n"
	       "  \"name\": \"small\",\n"
	       "  \"network\": \"10.0.0.0/16\",\n"
	       "  \"hello\": \"50ms\",\n"
	       "  \"routers\": [\n"
	       "    {\"name\": \"r1\", \"address\": \"10.0.0.1\", \"label\": \"New York\", "
	       "\"latitude\": "
	       "40.5, \"longitude\": -74},\n"
	       "    {\"name\": \"no\"},\n"
	       "    {\"name\": \"12\", \"label\": \"say \\\"hi\\\"\", \"limits\": {\"memory\": "
	       "\"1536M\", \"cpu\": \"150%\", \"pids\": 64}}\n"
	       "  ],\n"
	       "  \"links\": [\n"
	       "    {\"a\": \"r1\", \"b\": \"no\", \"weight\": 2, \"delay\": \"20ms\", \"seed\": "
	       "5},\n"
	       "    {\"a\": \"r1\", \"b\": \"12\", \"name\": \"backup\", \"shape\": {\"a-to-b\": "
	       "{\"rate\": "
	       "\"10mbit\"}, \"b-to-a\": {\"rate\": \"1mbit\"}}},\n"
	       "    {\"a\": \"r1\", \"b\": \"12\", \"shape\": {\"b-to-a\": {\"loss\": \"1%\", "
	       "\"seed\": "
	       "\"18446744073709551615\"}}}\n"
	       "  ]\n"
	       "}\n");
	expect("routers: []", TOPO_FORMAT_JSON,
	       "{\n  \"network\": \"10.0.0.0/16\",\n  \"routers\": [],\n  \"links\": []\n}\n");
}

static void dot_is_what_graphviz_reads(void **state)
{
	(void)state;
	expect(sample, TOPO_FORMAT_DOT,
	       "graph \"small\" {\n"
	       "  \"r1\" [label=\"New York\"];\n"
	       "  \"no\";\n"
	       "  \"12\" [label=\"say \\\"hi\\\"\"];\n"
	       "  \"r1\" -- \"no\" [label=\"20ms weight 2\"];\n"
	       "  \"r1\" -- \"12\" [label=\"10mbit\"] [comment=\"backup\", tooltip=\"backup\"];\n"
	       "  \"r1\" -- \"12\";\n"
	       "}\n");
}

static void formats_have_names(void **state)
{
	enum topo_format format = TOPO_FORMAT_JSON;

	(void)state;
	assert_int_equal(topo_format_parse("graphml", &format), 0);
	assert_int_equal(format, TOPO_FORMAT_GRAPHML);
	assert_int_equal(topo_format_parse("xml", &format), -EINVAL);
	assert_int_equal(topo_format_parse("", &format), -EINVAL);
	assert_int_equal(format, TOPO_FORMAT_GRAPHML);
}

/* --- random documents --- */

static uint32_t below(struct topo_rng *rng, uint32_t n)
{
	return (uint32_t)topo_rng_below(rng, n);
}

static const char *random_label(struct topo_rng *rng)
{
	static const char *const labels[] = {
		"New York",	     "Z\xc3\xbcrich", "a & b <c> \"d\" 'e'",
		"tab\tand\nnewline", " blanks ",      "\xe2\x80\xa8\xef\xbb\xbf\xe2\x80\xa9",
		"{}[]:,#|>@`%!&*?-", "null",	      "\\n \\u0041",
		"\xf0\x9f\x98\x80",  "1e3",	      "- x: y # z",
	};

	return labels[below(rng, ARRAY_SIZE(labels))];
}

/* Any that makes sense. */
static void random_shape(struct topo_rng *rng, struct topo_shape *shape)
{
	shape->rate = 1 + topo_rng_below(rng, 10000000000000ULL);
	shape->delay_ns = topo_rng_below(rng, 1000000000001ULL);
	shape->jitter_ns = topo_rng_below(rng, 1000000);
	shape->distribution = (enum topo_distribution)below(rng, 4);
	shape->loss_ppm = below(rng, 1000001);
	shape->duplicate_ppm = below(rng, 1000001);
	shape->corrupt_ppm = below(rng, 100);
	shape->reorder_ppm = 10000 * below(rng, 101);
	shape->limit_packets = 1 + below(rng, 1000000);
	shape->seed = topo_rng_next(rng) >> below(rng, 64);
	shape->burst_milli = 1000 + below(rng, 999999001);
	shape->burst_loss_ppm = 1 + below(rng, 1000000);
	shape->overhead = (int32_t)below(rng, 1015) - 14;
	shape->order = (enum topo_order)below(rng, 2);
	shape->backend = (enum topo_backend)(1 + below(rng, 4));
	do
		shape->set = (uint32_t)topo_rng_next(rng) & 0x7fff;
	while (topo_shape_check(shape, NULL) < 0);
}

static void random_name(struct topo_rng *rng, uint32_t i, char *name)
{
	static const char letters[] = "abcXYZ019._-";
	size_t n = 1 + below(rng, below(rng, 8) ? 6 : 50);

	for (size_t k = 0; k < n; k++)
		name[k] = letters[below(rng, sizeof(letters) - 1)];
	sprintf(name + n, "%u", i); /* what makes it unique */
}

static struct topo_doc *random_doc(struct topo_rng *rng)
{
	struct topo_doc *doc = topo_doc_new();
	uint32_t routers = below(rng, 20), links = routers > 1 ? below(rng, 40) : 0;
	char name[NAME_SIZE];

	if (below(rng, 2))
		random_name(rng, 0, doc->name);
	doc->prefix_len = 16 + below(rng, 10);
	doc->network = 10u << 24 | (below(rng, 65536) << 8 & prefix_mask(doc->prefix_len));
	doc->routing = (enum topo_routing)below(rng, 2);
	doc->hello_us = below(rng, 2) ? 1000 + below(rng, 59999001) : 0;
	for (uint32_t i = 0; i < routers; i++) {
		struct topo_router *router;

		random_name(rng, i, name);
		router = topo_doc_add_router(doc, name);
		if (below(rng, 2))
			router->address = doc->network + 1 + i;
		if (below(rng, 2))
			router->label = strdup(random_label(rng));
		router->has_position = below(rng, 2);
		if (below(rng, 2))
			router->limits.memory = 4194304 + (uint64_t)below(rng, 1000) * 1024;
		if (below(rng, 2))
			router->limits.cpu = 1 + below(rng, 400);
		if (below(rng, 2))
			router->limits.pids = 8 + below(rng, 1000);
		router->latitude = (double)(int64_t)topo_rng_next(rng) / 1.1e17;
		router->longitude = below(rng, 361) - 180.0;
	}
	for (uint32_t i = 0; i < links; i++) {
		uint32_t a = below(rng, routers), b = (a + 1 + below(rng, routers - 1)) % routers;
		struct topo_link *link = topo_doc_add_link(doc, a, b);

		link->weight = below(rng, 2) ? 1 : 1 + below(rng, TOPO_WEIGHT_MAX);
		link->named = below(rng, 3) == 0;
		if (link->named)
			random_name(rng, i, link->name);
		if (below(rng, 3) == 0)
			link->label = strdup(random_label(rng));
		random_shape(rng, &link->shape[0]);
		link->shape[1] = link->shape[0];
		if (below(rng, 2))
			random_shape(rng, &link->shape[1]);
	}
	return doc;
}

static void any_document_reads_back_as_it_was_written(void **state)
{
	static const enum topo_format formats[] = {TOPO_FORMAT_JSON, TOPO_FORMAT_YAML,
						   TOPO_FORMAT_GRAPHML};
	struct topo_rng rng;

	(void)state;
	for (uint64_t seed = 0; seed < 400; seed++) {
		struct topo_doc *doc, *back;
		struct err err;

		topo_rng_seed(&rng, seed);
		doc = random_doc(&rng);
		if (topo_doc_check(doc, "random", &err) < 0)
			fail_msg("seed %ju: %s", (uintmax_t)seed, err.text);
		for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
			char *text;
			size_t size;

			assert_int_equal(topo_write(doc, formats[i], &text, &size), 0);
			back = read_text(text, size);
			if (doc_difference(doc, back))
				fail_msg("seed %ju, format %d: %s differs\n%s", (uintmax_t)seed,
					 formats[i], doc_difference(doc, back), text);
			topo_doc_free(back);
			free(text);
		}
		topo_doc_free(doc);
	}
}

/* The first of two parallel links is gone, the second has kept its name. */
static void a_derived_name_that_would_change_is_written(void **state)
{
	static const char text[] = "routers: [r1, r2]\nlinks: [r1:r2, r1:r2]\n";
	struct topo_doc *doc = read_text(text, strlen(text)), *back;
	char *out;
	size_t size;

	(void)state;
	doc->links[0] = doc->links[1];
	doc->link_count = 1;
	for (int format = TOPO_FORMAT_JSON; format <= TOPO_FORMAT_GRAPHML; format++) {
		assert_int_equal(topo_write(doc, (enum topo_format)format, &out, &size), 0);
		back = read_text(out, size);
		assert_string_equal(back->links[0].name, "r1-r2.2");
		topo_doc_free(back);
		free(out);
	}
	topo_doc_free(doc);
}

static void long_derived_names_survive(void **state)
{
	static const char a[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123";
	static const char b[] = "baaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123";
	struct topo_doc *doc = topo_doc_new(), *back;
	char *out;
	size_t size;

	(void)state;
	topo_doc_add_router(doc, a);
	topo_doc_add_router(doc, b);
	topo_doc_add_link(doc, 0, 1);
	topo_doc_add_link(doc, 0, 1);
	assert_int_equal(topo_doc_check(doc, "x", NULL), 0);
	assert_int_equal(strlen(doc->links[1].name), 129);
	doc->links[0] = doc->links[1];
	doc->link_count = 1;
	assert_int_equal(topo_write(doc, TOPO_FORMAT_YAML, &out, &size), 0);
	back = read_text(out, size);
	assert_string_equal(back->links[0].name, doc->links[0].name);
	topo_doc_free(back);
	free(out);
	topo_doc_free(doc);
}

static void a_document_with_dangling_links_is_not_written(void **state)
{
	struct topo_doc *doc = topo_doc_new();
	char *text = NULL;
	size_t size;

	(void)state;
	topo_doc_add_link(doc, 0, 1);
	assert_int_equal(topo_write(doc, TOPO_FORMAT_JSON, &text, &size), -EINVAL);
	assert_null(text);
	topo_doc_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml_is_one_line_per_router_and_link),
		cmocka_unit_test(json_is_one_line_per_router_and_link),
		cmocka_unit_test(dot_is_what_graphviz_reads),
		cmocka_unit_test(formats_have_names),
		cmocka_unit_test(any_document_reads_back_as_it_was_written),
		cmocka_unit_test(a_derived_name_that_would_change_is_written),
		cmocka_unit_test(long_derived_names_survive),
		cmocka_unit_test(a_document_with_dangling_links_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
