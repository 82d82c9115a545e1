/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for frames that wait: sizes, the limit, and that what is put back is used again. */
#include "daemon/relay/hold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MEBI (1u << 20)

static void a_packet_has_room_for_its_frame(void **state)
{
	static const uint32_t lengths[] = {0, 1, 14, 191, 192, 193, 1000, 1514, VLSP_FRAME_MAX};
	struct packet *packets[sizeof(lengths) / sizeof(lengths[0])];
	struct hold hold;

	(void)state;
	hold_init(&hold, MEBI);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		packets[i] = hold_get(&hold, lengths[i]);
		assert_non_null(packets[i]);
		assert_int_equal(packets[i]->length, lengths[i]);
		assert_null(packets[i]->next);
		memset(packets[i]->frame, 0xff, lengths[i]); /* ASan looks on */
		assert_int_equal(hold.held, i + 1);
	}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		hold_put(&hold, packets[i]);
	assert_int_equal(hold.held, 0);
	assert_int_equal(hold.held_bytes, 0);
	hold_done(&hold);
}

static void no_frame_is_larger_than_the_largest(void **state)
{
	struct hold hold;

	(void)state;
	hold_init(&hold, MEBI);
	assert_null(hold_get(&hold, VLSP_FRAME_MAX + 1));
	assert_null(hold_get(&hold, UINT32_MAX));
	assert_int_equal(hold.held + hold.held_bytes, 0);
	hold_done(&hold);
}

static void the_limit_counts_what_is_held_and_not_what_was(void **state)
{
	static const uint32_t lengths[] = {100, 1400};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct packet *list = NULL, *packet;
		uint64_t size, fitted[2] = {0};
		struct hold hold;

		hold_init(&hold, MEBI);
		packet = hold_get(&hold, lengths[i]);
		assert_non_null(packet);
		size = hold.held_bytes; /* of one */
		assert_true(size > lengths[i]);
		hold_put(&hold, packet);
		for (int again = 0; again < 2; again++) {
			while ((packet = hold_get(&hold, lengths[i]))) {
				packet->next = list;
				list = packet;
				fitted[again]++;
			}
			assert_true(hold.held_bytes <= MEBI);
			assert_true(hold.held_bytes + size > MEBI);
			assert_int_equal(hold.held, fitted[again]);
			while ((packet = list)) {
				list = packet->next;
				hold_put(&hold, packet);
			}
		}
		assert_int_equal(fitted[0], fitted[1]);
		assert_int_equal(fitted[0], MEBI / size);
		hold_done(&hold);
	}
}

static void what_was_put_back_is_taken_first(void **state)
{
	struct packet *small, *large;
	struct hold hold;

	(void)state;
	hold_init(&hold, MEBI);
	small = hold_get(&hold, 60);
	large = hold_get(&hold, 1500);
	hold_put(&hold, small);
	hold_put(&hold, large);
	assert_ptr_equal(hold_get(&hold, 192), small);
	assert_ptr_equal(hold_get(&hold, 193), large);
	assert_int_equal(small->length, 192);
	assert_int_equal(large->length, 193);
	hold_put(&hold, small);
	hold_put(&hold, large);
	hold_done(&hold);
}

static void a_limit_of_nothing_holds_nothing(void **state)
{
	struct hold hold;

	(void)state;
	hold_init(&hold, 0);
	assert_null(hold_get(&hold, 1));
	hold_done(&hold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_has_room_for_its_frame),
		cmocka_unit_test(no_frame_is_larger_than_the_largest),
		cmocka_unit_test(the_limit_counts_what_is_held_and_not_what_was),
		cmocka_unit_test(what_was_put_back_is_taken_first),
		cmocka_unit_test(a_limit_of_nothing_holds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
