/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chained, intrusive hash that grows. It holds nodes, not keys: the caller compares. Equal keys
 * may be present more than once (a router that goes and the one that takes its name).
 */
#ifndef VLSP_DAEMON_MODEL_HASH_H
#define VLSP_DAEMON_MODEL_HASH_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

struct hash_node {
	struct hash_node *next;
	uint32_t hash;
};

struct hash {
	struct hash_node **buckets;
	uint32_t size; /* a power of two */
	uint32_t count;
};

static inline int hash_init(struct hash *hash)
{
	hash->size = 64;
	hash->count = 0;
	hash->buckets = calloc(hash->size, sizeof(hash->buckets[0]));
	return hash->buckets ? 0 : -ENOMEM;
}

static inline void hash_done(struct hash *hash)
{
	free(hash->buckets);
	hash->buckets = NULL;
}

/* The first node of the chain where value would be; the caller checks node->hash and the key. */
static inline struct hash_node *hash_chain(const struct hash *hash, uint32_t value)
{
	return hash->buckets[value & (hash->size - 1)];
}

/* Without memory for a larger table it stays as it is: slower, never wrong. */
static inline void hash_grow(struct hash *hash)
{
	uint32_t size = hash->size * 2, i;
	struct hash_node **buckets = calloc(size, sizeof(buckets[0]));
	struct hash_node *node, *next;

	if (!buckets)
		return;
	for (i = 0; i < hash->size; i++) {
		for (node = hash->buckets[i]; node; node = next) {
			next = node->next;
			node->next = buckets[node->hash & (size - 1)];
			buckets[node->hash & (size - 1)] = node;
		}
	}
	free(hash->buckets);
	hash->buckets = buckets;
	hash->size = size;
}

static inline void hash_add(struct hash *hash, struct hash_node *node, uint32_t value)
{
	struct hash_node **bucket;

	if (hash->count >= hash->size)
		hash_grow(hash);
	bucket = &hash->buckets[value & (hash->size - 1)];
	node->hash = value;
	node->next = *bucket;
	*bucket = node;
	hash->count++;
}

static inline void hash_del(struct hash *hash, struct hash_node *node)
{
	struct hash_node **p = &hash->buckets[node->hash & (hash->size - 1)];

	while (*p && *p != node)
		p = &(*p)->next;
	if (*p) {
		*p = node->next;
		hash->count--;
	}
}

/* FNV-1a, 32 bits, with the final mix of MurmurHash3 so that low bits are good. */
static inline uint32_t hash_mix(uint32_t h)
{
	h ^= h >> 16;
	h *= 0x85ebca6bu;
	h ^= h >> 13;
	h *= 0xc2b2ae35u;
	return h ^ h >> 16;
}

static inline uint32_t hash_text(const char *text, uint32_t seed)
{
	uint32_t h = 2166136261u ^ seed;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return hash_mix(h);
}

#endif
