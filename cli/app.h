/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of vlsp app share. */
#ifndef VLSP_CLI_APP_H
#define VLSP_CLI_APP_H

#include "cli/cli.h"
#include "cli/request.h"

int app_start_run(struct cli *cli);
extern const struct cli_option app_start_options[];
int app_logs_run(struct cli *cli);
extern const struct cli_option app_logs_options[];

#define APP_WAIT_OPTIONS                                                                           \
	{.name = "timeout",                                                                        \
	 .value = "D",                                                                             \
	 .type = CLI_DURATION,                                                                     \
	 .min = 0,                                                                                 \
	 .max = 3600000000000,                                                                     \
	 .help = "how long to wait (default: 30s); 0: as --no-wait"},                              \
	{                                                                                          \
		.name = "no-wait", .help = "do not wait at all"                                    \
	}

/* --no-wait, or a timeout of 0. */
bool app_no_wait(const struct cli *cli);
/* --timeout and --no-wait, as parameters. */
void app_wait_query(const struct cli *cli, struct path *path);
/* "/router/R/app/A" of the first two arguments. */
void app_path(const struct cli *cli, struct path *path);

#endif
