// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shape vocabulary: one table of a link's properties, their keys and how their values are read
 * and written. Used by the topology readers and writers, the generators, the REST interface and
 * the command line; which properties go together is in shape_check.c.
 */
#include "lib/topo/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/topo/units.h"

#define LIMIT_MAX      1000000	   /* packets */
#define BURST_MAX_1000 1000000000u /* a burst of a million datagrams */
#define OVERHEAD_MIN   (-14)	   /* the Ethernet header is not counted */
#define OVERHEAD_MAX   1000

static const char *const distributions[] = {
	[TOPO_DIST_UNIFORM] = "uniform",
	[TOPO_DIST_NORMAL] = "normal",
	[TOPO_DIST_PARETO] = "pareto",
	[TOPO_DIST_PARETONORMAL] = "paretonormal",
	NULL,
};
static const char *const orders[] = {[TOPO_ORDER_FREE] = "free", [TOPO_ORDER_KEEP] = "keep", NULL};
static const char *const backends[] = {
	[TOPO_BACKEND_AUTO] = "auto",	[TOPO_BACKEND_TC] = "tc",     [TOPO_BACKEND_BPF] = "bpf",
	[TOPO_BACKEND_RELAY] = "relay", [TOPO_BACKEND_KMOD] = "kmod", NULL,
};

/* Up to NUMBER 64 bits wide, the others 32. */
enum kind { RATE, DURATION, NUMBER, PERCENT, SHARE, PACKETS, BURST, OVERHEAD, WORD };

static const struct property {
	const char *key;
	enum topo_shape_bit bit;
	enum kind kind;
	size_t offset;
	const char *const *words; /* WORD: by value */
} properties[] = {
	{"rate", TOPO_RATE, RATE, offsetof(struct topo_shape, rate), NULL},
	{"delay", TOPO_DELAY, DURATION, offsetof(struct topo_shape, delay_ns), NULL},
	{"jitter", TOPO_JITTER, DURATION, offsetof(struct topo_shape, jitter_ns), NULL},
	{"distribution", TOPO_DISTRIBUTION, WORD, offsetof(struct topo_shape, distribution),
	 distributions},
	{"loss", TOPO_LOSS, PERCENT, offsetof(struct topo_shape, loss_ppm), NULL},
	{"burst", TOPO_BURST, BURST, offsetof(struct topo_shape, burst_milli), NULL},
	{"burst-loss", TOPO_BURST_LOSS, SHARE, offsetof(struct topo_shape, burst_loss_ppm), NULL},
	{"duplicate", TOPO_DUPLICATE, PERCENT, offsetof(struct topo_shape, duplicate_ppm), NULL},
	{"corrupt", TOPO_CORRUPT, PERCENT, offsetof(struct topo_shape, corrupt_ppm), NULL},
	{"reorder", TOPO_REORDER, PERCENT, offsetof(struct topo_shape, reorder_ppm), NULL},
	{"order", TOPO_ORDER, WORD, offsetof(struct topo_shape, order), orders},
	{"limit", TOPO_LIMIT, PACKETS, offsetof(struct topo_shape, limit_packets), NULL},
	{"overhead", TOPO_OVERHEAD, OVERHEAD, offsetof(struct topo_shape, overhead), NULL},
	{"seed", TOPO_SEED, NUMBER, offsetof(struct topo_shape, seed), NULL},
	{"backend", TOPO_BACKEND, WORD, offsetof(struct topo_shape, backend), backends},
};

#define PROPERTY_COUNT (sizeof(properties) / sizeof(properties[0]))

_Static_assert(sizeof(enum topo_distribution) == sizeof(uint32_t) &&
		       sizeof(enum topo_order) == sizeof(uint32_t) &&
		       sizeof(enum topo_backend) == sizeof(uint32_t),
	       "words are read, written and compared as 32 bits");

static size_t width(const struct property *property)
{
	return property->kind <= NUMBER ? sizeof(uint64_t) : sizeof(uint32_t);
}

static const struct property *find_property(const char *key)
{
	for (size_t i = 0; i < PROPERTY_COUNT; i++)
		if (strcmp(properties[i].key, key) == 0)
			return &properties[i];
	return NULL;
}

const char *topo_shape_key(size_t i)
{
	return i < PROPERTY_COUNT ? properties[i].key : NULL;
}

/* "rate, delay, ..." */
static const char *list_keys(char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < PROPERTY_COUNT && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? ", " : "", properties[i].key);
	return buf;
}

static int parse_word(const char *value, const struct property *property, uint32_t *ret,
		      struct err *err)
{
	char all[120] = "";
	size_t n = 0;

	for (uint32_t i = 0; property->words[i]; i++) {
		if (strcmp(value, property->words[i]) == 0) {
			*ret = i;
			return 0;
		}
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "",
				      property->words[i]);
	}
	return err_set(err, EINVAL, "%s: '%.40s' is not one of %s", property->key, value, all);
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

/* A whole number that may be negative. */
static int parse_overhead(const char *value, const char *key, int32_t *ret, struct err *err)
{
	bool minus = value[0] == '-';
	uint64_t bytes;

	if (units_count_parse(value + minus, key, 0, minus ? -OVERHEAD_MIN : OVERHEAD_MAX, &bytes,
			      NULL) < 0)
		return err_set(err, EINVAL, "%s: '%.40s' is not a whole number from %d to %d", key,
			       value, OVERHEAD_MIN, OVERHEAD_MAX);
	*ret = minus ? -(int32_t)bytes : (int32_t)bytes;
	return 0;
}

static int parse_share(const char *value, const char *key, uint32_t *ret, struct err *err)
{
	uint32_t ppm = 0;
	int r = units_percent_parse(value, key, &ppm, err);

	if (r == 0 && ppm == 0)
		return err_set(err, EINVAL, "%s: must be more than 0%%", key);
	if (r == 0)
		*ret = ppm;
	return r;
}

static int parse_value(const struct property *property, const char *value, void *at,
		       struct err *err)
{
	const char *key = property->key;

	switch (property->kind) {
	case RATE:
		return units_rate_parse(value, key, at, err);
	case DURATION:
		return units_duration_parse(value, key, at, err);
	case NUMBER:
		return units_count_parse(value, key, 0, UINT64_MAX, at, err);
	case PERCENT:
		return units_percent_parse(value, key, at, err);
	case SHARE:
		return parse_share(value, key, at, err);
	case PACKETS:
		return parse_packets(value, key, at, err);
	case BURST:
		return units_thousandths_parse(value, key, 1000, BURST_MAX_1000, at, err);
	case OVERHEAD:
		return parse_overhead(value, key, at, err);
	case WORD:
		return parse_word(value, property, at, err);
	}
	return err_set(err, EINVAL, "%s: of no known kind", key);
}

static void take_away(struct topo_shape *shape, const struct property *property)
{
	shape->set &= ~(uint32_t)property->bit;
	memset((char *)shape + property->offset, 0, width(property));
}

int topo_shape_parse(struct topo_shape *shape, const char *key, const char *value, struct err *err)
{
	const struct property *property = find_property(key);
	char all[200];
	int r;

	if (!property)
		return err_set(err, EINVAL, "%.40s: is not a property of a link (%s)", key,
			       list_keys(all, sizeof(all)));
	if (strcmp(value, "none") == 0) {
		take_away(shape, property);
		return 0;
	}
	r = parse_value(property, value, (char *)shape + property->offset, err);
	if (r < 0)
		return r;
	if (property->bit == TOPO_BACKEND && shape->backend == TOPO_BACKEND_AUTO)
		take_away(shape, property);
	else
		shape->set |= property->bit;
	return 0;
}

int topo_shape_change(struct topo_shape *change, uint32_t *clear, const char *key,
		      const char *value, struct err *err)
{
	int r = topo_shape_parse(change, key, value, err);
	uint32_t bit = r < 0 ? 0 : find_property(key)->bit;

	*clear = change->set & bit ? *clear & ~bit : *clear | bit;
	return r;
}

void topo_shape_merge(struct topo_shape *shape, const struct topo_shape *change, uint32_t clear)
{
	for (size_t i = 0; i < PROPERTY_COUNT; i++) {
		const struct property *p = &properties[i];

		if (change->set & p->bit) {
			memcpy((char *)shape + p->offset, (const char *)change + p->offset,
			       width(p));
			shape->set |= p->bit;
		} else if (clear & p->bit) {
			take_away(shape, p);
		}
	}
}

int topo_shape_format(const struct topo_shape *shape, size_t i, const char **ret_key,
		      char value[48])
{
	const struct property *property = NULL;
	const void *at;

	for (size_t k = 0; k < PROPERTY_COUNT && !property; k++)
		if (shape->set & properties[k].bit && i-- == 0)
			property = &properties[k];
	if (!property)
		return -ENOENT;
	at = (const char *)shape + property->offset;
	switch (property->kind) {
	case RATE:
		units_rate_format(*(const uint64_t *)at, value);
		break;
	case DURATION:
		units_duration_format(*(const uint64_t *)at, value);
		break;
	case NUMBER:
		snprintf(value, UNITS_TEXT_SIZE, "%" PRIu64, *(const uint64_t *)at);
		break;
	case PERCENT:
	case SHARE:
		units_percent_format(*(const uint32_t *)at, value);
		break;
	case PACKETS:
		snprintf(value, UNITS_TEXT_SIZE, "%up", *(const uint32_t *)at);
		break;
	case BURST:
		units_thousandths_format(*(const uint32_t *)at, value);
		break;
	case OVERHEAD:
		snprintf(value, UNITS_TEXT_SIZE, "%d", *(const int32_t *)at);
		break;
	case WORD:
		snprintf(value, UNITS_TEXT_SIZE, "%s", property->words[*(const uint32_t *)at]);
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

		if (x->set & p->bit &&
		    memcmp((const char *)x + p->offset, (const char *)y + p->offset, width(p)) != 0)
			return false;
	}
	return true;
}
