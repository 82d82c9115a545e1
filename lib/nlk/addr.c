// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about IPv4 addresses and routes. Called by daemon/host. */
#include "lib/nlk/addr.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

void nlk_addr_add(struct nlk_batch *batch, uint32_t index, uint32_t address, unsigned prefix_len,
		  const char *label)
{
	struct ifaddrmsg *ifa;
	struct nlmsghdr *nlh;
	void *extra;

	nlh = nlk_batch_begin(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifa), &extra);
	if (!nlh)
		return;
	ifa = extra;
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = (uint8_t)prefix_len;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	ifa->ifa_index = index;
	mnl_attr_put_u32(nlh, IFA_LOCAL, htonl(address));
	mnl_attr_put_u32(nlh, IFA_ADDRESS, htonl(address));
	mnl_attr_put_strz(nlh, IFA_LABEL, label);
	nlk_batch_end(batch, nlh);
}

void nlk_route_add(struct nlk_batch *batch, uint32_t index, uint32_t network, unsigned prefix_len,
		   uint32_t source)
{
	struct nlmsghdr *nlh;
	struct rtmsg *rtm;
	void *extra;

	nlh = nlk_batch_begin(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*rtm), &extra);
	if (!nlh)
		return;
	rtm = extra;
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = (uint8_t)prefix_len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = RT_SCOPE_LINK;
	rtm->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(nlh, RTA_DST, htonl(network));
	mnl_attr_put_u32(nlh, RTA_OIF, index);
	mnl_attr_put_u32(nlh, RTA_PREFSRC, htonl(source));
	nlk_batch_end(batch, nlh);
}
