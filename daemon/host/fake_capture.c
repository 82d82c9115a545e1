// SPDX-License-Identifier: GPL-2.0-or-later
/* Captures of the fake back end (fake_capture.h). */
#include "daemon/host/fake_capture.h"

#include <sys/mman.h>
#include <unistd.h>

#include "daemon/host/fake_priv.h"

void fake_pretend_captures(struct host *host, uint32_t fail_port, int error)
{
	struct fake *fake = fake_of(host);

	fake->captures.pretends = true;
	fake->captures.fail_port = fail_port;
	fake->captures.error = error;
}

struct fake_capture *fake_capture(struct host *host, uint32_t id)
{
	return &fake_of(host)->captures.list[id];
}

static int open_capture(struct host *host, const struct host_capture *capture, uint32_t *ret_id,
			int *ret_ring, struct err *err)
{
	struct fake *fake = fake_of(host);

	if (!fake->captures.pretends)
		return err_set(err, EOPNOTSUPP,
			       "captures: this host is simulated, nothing crosses its links");
	for (uint32_t i = 0; i < FAKE_CAPTURES_MAX; i++) {
		struct fake_capture *c = &fake->captures.list[i];

		if (c->used)
			continue;
		*c = (struct fake_capture){
			.used = true,
			.ring = memfd_create("ring", MFD_CLOEXEC),
			.ring_size = capture->ring,
			.filter_count = (uint32_t)capture->filter_count,
		};
		if (c->ring < 0) {
			c->used = false;
			return err_errno(err, errno, "captures");
		}
		*ret_id = i;
		*ret_ring = c->ring;
		return 0;
	}
	return err_set(err, ENOSPC, "captures: %d run already", FAKE_CAPTURES_MAX);
}

static int tap(struct host *host, uint32_t id, uint32_t port, uint16_t flags, uint32_t snaplen,
	       struct err *err)
{
	struct fake *fake = fake_of(host);
	struct fake_capture *c = &fake->captures.list[id];
	int at = -1;

	if (flags && fake->captures.error && port == fake->captures.fail_port)
		return err_errno(err, fake->captures.error, "captures: port %u", port);
	for (int i = 0; i < FAKE_CAPTURE_TAPS_MAX; i++)
		if (c->taps[i].flags ? c->taps[i].port == port : at < 0)
			at = i;
	if (at < 0)
		return err_set(err, ENOSPC, "captures: too many ports");
	c->taps[at].port = port;
	c->taps[at].flags = flags;
	c->taps[at].snaplen = snaplen;
	return 0;
}

static int counts(struct host *host, uint32_t id, struct host_capture_counts *ret_counts)
{
	*ret_counts = fake_of(host)->captures.list[id].counts;
	return 0;
}

static void close_capture(struct host *host, uint32_t id)
{
	struct fake_capture *c = &fake_of(host)->captures.list[id];

	close(c->ring);
	*c = (struct fake_capture){.ring = -1};
}

const struct host_capture_ops fake_capture_ops = {
	.open = open_capture,
	.tap = tap,
	.counts = counts,
	.close = close_capture,
};
