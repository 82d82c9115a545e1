/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The relay's heap of times, against sorting. */
#include "daemon/relay/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "include/shared/fate.h"

#define MOST 20000

struct item {
	uint64_t at_ns, came;
};

static struct item items[MOST], wanted[MOST];

static int compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->came < y->came ? -1 : 1;
}

static void things_come_out_in_time_and_ties_as_they_came(void **state)
{
	static const struct {
		size_t count;
		uint64_t times; /* how many different ones */
	} rows[] = {
		{1, 1},
		{2, 1},
		{3, 2},
		{4, 4},
		{5, 2},
		{6, 3},
		{17, 1},
		{1000, 1000},
		{1025, 7},
		{MOST, 100},
		{MOST, UINT64_MAX},
	};

	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct heap heap = {0};

		for (size_t i = 0; i < rows[row].count; i++) {
			items[i] = (struct item){fate_base(row, i) % rows[row].times, i};
			wanted[i] = items[i];
			assert_int_equal(heap_push(&heap, items[i].at_ns, &items[i]), 0);
		}
		qsort(wanted, rows[row].count, sizeof(wanted[0]), compare);
		for (size_t i = 0; i < rows[row].count; i++) {
			const struct heap_entry *first = heap_first(&heap);

			assert_non_null(first);
			assert_int_equal(first->at_ns, wanted[i].at_ns);
			assert_int_equal(((struct item *)first->what)->came, wanted[i].came);
			heap_pop(&heap);
		}
		assert_null(heap_first(&heap));
		heap_done(&heap);
	}
}

/* As the relay uses it: something comes, something goes, for a long time. */
static void coming_and_going_mix(void **state)
{
	struct heap heap = {0};
	uint64_t now = 0, n = 0;

	(void)state;
	for (uint64_t round = 0; round < 200000; round++) {
		uint64_t drawn = fate_base(1, round);

		if (heap.count < 5 || (drawn & 1 && heap.count < 3000)) {
			struct item *item = &items[n % MOST];

			*item = (struct item){now + (drawn >> 8) % 50, n++};
			assert_int_equal(heap_push(&heap, item->at_ns, item), 0);
			continue;
		}
		const struct heap_entry *first = heap_first(&heap);
		const struct item *item = first->what;

		for (size_t i = 1; i < heap.count && i < 5; i++)
			assert_true(compare(item, heap.entries[i].what) < 0);
		assert_int_equal(first->at_ns, item->at_ns);
		assert_true(first->at_ns >= now);
		now = first->at_ns;
		heap_pop(&heap);
	}
	heap_done(&heap);
}

static void an_emptied_heap_can_be_filled_again(void **state)
{
	struct heap heap = {0};

	(void)state;
	heap_done(&heap);
	assert_null(heap_first(&heap));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(heap_push(&heap, 5, &items[0]), 0);
		assert_ptr_equal(heap_first(&heap)->what, &items[0]);
		heap_pop(&heap);
		assert_null(heap_first(&heap));
	}
	assert_int_equal(heap_push(&heap, 5, &items[0]), 0);
	heap_done(&heap);
	assert_null(heap_first(&heap));
	assert_int_equal(heap_push(&heap, 6, &items[1]), 0);
	assert_int_equal(heap_first(&heap)->at_ns, 6);
	heap_done(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(things_come_out_in_time_and_ties_as_they_came),
		cmocka_unit_test(coming_and_going_mix),
		cmocka_unit_test(an_emptied_heap_can_be_filled_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
