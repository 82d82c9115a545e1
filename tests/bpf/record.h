/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of rings that the programs write: for tests of functions and taps, after cmocka.h. */
#ifndef VLSP_TESTS_BPF_RECORD_H
#define VLSP_TESTS_BPF_RECORD_H

#include <string.h>

#include "lib/base/bpfring.h"

/* The next one, of at least head bytes, or NULL; a copy, valid until the next call. */
static inline const void *next_record(struct bpfring *ring, size_t head, uint32_t *ret_size)
{
	static uint8_t copy[70000] __attribute__((aligned(8)));
	const void *record = bpfring_peek(ring, ret_size);

	if (!record)
		return NULL;
	assert_true(*ret_size >= head && *ret_size <= sizeof(copy));
	memcpy(copy, record, *ret_size);
	bpfring_next(ring);
	return copy;
}

#endif
