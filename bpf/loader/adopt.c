// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking over what an earlier daemon left: the loader's picture of an instance is made from its
 * maps. What programs see of a router or port that is whole is not written to. What was half made
 * when that daemon ended is taken back, in the order in which routers.c and ports.c make things: a
 * record comes first, then the FIB, then the address. Called by loader.c.
 */
#include "bpf/loader/loader_priv.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct adoption {
	struct vlsp_router *routers; /* VLSP_SLOT_MAX */
	struct bld *bld;
	int status;
};

static int read_conf(struct bld *bld, struct err *err)
{
	struct vlsp_conf conf;
	uint32_t zero = 0, mask;
	int r = bpf_map_lookup_elem(bld->fds[BLD_CONF], &zero, &conf);

	if (r < 0)
		return err_errno(err, r, "%s/vlsp_conf", bld->dir);
	if (conf.layout != VLSP_LAYOUT)
		return err_set(
			err, EPROTO,
			"%s was made by another version of vlspd (layout %u, not %u): end it "
			"with that version, or by vlspd clean",
			bld->dir, conf.layout, VLSP_LAYOUT);
	if (conf.ncpu != bld->ncpu)
		return err_set(err, EPROTO,
			       "%s was made for %u processors, there are %u: end it by vlspd clean",
			       bld->dir, conf.ncpu, bld->ncpu);
	mask = ntohl(conf.mask);
	if ((mask | (mask - 1)) != ~0u || mask < 0xffff0000u || (ntohl(conf.network) & ~mask))
		return err_set(err, EPROTO, "%s/vlsp_conf: no network: end it by vlspd clean",
			       bld->dir);
	bld->network = ntohl(conf.network);
	bld->mask = mask;
	bld->real = conf.real;
	return 0;
}

int bld_inner_open(int outer, uint32_t key, struct bpf_map_info *ret_info)
{
	uint32_t id, size = sizeof(*ret_info);
	int fd, r = bpf_map_lookup_elem(outer, &key, &id);

	if (r < 0)
		return r;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	memset(ret_info, 0, sizeof(*ret_info));
	r = bpf_obj_get_info_by_fd(fd, ret_info, &size);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static bool is_nothing(const struct bpf_map_info *info)
{
	return strcmp(info->name, BLD_NOTHING) == 0;
}

/* The empty FIB that free slots have, so that it is not made a second time. */
static void find_nothing(struct bld *bld, const struct vlsp_router *routers)
{
	for (uint32_t slot = 0; bld->nothing < 0 && slot < VLSP_SLOT_MAX; slot++) {
		struct bpf_map_info info;
		int fib;

		if (routers[slot].address)
			continue;
		fib = bld_inner_open(bld->fds[BLD_FIB], slot, &info);
		if (fib >= 0 && is_nothing(&info))
			bld->nothing = fib;
		else if (fib >= 0)
			close(fib);
	}
}

static int adopt_slot(struct bld *bld, uint32_t slot, const struct vlsp_router *router)
{
	static const struct vlsp_router none;
	uint32_t address = ntohl(router->address);
	struct bpf_map_info info;
	int fib = bld_inner_open(bld->fds[BLD_FIB], slot, &info);
	bool whole = fib >= 0 && !is_nothing(&info) && (address & bld->mask) == bld->network;

	if (fib < 0 && fib != -ENOENT)
		return fib;
	if (address && whole) {
		bld->slots[slot] = (struct bld_slot){.address = address,
						     .edge_port = router->edge,
						     .capacity = info.max_entries,
						     .fib = fib,
						     .next = -1};
		return bld_chunk_need(bld, router->edge);
	}
	if (address) {
		int r = bpf_map_update_elem(bld->fds[BLD_ROUTER], &slot, &none, BPF_ANY);

		if (r < 0) {
			if (fib >= 0)
				close(fib);
			return r;
		}
	}
	if (fib >= 0) {
		int r = is_nothing(&info) ? 0 : outer_set(bld->fibs, slot, bld->nothing);

		close(fib);
		return r;
	}
	return 0;
}

static int adopt_slots(struct bld *bld, const struct vlsp_router *routers)
{
	int r = 0;

	find_nothing(bld, routers);
	if (bld->nothing < 0)
		r = bld_nothing_new(bld);
	for (uint32_t slot = 0; r == 0 && slot < VLSP_SLOT_MAX; slot++)
		r = adopt_slot(bld, slot, &routers[slot]);
	return r;
}

/* Addresses of routers that are there, and no others. */
static void adopt_addresses(struct bld *bld)
{
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		struct vlsp_addr *addr;

		if (!bld->slots[slot].address)
			continue;
		addr = &bld->addr[bld->slots[slot].address & ~bld->mask];
		if (!addr->slot1)
			__atomic_store_n(&addr->slot1, slot + 1, __ATOMIC_RELEASE);
	}
	for (uint32_t host = 0; host < VLSP_ADDR_MAX; host++) {
		uint32_t slot1 = bld->addr[host].slot1;

		if (slot1 && (slot1 > VLSP_SLOT_MAX ||
			      bld->slots[slot1 - 1].address != (bld->network | host)))
			__atomic_store_n(&bld->addr[host].slot1, 0, __ATOMIC_RELEASE);
	}
}

static int adopt_chunks(struct bld *bld)
{
	for (uint32_t chunk = 0; chunk < BLD_CHUNKS; chunk++) {
		struct bpf_map_info info;
		int fd = bld_inner_open(bld->fds[BLD_COUNT], chunk, &info), r;

		if (fd == -ENOENT)
			continue;
		r = fd < 0 ? fd : bld_chunk_take(bld, chunk, fd);
		if (r < 0) {
			if (fd >= 0)
				close(fd);
			return r;
		}
	}
	return 0;
}

static int adopt_ring(struct bld *bld)
{
	struct bpf_map_info info;
	int fd = bld_inner_open(bld->fds[BLD_RING], 0, &info);

	bld->ring = fd < 0 ? -1 : fd;
	return fd == -ENOENT || fd >= 0 ? 0 : fd;
}

static void need_chunk(void *arg, uint32_t port, const struct vlsp_port *record)
{
	struct adoption *adoption = arg;
	int r = bld_chunk_need(adoption->bld, port);

	if (record->flags & (VLSP_PORT_SHAPED | VLSP_PORT_QUEUE))
		adoption->bld->shaped++;
	if (r < 0)
		adoption->status = r;
}

int bld_adopt(struct bld *bld, uint32_t network, unsigned prefix_len, struct err *err)
{
	struct adoption adoption = {.bld = bld};
	int r = read_conf(bld, err), used;

	if (r < 0)
		return r;
	adoption.routers = calloc(VLSP_SLOT_MAX, sizeof(*adoption.routers));
	if (!adoption.routers)
		r = -ENOMEM;
	if (r == 0)
		r = bld_table_read(bld->fds[BLD_ROUTER], VLSP_SLOT_MAX, sizeof(*adoption.routers),
				   adoption.routers);
	if (r == 0)
		r = adopt_chunks(bld);
	if (r == 0)
		r = adopt_ring(bld);
	if (r == 0)
		r = adopt_slots(bld, adoption.routers);
	free(adoption.routers);
	if (r == 0)
		r = bld_ports_each(bld, need_chunk, &adoption);
	if (r == 0)
		r = adoption.status;
	if (r == 0)
		r = bld_pins_note(bld);
	if (r < 0)
		return err_errno(err, r, "taking over %s", bld->dir);
	adopt_addresses(bld);
	used = bld_table_in_use(bld);
	r = used == 0 ? bld_network_set(bld, network, prefix_len) : used < 0 ? used : 0;
	if (r < 0)
		return err_errno(err, r, "virtual network");
	bld->adopted = true;
	return 0;
}
