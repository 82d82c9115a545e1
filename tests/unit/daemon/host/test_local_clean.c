// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vlspd clean and vlsp-clean.sh on the real kernel, after a crash: everything of the instance goes,
 * with a journal or without, and nothing of anybody else. Needs root and $O/vlsp-router; skips with
 * the reason otherwise.
 */
#include "tests/unit/daemon/host/local_world.h"

#include <fcntl.h>

static int clean(struct err *err)
{
	struct host_local_config config = {.runtime_dir = RUNTIME, .instance = "default"};

	return host_local_clean(&config, err);
}

static void clean_ok(void)
{
	struct err err = {0};

	if (clean(&err) < 0)
		fail_msg("%s", err.text);
}

static void clean_by_script(void)
{
	assert_int_equal(shell("%s/packaging/vlsp-clean.sh " RUNTIME " >/run/clean.log 2>&1 || "
			       "{ cat /run/clean.log; exit 1; }",
			       source_dir()),
			 0);
}

static void nothing_is_left(struct world *world)
{
	assert_int_equal(shell("test -z \"$(ls -A " RUNTIME " 2>/dev/null)\""), 0);
	assert_int_not_equal(access("/run/netns", F_OK), 0);
	assert_int_not_equal(access("/sys/fs/bpf/vlsp", F_OK), 0);
	assert_int_not_equal(shell("grep -q ' " RUNTIME "' /proc/self/mounts"), 0);
	assert_int_not_equal(
		shell("pgrep --ns %d --nslist mnt '^vlsp-router$' >/dev/null", getpid()), 0);
	assert_int_not_equal(shell("pgrep --ns %d --nslist mnt '^sleep$' >/dev/null", getpid()), 0);
	(void)mkdir(RUNTIME, 0755);
	assert_int_equal(open_host(world, NULL), 0); /* and it can begin anew */
	run_ok(world, grid(2, false));
	world->host->ops->close(world->host, false);
	world->host = NULL;
}

static void crash(struct world *world)
{
	if (!world->host)
		assert_int_equal(open_host(world, NULL), 0);
	another_runs_and_crashes(world, 3);
	assert_int_equal(shell("ip netns exec r5 sleep 1000 & sleep 0.2"), 0);
}

static void what_a_crash_left_goes(void **state)
{
	struct world *world = *state;

	NEED(state);
	crash(world);
	clean_ok();
	nothing_is_left(world);
	clean_ok(); /* where there is nothing */
}

static void without_its_journal_the_tags_say_it(void **state)
{
	struct world *world = *state;
	const char *const damage[] = {
		"rm " RUNTIME "/journal",
		"echo garbage >" RUNTIME "/journal",
		"head -n 1 " RUNTIME "/journal >/run/cut && cp /run/cut " RUNTIME "/journal",
		"grep -v ' r[5-9]$' " RUNTIME "/journal >/run/cut && cp /run/cut " RUNTIME
		"/journal",
		"sed -i '5s/.*/what is that/' " RUNTIME "/journal",
		"sed -i '1s/default/other/' " RUNTIME "/journal",
		": >" RUNTIME "/journal",
	};

	NEED(state);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		crash(world);
		assert_int_equal(shell("%s", damage[i]), 0);
		clean_ok();
		/* the garbage itself, and a directory that may be somebody's */
		(void)shell("rm -f " RUNTIME "/journal.unread; rmdir /run/netns");
		nothing_is_left(world);
	}
}

static void names_that_were_taken_away_hide_nothing(void **state)
{
	struct world *world = *state;

	NEED(state);
	crash(world);
	assert_int_equal(shell("umount " RUNTIME "/netns/r5; ip netns del r6"), 0);
	clean_ok();
	nothing_is_left(world);
}

static void one_that_runs_is_not_cleaned(void **state)
{
	struct world *world = *state;
	struct err err = {0};

	NEED(state);
	run_ok(world, grid(2, false));
	assert_int_equal(clean(&err), -EADDRINUSE);
	assert_int_equal(shell("ip netns exec r1 ip link show to-r2 >/dev/null"), 0);
}

static void add_foreign(void)
{
	assert_int_equal(shell("ip netns add r77 && touch " RUNTIME "/netns/mine && "
			       "mount --bind /run/netns/r77 " RUNTIME "/netns/mine && "
			       "echo keep >" RUNTIME
			       "/notes && ip link add to-r2 type veth peer name "
			       "to-r1 && ip netns exec r77 sleep 3000 & sleep 0.3"),
			 0);
	assert_int_equal(shell("rm /sys/fs/bpf/vlsp/default/vlsp_conf && "
			       "bpftool map create /sys/fs/bpf/vlsp/default/vlsp_conf type array "
			       "key 4 value 4 entries 1 name vlsp_conf && "
			       "bpftool map create /sys/fs/bpf/vlsp/vlsp_port type array "
			       "key 4 value 4 entries 1 name vlsp_port"),
			 0);
}

static void foreign_stays(void)
{
	assert_int_equal(shell("ip netns pids r77 | grep -q ."), 0);
	assert_int_equal(shell("nsenter --net=" RUNTIME "/netns/mine true"), 0);
	assert_int_equal(shell("grep -q keep " RUNTIME "/notes"), 0);
	assert_int_equal(shell("ip link show to-r2 >/dev/null"), 0);
	assert_int_equal(shell("test \"$(ls " RUNTIME "/netns)\" = mine"), 0);
	assert_int_equal(shell("test \"$(ls /run/netns)\" = r77"), 0);
	assert_int_equal(shell("test \"$(ls /sys/fs/bpf/vlsp/default)\" = vlsp_conf"), 0);
	assert_int_equal(access("/sys/fs/bpf/vlsp/vlsp_port", F_OK), 0);
	assert_int_equal(shell("kill $(ip netns pids r77)"), 0);
}

static void what_is_somebody_elses_stays(void **state)
{
	struct world *world = *state;

	NEED(state);
	crash(world);
	add_foreign();
	clean_ok();
	foreign_stays();
}

static void the_script_does_the_same(void **state)
{
	struct world *world = *state;

	NEED(state);
	crash(world);
	clean_by_script();
	nothing_is_left(world);
	clean_by_script();
}

static void the_script_goes_by_tags_where_the_journal_was_cut(void **state)
{
	struct world *world = *state;

	NEED(state);
	crash(world);
	assert_int_equal(
		shell("head -n 1 " RUNTIME "/journal >/run/cut && cp /run/cut " RUNTIME "/journal"),
		0);
	clean_by_script();
	assert_int_not_equal(access(RUNTIME, F_OK), 0);
	assert_int_equal(mkdir(RUNTIME, 0755), 0);
	clean_ok(); /* the pins, which the script leaves then */
	(void)shell("rmdir /run/netns");
	nothing_is_left(world);
}

static void the_script_leaves_what_is_somebody_elses(void **state)
{
	struct world *world = *state;

	NEED(state);
	crash(world);
	add_foreign();
	clean_by_script();
	foreign_stays();
}

/* Whatever its program is called: here this test. */
static void the_script_knows_one_that_runs_by_its_lock(void **state)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct world *world = *state;
	int fd, status;

	NEED(state);
	crash(world);
	fd = open(RUNTIME "/vlspd.pid", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	assert_true(dprintf(fd, "%d\n", getpid()) > 0);
	status = shell("%s/packaging/vlsp-clean.sh " RUNTIME " 2>&1 | grep -q 'an instance runs'",
		       source_dir());
	assert_int_equal(status, 0);
	assert_int_equal(shell("ip netns exec r1 ip link show to-r2 >/dev/null"), 0);
	close(fd);
	clean_by_script();
	nothing_is_left(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_crash_left_goes),
		TEST(without_its_journal_the_tags_say_it),
		TEST(names_that_were_taken_away_hide_nothing),
		TEST(one_that_runs_is_not_cleaned),
		TEST(what_is_somebody_elses_stays),
		TEST(the_script_does_the_same),
		TEST(the_script_goes_by_tags_where_the_journal_was_cut),
		TEST(the_script_leaves_what_is_somebody_elses),
		TEST(the_script_knows_one_that_runs_by_its_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
