// SPDX-License-Identifier: GPL-2.0-or-later
/* A program that nobody started as an application, though it inherited a variable that says so. */
#include "include/vlsp/vlsp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/client/app_link.h"

static void it_has_no_supervisor(void **state)
{
	char key[33], value[201];
	struct app_link_answer answer;

	(void)state;
	assert_int_equal(vlsp_app_ready(), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(vlsp_app_report("key", "%d", 1), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(vlsp_app_fd(), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(vlsp_app_next(key, value), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(app_link_ask("x", 10, &answer), -ENOTCONN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(it_has_no_supervisor)};
	char number[12];
	int fds[2];

	if (pipe(fds) < 0)
		return 1;
	snprintf(number, sizeof(number), "%d", fds[1]);
	setenv(APP_LINK_ENV, number, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
