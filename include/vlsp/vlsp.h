/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvlsp: virtual datagram sockets, the link between an application and what started it, network
 * functions, and a client of the REST API. Functions return 0 (or a count), or -1 with errno set;
 * those that return a pointer, NULL with errno set. What each errno means is in the man pages
 * (vlsp_socket(3), vlsp_app(3), vlsp_intercept(3), vlsp_rest(3)); vlsp_strerror() says it for a
 * person.
 */
#ifndef VLSP_VLSP_H
#define VLSP_VLSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

const char *vlsp_version(void);
/* As strerror(3), with what ENONET, ENOTCONN, ... mean here. Never NULL; not to be freed. */
const char *vlsp_strerror(int error);

/* --- addresses ------------------------------------------------------------------------------ */

struct vlsp_address {
	uint32_t host; /* host byte order; 0: any, or none */
	uint16_t port; /* host byte order; 0: any, or none */
};

#define VLSP_ADDRESS_TEXT 24 /* "255.255.255.255:65535" and NUL */

/* "10.0.0.2:7", "paris:7", "10.0.0.2", "paris", ":7". Names are those of routers. EINVAL, ENOENT
 * (no router of that name). */
int vlsp_address_parse(const char *text, struct vlsp_address *ret_address);
/* Into text; returns it. Without a port if that is 0. */
char *vlsp_address_format(const struct vlsp_address *address, char text[VLSP_ADDRESS_TEXT]);
/* A router's address by its name; ENOENT. */
int vlsp_resolve(const char *router, uint32_t *ret_host);

/* The router that this process is on. ENONET: it is on none. */
struct vlsp_self {
	char router[64];
	uint32_t host;
};
int vlsp_self(struct vlsp_self *ret_self);

/* --- virtual sockets ------------------------------------------------------------------------ */

struct vlsp_socket;

#define VLSP_DATAGRAM_MAX 1472 /* payload bytes that fit into one virtual datagram unfragmented */

/* An open socket without address; ENONET: this process is not on a virtual router. */
struct vlsp_socket *vlsp_socket_open(void);
/* Wakes up whoever waits in vlsp_recv() (ECANCELED). Once all calls have returned it is freed. NULL
 * is fine. */
void vlsp_socket_close(struct vlsp_socket *socket);
/* For poll(2) and epoll(7): readable when vlsp_recv() would not wait. Stays the socket's. */
int vlsp_socket_fd(const struct vlsp_socket *socket);

/* NULL, host 0: the router's address; port 0: the kernel picks one. EADDRINUSE, EINVAL (it is
 * bound). */
int vlsp_bind(struct vlsp_socket *socket, const struct vlsp_address *local);
/* Only datagrams of that one are received from now on; vlsp_send() goes there. What the network
 * says about them is an error of the next vlsp_send() or vlsp_recv(). ENETUNREACH (outside of the
 * virtual network), EINVAL. */
int vlsp_connect(struct vlsp_socket *socket, const struct vlsp_address *remote);
int vlsp_disconnect(struct vlsp_socket *socket);
/* Host and port 0: neither bound nor connected. */
int vlsp_local(const struct vlsp_socket *socket, struct vlsp_address *ret_local);
/* ENOTCONN. */
int vlsp_remote(const struct vlsp_socket *socket, struct vlsp_address *ret_remote);

/* Whole datagrams: all of size or -1. EMSGSIZE (more than 65507; with VLSP_META more than 1456),
 * ENOTCONN; ENETUNREACH, EHOSTUNREACH, ECONNREFUSED: connected, and an earlier one did not get
 * there; ENETUNREACH also: to is outside of the virtual network. */
ssize_t vlsp_send(struct vlsp_socket *socket, const void *data, size_t size);
ssize_t vlsp_sendto(struct vlsp_socket *socket, const void *data, size_t size,
		    const struct vlsp_address *to);

struct vlsp_info { /* of a received datagram */
	struct vlsp_address from, to;
	size_t size;	/* of the datagram, also where the buffer was smaller */
	uint8_t ttl;	/* as it arrived */
	uint8_t tclass; /* DSCP and ECN */
	bool has_meta;	/* it was sent with VLSP_META: stamp is set, and flow is the sender's choice
			 */
	uint32_t flow;	/* flow id as on the wire (Documentation/wire.md) */
	uint32_t stamp_us; /* source timestamp: microseconds of CLOCK_MONOTONIC of its machine,
			      modulo 2^32 */
	uint32_t age_us;   /* that it was under way, if has_meta (same machine) */
};
/* One datagram; what does not fit into size is cut off (info.size tells). ret_info may be NULL.
 * ETIMEDOUT (VLSP_TIMEOUT), EAGAIN (VLSP_TIMEOUT is 0 and there is none), ECANCELED (closed),
 * EINTR; those of vlsp_send() about what was sent. */
ssize_t vlsp_recv(struct vlsp_socket *socket, void *data, size_t size, struct vlsp_info *ret_info);

enum vlsp_option {
	VLSP_TIMEOUT,  /* of vlsp_recv(), milliseconds; -1: waits for ever (default); 0: never waits
			*/
	VLSP_TTL,      /* of what is sent, 1 .. 255; default 64 */
	VLSP_TCLASS,   /* 0 .. 255; default 0 */
	VLSP_CHECKSUM, /* 1: with (default), 0: without */
	VLSP_META,     /* 1: what is sent carries flow id and source timestamp to the receiver (16
			  bytes) */
	VLSP_FLOW,   /* flow id of what is sent, 1 .. 2^32 - 1; needs VLSP_META; 0: by the fast path
		      */
	VLSP_RCVBUF, /* bytes, as SO_RCVBUF */
	VLSP_SNDBUF,
};
/* EINVAL: no such option, or outside of its range. */
int vlsp_set(struct vlsp_socket *socket, enum vlsp_option option, long value);
int vlsp_get(const struct vlsp_socket *socket, enum vlsp_option option, long *ret_value);

/* --- the application and what started it ---------------------------------------------------- */

/*
 * For programs started by vlsp app start; ENOTCONN in others, which may ignore it. Thread-safe.
 *
 * ready: the application serves now (readiness "notify"; others may wait for it).
 * report: a value that vlsp app show and the REST API show under that key (1 to 32 of a-z 0-9 . _
 * -); at most 64 keys, values up to 200 bytes.
 */
int vlsp_app_ready(void);
int vlsp_app_report(const char *key, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Readable when somebody has set something (vlsp app set); -1 with ENOTCONN. */
int vlsp_app_fd(void);
/* The next setting: 1, or 0 if there is none. */
int vlsp_app_next(char key[33], char value[201]);

/* --- network functions ---------------------------------------------------------------------- */

/*
 * An intercept takes the datagrams of its router that match out of the fast path, before the router
 * decides where they go, and gives them to this program, which passes each on, changes, drops or
 * answers it.
 *
 * match: words as in "from to-r2 udp dst 10.0.0.3 dport 53" (Documentation/functions.md); "" : all.
 * order: several functions of one router see a datagram in this order (0 .. 255; equal: as the
 * router's applications are in order, those of one as they were opened).
 * queue: bytes of datagrams that may wait for the program (64 KiB .. 64 MiB; 0: 1 MiB).
 * closed: what cannot be given to it (queue full, program dead) is dropped; else it goes on
 * without.
 */
struct vlsp_intercept;
struct vlsp_intercept_spec {
	const char *match;
	unsigned order;
	size_t queue;
	bool closed;
};
/* EINVAL with what is wrong in text (may be NULL), ENOTCONN (not started by vlsp app), ENOSPC,
 * EPERM. */
struct vlsp_intercept *vlsp_intercept_open(const struct vlsp_intercept_spec *spec, char text[256]);
void vlsp_intercept_close(struct vlsp_intercept *intercept);
int vlsp_intercept_fd(const struct vlsp_intercept *intercept); /* for poll(2) */

struct vlsp_packet {   /* one datagram in the program's hands */
	uint8_t *data; /* from its VDP header on; may be changed up to room */
	size_t size, room;
	uint64_t arrived_ns; /* CLOCK_MONOTONIC */
	uint32_t port;	     /* by which it came (ifindex of the link end; the router's edge: 0) */
	uint32_t place;	     /* opaque: where it goes on */
};
/* The next datagram, or 0: there is none (poll for more). It is the caller's until it is passed,
 * dropped, or the next one is taken, whichever is first. */
int vlsp_intercept_next(struct vlsp_intercept *intercept, struct vlsp_packet *ret_packet);
/* Goes on where it was taken out, as it is now. Sent in batches: by flush, or before waiting. */
int vlsp_intercept_pass(struct vlsp_intercept *intercept, const struct vlsp_packet *packet);
/* The router counts it (cause: function), and captures see it; so does who does nothing with it. */
int vlsp_intercept_drop(struct vlsp_intercept *intercept, const struct vlsp_packet *packet);
/* A datagram of the program's own (data from the VDP header on), routed as if it came from this
 * router. */
int vlsp_intercept_send(struct vlsp_intercept *intercept, const void *data, size_t size);
int vlsp_intercept_flush(struct vlsp_intercept *intercept);

/* Fields of a packet; ports are 0 where there are none. Setters keep the checksum right. */
struct vlsp_fields {
	uint32_t src, dst; /* host byte order */
	uint16_t sport, dport;
	uint8_t protocol, ttl, tclass;
	bool fragment;
	uint32_t flow, stamp_us;
	uint8_t *payload; /* behind UDP's header; else the transport header and all behind it */
	size_t payload_size;
};
int vlsp_packet_fields(const struct vlsp_packet *packet, struct vlsp_fields *ret_fields);
int vlsp_packet_set_src(struct vlsp_packet *packet, uint32_t host, uint16_t port);
int vlsp_packet_set_dst(struct vlsp_packet *packet, uint32_t host, uint16_t port);
int vlsp_packet_set_tclass(struct vlsp_packet *packet, uint8_t tclass);
int vlsp_packet_set_flow(struct vlsp_packet *packet, uint32_t flow);
/* UDP only: another length, or after payload was changed. */
int vlsp_packet_set_payload(struct vlsp_packet *packet, const void *data, size_t size);

/* The words of intercepts' matches for a program's own use; not "to", which is not decided yet.
 * EINVAL with what is wrong in text (may be NULL). */
struct vlsp_matcher;
struct vlsp_matcher *vlsp_matcher_new(const char *match, char text[256]);
void vlsp_matcher_free(struct vlsp_matcher *matcher);
bool vlsp_matcher_hit(const struct vlsp_matcher *matcher, const struct vlsp_packet *packet);

/* --- REST ----------------------------------------------------------------------------------- */

struct vlsp_rest;

/* url: NULL is $VLSP_URL, or unix:///run/vlsp/vlspd.sock; token: NULL is $VLSP_TOKEN, or none.
 * Loads libcurl. */
struct vlsp_rest *vlsp_rest_open(const char *url, const char *token);
void vlsp_rest_close(struct vlsp_rest *rest);
/* One request. body: JSON text or NULL. The HTTP status (also 4xx, 5xx), *ret_body to be freed; -1:
 * there was no answer (vlsp_rest_error() says why). */
int vlsp_rest_call(struct vlsp_rest *rest, const char *method, const char *path, const char *body,
		   char **ret_body);
/* Of the last call; of NULL: of this thread's last vlsp_rest_open(). */
const char *vlsp_rest_error(const struct vlsp_rest *rest);

#ifdef __cplusplus
}
#endif
#endif
