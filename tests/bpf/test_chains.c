// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loader's side of functions and taps: which ports and routers are marked for them, what goes
 * with what, and what a later daemon takes over.
 */
#include "tests/bpf/again.h"

#include "bpf/loader/functions.h"

#define FN    3
#define TAP   7
#define BYTES 65536

static const struct vlsp_chain chain = {.count = 1, .fn[0] = {.index = FN, .kind = VLSP_FN_PROG}};

/* Function FN of again drops all. */
static void set_dropper(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = TC_ACT_SHOT},
		{.code = BPF_JMP | BPF_EXIT}};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "test", "GPL", insns, 2, NULL);

	assert_true(fd >= 0);
	assert_int_equal(bld_fn_prog(again, FN, fd), 0);
	close(fd);
}

static uint32_t port_flags(uint32_t number)
{
	struct vlsp_port record;
	int fd = pinned("vlsp_port");

	assert_int_equal(bpf_map_lookup_elem(fd, &number, &record), 0);
	close(fd);
	return record.flags;
}

static uint32_t router_flags(uint32_t slot)
{
	struct vlsp_router record;
	int fd = pinned("vlsp_router");

	assert_int_equal(bpf_map_lookup_elem(fd, &slot, &record), 0);
	close(fd);
	return record.flags;
}

/* Entries of a map that is pinned under that name. */
static unsigned entries_of(const char *name)
{
	uint32_t key, *last = NULL;
	int fd = pinned(name);
	unsigned n = 0;

	while (bpf_map_get_next_key(fd, last, &key) == 0) {
		last = &key;
		n++;
	}
	close(fd);
	return n;
}

/* The kernel's id of the map that entry index of an array of maps holds; 0: none. */
static uint32_t inner_of(const char *name, uint32_t index)
{
	int fd = pinned(name);
	uint32_t id = 0;

	if (bpf_map_lookup_elem(fd, &index, &id) < 0)
		id = 0;
	close(fd);
	return id;
}

static void add_port(uint32_t number, uint32_t slot)
{
	struct vlsp_port record = {
		.slot = slot, .address = htonl(ADDR(slot)), .flags = VLSP_PORT_VALID};

	assert_int_equal(bld_port_set(again, number, &record), 0);
}

/* --- marks ------------------------------------------------------------------------------------ */

static void ports_of_a_router_with_a_chain_are_marked_those_that_come_later_too(void **state)
{
	const struct vlsp_chain none = {0};
	struct vlsp_port record;
	struct vlsp_chain is;

	(void)state;
	need_bpf();
	open_again();
	fill();
	set_dropper();
	assert_int_equal(bld_chain_read(again, 1, &is), -ENOENT);
	assert_int_equal(bld_chain_set(again, 1, &chain), 0);
	assert_int_equal(bld_chain_read(again, 1, &is), 0);
	assert_memory_equal(&is, &chain, sizeof(chain));
	assert_int_equal(port_flags(IN), VLSP_PORT_VALID | VLSP_PORT_CHAIN);
	assert_int_equal(port_flags(OUT), VLSP_PORT_VALID | VLSP_PORT_CHAIN);
	assert_int_equal(router_flags(1), VLSP_ROUTER_CHAIN);
	assert_int_equal(router_flags(2), 0);
	add_port(300, 1);
	add_port(301, 2);
	assert_int_equal(port_flags(300), VLSP_PORT_VALID | VLSP_PORT_CHAIN);
	assert_int_equal(port_flags(301), VLSP_PORT_VALID);
	add_port(IN, 1); /* who sets a port again knows nothing of it, and is told nothing */
	assert_int_equal(port_flags(IN), VLSP_PORT_VALID | VLSP_PORT_CHAIN);
	assert_int_equal(bld_port_read(again, IN, &record), 0);
	assert_int_equal(record.flags, VLSP_PORT_VALID);
	hops(bld_prog_in(again), TC_ACT_SHOT);

	assert_int_equal(bld_chain_set(again, 1, &none), 0);
	assert_int_equal(bld_chain_read(again, 1, &is), -ENOENT);
	assert_int_equal(port_flags(IN) | port_flags(OUT) | port_flags(300), VLSP_PORT_VALID);
	assert_int_equal(router_flags(1), 0);
	assert_int_equal(bld_chain_set(again, 1, &none), 0);
	hops(bld_prog_in(again), ROUTE);
}

static void a_chain_goes_with_its_router(void **state)
{
	struct err err = {0};

	(void)state;
	need_bpf();
	open_again();
	fill();
	assert_int_equal(bld_chain_set(again, 1, &chain), 0);
	bld_router_del(again, 1);
	assert_int_equal(entries_of("vlsp_chain"), 0);
	assert_int_equal(port_flags(IN), VLSP_PORT_VALID);
	assert_int_equal(bld_router_add(again, 1, ADDR(1), 1001, VLSP_FIB_MIN, &err), 0);
	/* one whose FIB is being written gets the mark with its address */
	assert_int_equal(bld_chain_set(again, 1, &chain), 0);
	assert_int_equal(router_flags(1), 0);
	assert_int_equal(bld_settle(again), 0);
	assert_int_equal(router_flags(1), VLSP_ROUTER_CHAIN);
}

static void chains_that_cannot_be_are_refused(void **state)
{
	struct vlsp_chain bad = chain;

	(void)state;
	need_bpf();
	open_again();
	fill();
	assert_int_equal(bld_chain_set(again, 3, &chain), -ENOENT);
	assert_int_equal(bld_chain_set(again, VLSP_SLOT_MAX, &chain), -ENOENT);
	bad.fn[0].index = VLSP_FN_MAX;
	assert_int_equal(bld_chain_set(again, 1, &bad), -EINVAL);
	bad = chain;
	bad.fn[0].kind = 0;
	assert_int_equal(bld_chain_set(again, 1, &bad), -EINVAL);
	bad = chain;
	bad.count = VLSP_CHAIN_MAX + 1;
	assert_int_equal(bld_chain_set(again, 1, &bad), -EINVAL);
	assert_int_equal(entries_of("vlsp_chain"), 0);
	assert_int_equal(router_flags(1), 0);
	assert_int_equal(bld_fn_ring(again, VLSP_FN_MAX, BYTES), -EINVAL);
	assert_int_equal(bld_fn_ring(again, 0, 1000), -EINVAL); /* no power of two */
	assert_int_equal(bld_fn_prog(again, VLSP_FN_MAX, 0), -EINVAL);
	assert_true(bld_fn_prog(again, 0, again ? bld_map_addr(again) : -1) < 0); /* a map */
}

/* --- rings ------------------------------------------------------------------------------------ */

static void a_ring_is_made_once_for_a_size_and_taken_away(void **state)
{
	uint32_t id;
	int fd;

	(void)state;
	need_bpf();
	open_again();
	fd = bld_fn_ring(again, FN, BYTES);
	assert_true(fd >= 0);
	assert_int_equal(bld_fn_ring(again, FN, BYTES), fd);
	assert_int_equal(bld_settle(again), 0);
	id = inner_of("vlsp_fn_ring", FN);
	assert_int_equal(id, bld_id(fd));
	fd = bld_fn_ring(again, FN, 2 * BYTES);
	assert_true(fd >= 0);
	assert_int_equal(bld_settle(again), 0);
	assert_int_not_equal(inner_of("vlsp_fn_ring", FN), id);
	assert_int_equal(inner_of("vlsp_fn_ring", FN), bld_id(fd));
	bld_fn_clear(again, FN);
	assert_int_equal(bld_settle(again), 0);
	assert_int_equal(inner_of("vlsp_fn_ring", FN), 0);
	bld_fn_clear(again, FN);
	bld_fn_clear(again, FN + 1);
	assert_int_equal(bld_settle(again), 0);
	/* made and taken away before anybody waits */
	assert_true(bld_fn_ring(again, FN, BYTES) >= 0);
	bld_fn_clear(again, FN);
	assert_int_equal(bld_settle(again), 0);
	assert_int_equal(inner_of("vlsp_fn_ring", FN), 0);
	bld_fn_clear(again, FN);
	assert_true(bld_fn_ring(again, FN, BYTES) >= 0);
	assert_int_equal(bld_settle(again), 0);
	assert_int_not_equal(inner_of("vlsp_fn_ring", FN), 0);
}

static void many_rings_come_and_go_at_once(void **state)
{
	(void)state;
	need_bpf();
	open_again();
	for (uint32_t i = 0; i < 200; i++)
		assert_true(bld_fn_ring(again, i * 5, 4096) >= 0);
	assert_int_equal(bld_settle(again), 0);
	for (uint32_t i = 0; i < 200; i += 2)
		bld_fn_clear(again, i * 5);
	assert_int_equal(bld_settle(again), 0);
	for (uint32_t i = 0; i < 200; i += 13)
		assert_int_equal(inner_of("vlsp_fn_ring", i * 5) != 0, i % 2);
}

/* --- taking over ------------------------------------------------------------------------------ */

static void chains_rings_and_counters_are_taken_over(void **state)
{
	struct vlsp_fn_count count;
	struct vlsp_chain is;
	uint32_t ring;

	(void)state;
	need_bpf();
	open_again();
	fill();
	set_dropper();
	ring = bld_id(bld_fn_ring(again, FN + 1, BYTES));
	assert_int_equal(bld_chain_set(again, 1, &chain), 0);
	assert_int_equal(bld_cut_set(again, &chain.fn[0].match, 1), 0);
	hops(bld_prog_in(again), TC_ACT_SHOT);
	close_again(true);
	open_again();
	assert_filled();
	hops(bld_prog_in(again), TC_ACT_SHOT);
	assert_int_equal(bld_chain_read(again, 1, &is), 0);
	assert_memory_equal(&is, &chain, sizeof(chain));
	assert_int_equal(bld_fn_count_read(again, FN, &count), 0);
	assert_int_equal(count.dropped, 2);
	assert_int_equal(bld_id(bld_fn_ring(again, FN + 1, BYTES)), ring);
	add_port(300, 1);
	assert_int_equal(port_flags(300), VLSP_PORT_VALID | VLSP_PORT_CHAIN);
	bld_fn_clear(again, FN);
	hops(bld_prog_in(again), ROUTE); /* its policy is open */
	assert_int_equal(bld_fn_count_read(again, FN, &count), 0);
	assert_int_equal(count.dropped, 0);
	assert_int_equal(count.skipped, 1);
	bld_fn_clear(again, FN + 1);
	assert_int_equal(bld_settle(again), 0);
	assert_int_equal(inner_of("vlsp_fn_ring", FN + 1), 0);
	close_again(false);
	assert_false(exists(PIN_DIR));
	assert_int_equal(journal_count(), 0);
}

static void taps_are_taken_away(void **state)
{
	struct vlsp_tap_count count;

	(void)state;
	need_bpf();
	open_again();
	fill();
	assert_true(bld_tap_ring(again, TAP, BYTES) >= 0);
	assert_int_equal(bld_settle(again), 0);
	assert_int_equal(bld_tap_port(again, IN, TAP, VLSP_TAP_RX, 100), 0);
	assert_int_equal(bld_tap_port(again, OUT, TAP, VLSP_TAP_TX, 100), 0);
	assert_int_equal(bld_tap_port(again, 1002, TAP, VLSP_TAP_TX, 100), 0);
	assert_int_equal(bld_chain_set(again, 2, &chain), 0);
	assert_int_equal(router_flags(2), VLSP_ROUTER_CHAIN | VLSP_ROUTER_TAP);
	assert_int_equal(port_flags(IN), VLSP_PORT_VALID | VLSP_PORT_TAP);
	assert_int_equal(entries_of("vlsp_tap"), 3);
	hops(bld_prog_in(again), ROUTE);
	assert_int_equal(bld_tap_count_read(again, TAP, &count), 0);
	assert_int_equal(count.matched, 2);
	close_again(true);
	open_again();
	assert_filled();
	assert_int_equal(bld_settle(again), 0);
	assert_int_equal(entries_of("vlsp_tap"), 0);
	assert_int_equal(inner_of("vlsp_tap_ring", TAP), 0);
	assert_int_equal(port_flags(IN) | port_flags(OUT), VLSP_PORT_VALID);
	assert_int_equal(router_flags(2), VLSP_ROUTER_CHAIN);
	assert_int_equal(bld_tap_count_read(again, TAP, &count), 0);
	assert_int_equal(count.matched, 0);
	hops(bld_prog_in(again), ROUTE);
}

/* Otherwise the fast path need not look on at what leaves. */
static void a_port_is_marked_for_what_leaves_where_a_tap_can_see_something(void **state)
{
	struct vlsp_port record = {.slot = 1, .address = htonl(ADDR(1)), .flags = VLSP_PORT_VALID};
	struct vlsp_shape shape = {.key = 1, .loss = {.loss = FATE_ALWAYS}, .link = 1};
	const uint32_t arrives = VLSP_PORT_VALID | VLSP_PORT_TAP,
		       both = arrives | VLSP_PORT_TAP_OUT;
	struct vlsp_tap_count count;

	(void)state;
	need_bpf();
	open_again();
	fill();
	assert_true(bld_tap_ring(again, TAP, BYTES) >= 0);
	assert_int_equal(bld_settle(again), 0);
	assert_int_equal(bld_tap_port(again, OUT, TAP, VLSP_TAP_RX, 100), 0);
	assert_int_equal(port_flags(OUT), arrives);
	assert_int_equal(bld_tap_port(again, OUT, TAP, VLSP_TAP_DROPS, 100), 0);
	assert_int_equal(port_flags(OUT), arrives);
	hops(bld_prog_in(again), ROUTE);
	assert_int_equal(bld_shape_set(again, OUT, &shape, false), 0);
	record.flags |= VLSP_PORT_SHAPED;
	assert_int_equal(bld_port_set(again, OUT, &record), 0);
	assert_int_equal(port_flags(OUT), both | VLSP_PORT_SHAPED);
	hops(bld_prog_in(again), TC_ACT_SHOT);
	assert_int_equal(bld_tap_count_read(again, TAP, &count), 0);
	assert_int_equal(count.matched, 1); /* the loss */
	record.flags = VLSP_PORT_VALID;
	assert_int_equal(bld_port_set(again, OUT, &record), 0);
	assert_int_equal(port_flags(OUT), arrives);
	assert_int_equal(bld_tap_port(again, OUT, TAP, VLSP_TAP_TX, 100), 0);
	assert_int_equal(port_flags(OUT), both);
	assert_int_equal(bld_tap_port(again, OUT, TAP, 0, 100), 0);
	assert_int_equal(port_flags(OUT), VLSP_PORT_VALID);
}

static void marks_and_chains_that_do_not_fit_each_other_are_made_to(void **state)
{
	struct vlsp_port record = {
		.slot = 1, .address = htonl(ADDR(1)), .flags = VLSP_PORT_VALID | VLSP_PORT_CHAIN};
	uint32_t one = 1, two = 2, nobody = 9, number = IN;
	int fd;

	(void)state;
	need_bpf();
	live_and_be_killed();
	fd = pinned("vlsp_port");
	assert_int_equal(bpf_map_update_elem(fd, &number, &record, 0), 0);
	close(fd);
	fd = pinned("vlsp_chain");
	assert_int_equal(bpf_map_update_elem(fd, &two, &chain, 0), 0);
	assert_int_equal(bpf_map_update_elem(fd, &nobody, &chain, 0), 0);
	close(fd);
	open_again();
	assert_filled();
	assert_int_equal(port_flags(IN), VLSP_PORT_VALID);
	assert_int_equal(router_flags(1), 0);
	assert_int_equal(router_flags(2), VLSP_ROUTER_CHAIN);
	assert_int_equal(entries_of("vlsp_chain"), 1);
	fd = pinned("vlsp_chain"); /* removed half-way: marks are gone already */
	assert_int_equal(bpf_map_update_elem(fd, &one, &chain, 0), 0);
	close(fd);
	close_again(true);
	open_again();
	assert_int_equal(port_flags(IN), VLSP_PORT_VALID | VLSP_PORT_CHAIN);
	assert_int_equal(router_flags(1), VLSP_ROUTER_CHAIN);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, reset)
	const struct CMUnitTest tests[] = {
		T(ports_of_a_router_with_a_chain_are_marked_those_that_come_later_too),
		T(a_chain_goes_with_its_router),
		T(chains_that_cannot_be_are_refused),
		T(a_ring_is_made_once_for_a_size_and_taken_away),
		T(many_rings_come_and_go_at_once),
		T(chains_rings_and_counters_are_taken_over),
		T(taps_are_taken_away),
		T(a_port_is_marked_for_what_leaves_where_a_tap_can_see_something),
		T(marks_and_chains_that_do_not_fit_each_other_are_made_to),
	};

	return cmocka_run_group_tests(tests, open_group, harness_close);
}
