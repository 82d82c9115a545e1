/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading an application's standard output and error into its log, of one run. */
#ifndef VLSP_DAEMON_SUPERVISOR_OUTPUT_H
#define VLSP_DAEMON_SUPERVISOR_OUTPUT_H

#include "daemon/supervisor/logfile.h"
#include "lib/loop/loop.h"

struct output;

/* ret_write: the ends for the program, to be closed by the caller. The log stays the caller's. */
int output_new(struct loop *loop, struct logfile *log, struct output **ret_output,
	       int ret_write[LOGFILE_STREAMS]);
/* Takes what is still there, up to a limit. NULL is fine. */
void output_free(struct output *output);

#endif
