/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every limit of the HTTP side, in one place; told in Documentation/rest/bodies.md. */
#ifndef VLSP_LIB_HTTP_LIMITS_H
#define VLSP_LIB_HTTP_LIMITS_H

#define HTTP_HEAD_MAX	      16384	   /* bytes of the request line and the headers */
#define HTTP_TARGET_MAX	      8192	   /* bytes of path and query */
#define HTTP_HEADERS_MAX      100	   /* header lines */
#define HTTP_BODY_MAX	      (1u << 20)   /* bytes of a body */
#define HTTP_BODY_TOPOLOGY    (32u << 20)  /* bytes of a body that is a topology file */
#define HTTP_DISCARD_MAX      (1ull << 30) /* bytes read and thrown away to answer 413 in order */
#define HTTP_PEEK_BODY	      16384	   /* a body up to this size is awaited before parsing */
#define HTTP_PARAMS_MAX	      64	   /* query and body parameters together */
#define HTTP_VALUE_MAX	      4096	   /* bytes of one parameter's value */
#define HTTP_CONNECTIONS_MAX  512	   /* open connections; beyond: 503 */
#define HTTP_HEAD_TIMEOUT_MS  10000	   /* from the connection to the end of the head */
#define HTTP_LINGER_MS	      2000	   /* after a refusal, for the client to read it */
#define HTTP_IDLE_TIMEOUT_S   60	   /* without a byte in either direction */
#define HTTP_STREAM_QUEUE_MAX (1u << 18)   /* bytes queued for one client of a stream */
#define HTTP_STREAM_BEAT_MS   15000	   /* a comment line to a silent stream */

#endif
