// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes that could be taken for ours, on the real kernel: those of a namespace that got the
 * number of one of ours, and applications that call themselves routers. Needs root and
 * $O/vlsp-router; skips with the reason otherwise.
 */
#include "tests/unit/daemon/host/local_world.h"

#include <sys/prctl.h>

#include "daemon/host/local_priv.h"

/* Somebody's process in a namespace of its own; ret_inode: the number of that. */
static pid_t neighbour(unsigned long *ret_inode)
{
	struct stat st;
	char path[40];
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0 || write(fds[1], "y", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	assert_int_equal(stat(path, &st), 0);
	*ret_inode = st.st_ino;
	return pid;
}

/* Numbers of namespaces are given out again: r1's was removed by somebody, and another one's has
 * its number by now. (That the kernel does it just then cannot be arranged here.) */
static void a_namespace_that_got_the_number_of_ours_is_not_ours(void **state)
{
	struct world *world = *state;
	struct local *local;
	int status;
	pid_t pid;

	NEED(state);
	local = (struct local *)world->host;
	run_ok(world, grid(1, false));
	assert_int_equal(shell("p=$(ip netns pids r1) && umount " RUNTIME "/netns/r1 && "
			       "kill -KILL $p"),
			 0);
	pid = neighbour(&local->routers[0]->netns);
	run_ok(world, grid(1, true));
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it lives */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* The other side of it: what lost its name and still runs is ended with its router. */
static void what_runs_in_one_that_lost_its_name_goes(void **state)
{
	struct world *world = *state;
	char there[80];

	NEED(state);
	run_ok(world, grid(2, false));
	/* pgrep sees the whole machine: no other test's may be like it */
	snprintf(there, sizeof(there), "pgrep -f '^sleep 98765.%d$' >/dev/null", getpid());
	assert_int_equal(shell("ip netns exec r1 sleep 98765.%d & for i in $(seq 1000); do "
			       "%s && break; sleep 0.02; done; umount " RUNTIME "/netns/r1",
			       getpid(), there),
			 0);
	assert_int_equal(shell("%s", there), 0);
	run_ok(world, grid(2, true));
	assert_int_not_equal(shell("%s", there), 0);
}

struct seen {
	bool done;
	int status;
};

static void audited(void *arg, struct host_audit *audit, int status, const struct err *err)
{
	struct seen *seen = arg;

	(void)audit;
	(void)err;
	seen->status = status;
	seen->done = true;
}

static int32_t router_pid(void)
{
	FILE *pipe = popen("ip netns pids r1 | while read -r p; do "
			   "[ \"$(cat /proc/$p/comm)\" = vlsp-router ] && echo $p; done",
			   "r");
	int pid = 0;

	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%d", &pid), 1);
	pclose(pipe);
	return pid;
}

static void an_application_that_calls_itself_a_router_is_none(void **state)
{
	struct world *world = *state;
	struct host_audit *audit = host_audit_new(1, 0);
	struct seen seen = {.done = false};
	struct err err = {0};
	int32_t pid;

	NEED(state);
	run_ok(world, grid(1, false));
	pid = router_pid();
	assert_int_equal(shell("ip netns exec r1 unshare --pid --fork --kill-child setpriv "
			       "--reuid 1448300001 --clear-groups "
			       "bash -c 'exec -a \"vlsp-router: r1\" sleep 1000' & sleep 0.5"),
			 0);
	world->host->ops->close(world->host, true);
	world->host = NULL;
	if (open_host(world, &err) < 0)
		fail_msg("%s", err.text);
	audit->routers[0] = router_of(0);
	audit->network = (struct host_network){.network = NETWORK,
					       .prefix_len = 16,
					       .hello_us = 30000,
					       .dead_us = 100000,
					       .slots_needed = SIDE_MAX * SIDE_MAX};
	assert_int_equal(world->host->ops->audit(world->host, audit, true, audited, &seen), 0);
	run_until(world, &seen.done);
	assert_int_equal(seen.status, 0);
	assert_int_equal(audit->router_found[0], HOST_WELL);
	assert_int_equal(audit->routers[0].pid, pid);
	run_for(world, 300);
	assert_int_equal(router_pid(), pid);
	assert_int_equal(world->died, 0);
	host_audit_free(audit);
	run_ok(world, grid(1, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_namespace_that_got_the_number_of_ours_is_not_ours),
		TEST(what_runs_in_one_that_lost_its_name_goes),
		TEST(an_application_that_calls_itself_a_router_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
