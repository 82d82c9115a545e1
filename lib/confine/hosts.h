/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of routers in /etc/hosts (hosts(5)) of a mount namespace: the text, and the mount. */
#ifndef VLSP_LIB_CONFINE_HOSTS_H
#define VLSP_LIB_CONFINE_HOSTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"

/* The machine's own hosts file: its text, to be freed; "" without one. NULL: out of memory. */
char *confine_hosts_machine(void);
/* Into a stream: what own holds, and the line in front of the routers; then one of them. */
void confine_hosts_begin(FILE *to, const char *own);
void confine_hosts_add(FILE *to, const char *name, uint32_t address);

/* The file at path, to be mounted later, also where its path leads nowhere by then: a descriptor,
 * or -errno. Read-only; the mount shows what is written into the file. */
int confine_hosts_open(const char *path, struct err *err);
/* Over /etc/hosts, in a mount namespace of the caller's own. A machine without that file has
 * nothing to mount over, and no names from it. */
int confine_hosts_mount(int fd, struct err *err);

#endif
