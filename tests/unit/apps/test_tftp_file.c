// SPDX-License-Identifier: GPL-2.0-or-later
/* A file that is being got: what was there before stays until the new one is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/tftp_file.h"

static char dir[] = "/tmp/vlsp-tftp-file-XXXXXX";

static int open_dir(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

/* How many files there are; removes: they go. */
static int files(bool removes)
{
	DIR *list = opendir(".");
	const struct dirent *entry;
	int count = 0;

	assert_non_null(list);
	while ((entry = readdir(list))) {
		if (entry->d_type == DT_DIR)
			continue;
		count++;
		if (removes)
			unlink(entry->d_name);
	}
	closedir(list);
	return count;
}

static int close_dir(void **state)
{
	(void)state;
	files(true);
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_return_code(fchmod(fd, mode), errno);
	close(fd);
}

static void assert_file(const char *name, const char *text, mode_t mode)
{
	char got[100] = "";
	struct stat st;
	int fd = open(name, O_RDONLY);

	assert_return_code(fd, errno);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	assert_string_equal(got, text);
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_mode & 07777, mode);
	close(fd);
}

static void get(const char *name, bool whole)
{
	struct tftp_file file;

	assert_int_equal(tftp_file_begin(&file, name), 0);
	assert_int_equal(write(file.fd, "new", 3), 3);
	assert_int_equal(tftp_file_end(&file, whole), 0);
}

static void a_whole_one_takes_its_place(void **state)
{
	(void)state;
	umask(022);
	get("fresh", true);
	assert_file("fresh", "new", 0644);
	write_file("old", "a longer text", 0640);
	get("old", true);
	assert_file("old", "new", 0640);
	write_file("target", "x", 0600);
	assert_return_code(symlink("target", "link"), errno);
	get("./link", true);
	assert_file("target", "new", 0600);
	assert_int_equal(files(false), 4);
}

static void what_is_not_whole_leaves_nothing(void **state)
{
	(void)state;
	get("fresh", false);
	assert_int_equal(files(false), 0);
	write_file("old", "old", 0640);
	get("old", false);
	assert_file("old", "old", 0640);
	assert_int_equal(files(false), 1);
}

static void what_cannot_be_written_is_refused_at_once(void **state)
{
	char name[PATH_MAX + 10];
	struct tftp_file file;

	(void)state;
	assert_int_equal(tftp_file_begin(&file, "."), -EISDIR);
	assert_int_equal(tftp_file_begin(&file, "no/file"), -ENOENT);
	write_file("old", "old", 0640);
	assert_int_equal(tftp_file_begin(&file, "old/file"), -ENOTDIR);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(tftp_file_begin(&file, name), -ENAMETOOLONG);
	assert_int_equal(files(false), 1);
}

/* The directory goes while it is got. */
static void a_place_that_went_is_an_error(void **state)
{
	struct tftp_file file;

	(void)state;
	assert_return_code(mkdir("sub", 0700), errno);
	assert_int_equal(tftp_file_begin(&file, "sub/file"), 0);
	assert_return_code(unlink(file.beside), errno);
	assert_return_code(rmdir("sub"), errno);
	assert_int_equal(tftp_file_end(&file, true), -ENOENT);
	assert_int_equal(files(false), 0);
}

static void a_pipe_is_written_to_as_it_is(void **state)
{
	struct tftp_file file;
	char got[10] = "";
	int fd;

	(void)state;
	assert_return_code(mkfifo("pipe", 0600), errno);
	fd = open("pipe", O_RDONLY | O_NONBLOCK);
	assert_return_code(fd, errno);
	for (int whole = 0; whole < 2; whole++) {
		assert_int_equal(tftp_file_begin(&file, "pipe"), 0);
		assert_int_equal(write(file.fd, "new", 3), 3);
		assert_int_equal(tftp_file_end(&file, whole), 0);
		assert_int_equal(read(fd, got, sizeof(got)), 3);
	}
	close(fd);
	assert_int_equal(files(false), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_dir, close_dir)
	const struct CMUnitTest tests[] = {
		T(a_whole_one_takes_its_place),
		T(what_is_not_whole_leaves_nothing),
		T(what_cannot_be_written_is_refused_at_once),
		T(a_place_that_went_is_an_error),
		T(a_pipe_is_written_to_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
