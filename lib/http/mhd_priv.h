/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between mhd.c (libmicrohttpd on the loop) and mhd_request.c (one request of it). */
#ifndef VLSP_LIB_HTTP_MHD_PRIV_H
#define VLSP_LIB_HTTP_MHD_PRIV_H

#include <microhttpd.h>

#include "lib/http/server_priv.h"

struct http_mhd {
	struct http_config config;
	struct MHD_Daemon *daemon;
	struct loop_source *source;
	struct loop_timer *timer;
	struct list requests;
	struct http_conn **conns; /* by descriptor */
	size_t conns_room;
	size_t bodies, answers; /* bytes of all requests' */
	bool ended;		/* a client has stopped sending within a body */
	bool stopping;
};

/* mhd.c. Of a connection of libmicrohttpd's; NULL: unknown. */
struct http_conn *http_mhd_conn(struct http_mhd *mhd, struct MHD_Connection *connection);

/* mhd_request.c: callbacks of libmicrohttpd; arg is the struct http_mhd. */
void *http_request_on_uri(void *arg, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_request_on_access(void *arg, struct MHD_Connection *connection,
				       const char *url, const char *method, const char *version,
				       const char *data, size_t *size, void **state);
void http_request_on_completed(void *arg, struct MHD_Connection *connection, void **state,
			       enum MHD_RequestTerminationCode code);
/* Before and after each run of libmicrohttpd. */
void http_request_refuse_ended(struct http_mhd *mhd);
/* The server ends: what waits is answered. */
void http_request_flush(struct http_mhd *mhd);

#endif
