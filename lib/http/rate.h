/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Token buckets by name: how often each of many clients does something. Pure: time is given. */
#ifndef VLSP_LIB_HTTP_RATE_H
#define VLSP_LIB_HTTP_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct http_rate;

/* rate: tokens a second, at most burst at once; clients: how many are told apart at a time. NULL:
 * out of memory. */
struct http_rate *http_rate_new(unsigned rate, unsigned burst, unsigned clients);
void http_rate_free(struct http_rate *rate); /* NULL is fine */

/* Takes a token of that client. false: there is none. If clients are more than are told apart, the
 * one that was silent for longest is forgotten, that is, has a full bucket when it comes back. */
bool http_rate_take(struct http_rate *rate, const char *client, uint64_t now_ns);

#endif
