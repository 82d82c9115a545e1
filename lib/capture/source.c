// SPDX-License-Identifier: GPL-2.0-or-later
/* A tap's ring, read in place. Called by vlsp capture. */
#include "lib/capture/source.h"

#include <errno.h>
#include <stdlib.h>

#include "include/shared/maps.h"
#include "lib/base/bpfring.h"
#include "lib/base/clock.h"

struct source {
	struct bpfring *ring;
	uint32_t size; /* of the record that was looked at */
	uint64_t read;
	uint64_t ahead_ns; /* of the wall clock: added to the monotonic one, modulo 2^64 */
};

int source_open(int ring, struct source **ret_source)
{
	struct source *source = calloc(1, sizeof(*source));
	int r;

	if (!source)
		return -ENOMEM;
	r = bpfring_open(ring, &source->ring);
	if (r < 0) {
		free(source);
		return r;
	}
	source_sync(source);
	*ret_source = source;
	return 0;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	bpfring_close(source->ring);
	free(source);
}

bool source_is_sound(const struct vlsp_tap_frame *frame, uint32_t size)
{
	if (size < sizeof(*frame) || frame->captured > size - sizeof(*frame) ||
	    frame->captured > frame->length)
		return false;
	if (frame->what < VLSP_TAP_IS_RX || frame->what > VLSP_TAP_IS_DROP)
		return false;
	return frame->what != VLSP_TAP_IS_DROP || frame->cause < VLSP_DROP_CAUSES;
}

int source_peek(struct source *source, const struct vlsp_tap_frame **ret_frame)
{
	const struct vlsp_tap_frame *frame = bpfring_peek(source->ring, &source->size);

	if (!frame)
		return 0;
	if (!source_is_sound(frame, source->size))
		return -EPROTO;
	*ret_frame = frame;
	return 1;
}

bool source_is_empty(const struct source *source)
{
	return bpfring_empty(source->ring);
}

void source_next(struct source *source)
{
	bpfring_next(source->ring);
	source->read += source->size;
}

uint64_t source_read(const struct source *source)
{
	return source->read;
}

uint64_t source_wall_ns(const struct source *source, uint64_t mono_ns)
{
	return mono_ns + source->ahead_ns;
}

void source_sync(struct source *source)
{
	uint64_t before = clock_mono_ns(), wall = clock_read_ns(CLOCK_REALTIME),
		 after = clock_mono_ns();

	source->ahead_ns = wall - (before + (after - before) / 2);
}
