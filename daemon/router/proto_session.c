// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The exchange with one neighbour over links that lose, duplicate and reorder: numbers,
 * acknowledgements, retransmission, pacing. What is sent again is the present state, never old
 * bytes: a message only remembers which destinations it was about. Called by proto.c; queued into
 * by proto_table.c and proto_request.c.
 */
#include "daemon/router/proto_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ACK_DELAY     (5 * NSEC_PER_MSEC)
#define ACK_SOON      (1 * NSEC_PER_MSEC) /* the neighbour has lost something */
#define ACK_MASK_BITS 64
#define RTO_MIN	      (20 * NSEC_PER_MSEC)
#define RTO_MAX	      (500 * NSEC_PER_MSEC)
#define GAP_MIN	      (1 * NSEC_PER_MSEC)
#define GAP_MAX	      (4 * NSEC_PER_MSEC)
#define NO_MEMORY     (10 * NSEC_PER_MSEC)
#define LOST_BEHIND   3 /* a message is lost when one that was sent this much later has arrived */
#define BACKOFF_MAX   5

/* A slot is in the queue at most once, so the queue, as long as the table, cannot overflow. */
void proto_session_queue(struct proto_nbr *nbr, uint32_t slot, uint32_t flags)
{
	struct proto_pair *pair = &nbr->pair[slot];

	if (flags & (PROTO_PAIR_FORCE | PROTO_PAIR_REQUEST))
		nbr->urgent = true;
	pair->flags |= flags;
	if (pair->flags & PROTO_PAIR_QUEUED)
		return;
	pair->flags |= PROTO_PAIR_QUEUED;
	nbr->queue[nbr->queued++] = slot;
}

static struct proto_flight *flight_get(struct proto *p)
{
	struct proto_flight *f = p->pool;

	if (!f)
		return malloc(sizeof(*f));
	p->pool = f->next;
	return f;
}

static void flight_put(struct proto *p, struct proto_flight *f)
{
	f->next = p->pool;
	p->pool = f;
}

/* Forgets what is queued and in flight. */
void proto_session_drop(struct proto *p, struct proto_nbr *nbr)
{
	for (uint32_t i = 0; i < nbr->queued; i++)
		nbr->pair[nbr->queue[i]].flags &= PROTO_PAIR_ASKER;
	nbr->queued = 0;
	nbr->urgent = false;
	while (nbr->flights)
		flight_put(p, nbr->flight[--nbr->flights]);
}

/*
 * The neighbour has started a new session: it has forgotten what it was told, except what reached
 * it since, of which nothing is known here. So it is told everything again, also what has gone.
 */
static void start_over(struct proto *p, struct proto_nbr *nbr)
{
	proto_session_drop(p, nbr);
	for (uint32_t slot = 0; slot < p->used; slot++) {
		struct proto_pair *pair = &nbr->pair[slot];
		bool told = pair->tx_metric != PROTO_INFINITY || pair->tx_seq;
		uint32_t seqno;

		pair->tx_seq = 0;
		if (p->dst[slot].address &&
		    (told || proto_table_advert(p, slot, nbr, &seqno) != PROTO_INFINITY))
			proto_session_queue(nbr, slot, PROTO_PAIR_FORCE);
	}
}

static void flight_acked(struct proto_nbr *nbr, const struct proto_flight *f)
{
	for (uint32_t i = 0; i < f->count; i++) {
		struct proto_pair *pair = &nbr->pair[f->item[i] & ~PROTO_ITEM_REQUEST];

		if (!(f->item[i] & PROTO_ITEM_REQUEST) && pair->tx_seq == f->seq)
			pair->tx_seq = 0;
	}
}

static void flight_lost(struct proto *p, struct proto_nbr *nbr, const struct proto_flight *f)
{
	p->stats.retransmitted++;
	for (uint32_t i = 0; i < f->count; i++) {
		uint32_t slot = f->item[i] & ~PROTO_ITEM_REQUEST;

		/* A request that is not needed any more may be about a slot that is free. */
		if (f->item[i] & PROTO_ITEM_REQUEST) {
			if (p->dst[slot].need)
				proto_session_queue(nbr, slot, PROTO_PAIR_REQUEST);
		} else if (nbr->pair[slot].tx_seq == f->seq) {
			proto_session_queue(nbr, slot, PROTO_PAIR_FORCE);
		}
	}
}

/* Gives up what was sent at least age ago: it is queued again. false: there was no such message. */
static bool lose_older(struct proto *p, struct proto_nbr *nbr, uint64_t age)
{
	unsigned lost = 0;

	while (lost < nbr->flights && nbr->flight[lost]->sent_ns + age <= p->now) {
		flight_lost(p, nbr, nbr->flight[lost]);
		flight_put(p, nbr->flight[lost]);
		lost++;
	}
	nbr->flights -= lost;
	memmove(nbr->flight, nbr->flight + lost, nbr->flights * sizeof(nbr->flight[0]));
	return lost > 0;
}

static void measure(struct proto_nbr *nbr, uint64_t rtt)
{
	uint64_t off;

	if (!nbr->srtt) {
		nbr->srtt = rtt + 1;
		nbr->rttvar = rtt / 2;
		return;
	}
	off = rtt > nbr->srtt ? rtt - nbr->srtt : nbr->srtt - rtt;
	nbr->rttvar = (3 * nbr->rttvar + off) / 4;
	nbr->srtt = (7 * nbr->srtt + rtt) / 8;
}

/* Retransmission time-out as in RFC 6298, with our bounds. */
static uint64_t rto(const struct proto_nbr *nbr)
{
	uint64_t t = nbr->srtt + 4 * nbr->rttvar;

	if (t < RTO_MIN)
		t = RTO_MIN;
	t <<= nbr->backoff;
	return t < RTO_MAX ? t : RTO_MAX;
}

static void receive_ack(struct proto *p, struct proto_nbr *nbr, uint32_t ack, uint64_t mask)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < nbr->flights; i++) {
		struct proto_flight *f = nbr->flight[i];
		int32_t behind = (int32_t)(ack - f->seq);

		if (behind == 0 ||
		    (behind > 0 && behind <= ACK_MASK_BITS && mask >> (behind - 1) & 1)) {
			if (behind == 0)
				measure(nbr, p->now - f->sent_ns);
			nbr->backoff = 0;
			flight_acked(nbr, f);
			flight_put(p, f);
		} else if (behind >= LOST_BEHIND) {
			flight_lost(p, nbr, f);
			flight_put(p, f);
		} else {
			nbr->flight[kept++] = f;
		}
	}
	nbr->flights = kept;
}

/* Notes the number. false: seen before, or too old to know. */
static bool receive_seq(struct proto *p, struct proto_nbr *nbr, uint32_t seq)
{
	uint32_t ahead = seq - nbr->rx_high;
	uint64_t ack_at = p->now + ACK_DELAY;
	bool new = true;

	if (!nbr->rx_high || proto_newer(seq, nbr->rx_high)) {
		nbr->rx_mask = ahead < ACK_MASK_BITS ? nbr->rx_mask << ahead : 0;
		if (nbr->rx_high && ahead <= ACK_MASK_BITS)
			nbr->rx_mask |= 1ULL << (ahead - 1);
		nbr->rx_high = seq;
		if (ahead != 1)
			ack_at = p->now + ACK_SOON;
	} else {
		uint32_t behind = nbr->rx_high - seq;
		uint64_t bit = behind && behind <= ACK_MASK_BITS ? 1ULL << (behind - 1) : 0;

		new = bit && !(nbr->rx_mask & bit);
		nbr->rx_mask |= bit;
		ack_at = p->now + ACK_SOON;
	}
	if (ack_at < nbr->ack_at)
		nbr->ack_at = ack_at;
	return new;
}

/* 1: the entries are news; 0: they are not; -EBADMSG: without effect. */
int proto_session_receive(struct proto *p, struct proto_nbr *nbr, const struct proto_head *head)
{
	/* An incarnation that is over, or one that was not announced yet: it will send again. */
	if (head->epoch_tx != nbr->peer_epoch || head->epoch_rx != p->config.epoch)
		return 0;
	if (head->sid_rx == nbr->sid && head->ack &&
	    (proto_newer(head->ack, nbr->tx_seq) || !nbr->tx_seq))
		return -EBADMSG; /* acknowledges what was never sent */
	if (nbr->peer_sid && proto_newer(nbr->peer_sid, head->sid_tx))
		return 0;
	if (head->sid_tx != nbr->peer_sid) {
		bool known = nbr->peer_sid != 0;

		nbr->peer_sid = head->sid_tx;
		nbr->rx_high = 0;
		nbr->rx_mask = 0;
		if (known) {
			proto_table_forget(p, nbr);
			start_over(p, nbr);
		} else if (!head->sid_rx) {
			/* It came up after us and threw away what we sent before. */
			lose_older(p, nbr, GAP_MIN);
		}
	}
	if (head->sid_rx == nbr->sid && head->ack)
		receive_ack(p, nbr, head->ack, head->mask);
	return head->seq && receive_seq(p, nbr, head->seq);
}

static void emit(struct proto *p, struct proto_nbr *nbr, struct proto_writer *w, uint32_t seq)
{
	const struct proto_head head = {
		.address = p->config.address,
		.epoch_tx = p->config.epoch,
		.epoch_rx = nbr->peer_epoch,
		.sid_tx = nbr->sid,
		.sid_rx = nbr->peer_sid,
		.seq = seq,
		.ack = nbr->rx_high,
		.mask = nbr->rx_mask,
	};

	proto_msg_end(w, &head);
	nbr->ack_at = PROTO_NEVER;
	p->stats.tx++;
	p->config.ops->send(p->config.arg, nbr->port, w->data, w->size);
}

/* The update for slot, if the neighbour needs one. */
static bool due_update(struct proto *p, struct proto_nbr *nbr, uint32_t slot, uint32_t seq,
		       bool force, struct proto_entry *ret_entry)
{
	struct proto_pair *pair = &nbr->pair[slot];
	struct proto_entry e = {.dst = p->dst[slot].address};

	e.metric = proto_table_advert(p, slot, nbr, &e.seqno);
	if (!force && e.metric == pair->tx_metric)
		return false;
	proto_table_advertised(p, slot, e.seqno, e.metric);
	pair->tx_metric = e.metric;
	pair->tx_seq = seq;
	*ret_entry = e;
	return true;
}

/* Puts as much of the queue into w as fits; requests go behind the updates, which may void them. */
static void fill(struct proto *p, struct proto_nbr *nbr, struct proto_writer *w,
		 struct proto_flight *f)
{
	struct proto_entry request[PROTO_MSG_ENTRIES], e;
	size_t requests = 0, used = PROTO_MSG_HEAD + 2 * PROTO_MSG_BLOCK;
	uint32_t done = 0;

	for (; done < nbr->queued && used + 2 * PROTO_MSG_ENTRY <= sizeof(w->data); done++) {
		uint32_t slot = nbr->queue[done];
		struct proto_pair *pair = &nbr->pair[slot];
		uint32_t flags = pair->flags;

		pair->flags &= PROTO_PAIR_ASKER;
		if (due_update(p, nbr, slot, f->seq, flags & PROTO_PAIR_FORCE, &e)) {
			proto_msg_add(w, PROTO_MSG_UPDATE, &e);
			f->item[f->count++] = slot;
			used += PROTO_MSG_ENTRY;
		}
		if ((flags & PROTO_PAIR_REQUEST) && pair->rx_metric != PROTO_INFINITY &&
		    proto_request_entry(p, slot, &request[requests])) {
			requests++;
			f->item[f->count++] = slot | PROTO_ITEM_REQUEST;
			used += PROTO_MSG_ENTRY;
		}
	}
	for (size_t i = 0; i < requests; i++)
		proto_msg_add(w, PROTO_MSG_REQUEST, &request[i]);
	p->stats.requests += requests;
	nbr->queued -= done;
	memmove(nbr->queue, nbr->queue + done, nbr->queued * sizeof(*nbr->queue));
}

/* Sends the queue, as far as the window goes. false: there was nothing to say after all. */
static bool send_batch(struct proto *p, struct proto_nbr *nbr)
{
	bool sent = false;

	while (nbr->queued && nbr->flights < PROTO_WINDOW) {
		struct proto_flight *f = flight_get(p);
		struct proto_writer w;

		if (!f) {
			nbr->batch_at = p->now + NO_MEMORY;
			nbr->urgent = false;
			return false;
		}
		f->seq = nbr->tx_seq + 1 ? nbr->tx_seq + 1 : 1;
		f->count = 0;
		f->sent_ns = p->now;
		proto_msg_begin(&w);
		fill(p, nbr, &w, f);
		if (!f->count) {
			flight_put(p, f);
			continue;
		}
		nbr->tx_seq = f->seq;
		nbr->flight[nbr->flights++] = f;
		emit(p, nbr, &w, f->seq);
		sent = true;
	}
	return sent;
}

static void check_timeouts(struct proto *p, struct proto_nbr *nbr)
{
	if (lose_older(p, nbr, rto(nbr)) && nbr->backoff < BACKOFF_MAX)
		nbr->backoff++;
}

static uint64_t batch_due(const struct proto_nbr *nbr)
{
	if (nbr->urgent && nbr->batch_last + GAP_MIN < nbr->batch_at)
		return nbr->batch_last + GAP_MIN;
	return nbr->batch_at;
}

/* Sends what is due. Returns the time of the next call. */
uint64_t proto_session_run(struct proto *p, struct proto_nbr *nbr)
{
	uint64_t next = PROTO_NEVER;

	check_timeouts(p, nbr);
	if (nbr->queued && nbr->flights < PROTO_WINDOW && p->now >= batch_due(nbr) &&
	    send_batch(p, nbr)) {
		/* The first after a rest goes at once, those that follow gather for longer. */
		if (p->now - nbr->batch_last > 4 * nbr->batch_gap || !nbr->batch_gap)
			nbr->batch_gap = GAP_MIN;
		else if (nbr->batch_gap < GAP_MAX)
			nbr->batch_gap += GAP_MIN;
		nbr->batch_last = p->now;
		nbr->batch_at = p->now + nbr->batch_gap;
	}
	if (!nbr->queued)
		nbr->urgent = false;
	if (nbr->queued && nbr->flights < PROTO_WINDOW)
		next = batch_due(nbr); /* takes the acknowledgement along */
	else if (nbr->ack_at <= p->now) {
		struct proto_writer w;

		proto_msg_begin(&w);
		emit(p, nbr, &w, 0);
	}
	if (next == PROTO_NEVER)
		next = nbr->ack_at;
	if (nbr->flights && nbr->flight[0]->sent_ns + rto(nbr) < next)
		next = nbr->flight[0]->sent_ns + rto(nbr);
	return next;
}
