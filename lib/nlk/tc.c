// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about traffic control. Called by daemon/host. */
#include "lib/nlk/tc.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

void nlk_tc_clsact(struct nlk_batch *batch, uint32_t index)
{
	struct nlmsghdr *nlh;
	struct tcmsg *tcm;
	void *extra;

	nlh = nlk_batch_begin(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, sizeof(*tcm), &extra);
	if (!nlh)
		return;
	tcm = extra;
	tcm->tcm_ifindex = (int)index;
	tcm->tcm_parent = TC_H_CLSACT;
	tcm->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(nlh, TCA_KIND, "clsact");
	nlk_batch_end(batch, nlh);
}

void nlk_tc_bpf(struct nlk_batch *batch, uint32_t index, enum nlk_tc_side side, int prog,
		const char *name)
{
	struct nlattr *options;
	struct nlmsghdr *nlh;
	struct tcmsg *tcm;
	void *extra;

	nlh = nlk_batch_begin(batch, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, sizeof(*tcm),
			      &extra);
	if (!nlh)
		return;
	tcm = extra;
	tcm->tcm_ifindex = (int)index;
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT,
				    side == NLK_TC_INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	tcm->tcm_handle = 1;
	tcm->tcm_info = TC_H_MAKE(NLK_TC_PREFERENCE << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(nlh, TCA_KIND, "bpf");
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put_u32(nlh, TCA_BPF_FD, (uint32_t)prog);
	mnl_attr_put_strz(nlh, TCA_BPF_NAME, name);
	mnl_attr_put_u32(nlh, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(nlh, options);
	nlk_batch_end(batch, nlh);
}
