// SPDX-License-Identifier: GPL-2.0-or-later
/* The frame of applications: command lines in processes of their own, what they say and how they
 * end; waiting and pace. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "apps/common.h"

#define WORDS_MAX 12

static uint16_t port;
static uint64_t count = 5;
static bool flag;
static char words[200], pairs[200];

static const char *note(const char *text, void *value)
{
	strcat(strcat(value, text), " ");
	return NULL;
}

static const struct app_option options[] = {
	{"PORT", NULL, "a port", parse_port, &port},
	{"[WORD...]", NULL, "words", note, words},
	{"-c", "COUNT", "how many", parse_count, &count},
	{"-f", NULL, "a flag", NULL, &flag},
	{"-two", "N TEXT", "two words", note, pairs},
	{"-all", "TEXT...", "all words", note, pairs},
	{0},
};
static const struct app app = {"tried", "is tried", options, NULL, NULL};

/* What a process says that is given these words, apart by blanks, and how it ends (*ret_status). */
static const char *begin(const char *line, int *ret_status)
{
	static char said[4096];
	char copy[200], *argv[WORDS_MAX] = {copy}, *rest;
	int argc = 0, out[2], status;
	size_t length = 0;
	ssize_t got;
	pid_t pid;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		app_start(&app, argc, argv);
		printf("port %u count %llu flag %d words %spairs %s", port,
		       (unsigned long long)count, flag, words, pairs);
		fflush(stdout);
		_exit(app_end());
	}
	close(out[1]);
	while ((got = read(out[0], said + length, sizeof(said) - 1 - length)) > 0)
		length += (size_t)got;
	said[length] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	*ret_status = WEXITSTATUS(status);
	return said;
}

static void good_command_lines(void **state)
{
	static const char *const rows[][2] = {
		{"x 7", "port 7 count 5 flag 0 words pairs "},
		{"x -c 9 7 -f", "port 7 count 9 flag 1 words pairs "},
		{"x 7 a b c", "port 7 count 5 flag 0 words a b c pairs "},
		{"x 7 -- -c --help", "port 7 count 5 flag 0 words -c --help pairs "},
		{"x 7 -", "port 7 count 5 flag 0 words - pairs "},
		{"x -two 1 -2 7", "port 7 count 5 flag 0 words pairs 1 -2 "},
		{"x 7 -all .4 .6 -f", "port 7 count 5 flag 1 words pairs .4 .6 "},
	};
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(begin(rows[i][0], &status), rows[i][1]);
		assert_int_equal(status, 0);
	}
}

static void wrong_usage_names_the_argument_and_ends_with_2(void **state)
{
	static const char *const rows[][2] = {
		{"x", "tried: PORT: is missing (see tried --help)\n"},
		{"x 0", "tried: PORT: '0' is not a port (1 to 65535) (see tried --help)\n"},
		{"x 7 -c", "tried: -c: COUNT is missing (see tried --help)\n"},
		{"x 7 -c x", "tried: -c: 'x' is not a number (see tried --help)\n"},
		{"x 7 -q", "tried: -q: there is no such option (see tried --help)\n"},
		{"x 7 -cc 3", "tried: -cc: there is no such option (see tried --help)\n"},
		{"x 7 -two 1", "tried: -two: N TEXT is missing (see tried --help)\n"},
		{"x 7 -all -f", "tried: -all: TEXT... is missing (see tried --help)\n"},
	};
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(begin(rows[i][0], &status), rows[i][1]);
		assert_int_equal(status, 2);
	}
}

static void help_lists_everything_and_ends_with_0(void **state)
{
	int status;

	(void)state;
	assert_string_equal(begin("x 7 -c 1 --help", &status),
			    "usage: tried [OPTIONS] PORT [WORD...]\n"
			    "is tried\n"
			    "\n"
			    "  PORT                 a port\n"
			    "  [WORD...]            words\n"
			    "  -c COUNT             how many\n"
			    "  -f                   a flag\n"
			    "  -two N TEXT          two words\n"
			    "  -all TEXT...         all words\n"
			    "  --help               this text\n");
	assert_int_equal(status, 0);
}

static void waiting_ends_by_what_is_first(void **state)
{
	uint64_t now = app_now();
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(app_wait(ends[0], now + 1000000), 0);
	assert_true(app_now() >= now + 1000000);
	assert_int_equal(app_wait(ends[0], 0), 0); /* it has passed: no waiting */
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(app_wait(ends[0], APP_FOREVER), 1);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(read(ends[0], ends, 1), 1);
	assert_int_equal(app_wait(ends[0], APP_FOREVER),
			 1); /* its other end is closed: also news */
	close(ends[0]);
}

static void a_pace_does_not_drift_and_forgives_what_is_late(void **state)
{
	struct app_pace pace = {0};
	uint64_t begun, first;

	(void)state;
	assert_true(app_pace(&pace, 2e6));
	begun = first = pace.next_ns;
	for (int i = 1; i <= 10; i++) {
		assert_true(app_pace(&pace, 2e6));
		assert_true(app_now() >= begun + (uint64_t)(i - 1) * 2000000);
		if (pace.next_ns < first) /* never back */
			fail();
		first = pace.next_ns;
	}
	assert_int_equal((pace.next_ns - begun) % 2000000, 0);
	/* a second late: it begins anew instead of sending a second's worth at once */
	begun = app_now();
	pace.next_ns = begun - 1000000000;
	assert_true(app_pace(&pace, 2e6));
	assert_true(pace.next_ns >= begun);
}

static void a_signal_ends_waiting_for_good(void **state)
{
	struct app_pace pace = {0};

	(void)state;
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(app_wait(-1, APP_FOREVER), -1);
	assert_int_equal(app_wait(-1, 0), -1);
	assert_false(app_pace(&pace, 1e6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_command_lines),
		cmocka_unit_test(wrong_usage_names_the_argument_and_ends_with_2),
		cmocka_unit_test(help_lists_everything_and_ends_with_0),
		cmocka_unit_test(waiting_ends_by_what_is_first),
		cmocka_unit_test(a_pace_does_not_drift_and_forgives_what_is_late),
		cmocka_unit_test(a_signal_ends_waiting_for_good),
	};
	char name[] = "x", seven[] = "7", *argv[] = {name, seven, NULL};

	app_start(&app, 2, argv);
	port = 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
