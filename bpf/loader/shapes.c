// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shapes of directions, what the programs keep of them, and the ring to the relay. Called by the
 * local host back end, by one thread at a time.
 */
#include "bpf/loader/loader_priv.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#define RING_SIZE                                                                                  \
	(16u << 20) /* bytes: 10,000 datagrams of full size wait for a relay that is late */

int bld_shape_set(struct bld *bld, uint32_t port, const struct vlsp_shape *shape, bool anew)
{
	struct vlsp_shape next = *shape, old;
	struct vlsp_fate fate = {0};
	int r;

	if (port < VLSP_PORT_FIRST || port >= VLSP_PORT_MAX)
		return -EINVAL;
	r = bpf_map_lookup_elem(bld->fds[BLD_SHAPE], &port, &old);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && old.key == next.key && old.link == next.link && !anew)
		next.epoch = old.epoch;
	else if (bpf_map_lookup_elem(bld->fds[BLD_FATE], &port, &fate) == 0)
		next.epoch = fate.epoch + 1;
	else
		next.epoch = 1;
	if (next.epoch == 1) {
		fate.epoch = 1;
		r = bpf_map_update_elem(bld->fds[BLD_FATE], &port, &fate, BPF_NOEXIST);
		if (r < 0 && r != -EEXIST)
			return r;
	}
	return bpf_map_update_elem(bld->fds[BLD_SHAPE], &port, &next, BPF_ANY);
}

void bld_shape_del(struct bld *bld, uint32_t port)
{
	bpf_map_delete_elem(bld->fds[BLD_SHAPE], &port);
	bpf_map_delete_elem(bld->fds[BLD_FATE], &port);
}

int bld_shape_read(const struct bld *bld, uint32_t port, struct vlsp_shape *ret_shape)
{
	return bpf_map_lookup_elem(bld->fds[BLD_SHAPE], &port, ret_shape);
}

int bld_fate_read(const struct bld *bld, uint32_t port, struct vlsp_fate *ret_fate)
{
	return bpf_map_lookup_elem(bld->fds[BLD_FATE], &port, ret_fate);
}

int bld_real_set(struct bld *bld, bool real)
{
	bool before = bld->real;
	int r;

	bld->real = real;
	r = bld_conf_write(bld, bld->network, bld->mask);
	if (r < 0)
		bld->real = before;
	return r;
}

bool bld_real(const struct bld *bld)
{
	return bld->real;
}

uint32_t bld_shaped(const struct bld *bld)
{
	return bld->shaped;
}

int bld_ring_need(struct bld *bld)
{
	uint32_t zero = 0;
	int fd, r;

	if (bld->ring >= 0)
		return bld->ring;
	fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "vlsp_ring_0", 0, 0, RING_SIZE, NULL);
	if (fd < 0)
		return fd;
	r = bpf_map_update_elem(bld->fds[BLD_RING], &zero, &fd, BPF_ANY);
	if (r < 0) {
		close(fd);
		return r;
	}
	bld->ring = fd;
	return fd;
}

int bld_map_wake(const struct bld *bld)
{
	return bld->fds[BLD_WAKE];
}
