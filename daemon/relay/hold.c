// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory for frames. Called by relay.c. Slabs are kept until the end; so is their address. */
#include "daemon/relay/hold.h"

#include <stdlib.h>

#define SMALL 192 /* bytes of a frame */

void hold_init(struct hold *hold, uint64_t limit)
{
	*hold = (struct hold){.limit = limit};
}

void hold_done(struct hold *hold)
{
	for (int small = 0; small < 2; small++) {
		struct packet *packet, *next;

		for (packet = hold->free[small]; packet; packet = next) {
			next = packet->next;
			free(packet);
		}
	}
	*hold = (struct hold){0};
}

static size_t size_of(int small)
{
	return sizeof(struct packet) + (small ? SMALL : VLSP_FRAME_MAX);
}

struct packet *hold_get(struct hold *hold, uint32_t length)
{
	int small = length <= SMALL;
	struct packet *packet = hold->free[small];

	if (length > VLSP_FRAME_MAX || hold->held_bytes + size_of(small) > hold->limit)
		return NULL;
	if (packet)
		hold->free[small] = packet->next;
	else
		packet = malloc(size_of(small));
	if (!packet)
		return NULL;
	packet->small = (uint8_t)small;
	packet->length = length;
	packet->next = NULL;
	hold->held++;
	hold->held_bytes += size_of(small);
	return packet;
}

void hold_put(struct hold *hold, struct packet *packet)
{
	hold->held--;
	hold->held_bytes -= size_of(packet->small);
	packet->next = hold->free[packet->small];
	hold->free[packet->small] = packet;
}
