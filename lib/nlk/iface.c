// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about devices that are moved, shared and given addresses. Called by daemon/host. */
#include "lib/nlk/iface.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#ifndef IFA_PROTO /* Linux 5.18 */
#define IFA_PROTO 11
#endif
#define NEW_IFINDEX 49 /* IFLA_NEW_IFINDEX, Linux 5.11 */

static struct nlmsghdr *begin(struct nlk_batch *batch, uint16_t flags, uint32_t index, bool up)
{
	struct ifinfomsg *ifi;
	void *extra;
	struct nlmsghdr *nlh = nlk_batch_begin(batch, RTM_NEWLINK, flags, sizeof(*ifi), &extra);

	if (!nlh)
		return NULL;
	ifi = extra;
	ifi->ifi_index = (int)index;
	if (up)
		ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	return nlh;
}

void nlk_iface_move(struct nlk_batch *batch, uint32_t index, const struct nlk_move *move)
{
	struct nlmsghdr *nlh = begin(batch, 0, index, move->up);

	if (!nlh)
		return;
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)move->ns);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, move->name);
	if (move->index)
		mnl_attr_put_u32(nlh, NEW_IFINDEX, move->index);
	mnl_attr_put(nlh, IFLA_IFALIAS, strlen(move->alias), move->alias);
	nlk_batch_end(batch, nlh);
}

void nlk_iface_macvlan(struct nlk_batch *batch, const struct nlk_macvlan *macvlan)
{
	struct nlmsghdr *nlh = begin(batch, NLM_F_CREATE | NLM_F_EXCL, macvlan->index, false);
	struct nlattr *info, *data;

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, macvlan->name);
	mnl_attr_put_u32(nlh, IFLA_LINK, macvlan->lower);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)macvlan->ns);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "macvlan");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_MACVLAN_MODE,
			 macvlan->passthru ? MACVLAN_MODE_PASSTHRU : MACVLAN_MODE_BRIDGE);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	nlk_batch_end(batch, nlh);
}

void nlk_iface_enslave(struct nlk_batch *batch, uint32_t index, uint32_t bridge)
{
	struct nlmsghdr *nlh = begin(batch, 0, index, true);

	if (!nlh)
		return;
	mnl_attr_put_u32(nlh, IFLA_MASTER, bridge);
	nlk_batch_end(batch, nlh);
}

#define RULE_PRIORITY 100 /* before the main table's, 32766 */

void nlk_rule_prohibit(struct nlk_batch *batch, const char *name, uint32_t network,
		       unsigned prefix_len)
{
	struct fib_rule_hdr *rule;
	void *extra;
	struct nlmsghdr *nlh = nlk_batch_begin(batch, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL,
					       sizeof(*rule), &extra);

	if (!nlh)
		return;
	rule = extra;
	rule->family = AF_INET;
	rule->dst_len = (uint8_t)prefix_len;
	rule->action = FR_ACT_PROHIBIT;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, RULE_PRIORITY);
	mnl_attr_put_strz(nlh, FRA_IIFNAME, name);
	mnl_attr_put_u32(nlh, FRA_DST, htonl(network));
	nlk_batch_end(batch, nlh);
}

static struct nlmsghdr *held_message(struct nlk_batch *batch, uint16_t type, uint16_t flags,
				     const struct nlk_held *held)
{
	const struct prefix *prefix = &held->prefix;
	size_t size = prefix->version == 6 ? 16 : 4;
	struct ifaddrmsg *ifa;
	void *extra;
	struct nlmsghdr *nlh = nlk_batch_begin(batch, type, flags, sizeof(*ifa), &extra);

	if (!nlh)
		return NULL;
	ifa = extra;
	ifa->ifa_family = prefix->version == 6 ? AF_INET6 : AF_INET;
	ifa->ifa_prefixlen = prefix->length;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	ifa->ifa_index = held->index;
	mnl_attr_put(nlh, IFA_LOCAL, size, prefix->bytes);
	mnl_attr_put(nlh, IFA_ADDRESS, size, prefix->bytes);
	return nlh;
}

void nlk_held_add(struct nlk_batch *batch, const struct nlk_held *held)
{
	struct nlmsghdr *nlh = held_message(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, held);
	uint32_t address;

	if (!nlh)
		return;
	if (held->prefix.version == 4 && held->broadcast && held->prefix.length < 31) {
		memcpy(&address, held->prefix.bytes, sizeof(address));
		address |= htonl(~0u >> held->prefix.length);
		mnl_attr_put_u32(nlh, IFA_BROADCAST, address);
	}
	if (held->prefix.version == 6)
		mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD);
	if (held->protocol)
		mnl_attr_put_u8(nlh, IFA_PROTO, held->protocol);
	nlk_batch_end(batch, nlh);
}

void nlk_held_del(struct nlk_batch *batch, const struct nlk_held *held)
{
	struct nlmsghdr *nlh = held_message(batch, RTM_DELADDR, 0, held);

	if (nlh)
		nlk_batch_end(batch, nlh);
}
