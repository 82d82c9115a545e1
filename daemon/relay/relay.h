/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay: takes frames of shaped directions from the programs' ring, holds each until it is due,
 * and sends it into its link. One process for all routers of an instance, one thread. It outlives
 * the daemon that started it, as router processes do.
 */
#ifndef VLSP_DAEMON_RELAY_RELAY_H
#define VLSP_DAEMON_RELAY_RELAY_H

#include <stdint.h>

struct relay_config {
	const char *socket; /* of the daemon */
	uint32_t uid;	    /* user that it becomes; 0: stays root */
	uint64_t memory;    /* bytes of frames that are held */
	unsigned spin;	    /* percent of a processor that may be spent on waiting exactly */
};

/* Runs until the daemon says QUIT. An exit status. */
int relay_run(const struct relay_config *config);

#endif
