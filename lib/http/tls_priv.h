/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between tls.c (what TLS needs to know) and relay.c (TLS of one connection). */
#ifndef VLSP_LIB_HTTP_TLS_PRIV_H
#define VLSP_LIB_HTTP_TLS_PRIV_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "lib/http/limits.h"
#include "lib/http/rate.h"
#include "lib/http/tls.h"

struct http_tls {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities;
	gnutls_x509_crt_t cert;
	struct http_rate *rate; /* handshakes, by address */
	bool knows_clients;	/* they show certificates */
};

#endif
