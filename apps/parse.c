// SPDX-License-Identifier: GPL-2.0-or-later
/* Words of command lines and settings: numbers with units, addresses, distributions. Used by all
 * applications. */
#include "apps/parse.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <vlsp/vlsp.h>

#include "apps/random.h"

#define COUNT_MAX 0x1p53 /* what a double counts exactly */

struct unit {
	const char *name;
	double factor;
};

static const struct unit byte_units[] = {
	{"", 1}, {"K", 0x1p10}, {"M", 0x1p20}, {"G", 0x1p30}, {NULL, 0},
};
static const struct unit time_units[] = {
	/* in seconds */
	{"", 1e-3}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {NULL, 0},
};
static const struct unit rate_units[] = {
	{"", 1}, {"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {NULL, 0},
};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

/* digits[.digits][unit] up to end; no sign, no exponent. */
static bool number(const char *text, const char *end, const struct unit *units, double *ret_value)
{
	size_t length = strspn(text, "0123456789"), places;
	char digits[41];

	places = text[length] == '.' ? strspn(text + length + 1, "0123456789") : 0;
	if (length + places == 0)
		return false;
	if (places > 0)
		length += 1 + places;
	if (length >= sizeof(digits))
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	while (units->name && (strlen(units->name) != (size_t)(end - text) - length ||
			       strncasecmp(units->name, text + length, strlen(units->name)) != 0))
		units++;
	if (!units->name)
		return false;
	*ret_value = strtod(digits, NULL) * units->factor;
	return true;
}

static bool whole_number(const char *text, const struct unit *units, uint64_t *ret_value)
{
	double value;

	if (!number(text, text + strlen(text), units, &value) || value > COUNT_MAX)
		return false;
	*ret_value = (uint64_t)llround(value);
	return true;
}

const char *parse_text(const char *text, void *value)
{
	*(const char **)value = text;
	return NULL;
}

const char *parse_count(const char *text, void *value)
{
	if (strchr(text, '.') || !whole_number(text, no_units, value))
		return "a number";
	return NULL;
}

const char *parse_port(const char *text, void *value)
{
	uint64_t port;

	if (parse_count(text, &port) || port < 1 || port > 65535)
		return "a port (1 to 65535)";
	*(uint16_t *)value = (uint16_t)port;
	return NULL;
}

const char *parse_real(const char *text, void *value)
{
	if (!number(text, text + strlen(text), no_units, value))
		return "a number";
	return NULL;
}

const char *parse_bytes(const char *text, void *value)
{
	if (!whole_number(text, byte_units, value))
		return "a number of bytes (1500, 64K, 2M, 1G)";
	return NULL;
}

const char *parse_time(const char *text, void *value)
{
	double seconds;

	if (!number(text, text + strlen(text), time_units, &seconds) || seconds > 1e9)
		return "a time (20, 20ms, 1.5s, 100us, 2m)";
	*(uint64_t *)value = (uint64_t)llround(seconds * 1e9);
	return NULL;
}

const char *parse_rate(const char *text, void *value)
{
	if (!number(text, text + strlen(text), rate_units, value))
		return "a rate (64000, 64kbit, 1.5mbit, 1gbit)";
	return NULL;
}

const char *parse_host(const char *text, void *value)
{
	struct vlsp_address address;

	if (vlsp_address_parse(text, &address) < 0)
		return errno == ENOENT ? "the name of a router" : "a router's name or address";
	if (address.host == 0 || address.port != 0)
		return "a router's name or address, without a port";
	*(struct vlsp_address *)value = address;
	return NULL;
}

const char *parse_address(const char *text, void *value)
{
	struct vlsp_address address;

	if (vlsp_address_parse(text, &address) < 0)
		return errno == ENOENT ? "at a router of that name" : "an address (ADDR:PORT)";
	if (address.host == 0 || address.port == 0)
		return "an address with a port (ADDR:PORT)";
	*(struct vlsp_address *)value = address;
	return NULL;
}

/* NAME:A or NAME:A,B; a number alone is constant. The second parameter has the first one's unit, or
 * none. */
static bool distribution(const char *text, const struct unit *units, struct random_dist *ret_dist)
{
	const struct random_name *name = random_names;
	const char *colon = strchr(text, ':'), *end = text + strlen(text), *comma;
	struct random_dist dist = {.kind = RANDOM_CONSTANT};

	if (!colon) {
		if (!number(text, end, units, &dist.a))
			return false;
		*ret_dist = dist;
		return true;
	}
	while (name->name && (strlen(name->name) != (size_t)(colon - text) ||
			      strncmp(name->name, text, (size_t)(colon - text)) != 0))
		name++;
	comma = strchr(colon, ',');
	if (!name->name || !comma != (name->parameters == 1))
		return false;
	dist.kind = name->kind;
	if (!number(colon + 1, comma ? comma : end, units, &dist.a))
		return false;
	if (comma && !number(comma + 1, end, name->second_plain ? no_units : units, &dist.b))
		return false;
	if (!random_check(&dist))
		return false;
	*ret_dist = dist;
	return true;
}

#define DISTRIBUTION                                                                               \
	"a number or a distribution (constant:V, uniform:MIN,MAX, exponential:MEAN, "              \
	"normal:MEAN,SD, "                                                                         \
	"lognormal:MEDIAN,SIGMA, pareto:MIN,SHAPE, weibull:SCALE,SHAPE)"

const char *parse_dist(const char *text, void *value)
{
	return distribution(text, no_units, value) ? NULL : DISTRIBUTION;
}

const char *parse_dist_bytes(const char *text, void *value)
{
	return distribution(text, byte_units, value) ? NULL : DISTRIBUTION " of bytes (10K)";
}

const char *parse_dist_time(const char *text, void *value)
{
	return distribution(text, time_units, value) ? NULL : DISTRIBUTION " of times (20ms, 1.5s)";
}

const char *parse_dist_rate(const char *text, void *value)
{
	return distribution(text, rate_units, value) ? NULL : DISTRIBUTION " of rates (64kbit)";
}
