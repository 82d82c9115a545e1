// SPDX-License-Identifier: GPL-2.0-or-later
/* The option that carries flow id and source timestamp, byte by byte. */
#include "lib/client/meta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t written[META_SIZE] = {68,	 16,   17,   3,	   0x56, 0x4c, 0x53, 0x50,
					   0xfe, 0xed, 0xf0, 0x0d, 0,	 0,    0,    0};

static void it_is_written_as_the_edge_expects_it(void **state)
{
	uint8_t option[META_SIZE];

	(void)state;
	meta_write(option, 0xfeedf00d);
	assert_memory_equal(option, written, META_SIZE);
}

static void it_is_found_among_others(void **state)
{
	uint8_t options[40] = {1, 7, 3, 4, 1}; /* no operation, record route, no operation */
	struct meta meta;

	(void)state;
	memcpy(options + 5, written, META_SIZE);
	options[5 + 15] = 9;
	assert_true(meta_find(options, sizeof(options), &meta));
	assert_int_equal(meta.flow, 0xfeedf00d);
	assert_int_equal(meta.stamp_us, 9);
	/* exactly all of it, and one byte less */
	assert_true(meta_find(options, 5 + META_SIZE, &meta));
	assert_false(meta_find(options, 5 + META_SIZE - 1, &meta));
}

static void others_are_not_taken_for_it(void **state)
{
	uint8_t options[META_SIZE] = {0};
	struct meta meta;

	(void)state;
	assert_false(meta_find(options, 0, &meta));
	for (unsigned i = 0; i < 8; i++) {
		memcpy(options, written, META_SIZE);
		options[i] ^= 0x80;
		/* pointer and flags say nothing */
		if (i != 2 && i != 3)
			assert_false(meta_find(options, META_SIZE, &meta));
	}
	memcpy(options, written, META_SIZE);
	options[1] = 0; /* would never end */
	assert_false(meta_find(options, META_SIZE, &meta));
	memset(options, 1, META_SIZE);
	options[META_SIZE - 1] = 68; /* its length is outside */
	assert_false(meta_find(options, META_SIZE, &meta));
	memcpy(options, written, META_SIZE);
	options[0] = 0; /* the list ends */
	assert_false(meta_find(options, META_SIZE, &meta));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_written_as_the_edge_expects_it),
		cmocka_unit_test(it_is_found_among_others),
		cmocka_unit_test(others_are_not_taken_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
