// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the maps of an instance as they are: whole tables at once, and what is in use of them.
 * Called by adopt.c, and by the local host back end when it compares what is with what is wanted.
 */
#include "bpf/loader/loader_priv.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#define BATCH 4096

int bld_table_read(int map, uint32_t entries, size_t value_size, void *values)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	static __thread uint32_t keys[BATCH];
	uint32_t at = 0, next = 0;

	while (at < entries) {
		uint32_t n = entries - at < BATCH ? entries - at : BATCH;
		int r = bpf_map_lookup_batch(map, at ? &next : NULL, &next, keys,
					     (char *)values + at * value_size, &n, &opts);

		if (r < 0 && r != -ENOENT) /* ENOENT: that was the last one */
			return r;
		at += n;
		if (r == -ENOENT || n == 0)
			break;
	}
	return at == entries ? 0 : -EIO;
}

uint32_t bld_id(int fd)
{
	struct { /* how the information on every kind of object begins */
		uint32_t type, id;
	} info = {0};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.id;
}

int bld_slots_each(const struct bld *bld,
		   void (*fn)(void *arg, uint32_t slot, const struct vlsp_router *record),
		   void *arg)
{
	struct vlsp_router *records = calloc(VLSP_SLOT_MAX, sizeof(*records));
	int r = -ENOMEM;

	if (records)
		r = bld_table_read(bld->fds[BLD_ROUTER], VLSP_SLOT_MAX, sizeof(*records), records);
	for (uint32_t slot = 0; r == 0 && slot < VLSP_SLOT_MAX; slot++) {
		if (records[slot].address)
			fn(arg, slot, &records[slot]);
	}
	free(records);
	return r;
}

int bld_ports_each(const struct bld *bld,
		   void (*fn)(void *arg, uint32_t port, const struct vlsp_port *record), void *arg)
{
	struct vlsp_port *records = calloc(VLSP_PORT_MAX, sizeof(*records));
	int r = -ENOMEM;

	if (records)
		r = bld_table_read(bld->fds[BLD_PORT], VLSP_PORT_MAX, sizeof(*records), records);
	for (uint32_t port = 0; r == 0 && port < VLSP_PORT_MAX; port++) {
		records[port].flags &= ~BLD_MARKS;
		if (records[port].flags & VLSP_PORT_VALID)
			fn(arg, port, &records[port]);
	}
	free(records);
	return r;
}

static void note_use(void *arg, uint32_t slot, const struct vlsp_router *record)
{
	(void)slot;
	(void)record;
	*(int *)arg = 1;
}

int bld_table_in_use(const struct bld *bld)
{
	int used = 0, r = bld_slots_each(bld, note_use, &used);

	return r < 0 ? r : used;
}
