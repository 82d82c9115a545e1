/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host back end answers when it is asked about something that runs (host_ops.h). */
#ifndef VLSP_DAEMON_HOST_HOST_VIEW_H
#define VLSP_DAEMON_HOST_HOST_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct host_counts { /* one port's counters, summed over CPUs; see include/shared/maps.h */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t drop[13];
};

/*
 * Emulation of one direction, by the port of its sending end, since the link was made. Zeros where
 * nothing is emulated. Late: sent more than HOST_LATE_NS after it was due, because the machine is
 * too slow for what was asked.
 */
#define HOST_LATE_NS 1000000u
struct host_line {
	uint64_t duplicated, corrupted, reordered;
	uint64_t late, late_max_ns;
	uint32_t queue, queue_max; /* datagrams that wait for the rate: now, at most */
	uint32_t held;		   /* datagrams that wait for their delay, now */
};

/* How the machine keeps up with emulation as a whole. */
struct host_pace {
	bool running;  /* a relay is there; false: no direction needs one */
	bool realtime; /* it has real-time priority */
	uint64_t sent, late;
	uint64_t overruns;   /* datagrams lost because it did not read in time, or had no memory */
	uint64_t starved_ns; /* that it was ready to run and had no processor */
	uint32_t restarts;
};

/* What this machine can do, as tried at start. Texts live as long as the host. */
struct host_capability {
	const char *name;   /* "sch_netem", "relay", ... */
	const char *serves; /* "delay, jitter, ... by the kernel" */
	bool present;
	char why[160]; /* "": present; otherwise what the kernel said */
};

/* What a program needs to become an application on a router (lib/confine/confine.h). */
struct host_app {
	uint32_t uid;	/* 0: stays root */
	char **cgroups; /* directories to join; ends with NULL; freed as one block. NULL: none */
};

#endif
