// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp app logs: what an application has printed, and, with --follow, what it prints. */
#include "cli/app.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/client/rest.h"

static bool is_command(uint32_t code)
{
	return (code < ' ' && code != '\t' && code != '\n') || (code >= 0x7f && code < 0xa0);
}

/* What a terminal would take for a command is shown as '?': it is a stranger's text, with a NUL
 * behind it. What is no UTF-8 is looked at byte by byte: it may be of an older set of characters.
 */
static void put_clean(FILE *out, const char *text, size_t size)
{
	for (size_t i = 0, n; i < size; i += n) {
		uint32_t code = (unsigned char)text[i];

		n = utf8_decode(text + i, &code);
		if (n == 0)
			n = 1;
		if (is_command(code))
			fputc('?', out);
		else
			fwrite(text + i, n, 1, out);
	}
}

struct following {
	struct cli *cli;
	bool err; /* the next line is of standard error */
	bool ended;
};

static int on_line(void *arg, const char *line)
{
	struct following *f = arg;
	FILE *out = f->cli->out;

	if (strncmp(line, "event: ", 7) == 0) {
		f->err = strcmp(line + 7, "err") == 0;
		f->ended = strcmp(line + 7, "end") == 0;
	} else if (strncmp(line, "data: ", 6) == 0 && !f->ended) {
		put_clean(out, line + 6, strlen(line + 6));
		fputc('\n', out);
		fflush(out);
	}
	return f->ended;
}

static int follow(struct cli *cli, const char *path)
{
	struct following f = {.cli = cli};
	struct rest *rest;
	struct err err = {0};
	int rc = request_open(cli, &rest);

	if (rc)
		return rc;
	if (rest_stream(rest, path, on_line, &f, &err) < 0 && !f.ended)
		return cli_fail(cli, "%s", err.text);
	return f.ended ? 0 : cli_fail(cli, "the daemon has ended the stream");
}

static void logs_path(const struct cli *cli, struct path *path)
{
	char tail[24];

	app_path(cli, path);
	path_segment(path, "/log");
	if (cli_given(cli, "out") != cli_given(cli, "err"))
		path_query(path, "stream", cli_given(cli, "err") ? "err" : "out");
	if (cli_given(cli, "tail")) {
		snprintf(tail, sizeof(tail), "%lld", (long long)cli_number(cli, "tail", 0));
		path_query(path, "tail", tail);
	}
	path_query(path, "times", cli_given(cli, "times") ? "true" : NULL);
	path_query(path, "follow", cli_given(cli, "follow") ? "true" : NULL);
}

/* 0 if there is such an application: a stream could not say it so well. */
static int look(struct cli *cli)
{
	struct answer answer = {0};
	struct path path;
	int rc;

	app_path(cli, &path);
	rc = request_json(cli, "GET", path_done(&path), &answer);
	path_free(&path);
	answer_done(&answer);
	return rc;
}

int app_logs_run(struct cli *cli)
{
	bool follows = cli_given(cli, "follow");
	struct answer answer = {0};
	struct path path;
	int rc = follows ? look(cli) : 0;

	if (rc)
		return rc;
	logs_path(cli, &path);
	if (follows)
		rc = follow(cli, path_done(&path));
	else
		rc = request_call(cli, "GET", path_done(&path), NULL, NULL, 0, &answer);
	path_free(&path);
	if (rc == 0 && !follows)
		put_clean(cli->out, answer.text, answer.size);
	answer_done(&answer);
	return rc;
}

const struct cli_option app_logs_options[] = {
	{.name = "follow",
	 .letter = 'f',
	 .help = "go on as more comes, until the application ends"},
	{.name = "tail",
	 .letter = 'n',
	 .value = "N",
	 .type = CLI_INT,
	 .min = 0,
	 .max = 1000000000,
	 .help = "only the last N lines"},
	{.name = "out", .help = "only standard output"},
	{.name = "err", .help = "only standard error"},
	{.name = "times", .help = "each line with its time, in seconds since 1970, and o or e"},
	{0},
};
