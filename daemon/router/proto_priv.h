/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State shared by the files of the routing protocol: proto.c (life cycle, neighbours),
 * proto_table.c (destinations, selection), proto_session.c (reliable exchange), proto_request.c
 * (sequence number requests) and proto_msg.c (wire format). Nobody else includes this.
 */
#ifndef VLSP_DAEMON_ROUTER_PROTO_PRIV_H
#define VLSP_DAEMON_ROUTER_PROTO_PRIV_H

#include "daemon/router/proto.h"

#include "daemon/router/proto_msg.h"
#include "lib/base/clock.h"

#define PROTO_NEVER	   UINT64_MAX
#define PROTO_WINDOW	   32 /* unacknowledged messages for each neighbour; < bits of the ack mask */
#define PROTO_ITEM_REQUEST 0x80000000u /* in proto_flight.item: a request, not an update */

enum proto_pair_flag {
	PROTO_PAIR_QUEUED = 1,	/* is in the neighbour's queue */
	PROTO_PAIR_FORCE = 2,	/* send the state although the metric is what was sent last */
	PROTO_PAIR_REQUEST = 4, /* send a request to this neighbour */
	PROTO_PAIR_ASKER = 8,	/* this neighbour asked for a newer sequence number */
};

/* One neighbour and one destination: what was heard, what was told. */
struct proto_pair {
	uint32_t rx_seqno;
	uint32_t rx_metric; /* as advertised, without the link's weight; INFINITY: none */
	uint32_t rx_tag;    /* sequence number of the message that said so; 0: never told */
	uint32_t tx_metric; /* in the message that was sent last; INFINITY also: never told */
	uint32_t tx_seq;    /* that message while it is in flight, otherwise 0 */
	uint32_t flags;	    /* enum proto_pair_flag */
};

/* A message that was sent and not acknowledged: which destinations it was about. */
struct proto_flight {
	struct proto_flight *next; /* in the pool */
	uint64_t sent_ns;
	uint32_t seq;
	uint32_t count;
	uint32_t item[PROTO_MSG_ENTRIES];
};

struct proto_nbr {
	uint32_t port, weight, peer_epoch;
	uint32_t sid, peer_sid;			  /* session numbers; peer_sid 0: not heard yet */
	uint32_t rx_high;			  /* highest sequence number accepted, 0: none */
	uint64_t rx_mask;			  /* bit k: rx_high - 1 - k was accepted */
	uint64_t ack_at;			  /* when an acknowledgement is sent alone */
	uint32_t tx_seq;			  /* last sequence number used */
	uint64_t batch_last, batch_at, batch_gap; /* pacing; batch_at: not before */
	bool urgent; /* the queue holds a request or an answer: the shortest gap is enough */
	uint64_t srtt, rttvar;
	unsigned backoff;
	unsigned flights;
	struct proto_flight *flight[PROTO_WINDOW]; /* in the order of seq */
	uint32_t *queue;			   /* destination indices, each at most once */
	uint32_t queued;
	struct proto_pair *pair; /* by destination index */
};

enum proto_need { PROTO_NEED_OWN = 1, PROTO_NEED_ASKED = 2 };

struct proto_dst {
	uint32_t address;	      /* 0: the slot is free */
	uint32_t fd_seqno, fd_metric; /* feasibility distance; INFINITY: never advertised */
	struct proto_nbr *via;	      /* selected next hop; NULL: none */
	uint32_t seqno, metric;	      /* of the selected route, weight included; INFINITY: none */
	uint32_t port;		      /* as last told to ops->route */
	uint32_t link;		      /* next free slot, or position in proto.wanted */
	uint64_t lost_ns;	      /* since when there is no route */
	uint8_t need;		      /* enum proto_need: request open, listed in proto.wanted */
	uint8_t tries;
	uint16_t ask_hops;
	uint32_t ask_seqno;
	uint32_t askers;
	uint64_t ask_until, ask_at; /* ask_at: when to send (again) */
};

struct proto {
	struct proto_config config;
	uint64_t now;
	uint32_t seqno;	       /* own */
	uint32_t sid;	       /* last session number given out */
	struct proto_dst *dst; /* slot 0 is this router */
	uint32_t cap, used, count, free;
	uint32_t *hash; /* of slots + 1; size is a power of two */
	uint32_t hash_size;
	struct proto_nbr **nbr; /* in the order of port */
	uint32_t nbrs, nbrs_cap;
	uint32_t *wanted;
	uint32_t wanted_count;
	struct proto_flight *pool;
	uint64_t gc_at;
	struct proto_stats stats;
};

/* Is a newer than b, in serial arithmetic (RFC 1982). */
static inline bool proto_newer(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* proto_table.c */
#define PROTO_NONE UINT32_MAX
int proto_table_init(struct proto *p);
void proto_table_done(struct proto *p);
int proto_table_pairs(struct proto *p, struct proto_nbr *nbr); /* allocates, all unknown */
void proto_table_forget(struct proto *p, struct proto_nbr *nbr);
uint32_t proto_table_find(const struct proto *p, uint32_t address);
void proto_table_update(struct proto *p, struct proto_nbr *nbr, uint32_t seq,
			const struct proto_entry *entry);
void proto_table_select(struct proto *p, uint32_t slot);
uint64_t proto_table_total(const struct proto_nbr *nbr, uint32_t slot);
uint32_t proto_table_advert(const struct proto *p, uint32_t slot, const struct proto_nbr *nbr,
			    uint32_t *ret_seqno);
void proto_table_advertised(struct proto *p, uint32_t slot, uint32_t seqno, uint32_t metric);
uint64_t proto_table_collect(struct proto *p);

/* proto_session.c */
void proto_session_queue(struct proto_nbr *nbr, uint32_t slot, uint32_t flags);
int proto_session_receive(struct proto *p, struct proto_nbr *nbr, const struct proto_head *head);
uint64_t proto_session_run(struct proto *p, struct proto_nbr *nbr);
void proto_session_drop(struct proto *p, struct proto_nbr *nbr);

/* proto_request.c */
void proto_request_need(struct proto *p, uint32_t slot, bool need, bool moved);
void proto_request_candidate(struct proto *p, uint32_t slot, struct proto_nbr *nbr);
void proto_request_receive(struct proto *p, struct proto_nbr *nbr, const struct proto_entry *entry);
void proto_request_settle(struct proto *p, uint32_t slot, bool moved, bool hopeless);
void proto_request_drop_asker(struct proto *p, uint32_t slot, struct proto_nbr *nbr);
bool proto_request_entry(const struct proto *p, uint32_t slot, struct proto_entry *ret_entry);
uint64_t proto_request_run(struct proto *p);

#endif
