// SPDX-License-Identifier: GPL-2.0-or-later
/* Which back ends emulate a shape, and the record for programs and relay. Called by daemon/host. */
#include "lib/shape/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "include/shared/fate.h"

#define PPM   1000000.0
#define BYTE  8u    /* bits: tbf's rate is in bytes a second */
#define EXACT 8000u /* bit/s, from which on that makes less than 1/1000 */

#define FATES  (TOPO_LOSS | TOPO_DUPLICATE | TOPO_CORRUPT)
#define TIMING (TOPO_RATE | TOPO_DELAY | TOPO_JITTER | TOPO_REORDER)

static const struct {
	enum topo_shape_bit bit;
	const char *key;
} names[] = {
	{TOPO_DELAY, "delay"},	     {TOPO_JITTER, "jitter"}, {TOPO_REORDER, "reorder"},
	{TOPO_RATE, "rate"},	     {TOPO_LOSS, "loss"},     {TOPO_DUPLICATE, "duplicate"},
	{TOPO_CORRUPT, "corrupt"},   {TOPO_ORDER, "order"},   {TOPO_BURST, "burst"},
	{TOPO_OVERHEAD, "overhead"},
};

/* The first of those bits, as people call it. */
static const char *name_of(unsigned bits)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bits & names[i].bit)
			return names[i].key;
	return "shape";
}

/* What is asked for and is not nothing. */
static unsigned wanted(const struct topo_shape *shape)
{
	unsigned set = shape->set;

	if (!shape->delay_ns)
		set &= ~(unsigned)TOPO_DELAY;
	if (!shape->jitter_ns)
		set &= ~(unsigned)TOPO_JITTER;
	if (!shape->loss_ppm)
		set &= ~(unsigned)(TOPO_LOSS | TOPO_BURST | TOPO_BURST_LOSS);
	if (!shape->duplicate_ppm)
		set &= ~(unsigned)TOPO_DUPLICATE;
	if (!shape->corrupt_ppm)
		set &= ~(unsigned)TOPO_CORRUPT;
	if (!shape->reorder_ppm)
		set &= ~(unsigned)TOPO_REORDER;
	if (!(set & TOPO_RATE))
		set &= ~(unsigned)(TOPO_OVERHEAD | TOPO_LIMIT);
	if (shape->order != TOPO_ORDER_KEEP || !(set & TOPO_JITTER))
		set &= ~(unsigned)TOPO_ORDER;
	return set;
}

static int missing(unsigned bits, const char *what, struct err *err)
{
	return err_set(err, EOPNOTSUPP, "%s: %s", name_of(bits), what);
}

/* By the kernel's queues alone. fates: they are netem's, too. */
static int plan_tc(const struct topo_shape *shape, unsigned want, unsigned can, bool fates,
		   struct shape_plan *plan, struct err *err)
{
	unsigned netem = want & (TOPO_DELAY | TOPO_JITTER | TOPO_REORDER | (fates ? FATES : 0u));

	if (want & TOPO_ORDER)
		return missing(TOPO_ORDER, "backend tc cannot keep the order under jitter", err);
	if (fates && want & TOPO_BURST && !(can & SHAPE_CAN_NETEM))
		netem |= TOPO_BURST;
	if (netem && !(can & SHAPE_CAN_NETEM))
		return missing(netem,
			       "backend tc needs the kernel's sch_netem, which is not there "
			       "(vlsp doctor)",
			       err);
	if (want & TOPO_RATE && !(can & SHAPE_CAN_TBF))
		return missing(TOPO_RATE,
			       "backend tc needs the kernel's sch_tbf, which is not there "
			       "(vlsp doctor)",
			       err);
	if (want & TOPO_RATE && shape->rate < BYTE)
		return missing(TOPO_RATE, "backend tc counts bytes, and less than 8 bit/s is none",
			       err);
	if (netem)
		plan->tc = want & TOPO_RATE ? SHAPE_TC_NETEM_TBF : SHAPE_TC_NETEM;
	else if (want & TOPO_RATE)
		plan->tc = SHAPE_TC_TBF;
	plan->tc_fates = fates && want & FATES;
	return 0;
}

/*
 * Rate alone is tbf's, which holds the sender back. Delays are netem's where the kernel has it: it
 * costs no copy. But what netem draws cannot be repeated, and it cannot keep the order.
 */
static bool prefers_tc(const struct topo_shape *shape, unsigned want, unsigned can)
{
	if (want & TOPO_RATE && !(can & SHAPE_CAN_TBF))
		return false;
	if (want & TOPO_RATE && shape->rate % BYTE && shape->rate < EXACT && can & SHAPE_CAN_RELAY)
		return false;
	if (!(want & (TOPO_DELAY | TOPO_JITTER | TOPO_REORDER)))
		return true;
	if (!(can & SHAPE_CAN_NETEM) || want & TOPO_ORDER)
		return false;
	return !(shape->set & TOPO_SEED) || !(want & (TOPO_JITTER | TOPO_REORDER));
}

/* Neither tc nor the relay does it. */
static int lacks_relay(unsigned want, unsigned can, struct err *err)
{
	unsigned delays = want & (TOPO_DELAY | TOPO_JITTER | TOPO_REORDER);

	if (delays && !(can & SHAPE_CAN_NETEM))
		return missing(delays,
			       "needs the relay or the kernel's sch_netem, and neither is there "
			       "(vlsp doctor)",
			       err);
	if (want & TOPO_RATE && !(can & SHAPE_CAN_TBF))
		return missing(TOPO_RATE,
			       "needs the relay or the kernel's sch_tbf, and neither is there "
			       "(vlsp doctor)",
			       err);
	if (want & TOPO_ORDER)
		return missing(TOPO_ORDER, "needs the relay, which is not there (vlsp doctor)",
			       err);
	return missing(want & (TOPO_JITTER | TOPO_REORDER),
		       "with a seed it needs the relay, which is not there (vlsp doctor)", err);
}

static int plan_auto(const struct topo_shape *shape, unsigned want, unsigned can,
		     struct shape_plan *plan, struct err *err)
{
	plan->fates = want & FATES;
	if (!(want & TIMING))
		return 0;
	/* Numbers count from when the seed was given, also where losses come later. */
	if (shape->set & TOPO_SEED)
		plan->fates = true;
	if (prefers_tc(shape, want, can))
		return plan_tc(shape, want, can, false, plan, err);
	if (!(can & SHAPE_CAN_RELAY))
		return lacks_relay(want, can, err);
	plan->relay = plan->fates = true;
	return 0;
}

static int plan_forced(const struct topo_shape *shape, unsigned want, unsigned can,
		       struct shape_plan *plan, struct err *err)
{
	switch (shape->backend) {
	case TOPO_BACKEND_TC:
		return plan_tc(shape, want, can, true, plan, err);
	case TOPO_BACKEND_BPF:
		if (want & TIMING)
			return missing(want & TIMING,
				       "backend bpf has loss, duplicate and corrupt only", err);
		plan->fates = true;
		return 0;
	case TOPO_BACKEND_RELAY:
		if (!(can & SHAPE_CAN_RELAY))
			return err_set(err, EOPNOTSUPP,
				       "backend: the relay cannot work here (vlsp doctor)");
		plan->relay = plan->fates = true;
		return 0;
	default:
		return err_set(err, EOPNOTSUPP,
			       "backend: kmod: the kernel module vlsp is not loaded");
	}
}

static void say(const struct topo_shape *shape, unsigned want, struct shape_plan *plan)
{
	const char *bpf = want & FATES || shape->backend == TOPO_BACKEND_BPF ? "bpf" : "";
	const char *rest = plan->relay ? "relay" : plan->tc != SHAPE_TC_NONE ? "tc" : "";

	if (plan->tc_fates)
		bpf = "";
	snprintf(plan->text, sizeof(plan->text), "%s%s%s", bpf, *bpf && *rest ? ", " : "", rest);
}

int shape_plan(const struct topo_shape *shape, unsigned can, struct shape_plan *ret_plan,
	       struct err *err)
{
	bool forced = shape->set & TOPO_BACKEND && shape->backend != TOPO_BACKEND_AUTO;
	unsigned want = wanted(shape);
	struct shape_plan plan = {0};
	int r;

	r = forced ? plan_forced(shape, want, can, &plan, err)
		   : plan_auto(shape, want, can, &plan, err);
	if (r < 0)
		return r;
	plan.shaped = plan.fates || plan.relay || plan.tc != SHAPE_TC_NONE;
	say(shape, want, &plan);
	*ret_plan = plan;
	return 0;
}

/* --- the record ------------------------------------------------------------------------------ */

static uint32_t probability(double share)
{
	double steps = share * 0x1p32 + 0.5;

	if (share >= 1)
		return FATE_ALWAYS;
	return steps < FATE_ALWAYS ? (uint32_t)steps : FATE_ALWAYS - 1;
}

/*
 * A burst of mean length b ends with probability 1/b. So that bursts take the share s of all
 * datagrams, one begins with probability s/(1-s)/b (Gilbert 1960).
 */
static void loss_record(const struct topo_shape *shape, struct fate_loss *loss)
{
	double lost = shape->loss_ppm / PPM, within = 1, share, leave;

	if (!(shape->set & TOPO_BURST) || !shape->loss_ppm) {
		loss->loss = probability(lost);
		return;
	}
	if (shape->set & TOPO_BURST_LOSS)
		within = shape->burst_loss_ppm / PPM;
	share = lost / within;
	leave = 1000.0 / shape->burst_milli;
	loss->leave = probability(leave);
	loss->enter = probability(share / (1 - share) * leave);
	if (!loss->enter)
		loss->enter = 1;
	loss->burst_loss = probability(within);
}

static uint64_t key_of(const struct topo_shape *shape, const char *link, int direction,
		       uint64_t unseeded)
{
	uint64_t key = shape->set & TOPO_SEED ? shape->seed : unseeded;

	key = fate_mix(key + 0x9e3779b97f4a7c15ULL);
	for (const char *c = link; *c; c++)
		key = fate_mix(key ^ (uint8_t)*c);
	return fate_mix(key ^ (uint64_t)(direction + 0x100));
}

void shape_record(const struct topo_shape *shape, const struct shape_plan *plan, const char *link,
		  uint32_t link_id, int direction, uint64_t unseeded, struct vlsp_shape *ret_record)
{
	struct vlsp_shape record = {
		.key = key_of(shape, link, direction, unseeded),
		.duplicate = probability(shape->duplicate_ppm / PPM),
		.corrupt = probability(shape->corrupt_ppm / PPM),
		.limit = shape->set & TOPO_LIMIT ? shape->limit_packets : SHAPE_LIMIT_DEFAULT,
		.link = link_id,
	};

	loss_record(shape, &record.loss);
	if (plan->relay) {
		record.flags = VLSP_SHAPE_RELAY;
		record.rate = shape->set & TOPO_RATE ? shape->rate : 0;
		record.overhead = shape->set & TOPO_OVERHEAD ? shape->overhead : 0;
		record.delay_ns = shape->delay_ns;
		record.jitter_ns = shape->jitter_ns;
		record.distribution = shape->distribution;
		record.reorder = probability(shape->reorder_ppm / PPM);
		if (shape->set & TOPO_ORDER && shape->order == TOPO_ORDER_KEEP)
			record.flags |= VLSP_SHAPE_KEEP;
	}
	*ret_record = record;
}
