// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routers: slot, address and FIB map. The FIB's content is written by the router's process through
 * its own mapping; here a map is made, entered, replaced by a larger one, and taken away. Called by
 * the local host back end.
 */
#include "bpf/loader/taps_priv.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int fib_new(uint32_t slot, uint32_t capacity)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	char name[16];

	snprintf(name, sizeof(name), "vlsp_fib_%u", slot % VLSP_SLOT_MAX);
	return bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), sizeof(struct vlsp_fib),
			      capacity, &opts);
}

int bld_nothing_new(struct bld *bld)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);

	bld->nothing = bpf_map_create(BPF_MAP_TYPE_ARRAY, BLD_NOTHING, sizeof(uint32_t),
				      sizeof(struct vlsp_fib), VLSP_FIB_MIN, &opts);
	return bld->nothing < 0 ? bld->nothing : 0;
}

static bool capacity_ok(uint32_t capacity)
{
	return capacity >= VLSP_FIB_MIN && capacity <= VLSP_SLOT_MAX &&
	       (capacity & (capacity - 1)) == 0;
}

static int check_add(struct bld *bld, uint32_t slot, uint32_t address, uint32_t edge_port,
		     uint32_t capacity, struct err *err)
{
	uint32_t owner;

	if (slot >= VLSP_SLOT_MAX)
		return err_set(err, EINVAL, "router slot %u is past the limit of %u routers", slot,
			       VLSP_SLOT_MAX);
	if (bld->slots[slot].address)
		return err_set(err, EEXIST, "router slot %u is in use", slot);
	if (edge_port < VLSP_PORT_FIRST || edge_port >= VLSP_PORT_MAX)
		return err_set(err, EINVAL, "edge port %u is outside of %u to %u", edge_port,
			       VLSP_PORT_FIRST, VLSP_PORT_MAX - 1);
	if (!capacity_ok(capacity))
		return err_set(err, EINVAL, "FIB capacity %u is not a power of two from %u to %u",
			       capacity, VLSP_FIB_MIN, VLSP_SLOT_MAX);
	if (!address || (address & bld->mask) != bld->network)
		return err_set(err, EINVAL, "address %u.%u.%u.%u is not of the virtual network",
			       address >> 24, address >> 16 & 255, address >> 8 & 255,
			       address & 255);
	owner = bld->addr[address & ~bld->mask].slot1;
	if (owner)
		return err_set(err, EEXIST, "address %u.%u.%u.%u belongs to slot %u already",
			       address >> 24, address >> 16 & 255, address >> 8 & 255,
			       address & 255, owner - 1);
	return 0;
}

int bld_router_add(struct bld *bld, uint32_t slot, uint32_t address, uint32_t edge_port,
		   uint32_t capacity, struct err *err)
{
	const struct vlsp_router record = {.edge = edge_port};
	struct bld_slot *s;
	int fib, r;

	r = check_add(bld, slot, address, edge_port, capacity, err);
	if (r < 0)
		return r;
	r = bld_count_prepare(bld, edge_port);
	if (r < 0)
		return err_errno(err, r, "counters of router slot %u", slot);
	fib = fib_new(slot, capacity);
	if (fib < 0)
		return err_errno(err, fib, "FIB of router slot %u", slot);
	r = bpf_map_update_elem(bld->fds[BLD_ROUTER], &slot, &record, BPF_ANY);
	if (r == 0)
		r = outer_set(bld->fibs, slot, fib);
	if (r < 0) { /* the record is right: the slot may have a FIB that is to go */
		close(fib);
		return err_errno(err, r, "entering router slot %u", slot);
	}
	s = &bld->slots[slot];
	s->pending = true;
	s->fib = fib;
	s->capacity = capacity;
	s->edge_port = edge_port;
	s->address = address;
	__atomic_store_n(&bld->addr[address & ~bld->mask].slot1, slot + 1, __ATOMIC_RELEASE);
	return 0;
}

int bld_slot_bury(struct bld *bld, uint32_t slot, uint32_t edge)
{
	const struct vlsp_router record = {.edge = edge};
	int r = bpf_map_update_elem(bld->fds[BLD_ROUTER], &slot, &record, BPF_ANY);

	if (r == 0)
		r = outer_set(bld->fibs, slot, bld->nothing);
	bld->slots[slot] = (struct bld_slot){.fib = -1, .next = -1, .pending = r == 0};
	return r;
}

static struct vlsp_router record_of(const struct bld_slot *s)
{
	return (struct vlsp_router){.address = htonl(s->address),
				    .edge = s->address ? s->edge_port : 0,
				    .flags = s->flags,
				    .hint = s->hint,
				    .tap = s->tap};
}

int bld_slots_settle(struct bld *bld)
{
	int r = 0;

	for (uint32_t slot = 0; r == 0 && slot < VLSP_SLOT_MAX; slot++) {
		struct bld_slot *s = &bld->slots[slot];
		const struct vlsp_router record = record_of(s);

		if (!s->pending)
			continue;
		r = bpf_map_update_elem(bld->fds[BLD_ROUTER], &slot, &record, BPF_ANY);
		s->pending = r < 0;
	}
	return r;
}

static int change(struct bld *bld, uint32_t slot, const struct bld_slot *next)
{
	const struct vlsp_router record = record_of(next), old = record_of(&bld->slots[slot]);
	int r = 0;

	/* One whose FIB is being written gets it with its address. */
	if (memcmp(&record, &old, sizeof(record)) != 0 && !next->pending)
		r = bpf_map_update_elem(bld->fds[BLD_ROUTER], &slot, &record, BPF_ANY);
	if (r == 0)
		bld->slots[slot] = *next;
	return r;
}

int bld_router_mark(struct bld *bld, uint32_t slot, uint32_t flags, bool on)
{
	struct bld_slot next = bld->slots[slot];

	next.flags = on ? next.flags | flags : next.flags & ~flags;
	return change(bld, slot, &next);
}

int bld_router_hint(struct bld *bld, uint32_t slot, const struct vlsp_hint *hint)
{
	struct bld_slot next = bld->slots[slot];

	next.hint = *hint;
	return change(bld, slot, &next);
}

int bld_router_tap(struct bld *bld, uint32_t slot, bool on, const struct vlsp_hint *hint)
{
	struct bld_slot next = bld->slots[slot];

	next.flags = on ? next.flags | VLSP_ROUTER_TAP : next.flags & ~VLSP_ROUTER_TAP;
	next.tap = *hint;
	return change(bld, slot, &next);
}

void bld_router_del(struct bld *bld, uint32_t slot)
{
	struct vlsp_addr *addr;
	struct bld_slot *s;

	if (slot >= VLSP_SLOT_MAX || !bld->slots[slot].address)
		return;
	s = &bld->slots[slot];
	if (s->flags & VLSP_ROUTER_CHAIN)
		bld_chain_forget(bld, slot);
	if (s->flags & VLSP_ROUTER_TAP)
		bld_taps_forget(bld, s->edge_port);
	addr = &bld->addr[s->address & ~bld->mask];
	if (addr->slot1 == slot + 1)
		__atomic_store_n(&addr->slot1, 0, __ATOMIC_RELEASE);
	if (s->next >= 0)
		close(s->next);
	close(s->fib);
	(void)bld_slot_bury(bld, slot, s->edge_port);
}

int bld_router_fib(const struct bld *bld, uint32_t slot)
{
	if (slot >= VLSP_SLOT_MAX || bld->slots[slot].fib < 0)
		return -ENOENT;
	return bld->slots[slot].fib;
}

uint32_t bld_router_capacity(const struct bld *bld, uint32_t slot)
{
	return slot < VLSP_SLOT_MAX ? bld->slots[slot].capacity : 0;
}

uint32_t bld_router_fib_id(const struct bld *bld, uint32_t slot)
{
	int fd = bld_router_fib(bld, slot);

	return fd < 0 ? 0 : bld_id(fd);
}

int bld_router_read(const struct bld *bld, uint32_t slot, struct vlsp_router *ret_record)
{
	struct vlsp_router record;
	int r;

	if (slot >= VLSP_SLOT_MAX)
		return -ENOENT;
	r = bpf_map_lookup_elem(bld->fds[BLD_ROUTER], &slot, &record);
	if (r < 0)
		return r;
	if (!record.address)
		return -ENOENT;
	*ret_record = record;
	return 0;
}

int bld_router_grow(struct bld *bld, uint32_t slot, uint32_t capacity)
{
	struct bld_slot *s = slot < VLSP_SLOT_MAX ? &bld->slots[slot] : NULL;
	int fib;

	if (!s || s->fib < 0)
		return -ENOENT;
	if (!capacity_ok(capacity) || capacity < s->capacity)
		return -EINVAL;
	fib = fib_new(slot, capacity);
	if (fib < 0)
		return fib;
	if (s->next >= 0)
		close(s->next);
	s->next = fib;
	s->next_capacity = capacity;
	return fib;
}

int bld_router_switch(struct bld *bld, uint32_t slot)
{
	struct bld_slot *s = slot < VLSP_SLOT_MAX ? &bld->slots[slot] : NULL;
	int r;

	if (!s || s->next < 0)
		return -ENOENT;
	r = outer_set(bld->fibs, slot, s->next);
	if (r < 0)
		return r;
	close(s->fib);
	s->fib = s->next;
	s->capacity = s->next_capacity;
	s->next = -1;
	return 0;
}

int bld_network_check(uint32_t network, unsigned prefix_len)
{
	if (prefix_len < 16 || prefix_len > 30 || (network & (~0u >> prefix_len)))
		return -EINVAL;
	return 0;
}

int bld_conf_write(struct bld *bld, uint32_t network, uint32_t mask)
{
	struct vlsp_conf conf = {
		.network = htonl(network),
		.mask = htonl(mask),
		.ncpu = bld->ncpu,
		.layout = VLSP_LAYOUT,
		.real = bld->real,
		.cuts = bld->cuts,
	};
	uint32_t zero = 0;

	return bpf_map_update_elem(bld->fds[BLD_CONF], &zero, &conf, BPF_ANY);
}

int bld_network_set(struct bld *bld, uint32_t network, unsigned prefix_len)
{
	uint32_t mask = prefix_len ? ~0u << (32 - prefix_len) : 0;
	int r = bld_network_check(network, prefix_len);

	if (r < 0)
		return r;
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		uint32_t address = bld->slots[slot].address;

		if (address && (address & mask) != network)
			return -EBUSY;
	}
	r = bld_conf_write(bld, network, mask);
	if (r < 0)
		return r;
	/* Host parts are other numbers now. */
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX && bld->mask; slot++) {
		if (bld->slots[slot].address)
			bld->addr[bld->slots[slot].address & ~bld->mask].slot1 = 0;
	}
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		if (bld->slots[slot].address)
			bld->addr[bld->slots[slot].address & ~mask].slot1 = slot + 1;
	}
	bld->network = network;
	bld->mask = mask;
	return 0;
}

void bld_network(const struct bld *bld, uint32_t *ret_network, unsigned *ret_prefix_len)
{
	*ret_network = bld->network;
	*ret_prefix_len = (unsigned)__builtin_popcount(bld->mask);
}
