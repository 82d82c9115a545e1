// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp event: what is to happen to the network by itself, and what has. */
#include "cli/nouns.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/file.h"
#include "cli/print.h"
#include "cli/request.h"
#include "lib/base/cleanup.h"

#define POLL_NS 100000000 /* how often the log is asked for while a run is followed */

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* Milliseconds as the daemon has them, in seconds. */
static const char *seconds(const json_t *object, const char *key, char buf[32])
{
	if (!json_is_number(json_object_get(object, key)))
		return "-";
	snprintf(buf, 32, "%.6f", number(object, key) / 1000);
	return buf;
}

/* "done", "failed: there is no link 'x'", "done, late". */
static const char *outcome(const json_t *firing, char *buf, size_t size)
{
	const char *error = body_text(firing, "error");
	bool failed = strcmp(error, "-") != 0 && *error;

	snprintf(buf, size, "%s%s%s%s", body_text(firing, "outcome"),
		 body_true(firing, "late") ? ", late" : "", failed ? ": " : "",
		 failed ? error : "");
	return buf;
}

static const char *action(const json_t *event, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", body_true(event, "undo") ? "end of " : "",
		 body_text(event, "action"));
	return buf;
}

static int log_print(FILE *out, const json_t *body)
{
	static const char *const heads[] = {">PLANNED", ">ACTUAL", ">ENDED",
					    "ACTION",	"OBJECT",  "OUTCOME"};
	const json_t *list = json_object_get(body, "list");
	struct table table;
	char buf[400];

	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *f = json_array_get(list, i);

		table_add(&table, "%s", seconds(f, "planned", buf));
		table_add(&table, "%s", seconds(f, "actual", buf));
		table_add(&table, "%s", seconds(f, "ended", buf));
		table_add(&table, "%s", action(f, buf, sizeof(buf)));
		table_add(&table, "%s", body_text(f, "object"));
		table_add(&table, "%s", outcome(f, buf, sizeof(buf)));
	}
	return table_print(&table, out);
}

static int log_run(struct cli *cli)
{
	struct answer answer;
	int rc = request_json(cli, "GET", "/event/log", &answer);

	if (rc)
		return rc;
	if (!answer_print(cli, &answer) && log_print(cli->out, answer.json) < 0)
		rc = cli_fail(cli, "out of memory");
	answer_done(&answer);
	return rc;
}

static int list_print(FILE *out, const json_t *body)
{
	static const char *const heads[] = {">EVENT", "ACTION", "OBJECT", ">NEXT", ">FIRINGS"};
	const json_t *list = json_object_get(body, "list"),
		     *traces = json_object_get(body, "traces");
	const char *state = body_text(body, "state");
	struct table table;
	char buf[60];

	fprintf(out, "events: %s", state);
	if (strcmp(state, "running") == 0)
		fprintf(out, ", at %s s, speed %g", seconds(body, "now", buf),
			number(body, "speed"));
	fputc('\n', out);
	for (size_t i = 0; i < json_array_size(traces); i++) {
		const json_t *t = json_array_get(traces, i);

		fprintf(out, "trace %s: link %s from %s\n", body_text(t, "trace"),
			body_text(t, "link"), body_text(t, "from"));
	}
	fputc('\n', out);
	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *e = json_array_get(list, i);

		table_add(&table, "%lld%s", body_int(e, "event"),
			  body_true(e, "posted") ? " (posted)" : "");
		table_add(&table, "%s", body_text(e, "action"));
		table_add(&table, "%s", body_text(e, "object"));
		table_add(&table, "%s", seconds(e, "next", buf));
		table_add(&table, "%lld", body_int(e, "firings"));
	}
	return table_print(&table, out);
}

static int list_run(struct cli *cli)
{
	struct answer answer;
	int rc = request_json(cli, "GET", "/event/", &answer);

	if (rc)
		return rc;
	if (!answer_print(cli, &answer) && list_print(cli->out, answer.json) < 0)
		rc = cli_fail(cli, "out of memory");
	answer_done(&answer);
	return rc;
}

static int stop_run(struct cli *cli)
{
	struct answer answer;
	int rc = request_json(cli, "DELETE", "/event/", &answer);

	if (rc)
		return rc;
	if (!answer_print(cli, &answer) && !cli_given(cli, "quiet")) {
		long long n = body_int(answer.json, "stopped");

		if (n)
			fprintf(cli->out, "stopped: %lld timeline%s and traces\n", n,
				n == 1 ? "" : "s");
		else
			fputs("nothing to do\n", cli->out);
	}
	answer_done(&answer);
	return rc;
}

/* --- run --- */

/* Firings behind *after that have ended, in order; those under way wait. *ret_busy: it goes on. */
static int follow_once(struct cli *cli, FILE *out, long long *after, bool *ret_busy)
{
	struct answer answer;
	const json_t *list;
	char path[60], a[32], b[32], c[32], what[60], how[400];
	int rc;

	snprintf(path, sizeof(path), "/event/log?after=%lld", *after);
	rc = request_json(cli, "GET", path, &answer);
	if (rc)
		return rc;
	list = json_object_get(answer.json, "list");
	*ret_busy = strcmp(body_text(answer.json, "state"), "running") == 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *f = json_array_get(list, i);

		if (!json_object_get(f, "ended")) {
			*ret_busy = true;
			break;
		}
		*after = body_int(f, "id");
		fprintf(out, "%s %s %s %s %s: %s\n", seconds(f, "planned", a),
			seconds(f, "actual", b), seconds(f, "ended", c),
			action(f, what, sizeof(what)), body_text(f, "object"),
			outcome(f, how, sizeof(how)));
	}
	fflush(out);
	answer_done(&answer);
	return 0;
}

static int follow(struct cli *cli, const char *name, long long after)
{
	struct timespec pause = {.tv_nsec = POLL_NS};
	bool to_stdout = strcmp(name, "-") == 0, busy = true;
	FILE *out = to_stdout ? cli->out : fopen(name, "we");
	int rc = 0;

	if (!out)
		return cli_fail(cli, "%s: %s", name, strerror(errno));
	fprintf(out, "# planned actual ended (seconds), what: outcome\n");
	while (rc == 0 && busy) {
		rc = follow_once(cli, out, &after, &busy);
		if (rc == 0 && busy)
			nanosleep(&pause, NULL);
	}
	if (!to_stdout && fclose(out) != 0 && rc == 0)
		rc = cli_fail(cli, "%s: %s", name, strerror(errno));
	return rc;
}

/* The id of the last firing so far. */
static int last_firing(struct cli *cli, long long *ret_id)
{
	struct answer answer;
	const json_t *list;
	int rc = request_json(cli, "GET", "/event/log", &answer);

	if (rc)
		return rc;
	list = json_object_get(answer.json, "list");
	*ret_id = json_array_size(list)
			  ? body_int(json_array_get(list, json_array_size(list) - 1), "id")
			  : 0;
	answer_done(&answer);
	return 0;
}

static int start(struct cli *cli, const char *text, size_t size)
{
	const char *name = cli_arg(cli, 0);
	struct answer answer;
	struct path path;
	int rc;

	path_start(&path, "/event/run", NULL);
	path_query(&path, "source", name ? file_source(name) : NULL);
	path_query(&path, "seed", cli_text(cli, "seed"));
	path_query(&path, "speed", cli_text(cli, "speed"));
	rc = request_call(cli, "POST", path_done(&path), "application/octet-stream", text, size,
			  &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
			fprintf(cli->out, "events: running, seed %s, speed %g\n",
				body_text(answer.json, "seed"), number(answer.json, "speed"));
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

static int run_run(struct cli *cli)
{
	cleanup_free char *text = NULL;
	const char *log = cli_text(cli, "log"), *name = cli_arg(cli, 0);
	long long after = 0;
	size_t size = 0;
	int rc = 0;

	if (name)
		rc = file_read_events(cli, name, &text, &size);
	if (rc == 0 && log)
		rc = last_firing(cli, &after);
	if (rc == 0)
		rc = start(cli, text, size);
	return rc == 0 && log ? follow(cli, log, after) : rc;
}

static const struct cli_option run_options[] = {
	{.name = "seed",
	 .value = "N",
	 .type = CLI_TEXT,
	 .help = "of jitter, in place of the file's"},
	{.name = "speed",
	 .value = "X",
	 .type = CLI_TEXT,
	 .help = "X times as fast as said: 0.001 to 1000"},
	{.name = "log",
	 .value = "FILE",
	 .type = CLI_TEXT,
	 .live = CLI_FILE,
	 .help = "wait until all has happened; a line for each thing into FILE (-: print)"},
	{0},
};

static const struct cli_verb verbs[] = {
	{
		.name = "run",
		.help = "start the events of the topology, or of a file, from their zero",
		.more = "What runs of them is stopped first. FILE has events and traces only, as "
			"in a topology file.",
		.args = {{.name = "FILE",
			  .help = "events in YAML or JSON; - reads standard input",
			  .live = CLI_FILE,
			  .optional = true}},
		.options = run_options,
		.flags = CLI_JSON,
		.run = run_run,
	},
	{.name = "list",
	 .help = "events and when they are due, traces that are played",
	 .flags = CLI_JSON,
	 .run = list_run},
	{.name = "log",
	 .help = "what has happened: as planned, in fact, and with which outcome",
	 .flags = CLI_JSON,
	 .run = log_run},
	{.name = "stop",
	 .help = "stop all events and traces; what was done for a while is undone",
	 .flags = CLI_JSON,
	 .run = stop_run},
	{0},
};

const struct cli_noun noun_event = {
	.name = "event",
	.help = "What is to happen to the network by itself: failures, changes, traces.",
	.verbs = verbs,
};
