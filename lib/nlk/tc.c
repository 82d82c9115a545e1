// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about traffic control. Called by daemon/host. */
#include "lib/nlk/tc.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

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

/* --- queues of a device that sends ----------------------------------------------------------- */

static struct nlmsghdr *qdisc(struct nlk_batch *batch, uint16_t type, uint16_t flags,
			      uint32_t index, uint32_t parent, uint32_t handle, const char *kind)
{
	struct tcmsg *tcm;
	void *extra;
	struct nlmsghdr *nlh = nlk_batch_begin(batch, type, flags, sizeof(*tcm), &extra);

	if (!nlh)
		return NULL;
	tcm = extra;
	tcm->tcm_ifindex = (int)index;
	tcm->tcm_parent = parent;
	tcm->tcm_handle = handle;
	if (kind)
		mnl_attr_put_strz(nlh, TCA_KIND, kind);
	return nlh;
}

#define MADE_OR_CHANGED (NLM_F_CREATE | NLM_F_REPLACE)

/* What is counted for a frame. Since Linux 6.12 (and 6.1.113) only a root may say so; what is below
 * it counts the same. A change without takes it away. */
static void put_overhead(struct nlmsghdr *nlh, int32_t overhead)
{
	struct tc_sizespec size = {.overhead = overhead, .linklayer = TC_LINKLAYER_ETHERNET};
	struct nlattr *stab = mnl_attr_nest_start(nlh, TCA_STAB);

	mnl_attr_put(nlh, TCA_STAB_BASE, sizeof(size), &size);
	mnl_attr_nest_end(nlh, stab);
}

void nlk_tc_tbf(struct nlk_batch *batch, uint32_t index, uint32_t parent, uint32_t handle,
		const struct nlk_tbf *tbf)
{
	struct tc_tbf_qopt qopt = {.limit = tbf->limit};
	struct nlattr *options;
	struct nlmsghdr *nlh = qdisc(batch, RTM_NEWQDISC, MADE_OR_CHANGED, index, parent, handle,
				     "tbf");

	if (!nlh)
		return;
	qopt.rate.linklayer = TC_LINKLAYER_ETHERNET;
	qopt.rate.rate = tbf->rate > UINT32_MAX ? UINT32_MAX : (uint32_t)tbf->rate;
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put(nlh, TCA_TBF_PARMS, sizeof(qopt), &qopt);
	if (tbf->rate > UINT32_MAX)
		mnl_attr_put_u64(nlh, TCA_TBF_RATE64, tbf->rate);
	mnl_attr_put_u32(nlh, TCA_TBF_BURST, tbf->burst);
	mnl_attr_nest_end(nlh, options);
	if (parent == NLK_TC_ROOT)
		put_overhead(nlh, tbf->overhead);
	nlk_batch_end(batch, nlh);
}

void nlk_tc_pfifo(struct nlk_batch *batch, uint32_t index, uint32_t parent, uint32_t handle,
		  uint32_t packets)
{
	struct tc_fifo_qopt qopt = {.limit = packets};
	struct nlmsghdr *nlh = qdisc(batch, RTM_NEWQDISC, MADE_OR_CHANGED, index, parent, handle,
				     "pfifo");

	if (!nlh)
		return;
	mnl_attr_put(nlh, TCA_OPTIONS, sizeof(qopt), &qopt);
	nlk_batch_end(batch, nlh);
}

static void netem_losses(struct nlmsghdr *nlh, const struct nlk_netem *netem)
{
	struct tc_netem_gemodel model = {.p = netem->burst_enter,
					 .r = netem->burst_leave,
					 .h = ~netem->burst_loss,
					 .k1 = netem->loss};
	struct nlattr *loss;

	if (!netem->burst_enter)
		return;
	loss = mnl_attr_nest_start(nlh, TCA_NETEM_LOSS);
	mnl_attr_put(nlh, NETEM_LOSS_GE, sizeof(model), &model);
	mnl_attr_nest_end(nlh, loss);
}

void nlk_tc_netem(struct nlk_batch *batch, uint32_t index, uint32_t parent, uint32_t handle,
		  const struct nlk_netem *netem)
{
	/* The options are this record, and then attributes; times are in the attributes. */
	struct tc_netem_qopt qopt = {.limit = netem->limit,
				     .loss = netem->burst_enter ? 0 : netem->loss,
				     .duplicate = netem->duplicate,
				     .gap = netem->reorder ? 1 : 0};
	struct tc_netem_corrupt corrupt = {.probability = netem->corrupt};
	struct tc_netem_reorder reorder = {.probability = netem->reorder};
	struct nlattr *options;
	struct nlmsghdr *nlh = qdisc(batch, RTM_NEWQDISC, MADE_OR_CHANGED, index, parent, handle,
				     "netem");

	if (!nlh)
		return;
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	memcpy(mnl_nlmsg_get_payload_tail(nlh), &qopt, sizeof(qopt));
	nlh->nlmsg_len += MNL_ALIGN(sizeof(qopt));
	mnl_attr_put_u64(nlh, TCA_NETEM_LATENCY64, netem->delay_ns);
	mnl_attr_put_u64(nlh, TCA_NETEM_JITTER64, netem->jitter_ns);
	mnl_attr_put(nlh, TCA_NETEM_CORRUPT, sizeof(corrupt), &corrupt);
	mnl_attr_put(nlh, TCA_NETEM_REORDER, sizeof(reorder), &reorder);
	netem_losses(nlh, netem);
	if (netem->table)
		mnl_attr_put(nlh, TCA_NETEM_DELAY_DIST, NLK_NETEM_TABLE * sizeof(int16_t),
			     netem->table);
	mnl_attr_nest_end(nlh, options);
	if (parent == NLK_TC_ROOT)
		put_overhead(nlh, netem->overhead);
	nlk_batch_end(batch, nlh);
}

void nlk_tc_del(struct nlk_batch *batch, uint32_t index, uint32_t parent, uint32_t handle)
{
	struct nlmsghdr *nlh = qdisc(batch, RTM_DELQDISC, 0, index, parent, handle, NULL);

	if (nlh)
		nlk_batch_end(batch, nlh);
}
