// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Quantities with units, exact in integers. Used by the shape vocabulary, the readers, the writers
 * and the generators of this directory, and by whoever reads durations.
 */
#include "lib/topo/units.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit rate_units[] = {
	{"tbit", 1000000000000ULL},
	{"gbit", 1000000000},
	{"mbit", 1000000},
	{"kbit", 1000},
	{"bit", 1},
	{"", 1},
	{NULL, 0},
};

static const struct unit duration_units[] = {
	{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}, {NULL, 0},
};

enum number { NUMBER_OK, NUMBER_NONE, NUMBER_TOO_LARGE, NUMBER_TOO_FINE };

/* The decimal number at the start of text (digits[.digits], no sign), times factor. */
static enum number parse_decimal(const char *text, uint64_t factor, uint64_t max, uint64_t *ret)
{
	size_t whole = strspn(text, "0123456789");
	const char *fraction = text + whole + (text[whole] == '.');
	size_t places = text[whole] == '.' ? strspn(fraction, "0123456789") : 0;
	uint64_t value = 0, rest = factor;

	if (whole == 0 || (text[whole] == '.' && places == 0))
		return NUMBER_NONE;
	for (size_t i = 0; i < whole; i++) {
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (value > max / factor)
			return NUMBER_TOO_LARGE;
	}
	value *= factor;
	for (size_t i = 0; i < places; i++) {
		if (fraction[i] != '0' && rest % 10)
			return NUMBER_TOO_FINE;
		rest /= 10;
		value += rest * (uint64_t)(fraction[i] - '0');
	}
	if (value > max)
		return NUMBER_TOO_LARGE;
	*ret = value;
	return NUMBER_OK;
}

static const char *number_end(const char *text)
{
	text += strspn(text, "0123456789");
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	return text;
}

static const struct unit *find_unit(const struct unit *units, const char *name, bool any_case)
{
	for (; units->name; units++)
		if ((any_case ? strcasecmp(units->name, name) : strcmp(units->name, name)) == 0)
			return units;
	return NULL;
}

int units_rate_parse(const char *text, const char *field, uint64_t *ret_rate, struct err *err)
{
	const struct unit *unit = find_unit(rate_units, number_end(text), true);
	uint64_t rate = 0;

	switch (unit ? parse_decimal(text, unit->factor, UNITS_RATE_MAX, &rate) : NUMBER_NONE) {
	case NUMBER_NONE:
		return err_set(err, EINVAL,
			       "%s: '%.40s' is not a rate: expected bit/s like 64kbit, 10mbit, "
			       "1gbit or a plain number",
			       field, text);
	case NUMBER_TOO_LARGE:
		return err_set(err, EINVAL, "%s: '%.40s' is more than 10tbit", field, text);
	case NUMBER_TOO_FINE:
		return err_set(err, EINVAL, "%s: '%.40s' is not a whole number of bit/s", field,
			       text);
	case NUMBER_OK:
		break;
	}
	if (rate == 0)
		return err_set(err, EINVAL, "%s: must be at least 1 bit/s", field);
	*ret_rate = rate;
	return 0;
}

static int parse_time(const char *text, const char *field, uint64_t max, uint64_t *ret_ns,
		      struct err *err)
{
	const char *end = number_end(text);
	const struct unit *unit = find_unit(duration_units, end, false);
	uint64_t ns = 0;

	if (strcmp(text, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	if (*end == '\0' && parse_decimal(text, 1, UINT64_MAX, &ns) != NUMBER_NONE)
		return err_set(err, EINVAL, "%s: '%.40s' needs a unit: ns, us, ms or s", field,
			       text);
	switch (unit ? parse_decimal(text, unit->factor, max, &ns) : NUMBER_NONE) {
	case NUMBER_NONE:
		return err_set(err, EINVAL,
			       "%s: '%.40s' is not a duration: expected a number with ns, us, ms "
			       "or s, like 20ms",
			       field, text);
	case NUMBER_TOO_LARGE:
		return err_set(err, EINVAL, "%s: '%.40s' is more than %" PRIu64 "s", field, text,
			       max / 1000000000);
	case NUMBER_TOO_FINE:
		return err_set(err, EINVAL, "%s: '%.40s' is finer than 1ns", field, text);
	case NUMBER_OK:
		break;
	}
	*ret_ns = ns;
	return 0;
}

int units_duration_parse(const char *text, const char *field, uint64_t *ret_ns, struct err *err)
{
	return parse_time(text, field, UNITS_DURATION_MAX, ret_ns, err);
}

int units_time_parse(const char *text, const char *field, uint64_t *ret_ns, struct err *err)
{
	return parse_time(text, field, UNITS_TIME_MAX, ret_ns, err);
}

int units_percent_parse(const char *text, const char *field, uint32_t *ret_ppm, struct err *err)
{
	const char *end = number_end(text);
	bool right = *end == '\0' || strcmp(end, "%") == 0;
	uint64_t ppm = 0;

	switch (right ? parse_decimal(text, 10000, 1000000, &ppm) : NUMBER_NONE) {
	case NUMBER_NONE:
		return err_set(err, EINVAL,
			       "%s: '%.40s' is not a percentage: expected 0%% to 100%%, like 0.1%%",
			       field, text);
	case NUMBER_TOO_LARGE:
		return err_set(err, EINVAL, "%s: '%.40s' is more than 100%%", field, text);
	case NUMBER_TOO_FINE:
		return err_set(err, EINVAL, "%s: '%.40s' is finer than 0.0001%%", field, text);
	case NUMBER_OK:
		break;
	}
	*ret_ppm = (uint32_t)ppm;
	return 0;
}

int units_thousandths_parse(const char *text, const char *field, uint32_t min, uint32_t max,
			    uint32_t *ret_value, struct err *err)
{
	char x[UNITS_TEXT_SIZE], y[UNITS_TEXT_SIZE];
	uint64_t value = 0;
	enum number is = *number_end(text) ? NUMBER_NONE : parse_decimal(text, 1000, max, &value);

	if (is == NUMBER_TOO_FINE)
		return err_set(err, EINVAL, "%s: '%.40s' has more than three decimals", field,
			       text);
	if (is != NUMBER_OK || value < min)
		return err_set(err, EINVAL, "%s: '%.40s' is not a number from %s to %s", field,
			       text, units_thousandths_format(min, x),
			       units_thousandths_format(max, y));
	*ret_value = (uint32_t)value;
	return 0;
}

int units_count_parse(const char *text, const char *field, uint64_t min, uint64_t max,
		      uint64_t *ret_value, struct err *err)
{
	uint64_t value = 0;
	const char *p = text;

	if (*p == '\0' || p[strspn(p, "0123456789")])
		return err_set(err, EINVAL, "%s: '%.40s' is not a whole number from %ju to %ju",
			       field, text, (uintmax_t)min, (uintmax_t)max);
	for (; *p; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (value > (max - (digit < max ? digit : max)) / 10 || value * 10 + digit > max)
			return err_set(err, EINVAL, "%s: %.40s is more than %ju", field, text,
				       (uintmax_t)max);
		value = value * 10 + digit;
	}
	if (value < min)
		return err_set(err, EINVAL, "%s: %.40s is less than %ju", field, text,
			       (uintmax_t)min);
	*ret_value = value;
	return 0;
}

/* value/factor with as many decimals as it has; factor is a power of ten. */
static const char *format_decimal(uint64_t value, uint64_t factor, const char *unit, char *buf)
{
	size_t n = (size_t)snprintf(buf, UNITS_TEXT_SIZE, "%ju", (uintmax_t)(value / factor));
	uint64_t rest = value % factor;

	if (rest)
		buf[n++] = '.';
	for (; rest; rest %= factor) {
		factor /= 10;
		buf[n++] = (char)('0' + rest / factor);
	}
	snprintf(buf + n, UNITS_TEXT_SIZE - n, "%s", unit);
	return buf;
}

const char *units_rate_format(uint64_t rate, char buf[UNITS_TEXT_SIZE])
{
	const struct unit *unit = rate_units;

	while (unit->factor > 1 && rate < unit->factor)
		unit++;
	return format_decimal(rate, unit->factor, unit->name, buf);
}

const char *units_duration_format(uint64_t ns, char buf[UNITS_TEXT_SIZE])
{
	const struct unit *unit = duration_units;

	while (unit->factor > 1 && ns < unit->factor)
		unit++;
	return format_decimal(ns, unit->factor, ns ? unit->name : "ms", buf);
}

const char *units_percent_format(uint32_t ppm, char buf[UNITS_TEXT_SIZE])
{
	return format_decimal(ppm, 10000, "%", buf);
}

const char *units_thousandths_format(uint32_t value, char buf[UNITS_TEXT_SIZE])
{
	return format_decimal(value, 1000, "", buf);
}

int units_double_parse(const char *text, double *ret_value)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	double value;
	char *end;

	if (c == (locale_t)0)
		return -ENOMEM;
	value = strtod_l(text, &end, c);
	freelocale(c);
	if (end == text || *end || !isfinite(value) || strchr(text, 'x') || strchr(text, 'X'))
		return -EINVAL;
	*ret_value = value;
	return 0;
}

const char *units_double_format(double value, char buf[UNITS_TEXT_SIZE])
{
	double back;

	for (int digits = 3; digits <= 17; digits++) { /* fewer: 90 would be 9e+01 */
		char *comma;

		snprintf(buf, UNITS_TEXT_SIZE, "%.*g", digits, value);
		comma = strchr(buf, ','); /* the locale's point */
		if (comma)
			*comma = '.';
		if (units_double_parse(buf, &back) == 0 && back == value)
			break;
	}
	return buf;
}
