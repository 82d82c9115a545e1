/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every limit on what a client controls; told in Documentation/access.md. */
#ifndef VLSP_LIB_HTTP_LIMITS_H
#define VLSP_LIB_HTTP_LIMITS_H

/* one request; nesting and sizes of topology files: lib/topo, of JSON: HTTP_JSON_* */
#define HTTP_HEAD_MAX	   16384	/* bytes of the request line and the headers */
#define HTTP_TARGET_MAX	   8192		/* bytes of path and query */
#define HTTP_HEADERS_MAX   100		/* header lines */
#define HTTP_BODY_MAX	   (1u << 20)	/* bytes of a body */
#define HTTP_BODY_TOPOLOGY (32u << 20)	/* bytes of a body that is a topology file */
#define HTTP_DISCARD_MAX   (1ull << 30) /* bytes read and thrown away to answer 413 in order */
#define HTTP_PEEK_BODY	   16384	/* a body up to this size is awaited before parsing */
#define HTTP_PARAMS_MAX	   64		/* query and body parameters together */
#define HTTP_VALUE_MAX	   4096		/* bytes of one parameter's value */

/* connections: slots of each kind of listener, none of which can use up another's; one client (a
 * user, an address) gets three quarters of a kind's; root all of the socket's */
#define HTTP_CONNECTIONS_UNIX	 256
#define HTTP_CONNECTIONS_READ	 64
#define HTTP_CONNECTIONS_TCP	 384
#define HTTP_CONNECTIONS_MAX	 (HTTP_CONNECTIONS_UNIX + HTTP_CONNECTIONS_READ + HTTP_CONNECTIONS_TCP)
#define HTTP_CLIENT_SHARE(slots) ((slots) - (slots) / 4)

/* time */
#define HTTP_HEAD_TIMEOUT_MS 10000 /* from the connection to the end of the head, TLS included */
#define HTTP_BODY_GRACE_MS   10000 /* after that a body must have come at this rate on average */
#define HTTP_BODY_RATE_MIN   4096  /* bytes a second */
#define HTTP_BODY_RATE_EVICT 65536 /* slower ones give way when slots are short */
#define HTTP_LINGER_MS	     2000  /* after a refusal, for the client to read it */
#define HTTP_IDLE_TIMEOUT_S  60	   /* without a byte in either direction */

/* requests a second of one client (a user; an address and its token or certificate) */
#define HTTP_RATE_MAX	  2000
#define HTTP_RATE_BURST	  4000
#define HTTP_RATE_CLIENTS 1024 /* that are told apart at a time */
/* TLS handshakes a second of one address: each costs milliseconds */
#define HTTP_TLS_RATE_MAX   100
#define HTTP_TLS_RATE_BURST 200

/* memory of all clients together; beyond: 503 */
#define HTTP_BODIES_TOTAL     (64u << 20)
#define HTTP_ANSWERS_TOTAL    (256u << 20)
#define HTTP_STREAM_QUEUE_MAX (1u << 18) /* bytes queued for one client of a stream */
#define HTTP_STREAM_BEAT_MS   15000	 /* a comment line to a silent stream */

#endif
