// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Captures of the local back end. The programs copy frames to a ring, which whoever captures maps;
 * the daemon is not on their way. Called through host_ops.captures, in the loop.
 */
#include "daemon/host/local_capture.h"

#include "bpf/loader/functions.h"
#include "daemon/host/local_priv.h"

/* Taps are numbers of the instance's maps. */
static int index_take(struct local *local, uint32_t *ret_id, struct err *err)
{
	for (uint32_t i = 0; i < VLSP_TAP_MAX; i++)
		if (!local->captures.used[i]) {
			local->captures.used[i] = true;
			*ret_id = i;
			return 0;
		}
	return err_set(err, ENOSPC, "captures: %d run already", VLSP_TAP_MAX);
}

static void close_capture(struct host *host, uint32_t id)
{
	struct local *local = (struct local *)host;

	pthread_mutex_lock(&local->bld_lock);
	bld_tap_clear(local->bld, id);
	pthread_mutex_unlock(&local->bld_lock);
	local->captures.used[id] = false;
}

static int enter(struct local *local, uint32_t id, const struct host_capture *capture,
		 int *ret_ring, struct err *err)
{
	int ring, r;

	pthread_mutex_lock(&local->bld_lock);
	ring = bld_tap_ring(local->bld, id, capture->ring);
	r = ring < 0 ? err_errno(err, ring, "buffer: a ring of %u bytes", capture->ring) : 0;
	if (r == 0 && capture->filter)
		r = bld_tap_filter(local->bld, id, capture->filter, capture->filter_count,
				   &capture->hint, err);
	pthread_mutex_unlock(&local->bld_lock);
	if (r == 0)
		*ret_ring = ring;
	return r;
}

static int open_capture(struct host *host, const struct host_capture *capture, uint32_t *ret_id,
			int *ret_ring, struct err *err)
{
	struct local *local = (struct local *)host;
	uint32_t id = 0;
	int r = index_take(local, &id, err);

	if (r < 0)
		return r;
	r = enter(local, id, capture, ret_ring, err);
	/* Ports come later, and must find the ring; a grace period, about 10 ms. */
	if (r == 0)
		r = bld_tap_settle(local->bld);
	if (r < 0) {
		if (err && !err->code)
			err_errno(err, r, "captures");
		close_capture(host, id);
		return r;
	}
	*ret_id = id;
	return 0;
}

static int tap(struct host *host, uint32_t id, uint32_t port, uint16_t flags, uint32_t snaplen,
	       struct err *err)
{
	struct local *local = (struct local *)host;
	int r;

	pthread_mutex_lock(&local->bld_lock);
	r = bld_tap_port(local->bld, port, id, flags, snaplen);
	pthread_mutex_unlock(&local->bld_lock);
	if (r == -ENOSPC)
		return err_set(err, ENOSPC, "captures: a port has %d already", VLSP_TAPS_MAX);
	return r < 0 ? err_errno(err, r, "captures: port %u", port) : 0;
}

static int counts(struct host *host, uint32_t id, struct host_capture_counts *ret_counts)
{
	struct local *local = (struct local *)host;
	struct vlsp_tap_count count;
	int r;

	pthread_mutex_lock(&local->bld_lock);
	r = bld_tap_count_read(local->bld, id, &count);
	pthread_mutex_unlock(&local->bld_lock);
	if (r < 0)
		return r;
	ret_counts->matched = count.matched;
	ret_counts->lost = count.lost;
	return 0;
}

const struct host_capture_ops local_capture_ops = {
	.open = open_capture,
	.tap = tap,
	.counts = counts,
	.close = close_capture,
};
