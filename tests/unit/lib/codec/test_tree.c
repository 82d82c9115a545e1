// SPDX-License-Identifier: GPL-2.0-or-later
/* The located node tree: types by the core schema, lines, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/codec/tree.h"

static const struct tree_limits limits = {.depth = 4, .nodes = 20, .children = 3};

static struct tree *read_text(const char *text, bool json)
{
	struct tree *tree = NULL;
	struct err err = {0};

	if (tree_read(text, strlen(text), json, "x", &limits, &tree, &err) < 0)
		fail_msg("%s", err.text);
	return tree;
}

static void plain_scalars_have_the_types_of_the_core_schema(void **state)
{
	static const struct {
		const char *text;
		enum tree_type type;
	} rows[] = {
		{"a", TREE_TEXT},	 {"no", TREE_TEXT},	{"on", TREE_TEXT},
		{"y", TREE_TEXT},	 {"12:30", TREE_TEXT},	{"1_000", TREE_TEXT},
		{"1e", TREE_TEXT},	 {"+-", TREE_TEXT},	{"0x", TREE_TEXT},
		{"0b1", TREE_TEXT},	 {"+", TREE_TEXT},	{".", TREE_TEXT},
		{"10.0.0.1", TREE_TEXT}, {"tRue", TREE_TEXT},	{"nUll", TREE_TEXT},
		{"1", TREE_INT},	 {"-7", TREE_INT},	{"+7", TREE_INT},
		{"007", TREE_INT},	 {"0x1F", TREE_INT},	{"0o17", TREE_INT},
		{"1.5", TREE_FLOAT},	 {".5", TREE_FLOAT},	{"5.", TREE_FLOAT},
		{"1e3", TREE_FLOAT},	 {"-1E-3", TREE_FLOAT}, {".inf", TREE_FLOAT},
		{"-.INF", TREE_FLOAT},	 {".nan", TREE_FLOAT},	{"true", TREE_BOOL},
		{"False", TREE_BOOL},	 {"null", TREE_NULL},	{"~", TREE_NULL},
		{"Null", TREE_NULL},	 {"'1'", TREE_TEXT},	{"\"true\"", TREE_TEXT},
		{"!!str 1", TREE_TEXT},	 {"! 1", TREE_TEXT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[40];
		struct tree *tree;
		const struct tree_node *node;

		snprintf(text, sizeof(text), "k: %s\n", rows[i].text);
		tree = read_text(text, false);
		node = tree_get(tree_root(tree), "k");
		if (node->type != rows[i].type)
			fail_msg("%s is %s", rows[i].text, tree_type_name(node));
		tree_free(tree);
	}
}

static void json_scalars_are_what_they_look_like(void **state)
{
	struct tree *tree = read_text("[1, -1.5, 1e3, \"1\", true, null, {}]", true);
	static const enum tree_type types[] = {TREE_INT,  TREE_FLOAT, TREE_FLOAT, TREE_TEXT,
					       TREE_BOOL, TREE_NULL,  TREE_MAP};
	const struct tree_node *node = tree_root(tree)->first;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++, node = node->next) {
		assert_int_equal(node->type, types[i]);
		assert_false(node->plain);
	}
	assert_null(node);
	tree_free(tree);
}

static void every_value_knows_its_line_and_key(void **state)
{
	static const char *const texts[] = {
		"a: 1\nb:\n  - x\n  - {c: y,\n     d: z}\n",
		"{\"a\": 1,\n\"b\":[\n \"x\",\n {\"c\":\"y\",\n \"d\"\n:\"z\"}]}"};

	(void)state;
	for (int json = 0; json < 2; json++) {
		struct tree *tree = read_text(texts[json], json);
		const struct tree_node *root = tree_root(tree), *b = tree_get(root, "b");
		const struct tree_node *map = b->last, *d = tree_get(map, "d");

		assert_int_equal(root->count, 2);
		assert_int_equal(tree_get(root, "a")->line, 1);
		assert_int_equal(b->count, 2);
		assert_int_equal(b->first->line, 3);
		assert_null(b->first->key);
		assert_int_equal(map->line, 4);
		assert_string_equal(d->key, "d");
		assert_string_equal(d->text, "z");
		assert_int_equal(d->line, json ? 6 : 5);
		assert_null(tree_get(map, "e"));
		assert_null(tree_get(d, "e"));
		assert_null(tree_get(NULL, "e"));
		tree_free(tree);
	}
}

static void an_empty_document_has_no_root(void **state)
{
	struct tree *tree = read_text("# nothing\n", false);

	(void)state;
	assert_null(tree_root(tree));
	tree_free(tree);
	tree_free(NULL);
}

static void limits_hold_in_both_formats(void **state)
{
	static const struct {
		const char *text, *message;
		bool json;
	} rows[] = {
		{"[[[[[]]]]]", "x:1: nested deeper than 4 levels", false},
		{"[[[[\n[]]]]]", "x:2: nested deeper than 4 levels", true},
		{"[\"\\u0000\"]", "x:1: column 9: not JSON: a text with a NUL character", true},
		{"[\"[[[[[\", [[[1]]], \"\\\"[[[[\"", "x:1: column 27: not JSON", true},
		{"[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "x:1: more than 20 values", false},
		{"[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "x:1: more than 20 values", true},
		{"- &a [1,1,1,1,1]\n- &b [*a]\n- [*b,*b]\n", "x:3: more than 20 values", false},
		{"- &a [[1]]\n- [[*a]]\n", "x:2: nested deeper than 4 levels", false},
		{"{a: 1, b: 2, c: 3, d: 4}", "x:1: more than 3 keys in one map", false},
		{"{\"a\":1,\"b\":2,\"c\":3,\"d\":4}", "x:1: more than 3 keys in one map", true},
		{"{a: 1, b: 2,\na: 3}", "x:2: a: given twice (first in line 1)", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tree *tree = NULL;
		struct err err = {0};

		assert_int_equal(tree_read(rows[i].text, strlen(rows[i].text), rows[i].json, "x",
					   &limits, &tree, &err),
				 -EINVAL);
		if (strncmp(err.text, rows[i].message, strlen(rows[i].message)) != 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_null(tree);
	}
}

/* One that jansson lets pass would make us lose our way. */
static void a_nul_is_no_part_of_json(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} rows[] = {
		{"{\"a\": null\0, \"b\": 1}", 20},
		{"[1\0]", 4},
		{"[\"\0\"]", 5},
		{"[\"\\\0\"]", 6},
		{"[]\0", 3},
		{"\0[]", 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = malloc(rows[i].size); /* nothing behind it */
		struct tree *tree = NULL;
		struct err err = {0};

		assert_non_null(text);
		memcpy(text, rows[i].text, rows[i].size);
		assert_int_equal(tree_read(text, rows[i].size, true, "x", &limits, &tree, &err),
				 -EINVAL);
		assert_null(tree);
		assert_non_null(strstr(err.text, "x:1: "));
		free(text);
	}
}

static void large_texts_are_kept_whole(void **state)
{
	static char text[200003];
	struct tree *tree;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = text[200001] = '"';
	text[200002] = '\0';
	for (int json = 0; json < 2; json++) {
		tree = read_text(text, json);
		assert_int_equal(strlen(tree_root(tree)->text), 200000);
		tree_free(tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_scalars_have_the_types_of_the_core_schema),
		cmocka_unit_test(json_scalars_are_what_they_look_like),
		cmocka_unit_test(every_value_knows_its_line_and_key),
		cmocka_unit_test(an_empty_document_has_no_root),
		cmocka_unit_test(limits_hold_in_both_formats),
		cmocka_unit_test(a_nul_is_no_part_of_json),
		cmocka_unit_test(large_texts_are_kept_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
