/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slots and ports of the model: a bitmap and a cursor. Called by edit_*.c; see pool.h for why. */
#include "daemon/model/pool.h"

#include <errno.h>
#include <stdlib.h>

#define POOL_LIMIT_MIN 1024

int pool_init(struct pool *pool, uint32_t first, uint32_t max)
{
	pool->used = calloc((max + 63) / 64, sizeof(pool->used[0]));
	if (!pool->used)
		return -ENOMEM;
	pool->first = pool->cursor = first;
	pool->max = max;
	pool->count = 0;
	return 0;
}

void pool_done(struct pool *pool)
{
	free(pool->used);
	pool->used = NULL;
}

static bool in_use(const struct pool *pool, uint32_t number)
{
	return pool->used[number / 64] >> (number % 64) & 1;
}

int pool_take(struct pool *pool, uint32_t *ret_number)
{
	uint32_t limit = POOL_LIMIT_MIN, tries, number;

	while (limit < pool->first + pool->count + 1)
		limit *= 2;
	if (limit > pool->max)
		limit = pool->max;

	number = pool->cursor;
	for (tries = pool->first; tries < limit; tries++, number++) {
		if (number >= limit)
			number = pool->first;
		if (in_use(pool, number))
			continue;
		pool->used[number / 64] |= 1ULL << (number % 64);
		pool->count++;
		pool->cursor = number + 1;
		*ret_number = number;
		return 0;
	}
	return -ENOSPC;
}

int pool_claim(struct pool *pool, uint32_t number)
{
	if (number < pool->first || number >= pool->max)
		return -ERANGE;
	if (in_use(pool, number))
		return -EEXIST;
	pool->used[number / 64] |= 1ULL << (number % 64);
	pool->count++;
	pool->cursor = number + 1;
	return 0;
}

void pool_give(struct pool *pool, uint32_t number)
{
	if (!in_use(pool, number))
		return;
	pool->used[number / 64] &= ~(1ULL << (number % 64));
	pool->count--;
}
