// SPDX-License-Identifier: GPL-2.0-or-later
/* Topology files that are wrong: each is refused, with the line and the field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/topo/doc.h"

struct row {
	const char *text, *message; /* what the error starts with */
};

static void refuse(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct topo_doc *doc = (struct topo_doc *)&rows; /* must stay */
		struct err err = {0};
		int r = topo_read(rows[i].text, strlen(rows[i].text), "net", &doc, &err);

		if (r != -EINVAL)
			fail_msg("row %zu was taken: %s", i, rows[i].text);
		assert_int_equal(err.code, EINVAL);
		if (strncmp(err.text, rows[i].message, strlen(rows[i].message)) != 0)
			fail_msg("row %zu: got:      %s\n         expected: %s", i, err.text,
				 rows[i].message);
		assert_ptr_equal(doc, &rows);
		assert_int_equal(topo_read(rows[i].text, strlen(rows[i].text), "net", &doc, NULL),
				 -EINVAL);
	}
}

#define TWO "routers: [r1, r2]\n"

static void unknown_fields_are_named_with_the_nearest_known(void **state)
{
	static const struct row rows[] = {
		{"routers:\n  - {name: r1, adress: 10.0.0.1}\n",
		 "net:2: routers[0].adress: unknown field (did you mean 'address'?)"},
		{"router: [r1]\n", "net:1: router: unknown field (did you mean 'routers'?)"},
		{TWO "links:\n  - {a: r1, b: r2, wieght: 2}\n",
		 "net:3: links[0].wieght: unknown field (did you mean 'weight'?)"},
		{TWO "links:\n  - {a: r1, b: r2, colour: red}\n",
		 "net:3: links[0].colour: unknown field"},
		{TWO "defaults:\n  link:\n    a: r1\n", "net:4: defaults.link.a: unknown field"},
		{TWO "defaults: {router: {weight: 1}}\n",
		 "net:2: defaults.router.weight: unknown field"},
		{TWO "links: [{a: r1, b: r2, shape: {c: {}}}]\n",
		 "net:2: links[0].shape.c: unknown field"},
		{TWO "links: [{a: r1, b: r2, shape: {a-to-b: {speed: 1}}}]\n",
		 "net:2: links[0].shape.a-to-b.speed: unknown field"},
		{TWO "links: [{a: r1, b: r2, dealy: 1ms}]\n",
		 "net:2: links[0].dealy: unknown field (did you mean 'delay'?)"},
		{TWO "links: [{a: r1, b: r2, shape: {b-to-a: {burst_loss: 5%}}}]\n",
		 "net:2: links[0].shape.b-to-a.burst_loss: unknown field (did you mean "
		 "'burst-loss'?)"},
		{TWO "delay: 1ms\n", "net:2: delay: unknown field"},
		{"{\n\"routers\": [\n{\"nmae\": \"r1\"}]}",
		 "net:3: routers[0].nmae: unknown field (did you mean 'name'?)"},
		{"<<: {}\n" TWO, "net:1: <<: unknown field"},
	};

	(void)state;
	refuse(rows, ARRAY_SIZE(rows));
}

static void shapes_that_make_no_sense_are_told_with_their_direction(void **state)
{
	static const struct row rows[] = {
		{TWO "links:\n- r1:r2\n- {a: r1, b: r2, delay: 2ms, jitter: 5ms}\n",
		 "net:4: links[1].jitter: 5ms is more than the delay, 2ms"},
		{TWO "links: [{a: r1, b: r2, delay: 9ms,"
		     " shape: {b-to-a: {reorder: 1%, delay: none}}}]",
		 "net:2: links[0].shape.b-to-a.reorder: without a delay"},
		{TWO "links: [{a: r1, b: r2, shape: {a-to-b: {burst: 2}}}]",
		 "net:2: links[0].shape.a-to-b.burst: there is no loss"},
		/* the whole of defaults and link counts */
		{TWO "defaults: {link: {jitter: 5ms}}\nlinks: [{a: r1, b: r2, delay: 4ms}]",
		 "net:3: links[0].jitter: 5ms is more than the delay, 4ms"},
	};

	(void)state;
	refuse(rows, ARRAY_SIZE(rows));
}

static void wrong_types_are_told_with_what_was_expected(void **state)
{
	static const struct row rows[] = {
		{"routers: 5\n", "net:1: routers: expected a list, not a whole number (5)"},
		{"routers: {}\n", "net:1: routers: expected a list, not a map of fields"},
		{"routers:\n", "net:1: routers: expected a list, not null"},
		{"routers: [[r1]]\n",
		 "net:1: routers[0]: expected a name or a map of fields, not a list"},
		{"routers:\n- {name: [a]}\n",
		 "net:2: routers[0].name: expected a text, not a list"},
		{"routers:\n- {name: }\n", "net:2: routers[0].name: expected a text, not null"},
		{"routers:\n- {name: ~}\n", "net:2: routers[0].name: expected a text, not null"},
		{"{\"routers\": [1]}",
		 "net:1: routers[0]: expected a text, not a whole number (1)"},
		{"{\"routers\": [{\"name\": true}]}",
		 "net:1: routers[0].name: expected a text, not true or false (true)"},
		{"{\"routers\": [{\"name\": null}]}",
		 "net:1: routers[0].name: expected a text, not null"},
		{"routers: [{name: r1, latitude: north, longitude: 1}]",
		 "net:1: routers[0].latitude: expected degrees as a number, not a text (north)"},
		{TWO "links: r1:r2\n", "net:2: links: expected a list, not a text (r1:r2)"},
		{TWO "links: [{a: r1, b: r2, weight: heavy}]",
		 "net:2: links[0].weight: expected a whole number, not a text (heavy)"},
		{TWO "links: [{a: r1, b: r2, weight: \"5\"}]",
		 "net:2: links[0].weight: expected a whole number, not a text (5)"},
		{TWO "links: [{a: r1, b: r2, weight: 1.5}]",
		 "net:2: links[0].weight: expected a whole number, not a number with a fraction "
		 "(1.5)"},
		{TWO "links: [{a: r1, b: r2, weight: true}]",
		 "net:2: links[0].weight: expected a whole number, not true or false (true)"},
		{TWO "links: [{a: r1, b: r2, delay: [1ms]}]",
		 "net:2: links[0].delay: expected a text or a number, not a list"},
		{TWO "links: [{a: r1, b: r2, loss: true}]",
		 "net:2: links[0].loss: expected a text or a number, not true or false (true)"},
		{TWO "links: [{a: r1, b: r2, shape: 1}]",
		 "net:2: links[0].shape: expected a map of fields, not a whole number (1)"},
		{TWO "defaults: []\n", "net:2: defaults: expected a map of fields, not a list"},
		{"- r1\n", "net:1: expected a topology (a map with routers and links), not a list"},
		{"just words",
		 "net:1: expected a topology (a map with routers and links), not a text"},
		{"name: {}\n" TWO, "net:1: name: expected a text, not a map of fields"},
		{"hello: [1]\n" TWO, "net:1: hello: expected a text or a number, not a list"},
	};

	(void)state;
	refuse(rows, ARRAY_SIZE(rows));
}

static void wrong_values_are_told_with_their_limits(void **state)
{
	static const struct row rows[] = {
		{TWO "links: [{a: r1, b: r2, weight: 0}]",
		 "net:2: links[0].weight: 0 is less than 1"},
		{TWO "links: [{a: r1, b: r2, weight: -1}]",
		 "net:2: links[0].weight: '-1' is not a whole number from 1 to 65535"},
		{TWO "links: [{a: r1, b: r2, weight: 65536}]",
		 "net:2: links[0].weight: 65536 is more than 65535"},
		{TWO "links: [{a: r1, b: r2, weight: 0x10}]",
		 "net:2: links[0].weight: '0x10' is not a whole number"},
		{TWO "links: [{a: r1, b: r2, delay: 20}]",
		 "net:2: links[0].delay: '20' needs a unit: ns, us, ms or s"},
		{TWO "links: [{a: r1, b: r2, loss: 1e1}]",
		 "net:2: links[0].loss: '1e1' is not a percentage"},
		{TWO "links: [{a: r1, b: r2, loss: 101}]",
		 "net:2: links[0].loss: '101' is more than 100%"},
		{TWO "links:\n- {a: r1, b: r2,\n   shape: {b-to-a: {rate: 0}}}",
		 "net:4: links[0].shape.b-to-a.rate: must be at least 1 bit/s"},
		{TWO "defaults:\n  link: {rate: fast}\n",
		 "net:3: defaults.link.rate: 'fast' is not a rate"},
		{TWO "defaults:\n  link: {shape: {a-to-b: {rate: fast}}}\n",
		 "net:3: defaults.link.shape.a-to-b.rate: 'fast' is not a rate"},
		{"routing: magic\n" TWO,
		 "net:1: routing: 'magic' is not one of distributed, central"},
		{"hello: 50\n" TWO, "net:1: hello: '50' needs a unit"},
		{"hello: 100us\n" TWO, "net:1: hello: '100us' is not within 1ms to 60s"},
		{"hello: 61s\n" TWO, "net:1: hello: '61s' is not within 1ms to 60s"},
		{"network: 10.0.0.0\n" TWO,
		 "net:1: network: '10.0.0.0' is not an address and prefix"},
		{"network: 10.0.0.0/8\n" TWO,
		 "net:1: network: prefix length 8 is not within 16 to 30"},
		{"network: 10.0.0.0/30\nrouters: [a, b, c]\n",
		 "net: network: 10.0.0.0/30 has 2 addresses, there are 3 routers"},
		{"routers: [{name: r1, latitude: 91, longitude: 0}]",
		 "net:1: routers[0].latitude: 91 is not within -90 to 90"},
		{"routers: [{name: r1, latitude: .nan, longitude: 0}]",
		 "net:1: routers[0].latitude: .nan is not within -90 to 90"},
		{"routers: [{name: r1, latitude: 9}]",
		 "net:1: routers[0].longitude: is missing (latitude is given)"},
		{"routers: [{name: r1, label: \"a\\x01b\"}]",
		 "net:1: routers[0].label: a control character"},
		{"routers: [{address: 10.0.0.1}]", "net:1: routers[0].name: is missing"},
		{"routers: [{name: a, limits: 5}]",
		 "net:1: routers[0].limits: expected a map of fields, not a whole number (5)"},
		{"routers: [{name: a, limits: {mem: 5}}]",
		 "net:1: routers[0].limits.mem: unknown field"},
		{"routers: [{name: a, limits: {memory: 256MB}}]",
		 "net:1: routers[0].limits.memory: '256MB' is not a size"},
		{"routers: [{name: a, limits: {memory: -1}}]",
		 "net:1: routers[0].limits.memory: '-1' is not a size"},
		{"routers: [{name: a, limits: {memory: 1M}}]",
		 "net:1: routers[0].limits.memory: 1M is less than 4M"},
		{"routers: [{name: a, limits: {memory: 0}}]",
		 "net:1: routers[0].limits.memory: 0 is less than 4M"},
		{"routers: [{name: a, limits: {memory: 1025T}}]",
		 "net:1: routers[0].limits.memory: 1025T is more than 1024T"},
		{"routers: [{name: a, limits: {memory: 99999999999999999999}}]",
		 "net:1: routers[0].limits.memory: 99999999999999999999 is more than 1024T"},
		{"routers: [{name: a, limits: {cpu: 50}}]",
		 "net:1: routers[0].limits.cpu: '50' is not a share of a processor"},
		{"routers: [{name: a, limits: {cpu: 0%}}]",
		 "net:1: routers[0].limits.cpu: 0 is less than 1"},
		{"routers: [{name: a, limits: {cpu: 100001%}}]",
		 "net:1: routers[0].limits.cpu: 100001 is more than 100000"},
		{"routers: [{name: a, limits: {pids: 7}}]",
		 "net:1: routers[0].limits.pids: 7 is less than 8"},
		{"routers: [{name: a, limits: {pids: many}}]",
		 "net:1: routers[0].limits.pids: 'many' is not a whole number"},
		{"routers: [a]\ndefaults: {router: {limits: {cpu: x}}}",
		 "net:2: defaults.router.limits.cpu: 'x' is not a share of a processor"},
		{"name: x\n", "net:1: routers: is missing"},
		{TWO "links: [{a: r1}]", "net:2: links[0].b: is missing"},
		{TWO "links: [r1]", "net:2: links[0]: 'r1' is not a link: expected \"A:B\""},
	};

	(void)state;
	refuse(rows, ARRAY_SIZE(rows));
}

#define NAME64 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234"

static void bad_names_are_refused(void **state)
{
	static const struct row rows[] = {
		{"routers:\n- r1\n- a/b\n", "net:3: routers[1]: character '/' at position 2"},
		{"routers:\n- {name: \"a\\nb\"}\n",
		 "net:2: routers[0].name: character 0x0a at position 2"},
		{"{\"routers\":\n[{\"name\": \"a\\nb\"}]}",
		 "net:2: routers[0].name: character 0x0a at position 2"},
		{"routers:\n- {name: " NAME64 "}\n",
		 "net:2: routers[0].name: longer than 63 characters"},
		{"routers:\n- {name: \"\"}\n", "net:2: routers[0].name: is empty"},
		{"routers: ['..']", "net:1: routers[0]: '..' is not a name"},
		{"name: a b\n" TWO, "net:1: name: character 0x20 at position 2"},
		{TWO "links:\n- {a: r1, b: r2, name: a/b}", "net:3: links[0].name: character '/'"},
		{TWO "links:\n- {a: r1, b: r2, name: \"\"}", "net:3: links[0].name: is empty"},
		{TWO "links:\n- {a: r1, b: r2, name: " NAME64 "}",
		 "net:3: links[0].name: longer than 63 characters"},
		{TWO "links:\n- {a: r1, b: r2, name: " NAME64 NAME64 NAME64 "}",
		 "net:3: links[0].name: longer than 63 characters"},
	};

	(void)state;
	refuse(rows, ARRAY_SIZE(rows));
}

static void what_is_there_twice_or_nowhere_is_refused(void **state)
{
	static const struct row rows[] = {
		{"routers:\n- r1\n- r2\n- {name: r1}\n",
		 "net:4: routers[2].name: 'r1' is routers[0]'s name too"},
		{TWO "links:\n- {a: r1, b: r9}\n",
		 "net:3: links[0].b: there is no router 'r9' (did you mean 'r1'?)"},
		{"routers: [Seattle, Denver]\nlinks: [\"Seatle:Denver\"]",
		 "net:2: links[0]: there is no router 'Seatle' (did you mean 'Seattle'?)"},
		{TWO "links:\n- r1:nobody\n", "net:3: links[0]: there is no router 'nobody'"},
		{TWO "links:\n- r1:r2:r1\n", "net:3: links[0]: there is no router 'r2:r1'"},
		{TWO "links:\n- r1:r1\n", "net:3: links[0]: both ends are r1"},
		{TWO "links:\n- {a: r1, b: r2, name: x}\n- {a: r1, b: r2, name: x}\n",
		 "net:4: links[1].name: 'x' is links[0]'s name too"},
		{"routers:\n- {name: r1, address: 10.1.0.1}\n",
		 "net:2: routers[0].address: 10.1.0.1 is outside the network 10.0.0.0/16"},
		{"routers:\n- {name: r1, address: 10.0.0.7}\n- r2\n- {name: r3, address: "
		 "10.0.0.7}\n",
		 "net:4: routers[2].address: 10.0.0.7 is routers[0]'s (r1) address too"},
		{"routers:\n- {name: r1, address: 10.0.0.0}\n",
		 "net:2: routers[0].address: 10.0.0.0 is the network address of 10.0.0.0/16"},
		{"routers:\n- {name: r1, address: 10.0.255.255}\n",
		 "net:2: routers[0].address: 10.0.255.255 is the broadcast address of 10.0.0.0/16"},
		{"routers:\n- {name: r1, address: 10.0.0.256}\n",
		 "net:2: routers[0].address: '10.0.0.256' is not an address like 10.0.0.1"},
		{"routers: [r1]\nname: x\nrouters: [r2]\n",
		 "net:3: routers: given twice (first in line 1)"},
		{"{\"routers\": [],\n\"routers\": []}",
		 "net:2: column 9: not JSON: duplicate object key"},
	};

	(void)state;
	refuse(rows, ARRAY_SIZE(rows));
}

static void text_that_is_no_json_or_yaml_is_refused_with_line(void **state)
{
	static const struct row rows[] = {
		{"", "net:1: the file is empty"},
		{" \n\t\n", "net:1: the file is empty"},
		{"# nothing but a comment\n", "net:1: the file is empty"},
		{"---\n", "net:1: the file is empty"},
		{"\xef\xbb\xbf", "net:1: the file is empty"},
		{"{\"routers\": [\n\"r1\",\n", "net:3: column 0: not JSON"},
		{"{\"routers\": [\"r1\",]}", "net:1: column 19: not JSON"},
		{"{\"routers\": [\"r1\"]} x", "net:1: column 21: not JSON: end of file expected"},
		{"{routers: [r1]}", "net:1: column 8: not JSON"},
		{"{\"routers\": [\"\\ud800\"]}", "net:1: column 21: not JSON"},
		{"{\"routers\": [\"\xff\"]}",
		 "net:1: column 14: not JSON: unable to decode byte 0xff"},
		{"routers: [r1, r2\nlinks: []\n", "net:2: column 6: not YAML: "},
		{"routers:\n\t- r1\n", "net:2: column 1: not YAML: "},
		{"routers: [r1]\n---\nrouters: [r1]\n", "net:2: a second document"},
		{"routers: [*who]\n", "net:1: no anchor &who before this"},
		{"routers: &r [*r]\n", "net:1: *r stands within itself"},
		{"? [a]\n: b\n", "net:1: a list or map cannot be a key"},
		{"routers: [!!python/object r1]\n", "net:1: tag tag:yaml.org,2002:python/object"},
		{"routers: [!mine r1]\n", "net:1: tag !mine is not supported"},
		{"routers: [\"r\\0\"]\n", "net:1: a text with a NUL character"},
		{"\x7f"
		 "ELF\x02\x01\x01",
		 "net:1: not a text file: control characters are not allowed"},
		{"name: x\nlabel: \x01\n", "net:2: not a text file"},
		{"name: x\n\n\xff\xfe\n", "net:3: not a text file"},
	};

	(void)state;
	refuse(rows, ARRAY_SIZE(rows));
}

/* Each level stands for nine of the level below: 9^9 nodes in a few hundred bytes. */
static void an_alias_bomb_ends_at_the_limit_with_its_line(void **state)
{
	char text[2000] = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
	struct row row = {text, "net:7: more than 1000000 values (aliases count"};
	size_t n = strlen(text);

	(void)state;
	for (int level = 1; level < 9; level++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n,
			"a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", level,
			level, level - 1, level - 1, level - 1, level - 1, level - 1, level - 1,
			level - 1, level - 1, level - 1);
	refuse(&row, 1);
}

/* The limit applies to what is read, whatever the size that holds it. */
static void megabytes_of_brackets_are_refused(void **state)
{
	size_t size = (size_t)100 << 20;
	char *text = malloc(size);
	struct topo_doc *doc = NULL;
	struct err err;

	(void)state;
	assert_non_null(text);
	memset(text, '[', size);
	assert_int_equal(topo_read(text, size, "net", &doc, &err), -EINVAL);
	assert_string_equal(err.text, "net: 104857600 bytes are more than a topology file may have "
				      "(33554432)");
	assert_int_equal(topo_read(text, TOPO_FILE_MAX, "net", &doc, &err), -EINVAL);
	assert_string_equal(err.text, "net:1: nested deeper than 32 levels");
	memset(text, '{', size);
	assert_int_equal(topo_read(text, TOPO_FILE_MAX, "net", &doc, &err), -EINVAL);
	assert_string_equal(err.text, "net:1: nested deeper than 32 levels");
	memcpy(text, "{\"a\":", 5);
	memset(text + 5, '[', 1000);
	assert_int_equal(topo_read(text, 1005, "net", &doc, &err), -EINVAL);
	assert_string_equal(err.text, "net:1: nested deeper than 32 levels");
	memset(text, ' ', size);
	text[0] = '{';
	memset(text + 1, ',', TOPO_FILE_MAX - 1);
	assert_int_equal(topo_read(text, TOPO_FILE_MAX, "net", &doc, &err), -EINVAL);
	assert_string_equal(err.text, "net:1: more than 1000000 values");
	assert_null(doc);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_fields_are_named_with_the_nearest_known),
		cmocka_unit_test(shapes_that_make_no_sense_are_told_with_their_direction),
		cmocka_unit_test(wrong_types_are_told_with_what_was_expected),
		cmocka_unit_test(wrong_values_are_told_with_their_limits),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(what_is_there_twice_or_nowhere_is_refused),
		cmocka_unit_test(text_that_is_no_json_or_yaml_is_refused_with_line),
		cmocka_unit_test(an_alias_bomb_ends_at_the_limit_with_its_line),
		cmocka_unit_test(megabytes_of_brackets_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
