// SPDX-License-Identifier: GPL-2.0-or-later
/* Which queues devices have. Called by daemon/host. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/nlk/dump_priv.h"

struct reader {
	const struct nlk_dump *dump;
	nlk_qdisc_fn fn;
};

/* What is longer than we know has been extended. */
static bool copy_record(void *to, size_t size, const struct nlattr *attr)
{
	if (mnl_attr_get_payload_len(attr) < size)
		return false;
	memcpy(to, mnl_attr_get_payload(attr), size);
	return true;
}

static void parse_tbf(struct nlk_qdisc *qdisc, const struct nlattr *options)
{
	const struct nlattr *attr;
	struct tc_tbf_qopt qopt;

	mnl_attr_for_each_nested(attr, options)
	{
		uint16_t type = mnl_attr_get_type(attr);

		/* the larger field comes only where the smaller one, then full, does not do */
		if (type == TCA_TBF_PARMS && !qdisc->rate && copy_record(&qopt, sizeof(qopt), attr))
			qdisc->rate = qopt.rate.rate;
		else if (type == TCA_TBF_RATE64)
			(void)copy_record(&qdisc->rate, sizeof(qdisc->rate), attr);
	}
}

static void parse_options(struct nlk_qdisc *qdisc, const struct nlattr *options)
{
	struct tc_fifo_qopt fifo;

	if (strcmp(qdisc->kind, "tbf") == 0)
		parse_tbf(qdisc, options);
	else if (strcmp(qdisc->kind, "pfifo") == 0 && copy_record(&fifo, sizeof(fifo), options))
		qdisc->limit = fifo.limit;
}

static void take(void *arg, const struct nlmsghdr *nlh)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *options = NULL;
	struct reader *reader = arg;
	struct nlk_qdisc qdisc;

	if (nlh->nlmsg_type != RTM_NEWQDISC || mnl_nlmsg_get_payload_len(nlh) < sizeof(*tcm))
		return;
	qdisc = (struct nlk_qdisc){.index = (uint32_t)tcm->tcm_ifindex,
				   .parent = tcm->tcm_parent,
				   .handle = tcm->tcm_handle};
	mnl_attr_for_each(attr, nlh, sizeof(*tcm))
	{
		if (mnl_attr_get_type(attr) == TCA_KIND)
			nlk_copy_string(qdisc.kind, sizeof(qdisc.kind), attr);
		else if (mnl_attr_get_type(attr) == TCA_OPTIONS)
			options = attr;
	}
	if (options)
		parse_options(&qdisc, options);
	reader->fn(reader->dump->arg, &qdisc);
}

int nlk_dump_qdiscs(int sock, const struct nlk_dump *dump, nlk_qdisc_fn fn)
{
	static const struct nlk_question question = {RTM_GETQDISC, AF_UNSPEC, sizeof(struct tcmsg)};
	struct reader reader = {.dump = dump, .fn = fn};

	return nlk_dump_run(sock, &question, dump, take, &reader);
}
