// SPDX-License-Identifier: GPL-2.0-or-later
/* Heads of requests and responses. Used by server and client; what is read comes from anybody on
 * the network. */
#include "apps/exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t exchange_write_request(char *to, const struct exchange_request *request)
{
	return (size_t)snprintf(to, EXCHANGE_HEAD,
				"GET /%" PRIu64 " VDP/1.0\r\nid: %" PRIu64 "\r\n\r\n",
				request->length, request->id);
}

size_t exchange_write_part(char *to, const struct exchange_part *part)
{
	return (size_t)snprintf(to, EXCHANGE_HEAD,
				"VDP/1.0 %u\r\nid: %" PRIu64 "\r\npart: %" PRIu64 " %" PRIu64
				"\r\n\r\n",
				part->status, part->id, part->offset, part->length);
}

/* Moves *at behind text, if that is there. */
static bool word(const char **at, const char *end, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(end - *at) < length || memcmp(*at, text, length) != 0)
		return false;
	*at += length;
	return true;
}

/* 1 to 18 digits. */
static bool number(const char **at, const char *end, uint64_t *ret_value)
{
	const char *first = *at;
	uint64_t value = 0;

	while (*at < end && **at >= '0' && **at <= '9' && *at - first < 18)
		value = value * 10 + (uint64_t)(*(*at)++ - '0');
	*ret_value = value;
	return *at > first;
}

bool exchange_is_answered(const char *data, size_t size)
{
	const char *at = data;

	return word(&at, data + size, "GET ");
}

bool exchange_read_request(const char *data, size_t size, struct exchange_request *ret_request)
{
	const char *at = data, *end = data + size;
	struct exchange_request request;

	if (!word(&at, end, "GET /") || !number(&at, end, &request.length) ||
	    !word(&at, end, " VDP/1.0\r\nid: ") || !number(&at, end, &request.id) ||
	    !word(&at, end, "\r\n\r\n"))
		return false;
	*ret_request = request;
	return true;
}

bool exchange_read_part(const char *data, size_t size, struct exchange_part *ret_part)
{
	const char *at = data, *end = data + size;
	struct exchange_part part;
	uint64_t status, left;

	if (!word(&at, end, "VDP/1.0 ") || !number(&at, end, &status) ||
	    !word(&at, end, "\r\nid: ") || !number(&at, end, &part.id) ||
	    !word(&at, end, "\r\npart: ") || !number(&at, end, &part.offset) ||
	    !word(&at, end, " ") || !number(&at, end, &part.length) || !word(&at, end, "\r\n\r\n"))
		return false;
	part.bytes = at;
	part.size = (size_t)(end - at);
	left = part.length - part.offset;
	if (status > 999 || part.length > EXCHANGE_RESPONSE_MAX || part.offset > part.length ||
	    part.offset % EXCHANGE_PART ||
	    part.size != (left < EXCHANGE_PART ? left : EXCHANGE_PART) ||
	    (left == 0 && part.length > 0))
		return false;
	part.status = (unsigned)status;
	*ret_part = part;
	return true;
}
