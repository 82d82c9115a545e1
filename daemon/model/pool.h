/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small numbers that are used again: slots and ports. Dense, yet the last to be given back is the
 * last to be taken again: a pool works round in the smallest power of two (at least 1024, which is
 * the smallest FIB) that holds what is in use, so that late frames for a number that went do not
 * meet its successor, and tables do not grow for it.
 */
#ifndef VLSP_DAEMON_MODEL_POOL_H
#define VLSP_DAEMON_MODEL_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct pool {
	uint64_t *used;	     /* bitmap */
	uint32_t first, max; /* numbers are first .. max - 1 */
	uint32_t cursor, count;
};

int pool_init(struct pool *pool, uint32_t first, uint32_t max);
void pool_done(struct pool *pool);
int pool_take(struct pool *pool, uint32_t *ret_number); /* 0 or -ENOSPC */
/* Takes this one: 0, -EEXIST (in use), -ERANGE. The next to be taken is one behind it. */
int pool_claim(struct pool *pool, uint32_t number);
void pool_give(struct pool *pool, uint32_t number);

#endif
