/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a BPF ring buffer in place, without system calls. The layout is the kernel's
 * (Documentation/bpf/ringbuf.rst): a page with the consumer's position, a page with the
 * producers', and the data, mapped twice in a row so that records are never cut.
 */
#ifndef VLSP_LIB_BASE_BPFRING_H
#define VLSP_LIB_BASE_BPFRING_H

#include <stdbool.h>
#include <stdint.h>

struct bpfring;

/* fd: of the map, which stays the caller's; it is readable (poll) until bpfring_peek() has said
 * that there is nothing. -EINVAL if it is no ring buffer, or another -errno. */
int bpfring_open(int fd, struct bpfring **ret_ring);
/* The same for who may not ask the kernel (bpf(2)) how large the ring is: bytes, a power of two. */
int bpfring_open_sized(int fd, uint32_t size, struct bpfring **ret_ring);
/* NULL is fine. Who opens it again goes on behind the last bpfring_next(), however the one before
 * ended. */
void bpfring_close(struct bpfring *ring);

/* The next record and its bytes, or NULL: there is none, or it is being written, and from now on
 * the next one wakes who polls. Valid until bpfring_next(). Records that were given up by their
 * producer are passed over. */
const void *bpfring_peek(struct bpfring *ring, uint32_t *ret_size);
void bpfring_next(struct bpfring *ring);
/* True if nothing was reserved that has not been read. Who looks by this, and not yet by
 * bpfring_peek(), is not woken: that costs the producer an interrupt. */
bool bpfring_empty(const struct bpfring *ring);

#endif
