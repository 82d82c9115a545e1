/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting what the processes of a control group send and receive, by real sockets on loopback in a
 * network namespace of the test's own. Needs root and a unified hierarchy; skips without.
 */
#include "bpf/loader/apps.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/confine/cgroup_usage.h"

#define UDP_HEADERS 28

static char top[200], one[220], two[220];
static const char *skip_why;

static void join(const char *group)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(120);
	close(fd);
}

static int udp(int family, void *addr, socklen_t *size)
{
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (bind(fd, family == AF_INET ? (void *)&any : (void *)&any6,
		 family == AF_INET ? sizeof(any) : sizeof(any6)) < 0 ||
	    getsockname(fd, addr, size) < 0)
		_exit(121);
	return fd;
}

/* In that group: sends count datagrams of size to itself, and receives them. */
static void talk(const char *group, int family, int count, size_t size)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct sockaddr_storage addr;
		socklen_t addr_size = sizeof(addr);
		char data[1000] = {0};
		int fd;

		join(group);
		fd = udp(family, &addr, &addr_size);
		for (int i = 0; i < count; i++)
			if (sendto(fd, data, size, 0, (struct sockaddr *)&addr, addr_size) < 0 ||
			    recv(fd, data, sizeof(data), 0) != (ssize_t)size)
				_exit(122);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void holds(const struct bld_apps *apps, const char *group, uint64_t packets, uint64_t bytes)
{
	struct vlsp_app_count count;

	assert_int_equal(bld_apps_read(apps, confine_cgroup_id(group), &count), 0);
	assert_int_equal(count.tx_packets, packets);
	assert_int_equal(count.tx_bytes, bytes);
	assert_int_equal(count.rx_packets, packets);
	assert_int_equal(count.rx_bytes, bytes);
}

static struct bld_apps *open_apps(void)
{
	struct bld_apps *apps = NULL;
	struct err err = {0};

	if (bld_apps_open(top, &apps, &err) < 0)
		fail_msg("%s", err.text);
	return apps;
}

static void test_counts(void **state)
{
	struct bld_apps *apps, *again;

	(void)state;
	if (skip_why) {
		print_message("skipped: %s\n", skip_why);
		skip();
	}
	apps = open_apps();
	holds(apps, one, 0, 0);
	talk(one, AF_INET, 3, 100);
	talk(two, AF_INET, 1, 10);
	talk(two, AF_INET6, 5, 10); /* no IPv4 */
	holds(apps, one, 3, 3 * (100 + UDP_HEADERS));
	holds(apps, two, 1, 10 + UDP_HEADERS);
	bld_apps_close(apps, true);
	talk(one, AF_INET, 1, 100); /* nobody is there */
	apps = open_apps();
	holds(apps, one, 4, 4 * (100 + UDP_HEADERS));
	again = open_apps(); /* nothing is counted twice */
	talk(one, AF_INET, 1, 100);
	holds(again, one, 5, 5 * (100 + UDP_HEADERS));
	bld_apps_close(again, true);
	bld_apps_forget(apps, confine_cgroup_id(one));
	holds(apps, one, 0, 0);
	holds(apps, two, 1, 10 + UDP_HEADERS);
	bld_apps_close(apps, false);
	apps = open_apps(); /* another one */
	holds(apps, two, 0, 0);
	bld_apps_close(apps, false);
}

static void test_refused(void **state)
{
	struct bld_apps *apps = NULL;
	struct err err = {0};

	(void)state;
	if (skip_why)
		skip();
	assert_int_equal(bld_apps_open("/no/such/group", &apps, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/group"));
	assert_true(bld_apps_open("/tmp", &apps, &err) < 0);
	assert_null(apps);
	assert_int_equal(confine_cgroup_id("/tmp"), 0);
}

/* Where this process is in the unified hierarchy. */
static bool find_top(void)
{
	static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[300], *path = NULL;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "0::", 3) == 0) {
			line[strcspn(line, "\n")] = '\0';
			path = line + 3;
			break;
		}
	if (file)
		fclose(file);
	for (size_t i = 0; path && i < 2; i++) {
		snprintf(top, sizeof(top), "%s%.120s/test-vlsp-apps-%d", mounts[i],
			 strcmp(path, "/") == 0 ? "" : path, getpid());
		if (mkdir(top, 0755) == 0)
			return confine_cgroup_id(top) != 0;
	}
	return false;
}

static int up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = ioctl(fd, SIOCSIFFLAGS, &lo);

	close(fd);
	return r;
}

static int begin(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip_why = "needs root";
	else if (unshare(CLONE_NEWNET) < 0 || up() < 0)
		skip_why = "needs a network namespace";
	else if (!find_top())
		skip_why = "needs a unified hierarchy that can be written";
	snprintf(one, sizeof(one), "%s/one", top);
	snprintf(two, sizeof(two), "%s/two", top);
	if (!skip_why && (mkdir(one, 0755) < 0 || mkdir(two, 0755) < 0))
		skip_why = "groups cannot be made";
	return 0;
}

static int end(void **state)
{
	(void)state;
	rmdir(one);
	rmdir(two);
	rmdir(top);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
