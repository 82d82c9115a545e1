/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs may use: key "limits" of a router, or of an application on it. */
#ifndef VLSP_LIB_TOPO_LIMITS_H
#define VLSP_LIB_TOPO_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* {memory: 256M, cpu: 50%, pids: 100}: all programs on one router together; 0: the daemon's default
 * (lib/confine/confine.h). Of an application: within those; 0: none of its own. */
struct topo_limits {
	uint64_t memory; /* bytes */
	uint32_t cpu;	 /* percent of one processor; 200: two of them */
	uint32_t pids;	 /* processes and threads */
};

/* As topo_shape_parse() and so on: key "memory" (4M to 1024T; bytes, or K, M, G, T of 1024), "cpu"
 * (1% to 100000%), "pids" (8 to 4194304). */
int topo_limits_parse(struct topo_limits *limits, const char *key, const char *value,
		      struct err *err);
int topo_limits_format(const struct topo_limits *limits, size_t i, const char **ret_key,
		       char value[48]);
bool topo_limits_equal(const struct topo_limits *x, const struct topo_limits *y);

#endif
