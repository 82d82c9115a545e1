/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The routing protocol's decision process, pure: state + message + now -> messages and FIB
 * changes. No sockets, no clock reads, no allocation limits but the ones below.
 *
 * Distance vector with the feasibility condition of Babel (RFC 8966,
 * sections 2.4, 3.5.1, 3.7, 3.8.2): a neighbour's route (seqno, metric) may be selected only when
 * it is strictly better than the feasibility distance, the best that this router ever advertised
 * for that destination. A router that has no feasible route asks for a newer sequence number, which
 * only the destination can give. The relation "next hop has a smaller feasibility distance" holds
 * at all times, so there is never a loop and never counting to infinity. Documentation/routing.md
 * has the reasoning and the deviations from RFC 8966.
 */
#ifndef VLSP_DAEMON_ROUTER_PROTO_H
#define VLSP_DAEMON_ROUTER_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_INFINITY	  0xffffffffu
#define PROTO_MESSAGE_MAX 1400 /* bytes of one message: fits a link's MTU behind the VDP header */

struct proto;

struct proto_ops {
	/* Send one message to the neighbour on port. The bytes are only valid during the call. It
	 * may be lost; the protocol sends again what is not acknowledged. */
	void (*send)(void *arg, uint32_t port, const void *data, size_t size);
	/* The selected route to dst (host byte order) changed: port 0 and PROTO_INFINITY: none. */
	void (*route)(void *arg, uint32_t dst, uint32_t port, uint32_t metric);
};

struct proto_config {
	uint32_t address; /* of this router, host byte order */
	/* Of this incarnation, never 0. A router that starts again begins when all neighbours have
	 * noticed that the earlier incarnation is gone: Documentation/routing.md, "Restart". */
	uint32_t epoch;
	uint32_t seqno; /* first sequence number; larger than any of an earlier incarnation */
	size_t dst_max; /* destinations kept at most; more are refused and counted */
	const struct proto_ops *ops;
	void *arg;
};

int proto_new(const struct proto_config *config, struct proto **ret_proto);
void proto_free(struct proto *proto); /* NULL is fine */

/*
 * The link of this port works in both directions; peer_epoch is the neighbour's incarnation. If the
 * neighbour is up already with another epoch, this is a down and an up. The whole table is sent
 * to a new neighbour. weight 1 .. 65535.
 */
int proto_neighbour_up(struct proto *proto, uint64_t now_ns, uint32_t port, uint32_t weight,
		       uint32_t peer_epoch);
void proto_neighbour_down(struct proto *proto, uint64_t now_ns, uint32_t port);
void proto_neighbour_weight(struct proto *proto, uint64_t now_ns, uint32_t port, uint32_t weight);

/* A message from the neighbour on port. 0, or -EBADMSG: refused, counted and without effect. */
int proto_receive(struct proto *proto, uint64_t now_ns, uint32_t port, const void *data,
		  size_t size);

/*
 * Sends what is due (updates that were gathered, acknowledgements, retransmissions, requests) and
 * returns the time of the next call, absolute, UINT64_MAX: nothing pending. To be called after each
 * batch of the calls above, and at the returned time.
 */
uint64_t proto_run(struct proto *proto, uint64_t now_ns);

struct proto_stats {
	uint64_t version;    /* grows with each change of a selected route */
	uint64_t metric_sum; /* over reachable destinations other than itself */
	uint32_t reachable;
	uint32_t neighbours;
	uint64_t rx, tx, bad, retransmitted, requests, refused;
	bool pending; /* something unacknowledged, requested or gathered */
};
void proto_stats(const struct proto *proto, struct proto_stats *ret_stats);

/* Calls fn for each destination with a selected route. */
void proto_routes(const struct proto *proto,
		  void (*fn)(void *arg, uint32_t dst, uint32_t port, uint32_t metric), void *arg);

#endif
