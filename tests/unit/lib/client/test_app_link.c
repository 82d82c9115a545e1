// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An application and its supervisor, who is the test, at the other end of a socket pair. A process
 * has one link: the tests go on from each other, and the last one ends it.
 */
#include "lib/client/app_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "include/vlsp/vlsp.h"

static int supervisor = -1, application = -1;

#define assert_fails(code, call)                                                                   \
	do {                                                                                       \
		errno = 0;                                                                         \
		assert_int_equal(call, -1);                                                        \
		assert_int_equal(errno, code);                                                     \
	} while (0)

static void expect(const char *want)
{
	char text[APP_LINK_MAX + 1];
	ssize_t n = recv(supervisor, text, sizeof(text) - 1, 0);

	assert_return_code(n, errno);
	text[n] = '\0';
	assert_string_equal(text, want);
}

static void tell(const char *text)
{
	assert_int_equal(send(supervisor, text, strlen(text), 0), strlen(text));
}

static void expect_setting(const char *key, const char *value)
{
	char k[33], v[201];

	assert_int_equal(vlsp_app_next(k, v), 1);
	assert_string_equal(k, key);
	assert_string_equal(v, value);
}

static void expect_nothing(void)
{
	char key[33], value[201];

	assert_int_equal(vlsp_app_next(key, value), 0);
}

static bool readable(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};

	return poll(&pollfd, 1, 0) == 1;
}

static void ready_and_values_are_told(void **state)
{
	char longest[201];

	(void)state;
	memset(longest, 'x', 200);
	longest[200] = '\0';
	assert_int_equal(vlsp_app_ready(), 0);
	expect("READY=1");
	assert_int_equal(vlsp_app_report("rate.in-1_a", "%d %s", 7, "a=b"), 0);
	expect("DATA\nrate.in-1_a=7 a=b");
	assert_int_equal(vlsp_app_report("x", "%s", ""), 0);
	expect("DATA\nx=");
	assert_int_equal(vlsp_app_report("x", "%s", longest), 0);
	recv(supervisor, longest, sizeof(longest), 0);
	assert_int_equal(fcntl(application, F_GETFD), FD_CLOEXEC);
}

static void values_have_limits(void **state)
{
	char key[40];

	(void)state;
	assert_fails(EINVAL, vlsp_app_report("", "x"));
	assert_fails(EINVAL, vlsp_app_report("A", "x"));
	assert_fails(EINVAL, vlsp_app_report("a=b", "x"));
	assert_fails(EINVAL, vlsp_app_report("a234567890123456789012345678901234", "x"));
	assert_fails(EINVAL, vlsp_app_report("a", "x\ny"));
	assert_fails(EMSGSIZE, vlsp_app_report("a", "%201d", 1));
	/* two are known already */
	for (int i = 2; i < 64; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(vlsp_app_report(key, "%d", i), 0);
		recv(supervisor, key, sizeof(key), 0);
	}
	assert_fails(ENOSPC, vlsp_app_report("one.more", "x"));
	assert_int_equal(vlsp_app_report("k63", "x"), 0);
	expect("DATA\nk63=x");
}

static void what_is_set_arrives_in_order(void **state)
{
	int fd = vlsp_app_fd();

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(vlsp_app_fd(), fd);
	assert_false(readable(fd));
	expect_nothing();
	tell("SET\nrate=5");
	tell("SET\nname=a=b");
	tell("SET\nempty=");
	assert_true(readable(fd));
	expect_setting("rate", "5");
	/* the others have been read from the socket; it is readable all the same */
	assert_true(readable(fd));
	expect_setting("name", "a=b");
	expect_setting("empty", "");
	expect_nothing();
	assert_false(readable(fd));
}

/* With the two ends of a pipe. */
static void give(const char *text)
{
	int fds[2];
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	char control[CMSG_SPACE(sizeof(fds))] = {0};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(fds)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS};
	assert_int_equal(pipe(fds), 0);
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	assert_int_equal(sendmsg(supervisor, &msg, 0), strlen(text));
	close(fds[0]);
	close(fds[1]);
}

static void *answer_late(void *arg)
{
	expect("INTERCEPT=1\nmatch=udp\norder=3");
	tell("SET\nmeanwhile=1");
	usleep(20000);
	tell("SET\nmeanwhile=2");
	give("INTERCEPT=1\nyes\nmore");
	return arg;
}

static void an_answer_brings_descriptors_and_settings_are_kept(void **state)
{
	struct app_link_answer answer;
	pthread_t thread;
	char byte;

	(void)state;
	pthread_create(&thread, NULL, answer_late, NULL);
	assert_int_equal(app_link_ask("match=udp\norder=3", 5000, &answer), 0);
	pthread_join(thread, NULL);
	assert_string_equal(answer.text, "yes\nmore");
	assert_int_equal(answer.fd_count, 2);
	assert_int_equal(fcntl(answer.fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(answer.fds[1], "x", 1), 1);
	assert_int_equal(read(answer.fds[0], &byte, 1), 1);
	close(answer.fds[0]);
	close(answer.fds[1]);
	assert_true(readable(vlsp_app_fd()));
	expect_setting("meanwhile", "1");
	expect_setting("meanwhile", "2");
	assert_false(readable(vlsp_app_fd()));
}

static void *answer_two(void *arg)
{
	expect("INTERCEPT=3\nsecond");
	tell("INTERCEPT=2\ntoo late");
	tell("INTERCEPT=3\n");
	return arg;
}

static void a_late_answer_is_not_taken_for_another(void **state)
{
	struct app_link_answer answer;
	pthread_t thread;

	(void)state;
	assert_int_equal(app_link_ask("first", 20, &answer), -ETIMEDOUT);
	expect("INTERCEPT=2\nfirst");
	pthread_create(&thread, NULL, answer_two, NULL);
	assert_int_equal(app_link_ask("second", 5000, &answer), 0);
	pthread_join(thread, NULL);
	assert_string_equal(answer.text, "");
	assert_int_equal(answer.fd_count, 0);
	expect_nothing();
}

static void a_function_that_was_opened_too_late_is_given_back(void **state)
{
	struct app_link_answer answer;
	int before = dup(supervisor), after;

	(void)state;
	close(before);
	assert_int_equal(app_link_ask("open", 20, &answer), -ETIMEDOUT);
	expect("INTERCEPT=4\nopen");
	give("INTERCEPT=4\nfunction=17\nslot=1");
	expect_nothing();
	expect("INTERCEPT=5\nclose\nfunction=17");
	tell("INTERCEPT=5\nok");
	expect_nothing();
	after = dup(supervisor);
	close(after);
	assert_int_equal(after, before); /* its descriptors, too */
}

static void who_asks_too_much_or_a_slow_one_is_told(void **state)
{
	static char large[APP_LINK_MAX + 1];
	struct app_link_answer answer;
	int r;

	(void)state;
	memset(large, 'x', APP_LINK_MAX);
	assert_int_equal(app_link_ask(large, 100, &answer), -EMSGSIZE);
	assert_int_equal(app_link_send(large, sizeof(large)), -EMSGSIZE);
	while ((r = app_link_send(large, APP_LINK_MAX)) == 0)
		;
	assert_int_equal(r, -EAGAIN);
	while (recv(supervisor, large, sizeof(large), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(vlsp_app_ready(), 0);
	expect("READY=1");
}

static void what_no_supervisor_sends_is_refused(void **state)
{
	char key[33], value[201];

	(void)state;
	tell("SET\nnothing");
	tell("SET\na23456789012345678901234567890123=x"); /* 33 characters */
	tell("SET\ngood=1");
	assert_fails(EPROTO, vlsp_app_next(key, value));
	assert_fails(EPROTO, vlsp_app_next(key, value));
	expect_setting("good", "1");
}

static void its_end_is_seen_and_what_came_before_is_read(void **state)
{
	char key[33], value[201];
	int fd = vlsp_app_fd();

	(void)state;
	tell("SET\nlast=1");
	close(supervisor);
	expect_setting("last", "1");
	assert_fails(ENOTCONN, vlsp_app_next(key, value));
	assert_fails(ENOTCONN, vlsp_app_ready());
	assert_fails(ENOTCONN, vlsp_app_report("x", "1"));
	/* who polls does not spin */
	assert_false(readable(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ready_and_values_are_told),
		cmocka_unit_test(values_have_limits),
		cmocka_unit_test(what_is_set_arrives_in_order),
		cmocka_unit_test(an_answer_brings_descriptors_and_settings_are_kept),
		cmocka_unit_test(a_late_answer_is_not_taken_for_another),
		cmocka_unit_test(a_function_that_was_opened_too_late_is_given_back),
		cmocka_unit_test(who_asks_too_much_or_a_slow_one_is_told),
		cmocka_unit_test(what_no_supervisor_sends_is_refused),
		cmocka_unit_test(its_end_is_seen_and_what_came_before_is_read),
	};
	char number[12];
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0)
		return 1;
	supervisor = fds[0];
	application = fds[1];
	snprintf(number, sizeof(number), "%d", application);
	setenv(APP_LINK_ENV, number, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
