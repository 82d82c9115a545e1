/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of network functions on the real kernel: a shipped application on a router, with the
 * test in the place of its supervisor, so that what it asks goes to the back end at once.
 */
#ifndef VLSP_TESTS_UNIT_DAEMON_HOST_APP_WORLD_H
#define VLSP_TESTS_UNIT_DAEMON_HOST_APP_WORLD_H

#include <sys/epoll.h>
#include <sys/socket.h>

#include "daemon/host/local_priv.h"
#include "tests/unit/daemon/host/audit_world.h"

struct app {
	struct world *world;
	uint32_t id, slot;
	pid_t pid;
	int link;
	struct loop_source *source;
	bool ready, ended;
	unsigned answers;
};

static inline struct local *local_of(const struct world *world)
{
	return (struct local *)world->host;
}

static inline void app_answer(void *arg, const struct app_ask *ask, const char *text,
			      const int *fds, size_t count)
{
	struct app *app = arg;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	assert_int_equal(ask->id, app->id);
	assert_true(count == 0 || count == 2);
	if (count) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		control.align = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS,
						 .cmsg_len = CMSG_LEN(2 * sizeof(int))};
		memcpy(CMSG_DATA(&control.align), fds, 2 * sizeof(int));
	}
	assert_true(sendmsg(app->link, &msg, MSG_NOSIGNAL) > 0);
	app->answers++;
}

static inline void app_said(void *arg, uint32_t events)
{
	struct app *app = arg;
	const struct app_ask ask = {.id = app->id, .ask = 1};
	char text[4096];
	ssize_t n = recv(app->link, text, sizeof(text) - 1, MSG_DONTWAIT);

	(void)events;
	if (n <= 0) {
		app->ended = true;
		loop_del(app->source);
		app->source = NULL;
		return;
	}
	text[n] = '\0';
	if (strcmp(text, "READY=1") == 0)
		app->ready = true;
	if (strncmp(text, "INTERCEPT=", 10) == 0)
		local_intercept_ask(local_of(app->world)->intercepts, &ask, app->slot, text,
				    app_answer, app);
}

/* words: "pass --match icmp"; started on that router, not waited for. */
static inline void app_start(struct app *app, struct world *world, uint32_t id, uint32_t slot,
			     const char *words)
{
	const char *build = router_path;
	char command[700];
	int pair[2];

	*app = (struct app){.world = world, .id = id, .slot = slot};
	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), errno);
	snprintf(command, sizeof(command),
		 "exec nsenter --net=" RUNTIME "/netns/r%u env VLSP_APP_FD=%d %.*s/apps/%s",
		 slot + 1, pair[1], (int)(strrchr(build, '/') - build), build, words);
	app->pid = fork();
	assert_true(app->pid >= 0);
	if (app->pid == 0) {
		close(pair[0]);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(pair[1]);
	app->link = pair[0];
	assert_int_equal(loop_add(world->loop, app->link, EPOLLIN, app_said, app, &app->source), 0);
}

static inline void app_run(struct app *app, struct world *world, uint32_t id, uint32_t slot,
			   const char *words)
{
	app_start(app, world, id, slot, words);
	run_until(world, &app->ready);
}

/* It ends by that signal, as the back end is told then. */
static inline void app_end(struct app *app, int signal, enum local_function_why why)
{
	assert_int_equal(kill(app->pid, signal), 0);
	assert_int_equal(waitpid(app->pid, NULL, 0), app->pid);
	run_until(app->world, &app->ended);
	close(app->link);
	local_intercept_gone(local_of(app->world)->intercepts, app->id, why);
}

/* What the back end says of its only function. */
static inline struct host_app_function function_of(const struct world *world, uint32_t id)
{
	struct host_app_function got[2] = {0};

	assert_int_equal(local_function_list(local_of(world)->functions, id, got, 2), 1);
	return got[0];
}

#endif
