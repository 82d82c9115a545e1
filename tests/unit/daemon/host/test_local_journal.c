// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal: what stands in it survives, whatever state the file is in. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/host/local_journal.h"

static char dir[64], path[96];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/vlsp-journal-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/journal", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static struct local_journal *open_it(size_t want_bad)
{
	struct local_journal *journal = NULL;
	struct err err = {0};
	size_t bad = 77;

	if (local_journal_open(dir, "default", &journal, &bad, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(bad, want_bad);
	return journal;
}

static void put_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0600);
}

static void expect_file(const char *text)
{
	char got[1000] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	(void)!fread(got, 1, sizeof(got) - 1, file);
	fclose(file);
	assert_string_equal(got, text);
}

static void concat(void *arg, const char *what)
{
	strcat(arg, what);
	strcat(arg, ";");
}

static void what_is_added_stands_and_what_is_deleted_does_not(void **state)
{
	const char *const names[] = {"r1", "r2", "r3"};
	const char *const file[] = {"/run/a b"};
	struct local_journal *journal = open_it(0);
	char all[100] = "";

	(void)state;
	assert_int_equal(local_journal_add(journal, "netns", names, 3), 0);
	assert_int_equal(local_journal_add(journal, "netns", names, 2), 0); /* already there */
	assert_int_equal(local_journal_add(journal, "file", file, 1), 0);
	assert_int_equal(local_journal_del(journal, "netns", names + 1, 1), 0);
	expect_file("vlsp-journal 1 default\n+ netns r1\n+ netns r2\n+ netns r3\n+ file /run/a b\n"
		    "- netns r2\n");
	local_journal_close(journal, true); /* stays: something stands in it */

	journal = open_it(0);
	local_journal_each(journal, "netns", concat, all);
	assert_string_equal(all, "r1;r3;");
	assert_true(local_journal_has(journal, "file", "/run/a b"));
	assert_false(local_journal_has(journal, "link", "r1"));
	assert_int_equal(local_journal_compact(journal), 0);
	expect_file("vlsp-journal 1 default\n+ file /run/a b\n+ netns r1\n+ netns r3\n");
	assert_int_equal(local_journal_del(journal, "netns", names, 3), 0);
	assert_int_equal(local_journal_del(journal, "file", file, 1), 0);
	local_journal_close(journal, true);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_torn_line_is_dropped_and_nonsense_is_kept_and_counted(void **state)
{
	const char *const name[] = {"r9"};
	struct local_journal *journal;

	(void)state;
	put_file("vlsp-journal 1 default\n+ netns r1\nwhat?\n+ thing x\n+ netns\n+ netns r");
	journal = open_it(3);
	assert_true(local_journal_has(journal, "netns", "r1"));
	assert_false(local_journal_has(journal, "netns", "r"));
	assert_int_equal(local_journal_add(journal, "netns", name, 1), 0);
	expect_file("vlsp-journal 1 default\n+ netns r1\nwhat?\n+ thing x\n+ netns\n+ netns r9\n");
	assert_int_equal(local_journal_compact(journal), 0);
	expect_file("vlsp-journal 1 default\n+ netns r1\n+ netns r9\nwhat?\n+ thing x\n+ netns\n");
	local_journal_close(journal, false);
}

static void a_journal_of_somebody_else_is_refused(void **state)
{
	struct local_journal *journal = NULL;
	struct err err = {0};
	size_t bad;

	(void)state;
	put_file("vlsp-journal 1 other\n+ netns r1\n");
	assert_int_equal(local_journal_open(dir, "default", &journal, &bad, &err), -EPROTO);
	assert_non_null(strstr(err.text, "\"other\""));
	put_file("vlsp-journal 2 default\n");
	assert_int_equal(local_journal_open(dir, "default", &journal, &bad, &err), -EPROTO);
	chmod(path, 0666);
	assert_int_equal(local_journal_open(dir, "default", &journal, &bad, &err), -EPROTO);
	unlink(path);
	assert_return_code(symlink("/etc/passwd", path), errno);
	assert_int_equal(local_journal_open(dir, "default", &journal, &bad, &err), -ELOOP);
	assert_null(journal);
}

static void what_cannot_be_a_line_is_refused(void **state)
{
	const char *const names[] = {"r1", "r\n2", ""};
	struct local_journal *journal = open_it(0);

	(void)state;
	assert_int_equal(local_journal_add(journal, "netns", names, 2), -EINVAL);
	assert_int_equal(local_journal_add(journal, "netns", names + 2, 1), -EINVAL);
	assert_int_equal(local_journal_add(journal, "nets", names, 1), -EINVAL);
	expect_file("vlsp-journal 1 default\n");
	local_journal_close(journal, false);
}

static void it_stays_short_over_many_cycles(void **state)
{
	struct local_journal *journal = open_it(0);
	char name[16];
	const char *const names[] = {name};
	struct stat st;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "r%d", i % 7);
		assert_int_equal(local_journal_add(journal, "netns", names, 1), 0);
		assert_int_equal(local_journal_del(journal, "netns", names, 1), 0);
	}
	assert_return_code(stat(path, &st), errno);
	assert_true(st.st_size < 200000);
	local_journal_close(journal, true);
	assert_int_equal(access(path, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_added_stands_and_what_is_deleted_does_not),
		TEST(a_torn_line_is_dropped_and_nonsense_is_kept_and_counted),
		TEST(a_journal_of_somebody_else_is_refused),
		TEST(what_cannot_be_a_line_is_refused),
		TEST(it_stays_short_over_many_cycles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
