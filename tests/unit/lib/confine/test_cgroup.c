/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups, in directory trees that look like machines with v1, v2 and neither, and, as root,
 * in those of this machine. A directory that the code makes in such a tree has no files, so groups
 * whose limits are looked at are put there by the test, and the code is told that they are ours.
 */
#include "lib/confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
	struct confine_cgroups *cgroups;
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
	if (!text) {
		assert_int_equal(mkdir(full, 0755), 0);
		return;
	}
	file = fopen(full, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void holds(const struct world *w, const char *path, const char *want)
{
	char full[PATH_MAX], text[256];
	ssize_t n;
	int fd;

	snprintf(full, sizeof(full), "%s/%s", w->root, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, want);
}

static bool there(const struct world *w, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", w->root, path);
	return access(full, F_OK) == 0;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	strcpy(w->root, "/tmp/test_cgroup.XXXXXX");
	assert_non_null(mkdtemp(w->root));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[128];
	int r;

	confine_cgroups_free(w->cgroups);
	snprintf(command, sizeof(command), "rm -rf '%s'", w->root);
	r = system(command);
	free(w);
	return r;
}

#define MEMORY "sys/fs/cgroup/memory/"
#define CPU    "sys/fs/cgroup/cpu,cpuacct/"
#define PIDS   "sys/fs/cgroup/p ids/"
#define V2     "sys/fs/cgroup/unified/"

static void machine_v1(struct world *w)
{
	put(w, "proc/self/mountinfo",
	    "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	    "30 21 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
	    "31 30 0:29 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n"
	    "32 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:11 - cgroup cgroup rw,cpu,cpuacct\n"
	    "33 30 0:31 / /sys/fs/cgroup/cpuset rw shared:12 - cgroup cgroup rw,cpuset\n"
	    "34 30 0:32 / /sys/fs/cgroup/p\\040ids rw - cgroup cgroup rw,pids\n"
	    "35 30 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	    "36 21 0:34 / /elsewhere rw - cgroup cgroup rw,memory\n");
	put(w, "proc/1/cgroup",
	    "9:pids:/\n4:memory:/box/7\n3:cpuset:/\n2:cpu,cpuacct:/init.scope\n0::/\n");
	put(w, MEMORY "box/7", NULL);
	put(w, CPU "tasks", "");
	put(w, PIDS "tasks", "");
	put(w, V2 "cgroup.controllers", "hugetlb memory\n");
	put(w, V2 "cgroup.subtree_control", "");
}

static void v1_files(struct world *w, const char *group)
{
	static const char *const files[][2] = {
		{MEMORY "box/7", "memory.limit_in_bytes"},
		{MEMORY "box/7", "memory.memsw.limit_in_bytes"},
		{MEMORY "box/7", "cgroup.procs"},
		{CPU ".", "cpu.cfs_quota_us"},
		{CPU ".", "cgroup.procs"},
		{PIDS ".", "pids.max"},
		{PIDS ".", "cgroup.procs"},
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", files[i][0], group, files[i][1]);
		put(w, path, "old");
	}
}

static bool all_ours(void *arg, const char *path)
{
	(void)arg;
	return strstr(path, "vlsp/i/7") != NULL;
}

static const struct confine_limits some = {.memory = 64u << 20, .cpu = 50, .pids = 100};

static void test_v1(void **state)
{
	static const struct confine_limits none;
	struct world *w = *state;
	struct err err;
	char **paths;

	machine_v1(w);
	assert_int_equal(confine_cgroups_probe(w->root, &w->cgroups, w->missing), 0);
	assert_string_equal(w->missing, "");
	v1_files(w, "vlsp/i/7");
	assert_int_equal(confine_cgroup_make(w->cgroups, "vlsp/i/7", &some, all_ours, NULL, &err),
			 0);
	holds(w, MEMORY "box/7/vlsp/i/7/memory.limit_in_bytes", "67108864");
	holds(w, MEMORY "box/7/vlsp/i/7/memory.memsw.limit_in_bytes", "67108864");
	holds(w, CPU "vlsp/i/7/cpu.cfs_quota_us", "50000");
	holds(w, PIDS "vlsp/i/7/pids.max", "100");
	assert_int_equal(confine_cgroup_limit(w->cgroups, "vlsp/i/7", &none, &err), 0);
	holds(w, MEMORY "box/7/vlsp/i/7/memory.limit_in_bytes", "-1");
	holds(w, CPU "vlsp/i/7/cpu.cfs_quota_us", "-1");
	holds(w, PIDS "vlsp/i/7/pids.max", "max");
	assert_int_equal(confine_cgroup_join(w->cgroups, "vlsp/i/7", 4711), 0);
	holds(w, MEMORY "box/7/vlsp/i/7/cgroup.procs", "4711");
	holds(w, CPU "vlsp/i/7/cgroup.procs", "old"); /* left out */
	holds(w, PIDS "vlsp/i/7/cgroup.procs", "4711");
	paths = confine_cgroup_paths(w->cgroups, "vlsp/i/7");
	assert_non_null(paths);
	assert_non_null(strstr(paths[0], "/sys/fs/cgroup/memory/box/7/vlsp/i/7"));
	assert_non_null(strstr(paths[2], "/sys/fs/cgroup/p ids/vlsp/i/7"));
	assert_null(paths[3]);
	free(paths);
}

/* What is there and not ours is neither used nor changed, and nothing stays beside it. */
static void test_foreign(void **state)
{
	struct world *w = *state;
	struct err err;

	machine_v1(w);
	assert_int_equal(confine_cgroups_probe(w->root, &w->cgroups, w->missing), 0);
	put(w, PIDS "vlsp/i/pids.max", "7");
	assert_int_equal(confine_cgroup_make(w->cgroups, "vlsp/i", NULL, NULL, NULL, &err),
			 -EEXIST);
	assert_non_null(strstr(err.text, "/p ids/vlsp/i"));
	holds(w, PIDS "vlsp/i/pids.max", "7");
	assert_false(there(w, MEMORY "box/7/vlsp/i"));
	assert_false(there(w, CPU "vlsp/i"));
	/* Ours above it goes, theirs stays. */
	confine_cgroup_tidy(w->cgroups, "vlsp/i");
	assert_true(there(w, PIDS "vlsp"));
	if (geteuid() == 0) /* the mark needs root */
		assert_false(there(w, CPU "vlsp"));
}

static void machine_v2(struct world *w, const char *controllers)
{
	put(w, "proc/self/mountinfo", "30 21 0:26 / /cg rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
	put(w, "proc/1/cgroup", "0::/init.scope\n");
	put(w, "cg/cgroup.controllers", controllers);
	put(w, "cg/cgroup.subtree_control", "pids cpuset\n");
	put(w, "cg/vlsp/cgroup.subtree_control", "");
	put(w, "cg/vlsp/i/cgroup.subtree_control", "memory cpu pids\n");
}

static void test_v2(void **state)
{
	static const struct confine_limits none;
	struct world *w = *state;
	struct err err;

	machine_v2(w, "cpuset cpu io memory hugetlb pids\n");
	assert_int_equal(confine_cgroups_probe(w->root, &w->cgroups, w->missing), 0);
	assert_string_equal(w->missing, "");
	/* A group that is not there is made, with what is needed above it. */
	assert_int_equal(confine_cgroup_make(w->cgroups, "vlsp/i/8", NULL, NULL, NULL, &err), 0);
	assert_true(there(w, "cg/vlsp/i/8"));
	put(w, "cg/vlsp/i/7/memory.max", "");
	put(w, "cg/vlsp/i/7/memory.swap.max", "");
	put(w, "cg/vlsp/i/7/cpu.max", "");
	put(w, "cg/vlsp/i/7/pids.max", "");
	put(w, "cg/vlsp/i/7/cgroup.procs", "");
	assert_int_equal(confine_cgroup_make(w->cgroups, "vlsp/i/7", &some, all_ours, NULL, &err),
			 0);
	holds(w, "cg/vlsp/i/7/memory.max", "67108864");
	holds(w, "cg/vlsp/i/7/memory.swap.max", "0");
	holds(w, "cg/vlsp/i/7/cpu.max", "50000 100000");
	holds(w, "cg/vlsp/i/7/pids.max", "100");
	assert_int_equal(confine_cgroup_limit(w->cgroups, "vlsp/i/7", &none, &err), 0);
	holds(w, "cg/vlsp/i/7/memory.max", "max");
	holds(w, "cg/vlsp/i/7/memory.swap.max", "max");
	holds(w, "cg/vlsp/i/7/cpu.max", "max 100000");
	holds(w, "cg/vlsp/i/7/pids.max", "max");
	assert_int_equal(confine_cgroup_join(w->cgroups, "vlsp/i/7", 12), 0);
	holds(w, "cg/vlsp/i/7/cgroup.procs", "12");
}

/* Controllers are switched on from the top down, where they are not yet. */
static void test_v2_control(void **state)
{
	struct world *w = *state;
	struct err err;

	machine_v2(w, "cpu pids\n");
	assert_int_equal(confine_cgroups_probe(w->root, &w->cgroups, w->missing), 0);
	assert_string_equal(w->missing, "memory");
	assert_int_equal(confine_cgroup_make(w->cgroups, "vlsp/i/7", NULL, NULL, NULL, &err), 0);
	/* One write a controller; a file keeps the last. */
	holds(w, "cg/cgroup.subtree_control", "+cpu");
	holds(w, "cg/vlsp/cgroup.subtree_control", "+pids");
	holds(w, "cg/vlsp/i/cgroup.subtree_control", "memory cpu pids\n");
}

static void test_v2_refused(void **state)
{
	struct world *w = *state;
	struct err err;
	char path[PATH_MAX];

	machine_v2(w, "cpu pids\n");
	assert_int_equal(confine_cgroups_probe(w->root, &w->cgroups, w->missing), 0);
	snprintf(path, sizeof(path), "%s/cg/vlsp/cgroup.subtree_control", w->root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_int_equal(confine_cgroup_make(w->cgroups, "vlsp/j/7", NULL, NULL, NULL, &err),
			 -ENOSPC);
	assert_non_null(strstr(err.text, "cg/vlsp/cgroup.subtree_control: controller cpu"));
	assert_false(there(w, "cg/vlsp/j"));
}

static void test_nothing(void **state)
{
	struct world *w = *state;

	put(w, "proc/self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\nnonsense\n");
	assert_int_equal(confine_cgroups_probe(w->root, &w->cgroups, w->missing), -ENOENT);
	assert_string_equal(w->missing, "memory, cpu, pids");
	assert_null(w->cgroups);
}

/* A container's mount shows its own part only. */
static void test_part(void **state)
{
	struct world *w = *state;
	char **paths;

	put(w, "proc/self/mountinfo",
	    "31 30 0:29 /docker/a /m rw - cgroup cgroup rw,memory\n"
	    "32 30 0:30 /docker/b /p rw - cgroup cgroup rw,pids\n");
	put(w, "proc/1/cgroup", "9:pids:/docker/bb\n4:memory:/docker/a/x\n");
	put(w, "m/x", NULL);
	put(w, "p", NULL);
	assert_int_equal(confine_cgroups_probe(w->root, &w->cgroups, w->missing), 0);
	assert_string_equal(w->missing, "cpu, pids");
	paths = confine_cgroup_paths(w->cgroups, "g");
	assert_non_null(paths);
	assert_string_equal(paths[0] + strlen(w->root), "/m/x/g");
	assert_null(paths[1]);
	free(paths);
}

/* The kernel's: it takes what we write, and says so. */
static void leave(struct world *w, const char *group)
{
	char **paths = confine_cgroup_paths(w->cgroups, group);

	assert_non_null(paths);
	for (size_t i = 0; paths[i]; i++)
		assert_int_equal(rmdir(paths[i]), 0);
	free(paths);
}

static void test_real(void **state)
{
	struct world *w = *state;
	struct err err = {0};
	char group[64], top[48], path[PATH_MAX], text[64] = "";
	char **paths;
	int r;

	r = geteuid() == 0 ? confine_cgroups_probe("", &w->cgroups, w->missing) : -EPERM;
	if (r < 0) {
		print_message("skipped: no control groups that can be written\n");
		skip();
	}
	snprintf(top, sizeof(top), "vlsp/unit.%d", getpid());
	snprintf(group, sizeof(group), "%s/7", top);
	r = confine_cgroup_make(w->cgroups, group, &some, NULL, NULL, &err);
	if (r < 0)
		print_message("%s\n", err.text);
	assert_int_equal(r, 0);
	assert_int_equal(confine_cgroup_make(w->cgroups, group, &some, NULL, NULL, &err), -EEXIST);
	paths = confine_cgroup_paths(w->cgroups, group);
	assert_non_null(paths);
	for (size_t i = 0; paths[i]; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/pids.max", paths[i]);
		file = fopen(path, "re");
		if (file && fgets(text, sizeof(text), file))
			assert_string_equal(text, "100\n");
		if (file)
			fclose(file);
	}
	free(paths);
	if (!strstr(w->missing, "pids"))
		assert_string_equal(text, "100\n");
	leave(w, group);
	leave(w, top);
	confine_cgroup_tidy(w->cgroups, top);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_v1),	       TEST(test_foreign), TEST(test_v2),   TEST(test_v2_control),
		TEST(test_v2_refused), TEST(test_nothing), TEST(test_part), TEST(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
