// SPDX-License-Identifier: GPL-2.0-or-later
/* The option that carries flow id and source timestamp, byte by byte. */
#include "lib/client/meta.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t written[VDP_META_LEN] = {68,   16,	  17,	3,    0x56, 0x4c, 0x53, 0x50,
					      0xfe, 0xed, 0xf0, 0x0d, 0,    0,	  0,	0};

static void it_is_written_as_the_edge_expects_it(void **state)
{
	struct vdp_meta meta;

	(void)state;
	meta_write(&meta, 0xfeedf00d);
	assert_memory_equal(&meta, written, VDP_META_LEN);
}

static void it_is_found_among_others(void **state)
{
	uint8_t options[40] = {1, 7, 3, 4, 1}; /* no operation, record route, no operation */
	struct vdp_meta meta;

	(void)state;
	memcpy(options + 5, written, VDP_META_LEN);
	options[5 + 15] = 9;
	assert_true(meta_find(options, sizeof(options), &meta));
	assert_int_equal(meta.flow, htonl(0xfeedf00d));
	assert_int_equal(meta.stamp, htonl(9));
	/* exactly all of it, and one byte less */
	assert_true(meta_find(options, 5 + VDP_META_LEN, &meta));
	assert_false(meta_find(options, 5 + VDP_META_LEN - 1, &meta));
}

static void others_are_not_taken_for_it(void **state)
{
	uint8_t options[VDP_META_LEN] = {0};
	struct vdp_meta meta;

	(void)state;
	assert_false(meta_find(options, 0, &meta));
	for (unsigned i = 0; i < 8; i++) {
		memcpy(options, written, VDP_META_LEN);
		options[i] ^= 0x80;
		/* pointer and flags say nothing */
		if (i != 2 && i != 3)
			assert_false(meta_find(options, VDP_META_LEN, &meta));
	}
	memcpy(options, written, VDP_META_LEN);
	options[1] = 0; /* would never end */
	assert_false(meta_find(options, VDP_META_LEN, &meta));
	memset(options, 1, VDP_META_LEN);
	options[VDP_META_LEN - 1] = 68; /* its length is outside */
	assert_false(meta_find(options, VDP_META_LEN, &meta));
	memcpy(options, written, VDP_META_LEN);
	options[0] = 0; /* the list ends */
	assert_false(meta_find(options, VDP_META_LEN, &meta));
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
