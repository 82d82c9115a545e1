// SPDX-License-Identifier: GPL-2.0-or-later
/* GraphML: the Internet Topology Zoo's files, its conventions, and what is wrong. */
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

#define XML "<?xml version=\"1.0\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
#define KEYS                                                                                       \
	"<key id=\"x1\" for=\"node\" attr.name=\"label\"/><key id=\"x2\" for=\"node\" "            \
	"attr.name=\"Latitude\"/><key id=\"x3\" for=\"node\" attr.name=\"Longitude\"/>"            \
	"<key id=\"x4\" for=\"edge\" attr.name=\"LinkSpeedRaw\"/><key id=\"x5\" for=\"edge\" "     \
	"attr.name=\"LinkSpeed\"/><key id=\"x6\" for=\"edge\" attr.name=\"LinkSpeedUnits\"/>"      \
	"<key id=\"x7\" for=\"edge\" attr.name=\"label\"/><key id=\"x8\" for=\"graph\" "           \
	"attr.name=\"Network\"/><key id=\"x9\" for=\"edge\" attr.name=\"weight\"/>"                \
	"<key id=\"x10\" for=\"node\" attr.name=\"Internal\"/><key id=\"x11\" for=\"node\"/>\n"
#define END "</graph></graphml>\n"

static struct topo_doc *read_text(const char *text, size_t size)
{
	struct topo_doc *doc = NULL;
	struct err err = {0};

	if (topo_read(text, size, "zoo", &doc, &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

static struct topo_doc *read_string(const char *text)
{
	return read_text(text, strlen(text));
}

/* --- the real files --- */

static char *load(const char *name, size_t *ret_size)
{
	const char *data = getenv("VLSP_DATA");
	char path[500];
	FILE *file;
	char *text = malloc(2 << 20);

	assert_non_null(text);
	snprintf(path, sizeof(path), "%.300s/topologies/%s.graphml", data ? data : "../shared/data",
		 name);
	file = fopen(path, "r");
	if (!file) {
		free(text);
		return NULL;
	}
	*ret_size = fread(text, 1, 2 << 20, file);
	fclose(file);
	return text;
}

static void the_zoos_files_are_read_whole(void **state)
{
	static const struct {
		const char *file, *name, *first, *last;
		size_t routers, links, rates;
	} rows[] = {
		{"Abilene", "Abilene", "Seattle", "New-York", 11, 14, 14},
		{"Aarnet", "AARNET", "Perth1", "Armidale", 19, 24, 22},
		{"AttMpls", "ATT-North-America", "SNFN", "ORLD", 25, 57, 0},
		{"Cogentco", "Cogent", "Helsinki", NULL, 197, 245, 0},
		{"Geant2012", "GEANT", "IS", "MD", 40, 62, 39},
		{"Kdl", "Kentucky-Datalink", "Fargo", NULL, 754, 899, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc, *back;
		size_t size, rates = 0;
		char *text = load(rows[i].file, &size);

		if (!text) {
			print_message(
				"no %s.graphml: set VLSP_DATA to the folder above topologies/\n",
				rows[i].file);
			skip();
		}
		doc = read_text(text, size);
		assert_string_equal(doc->name, rows[i].name);
		assert_int_equal(doc->router_count, rows[i].routers);
		assert_int_equal(doc->link_count, rows[i].links);
		assert_string_equal(doc->routers[0].name, rows[i].first);
		if (rows[i].last)
			assert_string_equal(doc->routers[doc->router_count - 1].name, rows[i].last);
		for (size_t k = 0; k < doc->link_count; k++)
			rates += doc->links[k].shape[0].set & TOPO_RATE ? 1 : 0;
		assert_int_equal(rates, rows[i].rates);
		free(text);
		for (int format = TOPO_FORMAT_JSON; format <= TOPO_FORMAT_GRAPHML; format++) {
			assert_int_equal(topo_write(doc, (enum topo_format)format, &text, &size),
					 0);
			back = read_text(text, size);
			assert_null(doc_difference(doc, back));
			topo_doc_free(back);
			free(text);
		}
		topo_doc_free(doc);
	}
}

static void a_zoo_file_that_ends_anywhere_is_refused(void **state)
{
	size_t size;
	char *text = load("Abilene", &size);

	(void)state;
	if (!text) {
		print_message(
			"no Abilene.graphml: set VLSP_DATA to the folder above topologies/\n");
		skip();
	}
	while (strchr("\n ", text[size - 1]))
		size--;
	for (size_t cut = 1; cut < size; cut += 101) {
		struct topo_doc *doc = NULL;
		struct err err;

		assert_int_equal(topo_read(text, cut, "zoo", &doc, &err), -EINVAL);
		assert_int_equal(strncmp(err.text, "zoo:", 4), 0);
		assert_null(doc);
	}
	free(text);
}

/* --- conventions --- */

static void labels_become_names_and_positions_delays(void **state)
{
	struct topo_doc *doc = read_string(
		XML KEYS
		"<graph><data key=\"x8\"> My Network, 2005 </data>\n"
		"<edge id=\"e0\" source=\"b\" target=\"a\"><data key=\"x4\">10000000000.0</data>"
		"<data key=\"x7\">10 Gbps</data></edge>\n"
		"<node id=\"a\"><data key=\"x1\">New York</data><data key=\"x2\">40.71427</data>"
		"<data key=\"x3\">-74.00597</data><data key=\"x10\">0</data></node>\n"
		"<node id=\"b\"><data key=\"x1\"><![CDATA[Z\xc3\xbcrich/Fl\xc3\xb8y]]></data>"
		"<data key=\"x2\">47.36667</data><data key=\"x3\">8.55</data></node>\n"
		"<node id=\"c d\"/><edge source=\"a\" target=\"c d\"/>" END);

	(void)state;
	assert_string_equal(doc->name, "My-Network-2005");
	assert_string_equal(doc->routers[0].name, "New-York");
	assert_string_equal(doc->routers[0].label, "New York");
	assert_string_equal(doc->routers[1].name, "Zurich-Floy");
	assert_string_equal(doc->routers[1].label, "Z\xc3\xbcrich/Fl\xc3\xb8y");
	assert_string_equal(doc->routers[2].name, "c-d");
	assert_null(doc->routers[2].label);
	assert_true(doc->routers[0].latitude == 40.71427);
	assert_false(doc->routers[2].has_position);
	assert_int_equal(doc->links[0].a, 1);
	assert_int_equal(doc->links[0].b, 0);
	assert_string_equal(doc->links[0].label, "10 Gbps");
	assert_int_equal(doc->links[0].shape[0].set, TOPO_RATE | TOPO_DELAY);
	assert_int_equal(doc->links[0].shape[1].rate, 10000000000);
	/* 6324 km along the great circle at 4.9 us/km */
	assert_in_range(doc->links[0].shape[0].delay_ns, 30800000, 31100000);
	assert_int_equal(doc->links[0].shape[0].delay_ns % 1000, 0);
	assert_int_equal(doc->links[1].shape[0].set, 0);
	assert_int_equal(doc->warning_count, 1);
	assert_string_equal(doc->warnings[0], "zoo: 1 nodes have no label: named after their ids");
	topo_doc_free(doc);
}

static void one_degree_along_the_equator_is_545_us(void **state)
{
	struct topo_doc *doc = read_string(
		XML KEYS
		"<graph><node id=\"a\"><data key=\"x2\">0</data><data key=\"x3\">0</data></node>"
		"<node id=\"b\"><data key=\"x2\">0</data><data key=\"x3\">1</data></node>"
		"<edge source=\"a\" target=\"b\"/>" END);

	(void)state;
	/* 6371.0088 km * pi / 180 = 111.195 km; times 4.9 us/km */
	assert_int_equal(doc->links[0].shape[0].delay_ns, 545000);
	topo_doc_free(doc);
}

static void speeds_are_found_where_they_are_written(void **state)
{
	static const struct {
		const char *data;
		uint64_t rate;
	} rows[] = {
		{"<data key=\"x4\">155000000</data>", 155000000},
		{"<data key=\"x4\">0</data><data key=\"x5\">2.5</data><data key=\"x6\">G</data>",
		 2500000000},
		{"<data key=\"x5\">622</data><data key=\"x6\">M</data>", 622000000},
		{"<data key=\"x5\">64</data><data key=\"x6\">K</data>", 64000},
		{"<data key=\"x5\">9600</data><data key=\"x6\"></data>", 9600},
		{"<data key=\"x7\">10 Gbps</data>", 10000000000},
		{"<data key=\"x7\">&lt; 155 Mbps</data>", 155000000},
		{"<data key=\"x7\">10Gbit/s</data>", 10000000000},
		{"<data key=\"x7\">OC-192c</data>", 9953280000},
		{"<data key=\"x7\">OC3</data>", 155520000},
		{"<data key=\"x7\">STM-16</data>", 2488320000},
		{"<data key=\"x7\">Lit Fibre</data>", 0},
		{"<data key=\"x7\">Completion 2007-2008</data>", 0},
		{"<data key=\"x7\">10</data>", 0},
		{"<data key=\"x7\">3 x Gaming</data>", 0},
		{"<data key=\"x5\">fast</data>", 0},
		{"<data key=\"x4\">-5</data>", 0},
		{"<data key=\"x4\"/>", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[2000];
		struct topo_doc *doc;

		snprintf(text, sizeof(text),
			 XML KEYS "<graph><node id=\"a\"/><node id=\"b\"/><edge source=\"a\" "
				  "target=\"b\">%s</edge>" END,
			 rows[i].data);
		doc = read_string(text);
		if (doc->links[0].shape[1].rate != rows[i].rate)
			fail_msg("%s: %ju", rows[i].data, (uintmax_t)doc->links[0].shape[1].rate);
		assert_int_equal(doc->links[0].shape[0].set, rows[i].rate ? TOPO_RATE : 0);
		topo_doc_free(doc);
	}
}

static void yed_labels_are_taken_from_the_graphics(void **state)
{
	struct topo_doc *doc = read_string(
		XML KEYS
		"<graph xmlns:y=\"http://www.yworks.com/xml/graphml\"><node id=\"n0\"><data "
		"key=\"x11\">"
		"<y:ShapeNode><y:Fill/><y:NodeLabel x=\"1\">\n Kansas\n City <y:LabelModel>deep"
		"</y:LabelModel></y:NodeLabel></y:ShapeNode></data></node>" END);

	(void)state;
	assert_string_equal(doc->routers[0].name, "Kansas-City");
	assert_string_equal(doc->routers[0].label, "Kansas\n City");
	topo_doc_free(doc);
}

static void equal_labels_get_numbers_and_warnings(void **state)
{
	struct topo_doc *doc = read_string(
		XML KEYS "<graph><node id=\"a\"><data key=\"x1\">Gary?</data></node>\n"
			 "<node id=\"b\"><data key=\"x1\">Gary</data></node>\n"
			 "<node id=\"c\"><data key=\"x1\">Gary.2</data></node>\n"
			 "<node id=\"d\"><data key=\"x1\">Gary</data></node>" END);
	static const char *const names[] = {"Gary", "Gary.2", "Gary.2.2", "Gary.3"};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(doc->routers[i].name, names[i]);
	assert_string_equal(doc->routers[0].label, "Gary?");
	assert_int_equal(doc->warning_count, 3);
	assert_string_equal(doc->warnings[0],
			    "zoo:5: node b: the name Gary is taken: Gary.2 instead");
	topo_doc_free(doc);
}

static void parallel_edges_stay_and_self_loops_go(void **state)
{
	struct topo_doc *doc = read_string(
		XML KEYS
		"<graph edgedefault=\"directed\"><node id=\"a\"/><node id=\"b\"/><node id=\"c\"/>"
		"<edge source=\"a\" target=\"b\"><data key=\"x9\">7</data></edge>\n"
		"<edge source=\"b\" target=\"a\"><data key=\"x9\">2.5</data></edge>"
		"<edge id=\"e2\" source=\"c\" target=\"c\"/>" END);

	(void)state;
	assert_int_equal(doc->router_count, 3);
	assert_int_equal(doc->link_count, 2);
	assert_string_equal(doc->links[0].name, "a-b");
	assert_string_equal(doc->links[1].name, "a-b.2");
	assert_int_equal(doc->links[0].weight, 7);
	assert_int_equal(doc->links[1].weight, 1);
	assert_int_equal(doc->warning_count, 4);
	assert_string_equal(
		doc->warnings[0],
		"zoo:5: edge : weight 2.5 is not a whole number from 1 to 65535: 1 instead");
	assert_string_equal(doc->warnings[1], "zoo:5: edge e2: both ends are c: left out");
	assert_string_equal(doc->warnings[3],
			    "the network has 2 unconnected parts: c cannot reach a");
	topo_doc_free(doc);
}

static void a_keys_default_counts_where_nothing_is_said(void **state)
{
	struct topo_doc *doc = read_string(
		XML "<key id=\"w\" for=\"edge\" attr.name=\"weight\"><default>4</default></key>"
		    "<graph><node id=\"a\"/><node id=\"b\"/><edge source=\"a\" target=\"b\"/>"
		    "<edge source=\"a\" target=\"b\"><data key=\"w\">5</data></edge>" END);

	(void)state;
	assert_int_equal(doc->links[0].weight, 4);
	assert_int_equal(doc->links[1].weight, 5);
	topo_doc_free(doc);
}

/* --- what is wrong --- */

static void wrong_graphml_is_refused_with_line_and_element(void **state)
{
	static const char *const rows[][2] = {
		{XML "<graph><node id=\"a\">\n",
		 "zoo:4: the file ends in the middle (no element found)"},
		{XML "<graph><no", "zoo:3: the file ends in the middle (unclosed token)"},
		{XML "<graph>\n</node>", "zoo:4: column 3: not XML: mismatched tag"},
		{"<html>\n</html>", "zoo:1: <html>: not a topology: the only XML read is GraphML"},
		{"<", "zoo:1: the file ends in the middle"},
		{XML "<graph><node/>" END, "zoo:3: node.id: is missing"},
		{XML "<graph><edge source=\"a\"/>" END, "zoo:3: edge.target: is missing"},
		{XML "<graph><node id=\"a\"/>\n<edge source=\"a\" target=\"b\"/>" END,
		 "zoo:4: edge.target: there is no node 'b'"},
		{XML "<graph><node id=\"a\"/>\n<node id=\"a\"/>" END,
		 "zoo:4: node.id: 'a' is given twice (first in line 3)"},
		{XML "<graph><node id=\"a\"><data key=\"k\">1</data></node>" END,
		 "zoo:3: data.key: there is no key 'k'"},
		{XML "<graph><node id=\"a\"><data>1</data></node>" END,
		 "zoo:3: data.key: is missing"},
		{XML "<graph><hyperedge/>" END, "zoo:3: hyperedge: not supported"},
		{XML KEYS "<graph><node id=\"a\"><data key=\"x2\">91</data><data "
			  "key=\"x3\">0</data></node>" END,
		 "zoo:4: node a.Latitude: is not within -90 to 90"},
		{XML KEYS "<graph><node id=\"a\"><data key=\"x2\">north</data><data "
			  "key=\"x3\">0</data></node>" END,
		 "zoo:4: node a.Latitude: is not within -90 to 90"},
		{XML "<graph><node id=\"?!\"/>" END,
		 "zoo:3: node ?!: neither its label nor its id makes a name"},
		{"<?xml version=\"1.0\"?>\n<!DOCTYPE x [\n<!ENTITY a \"aaaaaaaaaa\">\n<!ENTITY b "
		 "\"&a;&a;&a;&a;\">\n]>\n<graphml>&b;</graphml>",
		 "zoo:3: entity a: entities are not allowed"},
		{XML
		 "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"
		 "<a><a><a><a><a><a>",
		 "zoo:3: nested deeper than 32 levels"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc = NULL;
		struct err err = {0};

		assert_int_equal(topo_read(rows[i][0], strlen(rows[i][0]), "zoo", &doc, &err),
				 -EINVAL);
		if (strncmp(err.text, rows[i][1], strlen(rows[i][1])) != 0)
			fail_msg("row %zu: got:      %s\n         expected: %s", i, err.text,
				 rows[i][1]);
		assert_null(doc);
	}
}

#define OURS                                                                                       \
	XML "<key id=\"v\" for=\"graph\" attr.name=\"vlsp\"/><key id=\"n\" for=\"node\" "          \
	    "attr.name=\"name\"/><key id=\"a\" for=\"node\" attr.name=\"address\"/>"               \
	    "<key id=\"r\" for=\"edge\" attr.name=\"b-to-a.rate\"/><key id=\"w\" for=\"edge\" "    \
	    "attr.name=\"weight\"/><graph><data key=\"v\">1</data>\n"

static void our_own_files_are_taken_by_the_letter(void **state)
{
	static const char *const rows[][2] = {
		{OURS "<node id=\"x\"/>" END, "zoo:4: node x.name: is missing"},
		{OURS "<node id=\"x\"><data key=\"n\">a b</data></node>" END,
		 "zoo:4: node x.name: character 0x20 at position 2"},
		{OURS "<node id=\"x\"><data key=\"n\">r1</data></node>\n<node id=\"y\"><data "
		      "key=\"n\">r1</data></node>" END,
		 "zoo:5: routers[1].name: 'r1' is routers[0]'s name too"},
		{OURS
		 "<node id=\"x\"><data key=\"n\">r1</data><data key=\"a\">10</data></node>" END,
		 "zoo:4: node x.address: is not an address"},
		{OURS "<edge id=\"e\" source=\"x\" target=\"y\"><data key=\"r\">1</data><data "
		      "key=\"w\">0</data></edge>" END,
		 "zoo:4: edge e.weight: is not a whole number"},
		{OURS
		 "<edge id=\"e\" source=\"x\" target=\"y\"><data key=\"r\">fast</data></edge>" END,
		 "zoo:4: edge e.rate: 'fast' is not a rate"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc = NULL;
		struct err err = {0};

		assert_int_equal(topo_read(rows[i][0], strlen(rows[i][0]), "zoo", &doc, &err),
				 -EINVAL);
		if (strncmp(err.text, rows[i][1], strlen(rows[i][1])) != 0)
			fail_msg("row %zu: got:      %s\n         expected: %s", i, err.text,
				 rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zoos_files_are_read_whole),
		cmocka_unit_test(a_zoo_file_that_ends_anywhere_is_refused),
		cmocka_unit_test(labels_become_names_and_positions_delays),
		cmocka_unit_test(one_degree_along_the_equator_is_545_us),
		cmocka_unit_test(speeds_are_found_where_they_are_written),
		cmocka_unit_test(yed_labels_are_taken_from_the_graphics),
		cmocka_unit_test(equal_labels_get_numbers_and_warnings),
		cmocka_unit_test(parallel_edges_stay_and_self_loops_go),
		cmocka_unit_test(a_keys_default_counts_where_nothing_is_said),
		cmocka_unit_test(wrong_graphml_is_refused_with_line_and_element),
		cmocka_unit_test(our_own_files_are_taken_by_the_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
