// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp app start: what is typed becomes the record of an application, as in a topology file. */
#include "cli/cli_priv.h"
#include "cli/nouns.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/app.h"
#include "cli/file.h"
#include "cli/print.h"
#include "cli/request.h"
#include "lib/base/cleanup.h"
#include "lib/codec/base64.h"
#include "lib/topo/doc.h"

/* Options that are fields of the same name and hold a text. */
static const char *const text_fields[] = {"name",  "dir", "user",  "restart", "ready",
					  "grace", "log", "match", "policy"};
static const char *const bpf_options[] = {"match", "order", "policy"};
static const char *const limit_fields[] = {"memory", "cpu", "pids"};

/* --file LOCAL:PATH. 0 or the exit code. */
static int add_file(struct cli *cli, json_t *files, const char *text)
{
	struct file_place place = {.name = "."};
	const char *colon = strrchr(text, ':');
	cleanup_free char *local = NULL, *data = NULL, *encoded = NULL;
	size_t size;
	struct err err;

	if (json_array_size(files) == TOPO_APP_FILES_MAX)
		return cli_usage(cli, "--file: at most %d of one application", TOPO_APP_FILES_MAX);
	if (!colon || colon == text || colon[1] != '/')
		return cli_usage(cli, "--file %s: expected LOCAL:/PATH", text);
	local = strndup(text, (size_t)(colon - text));
	if (!local)
		return cli_fail(cli, "out of memory");
	if (file_read_named(&place, local, &data, &size, &err) < 0)
		return cli_fail(cli, "--file: %s", err.text);
	if (size > TOPO_APP_FILE_MAX)
		return cli_fail(cli, "--file %s: is larger than %u KB", local,
				TOPO_APP_FILE_MAX >> 10);
	encoded = base64_encode(data, size);
	if (!encoded)
		return cli_fail(cli, "out of memory");
	json_array_append_new(files, json_pack("{s:s,s:s}", "path", colon + 1, "base64", encoded));
	return 0;
}

static int add_env(const struct cli *cli, json_t *env, const char *text)
{
	const char *equals = strchr(text, '=');
	char name[256];

	if (!equals || equals == text || (size_t)(equals - text) >= sizeof(name))
		return cli_usage(cli, "--env %s: expected NAME=VALUE", text);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
	json_object_set_new(env, name, json_string(equals + 1));
	if (json_object_size(env) > TOPO_APP_ENV_MAX)
		return cli_usage(cli, "--env: at most %d of one application", TOPO_APP_ENV_MAX);
	return 0;
}

/* Options that may be given several times. */
static int add_many(struct cli *cli, json_t *app)
{
	json_t *files = json_array(), *env = json_object(), *after = json_array();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < cli->value_count; i++) {
		const char *name = cli->values[i].option->name, *text = cli->values[i].text;

		if (strcmp(name, "file") == 0)
			rc = add_file(cli, files, text);
		else if (strcmp(name, "env") == 0)
			rc = add_env(cli, env, text);
		else if (strcmp(name, "after") == 0)
			json_array_append_new(after, json_string(text));
	}
	if (json_array_size(files))
		json_object_set(app, "files", files);
	if (json_object_size(env))
		json_object_set(app, "env", env);
	if (json_array_size(after))
		json_object_set(app, "after", after);
	json_decref(files);
	json_decref(env);
	json_decref(after);
	return rc;
}

static void add_limits(struct cli *cli, json_t *app)
{
	json_t *limits = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(limit_fields); i++)
		if (cli_given(cli, limit_fields[i]))
			json_object_set_new(limits, limit_fields[i],
					    json_string(cli_text(cli, limit_fields[i])));
	if (json_object_size(limits))
		json_object_set(app, "limits", limits);
	json_decref(limits);
}

/*
 * From the root, with the name that was typed: what a program is called by matters to some, as to
 * busybox, or to a Python that finds its environment beside its link.
 */
static char *whole_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	cleanup_free char *above = NULL, *dir = NULL;
	char *whole = NULL;

	if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0 || access(path, F_OK) < 0)
		return realpath(path, NULL); /* a directory, which is refused; or nothing */
	above = slash ? strndup(path, (size_t)(base - path)) : strdup(".");
	dir = above ? realpath(above, NULL) : NULL;
	if (!dir || asprintf(&whole, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, base) < 0)
		return NULL;
	return whole;
}

/* Where a program of that name is, by PATH; NULL: nowhere. */
static char *in_path(const char *name)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		cleanup_free char *full = NULL;

		if (n && asprintf(&full, "%.*s/%s", (int)n, path, name) > 0 &&
		    access(full, X_OK) == 0)
			return whole_path(full);
		path += n + (path[n] == ':');
	}
	return NULL;
}

/* hint: of which it may have been meant to be, if it is none. */
static bool is_shipped(const json_t *body, const char *name, char *hint, size_t size)
{
	const json_t *list = json_object_get(body, "list");
	struct suggest suggest;

	suggest_start(&suggest, name);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *other = body_text(json_array_get(list, i), "name");

		if (strcmp(other, name) == 0)
			return true;
		suggest_try(&suggest, other);
	}
	suggest_text(&suggest, hint, size);
	return false;
}

/*
 * What is run: the name of a shipped application, a path, or, as in a shell, a program that PATH
 * has. 0 or the exit code.
 */
static int program_of(struct cli *cli, const char *word, char **ret_program)
{
	struct answer answer;
	char hint[100];
	bool shipped;
	int rc;

	if (strchr(word, '/') || cli_given(cli, "bpf")) {
		*ret_program = whole_path(word);
		return *ret_program ? 0 : cli_fail(cli, "%s: %s", word, strerror(errno));
	}
	rc = request_json(cli, "GET", "/app/shipped", &answer);
	if (rc)
		return rc;
	shipped = is_shipped(answer.json, word, hint, sizeof(hint));
	answer_done(&answer);
	*ret_program = shipped ? strdup(word) : in_path(word);
	if (*ret_program)
		return 0;
	return cli_fail(cli, "%s: neither a shipped application nor a program in PATH%s", word,
			hint);
}

/* Functions that are programs have options of these names, too, behind their own name. */
static int check_bpf_options(struct cli *cli)
{
	for (size_t i = 0; i < ARRAY_SIZE(bpf_options); i++)
		if (cli_given(cli, bpf_options[i]) && !cli_given(cli, "bpf"))
			return cli_usage(cli,
					 "--%s: is of --bpf here; what is for the program itself "
					 "stands behind its name",
					 bpf_options[i]);
	if (cli_given(cli, "bpf") && cli->arg_count > 2 && cli->args[2][0] == '-')
		return cli_usage(cli, "%.40s: stands behind %s: options go before it", cli->args[2],
				 cli_arg(cli, 1));
	return 0;
}

static int app_of(struct cli *cli, json_t *app)
{
	cleanup_free char *program = NULL;
	json_t *args = json_array();
	int rc = check_bpf_options(cli);

	if (rc == 0)
		rc = program_of(cli, cli_arg(cli, 1), &program);

	for (size_t i = 2; rc == 0 && i < cli->arg_count; i++)
		if (json_array_append_new(args, json_string(cli->args[i])) < 0)
			rc = cli_fail(cli, "argument %zu is not UTF-8", i - 1);
	if (rc == 0)
		json_object_set_new(app, cli_given(cli, "bpf") ? "bpf" : "run",
				    json_string(program));
	if (rc == 0 && json_array_size(args))
		json_object_set(app, "args", args);
	json_decref(args);
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++)
		if (cli_given(cli, text_fields[i]))
			json_object_set_new(app, text_fields[i],
					    json_string(cli_text(cli, text_fields[i])));
	if (cli_given(cli, "order"))
		json_object_set_new(app, "order", json_integer(cli_number(cli, "order", 0)));
	add_limits(cli, app);
	return rc ? rc : add_many(cli, app);
}

int app_start_run(struct cli *cli)
{
	json_t *app = json_object();
	cleanup_free char *text = NULL;
	struct answer answer = {0};
	struct path path;
	int rc = app ? app_of(cli, app) : cli_fail(cli, "out of memory");

	text = rc == 0 ? json_dumps(app, JSON_COMPACT) : NULL;
	json_decref(app);
	if (rc)
		return rc;
	if (!text)
		return cli_fail(cli, "out of memory");
	path_start(&path, "/router/", cli_arg(cli, 0));
	path_segment(&path, "/app/");
	app_wait_query(cli, &path);
	rc = request_call(cli, "POST", path_done(&path), "application/json", text, strlen(text),
			  &answer);
	path_free(&path);
	if (rc)
		return rc;
	if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
		fprintf(cli->out, "app %s: id %lld on %s, %s\n", body_text(answer.json, "name"),
			body_int(answer.json, "id"), body_text(answer.json, "router"),
			body_true(answer.json, "ready") ? "ready"
							: body_text(answer.json, "state"));
	answer_done(&answer);
	return 0;
}

static const char *const restarts[] = {"never", "on-failure", "always", NULL};
static const char *const readies[] = {"auto", "settled", "notify", "exit", NULL};
static const char *const policies[] = {"open", "closed", NULL};

const struct cli_option app_start_options[] = {
	{.name = "name", .value = "NAME", .type = CLI_TEXT, .help = "unique on its router"},
	{.name = "env",
	 .letter = 'e',
	 .value = "NAME=VALUE",
	 .type = CLI_TEXT,
	 .many = true,
	 .help = "a setting of its environment; may be given several times"},
	{.name = "dir",
	 .value = "DIR",
	 .type = CLI_TEXT,
	 .help = "where it starts (default: /tmp, which is its own and empty)"},
	{.name = "user",
	 .value = "USER",
	 .type = CLI_TEXT,
	 .help = "root or a user of this machine; for root only (default: one without rights)"},
	{.name = "file",
	 .value = "LOCAL:PATH",
	 .type = CLI_TEXT,
	 .many = true,
	 .help = "a file that it sees as PATH; may be given several times"},
	{.name = "restart",
	 .value = "WHEN",
	 .type = CLI_ENUM,
	 .choices = restarts,
	 .help = "never, on-failure or always (default: never)"},
	{.name = "ready",
	 .value = "HOW",
	 .type = CLI_ENUM,
	 .choices = readies,
	 .help = "settled: alive for 100 ms; notify: it says so; exit: it has ended well; auto"},
	{.name = "after",
	 .value = "APP",
	 .type = CLI_TEXT,
	 .many = true,
	 .help = "APP or ROUTER/APP that has to be ready before; may be given several times"},
	{.name = "memory", .value = "SIZE", .type = CLI_TEXT, .help = "its limit, like 64M"},
	{.name = "cpu", .value = "N%", .type = CLI_TEXT, .help = "its limit, like 50%"},
	{.name = "pids", .value = "N", .type = CLI_TEXT, .help = "its limit of processes"},
	{.name = "grace",
	 .value = "D",
	 .type = CLI_TEXT,
	 .help = "from the wish to stop to the end by force (default: 2s)"},
	{.name = "log",
	 .value = "SIZE",
	 .type = CLI_TEXT,
	 .help = "of its output that is kept (default: 1M)"},
	{.name = "bpf", .help = "PATH is an eBPF object that is a network function"},
	{.name = "match",
	 .value = "WORDS",
	 .type = CLI_TEXT,
	 .help = "of --bpf: which datagrams, like 'udp dport 53' (default: all)"},
	{.name = "order",
	 .value = "N",
	 .type = CLI_INT,
	 .min = 0,
	 .max = 255,
	 .help = "of --bpf: its place among the router's functions (default: 0)"},
	{.name = "policy",
	 .value = "HOW",
	 .type = CLI_ENUM,
	 .choices = policies,
	 .help = "of --bpf, when it is missing: open or closed (default: open)"},
	APP_WAIT_OPTIONS,
	{0},
};
