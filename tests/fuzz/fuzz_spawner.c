/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spawner (daemon/router/spawner.c): requests that are raw or nearly right, with any number of
 * descriptors, then the daemon's end. Nothing is forked. Checked: each request is answered, a
 * wrong one starts nothing, descriptors come back.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemon/router/spawner.h"
#include "include/shared/maps.h"
#include "lib/wire/spawn.h"
#include "tests/fuzz/world.h"

/* Processes are numbered, and never the child. */
pid_t fork(void)
{
	return (pid_t)(100000 + world_random++ % 100);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	(void)pid;
	(void)options;
	*status = (int)world_random;
	return world_random % 2 ? (pid_t)(100000 + world_random++ % 100) : 0;
}

static int never(const struct spawn_request *request, const int fds[SPAWN_FDS])
{
	(void)request;
	(void)fds;
	CHECK(!"a forked process");
	return 1;
}

/* Requests, raw or nearly right, with any number of descriptors, then the end of the daemon. */
static void try_spawner(struct input in)
{
	int pair[2], all = 0;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	for (int n = 0; n < 8 && in.left; n++) {
		struct {
			struct spawn_request request;
			char more[100]; /* too long is wrong, too */
		} sent = {.request = {.slot = input_byte(&in),
				      .fib_capacity = VLSP_FIB_MIN,
				      .log_level = 1}};
		int fds[8] = {0}, count = input_byte(&in) % 8;
		union {
			struct cmsghdr align;
			char buf[CMSG_SPACE(sizeof(fds))];
		} control = {0};
		size_t size = sizeof(sent.request);
		struct iovec iov = {.iov_base = &sent};
		struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
		struct input raw = input_take(&in, input_byte(&in));

		strcpy(sent.request.name, "r1");
		strcpy(sent.request.socket, "router.sock");
		if (raw.left > 2) /* some bytes of it are others */
			memcpy((char *)&sent.request + raw.at[0] % (sizeof(sent.request) / 2),
			       raw.at + 1,
			       raw.left - 1 < sizeof(sent.request) / 2 ? raw.left - 1
								       : sizeof(sent.request) / 2);
		else if (raw.left == 1)
			size = 1u + raw.at[0]; /* an empty one is the end of the stream */
		iov.iov_len = size;
		if (count) {
			msg.msg_control = control.buf;
			msg.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
			*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN((size_t)count * sizeof(int))};
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, (size_t)count * sizeof(int));
		}
		all += sendmsg(pair[1], &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
	}
	shutdown(pair[1], SHUT_WR);
	CHECK(spawner_run(pair[0], never) == 0);
	for (struct spawn_answer answer;
	     recv(pair[1], &answer, sizeof(answer), MSG_DONTWAIT) > 0;) {
		all -= answer.kind != SPAWN_EXITED;
		CHECK(answer.kind >= SPAWN_STARTED && answer.kind <= SPAWN_EXITED);
	}
	CHECK(all == 0); /* each was answered */
	close(pair[0]);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct input in = {data, size};
	int before = world_fds();

	world_begin();
	try_spawner(in);
	world_end();
	CHECK(world_fds() == before);
	return 0;
}
