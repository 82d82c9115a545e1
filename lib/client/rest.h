/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client for the REST API (libcurl): used by the command line. */
#ifndef VLSP_LIB_CLIENT_REST_H
#define VLSP_LIB_CLIENT_REST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct rest;

struct rest_trust {	   /* each may be NULL; copied */
	const char *token; /* the bearer token */
	const char *ca; /* PEM file: authorities of the server's certificate; NULL: the system's */
	const char *cert, *key; /* PEM files: what we show if asked */
};

/* url: unix:///run/vlsp/vlspd.sock, http://HOST:PORT, https://HOST:PORT. trust: NULL is fine. 0 or
 * -EINVAL. A token is not sent by http:// to another machine: -EINVAL. */
int rest_open(const char *url, const struct rest_trust *trust, struct rest **ret_rest,
	      struct err *err);
/* Whether the host of http:// or https:// is this machine, by its name or address. */
bool rest_is_local(const char *url);
void rest_close(struct rest *rest); /* NULL is fine */

/* One request, sent again when it comes too often for the daemon (429). path with its query,
 * already encoded; body may be NULL. *ret_status is the HTTP status, *ret_body NUL-terminated (the
 * caller frees it). -errno only if there was no answer. */
int rest_call(struct rest *rest, const char *method, const char *path, const char *type,
	      const void *body, size_t size, int *ret_status, char **ret_body, size_t *ret_size,
	      struct err *err);
/* Like rest_call with GET, but calls fn for each line of the body as it arrives (server-sent
 * events); fn returns non-zero to end. */
int rest_stream(struct rest *rest, const char *path, int (*fn)(void *arg, const char *line),
		void *arg, struct err *err);

#endif
