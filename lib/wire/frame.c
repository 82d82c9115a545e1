// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames between the daemon and its router processes. Used by daemon/host and daemon/router. */
#include "lib/wire/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int frame_send(int sock, enum frame_type type, const void *body, uint32_t length, int fd)
{
	struct frame_head head = {.type = (uint16_t)type,
				  .length = (uint32_t)sizeof(head) + length};
	struct iovec iov[2] = {{.iov_base = &head, .iov_len = sizeof(head)},
			       {.iov_base = (void *)body, .iov_len = length}};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = length ? 2 : 1};

	if (head.length > FRAME_MAX)
		return -EMSGSIZE;
	if (fd >= 0) {
		struct cmsghdr *cmsg;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	if (sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

static int frame_take_fd(struct msghdr *msg)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int got;

			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof(got));
			if (fd < 0)
				fd = got;
			else
				close(got);
		}
	}
	return fd;
}

int frame_recv(int sock, void *buf, uint16_t *ret_type, const void **ret_body, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = buf, .iov_len = FRAME_MAX};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf)};
	struct frame_head head;
	ssize_t n;
	int fd;

	n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	fd = frame_take_fd(&msg);
	if (n == 0) {
		if (fd >= 0)
			close(fd);
		return -ECONNRESET;
	}
	if ((size_t)n >= sizeof(head))
		memcpy(&head, buf, sizeof(head));
	if ((size_t)n < sizeof(head) || (msg.msg_flags & MSG_TRUNC) || head.length != (size_t)n) {
		if (fd >= 0)
			close(fd);
		return -EPROTO;
	}
	*ret_type = head.type;
	*ret_body = (char *)buf + sizeof(head);
	*ret_fd = fd;
	return (int)((size_t)n - sizeof(head));
}
