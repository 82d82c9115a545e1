// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about network devices. Called by daemon/host; the exchange itself is batch.c's. */
#include "lib/nlk/link.h"

#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

static void put_end(struct nlmsghdr *nlh, const struct nlk_veth_end *end, uint32_t mtu)
{
	mnl_attr_put_strz(nlh, IFLA_IFNAME, end->name);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(end->mac), end->mac);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, 1);
}

void nlk_link_veth(struct nlk_batch *batch, const struct nlk_veth_end end[2], uint32_t mtu,
		   int peer_ns)
{
	struct nlattr *info, *data, *peer;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	void *extra;

	nlh = nlk_batch_begin(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifi), &extra);
	if (!nlh)
		return;
	ifi = extra;
	ifi->ifi_index = (int)end[0].index;
	put_end(nlh, &end[0], mtu);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	ifi = mnl_nlmsg_get_payload_tail(nlh);
	memset(ifi, 0, sizeof(*ifi));
	ifi->ifi_index = (int)end[1].index;
	nlh->nlmsg_len += MNL_ALIGN(sizeof(*ifi));
	put_end(nlh, &end[1], mtu);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)peer_ns);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	nlk_batch_end(batch, nlh);
}

static struct nlmsghdr *link_message(struct nlk_batch *batch, uint16_t type, uint32_t index,
				     struct ifinfomsg **ret_ifi)
{
	void *extra;
	struct nlmsghdr *nlh = nlk_batch_begin(batch, type, 0, sizeof(**ret_ifi), &extra);

	if (nlh) {
		*ret_ifi = extra;
		(*ret_ifi)->ifi_index = (int)index;
	}
	return nlh;
}

void nlk_link_set(struct nlk_batch *batch, uint32_t index, const struct nlk_link_change *change)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_message(batch, RTM_NEWLINK, index, &ifi);

	if (!nlh)
		return;
	if (change->set & (NLK_LINK_UP | NLK_LINK_DOWN)) {
		ifi->ifi_change = IFF_UP;
		ifi->ifi_flags = change->set & NLK_LINK_UP ? IFF_UP : 0;
	}
	if (change->set & NLK_LINK_MTU)
		mnl_attr_put_u32(nlh, IFLA_MTU, change->mtu);
	if (change->set & NLK_LINK_ALIAS)
		mnl_attr_put(nlh, IFLA_IFALIAS, strlen(change->alias), change->alias);
	if (change->set & NLK_LINK_GROUP)
		mnl_attr_put_u32(nlh, IFLA_GROUP, change->group);
	if (change->set & NLK_LINK_GSO)
		mnl_attr_put_u32(nlh, IFLA_GSO_MAX_SEGS, change->gso_segs);
	if (change->set & NLK_LINK_NO_LL) {
		struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
		struct nlattr *inet6 = mnl_attr_nest_start(nlh, AF_INET6);

		mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		mnl_attr_nest_end(nlh, inet6);
		mnl_attr_nest_end(nlh, spec);
	}
	nlk_batch_end(batch, nlh);
}

void nlk_link_del(struct nlk_batch *batch, uint32_t index)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_message(batch, RTM_DELLINK, index, &ifi);

	if (nlh)
		nlk_batch_end(batch, nlh);
}

void nlk_link_del_group(struct nlk_batch *batch, uint32_t group)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_message(batch, RTM_DELLINK, 0, &ifi);

	if (!nlh)
		return;
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
	nlk_batch_end(batch, nlh);
}

void nlk_link_get(struct nlk_batch *batch, uint32_t index)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_message(batch, RTM_GETLINK, index, &ifi);

	if (nlh)
		nlk_batch_end(batch, nlh);
}
