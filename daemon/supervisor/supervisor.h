/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The supervisor of an instance's applications (lib/wire/app.h), as a whole. */
#ifndef VLSP_DAEMON_SUPERVISOR_SUPERVISOR_H
#define VLSP_DAEMON_SUPERVISOR_SUPERVISOR_H

struct supervisor_config {
	const char *socket; /* RUNTIME/supervisor.sock */
	const char *logs;   /* directory of output: RUNTIME/apps */
};

/* Connects to the daemon and runs until it is told to quit. An exit status. */
int supervisor_run(const struct supervisor_config *config);

#endif
