// SPDX-License-Identifier: GPL-2.0-or-later
/* The listener for router processes when the daemon has no descriptor left. Needs no privileges. */
#include "daemon/host/local_chan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"

static void *on_hello(void *arg, struct local_chan *chan, const struct frame_hello *hello,
		      int32_t pid)
{
	bool *heard = arg;

	(void)chan;
	(void)hello;
	assert_int_equal(pid, getpid());
	*heard = true;
	return heard;
}

static void on_frame(void *owner, uint16_t type, const void *body, uint32_t length)
{
	(void)owner;
	(void)type;
	(void)body;
	(void)length;
}

static void on_closed(void *owner)
{
	(void)owner;
}

static const struct local_chan_ops ops = {
	.hello = on_hello, .frame = on_frame, .closed = on_closed};

static int connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const struct frame_hello hello = {.version = FRAME_VERSION};
	int sock = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	strcpy(addr.sun_path, path);
	assert_return_code(sock, errno);
	assert_return_code(connect(sock, (struct sockaddr *)&addr, sizeof(addr)), errno);
	assert_int_equal(frame_send(sock, FRAME_HELLO, &hello, sizeof(hello), -1), 0);
	return sock;
}

/* Rounds of the loop in that time, or until *flag. */
static unsigned rounds(struct loop *loop, uint64_t ms, const bool *flag)
{
	uint64_t end = clock_mono_ns() + ms * NSEC_PER_MSEC;
	unsigned n = 0;

	for (; clock_mono_ns() < end && !*flag; n++)
		assert_true(loop_once(loop, 10) >= 0);
	return n;
}

static void without_descriptors_it_waits_and_does_not_spin(void **state)
{
	char dir[] = "/tmp/vlsp-chan.XXXXXX", path[64];
	struct rlimit before, none;
	struct local_listen *server;
	struct loop *loop;
	bool heard = false;
	int sock;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(local_listen_new(loop, path, 0, &ops, &heard, &server, NULL), 0);
	local_listen_go(server);
	sock = connect_to(path);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_in_range(rounds(loop, 350, &heard), 1, 60);
	assert_false(heard);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	rounds(loop, 5000, &heard);
	assert_true(heard);
	close(sock);
	local_listen_free(server);
	loop_free(loop);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_descriptors_it_waits_and_does_not_spin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
