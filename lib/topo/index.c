// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Open addressing with linear probing, kept at most half full. Files come from strangers, so the
 * hash is keyed; the key only decides where an entry lies, never what comes out.
 */
#include "lib/topo/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/clock.h"

void topo_index_init(struct topo_index *index)
{
	memset(index, 0, sizeof(*index));
	if (getrandom(index->seed, sizeof(index->seed), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(index->seed)) {
		index->seed[0] = clock_mono_ns();
		index->seed[1] = (uint64_t)(uintptr_t)index;
	}
}

void topo_index_done(struct topo_index *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}

static size_t hash(const struct topo_index *index, const char *key)
{
	uint64_t h = index->seed[0];

	for (; *key; key++) {
		h = (h ^ (unsigned char)*key) * 0x9e3779b97f4a7c15ULL;
		h ^= (h >> 29) + index->seed[1];
	}
	return (size_t)(h ^ h >> 32);
}

static struct topo_index_slot *find(const struct topo_index *index, const char *key)
{
	size_t i = hash(index, key) & (index->room - 1);

	while (index->slots[i].key && strcmp(index->slots[i].key, key) != 0)
		i = (i + 1) & (index->room - 1);
	return &index->slots[i];
}

long topo_index_get(const struct topo_index *index, const char *key)
{
	const struct topo_index_slot *slot;

	if (index->used == 0)
		return -1;
	slot = find(index, key);
	return slot->key ? slot->value : -1;
}

static int grow(struct topo_index *index)
{
	struct topo_index_slot *old = index->slots;
	size_t old_room = index->room;

	index->room = old_room ? old_room * 2 : 64;
	index->slots = calloc(index->room, sizeof(*index->slots));
	if (!index->slots) {
		index->slots = old;
		index->room = old_room;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old_room; i++)
		if (old[i].key)
			*find(index, old[i].key) = old[i];
	free(old);
	return 0;
}

int topo_index_add(struct topo_index *index, const char *key, long value)
{
	struct topo_index_slot *slot;

	if ((index->used + 1) * 2 > index->room && grow(index) < 0)
		return -ENOMEM;
	slot = find(index, key);
	if (slot->key)
		return -EEXIST;
	*slot = (struct topo_index_slot){key, value};
	index->used++;
	return 0;
}

void topo_index_set(struct topo_index *index, const char *key, long value)
{
	find(index, key)->value = value;
}
