// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs attached by tcx behind the back of everything else, on the real kernel: soon they are
 * everywhere, once; nothing waits for them; with them a datagram meets its programs once. Needs
 * root, $O/vlsp-router and Linux 6.6; skips with the reason otherwise.
 */
#include "daemon/host/local_tcx.h"

#include "tests/unit/daemon/host/audit_world.h"
#include "tests/unit/daemon/host/shaped_world.h"
#include "tests/unit/daemon/host/tcx_world.h"

#define SIDE 2

static void close_it(struct world *world, bool keep)
{
	world->host->ops->close(world->host, keep);
	world->host = NULL;
}

static void adopt(struct world *world)
{
	struct host_audit *audit;

	open_again(world);
	audit = audit_new(SIDE);
	run_audit(world, audit, true);
	host_audit_free(audit);
}

static void they_are_everywhere_after_a_while_and_once(void **state)
{
	struct world *world = *state;

	NEED(state);
	CAN("tcx");
	run_ok(world, grid(SIDE, false));
	wait_for_all(world, SIDE);
	/* a link that comes, one that comes again */
	run_ok(world, batch_links(link_of(0, 0, 1), '-'));
	run_ok(world, batch_links(link_of(0, 0, 1), '+'));
	wait_for_all(world, SIDE);
	close_it(world, true);
	adopt(world);
	run_for(world, 1000); /* what it would do twice, it has done by then */
	assert_int_equal(count_all(SIDE), ALL(SIDE));
	assert_int_equal(shell("ip netns exec r1 ping -q -c 3 -i 0.1 -W 1 10.0.0.4 >/dev/null"), 0);
}

static void the_next_daemon_goes_on_with_what_is_left(void **state)
{
	struct world *world = *state;

	NEED(state);
	CAN("tcx");
	run_ok(world, grid(SIDE, false));
	close_it(world, true);
	assert_true(count_all(SIDE) < ALL(SIDE));
	adopt(world);
	wait_for_all(world, SIDE);
}

static void what_follows_at_once_is_done(void **state)
{
	struct world *world = *state;

	NEED(state);
	CAN("tcx");
	for (unsigned ms = 0; ms < 300; ms += 37) { /* at any moment of it */
		run_ok(world, grid(SIDE, false));
		run_for(world, ms);
		run_ok(world, batch_links(link_of(1, 0, 2), '-'));
		run_ok(world, grid(SIDE, true));
		assert_int_equal(shell("! ls /run/netns/* 2>/dev/null"), 0);
	}
	run_ok(world, grid(SIDE, false));
	run_for(world, 150);
	close_it(world, false);
	assert_int_equal(shell("test -z \"$(ls -A " RUNTIME ")\" && test ! -e /run/netns"), 0);
}

static void large_networks_go_without(void **state)
{
	struct world *world = *state;

	NEED(state);
	CAN("tcx");
	run_ok(world, grid(6, false));
	run_for(world, 1000);
	assert_int_equal(count_all(6), 0);
}

/* Ten pings of 10.0.0.2 at once: each is answered, and once. Ping's interval is how long it waits.
 */
static void each_is_answered_once(const char *router)
{
	assert_int_equal(
		shell("cd /run; ip netns exec %s ping -c 10 -l 10 -i 5 -W 5 10.0.0.2 >answers 2>&1;"
		      " { ! grep -q DUP answers && grep -q ' 10 received' answers; } ||"
		      " { cat answers >&2; false; }",
		      router),
		0);
}

/* The relay and the functions take a datagram away, which is no verdict of tcx. */
static void what_is_taken_away_is_taken_once(void **state)
{
	struct world *world = *state;

	NEED(state);
	CAN("tcx");
	CAN("relay");
	run_ok(world, grid(SIDE, false));
	wait_for_all(world, SIDE);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	expect(world, "ip netns exec r3 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	set(world, 0, "backend relay delay 5ms", "backend relay delay 5ms");
	for (int k = 0; k < 1000 && !pace(world).running; k++)
		run_for(world, 10);
	assert_true(pace(world).running);
	/* r2 sends at its edge and, for r1 - r3, r1 at a link end: egress and ingress */
	each_is_answered_once("r1");
	set(world, 1, "", "");
	each_is_answered_once("r3");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(they_are_everywhere_after_a_while_and_once),
		T(the_next_daemon_goes_on_with_what_is_left),
		T(what_follows_at_once_is_done),
		T(large_networks_go_without),
		T(what_is_taken_away_is_taken_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
