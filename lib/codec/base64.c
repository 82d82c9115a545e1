// SPDX-License-Identifier: GPL-2.0-or-later
/* Base 64, for files within JSON. Used by lib/topo and the command line. See base64.h. */
#include "lib/codec/base64.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_decode(const char *text, char **ret_data, size_t *ret_size)
{
	size_t length = strlen(text), pad = 0, n = 0;
	char *data;

	if (length % 4)
		return -EINVAL;
	while (pad < 2 && pad < length && text[length - 1 - pad] == '=')
		pad++;
	data = malloc(length / 4 * 3 + 1);
	if (!data)
		return -ENOMEM;
	for (size_t i = 0; i < length; i += 4) {
		uint32_t word = 0;

		for (size_t k = 0; k < 4; k++) {
			const char *at = i + k >= length - pad ? alphabet
							       : strchr(alphabet, text[i + k]);

			if (!at) {
				free(data);
				return -EINVAL;
			}
			word = word << 6 | (uint32_t)(at - alphabet);
		}
		data[n++] = (char)(word >> 16);
		data[n++] = (char)(word >> 8);
		data[n++] = (char)word;
	}
	n -= pad;
	data[n] = '\0';
	*ret_data = data;
	*ret_size = n;
	return 0;
}

char *base64_encode(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	char *text = malloc((size + 2) / 3 * 4 + 1), *to = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i += 3) {
		uint32_t word = (uint32_t)bytes[i] << 16;
		size_t left = size - i;

		if (left > 1)
			word |= (uint32_t)bytes[i + 1] << 8;
		if (left > 2)
			word |= bytes[i + 2];
		*to++ = alphabet[word >> 18];
		*to++ = alphabet[word >> 12 & 63];
		*to++ = left > 1 ? alphabet[word >> 6 & 63] : '=';
		*to++ = left > 2 ? alphabet[word & 63] : '=';
	}
	*to = '\0';
	return text;
}
