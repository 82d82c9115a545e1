/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small languages that people write. The first byte says which one: 'j' JSON tree, 'y' YAML
 * tree, 'c' configuration file, 'a' options of vlspd (one a line), 'n' names and addresses, 'u'
 * quantities, 's' shape, 'l' limits ("KEY VALUE" lines), 'g' generators (one word a line), 'm'
 * matches. Checked:
 * what is accepted comes back from its canonical text, a refusal has a reason and changes nothing.
 */
#include <jansson.h>
#include <math.h>

#include "daemon/conf/options.h"
#include "lib/base/name.h"
#include "lib/codec/tree.h"
#include "lib/topo/doc.h"
#include "lib/topo/match.h"
#include "lib/topo/units.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 12

static const struct tree_limits limits = {.depth = 8, .nodes = 300, .children = 64};

static void check_err(int r, const struct err *err)
{
	CHECK(r >= 0 || (err->text[0] && err->code == -r));
}

/* Returns the number of values below and with node. */
static size_t check_node(const struct tree_node *node, unsigned depth, bool in_map)
{
	const struct tree_node *last = NULL;
	size_t count = 0, all = 1;

	CHECK(node->line >= 1 && depth <= limits.depth && !node->key == !in_map);
	if (node->type != TREE_LIST && node->type != TREE_MAP) {
		CHECK(node->text && !node->first);
		CHECK(tree_type_name(node)[0]);
		return 1;
	}
	for (const struct tree_node *n = node->first; n; n = n->next) {
		all += check_node(n, depth + 1, node->type == TREE_MAP);
		if (n->key)
			CHECK(tree_get(node, n->key) == n); /* no key twice */
		last = n;
		count++;
	}
	CHECK(node->count == count && node->last == last);
	return all;
}

/* The tree says what jansson says. */
static void check_same(const struct tree_node *node, const json_t *json)
{
	const struct tree_node *n;
	const char *key;
	json_t *value;
	size_t i;

	switch (json_typeof(json)) {
	case JSON_OBJECT:
		CHECK(node->type == TREE_MAP && node->count == json_object_size(json));
		json_object_foreach ((json_t *)json, key, value) {
			n = tree_get(node, key);
			CHECK(n);
			check_same(n, value);
		}
		break;
	case JSON_ARRAY:
		CHECK(node->type == TREE_LIST && node->count == json_array_size(json));
		for (n = node->first, i = 0; n; n = n->next)
			check_same(n, json_array_get(json, i++));
		break;
	case JSON_STRING:
		CHECK(node->type == TREE_TEXT && strcmp(node->text, json_string_value(json)) == 0);
		break;
	case JSON_INTEGER:
		CHECK(node->type == TREE_INT);
		CHECK(strtoll(node->text, NULL, 10) == json_integer_value(json));
		break;
	case JSON_REAL:
		CHECK(node->type == TREE_FLOAT);
		break;
	case JSON_NULL:
		CHECK(node->type == TREE_NULL);
		break;
	default:
		CHECK(node->type == TREE_BOOL && (node->text[0] == 't') == json_is_true(json));
	}
}

static void try_tree(struct input in, bool json)
{
	const char *text = input_copy(in); /* no NUL behind: sizes count */
	struct err err = {0};
	struct tree *tree;
	int r = tree_read(text, in.left, json, "fuzz", &limits, &tree, &err);

	check_err(r, &err);
	if (r == 0) {
		const struct tree_node *root = tree_root(tree);

		if (root)
			CHECK(check_node(root, 0, false) <= limits.nodes);
		if (json) {
			json_t *same = json_loadb(text, in.left, JSON_DECODE_ANY, NULL);

			CHECK(same && root);
			check_same(root, same);
			json_decref(same);
		}
		tree_free(tree);
	}
	free((void *)text);
}

static void check_conf(const struct conf *conf)
{
	CHECK(memchr(conf->runtime_dir, 0, sizeof(conf->runtime_dir)));
	CHECK(memchr(conf->state_dir, 0, sizeof(conf->state_dir)));
	CHECK(conf->runtime_dir[0] == '/' && conf->state_dir[0] == '/');
	CHECK(memchr(conf->listen_address, 0, sizeof(conf->listen_address)));
}

static void try_conf(struct input in)
{
	char *text = input_copy(in);
	struct err err = {0};
	struct conf conf;
	int r;

	conf_defaults(&conf);
	r = conf_read(&conf, text, in.left, "fuzz", &err);
	check_err(r, &err);
	check_conf(&conf);
	free(text);
}

/* Splits text at line ends; words point into it. */
static int words_of(char *text, char *words[WORDS_MAX + 1])
{
	int count = 0;

	while (text && *text && count < WORDS_MAX) {
		words[count++] = text;
		text = strchr(text, '\n');
		if (text)
			*text++ = '\0';
	}
	words[count] = NULL;
	return count;
}

static void try_options(struct input in)
{
	char *text = input_text(in), name[] = "vlspd", *argv[WORDS_MAX + 2] = {name};
	int argc = 1 + words_of(text, argv + 1);
	struct conf conf, untouched;
	struct err err = {0};
	int r;

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--config", 8) == 0)
			argc = i; /* files are no part of this */
	memset(&conf, 0x5a, sizeof(conf));
	untouched = conf;
	r = conf_parse(argc, argv, &conf, &err);
	check_err(r, &err);
	if (r < 0)
		CHECK(memcmp(&conf, &untouched, sizeof(conf)) == 0);
	else
		check_conf(&conf);
	free(text);
}

static void try_name(struct input in)
{
	char *text = input_text(in), buf[ADDR_TEXT_SIZE], small[64];
	struct err err = {0};
	uint32_t addr, network;
	unsigned len;
	int r = name_check(text, "name", &err);

	check_err(r, &err);
	if (r == 0) {
		CHECK(text[0] && strlen(text) <= NAME_MAX_LEN && !strpbrk(text, "/ \n:"));
		CHECK(strcmp(text, ".") && strcmp(text, ".."));
	}
	if (addr_parse(text, &addr) == 0)
		CHECK(strcmp(addr_format(addr, buf), text) == 0);
	r = prefix_parse(text, &network, &len, &err);
	check_err(r, &err);
	if (r == 0)
		CHECK(len >= 16 && len <= 30 && (network & ~prefix_mask(len)) == 0 && network);
	instance_name(text, small, sizeof(small));
	CHECK(strlen(small) <= 40 && name_check(small, "instance", NULL) == 0);
	free(text);
}

static void try_units(struct input in)
{
	char *text = input_text(in), buf[UNITS_TEXT_SIZE];
	struct err err = {0};
	uint64_t value, again;
	uint32_t ppm, ppm_again;
	double x, y;

	if (units_rate_parse(text, "x", &value, &err) == 0) {
		CHECK(value >= 1 && value <= UNITS_RATE_MAX);
		CHECK(units_rate_parse(units_rate_format(value, buf), "x", &again, &err) == 0);
		CHECK(again == value);
	}
	if (units_duration_parse(text, "x", &value, &err) == 0) {
		CHECK(value <= UNITS_DURATION_MAX);
		CHECK(units_duration_parse(units_duration_format(value, buf), "x", &again, &err) ==
		      0);
		CHECK(again == value);
	}
	if (units_percent_parse(text, "x", &ppm, &err) == 0) {
		CHECK(ppm <= 1000000);
		CHECK(units_percent_parse(units_percent_format(ppm, buf), "x", &ppm_again, &err) ==
		      0);
		CHECK(ppm_again == ppm);
	}
	if (units_count_parse(text, "x", 3, 1000, &value, &err) == 0)
		CHECK(value >= 3 && value <= 1000);
	if (units_count_parse(text, "x", 0, UINT64_MAX, &value, &err) == 0)
		CHECK(strtoull(text, NULL, 10) == value);
	if (units_double_parse(text, &x) == 0) {
		CHECK(isfinite(x));
		CHECK(units_double_parse(units_double_format(x, buf), &y) == 0 && x == y);
	}
	free(text);
}

static void try_shape(struct input in)
{
	struct topo_shape shape = {0}, again = {0};
	char value[48], *text = input_text(in), *words[WORDS_MAX + 1];
	struct err err = {0};
	const char *key;
	int count = words_of(text, words);

	for (int i = 0; i < count; i++) {
		struct topo_shape before = shape;
		char *blank = strchr(words[i], ' ');
		int r;

		if (!blank)
			continue;
		*blank = '\0';
		r = topo_shape_parse(&shape, words[i], blank + 1, &err);
		check_err(r, &err);
		if (r < 0)
			CHECK(topo_shape_equal(&before, &shape));
	}
	for (size_t i = 0; topo_shape_format(&shape, i, &key, value) == 0; i++) {
		CHECK(memchr(value, 0, sizeof(value)));
		CHECK(topo_shape_parse(&again, key, value, &err) == 0);
	}
	CHECK(topo_shape_equal(&shape, &again));
	check_err(topo_shape_check(&shape, &err), &err);
	topo_shape_merge(&again, &(struct topo_shape){0}, shape.set);
	CHECK(topo_shape_format(&again, 0, &key, value) == -ENOENT);
	topo_shape_merge(&again, &shape, 0);
	CHECK(topo_shape_equal(&shape, &again));
	free(text);
}

static void try_limits(struct input in)
{
	struct topo_limits set = {0}, again = {0};
	char value[48], *text = input_text(in), *words[WORDS_MAX + 1];
	struct err err = {0};
	const char *key;
	int count = words_of(text, words);

	for (int i = 0; i < count; i++) {
		struct topo_limits before = set;
		char *blank = strchr(words[i], ' ');
		int r;

		if (!blank)
			continue;
		*blank = '\0';
		r = topo_limits_parse(&set, words[i], blank + 1, &err);
		check_err(r, &err);
		if (r < 0)
			CHECK(topo_limits_equal(&before, &set));
	}
	for (size_t i = 0; topo_limits_format(&set, i, &key, value) == 0; i++) {
		CHECK(memchr(value, 0, sizeof(value)));
		CHECK(topo_limits_parse(&again, key, value, &err) == 0);
	}
	CHECK(topo_limits_equal(&set, &again));
	free(text);
}

/* Numbers of more than two digits would measure patience only. */
static bool is_small(const char *text)
{
	for (int digits = 0; *text; text++) {
		digits = *text >= '0' && *text <= '9' ? digits + 1 : 0;
		if (digits > 2)
			return false;
	}
	return true;
}

static void try_generate(struct input in)
{
	char *text = input_text(in), *words[WORDS_MAX + 1];
	struct topo_doc *doc;
	struct err err = {0};
	int count, r;

	if (is_small(text) && (count = words_of(text, words)) > 0) {
		r = topo_generate(words[0], count - 1, (const char *const *)words + 1, &doc, &err);
		check_err(r, &err);
		if (r == 0) {
			CHECK(doc->router_count > 0 && topo_doc_check(doc, "made", &err) == 0);
			topo_doc_free(doc);
		}
	}
	free(text);
}

static void try_match(struct input in)
{
	char *text = input_text(in), canonical[TOPO_MATCH_TEXT_SIZE];
	struct topo_match match, again;
	struct err err = {0};
	int r;

	memset(&match, 0x5a, sizeof(match));
	again = match;
	r = topo_match_parse(text, &match, &err);
	check_err(r, &err);
	if (r < 0) {
		CHECK(memcmp(&match, &again, sizeof(match)) == 0);
		CHECK(strncmp(err.text, "at ", 3) == 0 && atoi(err.text + 3) >= 1);
		CHECK((size_t)atoi(err.text + 3) <= strlen(text) + 1);
	} else {
		topo_match_format(&match, canonical);
		CHECK(strlen(canonical) < sizeof(canonical));
		CHECK(topo_match_parse(canonical, &again, &err) == 0);
		CHECK(memcmp(&match.match, &again.match, sizeof(match.match)) == 0);
		CHECK(strcmp(match.from, again.from) == 0 && strcmp(match.to, again.to) == 0);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t kind = input_byte(&in);

	switch (kind) {
	case 'j':
	case 'y':
		try_tree(in, kind == 'j');
		break;
	case 'c':
		try_conf(in);
		break;
	case 'a':
		try_options(in);
		break;
	case 'n':
		try_name(in);
		break;
	case 'u':
		try_units(in);
		break;
	case 's':
		try_shape(in);
		break;
	case 'l':
		try_limits(in);
		break;
	case 'g':
		try_generate(in);
		break;
	case 'm':
		try_match(in);
		break;
	}
	return 0;
}
