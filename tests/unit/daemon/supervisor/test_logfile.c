/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output that is kept: lines of any length in pieces of any size, limits, and a disk that is full.
 */
#include "daemon/supervisor/logfile.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64], got[1 << 20];
static int dir;
static struct logfile *file;

static int setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/test_logfile.XXXXXX");
	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(logfile_new(dir, 5, 100000, &file), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	logfile_free(file);
	logfile_remove(dir, 5);
	close(dir);
	return rmdir(path); /* nothing else is in it */
}

static void feed(enum logfile_stream stream, const char *text)
{
	logfile_feed(file, stream, text, strlen(text));
}

/* The file without its times: "o a|e b|". */
static const char *lines(const char *name)
{
	static char out[1 << 20];
	char *save = NULL, *to = out;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);

	if (fd >= 0)
		close(fd);
	got[n < 0 ? 0 : n] = '\0';
	*to = '\0';
	for (char *line = strtok_r(got, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *blank = strchr(line, ' ');
		unsigned long long seconds;
		unsigned micros;

		assert_non_null(blank);
		assert_int_equal(sscanf(line, "%llu.%6u ", &seconds, &micros), 2);
		assert_true(seconds > 1700000000ull && blank - strchr(line, '.') == 7);
		to += sprintf(to, "%s|", blank + 1);
	}
	return out;
}

static void test_lines(void **state)
{
	char last[200];

	(void)state;
	feed(LOGFILE_OUT, "one\ntw");
	feed(LOGFILE_ERR, "bad\n\n");
	feed(LOGFILE_OUT, "o\nthree");
	assert_string_equal(lines("5.log"), "o one|e bad|e |o two|");
	logfile_last(file, last, sizeof(last));
	assert_string_equal(last, "bad |  | two");
	logfile_flush(file);
	assert_string_equal(lines("5.log"), "o one|e bad|e |o two|o three|");
	logfile_last(file, last, sizeof(last));
	assert_string_equal(last, " | two | three");
	logfile_last(file, last, 7);
	assert_string_equal(last, " | two");
	logfile_begin(file);
	logfile_last(file, last, sizeof(last));
	assert_string_equal(last, "");
}

/* What is remembered goes to people. */
static void test_last_is_clean(void **state)
{
	char last[500], text[300];

	(void)state;
	feed(LOGFILE_OUT, "a\x1b[31m\xff\n");
	logfile_last(file, last, sizeof(last));
	assert_string_equal(last, "a?[31m?");
	memset(text, 'x', sizeof(text));
	text[116] = '\xc3'; /* cut in two */
	text[117] = '\xa4';
	text[299] = '\n';
	logfile_feed(file, LOGFILE_OUT, text, sizeof(text));
	logfile_last(file, last, sizeof(last));
	assert_int_equal(strlen(last), 7 + 3 + 120);
	assert_string_equal(last + strlen(last) - 5, "x?...");
	memset(text, 'x', 120); /* as long as it may be */
	text[120] = '\n';
	logfile_feed(file, LOGFILE_OUT, text, 121);
	logfile_last(file, last, sizeof(last));
	assert_string_equal(last + strlen(last) - 3, "xxx");
}

static void test_long_lines(void **state)
{
	static char text[3 * LOGFILE_LINE];
	size_t cost;

	(void)state;
	/* --log is of the file: topology.md says what a line costs beside its text */
	assert_int_equal(logfile_feed(file, LOGFILE_OUT, "1234567\n", 8), 7 + 21);
	logfile_remove(dir, 5);
	logfile_free(file);
	assert_int_equal(logfile_new(dir, 5, 100000, &file), 0);
	memset(text, 'a', sizeof(text));
	text[LOGFILE_LINE] = '\n'; /* exactly one */
	cost = logfile_feed(file, LOGFILE_OUT, text, LOGFILE_LINE + 1);
	assert_true(cost > LOGFILE_LINE);
	text[LOGFILE_LINE] = 'a';
	text[2 * LOGFILE_LINE + 9] = '\n';
	logfile_feed(file, LOGFILE_OUT, text, 2 * LOGFILE_LINE + 10);
	assert_int_equal(strlen(lines("5.log")), 4 * (2 + 1) + 3 * LOGFILE_LINE + 9);
}

/* A line that is as long as one may be, in pieces, leaves no empty one behind. */
static void test_exact(void **state)
{
	static char text[LOGFILE_LINE + 2];

	(void)state;
	memset(text, 'b', LOGFILE_LINE);
	strcpy(text + LOGFILE_LINE, "\n");
	for (size_t i = 0; text[i]; i++)
		logfile_feed(file, LOGFILE_OUT, text + i, 1);
	feed(LOGFILE_OUT, "end\n");
	assert_non_null(strstr(lines("5.log"), "bb|o end|"));
}

static void test_rotates(void **state)
{
	const char *last;
	char want[40];
	struct stat st;
	int first;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		char line[40];

		snprintf(line, sizeof(line), "line %d\n", i);
		feed(LOGFILE_OUT, line);
		assert_int_equal(fstatat(dir, "5.log", &st, 0), 0);
		assert_true(st.st_size <= 100000);
	}
	assert_non_null(strstr(lines("5.log"), "o line 9999|"));
	assert_int_equal(fstatat(dir, "5.log.1", &st, 0), 0);
	assert_true(st.st_size <= 100000 && st.st_size > 99900);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* the one goes on where the other ended */
	first = atoi(lines("5.log") + strlen("o line "));
	snprintf(want, sizeof(want), "o line %d|", first - 1);
	last = lines("5.log.1");
	assert_string_equal(last + strlen(last) - strlen(want), want);
}

static void test_goes_on(void **state)
{
	(void)state;
	feed(LOGFILE_OUT, "before\n");
	logfile_free(file);
	assert_int_equal(logfile_new(dir, 5, 100000, &file), 0);
	feed(LOGFILE_OUT, "after\n");
	assert_string_equal(lines("5.log"), "o before|o after|");
}

/* Lines are lost, and that is said; nothing else happens. */
static void test_full(void **state)
{
	struct rlimit old, small;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	feed(LOGFILE_OUT, "kept\n");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 1, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	feed(LOGFILE_OUT, "lost\nlost\n");
	feed(LOGFILE_ERR, "lost\n");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	feed(LOGFILE_OUT, "again\n");
	assert_string_equal(lines("5.log"), "o kept|e (3 lines could not be kept)|o again|");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lines),	 T(test_last_is_clean), T(test_long_lines), T(test_exact),
		T(test_rotates), T(test_goes_on),	T(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
