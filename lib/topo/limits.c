// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vocabulary of limits: keys, and how their values are read and written. Used by the topology
 * readers and writers, the REST interface and the command line.
 */
#include "lib/topo/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/topo/units.h"

#define MEMORY_MIN (4ull << 20)
#define MEMORY_MAX (1ull << 50)
#define CPU_MAX	   100000 /* percent: a thousand processors */
#define PIDS_MIN   8
#define PIDS_MAX   4194304 /* the kernel's PID_MAX_LIMIT */

static const char sizes[] = "KMGT"; /* powers of 1024 */

/* Bytes: a whole number, or one with K, M, G, T. */
static int parse_memory(const char *value, const char *key, uint64_t *ret, struct err *err)
{
	size_t digits = strspn(value, "0123456789");
	const char *size = value[digits] ? strchr(sizes, value[digits]) : NULL;
	unsigned shift = size ? 10 * (unsigned)(size - sizes + 1) : 0;
	char text[24];
	uint64_t number;

	if (digits == 0 || digits >= sizeof(text) || (value[digits] && !size) ||
	    (size && value[digits + 1]))
		return err_set(err, EINVAL,
			       "%s: '%.40s' is not a size: expected bytes, or a number with K, M, "
			       "G or T, like 256M",
			       key, value);
	memcpy(text, value, digits);
	text[digits] = '\0';
	if (units_count_parse(text, key, 0, MEMORY_MAX >> shift, &number, NULL) < 0)
		return err_set(err, EINVAL, "%s: %.40s is more than 1024T", key, value);
	if (number << shift < MEMORY_MIN)
		return err_set(err, EINVAL, "%s: %.40s is less than 4M", key, value);
	*ret = number << shift;
	return 0;
}

static int parse_cpu(const char *value, const char *key, uint32_t *ret, struct err *err)
{
	size_t digits = strspn(value, "0123456789");
	char text[16];
	uint64_t number;
	int r;

	if (digits == 0 || digits >= sizeof(text) || strcmp(value + digits, "%") != 0)
		return err_set(err, EINVAL,
			       "%s: '%.40s' is not a share of a processor: expected a whole "
			       "percentage, like 50%% (200%%: two processors)",
			       key, value);
	memcpy(text, value, digits);
	text[digits] = '\0';
	r = units_count_parse(text, key, 1, CPU_MAX, &number, err);
	if (r == 0)
		*ret = (uint32_t)number;
	return r;
}

int topo_limits_parse(struct topo_limits *limits, const char *key, const char *value,
		      struct err *err)
{
	uint64_t number;
	int r;

	if (strcmp(key, "memory") == 0)
		return parse_memory(value, key, &limits->memory, err);
	if (strcmp(key, "cpu") == 0)
		return parse_cpu(value, key, &limits->cpu, err);
	if (strcmp(key, "pids") != 0)
		return err_set(err, EINVAL, "%.40s: is not a limit (memory, cpu, pids)", key);
	r = units_count_parse(value, key, PIDS_MIN, PIDS_MAX, &number, err);
	if (r == 0)
		limits->pids = (uint32_t)number;
	return r;
}

static void format_memory(uint64_t bytes, char value[48])
{
	size_t i = 0;

	for (; sizes[i] && bytes % 1024 == 0; i++)
		bytes /= 1024;
	if (i)
		snprintf(value, 48, "%" PRIu64 "%c", bytes, sizes[i - 1]);
	else
		snprintf(value, 48, "%" PRIu64, bytes);
}

int topo_limits_format(const struct topo_limits *limits, size_t i, const char **ret_key,
		       char value[48])
{
	if (limits->memory && i-- == 0) {
		*ret_key = "memory";
		format_memory(limits->memory, value);
		return 0;
	}
	if (limits->cpu && i-- == 0) {
		*ret_key = "cpu";
		snprintf(value, 48, "%u%%", limits->cpu);
		return 0;
	}
	if (limits->pids && i-- == 0) {
		*ret_key = "pids";
		snprintf(value, 48, "%u", limits->pids);
		return 0;
	}
	return -ENOENT;
}

bool topo_limits_equal(const struct topo_limits *x, const struct topo_limits *y)
{
	return x->memory == y->memory && x->cpu == y->cpu && x->pids == y->pids;
}
