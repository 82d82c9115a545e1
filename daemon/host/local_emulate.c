// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Giving directions their shapes: records for the programs, queues of devices, the relay. Run by
 * the worker that makes and changes links (local_link.c), in this order: what a shape needs, its
 * record, its queues, the port's flags; and backwards where it goes. So at no time does a datagram
 * meet less than the old or the new shape.
 */
#include "daemon/host/local_emulate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "daemon/host/local_ns.h"
#include "include/shared/fate.h"
#include "include/shared/vdp.h"
#include "lib/base/log.h"
#include "lib/nlk/link.h"
#include "lib/nlk/tc.h"
#include "lib/shape/dist.h"

#define LO	    1 /* ifindex */
#define GSO_ANY	    65535
#define TBF	    NLK_TC_HANDLE(0x5601)
#define NETEM	    NLK_TC_HANDLE(0x5602)
#define FIFO	    NLK_TC_HANDLE(0x5603)
#define TBF_BELOW   NLK_TC_HANDLE(0x5604) /* below netem; a queue cannot move to another parent */
#define FIFO_BELOW  NLK_TC_HANDLE(0x5605)
#define FRAME	    (VDP_MTU + 14)
#define BURST_PER_S 1000u		  /* a burst is what the rate lets through in 1/1000 s */
#define NETEM_HOLDS 1000000u		  /* packets; the queue's limit is not netem's business */
#define DRAIN_RATE  (100000000000ULL / 8) /* bytes a second */
#define DRAIN_NS    3000000

static struct shape_plan plan_of(unsigned can, const struct topo_shape *shape)
{
	struct shape_plan plan = {0};
	struct err ignored;

	/* Refused ones have been refused before the batch began (host_ops.shape_check). */
	(void)shape_plan(shape, can, &plan, &ignored);
	return plan;
}

uint32_t local_emulate_flags(unsigned can, const struct topo_shape *shape)
{
	struct shape_plan plan = plan_of(can, shape);

	return (plan.fates ? VLSP_PORT_SHAPED : 0u) |
	       (plan.tc != SHAPE_TC_NONE ? VLSP_PORT_QUEUE : 0u);
}

const char *local_emulate_look(const struct bld *bld, unsigned can, const struct vlsp_port *record,
			       const struct host_link *link, int side)
{
	const struct topo_shape *shape = &link->shape[side];
	struct shape_plan plan = plan_of(can, shape);
	struct vlsp_shape wanted, there;

	if ((record->flags & (VLSP_PORT_SHAPED | VLSP_PORT_QUEUE)) !=
	    local_emulate_flags(can, shape))
		return "its shape is another";
	if (!plan.fates)
		return NULL;
	if (bld_shape_read(bld, link->end[side].port, &there) < 0)
		return "its shape is missing";
	shape_record(shape, &plan, link->name, link->id, side, 0, &wanted);
	wanted.epoch = there.epoch;
	if (!(shape->set & TOPO_SEED))
		wanted.key = there.key;
	return memcmp(&wanted, &there, sizeof(there)) == 0 ? NULL : "its shape is another";
}

enum queue {
	QUEUE_NETEM = 1 << 0,
	QUEUE_TBF = 1 << 1,
	QUEUE_FIFO = 1 << 2,
	QUEUE_TBF_BELOW = 1 << 3,
	QUEUE_FIFO_BELOW = 1 << 4,
	QUEUE_OTHER = 1 << 5, /* one of these, of another rate or length */
};

/* A netem that is not needed any more stays, with nothing to do: what is on its way would be lost
 * with it, and it would have to be waited for. So a rate may be below it. */
bool local_emulate_queues_well(unsigned can, const struct topo_shape *shape, uint8_t queues)
{
	const uint8_t below = QUEUE_NETEM | QUEUE_TBF_BELOW | QUEUE_FIFO_BELOW;

	switch (plan_of(can, shape).tc) {
	case SHAPE_TC_TBF:
		return queues == (QUEUE_TBF | QUEUE_FIFO) || queues == below;
	case SHAPE_TC_NETEM:
		return queues == QUEUE_NETEM;
	case SHAPE_TC_NETEM_TBF:
		return queues == below;
	default:
		return queues == 0 || queues == QUEUE_NETEM;
	}
}

static bool has_netem(enum shape_tc tc)
{
	return tc == SHAPE_TC_NETEM || tc == SHAPE_TC_NETEM_TBF;
}

/* What a device that had those queues is to have. */
static enum shape_tc next_of(const struct shape_plan *plan, enum shape_tc had)
{
	if (!has_netem(had))
		return plan->tc;
	return plan->tc == SHAPE_TC_TBF || plan->tc == SHAPE_TC_NETEM_TBF ? SHAPE_TC_NETEM_TBF
									  : SHAPE_TC_NETEM;
}

static uint32_t limit_of(const struct topo_shape *shape)
{
	return shape->set & TOPO_LIMIT ? shape->limit_packets : SHAPE_LIMIT_DEFAULT;
}

uint8_t local_emulate_queue(const struct topo_shape *shape, const struct nlk_qdisc *qdisc)
{
	static const struct {
		uint32_t handle, parent;
		const char *kind;
		uint8_t queue;
	} ours[] = {
		{NETEM, NLK_TC_ROOT, "netem", QUEUE_NETEM},
		{TBF, NLK_TC_ROOT, "tbf", QUEUE_TBF},
		{FIFO, TBF | 1, "pfifo", QUEUE_FIFO},
		{TBF_BELOW, NETEM | 1, "tbf", QUEUE_TBF_BELOW},
		{FIFO_BELOW, TBF_BELOW | 1, "pfifo", QUEUE_FIFO_BELOW},
	};
	uint8_t queue = 0;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (qdisc->handle == ours[i].handle && qdisc->parent == ours[i].parent &&
		    strcmp(qdisc->kind, ours[i].kind) == 0)
			queue = ours[i].queue;
	if (queue & (QUEUE_TBF | QUEUE_TBF_BELOW) && qdisc->rate != shape->rate / 8)
		return QUEUE_OTHER;
	if (queue & (QUEUE_FIFO | QUEUE_FIFO_BELOW) && qdisc->limit != limit_of(shape))
		return QUEUE_OTHER;
	return queue;
}

/* A rate below a netem that has nothing to do is taken for one without: its next change replaces
 * both, with what waits there. */
void local_emulate_adopt(struct local_emulation *emulation, const struct host_link *link)
{
	for (int side = 0; side < 2; side++)
		emulation->tc[link->end[side].port] =
			(uint8_t)plan_of(emulation->can, &link->shape[side]).tc;
}

/* --- what must be there before --------------------------------------------------------------- */

static int set_edges(const struct local_emulate *emulate, uint32_t segments, struct err *err)
{
	const struct nlk_link_change change = {.set = NLK_LINK_GSO, .gso_segs = segments};
	struct nlk_batch batch;
	int r = 0;

	nlk_batch_init(&batch);
	for (size_t i = 0; r == 0 && i < emulate->router_count; i++) {
		struct local_ns_open ns;

		r = local_ns_open(emulate->names, emulate->routers[i], &ns);
		if (r == 0) {
			nlk_link_set(&batch, LO, &change);
			r = nlk_batch_send(&batch, ns.sock, NULL, NULL);
			close(ns.sock);
			close(ns.ns);
		}
		if (r < 0)
			err_errno(err, r, "router %s: gso_max_segs of lo", emulate->routers[i]);
	}
	nlk_batch_done(&batch);
	return r;
}

static int set_real(const struct local_emulate *emulate, bool real, struct err *err)
{
	int r;

	pthread_mutex_lock(emulate->bld_lock);
	r = bld_real_set(emulate->bld, real);
	pthread_mutex_unlock(emulate->bld_lock);
	return r < 0 ? err_errno(err, r, "vlsp_conf") : 0;
}

struct needs {
	struct local_relay_need *list;
	bool *has; /* by slot */
	size_t count;
	bool shaped;
};

static void look_at(struct needs *needs, unsigned can, const struct host_link *links, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (int side = 0; side < 2; side++) {
			const struct host_end *end = &links[i].end[side];
			struct shape_plan plan = plan_of(can, &links[i].shape[side]);

			needs->shaped |= plan.shaped;
			if (!plan.relay || needs->has[end->slot])
				continue;
			needs->has[end->slot] = true;
			needs->list[needs->count].slot = end->slot;
			memcpy(needs->list[needs->count++].router, end->router, NAME_SIZE);
		}
	}
}

static int need_relay(const struct local_emulate *emulate, const struct needs *needs,
		      struct err *err)
{
	int ring;

	pthread_mutex_lock(emulate->bld_lock);
	ring = bld_ring_need(emulate->bld);
	pthread_mutex_unlock(emulate->bld_lock);
	if (ring < 0)
		return err_errno(err, ring, "the relay's ring buffer");
	return local_relay_need(emulate->emulation->relay, ring, bld_map_wake(emulate->bld),
				emulate->names, needs->list, needs->count, emulate->cancel, err);
}

int local_emulate_begin(const struct local_emulate *emulate, const struct host_link *add,
			size_t add_count, const struct host_link *set, size_t set_count,
			struct err *err)
{
	unsigned can = emulate->emulation->can;
	struct needs needs = {0};
	int r = 0;

	needs.list = calloc(2 * (add_count + set_count) + 1, sizeof(*needs.list));
	needs.has = calloc(VLSP_SLOT_MAX, sizeof(*needs.has));
	if (!needs.list || !needs.has)
		r = err_errno(err, ENOMEM, "links");
	if (r == 0) {
		look_at(&needs, can, add, add_count);
		look_at(&needs, can, set, set_count);
	}
	if (needs.count)
		r = need_relay(emulate, &needs, err);
	if (r == 0 && needs.shaped && !bld_real(emulate->bld)) {
		r = set_edges(emulate, 1, err);
		if (r == 0)
			r = set_real(emulate, true, err);
		emulate->emulation->edges_behind = r < 0;
	}
	free(needs.list);
	free(needs.has);
	return r;
}

void local_emulate_end(const struct local_emulate *emulate)
{
	struct err err = {0};
	int r = 0;

	if (bld_shaped(emulate->bld))
		return;
	if (bld_real(emulate->bld)) {
		emulate->emulation->edges_behind = true;
		r = set_real(emulate, false, &err);
	}
	if (r == 0 && emulate->emulation->edges_behind) {
		r = set_edges(emulate, GSO_ANY, &err);
		emulate->emulation->edges_behind = r < 0;
	}
	if (r < 0)
		log_warn("large segments are not allowed again everywhere: %s", err.text);
}

/* --- a record -------------------------------------------------------------------------------- */

static uint64_t any_number(void)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
		number = (uint64_t)time(NULL);
	return number;
}

int local_emulate_enter(const struct local_emulate *emulate, const struct host_link *link, int side,
			struct err *err)
{
	struct shape_plan plan = plan_of(emulate->emulation->can, &link->shape[side]);
	uint32_t port = link->end[side].port;
	struct vlsp_shape record, old;
	int r;

	if (!plan.fates)
		return 0;
	shape_record(&link->shape[side], &plan, link->name, link->id, side, any_number(), &record);
	pthread_mutex_lock(emulate->bld_lock);
	/* Without a seed, numbers go on as they were. */
	if (!(link->shape[side].set & TOPO_SEED) && bld_shape_read(emulate->bld, port, &old) == 0 &&
	    old.link == record.link)
		record.key = old.key;
	r = bld_shape_set(emulate->bld, port, &record, false);
	pthread_mutex_unlock(emulate->bld_lock);
	if (r < 0)
		return err_errno(err, r, "link %s: shape of port %u", link->name, port);
	local_relay_shape(emulate->emulation->relay, port, &record);
	return 0;
}

/* --- queues ---------------------------------------------------------------------------------- */

static void put_tbf(struct nlk_batch *batch, uint32_t port, bool below,
		    const struct topo_shape *shape, bool there)
{
	uint32_t parent = below ? NETEM | 1 : NLK_TC_ROOT, handle = below ? TBF_BELOW : TBF;
	uint32_t limit = limit_of(shape);
	struct nlk_tbf tbf = {.rate = shape->rate / 8, .limit = there ? limit : limit * FRAME};
	uint64_t burst = tbf.rate / BURST_PER_S;

	if (shape->set & TOPO_OVERHEAD)
		tbf.overhead = shape->overhead;
	if (burst < 2 * (FRAME + 1000))
		burst = 2 * (FRAME + 1000);
	if (burst > 1u << 30)
		burst = 1u << 30;
	tbf.burst = (uint32_t)burst;
	nlk_tc_tbf(batch, port, parent, handle, &tbf);
	nlk_tc_pfifo(batch, port, handle | 1, below ? FIFO_BELOW : FIFO, limit);
}

static const int16_t *table_of(enum topo_distribution distribution)
{
	static int16_t tables[TOPO_DIST_PARETONORMAL + 1][NLK_NETEM_TABLE];
	static bool made[TOPO_DIST_PARETONORMAL + 1];
	int16_t *table = tables[distribution];

	for (int i = 0; !made[distribution] && i < NLK_NETEM_TABLE; i++) {
		double x = 8192 * dist_quantile(distribution, (i + 0.5) / NLK_NETEM_TABLE);

		table[i] = (int16_t)(x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x);
	}
	made[distribution] = true; /* one worker at a time */
	return table;
}

static void put_netem(struct nlk_batch *batch, uint32_t port, const struct host_link *link,
		      int side, const struct shape_plan *plan)
{
	const struct topo_shape *shape = &link->shape[side];
	struct shape_plan relay = {.relay = true}; /* so that all is in the record */
	struct nlk_netem netem = {.limit = NETEM_HOLDS};
	struct vlsp_shape record;

	if (plan->tc == SHAPE_TC_NETEM_TBF || plan->tc == SHAPE_TC_TBF)
		netem.overhead = shape->set & TOPO_OVERHEAD ? shape->overhead : 0;
	if (!has_netem(plan->tc)) { /* nothing to do */
		nlk_tc_netem(batch, port, NLK_TC_ROOT, NETEM, &netem);
		return;
	}
	netem.delay_ns = shape->delay_ns;
	netem.jitter_ns = shape->jitter_ns;
	shape_record(shape, &relay, link->name, link->id, side, 0, &record);
	netem.reorder = record.reorder;
	if (shape->jitter_ns) /* uniform, too: a table that is there would stay */
		netem.table = table_of(shape->set & TOPO_DISTRIBUTION ? shape->distribution
								      : TOPO_DIST_UNIFORM);
	if (plan->tc_fates) {
		netem.loss = record.loss.loss;
		netem.burst_enter = record.loss.enter;
		netem.burst_leave = record.loss.leave;
		netem.burst_loss = record.loss.burst_loss;
		netem.duplicate = record.duplicate;
		netem.corrupt = record.corrupt;
	}
	nlk_tc_netem(batch, port, NLK_TC_ROOT, NETEM, &netem);
}

/* What waits for the rate leaves at once; a queue that is removed would lose it. */
static void drain(struct nlk_batch *batch, int sock, uint32_t port, bool below)
{
	const struct nlk_tbf tbf = {
		.rate = DRAIN_RATE, .burst = 1u << 20, .limit = SHAPE_LIMIT_DEFAULT};

	nlk_tc_tbf(batch, port, below ? NETEM | 1 : NLK_TC_ROOT, below ? TBF_BELOW : TBF, &tbf);
	(void)nlk_batch_send(batch, sock, NULL, NULL);
	nanosleep(&(struct timespec){.tv_nsec = DRAIN_NS}, NULL);
}

/* A root that becomes another one loses what waits in it. */
void local_emulate_clear(const struct local_emulate *emulate, struct nlk_batch *batch, int sock,
			 const struct host_link *link, int side)
{
	struct shape_plan plan = plan_of(emulate->emulation->can, &link->shape[side]);
	uint32_t port = link->end[side].port;

	if (emulate->emulation->tc[port] == SHAPE_TC_TBF && has_netem(plan.tc))
		drain(batch, sock, port, false);
}

void local_emulate_queues(const struct local_emulate *emulate, struct nlk_batch *batch,
			  const struct host_link *link, int side)
{
	struct shape_plan plan = plan_of(emulate->emulation->can, &link->shape[side]);
	uint32_t port = link->end[side].port;
	enum shape_tc had = (enum shape_tc)emulate->emulation->tc[port];
	enum shape_tc next = next_of(&plan, had);

	if (plan.tc == SHAPE_TC_NONE)
		return;
	if (has_netem(next))
		put_netem(batch, port, link, side, &plan);
	if (next == SHAPE_TC_NETEM_TBF)
		put_tbf(batch, port, true, &link->shape[side], had == SHAPE_TC_NETEM_TBF);
	if (next == SHAPE_TC_TBF)
		put_tbf(batch, port, false, &link->shape[side], had == SHAPE_TC_TBF);
}

void local_emulate_strays(const struct local_emulate *emulate, struct nlk_batch *batch, int sock,
			  const struct host_link *link, int side)
{
	struct shape_plan plan = plan_of(emulate->emulation->can, &link->shape[side]);
	uint32_t port = link->end[side].port;

	if (plan.tc != SHAPE_TC_NONE || emulate->emulation->tc[port] != SHAPE_TC_NONE)
		return;
	nlk_tc_del(batch, port, NLK_TC_ROOT, TBF);
	nlk_tc_del(batch, port, NLK_TC_ROOT, NETEM);
	(void)nlk_batch_send(batch, sock, NULL, NULL); /* as a rule there is none */
}

/* The programs have let go of the direction; what waits in the relay for the rate leaves at once.
 */
static void unshape(const struct local_emulate *emulate, uint32_t port)
{
	struct vlsp_shape old = {.flags = 0};
	bool relayed;

	pthread_mutex_lock(emulate->bld_lock);
	relayed = bld_shape_read(emulate->bld, port, &old) == 0 && old.flags & VLSP_SHAPE_RELAY;
	bld_shape_del(emulate->bld, port);
	pthread_mutex_unlock(emulate->bld_lock);
	if (relayed)
		local_relay_shape(emulate->emulation->relay, port,
				  &(struct vlsp_shape){.link = old.link});
}

void local_emulate_leave(const struct local_emulate *emulate, struct nlk_batch *batch, int sock,
			 const struct host_link *link, int side)
{
	struct shape_plan plan = plan_of(emulate->emulation->can, &link->shape[side]);
	uint32_t port = link->end[side].port;
	enum shape_tc had = (enum shape_tc)emulate->emulation->tc[port];
	enum shape_tc next = next_of(&plan, had);

	emulate->emulation->tc[port] = (uint8_t)next;
	if (!plan.fates)
		unshape(emulate, port);
	if (plan.tc == SHAPE_TC_NONE && has_netem(next))
		put_netem(batch, port, link, side, &plan);
	if (had == SHAPE_TC_NETEM_TBF && next == SHAPE_TC_NETEM) {
		drain(batch, sock, port, true);
		nlk_tc_del(batch, port, NETEM | 1, 0);
	} else if (had == SHAPE_TC_TBF && next == SHAPE_TC_NONE) {
		drain(batch, sock, port, false);
		nlk_tc_del(batch, port, NLK_TC_ROOT, 0);
	}
	(void)nlk_batch_send(batch, sock, NULL, NULL); /* a queue more does no harm */
}
