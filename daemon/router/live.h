/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the neighbour on one link is alive: pure, times are given. A link is up while the
 * neighbour says that it hears us (so: both ways) and has said so within the dead time.
 */
#ifndef VLSP_DAEMON_ROUTER_LIVE_H
#define VLSP_DAEMON_ROUTER_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct live {
	uint64_t floor_ns; /* what was received before this time does not count */
	uint64_t seen_ns;  /* last hello or greeting; 0: none */
	uint64_t heard_ns; /* last one that said that we are heard; 0: none */
	uint32_t epoch;	   /* the neighbour's incarnation; 0: not known */
	bool carrier;
	bool up;
};

enum live_change { LIVE_SAME, LIVE_UP, LIVE_LOST };

/* A new link: carrier is assumed, and what was received until now does not count. */
void live_init(struct live *live, uint64_t now_ns);

/*
 * What is known of the neighbour's hellos: its epoch, when the last one came, and when the last one
 * came that said "I hear you" (0: never). Older news than what is known has no effect. True: the
 * link was up and the neighbour is another incarnation now, so the link is down; live_judge()
 * tells whether it is up again.
 */
bool live_note(struct live *live, uint32_t epoch, uint64_t seen_ns, uint64_t heard_ns);

/* Decides. A link is not declared lost before grace_ns (0: no grace). */
enum live_change live_judge(struct live *live, uint64_t now_ns, uint64_t dead_ns,
			    uint64_t grace_ns);

/* Carrier came or went. True: the link was up and is not any more. */
bool live_carrier(struct live *live, bool carrier, uint64_t now_ns);

/* Whether our hellos say "I hear you". */
bool live_hears(const struct live *live, uint64_t now_ns, uint64_t dead_ns);

/* When the link will be lost if nothing comes; UINT64_MAX if it is not up. */
uint64_t live_deadline(const struct live *live, uint64_t dead_ns);

#endif
