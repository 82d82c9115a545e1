// SPDX-License-Identifier: GPL-2.0-or-later
/* UTF-8 (utf8.h). Called for labels of topologies, and for what applications say. */
#include "lib/base/utf8.h"

size_t utf8_decode(const char *text, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	size_t n = p[0] < 0x80	     ? 1
		   : p[0] >> 5 == 6  ? 2
		   : p[0] >> 4 == 14 ? 3
		   : p[0] >> 3 == 30 ? 4
				     : 0;
	uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

	if (n == 0)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((n > 1 && c < least[n]) || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret_code = c;
	return n;
}

void utf8_clean(char *text)
{
	while (*text) {
		uint32_t code = 0;
		size_t n = utf8_decode(text, &code);

		if (n == 0 || code < ' ' || (code >= 0x7f && code < 0xa0)) {
			for (size_t i = 0; i < (n ? n : 1); i++)
				text[i] = '?';
		}
		text += n ? n : 1;
	}
}
