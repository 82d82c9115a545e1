// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The routing protocol's life cycle: neighbours come and go, messages come in, what is due goes
 * out. Called by the router process (daemon/router/main.c) and by the simulator in the tests. The
 * parts are in proto_table.c, proto_session.c, proto_request.c and proto_msg.c.
 */
#include "daemon/router/proto.h"

#include "daemon/router/proto_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 65535

int proto_new(const struct proto_config *config, struct proto **ret_proto)
{
	struct proto *p;

	if (!config->address || !config->epoch || !config->dst_max || !config->ops ||
	    config->dst_max > INT32_MAX)
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->config = *config;
	p->seqno = config->seqno;
	if (proto_table_init(p)) {
		proto_free(p);
		return -ENOMEM;
	}
	*ret_proto = p;
	return 0;
}

static void nbr_free(struct proto_nbr *nbr)
{
	free(nbr->pair);
	free(nbr->queue);
	free(nbr);
}

void proto_free(struct proto *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->nbrs; i++) {
		proto_session_drop(p, p->nbr[i]);
		nbr_free(p->nbr[i]);
	}
	while (p->pool) {
		struct proto_flight *f = p->pool;

		p->pool = f->next;
		free(f);
	}
	free(p->nbr);
	proto_table_done(p);
	free(p);
}

/* Position of port among the neighbours, or where it would be. */
static uint32_t nbr_position(const struct proto *p, uint32_t port)
{
	uint32_t low = 0, high = p->nbrs;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (p->nbr[mid]->port < port)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct proto_nbr *nbr_find(const struct proto *p, uint32_t port)
{
	uint32_t at = nbr_position(p, port);

	return at < p->nbrs && p->nbr[at]->port == port ? p->nbr[at] : NULL;
}

static int nbr_insert(struct proto *p, struct proto_nbr *nbr)
{
	uint32_t at = nbr_position(p, nbr->port);

	if (p->nbrs == p->nbrs_cap) {
		uint32_t cap = p->nbrs_cap ? 2 * p->nbrs_cap : 4;
		struct proto_nbr **bigger = reallocarray(p->nbr, cap, sizeof(struct proto_nbr *));

		if (!bigger)
			return -ENOMEM;
		p->nbr = bigger;
		p->nbrs_cap = cap;
	}
	memmove(p->nbr + at + 1, p->nbr + at, (p->nbrs - at) * sizeof(*p->nbr));
	p->nbr[at] = nbr;
	p->nbrs++;
	return 0;
}

static int nbr_new(struct proto *p, uint32_t port, uint32_t weight, uint32_t peer_epoch)
{
	struct proto_nbr *nbr = calloc(1, sizeof(*nbr));

	if (!nbr)
		return -ENOMEM;
	nbr->port = port;
	nbr->weight = weight;
	nbr->peer_epoch = peer_epoch;
	nbr->ack_at = PROTO_NEVER;
	if (++p->sid == 0)
		p->sid = 1;
	nbr->sid = p->sid;
	if (proto_table_pairs(p, nbr) || nbr_insert(p, nbr)) {
		nbr_free(nbr);
		return -ENOMEM;
	}
	for (uint32_t slot = 0; slot < p->used; slot++) {
		if (p->dst[slot].address && p->dst[slot].metric != PROTO_INFINITY)
			proto_session_queue(nbr, slot, 0);
	}
	return 0;
}

int proto_neighbour_up(struct proto *p, uint64_t now_ns, uint32_t port, uint32_t weight,
		       uint32_t peer_epoch)
{
	struct proto_nbr *nbr = nbr_find(p, port);

	if (!port || !weight || weight > WEIGHT_MAX || !peer_epoch)
		return -EINVAL;
	p->now = now_ns;
	if (nbr && nbr->peer_epoch == peer_epoch) {
		proto_neighbour_weight(p, now_ns, port, weight);
		return 0;
	}
	if (nbr)
		proto_neighbour_down(p, now_ns, port);
	return nbr_new(p, port, weight, peer_epoch);
}

void proto_neighbour_down(struct proto *p, uint64_t now_ns, uint32_t port)
{
	struct proto_nbr *nbr = nbr_find(p, port);
	uint32_t at = nbr_position(p, port);

	if (!nbr)
		return;
	p->now = now_ns;
	p->nbrs--;
	memmove(p->nbr + at, p->nbr + at + 1, (p->nbrs - at) * sizeof(*p->nbr));
	proto_table_forget(p, nbr);
	proto_session_drop(p, nbr);
	nbr_free(nbr);
}

void proto_neighbour_weight(struct proto *p, uint64_t now_ns, uint32_t port, uint32_t weight)
{
	struct proto_nbr *nbr = nbr_find(p, port);

	if (!nbr || nbr->weight == weight || !weight || weight > WEIGHT_MAX)
		return;
	p->now = now_ns;
	nbr->weight = weight;
	for (uint32_t slot = 1; slot < p->used; slot++) {
		if (p->dst[slot].address && nbr->pair[slot].rx_metric != PROTO_INFINITY)
			proto_table_select(p, slot);
	}
}

int proto_receive(struct proto *p, uint64_t now_ns, uint32_t port, const void *data, size_t size)
{
	struct proto_nbr *nbr = nbr_find(p, port);
	struct proto_cursor updates = {0}, requests = {0};
	struct proto_entry entry;
	struct proto_head head;
	int rc;

	rc = proto_msg_check(data, size, &head);
	if (!rc && head.address == p->config.address)
		rc = -EBADMSG; /* our own, or somebody has our address */
	if (!rc && nbr) {
		p->now = now_ns;
		rc = proto_session_receive(p, nbr, &head);
	}
	if (rc < 0) {
		p->stats.bad++;
		return rc;
	}
	p->stats.rx++;
	if (rc == 0)
		return 0;
	while (proto_msg_next(data, size, PROTO_MSG_UPDATE, &updates, &entry))
		proto_table_update(p, nbr, head.seq, &entry);
	while (proto_msg_next(data, size, PROTO_MSG_REQUEST, &requests, &entry))
		proto_request_receive(p, nbr, &entry);
	return 0;
}

uint64_t proto_run(struct proto *p, uint64_t now_ns)
{
	uint64_t next, t;

	p->now = now_ns;
	next = proto_request_run(p);
	t = proto_table_collect(p);
	if (t < next)
		next = t;
	for (uint32_t i = 0; i < p->nbrs; i++) {
		t = proto_session_run(p, p->nbr[i]);
		if (t < next)
			next = t;
	}
	return next;
}

void proto_stats(const struct proto *p, struct proto_stats *ret_stats)
{
	*ret_stats = p->stats;
	ret_stats->neighbours = p->nbrs;
	ret_stats->pending = p->wanted_count > 0;
	for (uint32_t i = 0; i < p->nbrs && !ret_stats->pending; i++)
		ret_stats->pending = p->nbr[i]->queued || p->nbr[i]->flights;
}

void proto_routes(const struct proto *p,
		  void (*fn)(void *arg, uint32_t dst, uint32_t port, uint32_t metric), void *arg)
{
	for (uint32_t slot = 1; slot < p->used; slot++) {
		const struct proto_dst *d = &p->dst[slot];

		if (d->address && d->via)
			fn(arg, d->address, d->port, d->metric);
	}
}
