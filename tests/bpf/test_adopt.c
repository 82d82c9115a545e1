// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loader takes over what a daemon before it left, on purpose or because it was killed: what is
 * whole goes on, what was half made is taken back.
 */
#include "bpf/loader/functions.h"
#include "tests/bpf/again.h"

/* --- what is whole --------------------------------------------------------------------------- */

static void what_is_kept_goes_on_and_is_taken_over(void **state)
{
	uint32_t fib, capacity = 8 * VLSP_FIB_MIN;
	int prog;

	(void)state;
	need_bpf();
	open_again();
	assert_false(bld_adopted(again));
	fill();
	hops(bld_prog_in(again), ROUTE);
	fib = bld_router_fib_id(again, 1);
	assert_int_not_equal(fib, 0);
	prog = fcntl(bld_prog_in(again), F_DUPFD_CLOEXEC, 0); /* as if attached */
	close_again(true);

	hops(prog, ROUTE);
	open_again();
	assert_filled();
	assert_int_equal(bld_router_fib_id(again, 1), fib);
	assert_int_equal(received(again), 2);
	hops(prog, ROUTE);
	hops(bld_prog_in(again), ROUTE);
	assert_int_equal(received(again), 4);
	close(prog);
	/* it is as good as a new one */
	assert_true(bld_router_grow(again, 2, capacity) >= 0);
	assert_int_equal(bld_router_switch(again, 2), 0);
	assert_int_equal(bld_settle(again), 0);
	bld_router_del(again, 2);
	hops(bld_prog_in(again), TC_ACT_OK);
	close_again(false);
	assert_false(exists(PIN_DIR));
	assert_int_equal(journal_count(), 0);
}

static void one_that_was_killed_is_taken_over(void **state)
{
	(void)state;
	need_bpf();
	live_and_be_killed();
	open_again();
	assert_filled();
	hops(bld_prog_in(again), ROUTE);
	close_again(false);
	assert_false(exists(PIN_DIR));
}

static void it_can_be_left_and_taken_over_many_times(void **state)
{
	(void)state;
	need_bpf();
	open_again();
	fill();
	for (int i = 0; i < 20; i++) {
		hops(bld_prog_in(again), ROUTE);
		close_again(true);
		open_again();
	}
	assert_filled();
	assert_int_equal(received(again), 20);
}

static void without_routers_the_network_is_the_one_asked_for(void **state)
{
	struct err err = {0};
	uint32_t network;
	unsigned length;

	(void)state;
	need_bpf();
	open_again();
	close_again(true);
	assert_int_equal(bld_open("again", 0x0b000000, 24, NULL, &again, &err), 0);
	bld_network(again, &network, &length);
	assert_int_equal(network, 0x0b000000);
	assert_int_equal(length, 24);
	assert_int_equal(bld_router_add(again, 1, 0x0b000001, 1001, VLSP_FIB_MIN, &err), 0);
	close_again(true);
	open_again();
	bld_network(again, &network, &length);
	assert_int_equal(network, 0x0b000000); /* with one it stays */
}

/* Who reads them is gone; one may not even have got a port. */
static void rings_of_captures_are_gone(void **state)
{
	uint32_t tapped = 3, fresh = 4, id;
	int fd;

	(void)state;
	need_bpf();
	open_again();
	fill();
	assert_true(bld_tap_ring(again, tapped, 4096) >= 0);
	assert_true(bld_tap_ring(again, fresh, 4096) >= 0);
	assert_int_equal(bld_tap_port(again, IN, tapped, VLSP_TAP_RX, 64), 0);
	assert_int_equal(bld_settle(again), 0);
	close_again(true);
	open_again();
	assert_filled();
	assert_int_equal(bld_settle(again), 0);
	fd = pinned("vlsp_tap_ring");
	assert_int_equal(bpf_map_lookup_elem(fd, &tapped, &id), -ENOENT);
	assert_int_equal(bpf_map_lookup_elem(fd, &fresh, &id), -ENOENT);
	close(fd);
	hops(bld_prog_in(again), ROUTE);
}

/* --- what is half made ----------------------------------------------------------------------- */

static void a_router_without_fib_is_nobody(void **state)
{
	struct vlsp_router record = {.address = htonl(ADDR(5)), .edge = 1005};
	uint32_t slot = 5, host = 5;
	struct vlsp_addr addr = {.slot1 = 6};
	struct err err = {0};
	int fd;

	(void)state;
	need_bpf();
	live_and_be_killed();
	fd = pinned("vlsp_router");
	assert_int_equal(bpf_map_update_elem(fd, &slot, &record, 0), 0);
	close(fd);
	fd = pinned("vlsp_addr");
	assert_int_equal(bpf_map_update_elem(fd, &host, &addr, 0), 0);
	close(fd);
	open_again();
	assert_filled();
	assert_int_equal(bld_router_add(again, 6, ADDR(5), 1005, VLSP_FIB_MIN, &err), 0);
	assert_int_equal(bld_router_add(again, 5, ADDR(6), 1006, VLSP_FIB_MIN, &err), 0);
}

static void a_router_without_address_gets_it_back(void **state)
{
	struct vlsp_addr addr = {0};
	uint32_t host = 2;
	int fd;

	(void)state;
	need_bpf();
	live_and_be_killed();
	fd = pinned("vlsp_addr");
	assert_int_equal(bpf_map_update_elem(fd, &host, &addr, 0), 0);
	close(fd);
	open_again();
	assert_filled();
	hops(bld_prog_in(again), ROUTE);
}

static struct vlsp_router record_of(uint32_t slot)
{
	struct vlsp_router record;
	int fd = pinned("vlsp_router");

	assert_int_equal(bpf_map_lookup_elem(fd, &slot, &record), 0);
	close(fd);
	return record;
}

static void write_record(uint32_t slot, uint32_t address, uint32_t edge)
{
	struct vlsp_router record = {.address = htonl(address), .edge = edge};
	int fd = pinned("vlsp_router");

	assert_int_equal(bpf_map_update_elem(fd, &slot, &record, 0), 0);
	close(fd);
}

static void assert_slot_has(uint32_t slot, const char *name)
{
	struct bpf_map_info info = {0};
	uint32_t id, size = sizeof(info);
	int fd = pinned("vlsp_fib");

	assert_int_equal(bpf_map_lookup_elem(fd, &slot, &id), 0);
	close(fd);
	fd = bpf_map_get_fd_by_id(id);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	close(fd);
	assert_string_equal(info.name, name);
}

static void assert_nobody(uint32_t slot)
{
	struct vlsp_router record = record_of(slot);

	assert_int_equal(record.address, 0);
	assert_int_equal(record.edge, 0);
}

static void the_fib_of_a_router_that_is_gone_is_let_go(void **state)
{
	struct err err = {0};

	(void)state;
	need_bpf();
	live_and_be_killed();
	write_record(2, 0, 1002); /* as bld_router_del() leaves it until the FIB is another */
	open_again();
	assert_int_equal(bld_router_capacity(again, 2), 0);
	assert_int_equal(bld_settle(again), 0);
	assert_slot_has(2, "vlsp_fib_none");
	assert_nobody(2);
	bld_router_del(again, 1);
	assert_int_equal(bld_router_add(again, 3, ADDR(3), 1003, VLSP_FIB_MIN, &err), 0);
	bld_router_del(again, 3);
	assert_int_equal(record_of(1).address, 0);
	assert_int_equal(record_of(1).edge, 1001);
	assert_int_equal(bld_settle(again), 0);
	for (uint32_t slot = 1; slot <= 3; slot++) {
		assert_slot_has(slot, "vlsp_fib_none");
		assert_nobody(slot);
	}
	close_again(true);
	open_again(); /* stays empty */
	assert_true(bld_adopted(again));
	for (uint32_t slot = 1; slot <= 3; slot++)
		assert_slot_has(slot, "vlsp_fib_none");
}

static void a_router_is_taken_over_once_its_fib_is_in_force(void **state)
{
	struct vlsp_router record;
	struct err err = {0};
	int status;
	pid_t pid;

	(void)state;
	need_bpf();
	open_again();
	fill();
	assert_int_equal(bld_router_add(again, 5, ADDR(5), 1005, VLSP_FIB_MIN, &err), 0);
	assert_int_equal(bld_router_read(again, 5, &record), -ENOENT);
	assert_int_equal(record_of(5).edge, 1005); /* counted from the beginning */
	close_again(true);			   /* settles */
	open_again();
	assert_int_equal(bld_router_read(again, 5, &record), 0);
	assert_int_equal(ntohl(record.address), ADDR(5));
	bld_router_del(again, 5);
	close_again(true);

	pid = fork();
	if (pid == 0) { /* the slot is taken again, and nobody waits for it */
		if (bld_open("again", ADDR(0), 16, NULL, &again, &err) == 0)
			(void)bld_router_add(again, 5, ADDR(6), 1006, VLSP_FIB_MIN, &err);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	open_again();
	assert_filled();
	assert_int_equal(bld_settle(again), 0);
	assert_slot_has(5, "vlsp_fib_none");
	assert_nobody(5);
	assert_int_equal(bld_router_add(again, 5, ADDR(6), 1006, VLSP_FIB_MIN, &err), 0);
}

static void of_a_closing_that_was_cut_short_no_fib_is_left(void **state)
{
	(void)state;
	need_bpf();
	live_and_be_killed();
	write_record(1, 0, 1001); /* all pins are there still */
	write_record(2, 0, 1002);
	open_again();
	assert_true(bld_adopted(again));
	assert_int_equal(bld_settle(again), 0);
	assert_slot_has(1, "vlsp_fib_none");
	assert_slot_has(2, "vlsp_fib_none");
	fill();
	hops(bld_prog_in(again), ROUTE);
}

static void many_are_taken_over(void **state)
{
	enum { COUNT = 300 };
	struct err err = {0};

	(void)state;
	need_bpf();
	open_again();
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(bld_router_add(again, i * 50, ADDR(i + 1), 1000 + i * 200,
						VLSP_FIB_MIN << i % 3, &err),
				 0);
	close_again(true);
	open_again();
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(bld_router_capacity(again, i * 50), VLSP_FIB_MIN << i % 3);
		assert_true(bld_router_fib(again, i * 50) >= 0);
	}
	close_again(false);
	assert_false(exists(PIN_DIR));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, reset)
	const struct CMUnitTest tests[] = {
		T(what_is_kept_goes_on_and_is_taken_over),
		T(one_that_was_killed_is_taken_over),
		T(it_can_be_left_and_taken_over_many_times),
		T(without_routers_the_network_is_the_one_asked_for),
		T(rings_of_captures_are_gone),
		T(a_router_without_fib_is_nobody),
		T(a_router_without_address_gets_it_back),
		T(the_fib_of_a_router_that_is_gone_is_let_go),
		T(a_router_is_taken_over_once_its_fib_is_in_force),
		T(of_a_closing_that_was_cut_short_no_fib_is_left),
		T(many_are_taken_over),
	};

	return cmocka_run_group_tests(tests, open_group, harness_close);
}
