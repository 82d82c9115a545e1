/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The FIB over plain memory: addresses to slots, what happens when slots change hands. */
#include "daemon/router/fib.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define NETWORK 0x0a010000u
#define CAP	64

struct fixture {
	struct vlsp_fib map[CAP], larger[2 * CAP];
	struct vlsp_addr *addr;
	struct fib *fib;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->addr = calloc(VLSP_ADDR_MAX, sizeof(*f->addr));
	assert_int_equal(fib_new(f->map, CAP, f->addr, &f->fib), 0);
	fib_network(f->fib, NETWORK, 16);
	f->addr[1].slot1 = 6;
	f->addr[2].slot1 = 1;
	f->addr[0xffff].slot1 = CAP;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fib_free(f->fib);
	free(f->addr);
	free(f);
	return 0;
}

static void a_route_is_entered_at_its_destinations_slot(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fib_set(f->fib, NETWORK + 1, 20, 3), 0);
	assert_int_equal(fib_set(f->fib, NETWORK + 0xffff, 21, 4), 0);
	assert_int_equal(f->map[5].port, 20);
	assert_int_equal(f->map[5].metric, 3);
	assert_int_equal(f->map[CAP - 1].port, 21);
	assert_int_equal(fib_port(f->fib, NETWORK + 1), 20);
	assert_int_equal(fib_port(f->fib, NETWORK + 2), 0);
	assert_int_equal(fib_routes(f->fib), 2);
	assert_int_equal(fib_metric_sum(f->fib), 7);
}

static void a_changed_route_is_counted_once_and_a_lost_one_not_at_all(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fib_set(f->fib, NETWORK + 1, 20, 3), 0);
	assert_int_equal(fib_set(f->fib, NETWORK + 1, 22, 9), 0);
	assert_int_equal(fib_routes(f->fib), 1);
	assert_int_equal(fib_metric_sum(f->fib), 9);
	assert_int_equal(fib_set(f->fib, NETWORK + 1, 0, UINT32_MAX), 0);
	assert_int_equal(fib_set(f->fib, NETWORK + 1, 0, UINT32_MAX), 0);
	assert_int_equal(f->map[5].port, 0);
	assert_int_equal(f->map[5].metric, 0);
	assert_int_equal(fib_routes(f->fib), 0);
	assert_int_equal(fib_metric_sum(f->fib), 0);
}

static void an_address_that_nobody_has_is_remembered_as_missing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fib_set(f->fib, NETWORK + 3, 20, 1), -ENOENT);
	assert_true(fib_incomplete(f->fib));
	fib_retry(f->fib);
	assert_false(fib_incomplete(f->fib));
	f->addr[3].slot1 = 10;
	assert_int_equal(fib_set(f->fib, NETWORK + 3, 20, 1), 0);
	assert_false(fib_incomplete(f->fib));
	assert_int_equal(f->map[9].port, 20);
}

static void a_slot_beyond_the_map_is_missing_until_the_map_is_larger(void **state)
{
	struct fixture *f = *state;

	f->addr[3].slot1 = CAP + 1;
	assert_int_equal(fib_set(f->fib, NETWORK + 3, 20, 1), -ENOSPC);
	assert_true(fib_incomplete(f->fib));
	assert_int_equal(fib_set(f->fib, NETWORK + 1, 21, 2), 0);
	assert_int_equal(fib_move(f->fib, f->larger, 2 * CAP), 0);
	assert_int_equal(f->larger[5].port, 21);
	assert_int_equal(f->larger[5].metric, 2);
	assert_int_equal(fib_set(f->fib, NETWORK + 3, 20, 1), 0);
	assert_int_equal(f->larger[CAP].port, 20);
	assert_int_equal(f->map[5].port, 21); /* the old one is left as it was */
	assert_int_equal(fib_routes(f->fib), 2);
	assert_int_equal(fib_metric_sum(f->fib), 3);
}

static void addresses_outside_the_network_are_refused(void **state)
{
	static const uint32_t rows[] = {0, 0x0a000001, 0x0a020001, 0xffffffff};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(fib_set(f->fib, rows[i], 20, 1), -EDOM);
		assert_int_equal(fib_port(f->fib, rows[i]), 0);
	}
	assert_false(fib_incomplete(f->fib));
	assert_int_equal(fib_routes(f->fib), 0);
}

static void before_the_network_is_known_nothing_is_entered(void **state)
{
	struct fixture *f = *state;
	struct fib *fib;

	assert_int_equal(fib_new(f->map, CAP, f->addr, &fib), 0);
	assert_int_equal(fib_set(fib, NETWORK + 1, 20, 1), -EDOM);
	assert_int_equal(fib_set(fib, 1, 20, 1), -EDOM);
	fib_free(fib);
}

static void a_route_to_an_address_that_lost_its_slot_is_still_taken_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fib_set(f->fib, NETWORK + 1, 20, 1), 0);
	f->addr[1].slot1 = 0;
	assert_int_equal(fib_set(f->fib, NETWORK + 1, 0, UINT32_MAX), 0);
	assert_int_equal(f->map[5].port, 0);
}

static void taking_back_does_not_touch_the_slots_next_owner(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fib_set(f->fib, NETWORK + 1, 20, 1), 0);
	f->addr[1].slot1 = 0;
	f->addr[7].slot1 = 6;
	assert_int_equal(fib_set(f->fib, NETWORK + 7, 33, 2), 0);
	assert_int_equal(fib_set(f->fib, NETWORK + 1, 0, UINT32_MAX), 0);
	assert_int_equal(f->map[5].port, 33);
	assert_int_equal(fib_routes(f->fib), 1);
	assert_int_equal(fib_metric_sum(f->fib), 2);
}

static void routes_by_a_port_are_cleared_and_others_stay(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fib_set(f->fib, NETWORK + 1, 20, 1), 0);
	assert_int_equal(fib_set(f->fib, NETWORK + 2, 21, 1), 0);
	fib_clear_port(f->fib, 20);
	assert_int_equal(f->map[5].port, 0);
	assert_int_equal(f->map[0].port, 21);
	assert_int_equal(fib_routes(f->fib), 1);
	fib_clear(f->fib);
	assert_int_equal(f->map[0].port, 0);
	assert_int_equal(fib_routes(f->fib), 0);
}

static void collect(void *arg, uint32_t dst, uint32_t port, uint32_t metric)
{
	uint64_t *sum = arg;

	*sum += (uint64_t)(dst - NETWORK) * 1000 + port * 10 + metric;
}

static void each_route_is_shown_with_its_address(void **state)
{
	struct fixture *f = *state;
	uint64_t sum = 0;

	assert_int_equal(fib_set(f->fib, NETWORK + 1, 20, 1), 0);
	assert_int_equal(fib_set(f->fib, NETWORK + 2, 21, 2), 0);
	fib_each(f->fib, collect, &sum);
	assert_int_equal(sum, 1201 + 2212);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_route_is_entered_at_its_destinations_slot),
		T(a_changed_route_is_counted_once_and_a_lost_one_not_at_all),
		T(an_address_that_nobody_has_is_remembered_as_missing),
		T(a_slot_beyond_the_map_is_missing_until_the_map_is_larger),
		T(addresses_outside_the_network_are_refused),
		T(before_the_network_is_known_nothing_is_entered),
		T(a_route_to_an_address_that_lost_its_slot_is_still_taken_back),
		T(taking_back_does_not_touch_the_slots_next_owner),
		T(routes_by_a_port_are_cleared_and_others_stay),
		T(each_route_is_shown_with_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
