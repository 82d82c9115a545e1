/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An instance's runtime directory: one daemon in it, found by its lock, nothing left behind. */
#include "daemon/conf/instance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char top[32], dir[64];
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->top, "/tmp/vlsp-inst.XXXXXX");
	assert_non_null(mkdtemp(p->top));
	snprintf(p->dir, sizeof(p->dir), "%s/a/b", p->top);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char path[64];

	rmdir(p->dir);
	snprintf(path, sizeof(path), "%s/a", p->top);
	rmdir(path);
	assert_int_equal(rmdir(p->top), 0); /* nothing else is left */
	free(p);
	return 0;
}

/* A process that holds the instance until told by the pipe; *ret_fd ends it when closed. */
static pid_t holder(const char *dir, int *ret_fd, bool crash)
{
	int ready[2], end[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	if (pid == 0) {
		struct instance *in;
		int r = instance_open(dir, &in, NULL);

		close(end[1]);
		if (r == 0 && write(ready[1], "r", 1) == 1 && read(end[0], &c, 1) == 0 && !crash)
			instance_close(in, true, false);
		_exit(r != 0);
	}
	close(ready[1]);
	close(end[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*ret_fd = end[1];
	return pid;
}

static void finish(pid_t pid, int fd)
{
	int status;

	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void who_runs_is_found_until_it_ends(void **state)
{
	struct place *p = *state;
	struct instance *in;
	struct err err = {0};
	pid_t pid, found = 0;
	int fd;

	assert_int_equal(instance_find(p->dir, &found, NULL), 0);
	pid = holder(p->dir, &fd, false);
	assert_int_equal(instance_find(p->dir, &found, NULL), 1);
	assert_int_equal(found, pid);
	assert_int_equal(instance_open(p->dir, &in, &err), -EEXIST);
	assert_non_null(strstr(err.text, "already running"));
	finish(pid, fd);
	assert_int_equal(instance_find(p->dir, &found, NULL), 0);
	assert_int_equal(access(p->dir, F_OK), -1);
}

static void what_a_crash_leaves_is_not_believed_and_taken_over(void **state)
{
	struct place *p = *state;
	struct instance *in;
	pid_t pid, found;
	char path[128];
	int fd;

	assert_false(instance_crashed(p->dir));
	pid = holder(p->dir, &fd, true);
	finish(pid, fd);
	assert_true(instance_crashed(p->dir));
	snprintf(path, sizeof(path), "%s/vlspd.pid", p->dir);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(instance_find(p->dir, &found, NULL), 0);
	assert_int_equal(instance_open(p->dir, &in, NULL), 0);
	instance_close(in, true, false);
	assert_int_equal(access(path, F_OK), -1);
	assert_false(instance_crashed(p->dir));
}

static void the_token_is_random_and_for_owner_and_group(void **state)
{
	struct place *p = *state;
	char one[INSTANCE_TOKEN_SIZE], two[INSTANCE_TOKEN_SIZE], path[128], text[80] = "";
	struct instance *in;
	struct stat st;
	FILE *f;

	assert_int_equal(instance_open(p->dir, &in, NULL), 0);
	assert_int_equal(instance_token(in, "token", INSTANCE_NO_GROUP, one, NULL), 0);
	assert_int_equal(instance_token(in, "token", INSTANCE_NO_GROUP, two, NULL), 0);
	assert_int_equal(strlen(one), 64);
	assert_int_equal(strspn(one, "0123456789abcdef"), 64);
	assert_string_not_equal(one, two);
	snprintf(path, sizeof(path), "%s/token", p->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, f), 65);
	fclose(f);
	text[64] = '\0';
	assert_string_equal(text, two);
	instance_close(in, true, false);
	assert_int_equal(access(path, F_OK), -1);
}

static void mode_is(const char *dir, const char *name, mode_t mode)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void files_have_their_modes_whatever_the_umask_is(void **state)
{
	struct place *p = *state;
	struct instance *in;
	char token[INSTANCE_TOKEN_SIZE];
	mode_t old = umask(0);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(instance_open(p->dir, &in, NULL), 0);
		assert_int_equal(instance_token(in, "token.readonly", getegid(), token, NULL), 0);
		assert_int_equal(instance_share(in, getegid(), NULL), 0);
		mode_is(p->dir, "", INSTANCE_DIR_MODE);
		mode_is(p->dir, "vlspd.pid", i ? 0600 : 0640);
		mode_is(p->dir, "token.readonly", 0640);
		instance_close(in, true, false);
		umask(077);
	}
	umask(old);
}

static void a_directory_that_others_write_in_is_refused(void **state)
{
	struct place *p = *state;
	struct instance *in;
	struct err err = {0};

	assert_int_equal(instance_make_dir(p->dir, 0775, NULL), 0);
	assert_int_equal(instance_open(p->dir, &in, &err), -EPERM);
	assert_non_null(strstr(err.text, "others may write in it (mode 0775)"));
	if (geteuid() != 0)
		return;
	assert_int_equal(chmod(p->dir, 0755), 0);
	assert_int_equal(chown(p->dir, 65534, 65534), 0);
	assert_int_equal(instance_open(p->dir, &in, &err), -EPERM);
	assert_non_null(strstr(err.text, "belongs to user 65534"));
}

static void a_group_that_was_asked_for_must_be_there(void **state)
{
	struct err err = {0};
	gid_t gid = 7;

	(void)state;
	assert_int_equal(instance_group("group", "no-such-group", true, &gid, &err), -ENOENT);
	assert_string_equal(err.text, "group: there is no group 'no-such-group'");
	assert_int_equal(instance_group("group", "no-such-group", false, &gid, &err), 0);
	assert_true(gid == INSTANCE_NO_GROUP);
	assert_int_equal(instance_group("group", "root", true, &gid, &err), 0);
	assert_int_equal(gid, 0);
}

static void what_is_not_ours_stays(void **state)
{
	struct place *p = *state;
	struct instance *in;
	char path[128], log[128];

	assert_int_equal(instance_open(p->dir, &in, NULL), 0);
	snprintf(path, sizeof(path), "%s/foreign", p->dir);
	snprintf(log, sizeof(log), "%s/vlspd.log", p->dir);
	fclose(fopen(path, "w"));
	fclose(fopen(log, "w"));
	instance_close(in, false, false); /* failed: the log is to be read */
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(log), 0);
	unlink(path);
}

static void the_state_directory_is_noted_while_there_is_a_network(void **state)
{
	struct place *p = *state;
	struct instance *in;
	char dir[64] = "";

	assert_int_equal(instance_state_dir(p->dir, dir, sizeof(dir)), -ENOENT);
	assert_int_equal(instance_open(p->dir, &in, NULL), 0);
	assert_int_equal(instance_state_dir_set(in, "/somewhere/else", NULL), 0);
	instance_close(in, false, true); /* the network runs on */
	assert_true(instance_crashed(p->dir));
	assert_int_equal(instance_state_dir(p->dir, dir, sizeof(dir)), 0);
	assert_string_equal(dir, "/somewhere/else");
	assert_int_equal(instance_state_dir(p->dir, dir, 4), -EBADMSG);
	assert_int_equal(instance_open(p->dir, &in, NULL), 0);
	instance_close(in, true, false);
	assert_int_equal(access(p->dir, F_OK), -1);
}

static void a_closed_directory_is_made_searchable_and_no_more(void **state)
{
	struct place *p = *state;
	struct instance *in;
	struct stat st;

	assert_int_equal(instance_make_dir(p->dir, 0700, NULL), 0);
	assert_int_equal(chmod(p->dir, 0700), 0);
	assert_int_equal(instance_open(p->dir, &in, NULL), 0);
	assert_int_equal(instance_searchable(in, NULL), 0);
	assert_int_equal(stat(p->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0701);
	instance_close(in, true, false);
}

static void routers_with_their_state_elsewhere_are_seen(void **state)
{
	const struct place *p = *state;
	char other[80], netns[80], router[100], link[80];
	struct instance *in;
	struct err err = {0};
	FILE *f;

	snprintf(other, sizeof(other), "%s/other", p->top);
	snprintf(link, sizeof(link), "%s/link", p->top);
	snprintf(netns, sizeof(netns), "%s/netns", p->dir);
	snprintf(router, sizeof(router), "%s/r1", netns);
	assert_int_equal(instance_state_dir_check(p->dir, "/x", NULL), 0);
	assert_int_equal(instance_open(p->dir, &in, NULL), 0);
	assert_int_equal(mkdir(netns, 0755), 0);
	assert_int_equal(instance_state_dir_set(in, other, NULL), 0);
	assert_int_equal(instance_state_dir_check(p->dir, "/x", NULL), 0); /* no router */
	f = fopen(router, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(instance_state_dir_check(p->dir, "/x", &err), -EEXIST);
	assert_non_null(strstr(err.text, p->dir));
	assert_non_null(strstr(err.text, "not in /x; give --state-dir "));
	assert_non_null(strstr(err.text, other));
	assert_int_equal(instance_state_dir_check(p->dir, other, NULL), 0);
	assert_int_equal(mkdir(other, 0755), 0);
	assert_int_equal(symlink(other, link), 0);
	assert_int_equal(instance_state_dir_check(p->dir, link, NULL), 0);
	unlink(link);
	rmdir(other);
	unlink(router);
	rmdir(netns);
	instance_close(in, true, false);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(who_runs_is_found_until_it_ends),
		T(what_a_crash_leaves_is_not_believed_and_taken_over),
		T(the_token_is_random_and_for_owner_and_group),
		T(files_have_their_modes_whatever_the_umask_is),
		T(a_directory_that_others_write_in_is_refused),
		T(a_group_that_was_asked_for_must_be_there),
		T(what_is_not_ours_stays),
		T(a_closed_directory_is_made_searchable_and_no_more),
		T(the_state_directory_is_noted_while_there_is_a_network),
		T(routers_with_their_state_elsewhere_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
