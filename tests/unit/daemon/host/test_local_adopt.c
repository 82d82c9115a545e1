// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A network that outlives its daemon, on the real kernel: another one takes it over as it runs;
 * whatever was done to it meanwhile, or behind a running daemon's back, is found and can be made
 * again. Needs root and $O/vlsp-router; skips with the reason otherwise.
 */
#include "tests/unit/daemon/host/audit_world.h"

#include <bpf/bpf.h>

#include "bpf/loader/loader.h"

#define SIDE 3

static void expect_well(const struct host_audit *audit)
{
	for (size_t i = 0; i < audit->router_count; i++)
		if (audit->router_found[i] != HOST_WELL)
			fail_msg("router %s is %d: %s", audit->routers[i].name,
				 audit->router_found[i], audit->example);
	for (size_t i = 0; i < audit->link_count; i++)
		if (audit->link_found[i] != HOST_WELL)
			fail_msg("link %s is %d: %s", audit->links[i].name, audit->link_found[i],
				 audit->example);
	if (audit->strays)
		fail_msg("%zu strays: %s", audit->strays, audit->example);
	assert_string_equal(audit->example, "");
}

static void all_is_well(struct world *world, uint32_t side)
{
	struct host_audit *audit = audit_new(side);

	run_audit(world, audit, false);
	expect_well(audit);
	host_audit_free(audit);
}

/* What daemon/ctl does with what is not well: it deletes that, with its links, and makes it. */
static void mend(struct world *world, const struct host_audit *audit, bool del)
{
	struct host_batch *batch = batch_new();
	bool bad[SIDE_MAX * SIDE_MAX] = {false};

	batch->routers_del = calloc(audit->router_count + 1, sizeof(*batch->routers_del));
	batch->routers_add = calloc(audit->router_count + 1, sizeof(*batch->routers_add));
	batch->links_del = calloc(audit->link_count + 1, sizeof(*batch->links_del));
	batch->links_add = calloc(audit->link_count + 1, sizeof(*batch->links_add));
	batch->links_set = calloc(audit->link_count + 1, sizeof(*batch->links_set));
	for (size_t i = 0; i < audit->router_count; i++) {
		if (audit->router_found[i] == HOST_WELL)
			continue;
		bad[audit->routers[i].slot] = true;
		if (del)
			batch->routers_del[batch->routers_del_count++] = audit->routers[i];
		batch->routers_add[batch->routers_add_count++] = audit->routers[i];
	}
	for (size_t i = 0; i < audit->link_count; i++) {
		const struct host_link *link = &audit->links[i];
		enum host_finding found = audit->link_found[i];

		if (found == HOST_ABSENT || found == HOST_WRONG || bad[link->end[0].slot] ||
		    bad[link->end[1].slot]) {
			if (del)
				batch->links_del[batch->links_del_count++] = *link;
			batch->links_add[batch->links_add_count++] = *link;
		} else if (found == HOST_DIFFERS) {
			batch->links_set[batch->links_set_count++] = *link;
		}
	}
	run_ok(world, batch);
}

static void close_all(struct world *world)
{
	world->host->ops->close(world->host, false);
	world->host = NULL;
	assert_int_equal(shell("test -z \"$(ls -A " RUNTIME ")\" && test ! -e /run/netns"), 0);
	assert_int_not_equal(access("/sys/fs/bpf/vlsp", F_OK), 0);
}

static void pids(char text[2000])
{
	FILE *pipe = popen("for i in 1 2 3 4 5 6 7 8 9; do ip netns pids r$i; done | tr '\\n' ' '",
			   "r");

	assert_non_null(pipe);
	assert_non_null(fgets(text, 2000, pipe));
	pclose(pipe);
}

static void a_network_is_left_and_taken_over_as_it_runs(void **state)
{
	struct world *world = *state;
	struct host_audit *audit;
	char before[2000], after[2000];
	int again;

	NEED(state);
	run_ok(world, grid(SIDE, false));
	all_is_well(world, SIDE);
	assert_int_equal(shell("ip netns exec r5 sleep 1000 & sleep 0.2"), 0);
	pids(before);
	for (again = 0; again < 3; again++) {
		world->host->ops->close(world->host, true);
		world->host = NULL;
		assert_int_equal(shell("ip netns exec r1 ping -q -c 1 -W 1 10.0.0.9 >/dev/null"),
				 0);
		open_again(world);
		audit = audit_new(SIDE);
		run_audit(world, audit, true);
		expect_well(audit);
		for (size_t i = 0; i < audit->router_count; i++)
			assert_true(audit->routers[i].pid > 0);
		host_audit_free(audit);
		pids(after);
		assert_string_equal(before, after);
		assert_int_equal(shell("ip netns exec r1 ping -q -c 1 -W 1 10.0.0.9 >/dev/null"),
				 0);
		all_is_well(world, SIDE);
	}
	assert_int_equal(world->ready + world->died, 0);
	/* it obeys the new one: more and less of it, and its processes are watched */
	run_ok(world, batch_links(link_of(50, 0, 8), '+'));
	run_ok(world, batch_links(link_of(50, 0, 8), '-'));
	world->lost = true;
	assert_int_equal(shell("kill -KILL $(ip netns pids r7)"), 0);
	while (!world->ready)
		run_for(world, 10);
	assert_int_equal(world->died, 1);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.7 >/dev/null");
	all_is_well(world, SIDE);
	close_all(world);
}

/* Entries of router slot's FIB as packets see it that lead anywhere. */
static unsigned routes_of(uint32_t slot, uint32_t capacity)
{
	int outer = bpf_obj_get("/sys/fs/bpf/vlsp/default/vlsp_fib"), fib;
	uint32_t id, count = 0;
	struct vlsp_fib entry;

	assert_true(outer >= 0);
	assert_int_equal(bpf_map_lookup_elem(outer, &slot, &id), 0);
	fib = bpf_map_get_fd_by_id(id);
	assert_true(fib >= 0);
	for (uint32_t i = 0; i < capacity; i++) {
		assert_int_equal(bpf_map_lookup_elem(fib, &i, &entry), 0);
		count += entry.port != 0;
	}
	close(fib);
	close(outer);
	return count;
}

/* As if the daemon had been killed while routers were told of larger FIBs: some were switched. */
static void switch_fibs(void)
{
	struct err err;
	struct bld *bld;

	assert_int_equal(bld_open("default", NETWORK, 16, NULL, &bld, &err), 0);
	for (uint32_t slot = 0; slot < SIDE * SIDE; slot += 2) {
		assert_true(bld_router_grow(bld, slot, 2 * VLSP_FIB_MIN) >= 0);
		assert_int_equal(bld_router_switch(bld, slot), 0);
	}
	bld_close(bld, true);
}

static void a_router_that_writes_to_another_table_gets_that_which_packets_see(void **state)
{
	struct world *world = *state;
	struct host_audit *audit;

	NEED(state);
	run_ok(world, grid(SIDE, false));
	for (int i = 0; i < 500 && routes_of(8, VLSP_FIB_MIN) < SIDE * SIDE - 1; i++)
		run_for(world, 10);
	audit = audit_new(SIDE);
	world->host->ops->close(world->host, true);
	world->host = NULL;
	switch_fibs();
	assert_int_equal(routes_of(2, 2 * VLSP_FIB_MIN), 0);
	open_again(world);
	run_audit(world, audit, true);
	expect_well(audit);
	for (uint32_t slot = 0; slot < SIDE * SIDE; slot += 2) {
		for (int i = 0; i < 500 && routes_of(slot, 2 * VLSP_FIB_MIN) < SIDE * SIDE - 1; i++)
			run_for(world, 10);
		assert_int_equal(routes_of(slot, 2 * VLSP_FIB_MIN), SIDE * SIDE - 1);
	}
	host_audit_free(audit);
	close_all(world);
}

static void after_a_crash_what_is_well_stays_and_what_nobody_wants_goes(void **state)
{
	struct world *world = *state;
	struct host_audit *audit;
	char before[2000], after[2000];

	NEED(state);
	another_runs_and_crashes(world, SIDE);
	pids(before);
	open_again(world);
	audit = audit_new(SIDE);
	run_audit(world, audit, true);
	expect_well(audit);
	host_audit_free(audit);
	pids(after);
	assert_string_equal(before, after);
	world->host->ops->close(world->host, true);
	world->host = NULL;

	open_again(world);
	audit = audit_new(2); /* addresses and ports of links are others */
	run_audit(world, audit, true);
	assert_true(audit->strays > 0);
	assert_int_equal(shell("test $(ls " RUNTIME "/netns | wc -l) = 4"), 0);
	mend(world, audit, false);
	host_audit_free(audit);
	all_is_well(world, 2);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.4 >/dev/null");
	close_all(world);
}

static void what_stands_in_the_journal_and_is_not_there_is_struck_out(void **state)
{
	struct world *world = *state;
	struct host_audit *audit = audit_new(2);

	NEED(state);
	run_ok(world, grid(2, false));
	world->host->ops->close(world->host, true);
	world->host = NULL;
	assert_int_equal(shell("printf '+ netns r70\n+ link /run/netns/r70\n+ link /run/netns/r71"
			       "\n' >>" RUNTIME "/journal && ln -s " RUNTIME
			       "/netns/r71 /run/netns/r71"),
			 0);
	open_again(world);
	run_audit(world, audit, true);
	assert_int_equal(audit->strays, 1);
	host_audit_free(audit);
	all_is_well(world, 2);
	assert_int_equal(shell("test ! -L /run/netns/r71"), 0);
	assert_int_equal(
		shell("for what in 'netns r70' 'link /run/netns/r70' 'link /run/netns/r71'; "
		      "do grep -qx \"^- $what\" " RUNTIME "/journal || exit 1; done"),
		0);
	close_all(world);
}

static void nothing_is_wanted_and_nothing_stays(void **state)
{
	struct world *world = *state;
	struct host_audit *audit;

	NEED(state);
	another_runs_and_crashes(world, SIDE);
	assert_int_equal(shell("ip netns exec r5 sleep 1000 & sleep 0.2"), 0);
	open_again(world);
	audit = host_audit_new(0, 0);
	assert_non_null(audit);
	audit->network = (struct host_network){.network = NETWORK,
					       .prefix_len = 16,
					       .hello_us = 30000,
					       .dead_us = 100000,
					       .slots_needed = 1};
	run_audit(world, audit, true);
	host_audit_free(audit);
	assert_int_not_equal(shell("ls -A " RUNTIME "/netns | grep -q ."), 0);
	run_ok(world, grid(2, false));
	all_is_well(world, 2);
	close_all(world);
}

struct sabotage {
	const char *what, *command;
	bool router; /* one is not well; otherwise it is a link, or only strays */
	enum host_finding link;
	bool mended; /* there is nothing to be made again */
};

/* For bpftool: bytes of a record. */
#define ZEROS_16 " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"

static const struct sabotage sabotages[] = {
	{"a device is deleted", "ip -n r1 link del to-r2", .link = HOST_ABSENT},
	{"a device is renamed", "ip -n r1 link set to-r2 down; ip -n r1 link set to-r2 name x",
	 .link = HOST_WRONG},
	{"a device loses its alias", "ip -n r1 link set to-r2 alias ''", .link = HOST_WRONG},
	{"a device goes elsewhere", "ip -n r1 link set to-r2 netns r9", .link = HOST_WRONG},
	{"a device is down", "ip -n r2 link set to-r1 down", .link = HOST_DIFFERS},
	{"a filter is deleted", "tc -n r2 filter del dev to-r1 ingress", .link = HOST_WRONG},
	{"clsact is deleted", "tc -n r2 qdisc del dev to-r1 clsact", .link = HOST_WRONG},
	{"a record is cleared",
	 "bpftool map update pinned /sys/fs/bpf/vlsp/default/vlsp_port key 16 0 0 0 "
	 "value" ZEROS_16 ZEROS_16,
	 .link = HOST_DIFFERS},
	{"a name is unmounted", "umount " RUNTIME "/netns/r1", .router = true},
	{"a name is deleted", "ip netns del r1", .router = true},
	{"the edge's filter is deleted", "tc -n r1 filter del dev lo egress", .router = true},
	{"lo is down", "ip -n r1 link set lo down", .router = true},
	{"the address is deleted", "ip -n r1 addr flush dev lo", .router = true},
	{"the route is deleted", "ip -n r1 route flush dev lo", .router = true},
	{"the tag is deleted", "ip -n r1 link set lo alias ''", .router = true},
	{"a router's record is cleared",
	 "bpftool map update pinned /sys/fs/bpf/vlsp/default/vlsp_router key 0 0 0 0 "
	 "value" ZEROS_16 ZEROS_16 ZEROS_16,
	 .router = true},
	{"a record of nobody appears",
	 "bpftool map update pinned /sys/fs/bpf/vlsp/default/vlsp_port key 200 0 0 0 "
	 "value 1 0 0 0 1 2 3 4 1 0 0 0 9 0 0 0" ZEROS_16,
	 .mended = true},
	{"a symbolic link is deleted", "rm /run/netns/r1", .mended = true},
};

static void find(const struct sabotage *sabotage, const struct host_audit *audit)
{
	print_message("%s: %s\n", sabotage->what, audit->example);
	if (sabotage->mended)
		return;
	assert_string_not_equal(audit->example, "");
	if (sabotage->router)
		assert_int_not_equal(audit->router_found[0], HOST_WELL);
	else
		assert_int_equal(audit->link_found[0], sabotage->link);
	for (size_t i = 1; i < audit->router_count; i++)
		assert_int_equal(audit->router_found[i], HOST_WELL);
}

static void what_is_done_behind_its_back_is_found_and_mended(void **state)
{
	struct world *world = *state;

	NEED(state);
	run_ok(world, grid(SIDE, false));
	for (size_t i = 0; i < sizeof(sabotages) / sizeof(sabotages[0]); i++) {
		struct host_audit *audit = audit_new(SIDE);

		if (shell("%s", sabotages[i].command) != 0)
			fail_msg("%s", sabotages[i].command);
		audit->clean = true;
		run_audit(world, audit, false);
		find(&sabotages[i], audit);
		mend(world, audit, true);
		host_audit_free(audit);
		all_is_well(world, SIDE);
		expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.9 >/dev/null");
		expect(world, "ip netns exec r2 ping -q -c 1 -W 1 10.0.0.1 >/dev/null");
	}
	assert_int_equal(shell("test $(ip netns | wc -l) = 9"), 0);
	close_all(world);
}

static void what_was_done_while_it_was_away_is_found_and_mended(void **state)
{
	struct world *world = *state;

	NEED(state);
	run_ok(world, grid(SIDE, false));
	for (size_t i = 0; i < sizeof(sabotages) / sizeof(sabotages[0]); i++) {
		struct host_audit *audit = audit_new(SIDE);

		world->host->ops->close(world->host, true);
		world->host = NULL;
		if (shell("%s", sabotages[i].command) != 0)
			fail_msg("%s", sabotages[i].command);
		open_again(world);
		run_audit(world, audit, true);
		find(&sabotages[i], audit);
		mend(world, audit, false);
		host_audit_free(audit);
		all_is_well(world, SIDE);
		expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.9 >/dev/null");
	}
	assert_int_equal(shell("test $(ip netns | wc -l) = 9"), 0);
	assert_int_equal(
		shell("test $(pgrep -c '^vlsp-router$' --ns %d --nslist mnt) = 10", getpid()), 0);
	close_all(world);
}

static void without_its_pins_nothing_can_be_taken_over(void **state)
{
	struct world *world = *state;
	const char *const commands[] = {"rm /sys/fs/bpf/vlsp/default/*",
					"rm /sys/fs/bpf/vlsp/default/vlsp_port"};

	NEED(state);
	for (size_t i = 0; i < 2; i++) {
		struct host_audit *audit = audit_new(SIDE);

		run_ok(world, grid(SIDE, false));
		world->host->ops->close(world->host, true);
		world->host = NULL;
		assert_int_equal(shell("%s", commands[i]), 0);
		open_again(world);
		run_audit(world, audit, true);
		assert_int_equal(audit->router_found[0], HOST_WRONG);
		assert_int_equal(audit->link_found[0], HOST_ABSENT);
		assert_int_not_equal(shell("ls -A " RUNTIME "/netns | grep -q ."), 0);
		mend(world, audit, false);
		host_audit_free(audit);
		all_is_well(world, SIDE);
		run_ok(world, grid(SIDE, true));
	}
	close_all(world);
}

static void processes_that_are_gone_or_do_not_answer_are_started_again(void **state)
{
	struct world *world = *state;
	struct host_audit *audit = audit_new(SIDE);
	char before[2000], after[2000];
	uint64_t end;

	NEED(state);
	run_ok(world, grid(SIDE, false));
	world->host->ops->close(world->host, true);
	world->host = NULL;
	assert_int_equal(shell("kill -KILL $(ip netns pids r2); kill -STOP $(ip netns pids r3)"),
			 0);
	pids(before);
	open_again(world);
	run_audit(world, audit, true);
	expect_well(audit);
	assert_true(audit->routers[4].pid > 0);
	host_audit_free(audit);
	assert_int_equal(shell("ip netns exec r1 ping -q -c 1 -W 1 10.0.0.9 >/dev/null"), 0);
	end = clock_mono_ns() + WAIT_NS;
	while (world->ready < 2 && clock_mono_ns() < end)
		run_for(world, 10);
	assert_int_equal(world->ready, 2);
	pids(after);
	assert_string_not_equal(before, after);
	all_is_well(world, SIDE);
	expect(world, "ip netns exec r2 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
	close_all(world);
}

static void what_is_somebody_elses_stays(void **state)
{
	struct world *world = *state;
	struct host_audit *audit = audit_new(SIDE);

	NEED(state);
	run_ok(world, grid(SIDE, false));
	assert_int_equal(shell("touch " RUNTIME "/netns/mine && unshare -n mount --bind "
			       "/proc/self/ns/net " RUNTIME "/netns/mine"),
			 0);
	assert_int_equal(shell("ip -n r1 link add mine type veth peer name mine2"), 0);
	assert_int_equal(shell("touch /sys/fs/bpf/vlsp/default/x 2>/dev/null; "
			       "bpftool map create /sys/fs/bpf/vlsp/default/vlsp_mine type array "
			       "key 4 value 4 entries 1 name mine"),
			 0);
	audit->clean = true;
	run_audit(world, audit, false);
	expect_well(audit);
	world->host->ops->close(world->host, true);
	world->host = NULL;
	open_again(world);
	run_audit(world, audit, true);
	expect_well(audit);
	host_audit_free(audit);
	assert_int_equal(shell("ip -n r1 link show mine >/dev/null"), 0);
	run_ok(world, grid(SIDE, true));
	world->host->ops->close(world->host, false);
	world->host = NULL;
	assert_int_equal(shell("nsenter --net=" RUNTIME "/netns/mine ip link show lo >/dev/null"),
			 0);
	assert_int_equal(access("/sys/fs/bpf/vlsp/default/vlsp_mine", F_OK), 0);
}

static void looking_at_a_hundred_routers_is_cheap(void **state)
{
	struct world *world = *state;

	NEED(state);
	run_ok(world, grid(SIDE_MAX, false));
	for (int i = 0; i < 3; i++)
		all_is_well(world, SIDE_MAX); /* prints how long it took */
	close_all(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_network_is_left_and_taken_over_as_it_runs),
		TEST(a_router_that_writes_to_another_table_gets_that_which_packets_see),
		TEST(after_a_crash_what_is_well_stays_and_what_nobody_wants_goes),
		TEST(what_stands_in_the_journal_and_is_not_there_is_struck_out),
		TEST(nothing_is_wanted_and_nothing_stays),
		TEST(what_is_done_behind_its_back_is_found_and_mended),
		TEST(what_was_done_while_it_was_away_is_found_and_mended),
		TEST(without_its_pins_nothing_can_be_taken_over),
		TEST(processes_that_are_gone_or_do_not_answer_are_started_again),
		TEST(what_is_somebody_elses_stays),
		TEST(looking_at_a_hundred_routers_is_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
