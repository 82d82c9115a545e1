// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose a port is, and which datagram a fragment is of: what nat remembers, and what it forgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "apps/nat_table.h"

#define SECOND 1000000000ULL

static struct nat_table table;
static struct nat_fragments fragments;

static int empty(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	memset(&fragments, 0, sizeof(fragments));
	return 0;
}

static void a_port_is_one_sources(void **state)
{
	const struct nat_range range = {.low = 1024, .high = 65535, .idle_ns = SECOND};

	(void)state;
	for (uint32_t i = 0; i < 64512; i++) {
		uint16_t port = nat_port_for(&table, &range, i % 97 + 1, (uint16_t)i, 5);

		assert_true(port >= 1024);
		assert_int_equal(table.by_port[port].host, i % 97 + 1);
		assert_int_equal(table.by_port[port].port, (uint16_t)i);
		table.by_port[port].used_ns = 5;
	}
	assert_int_equal(table.count, 64512);
	for (uint32_t i = 0; i < 64512; i++)
		assert_int_equal(nat_port_of(&table, i % 97 + 1, (uint16_t)i),
				 nat_port_for(&table, &range, i % 97 + 1, (uint16_t)i, 6));
	assert_int_equal(table.count, 64512);
	assert_int_equal(nat_port_of(&table, 98, 1), 0);
	assert_int_equal(nat_port_for(&table, &range, 98, 1, 6), 0); /* all are in use */
}

/* Its mark is that of a free port, which would be given away from within a list. */
static void address_0_has_no_port(void **state)
{
	const struct nat_range range = {.low = 2000, .high = 2000, .idle_ns = SECOND};
	uint16_t port;

	(void)state;
	assert_int_equal(nat_port_for(&table, &range, 0, 5, 1), 0);
	assert_int_equal(table.count, 0);
	for (uint32_t host = 1; host < 1 << 18; host++) { /* some share its place in the table */
		port = nat_port_for(&table, &range, host, 9, host * SECOND);
		assert_int_equal(port, 2000);
		assert_int_equal(nat_port_of(&table, 0, 6), 0);
		assert_int_equal(nat_port_of(&table, 0, 5), 0);
	}
	assert_int_equal(table.count, 1);
}

static void what_is_idle_gives_its_port_away(void **state)
{
	struct nat_range range = {.low = 2000, .high = 2002, .idle_ns = 10 * SECOND};
	uint16_t ports[3], port;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		ports[i] = nat_port_for(&table, &range, 7, (uint16_t)i, 0); /* also of 0 */
		table.by_port[ports[i]].used_ns = i * SECOND;
	}
	assert_int_equal(nat_port_for(&table, &range, 8, 0, 10 * SECOND - 1), 0);
	port = nat_port_for(&table, &range, 8, 0, 10 * SECOND);
	assert_int_equal(port, ports[0]);
	table.by_port[port].used_ns = 10 * SECOND;
	assert_int_equal(nat_port_of(&table, 7, 0), 0);
	assert_int_equal(nat_port_of(&table, 7, 1), ports[1]);
	assert_int_equal(table.count, 3);
	assert_int_equal(nat_port_for(&table, &range, 8, 1, 10 * SECOND), 0);
	range.idle_ns = SECOND; /* as it is set while it runs */
	assert_int_equal(nat_port_for(&table, &range, 8, 1, 10 * SECOND), ports[1]);
}

static struct nat_view view_of(uint32_t src, uint16_t id)
{
	return (struct nat_view){
		.host = {src, 2}, .protocol = NAT_UDP, .fragment = true, .later = true, .id = id};
}

static void later_fragments_find_their_first(void **state)
{
	struct nat_view view = view_of(1, 1000), other;
	const struct nat_parts *parts;

	(void)state;
	assert_null(nat_parts_of(&fragments, &view, 0));
	nat_parts_begin(&fragments, &view, 77, SECOND);
	parts = nat_parts_of(&fragments, &view, 2 * SECOND);
	assert_non_null(parts);
	assert_int_equal(parts->host, 77);
	for (int i = 0; i < 4; i++) {
		other = view;
		other.host[NAT_SRC] += i == 0;
		other.host[NAT_DST] += i == 1;
		other.id += i == 2;
		other.protocol = i == 3 ? NAT_ICMP : NAT_UDP;
		assert_null(nat_parts_of(&fragments, &other, 2 * SECOND));
		nat_parts_begin(&fragments, &other, 78, SECOND);
		assert_int_equal(nat_parts_of(&fragments, &view, 2 * SECOND)->host, 77);
		assert_int_equal(nat_parts_of(&fragments, &other, 2 * SECOND)->host, 78);
	}
	assert_non_null(nat_parts_of(&fragments, &view, (NAT_PARTS_S + 1) * SECOND - 1));
	assert_null(nat_parts_of(&fragments, &view, (NAT_PARTS_S + 1) * SECOND));
}

static void each_datagram_has_an_id_of_its_own(void **state)
{
	struct nat_view one = view_of(1, 1000), same = view_of(3, 1000);
	uint16_t id = nat_parts_begin(&fragments, &one, 9, SECOND)->id_then;

	(void)state;
	assert_int_not_equal(nat_parts_begin(&fragments, &same, 9, SECOND)->id_then, id);
	/* a link has doubled the first fragment */
	assert_int_equal(nat_parts_begin(&fragments, &one, 9, SECOND + 1)->id_then, id);
	/* much later it is another datagram */
	assert_int_not_equal(nat_parts_begin(&fragments, &one, 9, 60 * SECOND)->id_then, id);
	assert_non_null(nat_parts_of(&fragments, &one, 61 * SECOND));
}

static void the_oldest_give_way(void **state)
{
	const unsigned count = 4 * NAT_SETS * NAT_WAYS;
	unsigned known = 0;

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		struct nat_view view = view_of(i >> 8, (uint16_t)i);

		nat_parts_begin(&fragments, &view, i + 1, SECOND + i);
		assert_int_equal(nat_parts_of(&fragments, &view, SECOND + i)->host, i + 1);
	}
	for (unsigned i = 0; i < count; i++) {
		struct nat_view view = view_of(i >> 8, (uint16_t)i);

		known += nat_parts_of(&fragments, &view, 2 * SECOND) != NULL;
		if (i >= count - NAT_WAYS) /* whatever sets they are in */
			assert_non_null(nat_parts_of(&fragments, &view, 2 * SECOND));
	}
	assert_true(known <= NAT_SETS * NAT_WAYS);
	assert_true(known > NAT_SETS * NAT_WAYS / 2); /* they are spread over the sets */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_port_is_one_sources, empty),
		cmocka_unit_test_setup(address_0_has_no_port, empty),
		cmocka_unit_test_setup(what_is_idle_gives_its_port_away, empty),
		cmocka_unit_test_setup(later_fragments_find_their_first, empty),
		cmocka_unit_test_setup(each_datagram_has_an_id_of_its_own, empty),
		cmocka_unit_test_setup(the_oldest_give_way, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
