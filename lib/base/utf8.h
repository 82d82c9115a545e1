/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 (RFC 3629), as far as text from outside has to be judged. */
#ifndef VLSP_LIB_BASE_UTF8_H
#define VLSP_LIB_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* One character (shortest form), of a text that ends in NUL: its bytes, or 0: it is none. */
size_t utf8_decode(const char *text, uint32_t *ret_code);
/* What is no character, and controls, become '?', in place; for text that is shown or goes into
 * JSON, and was written, or cut, by anybody. */
void utf8_clean(char *text);

#endif
