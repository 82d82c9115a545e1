/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a word on an application's command line means. Each function writes to *value, of the type
 * given, and returns NULL; or says what the word should have been ("a port (1 to 65535)") and
 * writes nothing.
 */
#ifndef VLSP_APPS_PARSE_H
#define VLSP_APPS_PARSE_H

typedef const char *parse_fn(const char *text, void *value);

parse_fn parse_text;	/* const char *: the word itself */
parse_fn parse_count;	/* uint64_t, 0 to 2^53 */
parse_fn parse_port;	/* uint16_t, 1 to 65535 */
parse_fn parse_real;	/* double, not negative */
parse_fn parse_bytes;	/* uint64_t: 1500, 64K, 1.5M, 2G (powers of 1024) */
parse_fn parse_time;	/* uint64_t, nanoseconds: 20 (milliseconds), 20ms, 1.5s, 100us, 2m, 1h */
parse_fn parse_rate;	/* double, bit/s: 64000, 64kbit, 1.5mbit, 1gbit */
parse_fn parse_host;	/* struct vlsp_address: "10.0.0.2", "paris" */
parse_fn parse_address; /* struct vlsp_address: "10.0.0.2:7", "paris:7" */
/* struct random_dist: "5", "uniform:1,9", ... (apps/random.h), of plain numbers and bytes, seconds,
 * bit/s. */
parse_fn parse_dist, parse_dist_bytes, parse_dist_time, parse_dist_rate;

#endif
