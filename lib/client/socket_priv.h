/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of virtual sockets share: socket.c, socket_io.c, socket_option.c. */
#ifndef VLSP_LIB_CLIENT_SOCKET_PRIV_H
#define VLSP_LIB_CLIENT_SOCKET_PRIV_H

#include "include/vlsp/vlsp.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>

struct vlsp_socket {
	int fd;
	uint32_t refs;	      /* atomic: the owner's, and one of each call that is under way */
	bool closed;	      /* atomic */
	long timeout;	      /* atomic; milliseconds, -1: for ever */
	pthread_mutex_t lock; /* of what follows */
	bool meta;	      /* atomic for readers */
	uint32_t flow;
};

/* Each call on a socket is between these: close() in another thread cannot take it away meanwhile.
 */
struct vlsp_socket *socket_get(const struct vlsp_socket *socket);
void socket_put(struct vlsp_socket *socket);

/* Returns r, which is 0 or more, or -1 with errno from -errno. */
static inline int socket_return(struct vlsp_socket *socket, int r)
{
	socket_put(socket);
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

static inline struct sockaddr_in socket_address(const struct vlsp_address *address)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(address->port),
				    .sin_addr.s_addr = htonl(address->host)};
}

static inline struct vlsp_address socket_address_of(const struct sockaddr_in *address)
{
	return (struct vlsp_address){.host = ntohl(address->sin_addr.s_addr),
				     .port = ntohs(address->sin_port)};
}

/* No router has it, whatever the network: of 127.0.0.0/8, which is every router's own, of a group,
 * or reserved. The kernel would take it and, for most of these, let the datagram vanish. */
static inline bool socket_is_outside(uint32_t host)
{
	return host >> 24 == IN_LOOPBACKNET || host >= 0xe0000000;
}

/* Forgets the errors that the kernel has queued; returns the errno of the first, or 0: none. */
int socket_take_error(struct vlsp_socket *socket);

#endif
