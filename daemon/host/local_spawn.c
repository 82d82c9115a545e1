// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The spawner's process and the conversation with it. Slots to be started wait in a ring until the
 * socket takes the request; the descriptors that go with it are opened only then. Called by local.c
 * and local_router.c.
 */
#include "daemon/host/local_spawn.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/host/local_exec.h"
#include "include/shared/maps.h"
#include "lib/base/log.h"

struct local_spawn {
	struct loop *loop;
	struct loop_source *source;
	const struct local_spawn_ops *ops;
	void *arg;
	char *program;
	int sock;
	pid_t pid;
	uint32_t ring[VLSP_SLOT_MAX]; /* slots to ask for: [tail .. head-1] */
	uint32_t head, tail;
	bool asked[VLSP_SLOT_MAX]; /* sent and not answered */
	bool polling;		   /* EPOLLOUT is on */
};

static int program_start(struct local_spawn *spawn, int sock)
{
	char number[12];
	char name[] = "vlsp-router", option[] = "--spawner";
	char *argv[] = {name, option, number, NULL};
	int r;

	snprintf(number, sizeof(number), "%d", LOCAL_EXEC_FD);
	r = local_exec(spawn->program, argv, sock, &spawn->pid);
	if (r < 0)
		spawn->pid = 0;
	return r;
}

static void spawn_ready(void *arg, uint32_t events);

static int spawn_start(struct local_spawn *spawn)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r = program_start(spawn, pair[1]);
	close(pair[1]);
	if (r == 0)
		r = loop_add(spawn->loop, pair[0], EPOLLIN, spawn_ready, spawn, &spawn->source);
	if (r < 0) {
		close(pair[0]);
		return r;
	}
	spawn->sock = pair[0];
	spawn->polling = false;
	return 0;
}

static void spawn_end(struct local_spawn *spawn)
{
	loop_del(spawn->source);
	spawn->source = NULL;
	if (spawn->sock >= 0)
		close(spawn->sock);
	spawn->sock = -1;
	if (spawn->pid > 0) {
		/* It ends by itself at the end of stream; nothing it does can last. */
		while (waitpid(spawn->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	spawn->pid = 0;
}

/* Sends one request with its descriptors: 0, -EAGAIN, -errno. */
static int request_send(struct local_spawn *spawn, const struct spawn_request *request,
			const int fds[SPAWN_FDS])
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(SPAWN_FDS * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = (void *)request, .iov_len = sizeof(*request)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf)};
	struct cmsghdr *cmsg;

	memset(&control, 0, sizeof(control));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(SPAWN_FDS * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, SPAWN_FDS * sizeof(int));
	return sendmsg(spawn->sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* Sends requests until the ring is empty or the socket full. */
static void ring_flush(struct local_spawn *spawn)
{
	int r = 0;

	while (spawn->tail != spawn->head) {
		uint32_t slot = spawn->ring[spawn->tail % VLSP_SLOT_MAX];
		struct spawn_request request;
		int fds[SPAWN_FDS];

		memset(&request, 0, sizeof(request));
		r = spawn->ops->request(spawn->arg, slot, &request, fds);
		if (r == 0) {
			r = request_send(spawn, &request, fds);
			close(fds[SPAWN_FD_NETNS]);
			if (r == -EAGAIN || r == -EPIPE || r == -ECONNRESET)
				break; /* the end is seen by reading */
		}
		spawn->tail++;
		if (r < 0)
			spawn->ops->failed(spawn->arg, slot, r);
		else
			spawn->asked[slot] = true;
		r = 0;
	}
	if (spawn->source && (r == -EAGAIN) != spawn->polling) {
		spawn->polling = r == -EAGAIN;
		(void)loop_mod(spawn->source, EPOLLIN | (spawn->polling ? EPOLLOUT : 0u));
	}
}

static void answer_take(struct local_spawn *spawn, const struct spawn_answer *answer)
{
	if (answer->slot >= VLSP_SLOT_MAX)
		return;
	switch (answer->kind) {
	case SPAWN_STARTED:
		spawn->asked[answer->slot] = false;
		/* No process has such a number: nobody would ever say that it ended. */
		if (answer->pid <= 0)
			spawn->ops->failed(spawn->arg, answer->slot, -EPROTO);
		else
			spawn->ops->started(spawn->arg, answer->slot, answer->pid);
		break;
	case SPAWN_FAILED:
		spawn->asked[answer->slot] = false;
		spawn->ops->failed(spawn->arg, answer->slot, answer->status);
		break;
	case SPAWN_EXITED:
		spawn->ops->exited(spawn->arg, answer->slot, answer->pid, answer->status);
		break;
	}
}

/* Takes what is there: number of answers or -ECONNRESET. */
static int answers_take(struct local_spawn *spawn)
{
	struct spawn_answer answer;
	int count = 0;

	while (spawn->sock >= 0) {
		ssize_t n = recv(spawn->sock, &answer, sizeof(answer), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return count;
		if (n <= 0)
			return -ECONNRESET;
		if (n == (ssize_t)sizeof(answer))
			answer_take(spawn, &answer);
		count++;
	}
	return count;
}

static void spawn_lost(struct local_spawn *spawn)
{
	int r;

	log_debug("the spawner has ended; starting another");
	spawn_end(spawn);
	r = spawn_start(spawn);
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		if (!spawn->asked[slot])
			continue;
		spawn->asked[slot] = false;
		spawn->ops->failed(spawn->arg, slot, -ECONNRESET);
	}
	spawn->ops->lost(spawn->arg, r);
	if (r == 0)
		ring_flush(spawn);
}

static void spawn_ready(void *arg, uint32_t events)
{
	struct local_spawn *spawn = arg;

	if (events & EPOLLOUT)
		ring_flush(spawn);
	if (answers_take(spawn) < 0)
		spawn_lost(spawn);
}

int local_spawn_new(struct loop *loop, const char *program, const struct local_spawn_ops *ops,
		    void *arg, struct local_spawn **ret_spawn, struct err *err)
{
	struct local_spawn *spawn;
	int r;

	spawn = calloc(1, sizeof(*spawn));
	if (!spawn)
		return err_errno(err, ENOMEM, "spawner");
	spawn->loop = loop;
	spawn->ops = ops;
	spawn->arg = arg;
	spawn->sock = -1;
	spawn->program = strdup(program);
	r = spawn->program ? spawn_start(spawn) : -ENOMEM;
	if (r < 0) {
		local_spawn_free(spawn);
		return err_errno(err, r, "cannot start %s", program);
	}
	*ret_spawn = spawn;
	return 0;
}

void local_spawn_free(struct local_spawn *spawn)
{
	if (!spawn)
		return;
	spawn_end(spawn);
	free(spawn->program);
	free(spawn);
}

pid_t local_spawn_pid(const struct local_spawn *spawn)
{
	return spawn->pid;
}

int local_spawn_ask(struct local_spawn *spawn, uint32_t slot)
{
	if (spawn->sock < 0)
		return -EPIPE;
	if (spawn->head - spawn->tail == VLSP_SLOT_MAX)
		return -ENOMEM;
	spawn->ring[spawn->head++ % VLSP_SLOT_MAX] = slot;
	if (!spawn->polling)
		ring_flush(spawn);
	return 0;
}

int local_spawn_wait(struct local_spawn *spawn, int timeout_ms)
{
	struct pollfd p = {.fd = spawn->sock, .events = POLLIN};
	int r;

	if (spawn->sock < 0)
		return -ECONNRESET;
	r = poll(&p, 1, timeout_ms);
	if (r <= 0)
		return r < 0 && errno != EINTR ? -errno : 0;
	r = answers_take(spawn);
	return r < 0 ? r : r > 0;
}
