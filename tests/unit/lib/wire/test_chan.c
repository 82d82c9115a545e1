/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to the daemon, with the test as the daemon, on a socket in a directory of its own.
 */
#include "lib/wire/chan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char dir[32], path[64];
	int listener, peer;
	struct loop *loop;
	struct chan *chan;
	int connected, frames, batches;
	uint16_t type;
	uint32_t length;
	int fd;
};

static void on_connected(void *arg)
{
	struct fixture *f = arg;

	f->connected++;
	assert_int_equal(chan_send(f->chan, FRAME_HELLO, "hello", 5), 0);
}

static void on_frame(void *arg, uint16_t type, const void *body, uint32_t length, int fd)
{
	struct fixture *f = arg;

	(void)body;
	f->frames++;
	f->type = type;
	f->length = length;
	f->fd = fd;
}

static void on_batch_end(void *arg)
{
	struct fixture *f = arg;

	f->batches++;
}

static const struct chan_ops ops = {
	.connected = on_connected, .frame = on_frame, .batch_end = on_batch_end};

static void start_listening(struct fixture *f)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	strcpy(addr.sun_path, f->path);
	f->listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(f->listener, 4), 0);
}

static void stop_listening(struct fixture *f)
{
	close(f->listener);
	unlink(f->path);
	f->listener = -1;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/vlsp-chan-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sock", f->dir);
	start_listening(f);
	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(chan_new(f->loop, f->path, &ops, f, &f->chan), 0);
	f->peer = -1;
	f->fd = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	chan_free(f->chan);
	loop_free(f->loop);
	if (f->peer >= 0)
		close(f->peer);
	if (f->listener >= 0)
		stop_listening(f);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void expect_frame(struct fixture *f, uint16_t type, int length)
{
	static char buf[FRAME_MAX];
	const void *body;
	uint16_t got;
	int fd;

	assert_int_equal(frame_recv(f->peer, buf, &got, &body, &fd), length);
	assert_int_equal(got, type);
}

static void connect_both(struct fixture *f)
{
	assert_int_equal(chan_connect(f->chan, 1000), 0);
	f->peer = accept(f->listener, NULL, NULL);
	assert_true(f->peer >= 0);
	expect_frame(f, FRAME_HELLO, 5);
}

static void frames_go_both_ways(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	assert_int_equal(frame_send(f->peer, FRAME_CONFIG, "abc", 3, -1), 0);
	assert_int_equal(frame_send(f->peer, FRAME_DUMP, "abcd", 4, -1), 0);
	assert_true(loop_once(f->loop, 1000) > 0);
	assert_int_equal(f->frames, 2);
	assert_int_equal(f->batches, 1);
	assert_int_equal(f->type, FRAME_DUMP);
	assert_int_equal(f->length, 4);
	assert_int_equal(f->fd, -1);
	assert_int_equal(chan_send(f->chan, FRAME_READY, NULL, 0), 0);
	expect_frame(f, FRAME_READY, 0);
}

static void a_descriptor_is_handed_over(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	assert_int_equal(frame_send(f->peer, FRAME_FIB_MAP, "abcd", 4, f->listener), 0);
	assert_true(loop_once(f->loop, 1000) > 0);
	assert_true(f->fd >= 0);
	assert_int_equal(close(f->fd), 0);
}

static void the_first_connect_fails_when_nobody_listens(void **state)
{
	struct fixture *f = *state;

	stop_listening(f);
	assert_int_equal(chan_connect(f->chan, 1000), -ENOENT);
	assert_int_equal(chan_send(f->chan, FRAME_READY, NULL, 0), -ENOTCONN);
	assert_int_equal(f->connected, 0);
}

static void it_connects_again_when_the_daemon_was_away(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	close(f->peer);
	stop_listening(f);
	assert_true(loop_once(f->loop, 1000) > 0);
	assert_int_equal(chan_send(f->chan, FRAME_READY, NULL, 0), -ENOTCONN);
	/* at least one attempt that finds nobody */
	assert_true(loop_once(f->loop, -1) >= 0);
	start_listening(f);
	while (f->connected < 2)
		assert_true(loop_once(f->loop, -1) >= 0);
	f->peer = accept(f->listener, NULL, NULL);
	expect_frame(f, FRAME_HELLO, 5);
	assert_int_equal(chan_send(f->chan, FRAME_READY, NULL, 0), 0);
}

static void a_malformed_frame_ends_the_connection_and_it_connects_again(void **state)
{
	struct fixture *f = *state;
	struct frame_head head = {.type = FRAME_QUIT, .length = 4711};

	connect_both(f);
	assert_int_equal(send(f->peer, &head, sizeof(head), 0), sizeof(head));
	while (f->connected < 2)
		assert_true(loop_once(f->loop, -1) >= 0);
	assert_int_equal(f->frames, 0);
}

static void what_the_socket_does_not_take_is_sent_later_in_order(void **state)
{
	static char body[20000], buf[FRAME_MAX];
	struct fixture *f = *state;
	uint32_t sent = 0, got = 0;

	connect_both(f);
	for (; sent < 100; sent++) {
		memcpy(body, &sent, sizeof(sent));
		assert_int_equal(chan_send(f->chan, FRAME_ROUTES, body, sizeof(body)), 0);
	}
	while (got < sent) {
		const void *in;
		uint16_t type;
		int fd, r = frame_recv(f->peer, buf, &type, &in, &fd);
		uint32_t number;

		if (r == -EAGAIN) {
			assert_true(loop_once(f->loop, 1000) >= 0);
			continue;
		}
		assert_int_equal(r, sizeof(body));
		memcpy(&number, in, sizeof(number));
		assert_int_equal(number, got);
		got++;
	}
	assert_int_equal(f->connected, 1);
}

static void a_daemon_that_never_reads_is_given_up_and_found_again(void **state)
{
	static char body[60000];
	struct fixture *f = *state;
	int r = 0;

	connect_both(f);
	for (int i = 0; i < 1000 && r == 0; i++)
		r = chan_send(f->chan, FRAME_ROUTES, body, sizeof(body));
	assert_int_equal(r, -ENOTCONN);
	while (f->connected < 2)
		assert_true(loop_once(f->loop, -1) >= 0);
}

static void a_frame_that_is_too_long_is_refused(void **state)
{
	static char body[FRAME_MAX];
	struct fixture *f = *state;

	connect_both(f);
	assert_int_equal(chan_send(f->chan, FRAME_ROUTES, body, sizeof(body)), -EMSGSIZE);
	assert_int_equal(chan_send(f->chan, FRAME_READY, NULL, 0), 0);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	struct fixture *f = *state;
	struct chan *chan = NULL;
	char path[200];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(chan_new(f->loop, path, &ops, f, &chan), -EINVAL);
	assert_null(chan);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(frames_go_both_ways),
		T(a_descriptor_is_handed_over),
		T(the_first_connect_fails_when_nobody_listens),
		T(it_connects_again_when_the_daemon_was_away),
		T(a_malformed_frame_ends_the_connection_and_it_connects_again),
		T(what_the_socket_does_not_take_is_sent_later_in_order),
		T(a_daemon_that_never_reads_is_given_up_and_found_again),
		T(a_frame_that_is_too_long_is_refused),
		T(a_path_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
