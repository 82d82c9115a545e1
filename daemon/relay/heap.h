/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to happen when: a 4-ary heap of times. Things of the same time come out in the order in
 * which they went in.
 */
#ifndef VLSP_DAEMON_RELAY_HEAP_H
#define VLSP_DAEMON_RELAY_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_entry {
	uint64_t at_ns;
	uint64_t order; /* the heap's */
	void *what;
};

struct heap {
	struct heap_entry *entries;
	size_t count, room;
	uint64_t order;
};

void heap_done(struct heap *heap); /* a zeroed one is empty */
/* 0 or -ENOMEM. */
int heap_push(struct heap *heap, uint64_t at_ns, void *what);
void heap_pop(struct heap *heap); /* the first, which must be there */

static inline const struct heap_entry *heap_first(const struct heap *heap)
{
	return heap->count ? heap->entries : NULL;
}

#endif
