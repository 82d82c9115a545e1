/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start, stop, restart and status: the daemon seen from outside. Each returns the exit status. */
#ifndef VLSP_DAEMON_CONF_SERVICE_H
#define VLSP_DAEMON_CONF_SERVICE_H

#include <signal.h>

#include "daemon/conf/options.h"

/* Tells a daemon to end and to leave its network running; SIGTERM and SIGINT take it along. */
#define SERVICE_KEEP SIGUSR1

/* Runs the daemon in this process until it is told to end: 0, or -errno with the reason. Calls
 * service_ready() once the API answers. log_path: NULL or what to reopen on SIGHUP. */
typedef int (*service_run_fn)(const struct conf *conf, const char *log_path, struct err *err);

/* Removes what a run that crashed has left. Must take the instance's lock first. 0 or -errno. */
typedef int (*service_clean_fn)(const struct conf *conf, struct err *err);

/* -EPERM: only root may run a daemon like that. */
int service_allowed(const struct conf *conf, struct err *err);
int service_start(const struct conf *conf, service_run_fn run);
int service_stop(const struct conf *conf, service_clean_fn clean);
int service_clean(const struct conf *conf, service_clean_fn clean);
int service_restart(const struct conf *conf, service_run_fn run);
int service_status(const struct conf *conf);
int service_foreground(const struct conf *conf, service_run_fn run);

/* Tells whoever waits: the parent of start, or systemd (sd_notify(3), NOTIFY_SOCKET). */
void service_ready(void);
/* Makes stdout and stderr that file, appending. 0 or -errno. */
int service_log_to(const char *path);

#endif
