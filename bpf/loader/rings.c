// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ring buffers of functions and of taps, by index, in maps of maps. Those of an earlier daemon are
 * looked up when they are asked for, because a look-up may take long (inner.c). Called by
 * functions.c and taps.c.
 */
#include "bpf/loader/rings.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpf/loader/loader_priv.h"

#define THREADS 4 /* that wait for the kernel */

int bld_rings_new(struct bld_rings *rings, int map, uint32_t count)
{
	rings->count = count;
	rings->fds = calloc(count, sizeof(*rings->fds));
	rings->sizes = calloc(count, sizeof(*rings->sizes));
	if (!rings->fds || !rings->sizes)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		rings->fds[i] = BLD_NO_RING;
	return outer_new(map, count, THREADS, &rings->outer);
}

void bld_rings_done(struct bld_rings *rings)
{
	outer_free(rings->outer);
	for (uint32_t i = 0; rings->fds && i < rings->count; i++)
		if (rings->fds[i] >= 0)
			close(rings->fds[i]);
	free(rings->fds);
	free(rings->sizes);
	*rings = (struct bld_rings){0};
}

/* Of an earlier daemon. */
static int look_up(struct bld_rings *rings, int map, uint32_t index)
{
	struct bld_inner inner = {.outer = map, .key = index};

	bld_inners_open(&inner, 1);
	if (inner.fd < 0 && inner.fd != -ENOENT)
		return inner.fd;
	rings->fds[index] = inner.fd < 0 ? BLD_NO_RING : inner.fd;
	rings->sizes[index] = inner.info.max_entries;
	return 0;
}

int bld_rings_need(struct bld_rings *rings, int map, uint32_t index, uint32_t bytes,
		   const char *name)
{
	int fd, r = 0;

	if (index >= rings->count)
		return -EINVAL;
	if (rings->fds[index] == BLD_UNKNOWN)
		r = look_up(rings, map, index);
	if (r < 0)
		return r;
	if (rings->fds[index] >= 0 && rings->sizes[index] == bytes)
		return rings->fds[index];
	fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, name, 0, 0, bytes, NULL);
	if (fd < 0)
		return fd;
	r = outer_set(rings->outer, index, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	if (rings->fds[index] >= 0)
		close(rings->fds[index]);
	rings->fds[index] = fd;
	rings->sizes[index] = bytes;
	return fd;
}

void bld_rings_clear(struct bld_rings *rings, uint32_t index)
{
	if (rings->fds[index] == BLD_NO_RING)
		return;
	if (rings->fds[index] >= 0)
		close(rings->fds[index]);
	rings->fds[index] = BLD_NO_RING;
	(void)outer_clear(rings->outer, index); /* index is below count */
}
