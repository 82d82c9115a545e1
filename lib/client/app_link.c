// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: packets between this application and its supervisor. Called by app.c and intercept.c.
 *
 * While somebody waits for an answer, he alone reads from the socket, and keeps what is set for
 * app_link_next(). So that poll(2) knows of what is kept, app_link_fd() is an epoll of the socket
 * and of an eventfd that is readable as long as there is something.
 */
#include "lib/client/app_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SET	 "SET\n"
#define QUESTION "INTERCEPT="

struct setting {
	struct setting *next;
	char key[APP_LINK_KEY], value[APP_LINK_VALUE];
};

static struct {
	pthread_once_t once;
	pthread_mutex_t turn; /* of those who ask; taken before lock */
	pthread_mutex_t lock; /* of what follows */
	int fd;		      /* -1: there is none, or it has ended */
	int kept_fd;	      /* eventfd; -1: nobody polls */
	int poll_fd;	      /* epoll; -1: nobody polls */
	bool asking;
	unsigned asked; /* number of the last question */
	struct setting *first, **last;
} the = {.once = PTHREAD_ONCE_INIT,
	 .turn = PTHREAD_MUTEX_INITIALIZER,
	 .lock = PTHREAD_MUTEX_INITIALIZER,
	 .fd = -1,
	 .kept_fd = -1,
	 .poll_fd = -1,
	 .last = &the.first};

/* The variable may have been inherited by a program to which the socket was not. */
static bool is_link(int fd)
{
	int domain = 0, type = 0;
	socklen_t size = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

static void link_open(void)
{
	const char *text = getenv(APP_LINK_ENV);
	char *end;
	long fd;

	if (!text || *text < '0' || *text > '9')
		return;
	fd = strtol(text, &end, 10);
	if (*end || fd > INT32_MAX || !is_link((int)fd))
		return;
	/* What this program starts is another application's business. */
	if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0)
		the.fd = (int)fd;
}

/* With lock held. */
static void link_end(void)
{
	if (the.poll_fd >= 0)
		epoll_ctl(the.poll_fd, EPOLL_CTL_DEL, the.fd, NULL);
	close(the.fd);
	the.fd = -1;
}

static void kept_tell(bool some)
{
	uint64_t value = 1;

	if (the.kept_fd < 0)
		return;
	/* Not blocking; the value is 1 or 0, so that neither can fail but for what is so already.
	 */
	if (some ? write(the.kept_fd, &value, sizeof(value)) < 0
		 : read(the.kept_fd, &value, sizeof(value)) < 0)
		return;
}

/* "KEY=VALUE", NUL-terminated. What is not well-formed was not sent by our supervisor: -EPROTO. */
static int setting_keep(const char *text)
{
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : 0;
	struct setting *setting;

	if (n == 0 || n >= APP_LINK_KEY || strlen(equals + 1) >= APP_LINK_VALUE)
		return -EPROTO;
	setting = calloc(1, sizeof(*setting));
	if (!setting)
		return -ENOMEM;
	memcpy(setting->key, text, n);
	strcpy(setting->value, equals + 1);
	if (!the.first)
		kept_tell(true);
	*the.last = setting;
	the.last = &setting->next;
	return 0;
}

struct packet {
	char text[APP_LINK_MAX + 1];
	int fds[APP_LINK_FDS];
	unsigned fd_count;
};

static void packet_close(struct packet *packet)
{
	for (unsigned i = 0; i < packet->fd_count; i++)
		close(packet->fds[i]);
	packet->fd_count = 0;
}

/* The next packet, without waiting, lock held: 0; -EAGAIN: none; -ENOTCONN: the supervisor has
 * gone. */
static int packet_take(struct packet *packet)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(APP_LINK_FDS * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = packet->text, .iov_len = APP_LINK_MAX};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c;
	ssize_t n;

	packet->fd_count = 0;
	if (the.fd < 0)
		return -ENOTCONN;
	n = recvmsg(the.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n <= 0) {
		link_end();
		return -ENOTCONN;
	}
	packet->text[n] = '\0';
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			packet->fd_count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(packet->fds, CMSG_DATA(c), packet->fd_count * sizeof(int));
		}
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		packet_close(packet);
		return -EPROTO;
	}
	return 0;
}

/* With lock held. */
static int send_now(const char *text, size_t size)
{
	if (size > APP_LINK_MAX)
		return -EMSGSIZE;
	if (the.fd < 0)
		return -ENOTCONN;
	if (send(the.fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		return -ENOTCONN; /* what was sent before its end may still be read */
	return -errno;
}

/* An answer that came too late. A function that it opened would stay in the router's chain, and
 * what matches would wait there for nobody: it is closed, and that answer will be late, too. */
static void answer_drop(const struct packet *packet)
{
	const char *function = strstr(packet->text, "\nfunction=");
	char question[64];
	int n;

	if (!packet->fd_count || !function)
		return;
	n = snprintf(question, sizeof(question), QUESTION "%u\nclose\nfunction=%lu", ++the.asked,
		     strtoul(strchr(function, '=') + 1, NULL, 10));
	/* as good as it goes: who asked was told of a failure */
	(void)send_now(question, (size_t)n);
}

/* A packet that nobody waits for: something that was set, or an answer that came too late. */
static int packet_keep(struct packet *packet)
{
	answer_drop(packet);
	packet_close(packet);
	if (strncmp(packet->text, SET, strlen(SET)) != 0)
		return 0;
	return setting_keep(packet->text + strlen(SET));
}

int app_link_send(const char *text, size_t size)
{
	int r;

	pthread_once(&the.once, link_open);
	pthread_mutex_lock(&the.lock);
	r = send_now(text, size);
	pthread_mutex_unlock(&the.lock);
	return r;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Reads what is there, lock held, until the packet that begins with head: 0; or -EAGAIN. */
static int answer_take(const char *head, struct packet *packet)
{
	int r;

	while ((r = packet_take(packet)) == 0) {
		if (strncmp(packet->text, head, strlen(head)) == 0)
			return 0;
		r = packet_keep(packet);
		if (r < 0)
			return r;
	}
	return r;
}

static int answer_wait(const char *head, int64_t end, struct packet *packet)
{
	for (;;) {
		struct pollfd pollfd = {.events = POLLIN};
		int64_t left = end - now_ms();
		int r;

		pthread_mutex_lock(&the.lock);
		r = answer_take(head, packet);
		pollfd.fd = the.fd;
		pthread_mutex_unlock(&the.lock);
		if (r != -EAGAIN)
			return r;
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&pollfd, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

int app_link_ask(const char *text, int timeout_ms, struct app_link_answer *ret_answer)
{
	char question[APP_LINK_MAX + 64], head[32];
	struct packet packet;
	int n, r;

	pthread_once(&the.once, link_open);
	pthread_mutex_lock(&the.turn);
	pthread_mutex_lock(&the.lock);
	snprintf(head, sizeof(head), QUESTION "%u\n", ++the.asked);
	n = snprintf(question, sizeof(question), "%s%s", head, text);
	r = send_now(question, (size_t)n);
	the.asking = r == 0;
	pthread_mutex_unlock(&the.lock);
	if (r == 0)
		r = answer_wait(head, now_ms() + timeout_ms, &packet);
	pthread_mutex_lock(&the.lock);
	the.asking = false;
	pthread_mutex_unlock(&the.lock);
	pthread_mutex_unlock(&the.turn);
	if (r < 0)
		return r;
	strcpy(ret_answer->text, packet.text + strlen(head));
	memcpy(ret_answer->fds, packet.fds, sizeof(packet.fds));
	ret_answer->fd_count = packet.fd_count;
	return 0;
}

/* With lock held. */
static int next_now(char key[APP_LINK_KEY], char value[APP_LINK_VALUE])
{
	struct setting *setting = the.first;
	struct packet packet;
	int r = -EAGAIN;

	/* Everything, so that what was set first comes first, and the end is seen. */
	while (!the.asking && (r = packet_take(&packet)) == 0) {
		r = packet_keep(&packet);
		if (r < 0)
			return r;
	}
	setting = the.first;
	if (!setting)
		return r == -EAGAIN ? 0 : r;
	strcpy(key, setting->key);
	strcpy(value, setting->value);
	the.first = setting->next;
	if (!the.first) {
		the.last = &the.first;
		kept_tell(false);
	}
	free(setting);
	return 1;
}

int app_link_next(char key[APP_LINK_KEY], char value[APP_LINK_VALUE])
{
	int r;

	pthread_once(&the.once, link_open);
	pthread_mutex_lock(&the.lock);
	r = next_now(key, value);
	pthread_mutex_unlock(&the.lock);
	return r;
}

/* With lock held. */
static int poll_open(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int kept, fd, r;

	if (the.fd < 0)
		return -ENOTCONN;
	kept = eventfd(the.first != NULL, EFD_CLOEXEC | EFD_NONBLOCK);
	if (kept < 0)
		return -errno;
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, kept, &event) == 0 &&
	    epoll_ctl(fd, EPOLL_CTL_ADD, the.fd, &event) == 0) {
		the.kept_fd = kept;
		the.poll_fd = fd;
		return fd;
	}
	r = -errno;
	close(kept);
	if (fd >= 0)
		close(fd);
	return r;
}

int app_link_fd(void)
{
	int r;

	pthread_once(&the.once, link_open);
	pthread_mutex_lock(&the.lock);
	r = the.poll_fd >= 0 ? the.poll_fd : poll_open();
	pthread_mutex_unlock(&the.lock);
	return r;
}
