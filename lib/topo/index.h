/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table from text to number, for the names of a topology (topo_doc_find_router() walks the list,
 * which is too slow for thousands of links). Keys are not copied: they must outlive the table.
 */
#ifndef VLSP_LIB_TOPO_INDEX_H
#define VLSP_LIB_TOPO_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct topo_index_slot {
	const char *key;
	long value;
};

struct topo_index {
	struct topo_index_slot *slots;
	size_t room, used;
	uint64_t seed[2]; /* secret per table: names that collide on purpose find no target */
};

void topo_index_init(struct topo_index *index);
void topo_index_done(struct topo_index *index);

/* -1: not in the table. */
long topo_index_get(const struct topo_index *index, const char *key);
/* 0; -EEXIST (the old value stays); -ENOMEM. value is not negative. */
int topo_index_add(struct topo_index *index, const char *key, long value);
/* Changes the value of a key that is in the table. */
void topo_index_set(struct topo_index *index, const char *key, long value);

#endif
