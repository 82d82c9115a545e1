/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host back end answers when it is asked about something that runs (host_ops.h). */
#ifndef VLSP_DAEMON_HOST_HOST_VIEW_H
#define VLSP_DAEMON_HOST_HOST_VIEW_H

#include <stdint.h>

struct host_counts { /* one port's counters, summed over CPUs; see include/shared/maps.h */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t drop[12];
};

/* What a program needs to become an application on a router (lib/confine/confine.h). */
struct host_app {
	uint32_t uid;	/* 0: stays root */
	char **cgroups; /* directories to join; ends with NULL; freed as one block. NULL: none */
};

#endif
