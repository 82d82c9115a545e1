// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications of routers: in files, alone, as text; names, order; and what is refused. */
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

#define LONG                                                                                       \
	"ame0123456789012345678901234567890123456789012345678901234567890123456789012345678901234" \
	"5678901234567890123456789012345678901234567890123456789012345678901234567890123456789012" \
	"3456789012345678901234567890123456789012345678901234567890"

static const char sample[] =
	"routers:\n"
	"  - name: r1\n"
	"    apps:\n"
	"      - echo\n"
	"      - {run: echo, args: 8 -v}\n"
	"      - run: /usr/sbin/nginx\n"
	"        name: web\n"
	"        args: [-g, 'daemon off; # \"\\', 7]\n"
	"        env: {LANG: C, N: 1}\n"
	"        dir: /srv\n"
	"        user: root\n"
	"        files: [{path: /tmp/a, content: \"one\\ntwo\\n\", mode: 600}, {path: /etc/b, "
	"base64: \"AAEC/w==\"}]\n"
	"        restart: on-failure\n"
	"        ready: settled\n"
	"        after: [echo, r2/tally]\n"
	"        limits: {memory: 64M, pids: 20}\n"
	"        grace: 5s\n"
	"        log: 64K\n"
	"  - name: r2\n"
	"    apps: [{bpf: /opt/tally.bpf.o, match: udp dport 53, order: 7, policy: closed},\n"
	"      {run: odd, args: [\"\\e[1m \\r\\x01\\x7f\", "
	"\"\\x80\\N\\_\\L\\P\\uFEFF\\uFFFE\\uFFFF\\uFFFD\"],\n"
	"       env: {A: \"\\b\", ? n" LONG LONG LONG LONG LONG " : 1}, dir: \"/\\a\"}]\n";

static struct topo_doc *doc_of(const char *text, size_t size)
{
	struct topo_doc *doc = NULL;
	struct err err = {0};

	if (topo_read(text, size, "net", &doc, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
	return doc;
}

static void a_file_says_all_there_is(void **state)
{
	struct topo_doc *doc = doc_of(sample, strlen(sample));
	const struct topo_apps *apps = doc->routers[0].apps;
	const struct topo_app *web;

	(void)state;
	assert_int_equal(topo_apps_count(apps), 3);
	assert_string_equal(apps->list[0]->name, "echo");
	assert_false(apps->list[0]->named);
	assert_string_equal(apps->list[1]->name, "echo.2");
	assert_int_equal(apps->list[1]->arg_count, 2);
	assert_string_equal(apps->list[1]->args[1], "-v");
	web = topo_apps_find(apps, "web");
	assert_non_null(web);
	assert_true(web->named);
	assert_string_equal(web->args[1], "daemon off; # \"\\");
	assert_string_equal(web->args[2], "7");
	assert_string_equal(web->env[1], "N=1");
	assert_string_equal(web->dir, "/srv");
	assert_string_equal(web->user, "root");
	assert_int_equal(web->file_count, 2);
	assert_string_equal(web->files[0].content, "one\ntwo\n");
	assert_int_equal(web->files[0].mode, 0600);
	assert_int_equal(web->files[1].size, 4);
	assert_memory_equal(web->files[1].content, "\0\1\2\xff", 4);
	assert_int_equal(web->files[1].mode, 0644);
	assert_int_equal(web->restart, TOPO_APP_ON_FAILURE);
	assert_int_equal(web->ready, TOPO_APP_READY_SETTLED);
	assert_string_equal(web->after[1], "r2/tally");
	assert_int_equal(web->limits.memory, 64 << 20);
	assert_int_equal(web->limits.pids, 20);
	assert_int_equal(web->grace_ms, 5000);
	assert_int_equal(web->log_bytes, 65536);
	assert_int_equal(apps->list[0]->grace_ms, TOPO_APP_GRACE_MS);
	apps = doc->routers[1].apps;
	assert_int_equal(apps->list[0]->kind, TOPO_APP_BPF);
	assert_string_equal(apps->list[0]->name, "tally");
	assert_string_equal(apps->list[0]->match, "udp dport 53");
	assert_int_equal(apps->list[0]->order, 7);
	assert_true(apps->list[0]->closed);
	topo_doc_free(doc);
}

static void what_is_written_reads_back_the_same(void **state)
{
	static const enum topo_format formats[] = {TOPO_FORMAT_YAML, TOPO_FORMAT_JSON};
	struct topo_doc *doc = doc_of(sample, strlen(sample)), *back;
	size_t size;
	char *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		assert_int_equal(topo_write(doc, formats[i], &text, &size), 0);
		back = doc_of(text, size);
		if (doc_difference(doc, back))
			fail_msg("%s\n%s", doc_difference(doc, back), text);
		topo_doc_free(back);
		free(text);
	}
	for (size_t i = 0; i < doc->router_count; i++)
		for (size_t k = 0; k < doc->routers[i].apps->count; k++) {
			const struct topo_app *app = doc->routers[i].apps->list[k];
			struct topo_app *one;
			struct err err;

			text = topo_app_text(app);
			assert_null(strchr(text, '\n'));
			assert_null(strstr(text, "\"pids\": \"")); /* a number, as of routers */
			if (topo_app_parse(text, strlen(text), "body", NULL, &one, &err) < 0)
				fail_msg("%s\n%s", err.text, text);
			assert_true(topo_app_equal(app, one));
			topo_app_unref(one);
			free(text);
		}
	topo_doc_free(doc);
}

static void yaml_has_a_line_for_each_application(void **state)
{
	static const char text[] = "network: 10.0.0.0/16\n"
				   "routers:\n"
				   "  - name: r1\n"
				   "    limits: {pids: 9}\n"
				   "    apps:\n"
				   "      - {name: echo, run: echo, args: [\"7\", port]}\n"
				   "      - {name: go, run: send, env: {A: \"1\", \"on\": x}}\n"
				   "  - {name: r2}\n"
				   "links:\n"
				   "  - {a: r1, b: r2}\n";
	struct topo_doc *doc = doc_of(text, strlen(text));
	size_t size;
	char *out;

	(void)state;
	assert_int_equal(topo_write(doc, TOPO_FORMAT_YAML, &out, &size), 0);
	assert_string_equal(out, text);
	topo_doc_free(doc);
	free(out);
}

static void any_difference_is_one(void **state)
{
	static const char *const others[] = {
		"run: b",
		"run: a\nname: x",
		"bpf: /a",
		"run: a\nargs: [1]",
		"run: a\nenv: {A: 1}",
		"run: a\ndir: /",
		"run: a\nuser: root",
		"run: a\nfiles: [{path: /a, content: b}]",
		"run: a\nfiles: [{path: /a, content: c}]",
		"run: a\nfiles: [{path: /a, content: c, mode: 600}]",
		"run: a\nrestart: always",
		"run: a\nready: exit",
		"run: a\nafter: b",
		"run: a\nlimits: {cpu: 5%}",
		"run: a\ngrace: 1s",
		"run: a\nlog: 8K",
		"run: a",
	};
	struct topo_app *app[ARRAY_SIZE(others)];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(
			topo_app_parse(others[i], strlen(others[i]), "body", NULL, &app[i], &err),
			0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		for (size_t k = 0; k < ARRAY_SIZE(others); k++)
			assert_int_equal(topo_app_equal(app[i], app[k]), i == k);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		topo_app_unref(app[i]);
}

static bool is_taken(void *arg, const char *name)
{
	char word[NAME_SIZE + 2];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(arg, word);
}

static void a_name_comes_from_what_is_run(void **state)
{
	static const struct {
		const char *run, *name;
	} rows[] = {
		{"/usr/sbin/nginx", "nginx"},  {"/opt/a b/c d!", "cd"}, {"/x/", "x"},
		{"/f/filter.bpf.o", "filter"}, {"/usr/bin/[", "app"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_app app = {.run = (char *)rows[i].run};

		topo_app_name(&app, is_taken, (void *)"");
		assert_string_equal(app.name, rows[i].name);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct topo_app app = {.run = (char *)"echo"};

		topo_app_name(&app, is_taken, (void *)(i ? " echo.2 echo " : " echo "));
		assert_string_equal(app.name, i ? "echo.3" : "echo.2");
	}
}

static int from_text(void *arg, const char *path, char **ret_text, size_t *ret_size,
		     struct err *err)
{
	if (strcmp(path, "there") != 0)
		return err_set(err, ENOENT, "%s: No such file", path);
	*ret_text = strdup(arg);
	*ret_size = strlen(arg);
	return 0;
}

static void files_beside_it_are_read_where_that_is_allowed(void **state)
{
	const char *text = "run: a\nfiles: [{path: /tmp/x, from: there}]";
	const char *gone = "run: a\nfiles: [{path: /tmp/x, from: elsewhere}]";
	struct topo_files files = {.read = from_text, .arg = (void *)"what it says"};
	struct topo_app *app;
	struct err err;

	(void)state;
	assert_int_equal(topo_app_parse(text, strlen(text), "f", &files, &app, &err), 0);
	assert_string_equal(app->files[0].content, "what it says");
	topo_app_unref(app);
	assert_int_equal(topo_app_parse(text, strlen(text), "f", NULL, &app, &err), -EINVAL);
	assert_string_equal(err.text,
			    "f:2: files[0].from: files are read by the command line only: "
			    "give content");
	assert_int_equal(topo_app_parse(gone, strlen(gone), "f", &files, &app, &err), -EINVAL);
	assert_string_equal(err.text, "f:2: files[0].from: elsewhere: No such file");
}

static void a_name_is_one_of_those_that_are_shipped(void **state)
{
	static const char *const list[] = {"echo", "answers", "send", "sends", NULL};
	struct topo_files files = {.shipped = list};
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"      - echo", NULL},
		{"      - run: /bin/ehco", NULL},
		{"      - bpf: /ehco.o", NULL},
		{"      - {run: echo, name: ehco}", NULL},
		{"      - send\n      - run: ehco",
		 "net:5: routers[0].apps[1].run: there is no shipped application 'ehco' (did you "
		 "mean 'echo'?); programs of the machine are given by their whole path"},
		{"      - answers",
		 "net:4: routers[0].apps[0]: there is no shipped application 'answers';"},
		{"      - {run: echo, files: [{path: /x, from: x}]}",
		 "files are read by the command"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc;
		struct err err = {0};
		char text[300];
		int ret, n = snprintf(text, sizeof(text), "routers:\n  - name: r\n    apps:\n%s\n",
				      rows[i].text);

		ret = topo_read_files(text, (size_t)n, "net", &files, &doc, &err);
		if (ret == 0)
			topo_doc_free(doc);
		if ((ret == 0) != !rows[i].error ||
		    (rows[i].error && !strstr(err.text, rows[i].error)))
			fail_msg("%s: %s", text, err.text);
		if (i < ARRAY_SIZE(rows) - 1) { /* nobody knows: not refused */
			assert_int_equal(topo_read(text, (size_t)n, "net", &doc, &err), 0);
			topo_doc_free(doc);
		}
	}
}

#define ONE(fields) "routers:\n  - {name: r1, apps: [{" fields "}]}\n"
#define TWO(x, y)   "routers:\n  - {name: r1, apps: [" x "]}\n  - {name: r2, apps: [" y "]}\n"
#define PLACE	    "net:2: routers[0].apps[0]."

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"routers:\n  - {name: r1, apps: echo}\n",
		 "net:2: routers[0].apps: expected a list"},
		{ONE("args: [a]"), PLACE "run: is missing"},
		{ONE("run: a, bpf: /b"), PLACE "run: and bpf cannot both be given"},
		{ONE("run: ./a"), PLACE "run: './a' is neither the name of a shipped application"},
		{ONE("run: ''"), PLACE "run: is empty"},
		{ONE("bpf: a.o"), PLACE "bpf: 'a.o' is not an absolute path"},
		{ONE("run: a, match: udp"), PLACE "match: is for bpf only"},
		{ONE("bpf: /a, user: root"), PLACE "user: is not for bpf"},
		{ONE("bpf: /a, args: [x, y]"), PLACE "args: of bpf are at most one"},
		{ONE("run: a, name: 12"), PLACE "name: '12' would be taken for a number"},
		{ONE("run: a, name: 'a b'"), PLACE "name: "},
		{ONE("run: a, env: [A]"), PLACE "env: expected a map of names and values"},
		{ONE("run: a, env: {'A=B': 1}"), PLACE "env.A=B: is not a name"},
		{ONE("run: a, env: {\"A\\e\": 1}"), PLACE "env.A\x1b: is not a name"},
		{ONE("run: a, env: {\"A\\N\": 1}"), PLACE "env.A\xc2\x85: is not a name"},
		{ONE("run: a, env: {\"\": 1}"), PLACE "env.: is not a name"},
		{ONE("run: a, dir: here"), PLACE "dir: is not an absolute path"},
		{ONE("run: a, restart: often"), PLACE "restart: 'often' is not one of never"},
		{ONE("run: a, ready: yes"), PLACE "ready: 'yes' is not one of auto"},
		{ONE("run: a, grace: 601s"), PLACE "grace: is more than 600s"},
		{ONE("run: a, grace: 1us"), PLACE "grace: is more than 600s, or not whole"},
		{ONE("run: a, log: 1K"), PLACE "log: 1K is not within 4K to 64M"},
		{ONE("run: a, log: 1G"), PLACE "log: '1G' is not a size"},
		{ONE("run: a, log: 65M"), PLACE "log: 65M is not within"},
		{ONE("bpf: /a, match: udp dprt 53"), PLACE "match: at 5: 'dprt' is none of from"},
		{ONE("bpf: /a, match: proto 253"), PLACE "match: at "},
		{ONE("bpf: /a, order: 256"), PLACE "order: "},
		{ONE("bpf: /a, policy: shut"), PLACE "policy: 'shut' is not one of open, closed"},
		{ONE("run: a, limits: {memory: 1}"), PLACE "limits.memory: 1 is less than 4M"},
		{ONE("run: a, files: [{content: x}]"), PLACE "files[0].path: is missing"},
		{ONE("run: a, files: [{path: /x}]"), PLACE "files[0].content: is missing"},
		{ONE("run: a, files: [{path: x, content: x}]"),
		 PLACE "files[0].path: 'x' is not an"},
		{ONE("run: a, files: [{path: /a/../b, content: x}]"), PLACE "files[0].path: "},
		{ONE("run: a, files: [{path: /a, content: x, base64: AAAA}]"),
		 PLACE "files[0].base64: one of content, base64, from is enough"},
		{ONE("run: a, files: [{path: /a, base64: AA=A}]"),
		 PLACE "files[0].base64: is not base 64"},
		{ONE("run: a, files: [{path: /a, base64: AAA}]"), PLACE "files[0].base64: is not"},
		{ONE("run: a, files: [{path: /a, content: x, mode: 888}]"),
		 PLACE "files[0].mode: "},
		{ONE("run: a, arg: 1"), PLACE "arg: unknown field (did you mean 'args'?)"},
		{"routers:\n  - {name: r1, apps: [{run: a, name: x}, {run: b, name: x}]}\n",
		 "net:2: routers[0].apps[1].name: 'x' is another's, too"},
		{TWO("{run: a, after: b}", "b"), "apps[0].after[0]: 'b' is no application of this"},
		{TWO("{run: a, after: r3/b}", "b"), "apps[0].after[0]: 'r3/b' is no application"},
		{TWO("{run: a, after: a}", ""),
		 "apps[0].after[0]: 'a' comes itself after this one"},
		{TWO("{run: a, after: r2/b}", "c, {run: b, after: [c, r1/a]}"),
		 "net:3: routers[1].apps[1].after[1]: 'r1/a' comes itself after this one"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc;
		struct err err = {0};

		if (topo_read(rows[i].text, strlen(rows[i].text), "net", &doc, &err) == 0)
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(err.text, rows[i].error))
			fail_msg("%s\nis not: %s", err.text, rows[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_says_all_there_is),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(yaml_has_a_line_for_each_application),
		cmocka_unit_test(any_difference_is_one),
		cmocka_unit_test(a_name_comes_from_what_is_run),
		cmocka_unit_test(files_beside_it_are_read_where_that_is_allowed),
		cmocka_unit_test(a_name_is_one_of_those_that_are_shipped),
		cmocka_unit_test(what_is_wrong_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
