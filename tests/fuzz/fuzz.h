/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share: CHECK, and taking an input apart. Reading past the end gives zeros,
 * so that every input means something and a shorter one is a simpler case.
 */
#ifndef VLSP_TESTS_FUZZ_FUZZ_H
#define VLSP_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A finding: says where and aborts, so that libFuzzer keeps the input. */
#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);         \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* For loops of checks, which are no news to the fuzzer and would only slow it down. */
#define UNWATCHED __attribute__((noinline, no_sanitize("coverage", "address", "undefined")))

struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t input_byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t input_u16(struct input *in)
{
	uint16_t high = input_byte(in);

	return (uint16_t)(high << 8 | input_byte(in));
}

static inline uint32_t input_u32(struct input *in)
{
	uint32_t high = input_u16(in);

	return high << 16 | input_u16(in);
}

/* The next size bytes, or all that are left. */
static inline struct input input_take(struct input *in, size_t size)
{
	struct input part = {in->at, size < in->left ? size : in->left};

	if (part.left) /* or there may be no bytes at all to point at */
		in->at += part.left;
	in->left -= part.left;
	return part;
}

/* Up to the mark, which is swallowed, or to the end. */
static inline struct input input_until(struct input *in, const char *mark)
{
	size_t n = strlen(mark);
	const uint8_t *found = in->left ? memmem(in->at, in->left, mark, n) : NULL;
	struct input part = input_take(in, found ? (size_t)(found - in->at) : in->left);

	if (found)
		input_take(in, n);
	return part;
}

/* A copy of exactly that size, so that a read beyond is seen; to be freed. */
static inline void *input_copy(struct input in)
{
	void *copy = malloc(in.left ? in.left : 1);

	CHECK(copy);
	if (in.left)
		memcpy(copy, in.at, in.left);
	return copy;
}

/* The same as a text; bytes of 0 inside end it early. To be freed. */
static inline char *input_text(struct input in)
{
	char *text = malloc(in.left + 1);

	CHECK(text);
	if (in.left)
		memcpy(text, in.at, in.left);
	text[in.left] = '\0';
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
