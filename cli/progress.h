/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Long work: a progress bar while it runs on a terminal. */
#ifndef VLSP_CLI_PROGRESS_H
#define VLSP_CLI_PROGRESS_H

#include "cli/request.h"

/* Sends a request that starts an operation on the topology and waits for its end. On a terminal
 * (and without --json and --quiet) a bar is shown meanwhile. SIGINT ends the program, after saying
 * that the operation goes on. Returns as request_call(), and the answer is a JSON object. */
int progress_call(struct cli *cli, const char *method, const char *path, const void *body,
		  size_t size, struct answer *ret_answer);

/* "[#####.....] 120/280 running" of an operation's record, or less of it where that would not fit
 * into columns (0: any width). Returns buf. */
const char *progress_bar(const json_t *operation, unsigned columns, char *buf, size_t size);

#endif
