/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spawner with a child function of the test: requests, answers, refusals, the end. It runs in a
 * process of its own, as it does in the product; nothing needs privileges.
 */
#include "daemon/router/spawner.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "include/shared/maps.h"

struct fixture {
	int sock;
	pid_t spawner;
	int pipes[SPAWN_FDS][2];
};

/* Slot 7 exits with 7, slot 8 writes its descriptors' numbers by them, others wait for the end. */
static int child(const struct spawn_request *request, const int fds[SPAWN_FDS])
{
	if (request->slot == 8) {
		for (int i = 0; i < SPAWN_FDS; i++) {
			char c = (char)('a' + i);

			if (write(fds[i], &c, 1) != 1)
				return 1;
		}
	}
	if (request->slot >= 100)
		pause();
	return (int)request->slot;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	for (int i = 0; i < SPAWN_FDS; i++)
		assert_int_equal(pipe(f->pipes[i]), 0);
	f->spawner = fork();
	assert_true(f->spawner >= 0);
	if (f->spawner == 0) {
		close(pair[0]);
		_exit(spawner_run(pair[1], child));
	}
	close(pair[1]);
	f->sock = pair[0];
	*state = f;
	return 0;
}

static void spawner_end(struct fixture *f)
{
	int status;

	if (f->sock < 0)
		return;
	close(f->sock);
	f->sock = -1;
	assert_int_equal(waitpid(f->spawner, &status, 0), f->spawner);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	spawner_end(f);
	for (int i = 0; i < SPAWN_FDS; i++) {
		close(f->pipes[i][0]);
		close(f->pipes[i][1]);
	}
	free(f);
	return 0;
}

static struct spawn_request request_make(uint32_t slot)
{
	struct spawn_request request = {.slot = slot, .fib_capacity = VLSP_FIB_MIN};

	strcpy(request.name, "r1");
	strcpy(request.socket, "/nonexistent/router.sock");
	return request;
}

static void request_send(struct fixture *f, const void *data, size_t size, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(SPAWN_FDS * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		for (size_t i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &f->pipes[i][1], sizeof(int));
	}
	assert_int_equal(sendmsg(f->sock, &msg, 0), (ssize_t)size);
}

static struct spawn_answer answer_get(struct fixture *f)
{
	struct spawn_answer answer;

	assert_int_equal(recv(f->sock, &answer, sizeof(answer), 0), sizeof(answer));
	return answer;
}

static void a_router_is_started_and_its_exit_is_told(void **state)
{
	struct fixture *f = *state;
	struct spawn_request request = request_make(7);
	struct spawn_answer answer;
	int32_t pid;

	request_send(f, &request, sizeof(request), SPAWN_FDS);
	answer = answer_get(f);
	assert_int_equal(answer.kind, SPAWN_STARTED);
	assert_int_equal(answer.slot, 7);
	assert_true(answer.pid > 0);
	pid = answer.pid;
	answer = answer_get(f);
	assert_int_equal(answer.kind, SPAWN_EXITED);
	assert_int_equal(answer.slot, 7);
	assert_int_equal(answer.pid, pid);
	assert_true(WIFEXITED(answer.status));
	assert_int_equal(WEXITSTATUS(answer.status), 7);
}

static void descriptors_arrive_in_their_order(void **state)
{
	struct fixture *f = *state;
	struct spawn_request request = request_make(8);
	char c;

	request_send(f, &request, sizeof(request), SPAWN_FDS);
	for (int i = 0; i < SPAWN_FDS; i++) {
		assert_int_equal(read(f->pipes[i][0], &c, 1), 1);
		assert_int_equal(c, 'a' + i);
	}
}

static void a_router_that_is_killed_is_told_with_its_signal(void **state)
{
	struct fixture *f = *state;
	struct spawn_request request = request_make(100);
	struct spawn_answer answer;

	request_send(f, &request, sizeof(request), SPAWN_FDS);
	answer = answer_get(f);
	assert_int_equal(answer.kind, SPAWN_STARTED);
	assert_int_equal(kill(answer.pid, SIGKILL), 0);
	answer = answer_get(f);
	assert_int_equal(answer.kind, SPAWN_EXITED);
	assert_true(WIFSIGNALED(answer.status));
	assert_int_equal(WTERMSIG(answer.status), SIGKILL);
}

static void a_burst_is_answered_completely(void **state)
{
	struct fixture *f = *state;
	enum { COUNT = 200 };
	int started = 0, exited = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		struct spawn_request request = request_make(i % 50);

		if (request.slot == 8)
			request.slot = 9;
		request_send(f, &request, sizeof(request), SPAWN_FDS);
	}
	while (started + exited < 2 * COUNT) {
		struct spawn_answer answer = answer_get(f);

		started += answer.kind == SPAWN_STARTED;
		exited += answer.kind == SPAWN_EXITED;
		assert_true(answer.kind != SPAWN_FAILED);
	}
	assert_int_equal(started, COUNT);
}

static void bad_requests_are_refused_and_the_next_one_is_served(void **state)
{
	struct fixture *f = *state;
	struct spawn_request good = request_make(7), rows[8];
	struct spawn_answer answer;

	for (size_t i = 0; i < 8; i++)
		rows[i] = request_make(3);
	rows[0].slot = VLSP_SLOT_MAX;
	rows[1].fib_capacity = VLSP_FIB_MIN - 1;
	rows[2].fib_capacity = UINT32_MAX;
	memset(rows[3].name, 'a', sizeof(rows[3].name));
	rows[4].name[0] = '\0';
	strcpy(rows[5].name, "a/b");
	memset(rows[6].socket, 'a', sizeof(rows[6].socket));
	rows[7].log_level = 99;
	for (size_t i = 0; i < 8; i++) {
		request_send(f, &rows[i], sizeof(rows[i]), SPAWN_FDS);
		answer = answer_get(f);
		assert_int_equal(answer.kind, SPAWN_FAILED);
		assert_int_equal(answer.slot, rows[i].slot);
		assert_int_equal(answer.status, -EINVAL);
	}
	request_send(f, &good, sizeof(good), SPAWN_FDS);
	assert_int_equal(answer_get(f).kind, SPAWN_STARTED);
}

static void wrong_sizes_and_missing_descriptors_are_refused(void **state)
{
	struct fixture *f = *state;
	struct spawn_request request = request_make(3);
	char longer[sizeof(request) + 1] = {0};
	static const size_t fds[] = {0, 1, SPAWN_FDS - 1};

	for (size_t i = 0; i < 3; i++) {
		request_send(f, &request, sizeof(request), fds[i]);
		assert_int_equal(answer_get(f).status, -EPROTO);
	}
	request_send(f, &request, sizeof(request) - 1, SPAWN_FDS);
	assert_int_equal(answer_get(f).status, -EPROTO);
	request_send(f, "x", 1, SPAWN_FDS);
	assert_int_equal(answer_get(f).status, -EPROTO);
	memcpy(longer, &request, sizeof(request));
	request_send(f, longer, sizeof(longer), SPAWN_FDS);
	assert_int_equal(answer_get(f).status, -EPROTO);
}

static void routers_outlive_the_spawner(void **state)
{
	struct fixture *f = *state;
	struct spawn_request request = request_make(100);
	struct spawn_answer answer;

	request_send(f, &request, sizeof(request), SPAWN_FDS);
	answer = answer_get(f);
	assert_int_equal(answer.kind, SPAWN_STARTED);
	spawner_end(f);
	assert_int_equal(kill(answer.pid, 0), 0);
	assert_int_equal(kill(answer.pid, SIGKILL), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_router_is_started_and_its_exit_is_told),
		T(descriptors_arrive_in_their_order),
		T(a_router_that_is_killed_is_told_with_its_signal),
		T(a_burst_is_answered_completely),
		T(bad_requests_are_refused_and_the_next_one_is_served),
		T(wrong_sizes_and_missing_descriptors_are_refused),
		T(routers_outlive_the_spawner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
