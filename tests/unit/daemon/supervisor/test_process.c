/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the supervisor starts: where it is, what it sees, and how it ends. */
#include "tests/unit/daemon/supervisor/supervisor_world.h"

static void test_runs(void **arg)
{
	(void)arg;
	run(1, "echo out; echo err >&2; printf 'no end'; test $$ -eq 2 && sleep 1; exit 3");
	until(1, APP_STARTING);
	assert_int_equal(state.router_id, 7);
	assert_int_equal(state.slot, 3);
	assert_int_equal(state.netns, net.st_ino);
	assert_int_equal(state.status, -1);
	until(1, APP_RUNNING);
	assert_false(state.ready);
	assert_true(state.pid > 1);
	assert_int_equal(kill(state.pid, 0), 0);
	assert_true(state.started_ms > 0);
	until_ready(1);
	ended(1, 3 << 8);
	assert_true(state.ended_ms >= state.started_ms);
	assert_non_null(strstr(text, "status 3"));
	has_line(1, "o out");
	has_line(1, "e err");
	has_line(1, "o no end");
}

static void test_where(void **arg)
{
	(void)arg;
	run(1, "cat /etc/hosts; pwd; id -u; id -g; ls -A /run | wc -l; echo $HOME $VLSP_APP_FD; "
	       "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /proc/1/comm; "
	       "grep -c . /proc/net/dev; grep ^NoNewPrivs /proc/self/status | tr -d '\\t'; "
	       "ls /proc/self/fd | tr '\\n' ' '; nice");
	ended(1, 0);
	assert_string_equal(text, ""); /* nothing is wrong */
	has_line(1, "o 10.0.0.9 nine");
	has_line(1, "o /tmp");
	has_line(1, "o 1448300777");
	has_line(1, "o 0");
	has_line(1, "o /tmp 3");
	has_line(1, "o vlsp-app");
	has_line(1, "o 3"); /* lo, and two lines of heading */
	has_line(1, "o NoNewPrivs:1");
}

/* What is in the hosts file later is seen, too. */
static void test_hosts_follow(void **arg)
{
	int fd = open(hosts, O_WRONLY | O_APPEND | O_CLOEXEC);

	(void)arg;
	run(1, "until grep -q ten /etc/hosts; do sleep 0.02; done; echo yes; "
	       "echo x 2>/dev/null >>/etc/hosts || echo no");
	until(1, APP_RUNNING);
	assert_int_equal(write(fd, "10.0.0.10 ten\n", 14), 14);
	close(fd);
	ended(1, 0);
	has_line(1, "o yes");
	has_line(1, "o no");
}

/* It would say itself that it is ready, and does not. */
static void run_silent(uint32_t id, const char *script)
{
	const char *const args[] = {"sh", "-c", script, NULL};
	struct app_spec spec = spec_of(id, args);

	spec.head.ready = TOPO_APP_READY_NOTIFY;
	start(&spec);
}

static void test_cannot(void **arg)
{
	static const char *const args[] = {"x", NULL};
	struct app_spec spec = spec_of(1, args);
	char script[100], other[100];
	int fd;

	(void)arg;
	spec.texts[APP_PROGRAM] = "/usr/bin/is-not-there";
	start(&spec);
	fails(1, "/usr/bin/is-not-there: No such file or directory");
	spec.head.id = 2;
	spec.texts[APP_PROGRAM] = "/etc/passwd";
	start(&spec);
	fails(2, "/etc/passwd: Permission denied (it is not executable)");
	spec.head.id = 3;
	spec.texts[APP_PROGRAM] = "/etc";
	start(&spec);
	fails(3, "it is a directory");
	snprintf(script, sizeof(script), "%s/script", dir);
	fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_true(write(fd, "#!/no/such/shell -x\n", 20) == 20);
	close(fd);
	chmod(script, 0755);
	spec.head.id = 4;
	spec.texts[APP_PROGRAM] = script;
	start(&spec);
	fails(4, "its interpreter /no/such/shell: No such file or directory");
	snprintf(other, sizeof(other), "%s/other", dir);
	fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_true(write(fd, "\177NOT", 4) == 4);
	close(fd);
	chmod(other, 0755);
	spec.head.id = 5;
	spec.texts[APP_PROGRAM] = other;
	start(&spec);
	fails(5, "Exec format error");
	spec = spec_of(6, args);
	spec.texts[APP_DIR] = "/no/such/dir";
	start(&spec);
	fails(6, "working directory /no/such/dir: No such file or directory");
	spec = spec_of(7, args);
	spec.head.netns++;
	start(&spec);
	fails(7, "is another by now");
	/* ready by notice, or on a slow machine it would be ready by having lived for long enough
	 */
	run_silent(8, "echo one; echo two; echo three; echo four >&2; exit 5");
	fails(8, "ended before it was ready with status 5: ");
	assert_null(strstr(text, "one"));
	assert_non_null(strstr(text, "three"));
	assert_non_null(strstr(text, "four"));
	run_silent(9, "kill -SEGV $$");
	fails(9, "by signal 11 (Segmentation fault)");
}

static void test_files(void **arg)
{
	static const char *const args[] = {
		"sh", "-c",
		"cat /tmp/a/b/c /etc/hostname; stat -c '%a %u' /tmp/a/b/c /etc/hostname; echo x "
		"2>/dev/null >/etc/hostname || echo no; touch /tmp/a/b/d && echo mine",
		NULL};
	struct app_file files[] = {
		{.path = "/tmp/a/b/c", .content = "inside\n", .size = 7, .mode = 0751},
		{.path = "/etc/hostname", .content = "another\n", .size = 8, .mode = 0644}};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	if (access("/etc/hostname", F_OK) < 0)
		skip();
	spec.files = files;
	spec.head.file_count = 2;
	start(&spec);
	ended(1, 0);
	has_line(1, "o inside");
	has_line(1, "o another");
	has_line(1, "o 751 1448300777");
	has_line(1, "o 644 0");
	has_line(1, "o no");
	has_line(1, "o mine");
	files[1].path = "/etc/is-not-there";
	spec.head.id = 2;
	start(&spec);
	fails(2, "file /etc/is-not-there can only be put over one that is there");
	files[1].path = "/etc";
	spec.head.id = 3;
	start(&spec);
	fails(3, "file /etc: what is there is no file");
}

/* Root with rights over its network, and nothing that reaches beyond. */
#define SOME_CAPS 0x1000ull /* NET_ADMIN */

static void test_rights(void **arg)
{
	static const uint32_t gids[] = {1448300001, 1448300002};
	static const char *const args[] = {
		"sh", "-c",
		"grep ^CapEff /proc/self/status | tr -d '\\t'; id -u; id -G; "
		"ip link add v0 type veth peer name v1 && echo made; "
		"echo 1 >/proc/sys/net/ipv4/ip_forward && echo forwards; "
		"echo x 2>/dev/null >/proc/sys/kernel/hostname || echo other; "
		"unshare -m true 2>/dev/null || echo no",
		NULL};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	spec.head.uid = spec.head.gid = 0;
	spec.head.rights = 1;
	spec.head.caps = SOME_CAPS;
	spec.head.gid_count = 2;
	spec.gids = gids;
	start(&spec);
	ended(1, 0);
	has_line(1, "o CapEff:0000000000001000");
	has_line(1, "o 0");
	has_line(1, "o 0 1448300001 1448300002");
	has_line(1, "o made");
	has_line(1, "o forwards");
	has_line(1, "o other");
	has_line(1, "o no");
}

/* A user of the host: its group and groups, no right. */
static void test_user(void **arg)
{
	static const uint32_t gids[] = {1448300001};
	static const char *const args[] = {
		"sh", "-c", "grep ^CapEff /proc/self/status | tr -d '\\t'; id -u; id -G", NULL};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	spec.head.gid = 1448300009;
	spec.head.caps = SOME_CAPS; /* nobody but root keeps any */
	spec.head.gid_count = 1;
	spec.gids = gids;
	start(&spec);
	ended(1, 0);
	has_line(1, "o CapEff:0000000000000000");
	has_line(1, "o 1448300777");
	has_line(1, "o 1448300009 1448300001");
}

/* For what a script says when it is prepared. */
static void until_said(uint32_t id, const char *want)
{
	for (int i = 0; i < PATIENT / 10 && !said(id, want); i++)
		usleep(10000);
	has_line(id, want);
}

/* Also what has left its session: its process namespace goes. */
static void test_stop(void **arg)
{
	(void)arg;
	run(1, "(setsid sh -c 'sleep 98765 & sleep 98765' &) ; trap 'echo term; exit 0' TERM; "
	       "echo armed; while :; do sleep 0.02; done");
	until_ready(1);
	until_said(1, "o armed");
	while (count_processes("sleep 98765") < 2)
		usleep(5000);
	assert_int_equal(count_processes("vlsp-app: /bin/sh"), 1); /* process 1 */
	stop(1, false);
	until(1, APP_STOPPING);
	ended(1, 0);
	assert_int_equal(count_processes("sleep 98765"), 0);
	has_line(1, "o term");
}

static void test_stubborn(void **arg)
{
	const char *const args[] = {"sh", "-c",
				    "trap '' TERM; echo armed; while :; do sleep 0.02; done", NULL};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	spec.head.grace_ms = 200;
	start(&spec);
	until_ready(1);
	until_said(1, "o armed");
	stop(1, false);
	ended(1, SIGKILL);
	spec.head.id = 2;
	spec.head.grace_ms = 60000;
	start(&spec);
	until_ready(2);
	until_said(2, "o armed");
	stop(2, false);
	stop(2, true);
	ended(2, SIGKILL);
}

static void test_restarts(void **arg)
{
	const char *const args[] = {"sh", "-c", "echo again; exit 1", NULL};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	spec.head.restart = TOPO_APP_ON_FAILURE;
	start(&spec);
	until(1, APP_WAITING);
	assert_int_equal(state.status, 1 << 8);
	assert_int_equal(state.restarts, 0);
	assert_non_null(strstr(text, "status 1: again"));
	until(1, APP_WAITING);
	assert_int_equal(state.restarts, 1);
	until(1, APP_WAITING);
	assert_int_equal(state.restarts, 2);
	stop(1, false);
	ended(1, 1 << 8);
	spec.head.id = 2;
	spec.lists[APP_ARGS] = (const char *const[]){"sh", "-c", "exit 0", NULL};
	start(&spec);
	ended(2, 0);
	assert_int_equal(state.restarts, 0);
}

static void test_job(void **arg)
{
	const char *const args[] = {"sh", "-c", "sleep 0.3", NULL};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	spec.head.ready = TOPO_APP_READY_EXIT;
	start(&spec);
	until(1, APP_RUNNING);
	until(1, APP_ENDED);
	assert_true(state.ready);
}

T(runs)
T(where)
T(hosts_follow)
T(cannot)
T(files)
T(rights)
T(user)
T(stop)
T(stubborn)
T(restarts)
T(job)

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(runs), U(where), U(hosts_follow), U(cannot),	 U(files), U(rights),
		U(user), U(stop),  U(stubborn),	    U(restarts), U(job),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
