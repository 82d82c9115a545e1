// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local back end when something is wrong: names and indices that are taken, processes that die,
 * programs that hold a namespace, a second daemon.
 * Needs root and $O/vlsp-router; skips with the reason otherwise.
 */
#include "tests/unit/daemon/host/local_world.h"

#include <sys/syscall.h>

#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"

/* Instead of libc's: calls that fail while these are set. */
static const char *umount_fails; /* that path */
static ino_t setns_fails;	 /* into that namespace */
static bool unshare_fails;
static int failed;

int unshare(int flags)
{
	if (unshare_fails) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_unshare, flags);
}

int umount2(const char *path, int flags)
{
	if (umount_fails && strcmp(path, umount_fails) == 0) {
		__atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_umount2, path, flags);
}

int setns(int fd, int type)
{
	struct stat st;

	if (setns_fails && fstat(fd, &st) == 0 && st.st_ino == setns_fails) {
		__atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_setns, fd, type);
}

static ino_t here(void)
{
	struct stat st;

	assert_return_code(stat("/proc/self/ns/net", &st), errno);
	return st.st_ino;
}

static void a_name_that_is_taken_is_refused_and_left_alone(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	uint32_t made = 0;

	NEED(state);
	world->lost = true; /* who was made and has no process */
	assert_int_equal(shell("ip netns add r3"), 0);
	batch = grid(2, false);
	assert_int_equal(run(world, batch), -EEXIST);
	assert_non_null(strstr(world->err.text, "/run/netns/r3"));
	assert_int_equal(batch->routers_add[2].state, HOST_FAILED);
	for (size_t i = 0; i < 4; i++)
		made += batch->routers_add[i].state == HOST_DONE;
	assert_int_equal(shell("test $(ls " RUNTIME "/netns | wc -l) = %u", made), 0);
	host_batch_free(batch);
	assert_int_equal(shell("ip netns exec r3 ip link show lo >/dev/null"), 0);
	/* as daemon/ctl undoes it */
	batch = batch_new();
	batch->routers_del = calloc(4, sizeof(*batch->routers_del));
	for (uint32_t slot = 0; slot < 4; slot++)
		if (shell("test -e " RUNTIME "/netns/r%u", slot + 1) == 0)
			batch->routers_del[batch->routers_del_count++] = router_of(slot);
	run_ok(world, batch);
	assert_int_equal(shell("test \"$(ls /run/netns)\" = r3"), 0);
	assert_int_equal(shell("ip netns del r3"), 0);
	run_ok(world, grid(2, false));
}

static void an_index_that_is_taken_is_refused_with_the_links_name(void **state)
{
	struct world *world = *state;
	struct host_link link = link_of(20, 0, 3);
	struct host_batch *batch;

	NEED(state);
	run_ok(world, grid(2, false));
	assert_int_equal(shell("ip -n r4 link add name own index %u type veth peer name own2",
			       link.end[1].port),
			 0);
	batch = batch_links(link, '+');
	assert_true(run(world, batch) < 0);
	assert_non_null(strstr(world->err.text, "link r1-r4: cannot create veth"));
	assert_int_equal(batch->links_add[0].state, HOST_FAILED);
	host_batch_free(batch);
	assert_int_not_equal(shell("ip -n r1 link show to-r4 2>/dev/null"), 0);
	assert_int_equal(shell("ip -n r4 link show own | grep -q vlsp:"), 256);
	assert_int_equal(shell("ip -n r4 link del own"), 0);
	run_ok(world, batch_links(link, '+'));
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.4 >/dev/null");
}

/* The batch ended before it came to processes; whoever gave it may want to keep what was made. */
static void a_router_of_a_batch_that_failed_gets_its_process(void **state)
{
	struct world *world = *state;
	struct host_link link = link_of(20, 4, 3);
	struct host_batch *batch;
	uint64_t end = clock_mono_ns() + WAIT_NS;

	NEED(state);
	run_ok(world, grid(2, false));
	assert_int_equal(shell("ip -n r4 link add name own index %u type veth peer name own2",
			       link.end[1].port),
			 0);
	batch = batch_links(link, '+');
	batch->routers_add = calloc(1, sizeof(*batch->routers_add));
	batch->routers_add[batch->routers_add_count++] = router_of(4);
	assert_true(run(world, batch) < 0);
	assert_int_equal(batch->links_add[0].state, HOST_FAILED);
	assert_int_equal(batch->routers_add[0].state, HOST_DONE);
	assert_true(batch->routers_add[0].away);
	assert_int_equal(batch->routers_add[0].pid, 0);
	host_batch_free(batch);
	while (!world->ready && clock_mono_ns() < end)
		run_for(world, 10);
	assert_int_equal(world->ready, 1);
	assert_return_code(kill(world->ready_pid, 0), errno);
	assert_int_equal(shell("ip -n r4 link del own"), 0);
	run_ok(world, batch_links(link, '+'));
	expect(world, "ip netns exec r5 ping -q -c 1 -W 1 10.0.0.1 >/dev/null");
}

static void a_router_goes_although_a_program_holds_its_namespace(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	struct host_link link[2] = {link_of(1, 0, 2), link_of(3, 2, 3)};

	NEED(state);
	/* 2 by 2: links 0: r1-r2, 1: r1-r3, 2: r2-r4, 3: r3-r4 */
	run_ok(world, grid(2, false));
	assert_int_equal(shell("ip netns exec r3 sleep 1000 & sleep 0.2"), 0);
	batch = batch_new();
	batch->routers_del = calloc(1, sizeof(*batch->routers_del));
	batch->routers_del[batch->routers_del_count++] = router_of(2);
	assert_int_equal(run(world, batch), -EBUSY);
	assert_string_equal(world->err.text, "router r3: it has links");
	batch->routers_del[0].state = HOST_TODO;
	batch->links_del = calloc(2, sizeof(link[0]));
	memcpy(batch->links_del, link, sizeof(link));
	batch->links_del_count = 2;
	run_ok(world, batch);
	assert_int_not_equal(shell("ip -n r1 link show to-r3 2>/dev/null"), 0);
	assert_int_not_equal(shell("ip -n r4 link show to-r3 2>/dev/null"), 0);
	assert_int_not_equal(shell("ip netns | grep -q '^r3'"), 0);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.4 >/dev/null");
}

static void a_router_whose_process_dies_comes_back_with_its_links(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	uint64_t end = clock_mono_ns() + WAIT_NS;
	int32_t pid;

	NEED(state);
	batch = grid(2, false);
	if (run(world, batch) < 0)
		fail_msg("%s", world->err.text);
	pid = batch->routers_add[1].pid;
	host_batch_free(batch);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	assert_int_equal(world->died + world->ready, 0);
	assert_return_code(kill(pid, SIGKILL), errno);
	while (!world->ready && clock_mono_ns() < end)
		run_for(world, 10);
	assert_int_equal(world->died, 1);
	assert_int_equal(world->ready, 1);
	assert_int_not_equal(world->ready_pid, pid);
	expect(world, "ip netns exec r2 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
}

static void a_spawner_that_dies_is_replaced_and_its_routers_are_watched(void **state)
{
	struct world *world = *state;
	uint64_t end = clock_mono_ns() + WAIT_NS;
	struct host_batch *batch;
	int32_t pid;

	NEED(state);
	batch = grid(2, false);
	if (run(world, batch) < 0)
		fail_msg("%s", world->err.text);
	pid = batch->routers_add[1].pid;
	host_batch_free(batch);
	assert_int_equal(shell("kill -KILL $(pgrep -P %d vlsp-router)", getpid()), 0);
	run_for(world, 100);
	assert_int_equal(world->died, 0); /* they stay */
	world->lost = true;
	assert_return_code(kill(pid, SIGKILL), errno);
	while (!world->ready && clock_mono_ns() < end)
		run_for(world, 10);
	assert_int_equal(world->died, 1);
	assert_int_equal(world->ready, 1);
	expect(world, "ip netns exec r2 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
	run_ok(world, grid(2, true));
	assert_int_not_equal(shell("ip netns | grep -q ."), 0);
}

static void a_name_that_does_not_go_is_told_kept_and_made_way_for(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;

	NEED(state);
	run_ok(world, grid(2, false));
	/* one stays, so that names go one by one; links 0: r1-r2, 2: r2-r4 */
	batch = batch_new();
	batch->routers_del = calloc(1, sizeof(*batch->routers_del));
	batch->routers_del[batch->routers_del_count++] = router_of(1);
	batch->links_del = calloc(2, sizeof(*batch->links_del));
	batch->links_del[batch->links_del_count++] = link_of(0, 0, 1);
	batch->links_del[batch->links_del_count++] = link_of(2, 1, 3);
	umount_fails = RUNTIME "/netns/r2";
	assert_int_equal(run(world, batch), -ENOMEM);
	umount_fails = NULL;
	assert_non_null(strstr(world->err.text, "router r2: its name"));
	assert_true(failed > 1); /* it was tried again */
	host_batch_free(batch);
	assert_int_equal(shell("test -e " RUNTIME "/netns/r2 && ! grep -qx -e '- netns r2' " RUNTIME
			       "/journal"),
			 0);
	/* as daemon/ctl undoes it */
	batch = batch_new();
	batch->routers_add = calloc(1, sizeof(*batch->routers_add));
	batch->routers_add[batch->routers_add_count++] = router_of(1);
	batch->links_add = calloc(2, sizeof(*batch->links_add));
	batch->links_add[batch->links_add_count++] = link_of(0, 0, 1);
	batch->links_add[batch->links_add_count++] = link_of(2, 1, 3);
	run_ok(world, batch);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.4 >/dev/null");
}

static void what_was_to_go_and_did_not_works_on(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;

	NEED(state);
	run_ok(world, grid(2, false));
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
	/* r2 with its links, and r3-r4; no namespace can be made to watch r2's go */
	batch = batch_new();
	batch->routers_del = calloc(1, sizeof(*batch->routers_del));
	batch->routers_del[batch->routers_del_count++] = router_of(1);
	batch->links_del = calloc(3, sizeof(*batch->links_del));
	batch->links_del[batch->links_del_count++] = link_of(0, 0, 1);
	batch->links_del[batch->links_del_count++] = link_of(2, 1, 3);
	batch->links_del[batch->links_del_count++] = link_of(3, 2, 3);
	unshare_fails = true;
	assert_int_equal(run(world, batch), -ENOSPC);
	unshare_fails = false;
	assert_int_equal(batch->routers_del[0].state, HOST_DONE);
	assert_int_equal(batch->links_del[0].state, HOST_DONE);
	assert_int_equal(batch->links_del[1].state, HOST_DONE);
	assert_int_not_equal(batch->links_del[2].state, HOST_DONE);
	host_batch_free(batch);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.4 >/dev/null"); /* by r3 */
	batch = batch_new();
	batch->routers_add = calloc(1, sizeof(*batch->routers_add));
	batch->routers_add[batch->routers_add_count++] = router_of(1);
	batch->links_add = calloc(2, sizeof(*batch->links_add));
	batch->links_add[batch->links_add_count++] = link_of(0, 0, 1);
	batch->links_add[batch->links_add_count++] = link_of(2, 1, 3);
	run_ok(world, batch);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
}

static void closing_removes_what_a_removal_left(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;

	NEED(state);
	run_ok(world, grid(2, false));
	batch = grid(2, true);
	umount_fails = RUNTIME "/netns";
	assert_int_equal(run(world, batch), -ENOMEM);
	umount_fails = NULL;
	host_batch_free(batch);
	assert_int_equal(shell("ip netns exec r1 sleep 1000 & sleep 0.2"), 0);
	world->host->ops->close(world->host, false);
	world->host = NULL;
	assert_int_equal(shell("ls -A " RUNTIME "; test -z \"$(ls -A " RUNTIME ")\""), 0);
	assert_int_not_equal(access("/run/netns", F_OK), 0);
	assert_int_not_equal(shell("pgrep --ns %d --nslist mnt '^sleep$' >/dev/null", getpid()), 0);
}

static void a_link_to_a_name_that_somebody_removed_goes(void **state)
{
	struct world *world = *state;
	const char *const remove = "umount " RUNTIME "/netns/r2 && rm " RUNTIME "/netns/r2";

	NEED(state);
	run_ok(world, grid(2, false));
	assert_int_equal(shell("%s", remove), 0);
	run_ok(world, grid(2, true));
	assert_int_equal(shell("test -z \"$(ls -A /run/netns)\""), 0);
	assert_int_equal(shell("grep -qx -e '- link /run/netns/r2' " RUNTIME "/journal"), 0);
}

static void a_worker_that_cannot_return_home_is_replaced(void **state)
{
	struct world *world = *state;
	ino_t home;

	NEED(state);
	home = here();
	failed = 0;
	setns_fails = home;
	run_ok(world, grid(2, false));
	run_ok(world, grid(2, true));
	run_ok(world, grid(2, false));
	assert_true(failed > 3);
	setns_fails = 0;
	assert_int_equal(here(), home);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.4 >/dev/null");
	setns_fails = home;
	world->host->ops->close(world->host, false);
	world->host = NULL;
	setns_fails = 0;
	assert_int_equal(shell("test -z \"$(ls -A " RUNTIME ")\""), 0);
	assert_int_equal(here(), home);
}

static void no_thread_stays_in_a_namespace_of_a_router(void **state)
{
	struct world *world = *state;

	NEED(state);
	run_ok(world, grid(SIDE_MAX, false));
	assert_int_equal(shell("for t in /proc/%d/task/*; do test $t/ns/net -ef /proc/%d/ns/net || "
			       "exit 1; done",
			       getpid(), getpid()),
			 0);
}

/* In each phase: what belongs to a batch goes also when the worker's answer is never heard. */
static void closing_in_any_phase_of_a_batch_cancels_it(void **state)
{
	static const enum local_phase phases[] = {LOCAL_NS, LOCAL_LINK, LOCAL_READY, LOCAL_STOP,
						  LOCAL_REMOVE};
	struct world *world = *state;

	NEED(state);
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		bool del = phases[i] == LOCAL_STOP || phases[i] == LOCAL_REMOVE;
		const struct local_run *run = &((struct local *)world->host)->run;
		struct host_batch *batch = grid(SIDE_MAX, del);
		struct err err = {0};

		if (del)
			run_ok(world, grid(SIDE_MAX, false));
		world->done = false;
		assert_int_equal(world->host->ops->submit(world->host, batch, NULL, done, world),
				 0);
		while (!world->done && run->phase != phases[i])
			assert_true(loop_once(world->loop, 1000) >= 0);
		assert_false(world->done);
		world->host->ops->close(world->host, false);
		world->host = NULL;
		assert_true(world->done);
		assert_int_equal(world->status, -ECANCELED);
		assert_int_equal(shell("test -z \"$(ls -A " RUNTIME ")\""), 0);
		host_batch_free(batch);
		assert_int_equal(open_host(world, &err), 0);
	}
}

static void a_second_one_in_the_same_directory_is_refused(void **state)
{
	struct world *world = *state, other = {.loop = world ? world->loop : NULL};
	struct err err = {0};

	NEED(state);
	run_ok(world, grid(2, false));
	assert_int_equal(open_host(&other, &err), -EADDRINUSE);
	assert_int_equal(host_local_clean(&(struct host_local_config){.runtime_dir = RUNTIME,
								      .instance = "default"},
					  NULL),
			 -EADDRINUSE);
	assert_non_null(strstr(err.text, RUNTIME));
	assert_int_equal(shell("ip netns exec r1 ip link show to-r2 >/dev/null"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_that_is_taken_is_refused_and_left_alone),
		TEST(an_index_that_is_taken_is_refused_with_the_links_name),
		TEST(a_router_of_a_batch_that_failed_gets_its_process),
		TEST(a_router_goes_although_a_program_holds_its_namespace),
		TEST(a_router_whose_process_dies_comes_back_with_its_links),
		TEST(a_spawner_that_dies_is_replaced_and_its_routers_are_watched),
		TEST(a_name_that_does_not_go_is_told_kept_and_made_way_for),
		TEST(what_was_to_go_and_did_not_works_on),
		TEST(closing_removes_what_a_removal_left),
		TEST(a_link_to_a_name_that_somebody_removed_goes),
		TEST(a_worker_that_cannot_return_home_is_replaced),
		TEST(no_thread_stays_in_a_namespace_of_a_router),
		TEST(closing_in_any_phase_of_a_batch_cancels_it),
		TEST(a_second_one_in_the_same_directory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
