// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests for a newer sequence number: raised when a route that may not be used would be
 * preferred, passed on towards the destination, answered by the first router that has it. Each hop
 * is reliable (proto_session.c), so a request is only sent again, slowly, for the case that the
 * network changed under it. Called by proto_table.c, proto_session.c and proto.c.
 */
#include "daemon/router/proto_priv.h"

#define RETRY_FIRST   (100 * NSEC_PER_MSEC)
#define RETRY_SHIFT   4			   /* at most RETRY_FIRST << RETRY_SHIFT */
#define IMPROVE_DELAY (10 * NSEC_PER_MSEC) /* there is a route, only not the best one */
#define ASKED_TIME    (5 * NSEC_PER_SEC)   /* how long an asker is remembered */

static void open_need(struct proto *p, uint32_t slot, enum proto_need need, uint64_t at)
{
	struct proto_dst *d = &p->dst[slot];

	if (!d->need) {
		d->link = p->wanted_count;
		p->wanted[p->wanted_count++] = slot;
		d->tries = 0;
		d->ask_at = at;
	}
	d->need |= need;
}

static void close_need(struct proto *p, uint32_t slot, enum proto_need need)
{
	struct proto_dst *d = &p->dst[slot];
	uint32_t last;

	if (!(d->need & need))
		return;
	d->need &= (uint8_t)~need;
	if (d->need)
		return;
	last = p->wanted[--p->wanted_count];
	p->wanted[d->link] = last;
	p->dst[last].link = d->link;
	d->link = 0;
}

/* moved: the next hop is another than before, or there is none any more. */
void proto_request_need(struct proto *p, uint32_t slot, bool need, bool moved)
{
	struct proto_dst *d = &p->dst[slot];
	uint64_t at = d->via ? p->now + IMPROVE_DELAY : p->now;

	if (!need) {
		close_need(p, slot, PROTO_NEED_OWN);
		return;
	}
	if (!(d->need & PROTO_NEED_OWN)) {
		open_need(p, slot, PROTO_NEED_OWN, at);
		moved = true;
	}
	if (moved && at < d->ask_at)
		d->ask_at = at;
}

/* Would this neighbour's route be preferred to the selected one? */
static bool preferred(const struct proto_dst *d, const struct proto_nbr *nbr, uint32_t slot)
{
	uint64_t total = proto_table_total(nbr, slot);

	if (total >= PROTO_INFINITY || nbr == d->via)
		return false;
	return !d->via || total < d->metric || (total == d->metric && nbr->port < d->via->port);
}

/* nbr said something new about slot; if the request is out already, it goes there too. */
void proto_request_candidate(struct proto *p, uint32_t slot, struct proto_nbr *nbr)
{
	struct proto_dst *d = &p->dst[slot];

	if ((d->need & PROTO_NEED_OWN) && d->tries && preferred(d, nbr, slot))
		proto_session_queue(nbr, slot, PROTO_PAIR_REQUEST);
}

void proto_request_drop_asker(struct proto *p, uint32_t slot, struct proto_nbr *nbr)
{
	struct proto_pair *pair = &nbr->pair[slot];

	if (!(pair->flags & PROTO_PAIR_ASKER))
		return;
	pair->flags &= ~(uint32_t)PROTO_PAIR_ASKER;
	if (!--p->dst[slot].askers)
		close_need(p, slot, PROTO_NEED_ASKED);
}

static void drop_askers(struct proto *p, uint32_t slot, bool answer)
{
	for (uint32_t i = 0; i < p->nbrs && p->dst[slot].askers; i++) {
		struct proto_nbr *nbr = p->nbr[i];

		if (!(nbr->pair[slot].flags & PROTO_PAIR_ASKER))
			continue;
		proto_request_drop_asker(p, slot, nbr);
		if (answer)
			proto_session_queue(nbr, slot, PROTO_PAIR_FORCE);
	}
}

/* The selection ran: answer those who wait, or ask the new next hop. hopeless: no route at all. */
void proto_request_settle(struct proto *p, uint32_t slot, bool moved, bool hopeless)
{
	struct proto_dst *d = &p->dst[slot];

	if (moved && d->via)
		proto_request_drop_asker(p, slot, d->via);
	if (!(d->need & PROTO_NEED_ASKED))
		return;
	if (hopeless)
		drop_askers(p, slot, false);
	else if (d->via && !proto_newer(d->ask_seqno, d->seqno))
		drop_askers(p, slot, true);
	else if (moved)
		d->ask_at = p->now;
}

void proto_request_receive(struct proto *p, struct proto_nbr *nbr, const struct proto_entry *entry)
{
	uint32_t slot = proto_table_find(p, entry->dst);
	struct proto_dst *d;

	if (slot == PROTO_NONE)
		return;
	if (slot == 0) {
		if (proto_newer(entry->seqno, p->seqno))
			p->seqno = entry->seqno;
		proto_session_queue(nbr, 0, PROTO_PAIR_FORCE);
		return;
	}
	d = &p->dst[slot];
	/* The next hop asks by what it heard before it was the next hop: nothing to gain here. It
	 * is never among the askers, so that requests follow the routes, which have no cycle. */
	if (d->via == nbr)
		return;
	if (d->via && !proto_newer(entry->seqno, d->seqno)) {
		proto_session_queue(nbr, slot, PROTO_PAIR_FORCE);
		return;
	}
	if (entry->hops < 2)
		return;
	if (!(nbr->pair[slot].flags & PROTO_PAIR_ASKER)) {
		nbr->pair[slot].flags |= PROTO_PAIR_ASKER;
		d->askers++;
	}
	if (!(d->need & PROTO_NEED_ASKED)) {
		bool out = (d->need & PROTO_NEED_OWN) && d->tries &&
			   !proto_newer(entry->seqno, d->fd_seqno + 1);

		open_need(p, slot, PROTO_NEED_ASKED, p->now);
		if (!out) /* or what is out already is enough */
			d->ask_at = p->now;
		d->ask_seqno = entry->seqno;
		d->ask_hops = (uint16_t)(entry->hops - 1);
	} else if (proto_newer(entry->seqno, d->ask_seqno)) {
		d->ask_seqno = entry->seqno;
		d->ask_at = p->now;
	}
	if (d->ask_hops < entry->hops - 1)
		d->ask_hops = (uint16_t)(entry->hops - 1);
	d->ask_until = p->now + ASKED_TIME;
}

/* The request as it is sent now; false: nobody needs it any more. */
bool proto_request_entry(const struct proto *p, uint32_t slot, struct proto_entry *ret_entry)
{
	const struct proto_dst *d = &p->dst[slot];

	if (!d->need)
		return false;
	*ret_entry = (struct proto_entry){.dst = d->address};
	if (d->need & PROTO_NEED_ASKED) {
		ret_entry->seqno = d->ask_seqno;
		ret_entry->hops = d->ask_hops;
	}
	if (d->need & PROTO_NEED_OWN) {
		ret_entry->hops = PROTO_MSG_HOPS;
		if (!(d->need & PROTO_NEED_ASKED) || proto_newer(d->fd_seqno + 1, d->ask_seqno))
			ret_entry->seqno = d->fd_seqno + 1;
	}
	return true;
}

static void send_request(struct proto *p, uint32_t slot)
{
	struct proto_dst *d = &p->dst[slot];
	bool sent = false;

	for (uint32_t i = 0; i < p->nbrs; i++) {
		struct proto_nbr *nbr = p->nbr[i];
		bool to = (d->need & PROTO_NEED_OWN) && preferred(d, nbr, slot);

		/* For others it goes to the next hop, or, without one, to all that have a route. */
		if (!to && (d->need & PROTO_NEED_ASKED))
			to = d->via ? nbr == d->via
				    : proto_table_total(nbr, slot) < PROTO_INFINITY &&
					      !(nbr->pair[slot].flags & PROTO_PAIR_ASKER);
		if (to)
			proto_session_queue(nbr, slot, PROTO_PAIR_REQUEST);
		sent |= to;
	}
	if (!sent)
		drop_askers(p, slot, false);
}

/* Sends what is due. Returns the time of the next one. */
uint64_t proto_request_run(struct proto *p)
{
	uint64_t next = PROTO_NEVER;

	/* Backwards: what is closed is replaced by the last, which was looked at already. */
	for (uint32_t i = p->wanted_count; i-- > 0;) {
		uint32_t slot = p->wanted[i];
		struct proto_dst *d = &p->dst[slot];

		if ((d->need & PROTO_NEED_ASKED) && p->now >= d->ask_until)
			drop_askers(p, slot, false);
		if (d->need && p->now >= d->ask_at) {
			unsigned shift = d->tries < RETRY_SHIFT ? d->tries : RETRY_SHIFT;

			send_request(p, slot);
			d->ask_at = p->now + (RETRY_FIRST << shift);
			if (d->tries < UINT8_MAX)
				d->tries++;
		}
		if (d->need && d->ask_at < next)
			next = d->ask_at;
	}
	return next;
}
