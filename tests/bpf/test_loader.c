// SPDX-License-Identifier: GPL-2.0-or-later
/* The loader: pins, routers and their FIBs, ports, counters, and that it leaves nothing behind. */
#include "tests/bpf/frames.h"

#include <errno.h>
#include <sys/stat.h>

static struct frame in, out;

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static void programs_and_maps_are_pinned_by_name(void **state)
{
	static const char *const names[] = {"vlsp_in",	  "vlsp_out",	 "vlsp_conf",
					    "vlsp_addr",  "vlsp_router", "vlsp_port",
					    "vlsp_hello", "vlsp_fib",	 "vlsp_count"};
	char path[128];

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/sys/fs/bpf/vlsp/test/%s", names[i]);
		if (!exists(path))
			fail_msg("%s is missing", path);
	}
}

static void instances_live_side_by_side_and_one_name_is_given_once(void **state)
{
	struct bld *other = NULL, *third = NULL;
	struct err err = {0};

	(void)state;
	need_bpf();
	assert_int_equal(bld_open("other", ADDR(0), 16, NULL, &other, &err), 0);
	assert_true(exists("/sys/fs/bpf/vlsp/other/vlsp_in"));
	assert_int_equal(bld_open("other", ADDR(0), 16, NULL, &third, &err), -EEXIST);
	assert_non_null(strstr(err.text, "other"));
	assert_null(third);
	assert_true(exists("/sys/fs/bpf/vlsp/other/vlsp_in"));
	bld_close(other, false);
	assert_false(exists("/sys/fs/bpf/vlsp/other"));
	assert_true(exists("/sys/fs/bpf/vlsp/test/vlsp_in"));
}

static void bad_instances_and_networks_leave_nothing(void **state)
{
	static const struct {
		const char *instance;
		uint32_t network;
		unsigned length;
	} rows[] = {
		{"", ADDR(0), 16},	{"a.b", ADDR(0), 16},	{"a/b", ADDR(0), 16},
		{"fresh", ADDR(0), 15}, {"fresh", ADDR(0), 31}, {"fresh", ADDR(1), 16},
	};
	struct bld *other = NULL;

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};

		assert_int_equal(bld_open(rows[i].instance, rows[i].network, rows[i].length, NULL,
					  &other, &err),
				 -EINVAL);
		assert_true(strlen(err.text) > 10);
		assert_null(other);
		assert_false(exists("/sys/fs/bpf/vlsp/fresh"));
	}
}

static void bad_routers_are_refused_with_the_field_named(void **state)
{
	static const struct {
		uint32_t slot, address, edge, capacity;
		int code;
		const char *word;
	} rows[] = {
		{VLSP_SLOT_MAX, ADDR(9), 1009, 1024, -EINVAL, "slot"},
		{1, ADDR(9), 1009, 1024, -EEXIST, "slot"},
		{9, ADDR(1), 1009, 1024, -EEXIST, "10.0.0.1"},
		{9, 0x0b000001, 1009, 1024, -EINVAL, "11.0.0.1"},
		{9, 0, 1009, 1024, -EINVAL, "address"},
		{9, ADDR(9), 1, 1024, -EINVAL, "edge"},
		{9, ADDR(9), VLSP_PORT_MAX, 1024, -EINVAL, "edge"},
		{9, ADDR(9), 1009, 512, -EINVAL, "capacity"},
		{9, ADDR(9), 1009, 1025, -EINVAL, "capacity"},
		{9, ADDR(9), 1009, 2 * VLSP_SLOT_MAX, -EINVAL, "capacity"},
	};

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};

		assert_int_equal(bld_router_add(bld, rows[i].slot, rows[i].address, rows[i].edge,
						rows[i].capacity, &err),
				 rows[i].code);
		assert_non_null(strstr(err.text, rows[i].word));
	}
	assert_int_equal(bld_router_fib(bld, 9), -ENOENT);
	assert_int_equal(bld_router_capacity(bld, 9), 0);
}

static void bad_ports_are_refused(void **state)
{
	struct vlsp_port record = {.slot = 1, .flags = VLSP_PORT_VALID};

	(void)state;
	need_bpf();
	assert_int_equal(bld_port_set(bld, 1, &record), -EINVAL);
	assert_int_equal(bld_port_set(bld, VLSP_PORT_MAX, &record), -EINVAL);
	record.slot = VLSP_SLOT_MAX;
	assert_int_equal(bld_port_set(bld, OUT, &record), -EINVAL);
}

static void hop(int verdict)
{
	vdp_frame(&in, ADDR(3), ADDR(2), 10);
	run(bld_prog_in(bld), IN, &in, &out);
	assert_int_equal(out.verdict, verdict);
}

static void a_larger_fib_is_seen_only_after_the_switch(void **state)
{
	struct vlsp_fib entry = {.port = OUT, .metric = 1};
	uint32_t two = 2;
	int next;

	(void)state;
	need_bpf();
	assert_int_equal(bld_router_switch(bld, 1), -ENOENT);
	assert_int_equal(bld_router_grow(bld, 1, 512), -EINVAL);
	next = bld_router_grow(bld, 1, 8192);
	assert_true(next >= 0);
	assert_int_equal(bld_router_capacity(bld, 1), VLSP_FIB_MIN);
	hop(ROUTE);
	assert_int_equal(bld_router_switch(bld, 1), 0);
	assert_int_equal(bld_settle(bld), 0);
	assert_int_equal(bld_router_capacity(bld, 1), 8192);
	assert_int_equal(bld_router_fib(bld, 1), next);
	hop(TC_ACT_OK); /* it is empty */
	assert_int_equal(bpf_map_update_elem(next, &two, &entry, 0), 0);
	hop(ROUTE);
}

static void a_deleted_router_is_nobody_and_its_slot_can_be_used_again(void **state)
{
	struct err err = {0};

	(void)state;
	need_bpf();
	hop(ROUTE);
	bld_router_del(bld, 2);
	hop(TC_ACT_OK);
	assert_int_equal(bld_router_fib(bld, 2), -ENOENT);
	assert_int_equal(bld_router_add(bld, 2, ADDR(200), 1010, VLSP_FIB_MIN, &err), 0);
	hop(TC_ACT_OK);
	vdp_frame(&in, ADDR(3), ADDR(200), 10);
	run(bld_prog_in(bld), IN, &in, &out);
	assert_int_equal(out.verdict, ROUTE);
}

static void a_router_without_fib_in_force_has_no_routes(void **state)
{
	(void)state;
	need_bpf();
	bld_router_del(bld, 1);
	assert_int_equal(bld_settle(bld), 0);
	hop(TC_ACT_OK);
	assert_dropped(IN, VLSP_DROP_NO_ROUTE);
}

static void counters_start_at_0_with_each_life_of_a_port(void **state)
{
	struct vlsp_hello hello = {.seen_ns = 5, .heard_ns = 5, .epoch = 5}, now;
	uint32_t in_port = IN;

	(void)state;
	need_bpf();
	hop(ROUTE);
	assert_int_equal(bpf_map_update_elem(bld_map_hello(bld), &in_port, &hello, 0), 0);
	port(IN, 1, VLSP_PORT_VALID | VLSP_PORT_QUEUE); /* a change: they stay */
	assert_int_equal(count(IN).rx_packets, 1);
	bld_port_del(bld, IN);
	assert_int_equal(count(IN).rx_packets, 1);
	port(IN, 1, VLSP_PORT_VALID);
	assert_int_equal(count(IN).rx_packets, 0);
	assert_int_equal(bpf_map_lookup_elem(bld_map_hello(bld), &in_port, &now), 0);
	assert_int_equal(now.seen_ns, 0);
	assert_int_equal(now.epoch, 0);
}

static void a_port_nobody_has_counts_zeros(void **state)
{
	(void)state;
	need_bpf();
	assert_int_equal(count(60000).rx_packets, 0);
	assert_int_equal(count(VLSP_PORT_MAX + 5).rx_packets, 0);
}

static void another_prefix_keeps_the_routers(void **state)
{
	(void)state;
	need_bpf();
	assert_int_equal(bld_network_set(bld, ADDR(0), 24), 0);
	hop(ROUTE);
	assert_int_equal(bld_network_set(bld, 0x0b000000, 16), -EBUSY);
	assert_int_equal(bld_network_set(bld, ADDR(0), 16), 0);
	hop(ROUTE);
}

static void many_routers_are_in_force_after_one_settle(void **state)
{
	struct err err = {0};
	struct vlsp_fib entry = {.port = OUT, .metric = 1};
	uint32_t two = 2;

	(void)state;
	need_bpf();
	for (uint32_t slot = 10; slot < 410; slot++)
		assert_int_equal(
			bld_router_add(bld, slot, ADDR(slot), 2000 + slot, VLSP_FIB_MIN, &err), 0);
	assert_int_equal(bld_settle(bld), 0);
	for (uint32_t slot = 10; slot < 410; slot += 57) {
		assert_int_equal(bpf_map_update_elem(bld_router_fib(bld, slot), &two, &entry, 0),
				 0);
		port(IN, slot, VLSP_PORT_VALID);
		hop(ROUTE);
	}
	for (uint32_t slot = 10; slot < 410; slot++)
		bld_router_del(bld, slot);
}

static void every_cause_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VLSP_DROP_CAUSES; i++) {
		assert_non_null(bld_drop_name(i));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(bld_drop_name(i), bld_drop_name(j));
	}
	assert_null(bld_drop_name(VLSP_DROP_CAUSES));
	assert_string_equal(bld_drop_name(VLSP_DROP_NO_ROUTE), "no-route");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, harness_reset)
	const struct CMUnitTest tests[] = {
		T(programs_and_maps_are_pinned_by_name),
		T(instances_live_side_by_side_and_one_name_is_given_once),
		T(bad_instances_and_networks_leave_nothing),
		T(bad_routers_are_refused_with_the_field_named),
		T(bad_ports_are_refused),
		T(a_larger_fib_is_seen_only_after_the_switch),
		T(a_deleted_router_is_nobody_and_its_slot_can_be_used_again),
		T(a_router_without_fib_in_force_has_no_routes),
		T(counters_start_at_0_with_each_life_of_a_port),
		T(a_port_nobody_has_counts_zeros),
		T(another_prefix_keeps_the_routers),
		T(many_routers_are_in_force_after_one_settle),
		T(every_cause_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
