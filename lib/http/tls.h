/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS (1.2 and 1.3, by GnuTLS) in front of the HTTP server: our certificate and key, and the
 * authority of clients' certificates if they must have one.
 */
#ifndef VLSP_LIB_HTTP_TLS_H
#define VLSP_LIB_HTTP_TLS_H

#include <stdbool.h>

#include "lib/base/err.h"

struct http_tls;

/* Reads PEM files. cert: ours and its chain; key: its private key, which must not be readable by
 * everybody; client_ca: NULL, or clients must show a certificate of one of these authorities.
 * -EACCES, -ENOENT ...: a file; -EINVAL: what is in it. */
int http_tls_new(const char *cert, const char *key, const char *client_ca,
		 struct http_tls **ret_tls, struct err *err);
void http_tls_free(struct http_tls *tls); /* NULL is fine */

/* Whether our certificate is one for host, a name or an address without port. */
bool http_tls_is_for(const struct http_tls *tls, const char *host);

#endif
