/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quantities as people write them: "10mbit", "20ms", "0.1%". Exact: a value that would have to be
 * rounded is refused, so what is written comes back as it was.
 */
#ifndef VLSP_LIB_TOPO_UNITS_H
#define VLSP_LIB_TOPO_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define UNITS_RATE_MAX	   10000000000000ULL	/* bit/s: 10tbit */
#define UNITS_DURATION_MAX 1000000000000ULL	/* ns: 1000s */
#define UNITS_TIME_MAX	   31536000000000000ULL /* ns: a year */
#define UNITS_TEXT_SIZE	   48

/* All: field is put in front of the message; 0 or -EINVAL. */

/* Bit per second: a plain number, or one with bit, kbit, mbit, gbit, tbit (powers of 1000, any
 * case). 1 .. UNITS_RATE_MAX. */
int units_rate_parse(const char *text, const char *field, uint64_t *ret_rate, struct err *err);
/* Nanoseconds: a number with ns, us, ms or s; "0" alone. 0 .. UNITS_DURATION_MAX. */
int units_duration_parse(const char *text, const char *field, uint64_t *ret_ns, struct err *err);
/* The same up to UNITS_TIME_MAX: when something happens. */
int units_time_parse(const char *text, const char *field, uint64_t *ret_ns, struct err *err);
/* Parts per million from a percentage: "0.1%" or "0.1". 0% .. 100%, steps of 0.0001%. */
int units_percent_parse(const char *text, const char *field, uint32_t *ret_ppm, struct err *err);
/* Thousandths from a number with up to three decimals: "2.5". min .. max, in thousandths. */
int units_thousandths_parse(const char *text, const char *field, uint32_t min, uint32_t max,
			    uint32_t *ret_value, struct err *err);
/* A whole number without sign, decimal, min .. max. */
int units_count_parse(const char *text, const char *field, uint64_t min, uint64_t max,
		      uint64_t *ret_value, struct err *err);

/* The shortest exact text in the unit of the value's size: "1.5gbit", "20ms", "0.1%". Return buf.
 */
const char *units_rate_format(uint64_t rate, char buf[UNITS_TEXT_SIZE]);
const char *units_duration_format(uint64_t ns, char buf[UNITS_TEXT_SIZE]);
const char *units_percent_format(uint32_t ppm, char buf[UNITS_TEXT_SIZE]);
const char *units_thousandths_format(uint32_t value, char buf[UNITS_TEXT_SIZE]);

/* Numbers with a point whatever the locale says; format gives the shortest text that reads back
 * as the same number. */
int units_double_parse(const char *text, double *ret_value); /* 0 or -EINVAL; finite */
const char *units_double_format(double value, char buf[UNITS_TEXT_SIZE]);

#endif
