// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Queue, rate and delay of a direction. Called by relay.c. A transmission begins when the one
 * before has ended, whenever that is noticed, so the rate does not depend on how well the relay
 * keeps up.
 */
#include "daemon/relay/line.h"

#include <string.h>

#include "include/shared/fate.h"
#include "lib/shape/dist.h"

#define NSEC 1000000000ULL

void line_init(struct line *line, uint32_t port, line_due_fn due, void *arg,
	       struct vlsp_line *stats)
{
	memset(line, 0, sizeof(*line));
	line->port = port;
	line->due = due;
	line->arg = arg;
	line->stats = stats;
	line->tail = &line->head;
}

void line_begin(struct line *line, uint32_t slot, uint32_t link)
{
	line->slot = slot;
	line->link = link;
	line->end_ns = line->rest = line->last_due_ns = 0;
	*line->stats = (struct vlsp_line){.link = link, .held = line->stats->held};
}

/* Bits times nanoseconds in a second. */
static uint64_t work_of(const struct line *line, const struct packet *packet)
{
	int64_t bytes = (int64_t)packet->length + line->shape.overhead;

	return (uint64_t)(bytes < 1 ? 1 : bytes) * 8 * NSEC;
}

/* Nanoseconds to transmit it; what does not divide is carried on to the next. */
static uint64_t transmission(struct line *line, const struct packet *packet)
{
	uint64_t work;

	if (!line->shape.rate)
		return 0;
	work = work_of(line, packet) + line->rest;
	line->rest = work % line->shape.rate;
	return work / line->shape.rate;
}

static uint64_t delay_of(const struct packet *packet)
{
	double deviation, delay;
	uint64_t drawn;

	if (packet->flags & VLSP_FRAME_EARLY)
		return 0;
	if (!packet->jitter_ns)
		return packet->delay_ns;
	drawn = fate_of(fate_base(packet->key, packet->n),
			packet->flags & VLSP_FRAME_COPY ? FATE_JITTER_COPY : FATE_JITTER);
	deviation = dist_quantile((enum topo_distribution)packet->distribution, dist_share(drawn));
	delay = (double)packet->delay_ns + deviation * (double)packet->jitter_ns;
	return delay > 0 ? (uint64_t)delay : 0;
}

static void leave(struct line *line, struct packet *packet, uint64_t at_ns)
{
	packet->due_ns = at_ns + delay_of(packet);
	if (packet->keep && packet->due_ns < line->last_due_ns)
		packet->due_ns = line->last_due_ns;
	line->last_due_ns = packet->due_ns;
	line->due(line->arg, packet);
}

void line_advance(struct line *line, uint64_t now_ns)
{
	while (line->head && line->end_ns <= now_ns) {
		struct packet *packet = line->head;

		line->head = packet->next;
		packet->next = NULL;
		line->stats->queue--;
		if (!line->head)
			line->tail = &line->head;
		leave(line, packet, line->end_ns);
		if (line->head)
			line->end_ns += transmission(line, line->head);
	}
}

static void reshape(struct line *line, const struct vlsp_shape *shape, uint64_t now_ns)
{
	double whole = line->head ? (double)work_of(line, line->head) : 0, left;
	uint64_t old = line->shape.rate;

	line->shape = *shape;
	if (old == shape->rate)
		return;
	line->rest = 0;
	if (!line->head || line->end_ns <= now_ns)
		return;
	/* Of the one that is being transmitted, the bits that are left take the new time; what came
	 * before the change may be told after it, and has not begun yet then. */
	left = (double)(line->end_ns - now_ns) * (double)old;
	if (left > whole)
		left = whole;
	line->end_ns = now_ns;
	if (shape->rate)
		line->end_ns += (uint64_t)(left / (double)shape->rate);
}

void line_shape(struct line *line, const struct vlsp_shape *shape, uint64_t now_ns)
{
	line_advance(line, now_ns);
	reshape(line, shape, now_ns);
	line_advance(line, now_ns);
}

bool line_take(struct line *line, struct packet *packet, uint64_t arrived_ns)
{
	const struct vlsp_shape *shape = &line->shape;

	packet->line = line;
	line_advance(line, arrived_ns);
	if (!shape->rate && !line->head) {
		leave(line, packet, arrived_ns);
		return true;
	}
	if (line->stats->queue >= shape->limit) {
		line->stats->dropped++;
		return false;
	}
	if (!line->head) {
		if (line->end_ns < arrived_ns) {
			line->end_ns = arrived_ns;
			line->rest = 0;
		}
		line->end_ns += transmission(line, packet);
	}
	*line->tail = packet;
	line->tail = &packet->next;
	if (++line->stats->queue > line->stats->queue_max)
		line->stats->queue_max = line->stats->queue;
	return true;
}
