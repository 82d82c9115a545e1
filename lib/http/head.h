/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the bytes of a connection are the head of an HTTP/1.x request that can be served. */
#ifndef VLSP_LIB_HTTP_HEAD_H
#define VLSP_LIB_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

struct http_head {
	size_t length;		 /* of the head, its empty line included */
	unsigned long long body; /* Content-Length; 0: none */
	bool chunked;
	bool expect_continue;
	int status; /* of a refusal */
	char text[200];
};

enum http_head_state { HTTP_HEAD_MORE, HTTP_HEAD_GOOD, HTTP_HEAD_BAD };

/* Looks at the first size bytes (RFC 9112). BAD fills in status and text, GOOD the rest. */
enum http_head_state http_head_check(const char *data, size_t size, struct http_head *ret_head);

/* The whole of a refusal: status line, headers, {"error": text}. Returns the length, cut to size.
 */
size_t http_head_refusal(int status, const char *text, char *buf, size_t size);

#endif
