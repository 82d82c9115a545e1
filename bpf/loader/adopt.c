// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking over what an earlier daemon left: the loader's picture of an instance is made from its
 * maps. What programs see of a router or port that is whole is not written to. What was half made
 * when that daemon ended is taken back: routers.c says how a record tells that. Only entries of
 * maps of maps that records speak of are looked up, because that may take long (inner.c). Called by
 * loader.c.
 */
#include "bpf/loader/taps_priv.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct adoption {
	struct bld *bld;
	struct vlsp_router *routers; /* VLSP_SLOT_MAX */
	struct bld_inner *inners;    /* the ring, chunks, and from first_fib on FIBs */
	size_t count, first_fib;
	bool wanted[BLD_CHUNKS];
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
	bld->cuts = conf.cuts;
	return 0;
}

/* --- what is looked up ----------------------------------------------------------------------- */

static void want(struct adoption *adoption, int outer, uint32_t key)
{
	adoption->inners[adoption->count++] = (struct bld_inner){
		.outer = outer, .key = key, .fd = -1};
}

static void want_chunk(struct adoption *adoption, uint32_t port)
{
	uint32_t chunk = port / VLSP_COUNT_CHUNK;

	if (port >= VLSP_PORT_MAX || adoption->wanted[chunk])
		return;
	adoption->wanted[chunk] = true;
	want(adoption, adoption->bld->fds[BLD_COUNT], chunk);
}

static void take_port(void *arg, uint32_t port, const struct vlsp_port *record)
{
	struct adoption *adoption = arg;

	if (record->flags & (VLSP_PORT_SHAPED | VLSP_PORT_QUEUE))
		adoption->bld->shaped++;
	want_chunk(adoption, port);
}

/* FIBs of slots that are in use, chunks of counters with a port that is, the ring. */
static int look_up(struct adoption *adoption)
{
	struct bld *bld = adoption->bld;
	int r;

	adoption->inners = calloc(VLSP_SLOT_MAX + BLD_CHUNKS + 1, sizeof(*adoption->inners));
	if (!adoption->inners)
		return -ENOMEM;
	want(adoption, bld->fds[BLD_RING], 0);
	r = bld_ports_each(bld, take_port, adoption);
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (adoption->routers[slot].address)
			want_chunk(adoption, adoption->routers[slot].edge);
	adoption->first_fib = adoption->count;
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (adoption->routers[slot].address)
			want(adoption, bld->fds[BLD_FIB], slot);
	if (r == 0)
		bld_inners_open(adoption->inners, adoption->count);
	return r;
}

/* --- what it becomes ------------------------------------------------------------------------- */

/* The descriptor is the caller's from now on. */
static int take_fd(struct bld_inner *inner)
{
	int fd = inner->fd;

	inner->fd = -1;
	return fd;
}

static int adopt_shared(struct adoption *adoption)
{
	struct bld *bld = adoption->bld;
	int r = 0;

	for (size_t i = 0; r == 0 && i < adoption->first_fib; i++) {
		struct bld_inner *inner = &adoption->inners[i];

		if (inner->fd == -ENOENT)
			continue;
		if (inner->fd < 0)
			r = inner->fd;
		else if (inner->outer == bld->fds[BLD_RING])
			bld->ring = take_fd(inner);
		else if ((r = bld_chunk_take(bld, inner->key, inner->fd)) == 0)
			take_fd(inner);
	}
	return r;
}

static int adopt_router(struct bld *bld, struct bld_inner *inner, const struct vlsp_router *router)
{
	uint32_t address = ntohl(router->address);

	if (inner->fd < 0 && inner->fd != -ENOENT)
		return inner->fd;
	if (inner->fd < 0 || strcmp(inner->info.name, BLD_NOTHING) == 0 ||
	    (address & bld->mask) != bld->network)
		return bld_slot_bury(bld, inner->key, router->edge);
	bld->slots[inner->key] = (struct bld_slot){.address = address,
						   .edge_port = router->edge,
						   .capacity = inner->info.max_entries,
						   .flags = router->flags,
						   .fib = take_fd(inner),
						   .next = -1};
	return bld_chunk_need(bld, router->edge);
}

static int adopt_slots(struct adoption *adoption)
{
	const struct vlsp_router *routers = adoption->routers;
	struct bld *bld = adoption->bld;
	int r = bld_nothing_new(bld);

	for (size_t i = adoption->first_fib; r == 0 && i < adoption->count; i++)
		r = adopt_router(bld, &adoption->inners[i], &routers[adoption->inners[i].key]);
	for (uint32_t slot = 0; r == 0 && slot < VLSP_SLOT_MAX; slot++)
		if (!routers[slot].address && routers[slot].edge)
			r = bld_slot_bury(bld, slot, routers[slot].edge);
	return r;
}

static void need_chunk(void *arg, uint32_t port, const struct vlsp_port *record)
{
	struct adoption *adoption = arg;
	int r = bld_chunk_need(adoption->bld, port);

	(void)record;
	if (r < 0)
		adoption->status = r;
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

static int adopt_maps(struct adoption *adoption)
{
	struct bld *bld = adoption->bld;
	int r;

	adoption->routers = calloc(VLSP_SLOT_MAX, sizeof(*adoption->routers));
	if (!adoption->routers)
		return -ENOMEM;
	r = bld_table_read(bld->fds[BLD_ROUTER], VLSP_SLOT_MAX, sizeof(*adoption->routers),
			   adoption->routers);
	if (r == 0)
		r = look_up(adoption);
	if (r == 0)
		r = adopt_shared(adoption);
	if (r == 0)
		r = adopt_slots(adoption);
	if (r == 0)
		r = bld_ports_each(bld, need_chunk, adoption);
	if (r == 0)
		r = adoption->status;
	if (r == 0)
		r = bld_table_read(bld->fds[BLD_PORT], VLSP_PORT_MAX, sizeof(*bld->ports),
				   bld->ports);
	if (r == 0)
		r = bld_functions_adopt(bld);
	return r == 0 ? bld_taps_adopt(bld) : r;
}

int bld_adopt(struct bld *bld, uint32_t network, unsigned prefix_len, struct err *err)
{
	struct adoption adoption = {.bld = bld};
	int r = read_conf(bld, err), used;

	if (r < 0)
		return r;
	r = adopt_maps(&adoption);
	for (size_t i = 0; i < adoption.count; i++)
		if (adoption.inners[i].fd >= 0)
			close(adoption.inners[i].fd);
	free(adoption.inners);
	free(adoption.routers);
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
