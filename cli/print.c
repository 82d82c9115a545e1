// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables and values for people. Used by every noun that prints data. */
#include "cli/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void table_start(struct table *table, const char *const *heads, size_t columns)
{
	*table = (struct table){.columns = columns};
	for (size_t i = 0; i < columns && i < TABLE_COLUMNS_MAX; i++)
		table->heads[i] = heads[i];
}

void table_add(struct table *table, const char *fmt, ...)
{
	va_list ap;

	if (table->failed)
		return;
	if (table->count == table->room) {
		size_t room = table->room ? table->room * 2 : 64;
		char **cells = realloc(table->cells, room * sizeof(*cells));

		if (!cells) {
			table->failed = 1;
			return;
		}
		table->cells = cells;
		table->room = room;
	}
	va_start(ap, fmt);
	if (vasprintf(&table->cells[table->count], fmt, ap) < 0)
		table->failed = 1;
	else
		table->count++;
	va_end(ap);
}

static void cell(FILE *out, const char *text, size_t width, int right, int last)
{
	if (right)
		fprintf(out, "%*s", (int)width, text);
	else if (last)
		fputs(text, out);
	else
		fprintf(out, "%-*s", (int)width, text);
	fputs(last ? "\n" : "  ", out);
}

int table_print(struct table *table, FILE *out)
{
	size_t width[TABLE_COLUMNS_MAX] = {0};
	int failed = table->failed;

	for (size_t c = 0; c < table->columns; c++)
		width[c] = strlen(table->heads[c]) - (table->heads[c][0] == '>');
	for (size_t i = 0; i < table->count; i++)
		if (strlen(table->cells[i]) > width[i % table->columns])
			width[i % table->columns] = strlen(table->cells[i]);
	for (size_t c = 0; c < table->columns && !failed; c++) {
		int right = table->heads[c][0] == '>';

		cell(out, table->heads[c] + right, width[c], right, c + 1 == table->columns);
	}
	for (size_t i = 0; i < table->count; i++) {
		size_t c = i % table->columns;

		if (!failed)
			cell(out, table->cells[i], width[c], table->heads[c][0] == '>',
			     c + 1 == table->columns);
		free(table->cells[i]);
	}
	free(table->cells);
	return failed ? -ENOMEM : 0;
}

const char *body_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : "-";
}

long long body_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

int body_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* The first control character of a UTF-8 text (C0, DEL, C1), and its bytes; NULL: it has none. */
static const char *control(const char *text, size_t *ret_size)
{
	for (; *text; text++) {
		const unsigned char *p = (const unsigned char *)text;

		*ret_size = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 1;
		if (p[0] < 0x20 || p[0] == 0x7f || *ret_size == 2)
			return text;
	}
	return NULL;
}

static bool text_clean(json_t *json)
{
	char *text = NULL, *at;
	size_t size;
	bool done;

	if (!control(json_string_value(json), &size))
		return true;
	text = strdup(json_string_value(json));
	if (!text)
		return false;
	while ((at = (char *)control(text, &size))) {
		*at = '?';
		memmove(at + 1, at + size, strlen(at + size) + 1);
	}
	done = json_string_set(json, text) == 0;
	free(text);
	return done;
}

bool body_clean(json_t *json)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(json))
		return text_clean(json);
	json_array_foreach (json, i, value)
		if (!body_clean(value))
			return false;
	json_object_foreach (json, key, value)
		if (control(key, &i) || !body_clean(value))
			return false;
	return true;
}

const char *print_ms(uint64_t ms, char *buf, size_t size)
{
	unsigned long long s = ms / 1000;

	if (ms < 100)
		snprintf(buf, size, "%llu ms", (unsigned long long)ms);
	else if (s < 10)
		snprintf(buf, size, "%.2f s", (double)ms / 1000);
	else if (s < 60)
		snprintf(buf, size, "%.1f s", (double)ms / 1000);
	else if (s < 3600)
		snprintf(buf, size, "%llu min %llu s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%llu h %llu min", s / 3600, s / 60 % 60);
	else
		snprintf(buf, size, "%llu d %llu h", s / 86400, s / 3600 % 24);
	return buf;
}

const char *print_drops(const json_t *counts, char *buf, size_t size)
{
	json_t *drops = json_object_get(counts, "drops"), *value;
	const char *cause;
	size_t n = 0;

	snprintf(buf, size, "-");
	json_object_foreach (drops, cause, value) {
		if (json_integer_value(value) == 0 || n >= size)
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%s%s %lld", n ? ", " : "", cause,
				      (long long)json_integer_value(value));
	}
	return buf;
}

static size_t shape_words(const json_t *shape, char *buf, size_t size)
{
	const char *key;
	json_t *value;
	size_t n = 0;

	buf[0] = '\0';
	json_object_foreach ((json_t *)shape, key, value) {
		if (n >= size)
			break;
		if (json_is_string(value))
			n += (size_t)snprintf(buf + n, size - n, "%s%s %s", n ? " " : "", key,
					      json_string_value(value));
		else
			n += (size_t)snprintf(buf + n, size - n, "%s%s %g", n ? " " : "", key,
					      json_number_value(value));
	}
	return n;
}

const char *print_shape(const json_t *link, char *buf, size_t size)
{
	const json_t *shape = json_object_get(link, "shape");
	const json_t *ab = json_object_get(shape, "a-to-b"), *ba = json_object_get(shape, "b-to-a");
	char x[PRINT_SHAPE_SIZE / 2], y[PRINT_SHAPE_SIZE / 2];
	size_t n = shape_words(ab, x, sizeof(x)), m = shape_words(ba, y, sizeof(y));

	if (n == 0 && m == 0)
		snprintf(buf, size, "-");
	else if (json_equal(ab, ba))
		snprintf(buf, size, "%s", x);
	else
		snprintf(buf, size, "%s%s%s%s%s", n ? "a-to-b: " : "", x, n && m ? ", " : "",
			 m ? "b-to-a: " : "", y);
	return buf;
}

const char *print_direction(const json_t *shape, char *buf, size_t size)
{
	if (shape_words(shape, buf, size) == 0)
		snprintf(buf, size, "-");
	return buf;
}

const char *print_line(const json_t *line, char *buf, size_t size)
{
	static const struct {
		const char *key, *most; /* most: the counter's highest value; NULL: it has none */
	} words[] = {{"duplicated", NULL},  {"corrupted", NULL},   {"reordered", NULL},
		     {"late", "lateMaxUs"}, {"queue", "queueMax"}, {"held", NULL}};
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && n < size; i++) {
		long long count = body_int(line, words[i].key);
		long long most = words[i].most ? body_int(line, words[i].most) : 0;

		if (count == 0 && (most == 0 || strcmp(words[i].key, "late") == 0))
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%s%s %lld", n ? ", " : "", words[i].key,
				      count);
		if (n >= size || most == 0)
			continue;
		if (strcmp(words[i].key, "late") == 0)
			n += (size_t)snprintf(buf + n, size - n, " (up to %.1f ms)",
					      (double)most / 1000);
		else
			n += (size_t)snprintf(buf + n, size - n, " (up to %lld)", most);
	}
	return buf;
}
