// SPDX-License-Identifier: GPL-2.0-or-later
/* What emulates a direction of a link, and how that goes. Called through host_ops. */
#include <string.h>

#include "daemon/host/local_priv.h"

static void read_line(struct local *local, uint32_t port, struct host_line *ret)
{
	struct vlsp_port record;
	struct vlsp_fate fate;
	struct vlsp_line line;

	*ret = (struct host_line){0};
	if (bld_port_read(local->bld, port, &record) < 0)
		return;
	if (bld_fate_read(local->bld, port, &fate) == 0) {
		ret->duplicated = fate.duplicated;
		ret->corrupted = fate.corrupted;
		ret->reordered = fate.reordered;
	}
	local_relay_line(local->emulation->relay, port, record.link, &line);
	ret->late = line.late;
	ret->late_max_ns = line.late_max_ns;
	ret->queue = line.queue;
	ret->queue_max = line.queue_max;
	ret->held = line.held;
}

int local_lines_read(struct host *host, const uint32_t *ports, size_t count, struct host_line *ret)
{
	struct local *local = (struct local *)host;

	pthread_mutex_lock(&local->bld_lock);
	for (size_t i = 0; i < count; i++)
		read_line(local, ports[i], &ret[i]);
	pthread_mutex_unlock(&local->bld_lock);
	return 0;
}

void local_shape_counts(struct local *local, uint32_t port, struct host_counts *counts)
{
	struct vlsp_port record;
	struct vlsp_line line;

	if (bld_port_read(local->bld, port, &record) < 0)
		return;
	local_relay_line(local->emulation->relay, port, record.link, &line);
	counts->drop[VLSP_DROP_QUEUE] += line.dropped;
	counts->drop[VLSP_DROP_OVERRUN] += line.overruns;
	counts->drop[VLSP_DROP_DOWN] += line.gone;
}

void local_pace_read(struct host *host, struct host_pace *ret_pace)
{
	local_relay_pace(((struct local *)host)->emulation->relay, ret_pace);
}

int local_shape_check(struct host *host, const struct topo_shape *shape,
		      char ret_backends[HOST_BACKENDS_SIZE], struct err *err)
{
	struct shape_plan plan;
	int r = shape_plan(shape, ((struct local *)host)->emulation->can, &plan, err);

	if (r == 0)
		memcpy(ret_backends, plan.text, sizeof(plan.text));
	return r;
}

_Static_assert(SHAPE_TEXT_SIZE == HOST_BACKENDS_SIZE, "copied");

const struct host_capability *local_capabilities(struct host *host, size_t *ret_count)
{
	const struct local_emulation *emulation = ((struct local *)host)->emulation;

	*ret_count = emulation->capability_count;
	return emulation->capabilities;
}
