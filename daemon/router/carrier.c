/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrier events. Called by router.c. A device has carrier when it is up and its other end is
 * (IFF_UP and IFF_RUNNING); one that is deleted has none. When the kernel had to drop events, all
 * devices are asked for again.
 */
#include "daemon/router/carrier.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUF_SIZE 16384

struct carrier {
	carrier_fn fn;
	carrier_end_fn end;
	void *arg;
	struct loop_source *source;
	int sock;
};

static uint8_t buf[BUF_SIZE] __attribute__((aligned(8)));

void carrier_parse(const void *data, size_t size, carrier_fn fn, void *arg)
{
	const uint8_t *at = data;
	struct nlmsghdr head;
	struct ifinfomsg info;

	while (size >= sizeof(head)) {
		size_t step;

		memcpy(&head, at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > size)
			return;
		if ((head.nlmsg_type == RTM_NEWLINK || head.nlmsg_type == RTM_DELLINK) &&
		    head.nlmsg_len >= NLMSG_HDRLEN + sizeof(info)) {
			unsigned want = IFF_UP | IFF_RUNNING;

			memcpy(&info, at + NLMSG_HDRLEN, sizeof(info));
			if (info.ifi_index > 0)
				fn(arg, (uint32_t)info.ifi_index,
				   head.nlmsg_type == RTM_NEWLINK &&
					   (info.ifi_flags & want) == want);
		}
		step = NLMSG_ALIGN((size_t)head.nlmsg_len);
		if (step >= size)
			return;
		at += step;
		size -= step;
	}
}

static void ask_again(const struct carrier *carrier)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} request = {.head = {.nlmsg_len = sizeof(request),
			      .nlmsg_type = RTM_GETLINK,
			      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		     .info = {.ifi_family = AF_UNSPEC}};

	/* if this fails, too, hellos tell */
	(void)!send(carrier->sock, &request, sizeof(request), MSG_DONTWAIT);
}

static void ready(void *arg, uint32_t events)
{
	struct carrier *carrier = arg;
	ssize_t n;

	(void)events;
	while ((n = recv(carrier->sock, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		carrier_parse(buf, (size_t)n, carrier->fn, carrier->arg);
	if (n < 0 && errno == ENOBUFS)
		ask_again(carrier);
	carrier->end(carrier->arg);
}

int carrier_new(struct loop *loop, carrier_fn fn, carrier_end_fn end, void *arg,
		struct carrier **ret_carrier)
{
	struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	struct carrier *carrier = calloc(1, sizeof(*carrier));
	int r = 0;

	if (!carrier)
		return -ENOMEM;
	carrier->fn = fn;
	carrier->end = end;
	carrier->arg = arg;
	carrier->sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (carrier->sock < 0 || bind(carrier->sock, (struct sockaddr *)&own, sizeof(own)) < 0)
		r = -errno;
	if (r == 0)
		r = loop_add(loop, carrier->sock, EPOLLIN, ready, carrier, &carrier->source);
	if (r < 0) {
		carrier_free(carrier);
		return r;
	}
	*ret_carrier = carrier;
	return 0;
}

void carrier_free(struct carrier *carrier)
{
	if (!carrier)
		return;
	loop_del(carrier->source);
	if (carrier->sock >= 0)
		close(carrier->sock);
	free(carrier);
}
