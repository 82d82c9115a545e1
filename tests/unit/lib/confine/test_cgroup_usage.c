/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What control groups have used, in directory trees that look like machines with v1 and v2, and, as
 * root, how a limit of CPU and those of groups in it go together on this machine.
 */
#include "lib/confine/cgroup_usage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	char root[64];
	struct confine_cgroups *cgroups, *counters;
	char missing[64];
};

static void put(const struct world *w, const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", w->root, path);
	for (char *p = full + strlen(w->root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
	}
	file = fopen(full, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	strcpy(w->root, "/tmp/test_usage.XXXXXX");
	assert_non_null(mkdtemp(w->root));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[128];
	int r;

	confine_cgroups_free(w->counters);
	confine_cgroups_free(w->cgroups);
	snprintf(command, sizeof(command), "rm -rf '%s'", w->root);
	r = system(command);
	free(w);
	return r;
}

static void machine_v1(struct world *w)
{
	put(w, "proc/self/mountinfo",
	    "31 30 0:29 / /c/memory rw - cgroup cgroup rw,memory\n"
	    "32 30 0:30 / /c/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
	    "34 30 0:32 / /c/pids rw - cgroup cgroup rw,pids\n"
	    "35 30 0:33 / /c/unified rw - cgroup2 cgroup2 rw\n");
	put(w, "proc/1/cgroup", "9:pids:/\n4:memory:/\n2:cpu,cpuacct:/\n0::/\n");
	put(w, "c/memory/g/memory.usage_in_bytes", "4096\n");
	put(w, "c/memory/g/memory.max_usage_in_bytes", "8192\n");
	put(w, "c/memory/g/cgroup.procs", "1\n22\n333\n");
	put(w, "c/cpu/x", "");
	put(w, "c/pids/x", "");
	put(w, "c/unified/g/cpu.stat",
	    "usage_usec 300\nuser_usec 100\nsystem_usec 200\nnr_periods 7\n");
	put(w, "c/unified/cgroup.controllers", "");
}

static void test_v1(void **state)
{
	struct world *w = *state;
	struct confine_usage usage = {0};
	char **paths;

	machine_v1(w);
	assert_int_equal(confine_cgroups_probe(w->root, &w->cgroups, w->missing), 0);
	assert_true(confine_cgroups_count_pids(w->cgroups));
	confine_cgroup_usage(w->cgroups, "g", &usage);
	assert_false(usage.has_cpu); /* this kernel has no such files */
	assert_true(usage.has_memory);
	assert_int_equal(usage.memory, 4096);
	assert_int_equal(usage.memory_max, 8192);
	assert_true(usage.has_processes);
	assert_int_equal(usage.processes, 3);
	assert_int_equal(confine_cgroups_counters(w->root, w->cgroups, &w->counters), 0);
	paths = confine_cgroup_paths(w->counters, "g");
	assert_string_equal(paths[0] + strlen(w->root), "/c/unified/g");
	assert_null(paths[1]);
	free(paths);
	confine_cgroup_usage(w->counters, "g", &usage);
	assert_true(usage.has_cpu);
	assert_int_equal(usage.user_us, 100);
	assert_int_equal(usage.system_us, 200);
	assert_int_equal(usage.processes, 3);
	/* with cpuacct, v1 knows it, too */
	put(w, "c/cpu/g/cpuacct.usage_user", "5000\n");
	put(w, "c/cpu/g/cpuacct.usage_sys", "7000\n");
	usage = (struct confine_usage){0};
	confine_cgroup_usage(w->cgroups, "g", &usage);
	assert_int_equal(usage.user_us, 5);
	assert_int_equal(usage.system_us, 7);
}

static void test_v2(void **state)
{
	struct world *w = *state;
	struct confine_usage usage = {0};

	put(w, "proc/self/mountinfo", "30 21 0:26 / /cg rw - cgroup2 cgroup2 rw\n");
	put(w, "proc/1/cgroup", "0::/\n");
	put(w, "cg/cgroup.controllers", "cpu memory\n");
	put(w, "cg/g/cpu.stat", "usage_usec 300\nuser_usec 100\nsystem_usec 200\n");
	put(w, "cg/g/memory.current", "4096\n");
	put(w, "cg/g/memory.peak", "8192\n");
	assert_int_equal(confine_cgroups_probe(w->root, &w->cgroups, w->missing), 0);
	assert_false(confine_cgroups_count_pids(w->cgroups));
	/* one hierarchy does it all */
	assert_int_equal(confine_cgroups_counters(w->root, w->cgroups, &w->counters), -ENOENT);
	assert_null(w->counters);
	confine_cgroup_usage(w->cgroups, "g", &usage);
	assert_true(usage.has_cpu && usage.has_memory && !usage.has_processes);
	assert_int_equal(usage.user_us, 100);
	assert_int_equal(usage.memory_max, 8192);
	/* a group that is not there: nothing is known, and nothing is 0 */
	usage = (struct confine_usage){0};
	confine_cgroup_usage(w->cgroups, "h", &usage);
	assert_false(usage.has_cpu || usage.has_memory || usage.has_processes);
}

static void test_oom(void **state)
{
	struct world *w = *state;
	char v1[100], v2[100], none[100];
	const char *const dirs[] = {v1, none, v2, NULL};

	snprintf(v1, sizeof(v1), "%s/1", w->root);
	snprintf(v2, sizeof(v2), "%s/2", w->root);
	snprintf(none, sizeof(none), "%s/3", w->root);
	put(w, "1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	put(w, "2/memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 5\noom_group_kill 0\n");
	assert_int_equal(confine_cgroup_oom_kills(dirs), 7);
	assert_int_equal(confine_cgroup_oom_kills(dirs + 1), 5);
	assert_int_equal(confine_cgroup_oom_kills(NULL), 0);
}

static void test_pids_full(void **state)
{
	struct world *w = *state;
	char other[100], app[100];
	const char *const dirs[] = {other, app, NULL};

	snprintf(other, sizeof(other), "%s/memory/1/app-2", w->root);
	snprintf(app, sizeof(app), "%s/pids/1/app-2", w->root);
	put(w, "pids/1/app-2/pids.max", "max\n");
	put(w, "pids/1/app-2/pids.current", "2\n");
	put(w, "pids/1/pids.max", "8\n");
	put(w, "pids/1/pids.current", "6\n");
	assert_int_equal(confine_cgroup_pids_full(dirs), 0);
	put(w, "pids/1/pids.current", "7\n");
	assert_int_equal(confine_cgroup_pids_full(dirs), 8);
	put(w, "pids/1/app-2/pids.max", "2\n");
	assert_int_equal(confine_cgroup_pids_full(dirs), 2);
	assert_int_equal(confine_cgroup_pids_full(NULL), 0);
}

static bool ours(void *arg, const char *path)
{
	(void)arg;
	(void)path;
	return true;
}

static long quota(const char *top, const char *group)
{
	char path[PATH_MAX], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s/cpu.cfs_quota_us", top, group);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	if (fd >= 0)
		close(fd);
	return text[0] ? atol(text) : -2;
}

static void leave(struct world *w, const char *group)
{
	char **paths = confine_cgroup_paths(w->cgroups, group);

	for (size_t i = 0; paths && paths[i]; i++)
		(void)rmdir(paths[i]);
	free(paths);
}

static void test_real_quota(void **state)
{
	struct world *w = *state;
	struct confine_limits half = {.cpu = 50}, fifth = {.cpu = 20}, more = {.cpu = 200},
			      tenth = {.cpu = 10};
	char above[64], below[80], low[80], top[PATH_MAX] = "", *cut;
	struct err err = {0};
	char **paths;

	if (geteuid() != 0 || confine_cgroups_probe("", &w->cgroups, w->missing) < 0)
		skip();
	snprintf(above, sizeof(above), "test-vlsp-quota-%d", getpid());
	snprintf(below, sizeof(below), "%s/below", above);
	snprintf(low, sizeof(low), "%s/low", above);
	assert_int_equal(confine_cgroup_make(w->cgroups, above, &half, ours, NULL, &err), 0);
	paths = confine_cgroup_paths(w->cgroups, above);
	for (size_t i = 0; paths[i] && !top[0]; i++) {
		snprintf(top, sizeof(top), "%s", paths[i]);
		cut = strrchr(top, '/');
		*cut = '\0';
		if (quota(top, above) != 50000)
			top[0] = '\0';
	}
	free(paths);
	if (top[0]) { /* v1 */
		assert_int_equal(confine_cgroup_make(w->cgroups, below, &more, ours, NULL, &err),
				 0);
		assert_int_equal(confine_cgroup_make(w->cgroups, low, &tenth, ours, NULL, &err), 0);
		assert_int_equal(quota(top, below), 50000); /* as much as there is */
		assert_int_equal(confine_cgroup_limit(w->cgroups, above, &fifth, &err), 0);
		assert_int_equal(quota(top, above), 20000);
		assert_int_equal(quota(top, below), 20000);
		assert_int_equal(quota(top, low), 10000); /* less than that is nobody's matter */
	}
	leave(w, below);
	leave(w, low);
	leave(w, above);
	if (!top[0])
		skip(); /* no v1 here */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(test_v1), T(test_v2), T(test_oom), T(test_pids_full),
					   T(test_real_quota)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
