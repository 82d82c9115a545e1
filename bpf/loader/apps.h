/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting what applications send and receive (bpf/apps.bpf.c). The programs are attached to a
 * control group and stay there, also without a daemon, until the group is removed; the map is found
 * by them. There are no pins. Not thread-safe.
 */
#ifndef VLSP_BPF_LOADER_APPS_H
#define VLSP_BPF_LOADER_APPS_H

#include <stdbool.h>
#include <stdint.h>

#include "include/shared/apps.h"
#include "lib/base/err.h"

struct bld_apps;

/* group: a directory of the unified hierarchy. Attaches, or takes over what is attached there. 0,
 * -EOPNOTSUPP and others of bpf(2) and open(2): nothing is counted. */
int bld_apps_open(const char *group, struct bld_apps **ret_apps, struct err *err);
/* keep: programs and map stay as long as the group; otherwise they are taken off it. NULL is fine.
 */
void bld_apps_close(struct bld_apps *apps, bool keep);
/* Of a group in that one, by its id; zeros: its sockets have had no packet. 0 or -errno. */
int bld_apps_read(const struct bld_apps *apps, uint64_t id, struct vlsp_app_count *ret_count);
void bld_apps_forget(struct bld_apps *apps, uint64_t id);

#endif
