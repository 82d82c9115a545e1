// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shape vocabulary: one table of a link's properties, their keys and how their values are read
 * and written. Used by the topology readers and writers, the REST interface and the command line.
 */
#include "lib/topo/doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/topo/units.h"

#define LIMIT_MAX 1000000 /* packets */

static const char *const distributions[] = {
	[TOPO_DIST_UNIFORM] = "uniform",
	[TOPO_DIST_NORMAL] = "normal",
	[TOPO_DIST_PARETO] = "pareto",
};

enum kind { RATE, DURATION, PERCENT, DISTRIBUTION, PACKETS, NUMBER };

static const struct property {
	const char *key;
	enum topo_shape_bit bit;
	enum kind kind;
	size_t offset;
} properties[] = {
	{"rate", TOPO_RATE, RATE, offsetof(struct topo_shape, rate)},
	{"delay", TOPO_DELAY, DURATION, offsetof(struct topo_shape, delay_ns)},
	{"jitter", TOPO_JITTER, DURATION, offsetof(struct topo_shape, jitter_ns)},
	{"distribution", TOPO_DISTRIBUTION, DISTRIBUTION,
	 offsetof(struct topo_shape, distribution)},
	{"loss", TOPO_LOSS, PERCENT, offsetof(struct topo_shape, loss_ppm)},
	{"duplicate", TOPO_DUPLICATE, PERCENT, offsetof(struct topo_shape, duplicate_ppm)},
	{"corrupt", TOPO_CORRUPT, PERCENT, offsetof(struct topo_shape, corrupt_ppm)},
	{"reorder", TOPO_REORDER, PERCENT, offsetof(struct topo_shape, reorder_ppm)},
	{"limit", TOPO_LIMIT, PACKETS, offsetof(struct topo_shape, limit_packets)},
	{"seed", TOPO_SEED, NUMBER, offsetof(struct topo_shape, seed)},
};

#define PROPERTY_COUNT (sizeof(properties) / sizeof(properties[0]))

static const struct property *find_property(const char *key)
{
	for (size_t i = 0; i < PROPERTY_COUNT; i++)
		if (strcmp(properties[i].key, key) == 0)
			return &properties[i];
	return NULL;
}

static int parse_distribution(const char *value, const char *key, enum topo_distribution *ret,
			      struct err *err)
{
	for (int i = 0; i < 3; i++) {
		if (strcmp(value, distributions[i]) == 0) {
			*ret = (enum topo_distribution)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "%s: '%.40s' is not one of uniform, normal, pareto", key,
		       value);
}

/* "100" or "100p" */
static int parse_packets(const char *value, const char *key, uint32_t *ret, struct err *err)
{
	size_t digits = strspn(value, "0123456789");
	char text[24];
	uint64_t packets;
	int r;

	if (digits >= sizeof(text) || (value[digits] && strcmp(value + digits, "p") != 0))
		return err_set(err, EINVAL, "%s: '%.40s' is not a number of packets, like 100p",
			       key, value);
	memcpy(text, value, digits);
	text[digits] = '\0';
	r = units_count_parse(text, key, 1, LIMIT_MAX, &packets, err);
	if (r == 0)
		*ret = (uint32_t)packets;
	return r;
}

int topo_shape_parse(struct topo_shape *shape, const char *key, const char *value, struct err *err)
{
	const struct property *property = find_property(key);
	char *at;
	int r = -EINVAL;

	if (!property)
		return err_set(err, EINVAL,
			       "%.40s: is not a property of a link (rate, delay, jitter, "
			       "distribution, loss, duplicate, corrupt, reorder, limit, seed)",
			       key);
	at = (char *)shape + property->offset;
	switch (property->kind) {
	case RATE:
		r = units_rate_parse(value, key, (uint64_t *)(void *)at, err);
		break;
	case DURATION:
		r = units_duration_parse(value, key, (uint64_t *)(void *)at, err);
		break;
	case PERCENT:
		r = units_percent_parse(value, key, (uint32_t *)(void *)at, err);
		break;
	case DISTRIBUTION:
		r = parse_distribution(value, key, &shape->distribution, err);
		break;
	case PACKETS:
		r = parse_packets(value, key, &shape->limit_packets, err);
		break;
	case NUMBER:
		r = units_count_parse(value, key, 0, UINT64_MAX, &shape->seed, err);
		break;
	}
	if (r == 0)
		shape->set |= property->bit;
	return r;
}

int topo_shape_format(const struct topo_shape *shape, size_t i, const char **ret_key,
		      char value[48])
{
	const struct property *property = NULL;
	const char *at;

	for (size_t k = 0; k < PROPERTY_COUNT && !property; k++)
		if (shape->set & properties[k].bit && i-- == 0)
			property = &properties[k];
	if (!property)
		return -ENOENT;
	at = (const char *)shape + property->offset;
	switch (property->kind) {
	case RATE:
		units_rate_format(*(const uint64_t *)(const void *)at, value);
		break;
	case DURATION:
		units_duration_format(*(const uint64_t *)(const void *)at, value);
		break;
	case PERCENT:
		units_percent_format(*(const uint32_t *)(const void *)at, value);
		break;
	case DISTRIBUTION:
		snprintf(value, UNITS_TEXT_SIZE, "%s", distributions[shape->distribution]);
		break;
	case PACKETS:
		snprintf(value, UNITS_TEXT_SIZE, "%up", shape->limit_packets);
		break;
	case NUMBER:
		snprintf(value, UNITS_TEXT_SIZE, "%" PRIu64, shape->seed);
		break;
	}
	*ret_key = property->key;
	return 0;
}

bool topo_shape_equal(const struct topo_shape *x, const struct topo_shape *y)
{
	if (x->set != y->set)
		return false;
	for (size_t i = 0; i < PROPERTY_COUNT; i++) {
		const struct property *p = &properties[i];
		bool wide = p->kind == RATE || p->kind == DURATION || p->kind == NUMBER;

		if (x->set & p->bit &&
		    memcmp((const char *)x + p->offset, (const char *)y + p->offset,
			   wide ? sizeof(uint64_t) : sizeof(uint32_t)) != 0)
			return false;
	}
	return true;
}

_Static_assert(sizeof(enum topo_distribution) == sizeof(uint32_t), "compared as 32 bits");
