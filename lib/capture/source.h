/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a capture reads: the ring of its tap (struct vlsp_tap_frame), checked, and in wall clock
 * time.
 */
#ifndef VLSP_LIB_CAPTURE_SOURCE_H
#define VLSP_LIB_CAPTURE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "include/shared/function.h"

struct source;

/* ring: descriptor of the map, which stays the caller's. 0 or -errno; -EINVAL: it is no ring. */
int source_open(int ring, struct source **ret_source);
void source_close(struct source *source); /* NULL is fine */

/* 1: *ret_frame is the next record, valid until source_next(); 0: there is none; -EPROTO: it makes
 * no sense. */
int source_peek(struct source *source, const struct vlsp_tap_frame **ret_frame);
void source_next(struct source *source);
/* There is none now. source_peek() says so, too, and the next record wakes who polls then, which
 * costs the fast path an interrupt. */
bool source_is_empty(const struct source *source);
/* Bytes of the ring that were read so far. */
uint64_t source_read(const struct source *source);

/* Of a record's time, nanoseconds since 1970. The difference of both clocks is measured at opening
 * and by source_sync(). */
uint64_t source_wall_ns(const struct source *source, uint64_t mono_ns);
void source_sync(struct source *source);

/* Whether a record of that size that says so of itself can be one. */
bool source_is_sound(const struct vlsp_tap_frame *frame, uint32_t size);

#endif
