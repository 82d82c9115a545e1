// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Network functions: their rings, programs and counters, the chains of routers, and the flows that
 * edges cut into packets. What programs look at is entered before the flags that make them look,
 * and removed after. Called by the daemon, by one thread at a time.
 */
#include "bpf/loader/functions.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bpf/loader/hint.h"
#include "bpf/loader/loader_priv.h"

static size_t fn_size(const struct bld *bld)
{
	return (size_t)VLSP_FN_MAX * bld->ncpu * sizeof(struct vlsp_fn_count);
}

static size_t tap_size(const struct bld *bld)
{
	return (size_t)VLSP_TAP_MAX * bld->ncpu * sizeof(struct vlsp_tap_count);
}

static int map_counts(int fd, size_t size, void **ret_rows)
{
	void *rows = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (rows == MAP_FAILED)
		return -errno;
	*ret_rows = rows;
	return 0;
}

int bld_functions_open(struct bld *bld)
{
	int r = map_counts(bld->fds[BLD_FN_COUNT], fn_size(bld), (void **)&bld->fn_counts);

	if (r == 0)
		r = map_counts(bld->fds[BLD_TAP_COUNT], tap_size(bld), (void **)&bld->tap_counts);
	if (r == 0)
		r = bld_rings_new(&bld->fn_rings, bld->fds[BLD_FN_RING], VLSP_FN_MAX);
	if (r == 0)
		r = bld_rings_new(&bld->tap_rings, bld->fds[BLD_TAP_RING], VLSP_TAP_MAX);
	return r;
}

void bld_functions_close(struct bld *bld)
{
	bld_rings_done(&bld->fn_rings);
	bld_rings_done(&bld->tap_rings);
	if (bld->fn_counts)
		munmap(bld->fn_counts, fn_size(bld));
	if (bld->tap_counts)
		munmap(bld->tap_counts, tap_size(bld));
}

/* --- functions ------------------------------------------------------------------------------- */

int bld_fn_ring(struct bld *bld, uint32_t index, uint32_t bytes)
{
	return bld_rings_need(&bld->fn_rings, bld->fds[BLD_FN_RING], index, bytes, "vlsp_fn");
}

int bld_fn_settle(const struct bld *bld)
{
	return outer_settle(bld->fn_rings.outer);
}

int bld_fn_prog(struct bld *bld, uint32_t index, int prog)
{
	if (index >= VLSP_FN_MAX)
		return -EINVAL;
	return bpf_map_update_elem(bld->fds[BLD_FN_PROG], &index, &prog, BPF_ANY);
}

void bld_fn_clear(struct bld *bld, uint32_t index)
{
	if (index >= VLSP_FN_MAX)
		return;
	bpf_map_delete_elem(bld->fds[BLD_FN_PROG], &index);
	bld_rings_clear(&bld->fn_rings, index);
	bld_fn_count_reset(bld, index);
}

int bld_fn_count_read(const struct bld *bld, uint32_t index, struct vlsp_fn_count *ret_count)
{
	const volatile struct vlsp_fn_count *row = bld->fn_counts + (size_t)index * bld->ncpu;
	struct vlsp_fn_count sum = {0};

	if (index >= VLSP_FN_MAX)
		return -EINVAL;
	for (uint32_t cpu = 0; cpu < bld->ncpu; cpu++, row++) {
		sum.packets += row->packets;
		sum.bytes += row->bytes;
		sum.dropped += row->dropped;
		sum.skipped += row->skipped;
	}
	*ret_count = sum;
	return 0;
}

void bld_fn_count_reset(struct bld *bld, uint32_t index)
{
	if (index < VLSP_FN_MAX)
		memset(bld->fn_counts + (size_t)index * bld->ncpu, 0,
		       bld->ncpu * sizeof(*bld->fn_counts));
}

/* --- chains ---------------------------------------------------------------------------------- */

static bool chain_ok(const struct vlsp_chain *chain)
{
	if (chain->count > VLSP_CHAIN_MAX)
		return false;
	for (uint32_t i = 0; i < chain->count; i++) {
		const struct vlsp_fn *fn = &chain->fn[i];

		if (fn->index >= VLSP_FN_MAX ||
		    (fn->kind != VLSP_FN_RING && fn->kind != VLSP_FN_PROG))
			return false;
	}
	return true;
}

static int ports_mark(struct bld *bld, uint32_t slot, bool on)
{
	int r = 0;

	for (uint32_t port = VLSP_PORT_FIRST; r == 0 && port < VLSP_PORT_MAX; port++)
		if (bld->ports[port].flags & VLSP_PORT_VALID && bld->ports[port].slot == slot)
			r = bld_port_mark(bld, port, VLSP_PORT_CHAIN, on ? VLSP_PORT_CHAIN : 0);
	return r;
}

static int chain_remove(struct bld *bld, uint32_t slot)
{
	int r = ports_mark(bld, slot, false);

	if (r == 0)
		r = bld_router_mark(bld, slot, VLSP_ROUTER_CHAIN, false);
	if (r == 0)
		r = bpf_map_delete_elem(bld->fds[BLD_CHAIN], &slot);
	return r == -ENOENT ? 0 : r;
}

int bld_chain_set(struct bld *bld, uint32_t slot, const struct vlsp_chain *chain)
{
	struct vlsp_hint hint;
	int r;

	if (slot >= VLSP_SLOT_MAX || !bld->slots[slot].address)
		return -ENOENT;
	if (!chain_ok(chain))
		return -EINVAL;
	if (chain->count == 0)
		return chain_remove(bld, slot);
	hint = bld_hint(chain);
	r = bpf_map_update_elem(bld->fds[BLD_CHAIN], &slot, chain, BPF_ANY);
	if (r == 0)
		r = bld_router_hint(bld, slot, &hint);
	if (r == 0)
		r = bld_router_mark(bld, slot, VLSP_ROUTER_CHAIN, true);
	return r == 0 ? ports_mark(bld, slot, true) : r;
}

int bld_chain_read(const struct bld *bld, uint32_t slot, struct vlsp_chain *ret_chain)
{
	return bpf_map_lookup_elem(bld->fds[BLD_CHAIN], &slot, ret_chain);
}

void bld_chain_forget(struct bld *bld, uint32_t slot)
{
	(void)ports_mark(bld, slot, false); /* of a router without a chain they mean nothing */
	bpf_map_delete_elem(bld->fds[BLD_CHAIN], &slot);
}

/* Which slots have one. Those that nobody has any more are removed. */
static int find_chains(struct bld *bld, bool *ret_there)
{
	uint32_t slot, last;
	const uint32_t *from = NULL;
	int r;

	while ((r = bpf_map_get_next_key(bld->fds[BLD_CHAIN], from, &slot)) == 0) {
		if (slot < VLSP_SLOT_MAX && bld->slots[slot].address)
			ret_there[slot] = true;
		else if ((r = bpf_map_delete_elem(bld->fds[BLD_CHAIN], &slot)) < 0)
			return r;
		last = slot; /* after one that is gone it begins anew */
		from = &last;
	}
	return r == -ENOENT ? 0 : r;
}

/* Somebody may have been interrupted before it was written. */
static int hint_adopt(struct bld *bld, uint32_t slot)
{
	struct vlsp_chain chain;
	struct vlsp_hint hint;
	int r = bld_chain_read(bld, slot, &chain);

	if (r < 0)
		return r;
	hint = bld_hint(&chain);
	return bld_router_hint(bld, slot, &hint);
}

/* Flags may be there without a chain, or not with one: somebody was interrupted. */
int bld_functions_adopt(struct bld *bld)
{
	bool *there = calloc(VLSP_SLOT_MAX, sizeof(*there));
	int r = there ? find_chains(bld, there) : -ENOMEM;

	for (uint32_t slot = 0; r == 0 && slot < VLSP_SLOT_MAX; slot++) {
		if (!bld->slots[slot].address)
			continue;
		if (there[slot])
			r = hint_adopt(bld, slot);
		if (r == 0)
			r = bld_router_mark(bld, slot, VLSP_ROUTER_CHAIN, there[slot]);
	}
	for (uint32_t port = VLSP_PORT_FIRST; r == 0 && port < VLSP_PORT_MAX; port++) {
		const struct vlsp_port *record = &bld->ports[port];

		if (record->flags & VLSP_PORT_VALID)
			r = bld_port_mark(bld, port, VLSP_PORT_CHAIN,
					  (record->slot < VLSP_SLOT_MAX && there[record->slot])
						  ? VLSP_PORT_CHAIN
						  : 0);
	}
	for (uint32_t index = 0; index < VLSP_FN_MAX; index++)
		bld->fn_rings.fds[index] = BLD_UNKNOWN;
	free(there);
	return r;
}

/* --- cuts ------------------------------------------------------------------------------------ */

/* While matches change, all are cut. */
int bld_cut_set(struct bld *bld, const struct vlsp_match *matches, uint32_t n)
{
	const uint32_t all = VLSP_CUT_MAX + 1, zero = 0;
	struct vlsp_cut cut = {.count = all};
	int r = bpf_map_update_elem(bld->fds[BLD_CUT], &zero, &cut, BPF_ANY);

	if (r == 0 && n <= VLSP_CUT_MAX) {
		for (uint32_t i = 0; i < n; i++) {
			cut.match[i] = matches[i];
			cut.match[i].flags &= ~(VLSP_MATCH_FROM | VLSP_MATCH_TO);
		}
		r = bpf_map_update_elem(bld->fds[BLD_CUT], &zero, &cut, BPF_ANY);
		cut.count = n;
		if (r == 0)
			r = bpf_map_update_elem(bld->fds[BLD_CUT], &zero, &cut, BPF_ANY);
	}
	if (r < 0)
		return r;
	bld->cuts = n;
	return bld_conf_write(bld, bld->network, bld->mask);
}
