/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base 64 with padding, without line breaks: RFC 4648, section 4. */
#ifndef VLSP_LIB_CODEC_BASE64_H
#define VLSP_LIB_CODEC_BASE64_H

#include <stddef.h>

/* To be freed; *ret_size bytes and a NUL behind them. -EINVAL, -ENOMEM. */
int base64_decode(const char *text, char **ret_data, size_t *ret_size);
/* NUL-terminated, to be freed; NULL: out of memory. */
char *base64_encode(const void *data, size_t size);

#endif
