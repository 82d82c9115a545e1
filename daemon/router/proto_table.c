// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Destinations: what each neighbour says about them, which route is selected, the feasibility
 * distance. The rule that keeps the network free of loops is in usable() and in
 * proto_table_advertised(), and nowhere else; Documentation/routing.md has the proof.
 */
#include "daemon/router/proto_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAP_FIRST   64
#define GC_INTERVAL (60 * NSEC_PER_SEC)
#define GC_AGE	    (180 * NSEC_PER_SEC)

static uint32_t hash_of(const struct proto *p, uint32_t address)
{
	return (address * 2654435761u) >> 7 & (p->hash_size - 1);
}

static void hash_add(struct proto *p, uint32_t slot)
{
	uint32_t at = hash_of(p, p->dst[slot].address);

	while (p->hash[at])
		at = (at + 1) & (p->hash_size - 1);
	p->hash[at] = slot + 1;
}

static void hash_build(struct proto *p)
{
	memset(p->hash, 0, p->hash_size * sizeof(*p->hash));
	for (uint32_t slot = 0; slot < p->used; slot++) {
		if (p->dst[slot].address)
			hash_add(p, slot);
	}
}

uint32_t proto_table_find(const struct proto *p, uint32_t address)
{
	uint32_t at = hash_of(p, address);

	for (; p->hash[at]; at = (at + 1) & (p->hash_size - 1)) {
		if (p->dst[p->hash[at] - 1].address == address)
			return p->hash[at] - 1;
	}
	return PROTO_NONE;
}

static void pair_clear(struct proto_pair *pair)
{
	*pair = (struct proto_pair){.rx_metric = PROTO_INFINITY, .tx_metric = PROTO_INFINITY};
}

/* Gives *at room for count elements; what was there stays. */
static int grow_array(void *at, size_t count, size_t size)
{
	void *bigger = reallocarray(*(void **)at, count, size);

	if (!bigger)
		return -ENOMEM;
	*(void **)at = bigger;
	return 0;
}

static int grow_nbr(struct proto_nbr *nbr, uint32_t from, uint32_t to)
{
	if (grow_array(&nbr->pair, to, sizeof(*nbr->pair)) ||
	    grow_array(&nbr->queue, to, sizeof(*nbr->queue)))
		return -ENOMEM;
	for (uint32_t slot = from; slot < to; slot++)
		pair_clear(&nbr->pair[slot]);
	return 0;
}

/* Half-way failure leaves arrays that are larger than cap says, which harms nothing. */
static int grow(struct proto *p, uint32_t cap)
{
	uint32_t hash_size = 4;
	uint32_t *hash;

	for (uint32_t i = 0; i < p->nbrs; i++) {
		if (grow_nbr(p->nbr[i], p->cap, cap))
			return -ENOMEM;
	}
	if (grow_array(&p->dst, cap, sizeof(*p->dst)) ||
	    grow_array(&p->wanted, cap, sizeof(*p->wanted)))
		return -ENOMEM;
	while (hash_size < 2 * cap)
		hash_size *= 2;
	hash = calloc(hash_size, sizeof(*hash));
	if (!hash)
		return -ENOMEM;
	free(p->hash);
	p->hash = hash;
	p->hash_size = hash_size;
	p->cap = cap;
	hash_build(p);
	return 0;
}

static uint32_t create(struct proto *p, uint32_t address)
{
	uint32_t slot = p->free;

	if (p->count >= p->config.dst_max)
		return PROTO_NONE;
	if (slot != PROTO_NONE) {
		p->free = p->dst[slot].link;
	} else {
		if (p->used == p->cap) {
			size_t cap = (size_t)p->cap * 2;

			if (cap > p->config.dst_max)
				cap = p->config.dst_max;
			if (grow(p, (uint32_t)cap))
				return PROTO_NONE;
		}
		slot = p->used++;
	}
	p->dst[slot] = (struct proto_dst){.address = address,
					  .fd_metric = PROTO_INFINITY,
					  .metric = PROTO_INFINITY,
					  .lost_ns = p->now};
	hash_add(p, slot);
	p->count++;
	if (p->gc_at == PROTO_NEVER)
		p->gc_at = p->now + GC_INTERVAL;
	return slot;
}

int proto_table_init(struct proto *p)
{
	p->free = PROTO_NONE;
	p->gc_at = PROTO_NEVER;
	if (grow(p, p->config.dst_max < CAP_FIRST ? (uint32_t)p->config.dst_max : CAP_FIRST))
		return -ENOMEM;
	create(p, p->config.address);
	p->dst[0].metric = 0;
	p->gc_at = PROTO_NEVER;
	return 0;
}

void proto_table_done(struct proto *p)
{
	free(p->dst);
	free(p->hash);
	free(p->wanted);
}

int proto_table_pairs(struct proto *p, struct proto_nbr *nbr)
{
	return grow_nbr(nbr, 0, p->cap);
}

/* Distance over this neighbour, at least PROTO_INFINITY: none. */
uint64_t proto_table_total(const struct proto_nbr *nbr, uint32_t slot)
{
	uint32_t metric = nbr->pair[slot].rx_metric;

	return metric == PROTO_INFINITY ? PROTO_INFINITY : (uint64_t)metric + nbr->weight;
}

/*
 * The feasibility condition: strictly better than anything this router ever advertised. The next
 * hop that is selected stays usable when its distance grows: its own feasibility distance cannot
 * have grown, so it is still smaller than ours.
 */
static bool usable(const struct proto_dst *d, const struct proto_nbr *nbr, uint32_t slot)
{
	const struct proto_pair *pair = &nbr->pair[slot];

	if (nbr == d->via || d->fd_metric == PROTO_INFINITY)
		return true;
	return proto_newer(pair->rx_seqno, d->fd_seqno) ||
	       (pair->rx_seqno == d->fd_seqno && pair->rx_metric < d->fd_metric);
}

/* What slot's route looks like to nbr: the next hop is told that there is none (poisoned reverse).
 */
uint32_t proto_table_advert(const struct proto *p, uint32_t slot, const struct proto_nbr *nbr,
			    uint32_t *ret_seqno)
{
	const struct proto_dst *d = &p->dst[slot];

	*ret_seqno = slot ? d->seqno : p->seqno;
	return slot && d->via == nbr ? PROTO_INFINITY : d->metric;
}

/* To be called before a message with this state leaves. */
void proto_table_advertised(struct proto *p, uint32_t slot, uint32_t seqno, uint32_t metric)
{
	struct proto_dst *d = &p->dst[slot];

	if (metric == PROTO_INFINITY)
		return;
	if (d->fd_metric == PROTO_INFINITY || proto_newer(seqno, d->fd_seqno) ||
	    (seqno == d->fd_seqno && metric < d->fd_metric)) {
		d->fd_seqno = seqno;
		d->fd_metric = metric;
	}
}

static void tell_user(struct proto *p, struct proto_dst *d, uint32_t port, uint32_t metric)
{
	bool had = d->metric != PROTO_INFINITY, has = metric != PROTO_INFINITY;

	if (had)
		p->stats.metric_sum -= d->metric;
	if (has)
		p->stats.metric_sum += metric;
	p->stats.reachable += (uint32_t)has - (uint32_t)had;
	if (had && !has) {
		d->lost_ns = p->now;
		if (p->gc_at == PROTO_NEVER)
			p->gc_at = p->now + GC_INTERVAL;
	}
	p->stats.version++;
	d->port = port;
	d->metric = metric;
	p->config.ops->route(p->config.arg, d->address, port, metric);
}

static void tell_neighbours(struct proto *p, uint32_t slot)
{
	uint32_t seqno;

	for (uint32_t i = 0; i < p->nbrs; i++) {
		struct proto_nbr *nbr = p->nbr[i];

		if (nbr->pair[slot].tx_metric != proto_table_advert(p, slot, nbr, &seqno))
			proto_session_queue(nbr, slot, 0);
	}
}

/*
 * Selects the smallest distance among the usable routes; of equal ones, that on the lowest port,
 * whatever came first. If an unusable one would be preferred, a newer sequence number is asked for.
 */
void proto_table_select(struct proto *p, uint32_t slot)
{
	struct proto_dst *d = &p->dst[slot];
	struct proto_nbr *best = NULL, *any = NULL, *old = d->via;
	uint64_t best_total = PROTO_INFINITY, any_total = PROTO_INFINITY;
	uint32_t port, metric;
	bool changed;

	for (uint32_t i = 0; i < p->nbrs; i++) {
		struct proto_nbr *nbr = p->nbr[i];
		uint64_t total = proto_table_total(nbr, slot);

		if (total < any_total) {
			any = nbr;
			any_total = total;
		}
		if (total < best_total && usable(d, nbr, slot)) {
			best = nbr;
			best_total = total;
		}
	}
	d->via = best;
	if (best)
		d->seqno = best->pair[slot].rx_seqno;
	port = best ? best->port : 0;
	metric = best ? (uint32_t)best_total : PROTO_INFINITY;
	changed = best != old || metric != d->metric;
	if (port != d->port || metric != d->metric)
		tell_user(p, d, port, metric);
	if (changed)
		tell_neighbours(p, slot);
	proto_request_settle(p, slot, best != old, !any);
	proto_request_need(p, slot, any != best, best != old);
}

/* Somebody still has a newer number of ours, from an incarnation that counted further. */
static void outrun(struct proto *p, uint32_t seqno)
{
	p->seqno = seqno + 1;
	for (uint32_t i = 0; i < p->nbrs; i++)
		proto_session_queue(p->nbr[i], 0, PROTO_PAIR_FORCE);
}

void proto_table_update(struct proto *p, struct proto_nbr *nbr, uint32_t seq,
			const struct proto_entry *entry)
{
	uint32_t slot = proto_table_find(p, entry->dst);
	struct proto_pair *pair;
	struct proto_dst *d;

	if (slot == 0) {
		if (entry->metric != PROTO_INFINITY && proto_newer(entry->seqno, p->seqno))
			outrun(p, entry->seqno);
		return;
	}
	if (slot == PROTO_NONE) {
		/* Also for a retraction: it may have overtaken the route that it retracts. */
		slot = create(p, entry->dst);
		if (slot == PROTO_NONE) {
			p->stats.refused += entry->metric != PROTO_INFINITY;
			return;
		}
	}
	pair = &nbr->pair[slot];
	d = &p->dst[slot];
	if (pair->rx_tag && !proto_newer(seq, pair->rx_tag))
		return; /* overtaken by a message that was sent later */
	pair->rx_tag = seq;
	if (pair->rx_metric == entry->metric && pair->rx_seqno == entry->seqno)
		return;
	pair->rx_metric = entry->metric;
	pair->rx_seqno = entry->seqno;
	/* Most updates change nothing here: a route that is not better than the selected one. */
	if (d->via && d->via != nbr && !d->need) {
		uint64_t total = proto_table_total(nbr, slot);

		if (total > d->metric || (total == d->metric && nbr->port > d->via->port))
			return;
	}
	proto_table_select(p, slot);
	proto_request_candidate(p, slot, nbr);
}

/* Forgets what nbr said and asked. The caller may have taken it out of proto.nbr before. */
void proto_table_forget(struct proto *p, struct proto_nbr *nbr)
{
	for (uint32_t slot = 1; slot < p->used; slot++) {
		struct proto_pair *pair = &nbr->pair[slot];
		struct proto_dst *d = &p->dst[slot];
		bool heard = pair->rx_metric != PROTO_INFINITY;

		if (!d->address)
			continue;
		pair->rx_metric = PROTO_INFINITY;
		pair->rx_tag = 0;
		proto_request_drop_asker(p, slot, nbr);
		if (heard && (d->via == nbr || d->need))
			proto_table_select(p, slot);
	}
}

static bool garbage(const struct proto *p, uint32_t slot)
{
	const struct proto_dst *d = &p->dst[slot];

	if (!d->address || d->via || d->need || p->now - d->lost_ns < GC_AGE)
		return false;
	for (uint32_t i = 0; i < p->nbrs; i++) {
		const struct proto_pair *pair = &p->nbr[i]->pair[slot];

		/* While a neighbour may believe in our route, the feasibility distance stays. */
		if (pair->rx_metric != PROTO_INFINITY || pair->tx_metric != PROTO_INFINITY ||
		    pair->tx_seq || pair->flags)
			return false;
	}
	return true;
}

/* Frees destinations that have been gone for long. Returns the time of the next look. */
uint64_t proto_table_collect(struct proto *p)
{
	bool freed = false;

	if (p->now < p->gc_at)
		return p->gc_at;
	for (uint32_t slot = 1; slot < p->used; slot++) {
		if (!garbage(p, slot))
			continue;
		for (uint32_t i = 0; i < p->nbrs; i++)
			pair_clear(&p->nbr[i]->pair[slot]);
		p->dst[slot] = (struct proto_dst){.metric = PROTO_INFINITY, .link = p->free};
		p->free = slot;
		p->count--;
		freed = true;
	}
	if (freed)
		hash_build(p);
	p->gc_at = p->count - 1 > p->stats.reachable ? p->now + GC_INTERVAL : PROTO_NEVER;
	return p->gc_at;
}
