// SPDX-License-Identifier: LGPL-2.1-or-later
/* Of libvlsp: options of virtual sockets, most of which are the kernel's (ip(7), socket(7)). Called
 * by applications. */
#include "lib/client/socket_priv.h"

#include <limits.h>
#include <sys/socket.h>

#include "lib/client/meta.h"

struct known { /* an option that the kernel keeps */
	int level, option;
	bool inverse;
};

static const struct range {
	long min, max;
	struct known known;
} ranges[] = {
	[VLSP_TIMEOUT] = {-1, INT_MAX, {0}},
	[VLSP_TTL] = {1, 255, {IPPROTO_IP, IP_TTL, false}},
	[VLSP_TCLASS] = {0, 255, {IPPROTO_IP, IP_TOS, false}},
	[VLSP_CHECKSUM] = {0, 1, {SOL_SOCKET, SO_NO_CHECK, true}},
	[VLSP_META] = {0, 1, {0}},
	[VLSP_FLOW] = {0, UINT32_MAX, {0}},
	[VLSP_RCVBUF] = {1, INT_MAX, {SOL_SOCKET, SO_RCVBUF, false}},
	[VLSP_SNDBUF] = {1, INT_MAX, {SOL_SOCKET, SO_SNDBUF, false}},
};

/* NULL: there is no such option. */
static const struct range *range_of(enum vlsp_option option)
{
	return (size_t)option < sizeof(ranges) / sizeof(ranges[0]) ? &ranges[option] : NULL;
}

/* What is sent from now on has the option, or none. */
static int meta_apply(struct vlsp_socket *sock, bool meta, uint32_t flow)
{
	struct vdp_meta option;

	meta_write(&option, flow);
	if (setsockopt(sock->fd, IPPROTO_IP, IP_OPTIONS, &option, meta ? sizeof(option) : 0) < 0)
		return -errno;
	__atomic_store_n(&sock->meta, meta, __ATOMIC_RELEASE);
	sock->flow = meta ? flow : 0;
	return 0;
}

static int set_own(struct vlsp_socket *sock, enum vlsp_option option, long value)
{
	int r = 0;

	if (option == VLSP_TIMEOUT) {
		__atomic_store_n(&sock->timeout, value, __ATOMIC_RELAXED);
		return 0;
	}
	pthread_mutex_lock(&sock->lock);
	if (option == VLSP_META)
		r = meta_apply(sock, value, sock->flow);
	else if (!sock->meta)
		r = value ? -EINVAL : 0;
	else
		r = meta_apply(sock, true, (uint32_t)value);
	pthread_mutex_unlock(&sock->lock);
	return r;
}

int vlsp_set(struct vlsp_socket *sock, enum vlsp_option option, long value)
{
	const struct range *range = range_of(option);
	int number = (int)value, r = 0;

	if (!range || value < range->min || value > range->max) {
		errno = EINVAL;
		return -1;
	}
	socket_get(sock);
	if (range->known.inverse)
		number = !number;
	if (!range->known.option)
		r = set_own(sock, option, value);
	else if (setsockopt(sock->fd, range->known.level, range->known.option, &number,
			    sizeof(number)) < 0)
		r = -errno;
	return socket_return(sock, r);
}

static long get_own(struct vlsp_socket *sock, enum vlsp_option option)
{
	long value;

	if (option == VLSP_TIMEOUT)
		return __atomic_load_n(&sock->timeout, __ATOMIC_RELAXED);
	pthread_mutex_lock(&sock->lock);
	value = option == VLSP_META ? sock->meta : (long)sock->flow;
	pthread_mutex_unlock(&sock->lock);
	return value;
}

int vlsp_get(const struct vlsp_socket *socket, enum vlsp_option option, long *ret_value)
{
	struct vlsp_socket *sock;
	const struct range *range = range_of(option);
	const struct known *known = range ? &range->known : NULL;
	socklen_t size = sizeof(int);
	int number = 0, r = 0;

	if (!known) {
		errno = EINVAL;
		return -1;
	}
	sock = socket_get(socket);
	if (!known->option)
		*ret_value = get_own(sock, option);
	else if (getsockopt(sock->fd, known->level, known->option, &number, &size) < 0)
		r = -errno;
	else
		*ret_value = known->inverse ? !number : number;
	return socket_return(sock, r);
}
