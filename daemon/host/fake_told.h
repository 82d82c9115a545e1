/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters and emulation of the fake back end (fake_emulate.c), as tests say that they are. */
#ifndef VLSP_DAEMON_HOST_FAKE_TOLD_H
#define VLSP_DAEMON_HOST_FAKE_TOLD_H

#include "daemon/host/host_ops.h"

#define FAKE_TOLD_MAX 4
struct fake_told {     /* what a test says that a port's counters are */
	uint32_t port; /* 0: nothing */
	struct host_counts counts;
	struct host_line line;
};

int fake_counts_read(struct host *host, const uint32_t *ports, size_t count,
		     struct host_counts *ret);
int fake_lines_read(struct host *host, const uint32_t *ports, size_t count, struct host_line *ret);
void fake_pace_read(struct host *host, struct host_pace *ret_pace);
int fake_shape_check(struct host *host, const struct topo_shape *shape,
		     char ret_backends[HOST_BACKENDS_SIZE], struct err *err);
const struct host_capability *fake_capabilities(struct host *host, size_t *ret_count);

#endif
