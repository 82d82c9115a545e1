/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The FIB of this router. Called by router.c with what the routing protocol (or the controller)
 * selected. The fast path reads entries while they are written, so each is one 64-bit store.
 *
 * dst_of remembers which address an entry was written for: an address loses its slot when its
 * router is deleted, before the protocol takes the route back, and the slot may have another owner
 * by then, whose route must stay.
 */
#include "daemon/router/fib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fib {
	struct vlsp_fib *map;
	const struct vlsp_addr *addr;
	uint32_t *dst_of; /* by slot; 0: no route is entered */
	uint32_t capacity;
	uint32_t network, mask;
	uint32_t routes;
	uint64_t metric_sum;
	bool incomplete;
};

int fib_new(struct vlsp_fib *map, uint32_t capacity, const struct vlsp_addr *addr,
	    struct fib **ret_fib)
{
	struct fib *fib = calloc(1, sizeof(*fib));

	if (fib)
		fib->dst_of = calloc(capacity, sizeof(*fib->dst_of));
	if (!fib || !fib->dst_of) {
		free(fib);
		return -ENOMEM;
	}
	fib->map = map;
	fib->capacity = capacity;
	fib->addr = addr;
	*ret_fib = fib;
	return 0;
}

void fib_free(struct fib *fib)
{
	if (!fib)
		return;
	free(fib->dst_of);
	free(fib);
}

void fib_network(struct fib *fib, uint32_t network, unsigned prefix_len)
{
	fib->mask = ~(uint32_t)0 << (32 - prefix_len);
	fib->network = network & fib->mask;
}

static void store(struct fib *fib, uint32_t slot, uint32_t port, uint32_t metric)
{
	struct vlsp_fib entry = {.port = port, .metric = metric};
	uint64_t word;

	memcpy(&word, &entry, sizeof(word));
	__atomic_store_n((uint64_t *)(void *)&fib->map[slot], word, __ATOMIC_RELEASE);
}

/* The entry of dst: by its address, or where it was before the address was given up. */
static int slot_of(const struct fib *fib, uint32_t dst, uint32_t *ret_slot)
{
	uint32_t slot1;

	if ((dst & fib->mask) != fib->network || !fib->mask)
		return -EDOM;
	slot1 = __atomic_load_n(&fib->addr[dst & ~fib->mask].slot1, __ATOMIC_ACQUIRE);
	if (slot1 == 0)
		return -ENOENT;
	if (slot1 > fib->capacity)
		return -ENOSPC;
	*ret_slot = slot1 - 1;
	return 0;
}

static void uncount(struct fib *fib, uint32_t slot)
{
	if (!fib->dst_of[slot])
		return;
	fib->routes--;
	fib->metric_sum -= fib->map[slot].metric;
}

static void clear(struct fib *fib, uint32_t slot)
{
	uncount(fib, slot);
	fib->dst_of[slot] = 0;
	store(fib, slot, 0, 0);
}

int fib_set(struct fib *fib, uint32_t dst, uint32_t port, uint32_t metric)
{
	uint32_t slot = 0;
	int r = slot_of(fib, dst, &slot);

	if (r == -EDOM)
		return r;
	if (port == 0) {
		if (r == 0 && fib->dst_of[slot] == dst) {
			clear(fib, slot);
			return 0;
		}
		for (slot = 0; slot < fib->capacity; slot++) {
			if (fib->dst_of[slot] == dst)
				clear(fib, slot);
		}
		return 0;
	}
	if (r < 0) {
		fib->incomplete = true;
		return r;
	}
	uncount(fib, slot);
	fib->routes++;
	fib->metric_sum += metric;
	fib->dst_of[slot] = dst;
	store(fib, slot, port, metric);
	return 0;
}

bool fib_incomplete(const struct fib *fib)
{
	return fib->incomplete;
}

void fib_retry(struct fib *fib)
{
	fib->incomplete = false;
}

void fib_clear(struct fib *fib)
{
	for (uint32_t slot = 0; slot < fib->capacity; slot++)
		clear(fib, slot);
	fib->incomplete = false;
}

void fib_clear_port(struct fib *fib, uint32_t port)
{
	for (uint32_t slot = 0; slot < fib->capacity; slot++) {
		if (fib->dst_of[slot] && fib->map[slot].port == port)
			clear(fib, slot);
	}
}

uint32_t fib_port(const struct fib *fib, uint32_t dst)
{
	uint32_t slot;

	return slot_of(fib, dst, &slot) == 0 ? fib->map[slot].port : 0;
}

uint32_t fib_routes(const struct fib *fib)
{
	return fib->routes;
}

uint64_t fib_metric_sum(const struct fib *fib)
{
	return fib->metric_sum;
}

void fib_each(const struct fib *fib,
	      void (*fn)(void *arg, uint32_t dst, uint32_t port, uint32_t metric), void *arg)
{
	for (uint32_t slot = 0; slot < fib->capacity; slot++) {
		if (fib->dst_of[slot])
			fn(arg, fib->dst_of[slot], fib->map[slot].port, fib->map[slot].metric);
	}
}

int fib_move(struct fib *fib, struct vlsp_fib *map, uint32_t capacity)
{
	uint32_t *dst_of = calloc(capacity, sizeof(*dst_of));
	struct vlsp_fib *old = fib->map;
	uint32_t old_capacity = fib->capacity;

	if (!dst_of)
		return -ENOMEM;
	fib->map = map;
	fib->capacity = capacity;
	fib->routes = 0;
	fib->metric_sum = 0;
	for (uint32_t slot = 0; slot < old_capacity && slot < capacity; slot++) {
		dst_of[slot] = fib->dst_of[slot];
		if (dst_of[slot]) {
			fib->routes++;
			fib->metric_sum += old[slot].metric;
		}
		store(fib, slot, old[slot].port, old[slot].metric);
	}
	if (capacity < old_capacity)
		fib->incomplete = true;
	free(fib->dst_of);
	fib->dst_of = dst_of;
	return 0;
}
