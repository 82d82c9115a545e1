/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client for the REST API (libcurl): used by the command line. */
#ifndef VLSP_LIB_CLIENT_REST_H
#define VLSP_LIB_CLIENT_REST_H

#include <stddef.h>

#include "lib/base/err.h"

struct rest;

/* url: unix:///run/vlsp/vlspd.sock, http://HOST:PORT, https://HOST:PORT. token: NULL or the bearer
 * token. 0 or -EINVAL. */
int rest_open(const char *url, const char *token, struct rest **ret_rest, struct err *err);
void rest_close(struct rest *rest); /* NULL is fine */

/* One request. path with its query, already encoded; body may be NULL. *ret_status is the HTTP
 * status, *ret_body NUL-terminated (the caller frees it). -errno only if there was no answer. */
int rest_call(struct rest *rest, const char *method, const char *path, const char *type,
	      const void *body, size_t size, int *ret_status, char **ret_body, size_t *ret_size,
	      struct err *err);
/* Like rest_call with GET, but calls fn for each line of the body as it arrives (server-sent
 * events); fn returns non-zero to end. */
int rest_stream(struct rest *rest, const char *path, int (*fn)(void *arg, const char *line),
		void *arg, struct err *err);

#endif
