/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of the verbs to the daemon: where it is, paths, answers and what their errors say. */
#ifndef VLSP_CLI_REQUEST_H
#define VLSP_CLI_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/cli.h"
#include "lib/base/err.h"

/* A path is put together piece by piece; what people typed is percent-encoded. */
struct path {
	char *text; /* valid after path_done(); freed by path_free() */
	size_t size;
	FILE *stream;
	bool query;
};
/* Starts with "/router/" and, unless it is NULL, word as one segment behind. */
void path_start(struct path *path, const char *start, const char *word);
void path_segment(struct path *path, const char *literal);		/* "/stats", as it is */
void path_query(struct path *path, const char *key, const char *value); /* value NULL: nothing */
const char *path_done(struct path *path);
void path_free(struct path *path);

struct answer {
	int status;
	char *text; /* the body, NUL-terminated */
	size_t size;
	json_t *json; /* NULL: not JSON */
};

/* The connection, opened if it is not yet. 0 or the exit code. */
int request_open(struct cli *cli, struct rest **ret_rest);
/* Sends on rest and waits; says nothing. -errno if there was no answer; any status is one. */
int request_send(struct rest *rest, const char *method, const char *path, const char *type,
		 const void *body, size_t size, struct answer *ret_answer, struct err *err);
/* The exit code by an answer's status; from 400 on after its reason was printed and it was freed.
 */
int request_check(struct cli *cli, const char *path, struct answer *answer);

/* Sends and waits. 0 for a status below 400, otherwise the exit code, after the reason was printed;
 * the caller calls answer_done() after 0. body may be NULL. */
int request_call(struct cli *cli, const char *method, const char *path, const char *type,
		 const void *body, size_t size, struct answer *ret_answer);
/* As request_call() and the answer must be a JSON object. */
int request_json(struct cli *cli, const char *method, const char *path, struct answer *ret_answer);
/* GET of one router or link, by noun: an answer that is not its record (the path has a meaning of
 * its own, like /router/count) is that there is none called word. */
int request_record(struct cli *cli, const char *path, const char *noun, const char *word,
		   struct answer *ret_answer);
void answer_done(struct answer *answer);
/* --json: prints the body as it is and says true. */
bool answer_print(struct cli *cli, const struct answer *answer);
/* What the daemon had to interpret or cannot do, as talk. */
void answer_warnings(const struct cli *cli, const struct answer *answer);

/* Where the daemon's API is, by options and environment. 0 or -errno. The caller frees *ret_url
 * and *ret_runtime_dir. */
int request_where(const struct cli *cli, char **ret_url, char **ret_runtime_dir);

#endif
