/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a BPF ring buffer in place, without system calls. The layout is the kernel's
 * (Documentation/bpf/ringbuf.rst): a page with the consumer's position, a page with the
 * producers', and the data, mapped twice in a row so that records are never cut.
 */
#ifndef VLSP_DAEMON_RELAY_RING_H
#define VLSP_DAEMON_RELAY_RING_H

#include <stdbool.h>
#include <stdint.h>

struct ring;

/* fd: of the map, which stays the caller's. 0 or -errno. */
int ring_new(int fd, struct ring **ret_ring);
void ring_free(struct ring *ring); /* NULL is fine */

/* The next record and its bytes, or NULL: there is none, or it is being written. Valid until
 * ring_next(). Records that were given up by their producer are passed over. */
const void *ring_peek(struct ring *ring, uint32_t *ret_size);
void ring_next(struct ring *ring);
/* True if nothing was reserved that has not been read. */
bool ring_empty(const struct ring *ring);

#endif
