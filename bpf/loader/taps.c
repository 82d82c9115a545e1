// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taps: their rings, filters and counters, and which ports have which. Called by the daemon, by one
 * thread at a time.
 */
#include "bpf/loader/functions.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bpf/loader/taps_priv.h"
#include "lib/wire/hint.h"

#define LOG_SIZE 65536
#define LOG_KEPT 320

int bld_tap_ring(struct bld *bld, uint32_t index, uint32_t bytes)
{
	return bld_rings_need(&bld->tap_rings, bld->fds[BLD_TAP_RING], index, bytes, "vlsp_tap");
}

int bld_tap_settle(struct bld *bld)
{
	return outer_settle(bld->tap_rings.outer);
}

/* The last lines before the verifier's statistics say why. */
static void filter_refused(const char *log, int error, struct err *err)
{
	const char *end = strstr(log, "processed ");
	const char *begin;

	if (!end)
		end = log + strlen(log);
	while (end > log && end[-1] == '\n')
		end--;
	begin = end - log > LOG_KEPT ? end - LOG_KEPT : log;
	err_set(err, -error, "the kernel's verifier refused the filter: %.*s", (int)(end - begin),
		begin);
}

int bld_tap_filter(struct bld *bld, uint32_t index, const struct bpf_insn *insns, size_t n,
		   const struct vlsp_hint *hint, struct err *err)
{
	static const struct vlsp_hint any;
	static char log[LOG_SIZE];
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int fd, r;

	if (index >= VLSP_TAP_MAX)
		return err_set(err, EINVAL, "tap %u is past the limit of %u", index, VLSP_TAP_MAX);
	fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "vlsp_tap_filter", "GPL", insns, n, &opts);
	if (fd < 0) { /* once more, for the reason */
		log[0] = '\0';
		opts.log_level = 1;
		opts.log_buf = log;
		opts.log_size = sizeof(log);
		fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "vlsp_tap_filter", "GPL", insns, n,
				   &opts);
	}
	if (fd < 0 && log[0]) {
		filter_refused(log, fd, err);
		return fd;
	}
	if (fd < 0)
		return err_errno(err, fd, "loading the filter");
	r = bpf_map_update_elem(bld->fds[BLD_TAP_FILTER], &index, &fd, BPF_ANY);
	close(fd);
	if (r < 0)
		return err_errno(err, r, "entering the filter");
	bld->tap_hints[index] = hint ? *hint : any;
	return 0;
}

/* The slot whose edge that port is; VLSP_SLOT_MAX: none. */
static uint32_t edge_of(const struct bld *bld, uint32_t port)
{
	uint32_t slot = 0;

	while (slot < VLSP_SLOT_MAX &&
	       (!bld->slots[slot].address || bld->slots[slot].edge_port != port))
		slot++;
	return slot;
}

/*
 * Where nothing that leaves is tapped, the fast path sends on as ever: into a port without a shape
 * nothing is dropped, but for a silent one, which it leaves to others anyway.
 */
static struct bld_tapped tapped_by(const struct bld *bld, const struct vlsp_taps *taps,
				   uint32_t flags)
{
	static const struct vlsp_hint any;
	struct bld_tapped tapped = {.flags = taps->count ? VLSP_PORT_TAP : 0};

	for (uint32_t i = 0; i < taps->count; i++) {
		const struct vlsp_hint *hint = &any;

		if (taps->tap[i].flags & VLSP_TAP_TX ||
		    (taps->tap[i].flags & VLSP_TAP_DROPS && flags & VLSP_PORT_SHAPED))
			tapped.flags |= VLSP_PORT_TAP_OUT;
		if (taps->tap[i].flags & VLSP_TAP_FILTER)
			hint = &bld->tap_hints[taps->tap[i].index];
		if (i == 0)
			tapped.hint = *hint;
		else
			hint_widen(&tapped.hint, hint);
	}
	return tapped;
}

struct bld_tapped bld_port_tapped(const struct bld *bld, uint32_t port, uint32_t flags)
{
	struct vlsp_taps taps = {0};

	if (bld->ports[port].flags & VLSP_PORT_TAP &&
	    bpf_map_lookup_elem(bld->fds[BLD_TAP], &port, &taps) < 0)
		taps.count = 0;
	return tapped_by(bld, &taps, flags);
}

static int mark(struct bld *bld, uint32_t port, const struct vlsp_taps *taps)
{
	const struct bld_tapped tapped = tapped_by(bld, taps, bld->ports[port].flags);
	uint32_t slot;

	if (bld->ports[port].flags & VLSP_PORT_VALID)
		return bld_port_tap(bld, port, &tapped);
	slot = edge_of(bld, port);
	return slot < VLSP_SLOT_MAX ? bld_router_tap(bld, slot, taps->count > 0, &tapped.hint)
				    : -ENOENT;
}

static int write_taps(struct bld *bld, uint32_t port, const struct vlsp_taps *taps)
{
	int r;

	if (taps->count > 0) {
		r = bpf_map_update_elem(bld->fds[BLD_TAP], &port, taps, BPF_ANY);
		if (r == 0)
			r = mark(bld, port, taps);
		if (r == -ENOENT) /* no such port */
			bpf_map_delete_elem(bld->fds[BLD_TAP], &port);
		return r;
	}
	r = mark(bld, port, taps);
	if (r == 0 || r == -ENOENT)
		r = bpf_map_delete_elem(bld->fds[BLD_TAP], &port);
	return r;
}

static uint32_t place_of(const struct vlsp_taps *taps, uint32_t index)
{
	uint32_t at = 0;

	while (at < taps->count && taps->tap[at].index != index)
		at++;
	return at;
}

static int take_off(struct bld *bld, uint32_t port, uint32_t index)
{
	struct vlsp_taps taps;
	uint32_t at;
	int r = bpf_map_lookup_elem(bld->fds[BLD_TAP], &port, &taps);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	at = place_of(&taps, index);
	if (at == taps.count)
		return 0;
	taps.tap[at] = taps.tap[--taps.count];
	memset(&taps.tap[taps.count], 0, sizeof(taps.tap[0]));
	return write_taps(bld, port, &taps);
}

int bld_tap_port(struct bld *bld, uint32_t port, uint32_t index, uint16_t flags, uint32_t snaplen)
{
	struct vlsp_taps taps;
	uint32_t at;

	if (index >= VLSP_TAP_MAX)
		return -EINVAL;
	if (flags == 0)
		return take_off(bld, port, index);
	if (port < VLSP_PORT_FIRST || port >= VLSP_PORT_MAX)
		return -ENOENT;
	if (bpf_map_lookup_elem(bld->fds[BLD_TAP], &port, &taps) < 0)
		memset(&taps, 0, sizeof(taps));
	at = place_of(&taps, index);
	if (at == VLSP_TAPS_MAX)
		return -ENOSPC;
	taps.count += at == taps.count;
	taps.tap[at].index = (uint16_t)index;
	taps.tap[at].flags = flags;
	taps.tap[at].snaplen = snaplen;
	return write_taps(bld, port, &taps);
}

void bld_taps_forget(struct bld *bld, uint32_t port)
{
	bpf_map_delete_elem(bld->fds[BLD_TAP], &port);
}

void bld_tap_clear(struct bld *bld, uint32_t index)
{
	const uint32_t *from = NULL;
	uint32_t port, last;

	if (index >= VLSP_TAP_MAX)
		return;
	while (bpf_map_get_next_key(bld->fds[BLD_TAP], from, &port) == 0) {
		(void)take_off(bld, port, index);
		last = port; /* after one that is gone it begins anew */
		from = &last;
	}
	bpf_map_delete_elem(bld->fds[BLD_TAP_FILTER], &index);
	memset(&bld->tap_hints[index], 0, sizeof(bld->tap_hints[index]));
	bld_rings_clear(&bld->tap_rings, index);
	memset(bld->tap_counts + (size_t)index * bld->ncpu, 0,
	       bld->ncpu * sizeof(*bld->tap_counts));
}

int bld_tap_count_read(const struct bld *bld, uint32_t index, struct vlsp_tap_count *ret_count)
{
	const volatile struct vlsp_tap_count *row = bld->tap_counts + (size_t)index * bld->ncpu;
	struct vlsp_tap_count sum = {0};

	if (index >= VLSP_TAP_MAX)
		return -EINVAL;
	for (uint32_t cpu = 0; cpu < bld->ncpu; cpu++, row++) {
		sum.matched += row->matched;
		sum.lost += row->lost;
	}
	*ret_count = sum;
	return 0;
}

/* Who read them is gone. */
int bld_taps_adopt(struct bld *bld)
{
	const struct bld_tapped none = {0};
	uint32_t port;
	int r;

	while ((r = bpf_map_get_next_key(bld->fds[BLD_TAP], NULL, &port)) == 0) {
		r = bpf_map_delete_elem(bld->fds[BLD_TAP], &port);
		if (r < 0)
			return r;
	}
	for (uint32_t index = 0; index < VLSP_TAP_MAX; index++) {
		bld->tap_rings.fds[index] = BLD_UNKNOWN; /* it may have got no port yet */
		bld_tap_clear(bld, index);
	}
	for (port = VLSP_PORT_FIRST, r = 0; r == 0 && port < VLSP_PORT_MAX; port++)
		r = bld_port_tap(bld, port, &none);
	for (uint32_t slot = 0; r == 0 && slot < VLSP_SLOT_MAX; slot++)
		if (bld->slots[slot].address)
			r = bld_router_tap(bld, slot, false, &none.hint);
	return r;
}
