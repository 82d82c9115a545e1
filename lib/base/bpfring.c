// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The consumer's side of a BPF ring buffer. Called by the relay, by libvlsp for network functions,
 * by vlsp capture.
 */
#include "lib/base/bpfring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct bpfring {
	unsigned long *consumer; /* page of its own, written by us: told, then at (the kernel looks
				    at the first only) */
	const unsigned long *producer;
	const uint8_t *data;
	unsigned long mask, at, told; /* at, as the kernel knows it */
	uint32_t step;		      /* of the record that was looked at */
	size_t page, tail_size;
};

static int map_size(int fd, uint32_t *ret_size)
{
	struct bpf_map_info info = {0};
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0)
		return -errno;
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	*ret_size = info.max_entries;
	return 0;
}

int bpfring_open(int fd, struct bpfring **ret_ring)
{
	uint32_t size = 0;
	int r = map_size(fd, &size);

	return r < 0 ? r : bpfring_open_sized(fd, size, ret_ring);
}

/* Who read before may have ended without telling all that was read. */
static void resume(struct bpfring *ring)
{
	unsigned long at = ring->consumer[1];

	ring->told = ring->consumer[0];
	ring->at = ring->told;
	if (at - ring->told <= __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - ring->told)
		ring->at = at;
}

int bpfring_open_sized(int fd, uint32_t size, struct bpfring **ret_ring)
{
	struct bpfring *ring;
	void *p;
	int r;

	if (!size || size & (size - 1))
		return -EINVAL;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->page = (size_t)sysconf(_SC_PAGESIZE);
	ring->mask = size - 1;
	ring->tail_size = ring->page + 2 * (size_t)size;
	p = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		ring->consumer = p;
	p = p == MAP_FAILED
		    ? p
		    : mmap(NULL, ring->tail_size, PROT_READ, MAP_SHARED, fd, (off_t)ring->page);
	if (p == MAP_FAILED) {
		r = -errno;
		bpfring_close(ring);
		return r;
	}
	ring->producer = p;
	ring->data = (const uint8_t *)p + ring->page;
	resume(ring);
	*ret_ring = ring;
	return 0;
}

static void tell(struct bpfring *ring)
{
	ring->told = ring->at;
	__atomic_store_n(ring->consumer, ring->at, __ATOMIC_RELEASE);
}

void bpfring_close(struct bpfring *ring)
{
	if (!ring)
		return;
	if (ring->producer) {
		tell(ring);
		munmap((void *)(uintptr_t)ring->producer, ring->tail_size);
	}
	if (ring->consumer)
		munmap(ring->consumer, ring->page);
	free(ring);
}

static const void *next_record(struct bpfring *ring, uint32_t *ret_size)
{
	unsigned long end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);

	while (ring->at < end) {
		const uint32_t *head = (const void *)(ring->data + (ring->at & ring->mask));
		uint32_t length = __atomic_load_n(head, __ATOMIC_ACQUIRE);

		if (length & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		ring->step = (length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT)) +
			     BPF_RINGBUF_HDR_SZ;
		ring->step = (ring->step + 7) & ~7u;
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			*ret_size = length;
			return (const uint8_t *)head + BPF_RINGBUF_HDR_SZ;
		}
		bpfring_next(ring);
	}
	return NULL;
}

/*
 * A producer wakes the reader if all before its record has been read. So that it does so only when
 * the reader is about to wait, that is told late: when there is nothing more - and then it has to
 * be looked again, for what was added between - or when there is much.
 */
const void *bpfring_peek(struct bpfring *ring, uint32_t *ret_size)
{
	const void *record = next_record(ring, ret_size);

	if (record || ring->told == ring->at)
		return record;
	tell(ring);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return next_record(ring, ret_size);
}

void bpfring_next(struct bpfring *ring)
{
	ring->at += ring->step;
	ring->consumer[1] = ring->at;
	if (ring->at - ring->told > ring->mask / 8)
		tell(ring);
}

bool bpfring_empty(const struct bpfring *ring)
{
	return ring->at >= __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}
