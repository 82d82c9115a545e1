// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A router process that hangs is ended and another started; one that waits for a processor is not.
 * Needs root and $O/vlsp-router for the first; skips with the reason otherwise.
 */
#include "tests/unit/daemon/host/local_world.h"

#include "daemon/host/local_priv.h"

static void what_waits_for_a_processor_does_not_hang(void **state)
{
	(void)state;
	assert_true(local_hang_judge('S', 0));
	assert_true(local_hang_judge('T', 0));
	assert_true(local_hang_judge('t', 0));
	assert_false(local_hang_judge('R', 0));
	assert_false(local_hang_judge('R', 4 * NSEC_PER_SEC));
	assert_true(local_hang_judge('R', 5 * NSEC_PER_SEC));
	assert_false(local_hang_judge('D', 0));
	assert_false(local_hang_judge('Z', 0));
	assert_false(local_hang_judge(0, 0));
}

static void a_stopped_process_is_replaced_and_others_are_not(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	uint64_t end;
	int32_t pid;

	NEED(state);
	batch = grid(2, false);
	if (run(world, batch) < 0)
		fail_msg("%s", world->err.text);
	pid = batch->routers_add[1].pid;
	host_batch_free(batch);
	assert_return_code(kill(pid, SIGSTOP), errno);
	end = clock_mono_ns() + WAIT_NS;
	while (!world->ready && clock_mono_ns() < end)
		run_for(world, 50);
	assert_int_equal(world->ready, 1);
	assert_int_equal(world->died, 1);
	assert_int_equal(kill(pid, 0), -1);
	run_for(world, 3000);
	assert_int_equal(world->died, 1);
	expect(world, "ip netns exec r2 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_for_a_processor_does_not_hang),
		TEST(a_stopped_process_is_replaced_and_others_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
