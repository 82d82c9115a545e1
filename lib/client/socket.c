// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: virtual sockets are UDP sockets of the kernel; what makes them virtual happens below,
 * on the router's lo. Here: their life and their addresses. Called by applications.
 *
 * What the network says by ICMP is reported to connected sockets only (IP_RECVERR): there it is
 * about the one other end. Without a connection, a server would be told on its next receive that
 * some client has gone.
 */
#include "lib/client/socket_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct vlsp_socket *socket_get(const struct vlsp_socket *socket)
{
	struct vlsp_socket *mine =
		(struct vlsp_socket *)socket; /* the count is no part of its value */

	__atomic_add_fetch(&mine->refs, 1, __ATOMIC_RELAXED);
	return mine;
}

void socket_put(struct vlsp_socket *socket)
{
	if (__atomic_sub_fetch(&socket->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	close(socket->fd);
	pthread_mutex_destroy(&socket->lock);
	free(socket);
}

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* What struct vlsp_info is made of. */
static int want_info(int fd)
{
	static const int options[] = {IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR, IP_RECVOPTS};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(options) / sizeof(options[0]); i++)
		r = set_int(fd, IPPROTO_IP, options[i], 1);
	return r;
}

struct vlsp_socket *vlsp_socket_open(void)
{
	struct vlsp_socket *sock;
	struct vlsp_self self;
	int r;

	if (vlsp_self(&self) < 0)
		return NULL;
	sock = calloc(1, sizeof(*sock));
	if (!sock)
		return NULL;
	sock->refs = 1;
	sock->timeout = -1;
	sock->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r = sock->fd < 0 ? -errno : want_info(sock->fd);
	if (r == 0)
		r = -pthread_mutex_init(&sock->lock, NULL);
	if (r < 0) {
		if (sock->fd >= 0)
			close(sock->fd);
		free(sock);
		errno = -r;
		return NULL;
	}
	return sock;
}

void vlsp_socket_close(struct vlsp_socket *sock)
{
	if (!sock)
		return;
	__atomic_store_n(&sock->closed, true, __ATOMIC_RELEASE);
	/* Whoever waits is woken also where this says ENOTCONN. */
	shutdown(sock->fd, SHUT_RDWR);
	socket_put(sock);
}

int vlsp_socket_fd(const struct vlsp_socket *sock)
{
	return sock->fd;
}

#define PICKS_MAX 100 /* of a port; another program can be faster each time */

/*
 * To a port that the kernel picks. Bound to port 0 the socket would get one, too, but one that the
 * kernel takes back when a connection ends: that of vlsp_bind() is kept. So another socket asks.
 */
static int bind_to_any(int fd, struct sockaddr_in *in)
{
	int r = -EADDRINUSE;

	for (int i = 0; r == -EADDRINUSE && i < PICKS_MAX; i++) {
		socklen_t size = sizeof(*in);
		int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (probe < 0)
			return -errno;
		in->sin_port = 0;
		r = bind(probe, (struct sockaddr *)in, sizeof(*in)) < 0 ||
				    getsockname(probe, (struct sockaddr *)in, &size) < 0
			    ? -errno
			    : 0;
		close(probe);
		if (r < 0)
			return r;
		r = bind(fd, (struct sockaddr *)in, sizeof(*in)) < 0 ? -errno : 0;
	}
	return r;
}

int vlsp_bind(struct vlsp_socket *sock, const struct vlsp_address *local)
{
	struct vlsp_address address = local ? *local : (struct vlsp_address){0};
	struct sockaddr_in in;
	struct vlsp_self self;
	int r = 0;

	socket_get(sock);
	if (!address.host) {
		r = vlsp_self(&self) < 0 ? -errno : 0;
		address.host = r == 0 ? self.host : 0;
	}
	if (r == 0 && socket_is_outside(address.host))
		r = -EADDRNOTAVAIL;
	in = socket_address(&address);
	if (r == 0 && !address.port)
		r = bind_to_any(sock->fd, &in);
	else if (r == 0 && bind(sock->fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		r = -errno;
	return socket_return(sock, r);
}

static bool is_connected(int fd)
{
	struct sockaddr_in in;
	socklen_t size = sizeof(in);

	return getpeername(fd, (struct sockaddr *)&in, &size) == 0;
}

int vlsp_connect(struct vlsp_socket *sock, const struct vlsp_address *remote)
{
	struct sockaddr_in in;
	int r;

	if (!remote->host || !remote->port) {
		errno = EINVAL;
		return -1;
	}
	if (socket_is_outside(remote->host)) {
		errno = ENETUNREACH;
		return -1;
	}
	socket_get(sock);
	in = socket_address(remote);
	r = set_int(sock->fd, IPPROTO_IP, IP_RECVERR, 1);
	if (r == 0 && connect(sock->fd, (struct sockaddr *)&in, sizeof(in)) < 0) {
		r = -errno; /* this one counts, and an earlier connection stays */
		if (!is_connected(sock->fd))
			(void)set_int(sock->fd, IPPROTO_IP, IP_RECVERR, 0);
	}
	return socket_return(sock, r);
}

int vlsp_disconnect(struct vlsp_socket *sock)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	socklen_t size = sizeof(int);
	int r, forgotten;

	socket_get(sock);
	r = connect(sock->fd, &none, sizeof(none)) < 0 ? -errno : 0;
	if (r == 0) /* and what is queued of it */
		r = set_int(sock->fd, IPPROTO_IP, IP_RECVERR, 0);
	if (r == 0 && getsockopt(sock->fd, SOL_SOCKET, SO_ERROR, &forgotten, &size) < 0)
		r = -errno;
	return socket_return(sock, r);
}

typedef int (*name_fn)(int fd, struct sockaddr *address, socklen_t *size);

static int get_name(const struct vlsp_socket *socket, name_fn fn, struct vlsp_address *ret_address)
{
	struct vlsp_socket *sock = socket_get(socket);
	struct sockaddr_in in = {0};
	socklen_t size = sizeof(in);
	int r = fn(sock->fd, (struct sockaddr *)&in, &size) < 0 ? -errno : 0;

	if (r == 0)
		*ret_address = socket_address_of(&in);
	return socket_return(sock, r);
}

int vlsp_local(const struct vlsp_socket *sock, struct vlsp_address *ret_local)
{
	return get_name(sock, getsockname, ret_local);
}

int vlsp_remote(const struct vlsp_socket *sock, struct vlsp_address *ret_remote)
{
	return get_name(sock, getpeername, ret_remote);
}
