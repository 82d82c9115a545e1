// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filters of captures. Input: frames' seed (4 bytes), then the text. Checked: a refusal has a
 * position and a reason; what is accepted compiles to a program without bad jumps, and says of
 * random frames what a plain reading of the tree says.
 */
#include "lib/capture/filter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/lib/capture/evaluate.h"

#define FRAMES 16

static int resolve(void *arg, const char *name, uint32_t *ret_address)
{
	(void)arg;
	CHECK(name[0] && strlen(name) < FILTER_WORD_SIZE);
	if (name[0] != 'r')
		return -ENOENT;
	*ret_address = 0x0a000000u | (uint8_t)name[1];
	return 0;
}

static void check_program(const struct filter *filter, uint64_t seed)
{
	struct eval_rng rng = {seed};
	struct bpf_insn *insns;
	size_t count;

	CHECK(filter->empty || filter->root < filter->count);
	CHECK(filter->tests <= FILTER_TESTS_MAX);
	CHECK(filter_compile(filter, &insns, &count) == 0);
	for (int i = 0; i < FRAMES; i++) {
		struct eval_frame frame;
		int said;

		eval_frame_random(&rng, &frame);
		said = eval_run(insns, count, &frame);
		CHECK(said == eval_filter(filter, &frame));
	}
	free(insns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint32_t seed = input_u32(&in);
	char *text = input_text(in);
	struct filter *filter = NULL;
	struct err err = {0};
	int r = filter_parse(text, resolve, NULL, &filter, &err);

	if (r < 0) {
		CHECK(!filter && err.code == -r);
		CHECK(r == -E2BIG || strncmp(err.text, "filter: position ", 17) == 0);
	} else {
		check_program(filter, seed);
		if (filter->count < 2 * FILTER_TESTS_MAX && filter_exclude_control(filter) == 0)
			check_program(filter, seed + 1);
	}
	filter_free(filter);
	free(text);
	return 0;
}
