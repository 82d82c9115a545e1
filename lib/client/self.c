// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: on which router this process is. Its lo says it (lib/base/mark.h), however the
 * process got there: by vlsp app start, vlsp router exec, ip netns exec or nsenter. By netlink,
 * since /sys may be another namespace's. Called by applications, and by vlsp_socket_open().
 */
#include "include/vlsp/vlsp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/base/cleanup.h"
#include "lib/base/mark.h"

#define LO     1 /* ifindex, in every namespace */
#define ANSWER 8192

/* The alias of lo in an answer to RTM_GETLINK; false: it has none. */
static bool alias_find(struct nlmsghdr *nh, ssize_t size, char alias[MARK_SIZE])
{
	struct ifinfomsg *info = NLMSG_DATA(nh);
	struct rtattr *attr = IFLA_RTA(info);
	int left;

	if (!NLMSG_OK(nh, (size_t)size) || nh->nlmsg_type != RTM_NEWLINK)
		return false;
	left = (int)IFLA_PAYLOAD(nh);
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		if (attr->rta_type == IFLA_IFALIAS) {
			snprintf(alias, MARK_SIZE, "%.*s", (int)RTA_PAYLOAD(attr),
				 (const char *)RTA_DATA(attr));
			return true;
		}
	return false;
}

/* -ENONET: none. */
static int lo_alias(char alias[MARK_SIZE])
{
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr nh;
		struct ifinfomsg info;
	} request = {
		.nh = {.nlmsg_len = sizeof(request),
		       .nlmsg_type = RTM_GETLINK,
		       .nlmsg_flags = NLM_F_REQUEST},
		.info = {.ifi_family = AF_UNSPEC, .ifi_index = LO},
	};
	cleanup_free char *answer = malloc(ANSWER);
	ssize_t n;

	if (!answer)
		return -ENOMEM;
	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	do {
		n = recv(fd, answer, ANSWER, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return alias_find((struct nlmsghdr *)answer, n, alias) ? 0 : -ENONET;
}

/* Of lo, beside 127.0.0.1; the first one is the router's. */
static int lo_address(uint32_t *ret_host)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cleanup_free struct ifreq *list = NULL;
	struct ifconf conf = {0};

	if (fd < 0 || ioctl(fd, SIOCGIFCONF, &conf) < 0) /* the size */
		return -errno;
	list = malloc((size_t)conf.ifc_len + 1);
	if (!list)
		return -ENOMEM;
	conf.ifc_req = list;
	if (ioctl(fd, SIOCGIFCONF, &conf) < 0)
		return -errno;
	for (size_t i = 0; i < (size_t)conf.ifc_len / sizeof(*list); i++) {
		struct sockaddr_in address;

		memcpy(&address, &list[i].ifr_addr, sizeof(address));
		if (strcmp(list[i].ifr_name, "lo") != 0 ||
		    ntohl(address.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
			continue;
		*ret_host = ntohl(address.sin_addr.s_addr);
		return 0;
	}
	return -ENONET;
}

int vlsp_self(struct vlsp_self *ret_self)
{
	struct vlsp_self self = {0};
	char alias[MARK_SIZE];
	const char *name = NULL;
	int r = lo_alias(alias);

	if (r == 0)
		name = mark_router_name(alias);
	if (r == 0)
		r = name ? lo_address(&self.host) : -ENONET;
	if (r < 0) {
		errno = -r;
		return -1;
	}
	snprintf(self.router, sizeof(self.router), "%s", name);
	*ret_self = self;
	return 0;
}
