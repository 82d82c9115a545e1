/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RUNTIME/hosts: the machine's hosts file and a line for each router, which lies over /etc/hosts
 * for applications. It is written in place, so that it changes for those that run.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_HOSTS_H
#define VLSP_DAEMON_HOST_LOCAL_HOSTS_H

struct local;

/* RUNTIME/hosts into path. */
void local_hosts_path(const struct local *local, char path[128]);
/* As routers are now. Applications see names of before where that fails (logged). */
void local_hosts_write(const struct local *local);
void local_hosts_remove(const struct local *local);

#endif
