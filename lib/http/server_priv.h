/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between server.c (listeners), visit.c (connections, until their head has come), slots.c (how many
 * there are), relay.c (TLS of one connection) and mhd.c (libmicrohttpd). */
#ifndef VLSP_LIB_HTTP_SERVER_PRIV_H
#define VLSP_LIB_HTTP_SERVER_PRIV_H

#include <sys/socket.h>

#include "lib/base/list.h"
#include "lib/http/rate.h"
#include "lib/http/server.h"

struct http_mhd;
struct http_relay;

/* --- slots.c: connections of each kind of listener and of each client --- */

enum http_pool { HTTP_POOL_UNIX, HTTP_POOL_READ, HTTP_POOL_TCP, HTTP_POOLS };

struct http_client { /* while it has a connection */
	struct list all;
	enum http_pool pool;
	uint64_t key; /* uid or address */
	unsigned count, max;
};

struct http_slots {
	struct list clients;
	unsigned count[HTTP_POOLS];
};

struct http_slot { /* one connection's; held by the connection and by what TLS adds to it */
	struct http_slots *slots;
	struct http_client *client;
	unsigned refs;
};

void http_slots_init(struct http_slots *slots);
/* Whether there is no room for one more of that pool, or (*ret_client) of that client. */
bool http_slots_full(struct http_slots *slots, enum http_pool pool, uint64_t key,
		     struct http_client **ret_client);
/* The client with the most connections of that pool; NULL: there are none. */
struct http_client *http_slots_busiest(struct http_slots *slots, enum http_pool pool);
/* Takes one, without asking whether there is room. NULL: out of memory. */
struct http_slot *http_slot_new(struct http_slots *slots, enum http_pool pool, uint64_t key);
void http_slot_unref(struct http_slot *slot);

/* --- visit.c --- */

enum http_phase {
	HTTP_PHASE_HEAD,   /* of a TLS connection also: the handshake */
	HTTP_PHASE_LINGER, /* refused; the client may read why */
	HTTP_PHASE_BODY,   /* libmicrohttpd has it from here on */
	HTTP_PHASE_ANSWER,
};

struct http_conn {	 /* from accept() until it is closed */
	struct list all; /* of visitors, or of passed; oldest first */
	struct http_server *server;
	struct http_slot *slot;
	struct http_relay *relay;   /* NULL: no TLS, or its client has gone */
	struct loop_source *source; /* a visitor's */
	int fd;			    /* TLS: our end of a pair, where the plain text is */
	enum http_phase phase;
	uint64_t deadline_ns;	/* a visitor's */
	uint64_t body_began_ns; /* a body's */
	uint64_t body_bytes;
	int cut; /* status of its refusal while libmicrohttpd has it; 0: none */
	struct http_peer peer;
};

struct http_server {
	struct loop *loop;
	struct http_mhd *mhd;
	struct loop_timer *timer; /* deadlines of connections, each second while there are any */
	bool ticking;
	struct list listeners, visitors, passed, relays;
	struct http_slots slots;
	struct http_names names;
	int spare_fd; /* given up to be able to refuse when descriptors run out */
	char peek[HTTP_HEAD_MAX + HTTP_PEEK_BODY];
};

/* Takes fd, which has just been accepted; peer: who that is. tls: NULL or what to speak. */
void http_visit(struct http_server *server, int fd, const struct http_peer *peer,
		enum http_pool pool, struct http_tls *tls);
/* libmicrohttpd has closed the connection. */
void http_conn_closed(struct http_conn *conn);
void http_visit_timer(void *server);
void http_visits_end(struct http_server *server);

/* --- relay.c --- */

/* Takes net and inner if it succeeds: what is decrypted from net goes to inner's other end, and
 * back. Fills in conn->peer before anything gets there. Holds conn->slot until it ends. 0 or
 * -errno. */
int http_relay_new(const struct http_tls *tls, int net, int inner, struct http_conn *conn);
/* conn is going: what it has written is still sent. */
void http_relay_detach(struct http_relay *relay);
/* Ends at once. */
void http_relay_abort(struct http_relay *relay);
void http_relays_timer(struct http_server *server, uint64_t now_ns);
void http_relays_end(struct http_server *server);

/* --- mhd.c --- */

int http_mhd_new(const struct http_config *config, struct http_mhd **ret_mhd, struct err *err);
void http_mhd_free(struct http_mhd *mhd);
/* Takes the connection's descriptor; calls http_conn_closed() at the end. */
void http_mhd_add(struct http_mhd *mhd, struct http_conn *conn);
/* In the next round of the loop: libmicrohttpd notices what was resumed or shut down. */
void http_mhd_run_soon(void *mhd);

#endif
