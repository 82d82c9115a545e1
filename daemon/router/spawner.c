/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spawner: takes requests, forks, answers, reaps. Called by main.c. It allocates nothing and
 * keeps its book in a mapping that forked processes do not get: whatever it wrote to after a fork
 * would cost each of them a copied page. Answers that the daemon does not take at once wait in a
 * ring; while that is full, nothing more is read or reaped, so nothing is lost.
 */
#include "daemon/router/spawner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "include/shared/maps.h"
#include "lib/base/log.h"
#include "lib/base/name.h"

#define RING 1024 /* a power of two */

struct entry {
	int32_t pid; /* 0: free */
	uint32_t slot;
};

struct book {
	struct entry entry[VLSP_SLOT_MAX]; /* [0 .. used-1] */
	uint32_t used;
	uint32_t head, tail; /* answers: ring[tail .. head-1] */
	struct spawn_answer ring[RING];
};

struct spawner {
	struct book *book;
	int sock, sigfd;
	bool reap_again; /* stopped because the ring was full */
};

static bool is_full(const struct book *book)
{
	return book->head - book->tail == RING;
}

static void answer(struct spawner *s, enum spawn_kind kind, uint32_t slot, int32_t pid,
		   int32_t status)
{
	s->book->ring[s->book->head++ % RING] = (struct spawn_answer){
		.kind = kind, .slot = slot, .pid = pid, .status = status};
}

/* false: the daemon is gone. */
static bool answers_send(struct spawner *s)
{
	struct book *book = s->book;

	while (book->tail != book->head) {
		const struct spawn_answer *a = &book->ring[book->tail % RING];

		if (send(s->sock, a, sizeof(*a), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			if (errno == EINTR)
				continue;
			return errno == EAGAIN;
		}
		book->tail++;
	}
	return true;
}

static void fds_close(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* Receives a request: 1; 0: nothing there; -ECONNRESET: end; -EPROTO: not a request (closed). */
static int request_recv(int sock, struct spawn_request *request, int fds[SPAWN_FDS])
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(SPAWN_FDS * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = request, .iov_len = sizeof(*request)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf)};
	ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;
	size_t count = 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -ECONNRESET;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), count * sizeof(int));
	}
	if (n == 0 && count == 0)
		return -ECONNRESET;
	if (n == (ssize_t)sizeof(*request) && count == SPAWN_FDS &&
	    !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 1;
	if (n < (ssize_t)sizeof(request->slot))
		request->slot = UINT32_MAX;
	fds_close(fds, count);
	return -EPROTO;
}

static bool request_ok(const struct spawn_request *request)
{
	/* uid: that number means "unchanged" to setresuid(2) */
	return request->slot < VLSP_SLOT_MAX && request->uid != UINT32_MAX &&
	       request->fib_capacity >= VLSP_FIB_MIN && request->fib_capacity <= VLSP_SLOT_MAX &&
	       request->log_level <= LOG_LEVEL_DEBUG &&
	       memchr(request->name, 0, sizeof(request->name)) &&
	       memchr(request->socket, 0, sizeof(request->socket)) &&
	       name_check(request->name, "name", NULL) == 0 && request->socket[0];
}

/* Returns true in the forked process. */
static bool serve(struct spawner *s, const struct spawn_request *request, const int fds[SPAWN_FDS])
{
	struct book *book = s->book;
	pid_t pid;

	if (!request_ok(request) || book->used == VLSP_SLOT_MAX) {
		answer(s, SPAWN_FAILED, request->slot, 0, request_ok(request) ? -EAGAIN : -EINVAL);
		fds_close(fds, SPAWN_FDS);
		return false;
	}
	pid = fork();
	if (pid == 0)
		return true;
	if (pid < 0) {
		answer(s, SPAWN_FAILED, request->slot, 0, -errno);
	} else {
		book->entry[book->used++] = (struct entry){.pid = pid, .slot = request->slot};
		answer(s, SPAWN_STARTED, request->slot, pid, 0);
	}
	fds_close(fds, SPAWN_FDS);
	return false;
}

static void reap(struct spawner *s)
{
	struct book *book = s->book;
	int status;
	pid_t pid;

	while (!(s->reap_again = is_full(book)) && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (uint32_t i = 0; i < book->used; i++) {
			if (book->entry[i].pid != pid)
				continue;
			answer(s, SPAWN_EXITED, book->entry[i].slot, pid, status);
			book->entry[i] = book->entry[--book->used];
			break;
		}
	}
}

static bool open_all(struct spawner *s)
{
	sigset_t set;

	/* populated page by page, as it is used */
	s->book = mmap(NULL, sizeof(*s->book), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	if (s->book == MAP_FAILED || madvise(s->book, sizeof(*s->book), MADV_DONTFORK) < 0)
		return false;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->sigfd >= 0;
}

/* One round: 1: go on, 0: the daemon is gone, -1: this is a forked process. */
static int round_run(struct spawner *s, struct spawn_request *request, int fds[SPAWN_FDS])
{
	struct book *book = s->book;
	bool stuck = book->tail != book->head;
	struct pollfd p[2] = {
		{.fd = s->sock,
		 .events = (short)((is_full(book) ? 0 : POLLIN) | (stuck ? POLLOUT : 0))},
		{.fd = s->sigfd, .events = POLLIN},
	};
	struct signalfd_siginfo info;

	if (poll(p, 2, -1) < 0 && errno != EINTR)
		return 0;
	if (read(s->sigfd, &info, sizeof(info)) > 0 || s->reap_again)
		reap(s);
	while (!is_full(book)) {
		int r = request_recv(s->sock, request, fds);

		if (r == 0)
			break;
		if (r == -ECONNRESET)
			return 0;
		if (r == -EPROTO)
			answer(s, SPAWN_FAILED, request->slot, 0, r);
		else if (serve(s, request, fds))
			return -1;
		if (!answers_send(s))
			return 0;
	}
	if (!answers_send(s))
		return 0;
	if (s->reap_again)
		reap(s);
	return answers_send(s) ? 1 : 0;
}

int spawner_run(int sock, spawner_child_fn child)
{
	static struct spawn_request request;
	static int fds[SPAWN_FDS];
	struct spawner s = {.sock = sock, .sigfd = -1};
	int r = 1;

	if (!open_all(&s)) {
		log_error("cannot start the spawner: %s", strerror(errno));
		return 1;
	}
	while (r > 0)
		r = round_run(&s, &request, fds);
	if (r < 0)
		return child(&request, fds);
	close(s.sigfd);
	munmap(s.book, sizeof(*s.book));
	return 0;
}
