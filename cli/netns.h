/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The namespaces of routers, seen from the command line. */
#ifndef VLSP_CLI_NETNS_H
#define VLSP_CLI_NETNS_H

#include <jansson.h>
#include <stddef.h>

#include "lib/base/err.h"

/* A socket that belongs to the namespace at path; this process stays where it is. Returns the
 * descriptor, or -errno. Needs CAP_SYS_ADMIN, and what the socket itself needs. */
int netns_socket(const char *path, int domain, int type, int protocol, struct err *err);

/* Moves this process into the namespace at path for good. */
int netns_enter(const char *path, struct err *err);

/* The text of a hosts file: what old holds, then address and name of each router of a GET /router/
 * body with detail=all. NULL: out of memory; the caller frees it. */
char *netns_hosts(const char *old, const json_t *routers, size_t *ret_size);

/* In a new mount namespace, of this process only: hosts over /etc/hosts (if
 * there is one), and a /sys that shows this
 * network namespace, with /sys/fs/bpf and /sys/fs/cgroup as they were. */
int netns_mounts(const char *hosts, size_t size, struct err *err);

#endif
