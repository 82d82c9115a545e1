// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to the daemon. The connection is opened by the first one and kept in cli->rest. Used by
 * every noun whose data the daemon has.
 */
#include "cli/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/client/rest.h"

#define RUNTIME_DIR "/run/vlsp"

static void encode(FILE *stream, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:";

	for (; *text; text++) {
		if (strchr(plain, *text))
			fputc(*text, stream);
		else
			fprintf(stream, "%%%02X", (unsigned char)*text);
	}
}

void path_start(struct path *path, const char *start, const char *word)
{
	*path = (struct path){0};
	path->stream = open_memstream(&path->text, &path->size);
	if (!path->stream)
		return;
	fputs(start, path->stream);
	path->query = strchr(start, '?') != NULL;
	if (!word)
		return;
	/* a path's "." and ".." would be taken for steps */
	if (strcmp(word, ".") == 0 || strcmp(word, "..") == 0)
		fprintf(path->stream, "%%2E%s", word[1] ? "%2E" : "");
	else
		encode(path->stream, word);
}

void path_segment(struct path *path, const char *literal)
{
	if (path->stream)
		fputs(literal, path->stream);
}

void path_query(struct path *path, const char *key, const char *value)
{
	if (!value || !path->stream)
		return;
	fprintf(path->stream, "%c%s=", path->query ? '&' : '?', key);
	encode(path->stream, value);
	path->query = true;
}

const char *path_done(struct path *path)
{
	bool bad = !path->stream || ferror(path->stream);

	if (path->stream && fclose(path->stream) != 0)
		bad = true;
	path->stream = NULL;
	return bad ? NULL : path->text;
}

void path_free(struct path *path)
{
	if (path->stream)
		fclose(path->stream);
	free(path->text);
}

static char *absolute(const char *dir)
{
	char *cwd, *path = NULL;

	if (dir[0] == '/')
		return strdup(dir);
	cwd = getcwd(NULL, 0);
	if (cwd && asprintf(&path, "%s/%s", cwd, dir) < 0)
		path = NULL;
	free(cwd);
	return path;
}

/* Who may not open the socket can often still read. */
static const char *socket_in(const char *runtime_dir)
{
	static const char *const names[] = {"vlspd.sock", "vlspd-ro.sock"};
	bool may[2];

	for (int i = 0; i < 2; i++) {
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%s/%s", runtime_dir, names[i]) < 0)
			path = NULL;
		may[i] = path && access(path, W_OK) == 0;
	}
	return !may[0] && may[1] ? names[1] : names[0];
}

int request_where(const struct cli *cli, char **ret_url, char **ret_runtime_dir)
{
	const char *url = cli_text(cli, "url"), *dir = cli_text(cli, "runtime-dir"), *e;
	char *runtime_dir, *text = NULL;

	if (!url && !dir && (e = getenv("VLSP_URL")) && *e)
		url = e;
	if (!dir && (e = getenv("VLSP_RUNTIME_DIR")) && *e)
		dir = e;
	runtime_dir = absolute(dir ? dir : RUNTIME_DIR);
	if (!runtime_dir)
		return -ENOMEM;
	if (url && strncmp(url, "unix:/", 6) == 0 && url[6] != '/') /* unix:/PATH is meant */
		text = asprintf(&text, "unix://%s", url + 5) < 0 ? NULL : text;
	else if (url)
		text = strdup(url);
	else if (asprintf(&text, "unix://%s/%s", runtime_dir, socket_in(runtime_dir)) < 0)
		text = NULL;
	if (!text) {
		free(runtime_dir);
		return -ENOMEM;
	}
	*ret_url = text;
	*ret_runtime_dir = runtime_dir;
	return 0;
}

/* NULL: cannot be read, errno says why. */
static char *line_of(const char *path)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return NULL;
	if (getline(&line, &room, file) <= 0) {
		free(line);
		errno = ENODATA;
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Of the instance in runtime_dir; without one the daemon says 401. */
static char *token_of(const char *runtime_dir)
{
	static const char *const names[] = {"token", "token.readonly"};
	char *token = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !token; i++) {
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%s/%s", runtime_dir, names[i]) < 0)
			path = NULL;
		token = path ? line_of(path) : NULL;
	}
	return token;
}

/* What authorises us at url: by the environment, or, of a daemon on this machine, by its files,
 * which are not sent to others. 0 or the exit code. */
static int token_find(struct cli *cli, const char *url, const char *runtime_dir, char **ret_token)
{
	const char *text = variable("VLSP_TOKEN"), *file = variable("VLSP_TOKEN_FILE");

	if (text)
		*ret_token = strdup(text);
	else if (file && !(*ret_token = line_of(file)))
		return cli_fail(cli, "VLSP_TOKEN_FILE: %s: %s", file, strerror(errno));
	else if (!file && rest_is_local(url))
		*ret_token = token_of(runtime_dir);
	return 0;
}

int request_open(struct cli *cli, struct rest **ret_rest)
{
	cleanup_free char *url = NULL, *runtime_dir = NULL, *token = NULL;
	struct rest_trust trust = {.ca = variable("VLSP_CACERT"),
				   .cert = variable("VLSP_CERT"),
				   .key = variable("VLSP_KEY")};
	struct err err;
	int rc;

	if (cli->rest) {
		*ret_rest = cli->rest;
		return 0;
	}
	if (request_where(cli, &url, &runtime_dir) < 0)
		return cli_fail(cli, "out of memory");
	if (strncmp(url, "unix://", 7) != 0 && (rc = token_find(cli, url, runtime_dir, &token)))
		return rc;
	trust.token = token;
	if (rest_open(url, &trust, &cli->rest, &err) < 0)
		return cli_fail(cli, "%s", err.text);
	*ret_rest = cli->rest;
	return 0;
}

/* Reasons start with a field of the REST interface; "link add" calls some of them otherwise. What
 * is behind the name in reason, and the name as people know it. */
static const char *field_known_as(const char *reason, const char **ret_name)
{
	static const char *const names[][2] = {
		{"linkName:", "--name:"},
		{"router1:", "A:"},
		{"router2:", "B:"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t n = strlen(names[i][0]);

		if (strncmp(reason, names[i][0], n) == 0) {
			*ret_name = names[i][1];
			return reason + n;
		}
	}
	*ret_name = "";
	return reason;
}

static int refused(struct cli *cli, const char *path, const struct answer *answer)
{
	const char *reason = json_string_value(json_object_get(answer->json, "error"));
	const char *name;

	if (!reason)
		return cli_fail(cli, "the daemon answered %d without a reason (%s)", answer->status,
				path);
	if (answer->status == 401)
		return cli_fail(cli, "%s (VLSP_TOKEN_FILE names a file with it)", reason);
	reason = field_known_as(reason, &name);
	return cli_fail(cli, "%s%s", name, reason);
}

int request_send(struct rest *rest, const char *method, const char *path, const char *type,
		 const void *body, size_t size, struct answer *ret_answer, struct err *err)
{
	struct answer answer = {0};
	int r;

	r = rest_call(rest, method, path, type, body, size, &answer.status, &answer.text,
		      &answer.size, err);
	if (r < 0)
		return r;
	answer.json = json_loadb(answer.text, answer.size, JSON_REJECT_DUPLICATES, NULL);
	if (!body_clean(answer.json)) {
		json_decref(answer.json);
		answer.json = NULL;
	}
	*ret_answer = answer;
	return 0;
}

int request_check(struct cli *cli, const char *path, struct answer *answer)
{
	int rc;

	if (answer->status < 400)
		return 0;
	rc = refused(cli, path, answer);
	answer_done(answer);
	return rc;
}

int request_call(struct cli *cli, const char *method, const char *path, const char *type,
		 const void *body, size_t size, struct answer *ret_answer)
{
	struct answer answer;
	struct rest *rest;
	struct err err;
	int rc;

	if (!path)
		return cli_fail(cli, "out of memory");
	if ((rc = request_open(cli, &rest)))
		return rc;
	if (request_send(rest, method, path, type, body, size, &answer, &err) < 0)
		return cli_fail(cli, "%s", err.text);
	if ((rc = request_check(cli, path, &answer)))
		return rc;
	*ret_answer = answer;
	return 0;
}

int request_json(struct cli *cli, const char *method, const char *path, struct answer *ret_answer)
{
	struct answer answer;
	int rc;

	rc = request_call(cli, method, path, NULL, NULL, 0, &answer);
	if (rc)
		return rc;
	if (!json_is_object(answer.json)) {
		answer_done(&answer);
		return cli_fail(cli, "the daemon's answer is not a JSON object (%s)", path);
	}
	*ret_answer = answer;
	return 0;
}

int request_record(struct cli *cli, const char *path, const char *noun, const char *word,
		   struct answer *ret_answer)
{
	const char *key = strcmp(noun, "link") == 0 ? "linkID" : "routerID";
	struct answer answer;
	int rc;

	rc = request_json(cli, "GET", path, &answer);
	if (rc)
		return rc;
	if (!json_is_integer(json_object_get(answer.json, key))) {
		answer_done(&answer);
		return cli_fail(cli, "there is no %s '%s'", noun, word);
	}
	*ret_answer = answer;
	return 0;
}

void answer_done(struct answer *answer)
{
	json_decref(answer->json);
	free(answer->text);
	*answer = (struct answer){0};
}

bool answer_print(struct cli *cli, const struct answer *answer)
{
	if (!cli_given(cli, "json"))
		return false;
	fwrite(answer->text, 1, answer->size, cli->out);
	if (answer->size == 0 || answer->text[answer->size - 1] != '\n')
		fputc('\n', cli->out);
	return true;
}

void answer_warnings(const struct cli *cli, const struct answer *answer)
{
	const json_t *list = json_object_get(answer->json, "warnings");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text)
			cli_note(cli, "warning: %s", text);
	}
}
