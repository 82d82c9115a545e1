// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp topology apply, diff, delete, reconcile: the verbs that answer with a summary of changes. */
#include "cli/file.h"
#include "cli/nouns.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/request.h"

#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

/* "+100 routers, -1 link, ~2 links"; false: nothing changes. */
static bool changes(FILE *out, const json_t *summary)
{
	static const struct {
		const char *key, *one, *many;
		char sign;
	} parts[] = {
		{"routersAdded", "router", "routers", '+'},
		{"routersRemoved", "router", "routers", '-'},
		{"routersChanged", "router", "routers", '~'},
		{"linksAdded", "link", "links", '+'},
		{"linksRemoved", "link", "links", '-'},
		{"linksChanged", "link", "links", '~'},
		{"appsAdded", "application", "applications", '+'},
		{"appsRemoved", "application", "applications", '-'},
		{"appsChanged", "application", "applications", '~'},
	};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		long long n = body_int(summary, parts[i].key);

		if (n == 0)
			continue;
		fprintf(out, "%s%c%lld %s", any ? ", " : "", parts[i].sign, n,
			n == 1 ? parts[i].one : parts[i].many);
		any = true;
	}
	if (!any)
		fputs("no router and no link changed", out);
	return any;
}

/* "2 routers made again, 1 link set right, 1 stray removed (router r1: it is gone)"; "" : nothing.
 */
static void repairs(FILE *out, const json_t *result)
{
	static const struct {
		const char *key, *one, *many, *what;
	} parts[] = {
		{"routersMade", "router", "routers", "made again"},
		{"routersSet", "router", "routers", "set right"},
		{"linksMade", "link", "links", "made again"},
		{"linksSet", "link", "links", "set right"},
		{"strays", "stray", "strays", "removed"},
	};
	const char *example = json_string_value(json_object_get(result, "example"));
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		long long n = body_int(result, parts[i].key);

		if (n == 0)
			continue;
		fprintf(out, "%s%lld %s %s", any ? ", " : "", n,
			n == 1 ? parts[i].one : parts[i].many, parts[i].what);
		any = true;
	}
	if (any && example && *example)
		fprintf(out, " (%s)", example);
}

/* What runs now, in front of what changed. */
static int totals(struct cli *cli)
{
	long long routers, links;
	struct answer answer;
	int rc;

	rc = request_json(cli, "GET", "/topology/", &answer);
	if (rc)
		return rc;
	routers = body_int(answer.json, "routers");
	links = body_int(answer.json, "links");
	fprintf(cli->out, "%lld router%s, %lld link%s: ", routers, routers == 1 ? "" : "s", links,
		links == 1 ? "" : "s");
	answer_done(&answer);
	return 0;
}

static int summary_print(struct cli *cli, const json_t *summary)
{
	char time[40];
	int rc;

	if (cli_given(cli, "quiet"))
		return CLI_DONE;
	if (json_is_false(json_object_get(summary, "changed"))) {
		fputs("nothing to do\n", cli->out);
		return CLI_DONE;
	}
	if (json_object_get(summary, "repaired")) {
		fputs("repaired: ", cli->out);
		repairs(cli->out, json_object_get(summary, "repaired"));
		fputc('\n', cli->out);
	}
	rc = totals(cli);
	if (rc)
		return rc;
	changes(cli->out, summary);
	fprintf(cli->out, " in %s, %s\n",
		print_ms((uint64_t)body_int(summary, "op_time"), time, sizeof(time)),
		body_true(summary, "converged") ? "converged" : "not converged yet");
	return CLI_DONE;
}

static int diff_print(struct cli *cli, const json_t *summary)
{
	const json_t *lines = json_object_get(summary, "lines");

	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);
		const char *fields = json_string_value(json_object_get(line, "fields"));

		fprintf(cli->out, "%s %s %s%s%s\n", body_text(line, "sign"),
			body_text(line, "noun"), body_text(line, "name"),
			fields && *fields ? ": " : "", fields ? fields : "");
	}
	if (json_is_false(json_object_get(summary, "changed"))) {
		fputs("nothing to do\n", cli->out);
		return CLI_DONE;
	}
	fputs("to do: ", cli->out);
	changes(cli->out, summary);
	fputc('\n', cli->out);
	return CLI_DONE;
}

/* The query of an apply; a difference takes source and replace only. */
static void query(struct cli *cli, struct path *path, const char *source, bool diff)
{
	char seconds[24];

	path_query(path, "source", source);
	if (cli->verb->run != topology_apply_run)
		return;
	if (cli_given(cli, "replace"))
		path_query(path, "replace", "true");
	if (diff)
		return;
	if (cli_given(cli, "no-events"))
		path_query(path, "no_events", "true");
	if (cli_given(cli, "no-wait"))
		path_query(path, "no_wait", "true");
	if (cli_given(cli, "timeout")) {
		snprintf(seconds, sizeof(seconds), "%.3f",
			 (double)cli_number(cli, "timeout", 0) / NSEC_PER_SEC);
		path_query(path, "timeout", seconds);
	}
}

/* The file as it is goes to the daemon, which reads it: one reader, one set of messages. */
static int send(struct cli *cli, bool diff)
{
	cleanup_free char *text = NULL;
	const char *name = cli_arg(cli, 0);
	struct answer answer;
	struct path path;
	size_t size;
	int rc;

	rc = file_read_topology(cli, name, &text, &size);
	if (rc)
		return rc;
	path_start(&path, diff ? "/topology/diff" : "/topology/", NULL);
	query(cli, &path, file_source(name), diff);
	if (diff)
		rc = request_call(cli, "POST", path_done(&path), "application/octet-stream", text,
				  size, &answer);
	else
		rc = progress_call(cli, "PUT", path_done(&path), text, size, &answer);
	if (rc == 0) {
		answer_warnings(cli, &answer);
		if (!answer_print(cli, &answer))
			rc = diff ? diff_print(cli, answer.json) : summary_print(cli, answer.json);
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

int topology_apply_run(struct cli *cli)
{
	return send(cli, cli_given(cli, "dry-run"));
}

int topology_diff_run(struct cli *cli)
{
	return send(cli, true);
}

/* An operation on the whole: says that there was nothing to do, or has said() tell what there was.
 */
static int whole(struct cli *cli, const char *method, struct path *path,
		 void (*said)(struct cli *cli, json_t *body))
{
	struct answer answer;
	int rc = progress_call(cli, method, path_done(path), NULL, 0, &answer);

	if (rc == 0) {
		if (answer_print(cli, &answer) || cli_given(cli, "quiet"))
			rc = CLI_DONE;
		else if (json_is_false(json_object_get(answer.json, "changed")))
			fputs("nothing to do\n", cli->out);
		else
			said(cli, answer.json);
		answer_done(&answer);
	}
	path_free(path);
	return rc;
}

static void say_deleted(struct cli *cli, json_t *body)
{
	char time[40];

	changes(cli->out, body);
	fprintf(cli->out, " in %s\n",
		print_ms((uint64_t)body_int(body, "op_time"), time, sizeof(time)));
}

int topology_delete_run(struct cli *cli)
{
	struct path path;

	path_start(&path, "/topology/", NULL);
	return whole(cli, "DELETE", &path, say_deleted);
}

static void say_reconciled(struct cli *cli, json_t *body)
{
	if (body_true(body, "dryRun"))
		fputs("to do: ", cli->out);
	repairs(cli->out, body);
	fputc('\n', cli->out);
}

int topology_reconcile_run(struct cli *cli)
{
	struct path path;

	path_start(&path, "/topology/reconcile", NULL);
	if (cli_given(cli, "dry-run"))
		path_query(&path, "dry", "true");
	return whole(cli, "POST", &path, say_reconciled);
}
