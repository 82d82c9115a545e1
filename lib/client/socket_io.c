// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: sending and receiving datagrams of virtual sockets, and what came with them:
 * recvmsg(2), ip(7). Called by applications.
 */
#include "lib/client/socket_priv.h"

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "include/shared/flow.h"
#include "include/shared/vdp.h"
#include "lib/client/meta.h"

#define UDP_HLEN 8
#define UDP_MAX	 65507 /* payload of the largest IPv4 datagram */

int socket_take_error(struct vlsp_socket *sock)
{
	char control[512];
	int first = 0;

	for (;;) {
		struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control)};
		struct cmsghdr *c;

		if (recvmsg(sock->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return first;
		for (c = CMSG_FIRSTHDR(&msg); c && !first; c = CMSG_NXTHDR(&msg, c)) {
			struct sock_extended_err ee;

			if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR)
				continue;
			memcpy(&ee, CMSG_DATA(c), sizeof(ee));
			first = (int)ee.ee_errno;
		}
	}
}

/* What a failed call of the kernel means here; never 0. */
static int io_error(struct vlsp_socket *sock, int code)
{
	if (__atomic_load_n(&sock->closed, __ATOMIC_ACQUIRE) || code == EPIPE)
		return -ECANCELED;
	if (code == EDESTADDRREQ)
		return -ENOTCONN;
	/* What the kernel told now it has in its queue, too; and more of the same, perhaps. */
	socket_take_error(sock);
	return -code;
}

static ssize_t send_to(struct vlsp_socket *sock, const void *data, size_t size,
		       const struct vlsp_address *to)
{
	size_t max = __atomic_load_n(&sock->meta, __ATOMIC_ACQUIRE)
			     ? VLSP_DATAGRAM_MAX - VDP_META_LEN
			     : UDP_MAX;
	struct sockaddr_in in;
	ssize_t n;
	int r;

	socket_get(sock);
	if (__atomic_load_n(&sock->closed, __ATOMIC_ACQUIRE))
		return socket_return(sock, -ECANCELED);
	if (size > max)
		return socket_return(sock, -EMSGSIZE);
	if (to && (!to->host || !to->port))
		return socket_return(sock, -EINVAL);
	if (to && socket_is_outside(to->host))
		return socket_return(sock, -ENETUNREACH);
	if (to)
		in = socket_address(to);
	n = sendto(sock->fd, data, size, MSG_NOSIGNAL, to ? (struct sockaddr *)&in : NULL,
		   to ? sizeof(in) : 0);
	r = n < 0 ? io_error(sock, errno) : (int)n;
	return socket_return(sock, r);
}

ssize_t vlsp_send(struct vlsp_socket *sock, const void *data, size_t size)
{
	return send_to(sock, data, size, NULL);
}

ssize_t vlsp_sendto(struct vlsp_socket *sock, const void *data, size_t size,
		    const struct vlsp_address *to)
{
	return send_to(sock, data, size, to);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* The hash of the edge: fragments have no ports for it. */
static uint32_t edge_flow(const struct vlsp_info *info)
{
	bool whole = info->size + UDP_HLEN + VDP_NET_HLEN <= VDP_MTU;
	uint32_t ports = whole ? (uint32_t)info->from.port << 16 | info->to.port : 0;

	return flow_id(info->from.host, info->to.host, VDP_PROTO_UDP, ports);
}

static void read_meta(struct vlsp_info *info, const uint8_t *options, size_t size)
{
	uint32_t now = (uint32_t)now_us();
	struct vdp_meta meta;

	if (!meta_find(options, size, &meta))
		return;
	if (meta.flow)
		info->flow = ntohl(meta.flow);
	/* What a router sends to itself never is on a link, where the edge would fill it in.
	 * Fragments of programs that use the option without this library have no timestamp. */
	if (!meta.stamp && info->from.host != info->to.host)
		return;
	info->has_meta = true;
	info->stamp_us = meta.stamp ? ntohl(meta.stamp) : now;
	info->age_us = now - info->stamp_us;
}

static void read_info(struct msghdr *msg, ssize_t size, struct vlsp_info *ret_info)
{
	struct vlsp_info info = {.size = (size_t)size};
	const uint8_t *options = NULL;
	struct sockaddr_in in;
	size_t options_size = 0;
	struct cmsghdr *c;
	int ttl;

	memcpy(&in, msg->msg_name, sizeof(in));
	info.from = socket_address_of(&in);
	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != IPPROTO_IP)
			continue;
		if (c->cmsg_type == IP_TTL) {
			memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
			info.ttl = (uint8_t)ttl;
		} else if (c->cmsg_type == IP_TOS) {
			info.tclass = *CMSG_DATA(c);
		} else if (c->cmsg_type == IP_ORIGDSTADDR) {
			memcpy(&in, CMSG_DATA(c), sizeof(in));
			info.to = socket_address_of(&in);
		} else if (c->cmsg_type == IP_RECVOPTS) {
			options = CMSG_DATA(c);
			options_size = c->cmsg_len - CMSG_LEN(0);
		}
	}
	info.flow = edge_flow(&info);
	if (options)
		read_meta(&info, options, options_size);
	*ret_info = info;
}

/* -EAGAIN: there is none. */
static ssize_t take(struct vlsp_socket *sock, void *data, size_t size, struct vlsp_info *ret_info)
{
	union {
		struct cmsghdr align;
		char bytes[256];
	} control;
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct sockaddr_in from = {0};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = ret_info ? control.bytes : NULL,
			     .msg_controllen = ret_info ? sizeof(control.bytes) : 0};
	ssize_t n = recvmsg(sock->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : io_error(sock, errno);
	if (ret_info)
		read_info(&msg, n, ret_info);
	return (size_t)n < size ? n : (ssize_t)size;
}

/* Until there is something to take, or end has come (us; 0: never). */
static int wait_for(struct vlsp_socket *sock, uint64_t end)
{
	struct pollfd pollfd = {.fd = sock->fd, .events = POLLIN};
	struct timespec left;
	uint64_t now = end ? now_us() : 0;
	int r;

	if (end && now >= end)
		return -ETIMEDOUT;
	left.tv_sec = (time_t)((end - now) / 1000000);
	left.tv_nsec = (long)((end - now) % 1000000) * 1000;
	r = ppoll(&pollfd, 1, end ? &left : NULL, NULL);
	if (r < 0)
		return -errno;
	if (__atomic_load_n(&sock->closed, __ATOMIC_ACQUIRE) || pollfd.revents & POLLHUP)
		return -ECANCELED;
	return pollfd.revents == POLLERR ? -socket_take_error(sock) : 0;
}

ssize_t vlsp_recv(struct vlsp_socket *sock, void *data, size_t size, struct vlsp_info *ret_info)
{
	long timeout;
	uint64_t end;
	ssize_t n;
	int r = 0;

	socket_get(sock);
	timeout = __atomic_load_n(&sock->timeout, __ATOMIC_RELAXED);
	end = timeout > 0 ? now_us() + (uint64_t)timeout * 1000 : 0;
	do {
		n = __atomic_load_n(&sock->closed, __ATOMIC_ACQUIRE)
			    ? -ECANCELED
			    : take(sock, data, size, ret_info);
		if (n != -EAGAIN || timeout == 0)
			break;
		r = wait_for(sock, end);
	} while (r == 0);
	if (r < 0)
		n = r;
	socket_put(sock);
	if (n >= 0)
		return n;
	errno = (int)-n;
	return -1;
}
