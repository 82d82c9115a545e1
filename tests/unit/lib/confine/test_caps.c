/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up capabilities and the user: seen from outside, in /proc/PID/status of forked children.
 * Needs root; says so and skips without. */
#include "lib/confine/confine.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define BIT(cap) (1ull << (cap))
#define UID	 1448300777u

static void need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root\n");
	skip();
}

/* One field of /proc/PID/status as a number; fails the test when it is not there. */
static uint64_t status(pid_t pid, const char *field, int base)
{
	char path[64], line[256];
	uint64_t value = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file)) {
		size_t n = strlen(field);

		if (strncmp(line, field, n) != 0 || line[n] != ':')
			continue;
		value = strtoull(line + n + 1, NULL, base);
		found = true;
	}
	fclose(file);
	assert_true(found);
	return value;
}

struct child {
	pid_t pid;
	int end; /* closing it lets the child go on */
};

/* Runs what() in a child and waits until it has; a failure there fails the test. */
static struct child child_run(int (*what)(void), int (*then)(void))
{
	int up[2], down[2], r = -1;
	struct child child;
	char c;

	assert_int_equal(pipe(up), 0);
	assert_int_equal(pipe(down), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		close(down[1]);
		r = what();
		if (write(up[1], &r, sizeof(r)) != sizeof(r) || read(down[0], &c, 1) < 0)
			_exit(99);
		_exit(then ? then() : 0);
	}
	close(up[1]);
	close(down[0]);
	assert_int_equal(read(up[0], &r, sizeof(r)), sizeof(r));
	close(up[0]);
	child.end = down[1];
	assert_int_equal(r, 0);
	return child;
}

static int child_end(struct child child)
{
	int code;

	close(child.end);
	assert_int_equal(waitpid(child.pid, &code, 0), child.pid);
	assert_true(WIFEXITED(code));
	return WEXITSTATUS(code);
}

static int keep_two(void)
{
	return confine_caps(BIT(CAP_NET_RAW) | BIT(CAP_CHOWN) | BIT(63));
}

static int caps_gone(void)
{
	/* Neither can be had again. */
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.permitted = BIT(CAP_NET_ADMIN)}};

	if (syscall(SYS_capset, &head, data) == 0)
		return 1;
	return sethostname("x", 1) == 0 || errno != EPERM ? 2 : 0;
}

static void test_caps(void **state)
{
	uint64_t want = BIT(CAP_NET_RAW) | BIT(CAP_CHOWN);
	struct child child;

	(void)state;
	need_root();
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	child = child_run(keep_two, caps_gone);
	assert_int_equal(status(child.pid, "CapPrm", 16), want);
	assert_int_equal(status(child.pid, "CapEff", 16), want);
	assert_int_equal(status(child.pid, "CapBnd", 16), want);
	assert_int_equal(status(child.pid, "CapInh", 16), 0);
	assert_int_equal(status(child.pid, "CapAmb", 16), 0);
	assert_int_equal(status(child.pid, "Uid", 10), 0);
	assert_int_equal(child_end(child), 0);
}

static int become_user(void)
{
	return confine_user(UID, BIT(CAP_NET_RAW));
}

static int user_gone(void)
{
	if (setuid(0) == 0 || setgid(0) == 0)
		return 1;
	if (getgroups(0, NULL) != 0)
		return 2;
	if (getuid() != UID || getgid() != UID)
		return 3;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 4;
	/* What was kept works. */
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? 5 : 0;
}

static void test_user(void **state)
{
	struct child child;

	(void)state;
	need_root();
	child = child_run(become_user, user_gone);
	assert_int_equal(status(child.pid, "Uid", 10), UID);
	assert_int_equal(status(child.pid, "Gid", 10), UID);
	assert_int_equal(status(child.pid, "CapPrm", 16), BIT(CAP_NET_RAW));
	assert_int_equal(status(child.pid, "CapEff", 16), BIT(CAP_NET_RAW));
	assert_int_equal(status(child.pid, "CapBnd", 16), BIT(CAP_NET_RAW));
	assert_int_equal(child_end(child), 0);
}

static int become_nothing(void)
{
	int r = confine_user(UID, 0);

	return r < 0 ? r : confine_no_new_privs();
}

static int nothing_works(void)
{
	if (socket(AF_PACKET, SOCK_RAW, 0) >= 0)
		return 1;
	/* Not even for a program that is root's by its mode. */
	execl("/bin/sh", "sh", "-c", "grep -q '^CapEff:.0*$' /proc/self/status", (char *)NULL);
	return 2;
}

static void test_nothing(void **state)
{
	struct child child;

	(void)state;
	need_root();
	child = child_run(become_nothing, nothing_works);
	assert_int_equal(status(child.pid, "CapPrm", 16), 0);
	assert_int_equal(status(child.pid, "CapBnd", 16), 0);
	assert_int_equal(status(child.pid, "NoNewPrivs", 10), 1);
	assert_int_equal(child_end(child), 0);
}

/* Two of the same number: one must not lead the other. */
static int trace_sibling(void)
{
	pid_t pid = fork();
	int r;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	r = ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0 && errno == EPERM ? 0 : 1;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

static void test_not_traced(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(child_end(child_run(become_nothing, trace_sibling)), 0);
}

static int drop_twice(void)
{
	int r = become_user();

	if (r < 0)
		return r;
	/* No CAP_SETPCAP any more: what would have to go from the bounding set cannot, and is told.
	 */
	return confine_caps(0) == -EPERM && confine_caps(BIT(CAP_NET_RAW)) == 0 ? 0 : -1;
}

static void test_refused(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(child_end(child_run(drop_twice, NULL)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps),	cmocka_unit_test(test_user),
		cmocka_unit_test(test_nothing), cmocka_unit_test(test_not_traced),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
