/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Becoming an application: what it sees and may do is asked of shells that have become one, and of
 * functions, for system calls that no shell has. Needs root and namespaces; says so and skips
 * without. tests/system/attacks.sh does the same to a running network.
 */
#include "lib/confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define UID 1448300778u

static const char *const hide[] = {"/run", "/srv", "/is/not/there", NULL};
static const struct confine_app app = {
	.uid = UID, .own_mounts = true, .own_pids = true, .hide = hide, .pids = 40};

/* Starts what in a process that has become an application in a network of its own. */
static pid_t start(const struct confine_app *how, const char *script, int (*what)(void))
{
	struct err err = {0};
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (unshare(CLONE_NEWNET) < 0)
		_exit(120);
	if (confine_app_enter(how, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		_exit(121);
	}
	if (what)
		_exit(what());
	execl("/bin/sh", "sh", "-c", script, (char *)NULL);
	_exit(122);
}

static int end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run(const char *script)
{
	return end(start(&app, script, NULL));
}

static void needs_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root\n");
	skip();
}

static void test_status(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(run("exit 0"), 0);
	assert_int_equal(run("exit 7"), 7);
	assert_int_equal(run("kill -KILL $$"), 137);
	assert_int_equal(run("kill -TERM $$"), 143);
}

static void test_who(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(run("test $(id -u) = 1448300778 && test $(id -g) = 1448300778 && "
			     "test \"$(id -G)\" = 1448300778"),
			 0);
	assert_int_equal(run("grep -q '^CapPrm:.*0000000000000000' /proc/self/status && "
			     "grep -q '^CapBnd:.*0000000000000000' /proc/self/status && "
			     "grep -q '^NoNewPrivs:.*1' /proc/self/status && "
			     "grep -q '^Seccomp:.*2' /proc/self/status"),
			 0);
	assert_int_equal(run("test $(ulimit -c) = 0 && test $(ulimit -n) -le 1024"), 0);
	assert_int_equal(run("i=0; while [ $i -lt 60 ]; do sleep 1 & i=$((i + 1)); done 2>&1"), 2);
}

/* Process 1 is ours, and is neither to be killed nor traced. */
static void test_pids(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(run("test $$ = 2 && set -- /proc/[0-9]* && test $# -le 3"), 0);
	assert_int_equal(run("kill -KILL 1; kill -0 1 && ! cat /proc/1/environ 2>/dev/null"), 0);
	/* What is left behind ends with it. */
	assert_int_equal(run("sleep 1000 & exit 3"), 3);
}

static void test_mounts(void **state)
{
	char path[40], script[120];

	(void)state;
	needs_root();
	assert_int_equal(run("test \"$(ls -A /run /srv)\" = '/run:\n\n/srv:'"), 0);
	assert_int_equal(run("! touch /run/x 2>/dev/null && ! touch /srv/x 2>/dev/null"), 0);
	snprintf(path, sizeof(path), "/tmp/vlsp-test.%d", getpid());
	snprintf(script, sizeof(script),
		 "test -z \"$(ls -A /tmp /dev/shm | grep -v :)\" && echo 1 >%s", path);
	assert_int_equal(run(script), 0);
	assert_int_equal(run("test \"$(ls /sys/class/net)\" = lo"), 0);
	assert_int_equal(run("! grep -qE ' (bpf|cgroup2?|nsfs|debugfs|tracefs) ' "
			     "/proc/self/mounts && "
			     "grep -q '^sysfs /sys sysfs ro' /proc/self/mounts"),
			 0);
	assert_int_equal(run("! mount -t tmpfs x /mnt 2>/dev/null && ! umount /run 2>/dev/null"),
			 0);
	/* Programs that have capabilities run without them. */
	assert_int_equal(run("! ping -c 1 -W 1 127.0.0.1 >/dev/null 2>&1; test $? = 0 && "
			     "ping -V >/dev/null"),
			 0);
	/* Nothing of it is seen outside. */
	assert_int_equal(access(path, F_OK), -1);
}

static int calls(void)
{
	char c = 'x';

	if (syscall(SYS_bpf, 0, NULL, 0) != -1 || errno != EPERM)
		return 1;
	if (unshare(CLONE_NEWUSER) != -1 || errno != EPERM)
		return 2;
	if (syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) != -1 || errno != EPERM)
		return 3;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 4;
	if (ioctl(0, TIOCSTI, &c) != -1 || errno != EPERM)
		return 5;
	if (socket(AF_VSOCK, SOCK_STREAM, 0) != -1 || errno != EAFNOSUPPORT)
		return 6;
	if (socket(AF_INET, SOCK_RAW, 1) != -1 || errno != EPERM)
		return 7;
	if (socket(AF_PACKET, SOCK_RAW, 0) != -1 || errno != EPERM)
		return 8;
	if (syscall(SYS_io_uring_setup, 1, NULL) != -1 || errno != ENOSYS)
		return 9;
	if (setns(0, 0) != -1 || errno != EPERM)
		return 10;
	if (mknod("/tmp/null", S_IFCHR | 0666, 0x103) != -1 || errno != EPERM)
		return 11;
	/* What it is for works. */
	if (socket(AF_INET, SOCK_DGRAM, 0) < 0 || socket(AF_UNIX, SOCK_STREAM, 0) < 0 ||
	    socket(AF_NETLINK, SOCK_RAW, 0) < 0 || unshare(CLONE_FILES) < 0)
		return 12;
	return setpriority(PRIO_PROCESS, 0, -5) == 0 ? 13 : 0;
}

static void test_calls(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(end(start(&app, NULL, calls)), 0);
}

/* Reads what the application says on a pipe. */
static pid_t start_talking(const char *script, int *ret_fd)
{
	int out[2], saved = dup(1);
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fflush(stdout);
	assert_true(dup2(out[1], 1) >= 0);
	pid = start(&app, script, NULL);
	assert_true(dup2(saved, 1) >= 0);
	close(saved);
	close(out[1]);
	*ret_fd = out[0];
	return pid;
}

static void test_signals(void **state)
{
	char c;
	int fd, status;
	pid_t pid;

	(void)state;
	needs_root();
	pid = start_talking("trap 'exit 9' USR1; echo; while :; do sleep 0.05; done", &fd);
	assert_int_equal(read(fd, &c, 1), 1);
	assert_int_equal(kill(pid, SIGUSR1), 0);
	assert_int_equal(end(pid), 9);
	close(fd);
	/* Whoever waits is killed: nothing goes on running, and the pipe is closed by all. */
	pid = start_talking("trap '' HUP TERM; echo; while :; do sleep 0.05; done", &fd);
	assert_int_equal(read(fd, &c, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(read(fd, &c, 1), 0);
	close(fd);
}

static void test_refused(void **state)
{
	const char *const nowhere[] = {"/is/not/there", NULL};
	struct confine_app wrong = app;
	struct err err;
	pid_t pid;

	(void)state;
	needs_root();
	wrong.cgroups = nowhere;
	wrong.own_pids = false;
	pid = fork();
	if (pid == 0)
		_exit(confine_app_enter(&wrong, &err) == -ENOENT &&
				      strstr(err.text, "/is/not/there") && geteuid() == 0
			      ? 0
			      : 1);
	assert_int_equal(end(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),	cmocka_unit_test(test_who),
		cmocka_unit_test(test_pids),	cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_calls),	cmocka_unit_test(test_signals),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
