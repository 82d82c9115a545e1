// SPDX-License-Identifier: GPL-2.0-or-later
/* Prefixes as people write them. Used by lib/topo, lib/nlk and whoever attaches interfaces. */
#include "lib/base/prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int prefix_text_parse(const char *text, struct prefix *ret_prefix)
{
	const char *slash = strchr(text, '/'), *digits = slash ? slash + 1 : "";
	struct prefix prefix = {0};
	char address[INET6_ADDRSTRLEN];
	unsigned long length;

	if (!slash || (size_t)(slash - text) >= sizeof(address) || strlen(digits) > 3 ||
	    !digits[0] || strspn(digits, "0123456789") != strlen(digits) ||
	    (digits[0] == '0' && digits[1]))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	length = strtoul(digits, NULL, 10);
	prefix.version = strchr(address, ':') ? 6 : 4;
	if (inet_pton(prefix.version == 6 ? AF_INET6 : AF_INET, address, prefix.bytes) != 1 ||
	    length > (prefix.version == 6 ? 128 : 32))
		return -EINVAL;
	prefix.length = (uint8_t)length;
	*ret_prefix = prefix;
	return 0;
}

const char *prefix_text_format(const struct prefix *prefix, char buf[PREFIX_TEXT_SIZE])
{
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(prefix->version == 6 ? AF_INET6 : AF_INET, prefix->bytes, address,
		  sizeof(address));
	snprintf(buf, PREFIX_TEXT_SIZE, "%s/%u", address, prefix->length);
	return buf;
}

bool prefix_equal(const struct prefix *x, const struct prefix *y)
{
	return x->version == y->version && x->length == y->length &&
	       memcmp(x->bytes, y->bytes, sizeof(x->bytes)) == 0;
}

/* Whether the first bits are the same. */
static bool same_bits(const uint8_t *x, const uint8_t *y, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(x, y, whole) == 0 && (!rest || (x[whole] ^ y[whole]) >> (8 - rest) == 0);
}

bool prefix_overlap(const struct prefix *x, const struct prefix *y)
{
	return x->version == y->version &&
	       same_bits(x->bytes, y->bytes, x->length < y->length ? x->length : y->length);
}

static const char *fault_4(const struct prefix *prefix)
{
	uint32_t address, host;

	memcpy(&address, prefix->bytes, sizeof(address));
	address = ntohl(address);
	host = prefix->length < 32 ? ~0u >> prefix->length : 0;
	if (address >> 24 == 0 || address >> 24 == 127 || address >> 28 >= 14)
		return "is no address of a device";
	if (prefix->length < 31 && (address & host) == 0)
		return "is its network's own address";
	if (prefix->length < 31 && (address & host) == host)
		return "is its network's broadcast address";
	return NULL;
}

const char *prefix_host_fault(const struct prefix *prefix)
{
	static const uint8_t none[15];

	if (prefix->length == 0)
		return "has the prefix length 0";
	if (prefix->version == 4)
		return fault_4(prefix);
	if (prefix->bytes[0] == 0xff ||
	    (memcmp(prefix->bytes, none, sizeof(none)) == 0 && prefix->bytes[15] <= 1))
		return "is no address of a device";
	return NULL;
}
