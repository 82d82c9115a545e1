/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Token buckets, and slots of connections. */
#include "lib/http/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/http/server_priv.h"

#define T0 (1000 * NSEC_PER_SEC)

static unsigned take(struct http_rate *rate, const char *who, uint64_t at, unsigned n)
{
	unsigned got = 0;

	while (n--)
		got += http_rate_take(rate, who, at);
	return got;
}

static void a_burst_then_the_rate(void **state)
{
	struct http_rate *rate = http_rate_new(10, 20, 64);

	(void)state;
	assert_int_equal(take(rate, "a", T0, 100), 20);
	assert_int_equal(take(rate, "a", T0 + NSEC_PER_SEC / 2, 100), 5);
	assert_int_equal(take(rate, "a", T0 + NSEC_PER_SEC / 2, 1), 0);
	assert_int_equal(take(rate, "a", T0 + 100 * NSEC_PER_SEC, 100),
			 20);			       /* not more than it holds */
	assert_int_equal(take(rate, "a", T0, 100), 0); /* a clock that goes back gives nothing */
	http_rate_free(rate);
}

static void clients_are_told_apart(void **state)
{
	struct http_rate *rate = http_rate_new(1, 2, 1024);
	char name[32];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "client %d", i);
		assert_int_equal(take(rate, name, T0, 10), 2);
	}
	assert_int_equal(take(rate, "client 0", T0, 10), 0);
	http_rate_free(rate);
}

static void the_longest_silent_one_is_forgotten(void **state)
{
	struct http_rate *rate = http_rate_new(1, 2, 8); /* one set */
	char name[32];

	(void)state;
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(take(rate, name, T0 + (uint64_t)i, 10), 2);
	}
	assert_int_equal(take(rate, "8", T0 + 9, 10), 0);
	assert_int_equal(take(rate, "7", T0 + 9, 10), 0);
	assert_int_equal(take(rate, "0", T0 + 9, 10), 2); /* had to go for 8 */
	http_rate_free(rate);
}

static void slots_are_counted_by_pool_and_client(void **state)
{
	const unsigned share = HTTP_CLIENT_SHARE(HTTP_CONNECTIONS_TCP);
	struct http_slot *taken[HTTP_CONNECTIONS_TCP];
	struct http_client *client;
	struct http_slots slots;

	(void)state;
	http_slots_init(&slots);
	assert_false(http_slots_full(&slots, HTTP_POOL_TCP, 1, &client));
	for (unsigned i = 0; i < share; i++) {
		assert_false(http_slots_full(&slots, HTTP_POOL_TCP, 1, &client));
		taken[i] = http_slot_new(&slots, HTTP_POOL_TCP, 1);
	}
	assert_true(http_slots_full(&slots, HTTP_POOL_TCP, 1, &client));
	assert_non_null(client);
	assert_false(http_slots_full(&slots, HTTP_POOL_TCP, 2, &client)); /* another address */
	assert_false(http_slots_full(&slots, HTTP_POOL_UNIX, 1, &client));
	for (unsigned i = share; i < HTTP_CONNECTIONS_TCP; i++)
		taken[i] = http_slot_new(&slots, HTTP_POOL_TCP, 2);
	assert_true(http_slots_full(&slots, HTTP_POOL_TCP, 3, &client));
	assert_null(client);
	assert_int_equal(http_slots_busiest(&slots, HTTP_POOL_TCP)->key, 1);
	assert_null(http_slots_busiest(&slots, HTTP_POOL_READ));
	taken[0]->refs++;
	http_slot_unref(taken[0]); /* of two */
	assert_true(http_slots_full(&slots, HTTP_POOL_TCP, 3, &client));
	for (unsigned i = 0; i < HTTP_CONNECTIONS_TCP; i++)
		http_slot_unref(taken[i]);
	assert_true(list_empty(&slots.clients));
	assert_int_equal(slots.count[HTTP_POOL_TCP], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_then_the_rate),
		cmocka_unit_test(clients_are_told_apart),
		cmocka_unit_test(the_longest_silent_one_is_forgotten),
		cmocka_unit_test(slots_are_counted_by_pool_and_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
