/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How people read data: aligned tables, times, and fields of REST bodies. */
#ifndef VLSP_CLI_PRINT_H
#define VLSP_CLI_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 12

/* Cells are gathered, then printed in columns that are as wide as their widest cell. A heading that
 * starts with '>' is of a column of numbers, aligned to the right. The last column is not padded.
 */
struct table {
	const char *heads[TABLE_COLUMNS_MAX];
	size_t columns;
	char **cells; /* row by row; NULL: empty */
	size_t count, room;
	int failed; /* out of memory */
};
void table_start(struct table *table, const char *const *heads, size_t columns);
void table_add(struct table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints (the heading even when there is no row) and frees. 0 or -ENOMEM. */
int table_print(struct table *table, FILE *out);

/* A field of a body: its text, or "-" when it is missing or of another type. */
const char *body_text(const json_t *object, const char *key);
long long body_int(const json_t *object, const char *key); /* 0 when missing */
int body_true(const json_t *object, const char *key);

/* "12 ms", "0.41 s", "3 min 5 s", "2 h 4 min", "5 d 3 h". Returns buf. */
const char *print_ms(uint64_t ms, char *buf, size_t size);
/* Drop causes that are not 0: "ttl 3, no-route 1", or "-". Returns buf. */
const char *print_drops(const json_t *counts, char *buf, size_t size);
#define PRINT_SHAPE_SIZE 840 /* every property in both directions */
/* The shape of a link: "delay 20ms", "a-to-b: rate 1mbit, b-to-a: rate 2mbit", or "-"; of one
 * direction: "delay 20ms" or "-". Return buf. */
const char *print_shape(const json_t *link, char *buf, size_t size);
const char *print_direction(const json_t *shape, char *buf, size_t size);
/* Counters of emulation that are not 0: "duplicated 3, late 4 (up to 5.9 ms)", or "". */
const char *print_line(const json_t *line, char *buf, size_t size);

/*
 * What a terminal would take for a command (control characters; names and labels are other
 * people's) becomes '?' in every text of an answer. false: one of its keys has some, or memory ran
 * out; then it is no answer of a daemon.
 */
bool body_clean(json_t *json);

#endif
