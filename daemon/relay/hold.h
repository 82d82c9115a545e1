/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for frames that wait: two sizes, given back here and never to the system. */
#ifndef VLSP_DAEMON_RELAY_HOLD_H
#define VLSP_DAEMON_RELAY_HOLD_H

#include <stddef.h>
#include <stdint.h>

#include "include/shared/maps.h"

struct line;

struct packet {
	struct packet *next; /* of a line's queue, or of what is free */
	struct line *line;
	uint64_t n, due_ns;
	uint32_t link, length;
	uint8_t flags; /* enum vlsp_frame_flags */
	uint8_t small; /* which size */
	uint16_t reserved;
	uint64_t delay_ns, jitter_ns; /* of the shape when it came */
	uint64_t key;
	uint8_t distribution, keep;
	uint8_t frame[];
};

struct hold {
	struct packet *free[2];
	uint64_t held, held_bytes, limit; /* limit: bytes */
};

/* limit: bytes of frames and what is needed beside them. */
void hold_init(struct hold *hold, uint64_t limit);
void hold_done(struct hold *hold); /* packets that are held must have been put back */
/* For a frame of that length, at most VLSP_FRAME_MAX; NULL: the limit is reached, or no memory. */
struct packet *hold_get(struct hold *hold, uint32_t length);
void hold_put(struct hold *hold, struct packet *packet);

#endif
