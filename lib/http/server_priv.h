/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between server.c (listeners and the look before) and mhd.c (libmicrohttpd). */
#ifndef VLSP_LIB_HTTP_SERVER_PRIV_H
#define VLSP_LIB_HTTP_SERVER_PRIV_H

#include <sys/socket.h>

#include "lib/http/server.h"

struct http_mhd;

int http_mhd_new(const struct http_config *config, struct http_mhd **ret_mhd, struct err *err);
void http_mhd_free(struct http_mhd *mhd);
/* Takes the connected, non-blocking descriptor. */
void http_mhd_add(struct http_mhd *mhd, int fd, const struct sockaddr *addr, socklen_t len);
/* Connections that libmicrohttpd holds. */
unsigned http_mhd_count(const struct http_mhd *mhd);

#endif
