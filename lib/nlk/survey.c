// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a namespace that is not ours has: devices and what they are made of, addresses, default
 * routes. Messages that are too short are passed over, as in dump.c. Called by daemon/host.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "lib/nlk/dump_priv.h"
#include "lib/nlk/iface.h"

#ifndef IFA_PROTO /* Linux 5.18 */
#define IFA_PROTO 11
#endif

struct survey {
	void *arg;
	nlk_iface_fn iface;
	nlk_held_fn held;
	nlk_default_fn route;
};

static uint32_t get_u32(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) < 0 ? 0 : mnl_attr_get_u32(attr);
}

static void take_kind(struct nlk_iface *iface, const struct nlattr *info)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info)
	{
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			nlk_copy_string(iface->kind, sizeof(iface->kind), attr);
	}
}

static void take_iface(void *arg, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct survey *survey = arg;
	const struct nlattr *attr;
	struct nlk_iface iface = {0};
	bool elsewhere = false;

	if (nlh->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return;
	iface.index = (uint32_t)ifi->ifi_index;
	iface.up = ifi->ifi_flags & IFF_UP;
	iface.loopback = ifi->ifi_flags & IFF_LOOPBACK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi))
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			nlk_copy_string(iface.name, sizeof(iface.name), attr);
			break;
		case IFLA_IFALIAS:
			nlk_copy_string(iface.alias, sizeof(iface.alias), attr);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == sizeof(iface.mac))
				memcpy(iface.mac, mnl_attr_get_payload(attr), sizeof(iface.mac));
			break;
		case IFLA_MTU:
			iface.mtu = get_u32(attr);
			break;
		case IFLA_MASTER:
			iface.master = get_u32(attr);
			break;
		case IFLA_LINK:
			iface.lower = get_u32(attr);
			break;
		case IFLA_LINK_NETNSID:
			elsewhere = true;
			break;
		case IFLA_LINKINFO:
			take_kind(&iface, attr);
			break;
		}
	}
	/* A veth's other end is no lower device, nor is one of another namespace, or itself. */
	if (elsewhere || iface.lower == iface.index || strcmp(iface.kind, "veth") == 0)
		iface.lower = 0;
	survey->iface(survey->arg, &iface);
}

int nlk_dump_ifaces(int sock, const struct nlk_dump *dump, nlk_iface_fn fn)
{
	static const struct nlk_question question = {RTM_GETLINK, AF_UNSPEC,
						     sizeof(struct ifinfomsg)};
	struct survey survey = {.arg = dump->arg, .iface = fn};

	return nlk_dump_run(sock, &question, dump, take_iface, &survey);
}

static void take_held(void *arg, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct survey *survey = arg;
	struct nlk_held held = {0};
	const struct nlattr *attr;
	uint32_t flags;
	bool local = false;
	size_t size;

	if (nlh->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6) ||
	    ifa->ifa_scope != RT_SCOPE_UNIVERSE)
		return;
	size = ifa->ifa_family == AF_INET ? 4 : 16;
	flags = ifa->ifa_flags;
	held.index = ifa->ifa_index;
	held.prefix.version = ifa->ifa_family == AF_INET ? 4 : 6;
	held.prefix.length = ifa->ifa_prefixlen;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa))
	{
		uint16_t type = mnl_attr_get_type(attr);

		/* the device's own, where the other is that of the far end */
		if ((type == IFA_LOCAL || (type == IFA_ADDRESS && !local)) &&
		    mnl_attr_get_payload_len(attr) == size) {
			memcpy(held.prefix.bytes, mnl_attr_get_payload(attr), size);
			local = local || type == IFA_LOCAL;
		} else if (type == IFA_FLAGS) {
			flags = get_u32(attr);
		} else if (type == IFA_BROADCAST) {
			held.broadcast = true;
		} else if (type == IFA_PROTO && mnl_attr_validate(attr, MNL_TYPE_U8) >= 0) {
			held.protocol = mnl_attr_get_u8(attr);
		}
	}
	if (flags & IFA_F_PERMANENT)
		survey->held(survey->arg, &held);
}

int nlk_dump_held(int sock, const struct nlk_dump *dump, nlk_held_fn fn)
{
	static const struct nlk_question question = {RTM_GETADDR, AF_UNSPEC,
						     sizeof(struct ifaddrmsg)};
	struct survey survey = {.arg = dump->arg, .held = fn};

	return nlk_dump_run(sock, &question, dump, take_held, &survey);
}

/* Of several ways at once. */
static void take_hops(const struct survey *survey, struct nlk_default *route,
		      const struct nlattr *hops)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(hops);
	int left = mnl_attr_get_payload_len(hops);

	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) &&
	       hop->rtnh_len <= left) {
		int step = (int)RTNH_ALIGN(hop->rtnh_len);

		route->index = (uint32_t)hop->rtnh_ifindex;
		survey->route(survey->arg, route);
		left -= step;
		hop = (const struct rtnexthop *)((const char *)hop + step);
	}
}

static void take_default(void *arg, const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct survey *survey = arg;
	const struct nlattr *attr, *hops = NULL;
	struct nlk_default route = {0};

	if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm) ||
	    (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6) || rtm->rtm_dst_len != 0 ||
	    rtm->rtm_type != RTN_UNICAST || (rtm->rtm_flags & RTM_F_CLONED))
		return;
	route.version = rtm->rtm_family == AF_INET ? 4 : 6;
	route.table = rtm->rtm_table;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == RTA_OIF)
			route.index = get_u32(attr);
		else if (type == RTA_TABLE)
			route.table = get_u32(attr);
		else if (type == RTA_MULTIPATH)
			hops = attr;
		else if (type == RTA_GATEWAY &&
			 mnl_attr_get_payload_len(attr) == (route.version == 4 ? 4 : 16))
			inet_ntop(rtm->rtm_family, mnl_attr_get_payload(attr), route.gateway,
				  sizeof(route.gateway));
	}
	if (hops)
		take_hops(survey, &route, hops);
	else if (route.index)
		survey->route(survey->arg, &route);
}

int nlk_dump_defaults(int sock, const struct nlk_dump *dump, nlk_default_fn fn)
{
	static const struct nlk_question questions[] = {
		{RTM_GETROUTE, AF_INET, sizeof(struct rtmsg)},
		{RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg)}};
	struct survey survey = {.arg = dump->arg, .route = fn};
	int r = nlk_dump_run(sock, &questions[0], dump, take_default, &survey);

	/* A kernel without IPv6 has no routes of it. */
	if (r == 0)
		r = nlk_dump_run(sock, &questions[1], dump, take_default, &survey);
	return r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}
