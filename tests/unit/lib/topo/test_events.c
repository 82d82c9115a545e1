// SPDX-License-Identifier: GPL-2.0-or-later
/* Events and traces of files: what they say, how they are written, and what is refused. */
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

#define NET "routers: [r1, r2, r3]\nlinks: [r1:r2, {a: r2, b: r3, name: backup}, r1:r3, r3:r1]\n"

static struct topo_doc *read_text(const char *text)
{
	struct topo_doc *doc = NULL;
	struct err err = {0};

	if (topo_read(text, strlen(text), "net", &doc, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
	return doc;
}

static const char all[] = NET
	"seed: 7\n"
	"traces:\n"
	"  lte: {format: mahimahi, window: 10ms, data: [0, 5, 5, 12]}\n"
	"  wave: {format: steps, loop: true, data: [[0s, {rate: 10mbit}], [5s, {rate: 2mbit, "
	"loss: none}]]}\n"
	"events:\n"
	"  - {at: 10s, link-down: backup, for: 2s}\n"
	"  - {after: 1500ms, link-up: r1:r2, jitter: 500ms}\n"
	"  - {every: 30s, times: 3, link-silent: backup}\n"
	"  - {at: 0s, link-set: {link: backup, from: r3, weight: 4, delay: 20ms, loss: none}}\n"
	"  - {at: 1s, link-flap: {link: backup, down: 1s, up: 4s, times: 5, silent: true}}\n"
	"  - {at: 2s, partition: [r1, r2]}\n"
	"  - {at: 3s, partition: {routers: [r1], how: down}, for: 1s}\n"
	"  - {at: 4s, heal: true}\n"
	"  - {at: 5s, router-kill: r2}\n"
	"  - {at: 5s, router-restart: r3}\n"
	"  - {at: 6s, trace-play: {link: backup, from: r2, trace: lte, loop: false, offset: "
	"1s}}\n"
	"  - {at: 3600s, trace-stop: backup}\n"
	"  - {at: 7s, for: 2s, app-start: {router: r1, app: {run: send, args: [\"a, b: c\", "
	"x]}}}\n"
	"  - {at: 8s, app-stop: r1/send.2}\n";

static void events_say_what_is_to_happen_and_when(void **state)
{
	struct topo_doc *doc = read_text(all);
	const struct topo_event *e = doc->events->events;

	(void)state;
	assert_int_equal(doc->events->count, 14);
	assert_int_equal(doc->events->seed, 7);
	assert_int_equal(e[0].action, TOPO_LINK_DOWN);
	assert_true(e[0].at_ns == 10000000000 && e[0].for_ns == 2000000000);
	assert_string_equal(e[0].name, "backup");
	assert_true(e[1].given & TOPO_AFTER && e[1].at_ns == 1500000000 &&
		    e[1].jitter_ns == 500000000);
	assert_true(e[2].every_ns == 30000000000 && e[2].times == 3);
	assert_true(e[3].weight == 4 && e[3].change.shape.delay_ns == 20000000);
	assert_int_equal(e[3].change.clear, TOPO_LOSS);
	assert_string_equal(e[3].from, "r3");
	assert_true(e[4].silent && e[4].flaps == 5 && e[4].down_ns == 1000000000);
	assert_true(e[5].silent && e[5].router_count == 2);
	assert_string_equal(e[5].routers[1], "r2");
	assert_false(e[6].silent);
	assert_int_equal(e[9].action, TOPO_ROUTER_RESTART);
	assert_true(e[10].given & TOPO_LOOP && !e[10].loop && e[10].offset_ns == 1000000000);
	assert_true(e[11].at_ns == 3600000000000);
	assert_string_equal(e[12].name, "r1");
	assert_string_equal(e[12].app->name, "send");
	assert_true(e[12].app->named);
	assert_string_equal(e[12].app->args[0], "a, b: c");
	assert_string_equal(e[13].name, "r1/send.2");
	topo_doc_free(doc);
}

static void traces_have_a_length_and_a_window(void **state)
{
	struct topo_doc *doc = read_text(all);
	const struct topo_trace *lte = topo_events_trace(doc->events, "lte");
	const struct topo_trace *wave = topo_events_trace(doc->events, "wave");

	(void)state;
	assert_true(lte->loop && lte->window_ns == 10000000 && lte->length_ns == 12000000);
	assert_int_equal(lte->chance_count, 4);
	assert_true(wave->loop && wave->length_ns == 10000000000); /* 5 s as the one before it */
	assert_int_equal(wave->step_count, 2);
	assert_int_equal(wave->steps[1].change.clear, TOPO_LOSS);
	assert_null(topo_events_trace(doc->events, "x"));
	topo_doc_free(doc);
}

static void what_is_written_reads_back_the_same(void **state)
{
	struct topo_doc *doc = read_text(all), *again;
	char *text;
	size_t size;

	(void)state;
	for (int format = TOPO_FORMAT_JSON; format <= TOPO_FORMAT_YAML; format++) {
		assert_int_equal(topo_write(doc, (enum topo_format)format, &text, &size), 0);
		again = read_text(text);
		if (doc_difference(doc, again))
			fail_msg("%s: %s", doc_difference(doc, again), text);
		topo_doc_free(again);
		free(text);
	}
	topo_doc_free(doc);
}

static void yaml_is_one_line_per_event(void **state)
{
	struct topo_doc *doc = read_text(all);
	char *text;
	size_t size;

	(void)state;
	assert_int_equal(topo_write(doc, TOPO_FORMAT_YAML, &text, &size), 0);
	assert_non_null(strstr(text, "\n  - {at: 10s, for: 2s, link-down: backup}\n"));
	assert_non_null(strstr(text,
			       "\n  - {at: 0ms, link-set: {link: backup, from: r3, weight: 4, "
			       "delay: 20ms, loss: none}}\n"));
	assert_non_null(strstr(text, "\n  lte: {format: mahimahi, loop: true, window: 10ms, data: "
				     "\"0 5 5 12\"}\n"));
	free(text);
	topo_doc_free(doc);
}

static void the_text_of_events_is_a_file_of_events(void **state)
{
	struct topo_doc *doc = read_text(all);
	struct topo_events *again = NULL, *list = NULL;
	const char yaml[] = "- {at: 1s, link-down: x}\n- {after: 1s, link-up: x}\n";
	struct err err = {0};

	(void)state;
	assert_int_equal(topo_events_read(doc->events->text, strlen(doc->events->text), "text",
					  NULL, &again, &err),
			 0);
	assert_true(topo_events_same(doc->events, again));
	assert_int_equal(topo_events_read(yaml, sizeof(yaml) - 1, "list", NULL, &list, &err), 0);
	assert_int_equal(list->count, 2);
	assert_false(topo_events_same(list, again));
	assert_false(topo_events_same(list, NULL));
	topo_events_free(list);
	topo_events_free(again);
	topo_doc_free(doc);
}

static void one_event_need_not_say_when(void **state)
{
	const char text[] = "{\"link-down\": \"x\"}";
	struct topo_events *events = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(topo_events_read_one(text, sizeof(text) - 1, "body", &events, &err), 0);
	assert_int_equal(events->count, 1);
	assert_false(events->events[0].given & (TOPO_AT | TOPO_AFTER));
	topo_events_free(events);
	assert_int_equal(topo_events_read_one("[]", 2, "body", &events, &err), -EINVAL);
	assert_string_equal(err.text, "body:1: event: expected a map of fields, not a list");
}

static void no_events_are_none(void **state)
{
	struct topo_doc *doc = read_text(NET "events: []\n");

	(void)state;
	assert_null(doc->events);
	topo_doc_free(doc);
}

static int read_file(void *arg, const char *path, char **ret_text, size_t *ret_size,
		     struct err *err)
{
	if (strcmp(path, "lte.txt") != 0)
		return err_set(err, ENOENT, "%s: no such file", path);
	*ret_text = strdup(arg);
	*ret_size = strlen(arg);
	return 0;
}

static void files_of_traces_are_read_by_who_may(void **state)
{
	const char text[] = NET "traces: {t: {format: mahimahi, file: lte.txt}}\n";
	char good[] = "0\n3\n\n7\n", bad[] = "0\n3\nx\n";
	struct topo_files files = {.read = read_file, .arg = good};
	struct topo_doc *doc = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(topo_read_files(text, sizeof(text) - 1, "net", &files, &doc, &err), 0);
	assert_int_equal(doc->events->traces[0].chance_count, 3);
	topo_doc_free(doc);
	files.arg = bad;
	assert_int_equal(topo_read_files(text, sizeof(text) - 1, "net", &files, &doc, &err),
			 -EINVAL);
	assert_memory_equal(err.text, "lte.txt:3: data: ", 17);
	assert_int_equal(topo_read(text, sizeof(text) - 1, "net", &doc, &err), -EINVAL);
	assert_string_equal(err.text, "net:3: traces.t.file: files are read by the command line "
				      "only: give data");
}

static const struct row {
	const char *text, *message;
} rows[] = {
	{"events: 5\n", "net:3: events: expected a list"},
	{"events: [5]\n", "net:3: events[0]: expected a map of fields"},
	{"events:\n - {at: 1s, link-dwon: backup}\n",
	 "net:4: events[0].link-dwon: unknown field (did you mean 'link-down'?)"},
	{"events:\n - {at: 1s}\n", "net:4: events[0]: has no action"},
	{"events:\n - {link-down: backup}\n", "net:4: events[0]: says not when"},
	{"events:\n - {at: 1s, after: 1s, link-down: backup}\n", "net:4: events[0].after: at is"},
	{"events:\n - {at: 1s, link-down: backup, link-up: backup}\n",
	 "net:4: events[0].link-up: an event has one action, and this one has link-down"},
	{"events:\n - {at: 1, link-down: backup}\n", "net:4: events[0].at: '1' needs a unit"},
	{"events:\n - {at: 1s, link-down: [backup]}\n",
	 "net:4: events[0].link-down: expected a text"},
	{"events:\n\n - {at: 1s, link-down: bakcup}\n",
	 "net:5: events[0].link-down: there is no link 'bakcup' (did you mean 'backup'?)"},
	{"events:\n - {at: 1s, link-down: r1:r3}\n",
	 "net:4: events[0].link-down: 2 links join r1:r3: name one"},
	{"events:\n - {at: 1s, router-kill: r4}\n",
	 "net:4: events[0].router-kill: there is no router 'r4' (did you mean 'r1'?)"},
	{"events:\n - {at: 1s, partition: [r1, x]}\n",
	 "net:4: events[0].partition[1]: there is no router 'x'"},
	{"events:\n - {at: 1s, partition: {routers: [r1], how: loud}}\n",
	 "net:4: events[0].partition.how: 'loud' is not one of silent, down"},
	{"events:\n - {at: 1s, heal: false}\n", "net:4: events[0].heal: expected true"},
	{"events:\n - {at: 1s, heal: true, for: 1s}\n", "net:4: events[0].for: heal has no end"},
	{"events:\n - {at: 1s, router-kill: r1, for: 1s}\n",
	 "net:4: events[0].for: router-kill has no end"},
	{"events:\n - {at: 1s, app-start: {router: r4, app: send}}\n",
	 "net:4: events[0].app-start.router: there is no router 'r4' (did you mean 'r1'?)"},
	{"events:\n - {at: 1s, app-start: {router: r1}}\n",
	 "net:4: events[0].app-start.app: is missing"},
	{"events:\n - {at: 1s, app-start: {router: r1, app: {run: x, grace: 1}}}\n",
	 "net:4: events[0].app-start.app.grace: '1' needs a unit"},
	{"events:\n - {at: 1s, app-start: {router: r1, app: {run: x, user: root}}}\n",
	 "net:4: events[0].app-start.app.user: is not for events"},
	{"events:\n - {at: 1s, app-start: {router: r1, app: {bpf: /x.o}}}\n",
	 "net:4: events[0].app-start.app.bpf: is not for events"},
	{"events:\n - {at: 1s, app-stop: r4/send}\n",
	 "net:4: events[0].app-stop: there is no router 'r4' (did you mean 'r1'?)"},
	{"events:\n - {at: 1s, app-stop: send}\n",
	 "net:4: events[0].app-stop: 'send' is not like ROUTER/APP"},
	{"events:\n - {at: 1s, app-stop: r1/a/b}\n",
	 "net:4: events[0].app-stop: 'r1/a/b' is not like ROUTER/APP"},
	{"events:\n - {at: 1s, app-stop: r1/send, for: 1s}\n",
	 "net:4: events[0].for: app-stop has no end"},
	{"events:\n - {at: 1s, times: 2, link-down: backup}\n", "net:4: events[0].times: every is"},
	{"events:\n - {every: 1s, for: 2s, link-down: backup}\n",
	 "net:4: events[0].every: begins again before it has ended"},
	{"events:\n - {every: 1s, jitter: 1s, link-down: backup}\n",
	 "net:4: events[0].jitter: is not less than every"},
	{"events:\n - {at: 1s, link-set: {link: backup}}\n",
	 "net:4: events[0].link-set: there is nothing to set"},
	{"events:\n - {at: 1s, link-set: {delay: 1ms}}\n",
	 "net:4: events[0].link-set.link: is missing"},
	{"events:\n - {at: 1s, link-set: {link: backup, delay: 1}}\n",
	 "net:4: events[0].link-set.delay: '1' needs a unit"},
	{"events:\n - {at: 1s, link-set: {link: backup, from: r1, delay: 1ms}}\n",
	 "net:4: events[0].link-set.from: r1 is not an end of link backup"},
	{"events:\n - {at: 1s, link-set: {link: backup, weight: 70000}}\n",
	 "net:4: events[0].link-set.weight: "},
	{"events:\n - {at: 1s, link-flap: {link: backup, down: 0s, up: 1s}}\n",
	 "net:4: events[0].link-flap.down: must be more than 0"},
	{"events:\n - {at: 1s, every: 5s, link-flap: {link: backup, down: 1s, up: 1s}}\n",
	 "net:4: events[0].every: begins again before it has ended"},
	{"events:\n - {at: 1s, trace-play: {link: backup, trace: x}}\n",
	 "net:4: events[0].trace-play.trace: there is no trace 'x'"},
	{"traces: []\n", "net:3: traces: expected a map of traces by name"},
	{"traces: {t: {}}\n", "net:3: traces.t: data (or file) is missing"},
	{"traces: {t: {format: wav, data: []}}\n", "net:3: traces.t.format: 'wav' is not one of"},
	{"traces: {t: {data: [[1s, {}]]}}\n", "net:3: traces.t.data[0][0]: the first step is not"},
	{"traces: {t: {data: [[0s, {}], [0s, {}]]}}\n", "net:3: traces.t.data[1][0]: is not after"},
	{"traces: {t: {data: [[0s, {speed: 1}]]}}\n",
	 "net:3: traces.t.data[0][1].speed: unknown field"},
	{"traces: {t: {data: [[0s, {rate: x}]]}}\n",
	 "net:3: traces.t.data[0][1].rate: 'x' is not a rate"},
	{"traces: {t: {length: 1s, data: [[0s, {}], [1s, {}]]}}\n",
	 "net:3: traces.t.length: the last step is not before it"},
	{"traces: {t: {format: mahimahi, data: \"3 2\"}}\n",
	 "net:3: traces.t.data: 2 comes before 3"},
	{"traces: {t: {format: mahimahi, data: [0]}}\n",
	 "net:3: traces.t.data: the last delivery opportunity is not after 0 ms"},
	{"seed: x\n", "net:3: seed: "},
};

static void wrong_events_are_refused_with_line_and_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topo_doc *doc = NULL;
		struct err err = {0};
		char text[400];

		snprintf(text, sizeof(text), NET "%s", rows[i].text);
		if (topo_read(text, strlen(text), "net", &doc, &err) != -EINVAL)
			fail_msg("row %zu was taken: %s", i, text);
		if (strncmp(err.text, rows[i].message, strlen(rows[i].message)) != 0)
			fail_msg("row %zu: got:      %s\n         expected: %s", i, err.text,
				 rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_say_what_is_to_happen_and_when),
		cmocka_unit_test(traces_have_a_length_and_a_window),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(yaml_is_one_line_per_event),
		cmocka_unit_test(the_text_of_events_is_a_file_of_events),
		cmocka_unit_test(one_event_need_not_say_when),
		cmocka_unit_test(no_events_are_none),
		cmocka_unit_test(files_of_traces_are_read_by_who_may),
		cmocka_unit_test(wrong_events_are_refused_with_line_and_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
