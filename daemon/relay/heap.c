// SPDX-License-Identifier: GPL-2.0-or-later
/* The heap of times. Called by relay.c. */
#include "daemon/relay/heap.h"

#include <errno.h>
#include <stdlib.h>

#define WAYS 4

void heap_done(struct heap *heap)
{
	free(heap->entries);
	*heap = (struct heap){0};
}

static bool before(const struct heap_entry *a, const struct heap_entry *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

int heap_push(struct heap *heap, uint64_t at_ns, void *what)
{
	struct heap_entry entry = {.at_ns = at_ns, .what = what};
	size_t i;

	if (heap->count == heap->room) {
		size_t room = heap->room ? heap->room * 2 : 1024;
		struct heap_entry *more = realloc(heap->entries, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		heap->entries = more;
		heap->room = room;
	}
	entry.order = heap->order++;
	for (i = heap->count++; i > 0; i = (i - 1) / WAYS) {
		const struct heap_entry *parent = &heap->entries[(i - 1) / WAYS];

		if (!before(&entry, parent))
			break;
		heap->entries[i] = *parent;
	}
	heap->entries[i] = entry;
	return 0;
}

void heap_pop(struct heap *heap)
{
	struct heap_entry last = heap->entries[--heap->count];
	size_t i = 0;

	for (;;) {
		size_t child = i * WAYS + 1, least = child;

		if (child >= heap->count)
			break;
		for (size_t k = child + 1; k < child + WAYS && k < heap->count; k++)
			if (before(&heap->entries[k], &heap->entries[least]))
				least = k;
		if (!before(&heap->entries[least], &last))
			break;
		heap->entries[i] = heap->entries[least];
		i = least;
	}
	heap->entries[i] = last; /* with nothing left, entry 0 is no entry */
}
