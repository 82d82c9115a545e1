// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp app: list, show, stop, restart, set; start and logs have files of their own. */
#include "cli/app.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/nouns.h"
#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/client/app_link.h"

bool app_no_wait(const struct cli *cli)
{
	return cli_given(cli, "no-wait") ||
	       (cli_given(cli, "timeout") && cli_number(cli, "timeout", 0) == 0);
}

void app_wait_query(const struct cli *cli, struct path *path)
{
	char text[32];

	if (cli_given(cli, "timeout") && !app_no_wait(cli)) {
		snprintf(text, sizeof(text), "%.9g", (double)cli_number(cli, "timeout", 0) / 1e9);
		path_query(path, "timeout", text);
	}
	path_query(path, "no_wait", app_no_wait(cli) ? "true" : NULL);
}

void app_path(const struct cli *cli, struct path *path)
{
	struct path name;

	path_start(&name, "/", cli_arg(cli, 1));
	path_start(path, "/router/", cli_arg(cli, 0));
	path_segment(path, "/app");
	path_segment(path, path_done(&name));
	path_free(&name);
}

/* "ready", "running", "ended (exit 3)", "failed". */
static const char *state(const json_t *app, char *buf, size_t size)
{
	const char *word = body_text(app, "state");
	const json_t *code = json_object_get(app, "exit"), *signo = json_object_get(app, "signal");

	if (strcmp(word, "running") == 0)
		snprintf(buf, size, "%s", body_true(app, "ready") ? "ready" : word);
	else if (code)
		snprintf(buf, size, "%s (exit %lld)", word, (long long)json_integer_value(code));
	else if (signo)
		snprintf(buf, size, "%s (signal %lld)", word, (long long)json_integer_value(signo));
	else
		snprintf(buf, size, "%s", word);
	return buf;
}

/* By router, and as numbered there: ids are anew whenever one is started anew. */
static int by_router(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;
	long long routers = body_int(*x, "routerID") - body_int(*y, "routerID");
	long long numbers = body_int(*x, "aid") - body_int(*y, "aid");
	long long order = routers ? routers : numbers;

	return order < 0 ? -1 : order > 0;
}

static int list_print(FILE *out, const json_t *body)
{
	static const char *const heads[] = {"ROUTER",	 ">AID", "NAME", "STATE",
					    ">RUN TIME", ">PID", ">ID",	 "PROGRAM AND ARGUMENTS"};
	const json_t *list = json_object_get(body, "detail");
	size_t count = json_array_size(list);
	cleanup_free const json_t **apps = calloc(count + 1, sizeof(*apps));
	struct table table;
	char text[64];

	if (!apps)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		apps[i] = json_array_get(list, i);
	qsort(apps, count, sizeof(*apps), by_router);
	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < count; i++) {
		const json_t *app = apps[i];
		const char *args = json_string_value(json_object_get(app, "args"));

		table_add(&table, "%s", body_text(app, "router"));
		table_add(&table, "%lld", body_int(app, "aid"));
		table_add(&table, "%s", body_text(app, "name"));
		table_add(&table, "%s", state(app, text, sizeof(text)));
		table_add(&table, "%s",
			  print_ms((uint64_t)body_int(app, "runtime"), text, sizeof(text)));
		table_add(&table, "%lld", body_int(app, "pid"));
		table_add(&table, "%lld", body_int(app, "id"));
		table_add(&table, "%s%s%s%s", body_text(app, "classname"), args && *args ? " " : "",
			  args ? args : "",
			  strcmp(body_text(app, "kind"), "bpf") == 0 ? " (eBPF)" : "");
	}
	return table_print(&table, out);
}

static int list_run(struct cli *cli)
{
	const char *router = cli_arg(cli, 0);
	struct answer answer;
	struct path path;
	int rc;

	path_start(&path, router ? "/router/" : "/app/", router);
	if (router)
		path_segment(&path, "/app/");
	path_query(&path, "detail", "all");
	rc = request_json(cli, "GET", path_done(&path), &answer);
	path_free(&path);
	if (rc)
		return rc;
	if (!answer_print(cli, &answer) && list_print(cli->out, answer.json) < 0)
		rc = cli_fail(cli, "out of memory");
	answer_done(&answer);
	return rc;
}

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void print_usage(FILE *out, const json_t *usage)
{
	if (!usage)
		return;
	fprintf(out, "processes  %lld\n", body_int(usage, "processes"));
	if (json_object_get(usage, "cpuUser"))
		fprintf(out, "cpu        %.2f s user, %.2f s system\n", number(usage, "cpuUser"),
			number(usage, "cpuSystem"));
	if (json_object_get(usage, "memory"))
		fprintf(out, "memory     %.1f MB, at most %.1f MB\n", number(usage, "memory") / 1e6,
			number(usage, "memoryMax") / 1e6);
	if (json_object_get(usage, "rxBytes"))
		fprintf(out,
			"network    received %lld bytes in %lld packets, sent %lld bytes in %lld "
			"packets\n",
			body_int(usage, "rxBytes"), body_int(usage, "rxPackets"),
			body_int(usage, "txBytes"), body_int(usage, "txPackets"));
}

static void print_functions(FILE *out, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *f = json_array_get(list, i);
		const char *match = json_string_value(json_object_get(f, "match"));

		fprintf(out, "function   %lld of the router, %s%s: %s\n", body_int(f, "place") + 1,
			body_text(f, "policy"), body_true(f, "dead") ? ", dead" : "",
			match && *match ? match : "all");
		fprintf(out,
			"           given %lld (%lld bytes), dropped %lld, went on without it "
			"%lld\n",
			body_int(f, "packets"), body_int(f, "bytes"), body_int(f, "dropped"),
			body_int(f, "skipped"));
	}
}

/* What it reports of itself; its names may be longer than ours. */
static void print_values(FILE *out, json_t *values)
{
	const json_t *value;
	const char *key;
	int width = 10;

	json_object_foreach (values, key, value)
		width = (int)strlen(key) > width ? (int)strlen(key) : width;
	json_object_foreach (values, key, value)
		fprintf(out, "%-*s %s\n", width, key, json_string_value(value));
}

static void show_print(FILE *out, const json_t *app)
{
	const char *args = json_string_value(json_object_get(app, "args")),
		   *error = json_string_value(json_object_get(app, "error"));
	char text[64];

	fprintf(out, "name       %s\nid         %lld, number %lld on %s\n", body_text(app, "name"),
		body_int(app, "id"), body_int(app, "aid"), body_text(app, "router"));
	fprintf(out, "runs       %s%s%s\nstate      %s\n", body_text(app, "classname"),
		args && *args ? " " : "", args ? args : "", state(app, text, sizeof(text)));
	if (error && *error)
		fprintf(out, "error      %s\n", error);
	fprintf(out, "run time   %s\n",
		print_ms((uint64_t)body_int(app, "runtime"), text, sizeof(text)));
	if (body_int(app, "restarts"))
		fprintf(out, "restarts   %lld\n", body_int(app, "restarts"));
	if (body_int(app, "pid"))
		fprintf(out, "pid        %lld\n", body_int(app, "pid"));
	print_usage(out, json_object_get(app, "usage"));
	print_functions(out, json_object_get(app, "functions"));
	print_values(out, json_object_get(app, "values"));
}

static int show_run(struct cli *cli)
{
	struct answer answer;
	struct path path;
	int rc;

	app_path(cli, &path);
	rc = request_json(cli, "GET", path_done(&path), &answer);
	path_free(&path);
	if (rc)
		return rc;
	if (!answer_print(cli, &answer))
		show_print(cli->out, answer.json);
	answer_done(&answer);
	return 0;
}

/* What has become of one, or of all of a router. */
static void say(struct cli *cli, const json_t *json, const char *what)
{
	const json_t *names = json_object_get(json, "names");

	if (!names)
		fprintf(cli->out, "app %s: %s\n",
			json_object_get(json, "name") ? body_text(json, "name") : "(all)", what);
	else if (!json_array_size(names))
		fprintf(cli->out, "router %s: no applications\n", cli_arg(cli, 0));
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		fprintf(cli->out, "app %s: %s\n", name ? name : "?", what);
	}
}

/* Sends, and says what has become of it. */
static int change(struct cli *cli, const char *method, struct path *path, const char *what)
{
	struct answer answer;
	int rc = request_json(cli, method, path_done(path), &answer);

	path_free(path);
	if (rc)
		return rc;
	if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
		say(cli, answer.json, what);
	answer_done(&answer);
	return 0;
}

static int stop_run(struct cli *cli)
{
	struct path path;

	if (!cli_arg(cli, 1) && !cli_given(cli, "all"))
		return cli_usage(cli, "'app stop' needs an application, or --all");
	if (cli_arg(cli, 1) && cli_given(cli, "all"))
		return cli_usage(cli, "'app stop': an application and --all are one too much");
	if (cli_arg(cli, 1)) {
		app_path(cli, &path);
	} else {
		path_start(&path, "/router/", cli_arg(cli, 0));
		path_segment(&path, "/app/");
	}
	app_wait_query(cli, &path);
	return change(cli, "DELETE", &path, app_no_wait(cli) ? "ends" : "stopped");
}

static int restart_run(struct cli *cli)
{
	struct path path;

	app_path(cli, &path);
	path_segment(&path, "/restart");
	app_wait_query(cli, &path);
	return change(cli, "POST", &path, app_no_wait(cli) ? "is to start anew" : "started anew");
}

static int set_run(struct cli *cli)
{
	const char *setting = cli_arg(cli, 2), *equals = strchr(setting, '=');
	char key[APP_LINK_KEY];
	struct path path;
	struct err err;

	if (!equals)
		return cli_usage(cli, "%s: expected KEY=VALUE", setting);
	if (app_link_setting_check(setting, (size_t)(equals - setting), equals + 1, &err) < 0)
		return cli_usage(cli, "%.40s: %s", setting, err.text);
	snprintf(key, sizeof(key), "%.*s", (int)(equals - setting), setting);
	app_path(cli, &path);
	path_query(&path, "key", key);
	path_query(&path, "value", equals + 1);
	return change(cli, "PUT", &path, "told");
}

static const struct cli_option wait_options[] = {APP_WAIT_OPTIONS, {0}};
static const struct cli_option stop_options[] = {
	{.name = "all", .help = "all applications of the router"}, APP_WAIT_OPTIONS, {0}};

#define ROUTER_ARG                                                                                 \
	{                                                                                          \
		.name = "R", .help = "a router's name, id or address", .live = CLI_ROUTER          \
	}
#define APP_ARG                                                                                    \
	{                                                                                          \
		.name = "ID", .help = "an application's name, number on its router, or id",        \
		.live = CLI_APP                                                                    \
	}

static const struct cli_verb verbs[] = {
	{
		.name = "start",
		.help = "start an application on a router, and wait until it is ready",
		.more = "NAME is that of an application that comes with VLSP, PATH any program. It "
			"runs in the router's network, confined: without rights, within limits, "
			"with files of its own. Options go before R or NAME; what follows NAME is "
			"the program's.",
		.args = {ROUTER_ARG,
			 {.name = "NAME|PATH", .help = "what to run", .live = CLI_SHIPPED},
			 {.name = "ARGS", .help = "its arguments", .optional = true, .many = true}},
		.options = app_start_options,
		.flags = CLI_JSON | CLI_REST,
		.run = app_start_run,
	},
	{
		.name = "list",
		.help = "applications, of all routers or of one",
		.args = {{.name = "R",
			  .help = "only those of this router",
			  .live = CLI_ROUTER,
			  .optional = true}},
		.flags = CLI_JSON,
		.run = list_run,
	},
	{
		.name = "show",
		.help = "what one does, uses and reports",
		.args = {ROUTER_ARG, APP_ARG},
		.flags = CLI_JSON,
		.run = show_run,
	},
	{
		.name = "logs",
		.help = "what one has printed",
		.args = {ROUTER_ARG, APP_ARG},
		.options = app_logs_options,
		.run = app_logs_run,
	},
	{
		.name = "set",
		.help = "tell one a setting while it runs",
		.args = {ROUTER_ARG,
			 APP_ARG,
			 {.name = "KEY=VALUE", .help = "as its page in Documentation/apps says"}},
		.flags = CLI_JSON,
		.run = set_run,
	},
	{
		.name = "restart",
		.help = "stop one and start it anew",
		.args = {ROUTER_ARG, APP_ARG},
		.options = wait_options,
		.flags = CLI_JSON,
		.run = restart_run,
	},
	{
		.name = "stop",
		.help = "stop one with all of its processes, and forget it",
		.args = {ROUTER_ARG,
			 {.name = "ID",
			  .help = "an application's name, number on its router, or id",
			  .live = CLI_APP,
			  .optional = true}},
		.options = stop_options,
		.flags = CLI_JSON,
		.run = stop_run,
	},
	{0},
};

const struct cli_noun noun_app = {
	.name = "app",
	.help = "Applications and network functions on routers.",
	.verbs = verbs,
};
