// SPDX-License-Identifier: GPL-2.0-or-later
/* Topology files that are right, and what they come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "tests/unit/lib/topo/same.h"

static struct topo_doc *read_text(const char *text)
{
	struct topo_doc *doc = NULL;
	struct err err = {0};

	if (topo_read(text, strlen(text), "net", &doc, &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

static void the_smallest_file_gets_the_defaults(void **state)
{
	struct topo_doc *doc = read_text("routers: [r1, r2]\nlinks: [r1:r2]\n");

	(void)state;
	assert_string_equal(doc->name, "");
	assert_int_equal(doc->network, 0x0a000000);
	assert_int_equal(doc->prefix_len, 16);
	assert_int_equal(doc->routing, TOPO_ROUTING_DISTRIBUTED);
	assert_int_equal(doc->hello_us, 0);
	assert_int_equal(doc->router_count, 2);
	assert_int_equal(doc->routers[0].address, 0);
	assert_null(doc->routers[0].label);
	assert_false(doc->routers[0].has_position);
	assert_int_equal(doc->link_count, 1);
	assert_string_equal(doc->links[0].name, "r1-r2");
	assert_false(doc->links[0].named);
	assert_int_equal(doc->links[0].weight, 1);
	assert_int_equal(doc->links[0].shape[0].set, 0);
	assert_int_equal(doc->links[0].line, 2);
	assert_int_equal(doc->warning_count, 0);
	assert_int_equal(topo_doc_find_router(doc, "r2"), 1);
	assert_int_equal(topo_doc_find_router(doc, "r3"), -1);
	topo_doc_free(doc);
}

static const char full_yaml[] =
	"# a comment\n"
	"links: # before the routers: the order of keys does not matter\n"
	"  - {a: r1, b: r2, weight: 2, delay: 20ms, loss: 0.1%, label: 'fibre: 4'}\n"
	"  - a: r2\n"
	"    b: r1\n"
	"    name: backup\n"
	"    shape: {a-to-b: {rate: 10mbit}, b-to-a: {rate: 1mbit, seed: 7}}\n"
	"    limit: 50\n"
	"  - r1:r2\n"
	"defaults:\n"
	"  link: {rate: 1gbit, delay: 5ms, weight: 3}\n"
	"  router: {}\n"
	"routers:\n"
	"  - {name: r1, address: 10.9.0.1, label: \"Z\\u00fcrich\", latitude: 47.37, longitude: "
	"8.54}\n"
	"  - name: r2\n"
	"network: 10.9.0.0/24\n"
	"routing: central\n"
	"hello: 50ms\n"
	"name: abilene-small\n";

static const char full_json[] =
	"\t{\"name\": \"abilene-small\", \"network\": \"10.9.0.0/24\", \"routing\": \"central\",\n"
	"\"hello\"\n:\"50ms\", \"defaults\": {\"router\": {}, "
	"\"link\":{\"rate\":\"1gbit\",\"delay\":\"5ms\",\"weight\":3}},\n"
	"\"routers\": [{\"name\": \"r1\", \"address\": \"10.9.0.1\", \"label\": \"Z\\u00fcrich\",\n"
	"\"latitude\": 47.37, \"longitude\": 8.54}, {\"name\": \"r2\"}],\n"
	"\"links\": [{\"a\": \"r1\", \"b\": \"r2\", \"weight\": 2, \"delay\": \"20ms\", \"loss\": "
	"\"0.1%\", \"label\": \"fibre: 4\"},\n"
	"{\"a\": \"r2\", \"b\": \"r1\", \"name\": \"backup\", \"limit\": 50,\n"
	"\"shape\": {\"a-to-b\": {\"rate\": \"10mbit\"}, \"b-to-a\": {\"rate\": 1000000, \"seed\": "
	"7}}},\n"
	"\"r1:r2\"]}\n\t";

static void limits_have_defaults_one_by_one(void **state)
{
	static const struct topo_limits want[] = {
		{.memory = 1ull << 30, .cpu = 50, .pids = 100},
		{.memory = 4194304, .cpu = 200, .pids = 100},
		{.memory = 1ull << 30, .cpu = 50, .pids = 8},
	};
	struct topo_doc *doc = read_text(
		"routers: [a, {name: b, limits: {memory: 4194304, cpu: 200%}},"
		" {name: c, limits: {pids: 8}}]\n"
		"defaults: {router: {limits: {memory: 1G, cpu: 50%, pids: 100}}}\n");

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_true(topo_limits_equal(&doc->routers[i].limits, &want[i]));
	topo_doc_free(doc);
}

static void every_field_is_read_wherever_it_stands(void **state)
{
	struct topo_doc *doc = read_text(full_yaml);
	const struct topo_link *l = doc->links;

	(void)state;
	assert_string_equal(doc->name, "abilene-small");
	assert_int_equal(doc->network, 0x0a090000);
	assert_int_equal(doc->prefix_len, 24);
	assert_int_equal(doc->routing, TOPO_ROUTING_CENTRAL);
	assert_int_equal(doc->hello_us, 50000);
	assert_int_equal(doc->routers[0].address, 0x0a090001);
	assert_string_equal(doc->routers[0].label, "Z\xc3\xbcrich");
	assert_true(doc->routers[0].has_position);
	assert_true(doc->routers[0].latitude == 47.37 && doc->routers[0].longitude == 8.54);
	assert_int_equal(doc->routers[0].line, 14);
	/* its own values */
	assert_int_equal(l[0].weight, 2);
	assert_string_equal(l[0].label, "fibre: 4");
	assert_int_equal(l[0].shape[0].set, TOPO_RATE | TOPO_DELAY | TOPO_LOSS);
	assert_int_equal(l[0].shape[1].delay_ns, 20000000);
	assert_int_equal(l[0].shape[1].loss_ppm, 1000);
	assert_int_equal(l[0].shape[0].rate, 1000000000); /* a default */
	/* shape per direction over the default, whatever stands first */
	assert_true(l[1].named);
	assert_string_equal(l[1].name, "backup");
	assert_int_equal(l[1].a, 1);
	assert_int_equal(l[1].weight, 3);
	assert_int_equal(l[1].shape[0].rate, 10000000);
	assert_int_equal(l[1].shape[1].rate, 1000000);
	assert_int_equal(l[1].shape[0].delay_ns, 5000000);
	assert_int_equal(l[1].shape[0].set, TOPO_RATE | TOPO_DELAY | TOPO_LIMIT);
	assert_int_equal(l[1].shape[1].set, TOPO_RATE | TOPO_DELAY | TOPO_LIMIT | TOPO_SEED);
	assert_int_equal(l[1].line, 4);
	assert_int_equal(l[2].weight, 3);
	assert_string_equal(l[2].name, "r1-r2.2");
	topo_doc_free(doc);
}

static void json_and_yaml_share_one_vocabulary(void **state)
{
	struct topo_doc *yaml = read_text(full_yaml), *json = read_text(full_json);

	(void)state;
	if (doc_difference(yaml, json))
		fail_msg("they differ in %s", doc_difference(yaml, json));
	assert_int_equal(json->routers[1].line, 5);
	assert_int_equal(json->links[1].line, 7);
	topo_doc_free(yaml);
	topo_doc_free(json);
}

static void names_that_look_like_numbers_or_booleans_need_no_quotes(void **state)
{
	struct topo_doc *doc = read_text(
		"name: 1e3\n"
		"routers: [1, no, 2.5, true, {name: on}, 0x1f, '7']\n"
		"links: [1:no, {a: 2.5, b: true}, {a: on, b: 0x1f}, {a: 7, b: 1}]\n");
	static const char *const names[] = {"1", "no", "2.5", "true", "on", "0x1f", "7"};

	(void)state;
	assert_string_equal(doc->name, "1e3");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(doc->routers[i].name, names[i]);
	assert_string_equal(doc->links[1].name, "2.5-true");
	topo_doc_free(doc);
}

static void json_strings_are_unescaped(void **state)
{
	struct topo_doc *doc = read_text(
		"{\"routers\": [{\"name\": \"r\\u0031\", \"label\":"
		"\"a\\\"b\\\\c\\/d\\ne\\tf\\u00e9\\u20ac\\ud83d\\ude00\"}]}");

	(void)state;
	assert_string_equal(doc->routers[0].name, "r1");
	assert_string_equal(doc->routers[0].label,
			    "a\"b\\c/d\ne\tf\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	topo_doc_free(doc);
}

static void aliases_are_expanded_within_bounds(void **state)
{
	struct topo_doc *doc = read_text("defaults: {link: &slow {delay: 100ms}}\n"
					 "routers: [r1, r2, &third r3]\n"
					 "links:\n"
					 "  - {a: r1, b: r2, shape: {a-to-b: *slow}}\n"
					 "  - {a: r1, b: *third}\n");

	(void)state;
	assert_int_equal(doc->links[0].shape[0].delay_ns, 100000000);
	assert_int_equal(doc->links[1].b, 2);
	topo_doc_free(doc);
}

static void a_byte_order_mark_and_dos_lines_do_no_harm(void **state)
{
	struct topo_doc *doc = read_text(
		"\xef\xbb\xbfrouters: [r1,\r\n r2]\r\nlinks:\r\n- r1:r2\r\n");

	(void)state;
	assert_int_equal(doc->router_count, 2);
	assert_int_equal(doc->links[0].line, 4);
	topo_doc_free(doc);
	doc = read_text("\xef\xbb\xbf{\"routers\": []}");
	assert_int_equal(doc->router_count, 0);
	topo_doc_free(doc);
}

static void parallel_links_get_names_in_order_around_those_given(void **state)
{
	struct topo_doc *doc = read_text("routers: [b, a]\n"
					 "links:\n"
					 "- {a: b, b: a}\n"
					 "- {a: a, b: b}\n"
					 "- {a: a, b: b, name: a-b.3}\n"
					 "- {a: b, b: a}\n");
	static const char *const names[] = {"a-b", "a-b.2", "a-b.3", "a-b.4"};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(doc->links[i].name, names[i]);
	/* checking again changes nothing */
	assert_int_equal(topo_doc_check(doc, "net", NULL), 0);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(doc->links[i].name, names[i]);
	assert_false(doc->links[3].named);
	assert_true(doc->links[2].named);
	topo_doc_free(doc);
}

static void unconnected_parts_are_warned_of(void **state)
{
	struct topo_doc *doc = read_text("routers: [r1, r2, r3, r4, r5]\nlinks: [r1:r2, r3:r4]\n");

	(void)state;
	assert_int_equal(doc->warning_count, 1);
	assert_string_equal(doc->warnings[0],
			    "the network has 3 unconnected parts: r3 cannot reach r1");
	topo_doc_free(doc);
	doc = read_text("routers: [r1, r2]\n"); /* nobody meant these to be connected */
	assert_int_equal(doc->warning_count, 0);
	topo_doc_free(doc);
}

static void more_than_2048_routers_need_central_routing(void **state)
{
	char *text = malloc(100000);
	struct topo_doc *doc;
	struct err err;
	size_t n = 0;

	(void)state;
	n += (size_t)sprintf(text + n, "routers:\n");
	for (int i = 0; i < 2049; i++)
		n += (size_t)sprintf(text + n, "- r%d\n", i);
	assert_int_equal(topo_read(text, n, "net", &doc, &err), -EINVAL);
	assert_string_equal(err.text,
			    "net: routing: distributed is for at most 2048 routers, there "
			    "are 2049: say routing: central");
	n += (size_t)sprintf(text + n, "routing: central\n");
	assert_int_equal(topo_read(text, n, "net", &doc, &err), 0);
	topo_doc_free(doc);
	free(text);
}

static void a_document_made_by_hand_is_checked_as_a_whole(void **state)
{
	struct topo_doc *doc = topo_doc_new();
	struct err err;

	(void)state;
	assert_null(topo_doc_add_router(doc, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
					     "ffffffffff1234"));
	assert_non_null(topo_doc_add_router(doc, "r1"));
	assert_non_null(topo_doc_add_router(doc, "r 2"));
	assert_int_equal(topo_doc_check(doc, "here", &err), -EINVAL);
	assert_ptr_equal(strstr(err.text, "here: routers[1].name: character 0x20"), err.text);
	strcpy(doc->routers[1].name, "r2");
	assert_non_null(topo_doc_add_link(doc, 0, 2));
	assert_int_equal(topo_doc_check(doc, "here", &err), -EINVAL);
	assert_string_equal(err.text, "here: links[0].b: there is no router number 2");
	doc->links[0].b = 1;
	doc->links[0].weight = 0;
	assert_int_equal(topo_doc_check(doc, "here", &err), -EINVAL);
	assert_string_equal(err.text, "here: links[0].weight: 0 is not within 1 to 65535");
	doc->links[0].weight = 1;
	assert_int_equal(topo_doc_check(doc, "here", &err), 0);
	assert_string_equal(doc->links[0].name, "r1-r2");
	topo_doc_free(doc);
	topo_doc_free(NULL);
}

static void warnings_are_bounded(void **state)
{
	struct topo_doc *doc = topo_doc_new();

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(topo_doc_warn(doc, "number %d", i), 0);
	assert_int_equal(doc->warning_count, 201);
	assert_string_equal(doc->warnings[199], "number 199");
	assert_string_equal(doc->warnings[200], "and further warnings, which are not shown");
	topo_doc_free(doc);
}

/* All keys of a shape are fields of a link, of its directions and of the defaults; none overrides.
 */
static void every_property_may_stand_wherever_shapes_stand(void **state)
{
	struct topo_doc *doc = read_text(
		"routers: [r1, r2]\n"
		"defaults: {link: {rate: 1gbit, delay: 5ms, jitter: 1ms, distribution: "
		"paretonormal,\n"
		"  loss: 5, burst: 2.5, burst-loss: 50, duplicate: 0.1, corrupt: 1%, order: keep,\n"
		"  limit: 10, overhead: -4, seed: 3, backend: relay}}\n"
		"links:\n"
		"  - r1:r2\n"
		"  - {a: r1, b: r2, burst: none, burst-loss: none, order: none, reorder: 1}\n"
		"  - {a: r1, b: r2, shape: {b-to-a: {backend: auto, overhead: 24, jitter: "
		"none}}}\n");
	uint32_t all = ((1 << 15) - 1) & ~TOPO_REORDER;
	const struct topo_link *l = doc->links;

	(void)state;
	for (int d = 0; d < 2; d++) {
		const struct topo_shape *s = &l[0].shape[d];

		assert_int_equal(s->set, all);
		assert_int_equal(s->distribution, TOPO_DIST_PARETONORMAL);
		assert_int_equal(s->loss_ppm, 50000);
		assert_int_equal(s->duplicate_ppm, 1000);
		assert_int_equal(s->burst_milli, 2500);
		assert_int_equal(s->burst_loss_ppm, 500000);
		assert_int_equal(s->order, TOPO_ORDER_KEEP);
		assert_int_equal(s->overhead, -4);
		assert_int_equal(s->backend, TOPO_BACKEND_RELAY);
		assert_int_equal(l[1].shape[d].set,
				 (all | TOPO_REORDER) &
					 ~(uint32_t)(TOPO_BURST | TOPO_BURST_LOSS | TOPO_ORDER));
	}
	assert_int_equal(l[2].shape[0].set, all);
	assert_int_equal(l[2].shape[1].set, all & ~(uint32_t)(TOPO_BACKEND | TOPO_JITTER));
	assert_int_equal(l[2].shape[1].overhead, 24);
	topo_doc_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_property_may_stand_wherever_shapes_stand),
		cmocka_unit_test(the_smallest_file_gets_the_defaults),
		cmocka_unit_test(limits_have_defaults_one_by_one),
		cmocka_unit_test(every_field_is_read_wherever_it_stands),
		cmocka_unit_test(json_and_yaml_share_one_vocabulary),
		cmocka_unit_test(names_that_look_like_numbers_or_booleans_need_no_quotes),
		cmocka_unit_test(json_strings_are_unescaped),
		cmocka_unit_test(aliases_are_expanded_within_bounds),
		cmocka_unit_test(a_byte_order_mark_and_dos_lines_do_no_harm),
		cmocka_unit_test(parallel_links_get_names_in_order_around_those_given),
		cmocka_unit_test(unconnected_parts_are_warned_of),
		cmocka_unit_test(more_than_2048_routers_need_central_routing),
		cmocka_unit_test(a_document_made_by_hand_is_checked_as_a_whole),
		cmocka_unit_test(warnings_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
