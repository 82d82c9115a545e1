// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages about queues, attribute by attribute; and what the kernel makes of them, shown by tc and
 * by our own dump, in a network namespace of the test's own. The latter needs root, and skips with
 * the reason otherwise, or where the kernel has not that queue.
 */
#include "lib/nlk/tc.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/nlk/dump.h"

#define LO   1
#define ROOT NLK_TC_ROOT
#define H(n) NLK_TC_HANDLE(n)

/* --- messages ----------------------------------------------------------------------------------
 */

static const struct nlattr *find(const struct nlattr *first, size_t size, uint16_t type)
{
	const struct nlattr *attr;

	for (attr = first;
	     mnl_attr_ok(attr, (int)((const char *)first + size - (const char *)attr));
	     attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

/* The only message of the batch is a request like this; returns its options. */
static const struct nlattr *expect_request(const struct nlk_batch *batch, uint32_t parent,
					   uint32_t handle, const char *kind)
{
	const struct nlmsghdr *nlh = (const void *)batch->buf;
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *first = mnl_nlmsg_get_payload_offset(nlh, sizeof(*tcm)), *attr;
	size_t size = mnl_nlmsg_get_payload_len(nlh) - sizeof(*tcm);

	assert_int_equal(batch->count, 1);
	assert_int_equal(nlh->nlmsg_len, batch->used);
	assert_int_equal(nlh->nlmsg_type, RTM_NEWQDISC);
	assert_int_equal(nlh->nlmsg_flags & (NLM_F_CREATE | NLM_F_REPLACE | NLM_F_EXCL),
			 NLM_F_CREATE | NLM_F_REPLACE);
	assert_int_equal(tcm->tcm_ifindex, 7);
	assert_int_equal(tcm->tcm_parent, parent);
	assert_int_equal(tcm->tcm_handle, handle);
	attr = find(first, size, TCA_KIND);
	assert_non_null(attr);
	assert_string_equal(mnl_attr_get_str(attr), kind);
	attr = find(first, size, TCA_OPTIONS);
	assert_non_null(attr);
	return attr;
}

/* The record, behind skip bytes of the attribute's others. */
static void get(const struct nlattr *in, size_t skip, uint16_t type, void *ret, size_t size)
{
	const char *at = (const char *)mnl_attr_get_payload(in) + skip;
	const struct nlattr *attr = find((const void *)at, mnl_attr_get_payload_len(in) - skip,
					 type);

	if (!attr)
		fail_msg("attribute %u is not there", type);
	assert_int_equal(mnl_attr_get_payload_len(attr), size);
	memcpy(ret, mnl_attr_get_payload(attr), size);
}

static bool has(const struct nlattr *in, size_t skip, uint16_t type)
{
	const char *at = (const char *)mnl_attr_get_payload(in) + skip;

	return find((const void *)at, mnl_attr_get_payload_len(in) - skip, type);
}

static const struct nlattr *stab_of(const struct nlk_batch *batch)
{
	return find(mnl_nlmsg_get_payload_offset((void *)batch->buf, sizeof(struct tcmsg)),
		    batch->used - NLMSG_HDRLEN - sizeof(struct tcmsg), TCA_STAB);
}

static void a_tbf_says_its_rate_burst_limit_and_overhead(void **state)
{
	static const struct {
		struct nlk_tbf tbf;
		uint32_t rate; /* of the old field */
	} rows[] = {
		{{.rate = 1, .burst = 5000, .limit = 1514}, 1},
		{{.rate = 1250000, .burst = 6000, .limit = 10, .overhead = 24}, 1250000},
		{{.rate = UINT32_MAX, .burst = 1u << 30, .limit = 1, .overhead = -14}, UINT32_MAX},
		{{.rate = 12500000000, .burst = 1u << 30, .limit = 1}, UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct nlk_tbf *tbf = &rows[i].tbf;
		const struct nlattr *options, *stab;
		struct tc_sizespec size;
		struct tc_tbf_qopt qopt;
		struct nlk_batch batch;
		uint32_t burst;
		uint64_t rate;

		nlk_batch_init(&batch);
		nlk_tc_tbf(&batch, 7, ROOT, H(5), tbf);
		options = expect_request(&batch, ROOT, H(5), "tbf");
		get(options, 0, TCA_TBF_PARMS, &qopt, sizeof(qopt));
		assert_int_equal(qopt.limit, tbf->limit);
		assert_int_equal(qopt.rate.rate, rows[i].rate);
		assert_int_equal(qopt.rate.linklayer, TC_LINKLAYER_ETHERNET);
		get(options, 0, TCA_TBF_BURST, &burst, sizeof(burst));
		assert_int_equal(burst, tbf->burst);
		assert_int_equal(has(options, 0, TCA_TBF_RATE64), tbf->rate > UINT32_MAX);
		if (tbf->rate > UINT32_MAX) {
			get(options, 0, TCA_TBF_RATE64, &rate, sizeof(rate));
			assert_int_equal(rate, tbf->rate);
		}
		stab = stab_of(&batch);
		assert_non_null(stab);
		get(stab, 0, TCA_STAB_BASE, &size, sizeof(size));
		assert_int_equal(size.overhead, tbf->overhead);
		assert_int_equal(size.tsize, 0);
		nlk_batch_done(&batch);
	}
}

/* Linux 6.12 refuses it elsewhere. */
static void an_overhead_is_of_the_root(void **state)
{
	const struct nlk_netem netem = {.limit = 5, .overhead = 38};
	const struct nlk_tbf tbf = {.rate = 1000, .overhead = 24};
	struct tc_sizespec size;
	struct nlk_batch batch;

	(void)state;
	nlk_batch_init(&batch);
	nlk_tc_tbf(&batch, 7, H(5) | 1, H(6), &tbf);
	expect_request(&batch, H(5) | 1, H(6), "tbf");
	assert_null(stab_of(&batch));
	nlk_batch_done(&batch);
	nlk_batch_init(&batch);
	nlk_tc_netem(&batch, 7, ROOT, H(5), &netem);
	expect_request(&batch, ROOT, H(5), "netem");
	assert_non_null(stab_of(&batch));
	get(stab_of(&batch), 0, TCA_STAB_BASE, &size, sizeof(size));
	assert_int_equal(size.overhead, 38);
	nlk_batch_done(&batch);
}

static void a_pfifo_says_its_limit(void **state)
{
	const struct nlattr *options;
	struct tc_fifo_qopt qopt;
	struct nlk_batch batch;

	(void)state;
	nlk_batch_init(&batch);
	nlk_tc_pfifo(&batch, 7, H(5) | 1, H(6), 42);
	options = expect_request(&batch, H(5) | 1, H(6), "pfifo");
	assert_int_equal(mnl_attr_get_payload_len(options), sizeof(qopt));
	memcpy(&qopt, mnl_attr_get_payload(options), sizeof(qopt));
	assert_int_equal(qopt.limit, 42);
	nlk_batch_done(&batch);
}

static void a_netem_says_its_whole_state(void **state)
{
	static int16_t table[NLK_NETEM_TABLE] = {[0] = -8192, [NLK_NETEM_TABLE - 1] = 8191};
	const struct nlk_netem netem = {.delay_ns = 20000000,
					.jitter_ns = 5000000000000,
					.table = table,
					.loss = 1,
					.duplicate = 2,
					.corrupt = 3,
					.reorder = 4,
					.limit = 5};
	const size_t skip = sizeof(struct tc_netem_qopt);
	int16_t sent[NLK_NETEM_TABLE];
	const struct nlattr *options;
	struct tc_netem_qopt qopt;
	struct nlk_batch batch;
	uint64_t time;
	uint32_t p[2]; /* probability and correlation */

	(void)state;
	nlk_batch_init(&batch);
	nlk_tc_netem(&batch, 7, ROOT, H(5), &netem);
	options = expect_request(&batch, ROOT, H(5), "netem");
	memcpy(&qopt, mnl_attr_get_payload(options), sizeof(qopt));
	assert_int_equal(qopt.limit, 5);
	assert_int_equal(qopt.loss, 1);
	assert_int_equal(qopt.duplicate, 2);
	assert_int_equal(qopt.gap, 1); /* without it nothing would overtake */
	assert_int_equal(qopt.latency + qopt.jitter, 0);
	get(options, skip, TCA_NETEM_LATENCY64, &time, sizeof(time));
	assert_int_equal(time, netem.delay_ns);
	get(options, skip, TCA_NETEM_JITTER64, &time, sizeof(time));
	assert_int_equal(time, netem.jitter_ns);
	get(options, skip, TCA_NETEM_CORRUPT, p, sizeof(p));
	assert_int_equal(p[0], 3);
	get(options, skip, TCA_NETEM_REORDER, p, sizeof(p));
	assert_int_equal(p[0], 4);
	assert_int_equal(p[1], 0);
	get(options, skip, TCA_NETEM_DELAY_DIST, sent, sizeof(sent));
	assert_memory_equal(sent, table, sizeof(table));
	assert_false(has(options, skip, TCA_NETEM_LOSS));
	nlk_batch_done(&batch);
}

static void a_netem_with_bursts_has_no_other_loss(void **state)
{
	const struct nlk_netem netem = {
		.loss = 9, .burst_enter = 10, .burst_leave = 20, .burst_loss = 0xf0000000};
	const size_t skip = sizeof(struct tc_netem_qopt);
	const struct nlattr *options, *loss;
	struct tc_netem_gemodel model;
	struct tc_netem_qopt qopt;
	struct nlk_batch batch;

	(void)state;
	nlk_batch_init(&batch);
	nlk_tc_netem(&batch, 7, ROOT, H(5), &netem);
	options = expect_request(&batch, ROOT, H(5), "netem");
	memcpy(&qopt, mnl_attr_get_payload(options), sizeof(qopt));
	assert_int_equal(qopt.loss, 0);
	assert_int_equal(qopt.gap, 0);
	loss = find((const void *)((const char *)mnl_attr_get_payload(options) + skip),
		    mnl_attr_get_payload_len(options) - skip, TCA_NETEM_LOSS);
	assert_non_null(loss);
	get(loss, 0, NETEM_LOSS_GE, &model, sizeof(model));
	assert_int_equal(model.p, 10);
	assert_int_equal(model.r, 20);
	assert_int_equal(model.h, 0x0fffffff); /* what gets through a burst */
	assert_int_equal(model.k1, 9);
	assert_false(has(options, skip, TCA_NETEM_DELAY_DIST));
	nlk_batch_done(&batch);
}

/* --- the kernel --------------------------------------------------------------------------------
 */

static int netlink = -1;

static int setup(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		return 0;
	}
	assert_return_code(unshare(CLONE_NEWNET | CLONE_NEWNS), errno);
	assert_return_code(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), errno);
	netlink = nlk_open();
	assert_true(netlink >= 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (netlink >= 0)
		close(netlink);
	netlink = -1;
	return 0;
}

/* Sends the batch; the kernel may not have that queue. */
static int sent(struct nlk_batch *batch, const char *what)
{
	int r = nlk_batch_send(batch, netlink, NULL, NULL);

	if (r == -ENOENT || r == -EOPNOTSUPP) {
		print_message("skipped: the kernel has no %s\n", what);
		nlk_batch_done(batch);
		skip();
	}
	return r;
}

static void expect_shown(const char *like)
{
	char command[300];

	snprintf(command, sizeof(command), "tc -j qdisc show dev lo | grep -q '%s'", like);
	if (system(command) != 0) {
		(void)!system("tc -j qdisc show dev lo");
		fail_msg("%s", like);
	}
}

struct seen {
	struct nlk_qdisc all[8];
	size_t count;
};

static void see(void *arg, const struct nlk_qdisc *qdisc)
{
	struct seen *seen = arg;

	assert_true(seen->count < 8);
	seen->all[seen->count++] = *qdisc;
}

static struct seen dumped(void)
{
	struct seen seen = {.count = 0};
	const struct nlk_dump dump = {.arg = &seen};

	assert_int_equal(nlk_dump_qdiscs(netlink, &dump, see), 0);
	return seen;
}

static void expect_tbf(uint64_t rate, uint32_t limit)
{
	struct seen seen = dumped();

	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.all[0].kind, "tbf");
	assert_int_equal(seen.all[0].index, LO);
	assert_int_equal(seen.all[0].parent, ROOT);
	assert_int_equal(seen.all[0].handle, H(0x5601));
	assert_int_equal(seen.all[0].rate, rate);
	assert_string_equal(seen.all[1].kind, "pfifo");
	assert_int_equal(seen.all[1].parent, H(0x5601) | 1);
	assert_int_equal(seen.all[1].handle, H(0x5603));
	assert_int_equal(seen.all[1].limit, limit);
}

static void a_rate_is_made_changed_as_it_runs_and_deleted(void **state)
{
	static const uint64_t rates[] = {1, 1250000, 125, 12500000000, 1250000000000, 1000};
	struct nlk_batch batch;

	(void)state;
	if (netlink < 0)
		skip();
	nlk_batch_init(&batch);
	for (uint32_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct nlk_tbf tbf = {.rate = rates[i],
					    .burst = 6000 + i,
					    .limit = i ? 10 + i : 15140,
					    .overhead = (int32_t)i * 24 - 14};

		nlk_tc_tbf(&batch, LO, ROOT, H(0x5601), &tbf);
		nlk_tc_pfifo(&batch, LO, H(0x5601) | 1, H(0x5603), 10 + i);
		assert_int_equal(sent(&batch, "tbf"), 0);
		expect_tbf(rates[i], 10 + i);
	}
	expect_shown("\"kind\":\"tbf\",\"handle\":\"5601:\",\"root\":true.*\"rate\":1000,");
	expect_shown("\"kind\":\"pfifo\",\"handle\":\"5603:\",\"parent\":\"5601:1\".*"
		     "\"limit\":15");
	assert_int_equal(system("tc -d qdisc show dev lo | grep -q 'overhead 106'"), 0);
	/* one with another handle takes its place, with all that is below it */
	nlk_tc_pfifo(&batch, LO, ROOT, H(9), 3);
	assert_int_equal(sent(&batch, "pfifo"), 0);
	assert_int_equal(dumped().count, 1);
	assert_int_equal(dumped().all[0].handle, H(9));
	nlk_tc_del(&batch, LO, ROOT, H(8));
	assert_int_not_equal(nlk_batch_send(&batch, netlink, NULL, NULL), 0);
	assert_int_equal(dumped().count, 1);
	nlk_tc_del(&batch, LO, ROOT, H(9));
	assert_int_equal(sent(&batch, "pfifo"), 0);
	assert_int_equal(dumped().count, 0);
	nlk_tc_del(&batch, LO, ROOT, 0);
	assert_int_not_equal(nlk_batch_send(&batch, netlink, NULL, NULL), 0);
	nlk_batch_done(&batch);
}

static void a_netem_is_shown_as_it_was_asked_for(void **state)
{
	static int16_t table[NLK_NETEM_TABLE];
	const struct nlk_netem netem = {.delay_ns = 20000000,
					.jitter_ns = 2000000,
					.table = table,
					.duplicate = 1u << 31,
					.corrupt = 1u << 30,
					.reorder = 1u << 29,
					.burst_enter = 1u << 28,
					.burst_leave = 1u << 30,
					.burst_loss = UINT32_MAX,
					.limit = 777};
	const struct nlk_tbf tbf = {.rate = 125000, .burst = 6000, .limit = 10};
	struct nlk_batch batch;

	(void)state;
	if (netlink < 0)
		skip();
	nlk_batch_init(&batch);
	nlk_tc_netem(&batch, LO, ROOT, H(0x5602), &netem);
	nlk_tc_tbf(&batch, LO, H(0x5602) | 1, H(0x5604), &tbf);
	assert_int_equal(sent(&batch, "netem"), 0);
	expect_shown("\"kind\":\"netem\",\"handle\":\"5602:\",\"root\":true.*\"limit\":777");
	expect_shown("\"delay\":0.02,\"jitter\":0.002");
	expect_shown("\"duplicate\":{\"duplicate\":0.5");
	expect_shown("\"corrupt\":{\"corrupt\":0.25");
	expect_shown("\"reorder\":{\"reorder\":0.125");
	expect_shown("\"kind\":\"tbf\",\"handle\":\"5604:\",\"parent\":\"5602:1\"");
	nlk_batch_done(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tbf_says_its_rate_burst_limit_and_overhead),
		cmocka_unit_test(an_overhead_is_of_the_root),
		cmocka_unit_test(a_pfifo_says_its_limit),
		cmocka_unit_test(a_netem_says_its_whole_state),
		cmocka_unit_test(a_netem_with_bursts_has_no_other_loss),
		cmocka_unit_test_setup_teardown(a_rate_is_made_changed_as_it_runs_and_deleted,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_netem_is_shown_as_it_was_asked_for, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
