// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traces of a JSON or YAML file: what a link is like, over time. Steps are a list of times and
 * properties; the format of Mahimahi (Netravali et al., USENIX ATC 2015, mm-link(1)) is a number a
 * line: the millisecond of one more opportunity to deliver 1504 bytes. Called by read_tree.c and
 * read_events.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/topo/read_priv.h"
#include "lib/topo/units.h"

/* While a trace is read: fields come in any order. */
struct reading {
	struct topo_trace *trace;
	const struct tree_node *data, *file, *length, *window;
};

static int trace_format(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	struct topo_trace *trace = ((struct reading *)object)->trace;
	const char *text = topo_field_text(r, node, path);

	if (!text)
		return -EINVAL;
	if (strcmp(text, "mahimahi") == 0)
		trace->format = TOPO_TRACE_MAHIMAHI;
	else if (strcmp(text, "steps") != 0)
		return topo_field_fail(r, node->line, "%s: '%.40s' is not one of steps, mahimahi",
				       path, text);
	return 0;
}

static int trace_loop(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	return topo_reader_flag(r, node, path, &((struct reading *)object)->trace->loop);
}

static int positive_time(struct topo_reader *r, const struct tree_node *node, const char *path,
			 uint64_t *ret_ns)
{
	int ret = topo_reader_time(r, node, path, ret_ns);

	if (ret == 0 && *ret_ns < 1000000)
		return topo_field_fail(r, node->line, "%s: is less than 1ms", path);
	return ret;
}

static int trace_length(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	struct reading *reading = object;

	reading->length = node;
	return positive_time(r, node, path, &reading->trace->length_ns);
}

static int trace_window(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	struct reading *reading = object;

	reading->window = node;
	return positive_time(r, node, path, &reading->trace->window_ns);
}

static int trace_data(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	(void)r;
	(void)path;
	((struct reading *)object)->data = node;
	return 0;
}

static int trace_file(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	((struct reading *)object)->file = node;
	return topo_field_text(r, node, path) ? 0 : -EINVAL;
}

static const struct topo_field trace_fields[] = {
	{"format", trace_format},
	{"loop", trace_loop},
	{"length", trace_length},
	{"data", trace_data},
	{"window", trace_window},
	{"file", trace_file},
	{NULL, NULL},
};

/* --- steps --- */

/* [5s, {rate: 2mbit}] */
static int read_step(struct topo_reader *r, const struct tree_node *node, const char *path,
		     struct topo_trace *trace)
{
	const uint64_t before = trace->step_count ? trace->steps[trace->step_count - 1].at_ns : 0;
	const bool first = trace->step_count == 0;
	char below[TOPO_PATH_SIZE];
	struct topo_step *step;
	int ret;

	if (node->type != TREE_LIST || node->count != 2)
		return topo_field_wrong(r, node, path, "a time and a map of properties");
	step = topo_trace_add_step(trace);
	if (!step)
		return topo_field_nomem(r);
	snprintf(below, sizeof(below), "%.110s[0]", path);
	ret = topo_reader_time(r, node->first, below, &step->at_ns);
	if (ret == 0 && first && step->at_ns)
		return topo_field_fail(r, node->line, "%s: the first step is not at 0s", below);
	if (ret == 0 && !first && step->at_ns <= before)
		return topo_field_fail(r, node->line, "%s: is not after the step before it", below);
	snprintf(below, sizeof(below), "%.110s[1]", path);
	return ret < 0 ? ret : topo_reader_change(r, node->first->next, below, &step->change);
}

static int read_steps(struct topo_reader *r, const struct tree_node *list, const char *path,
		      struct topo_trace *trace)
{
	char below[TOPO_PATH_SIZE];
	size_t i = 0;
	int ret;

	if (list->type != TREE_LIST || !list->count)
		return topo_field_wrong(r, list, path, "a list of steps");
	if (list->count > TOPO_TRACE_STEPS_MAX)
		return topo_field_fail(r, list->line, "%s: %zu are more than %d steps", path,
				       list->count, TOPO_TRACE_STEPS_MAX);
	for (const struct tree_node *node = list->first; node; node = node->next) {
		snprintf(below, sizeof(below), "%.100s[%zu]", path, i++);
		ret = read_step(r, node, below, trace);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- mahimahi --- */

static int add_chance(struct topo_reader *r, int line, const char *path, const char *text,
		      struct topo_trace *trace)
{
	uint32_t before = trace->chance_count ? trace->chances[trace->chance_count - 1] : 0;
	uint64_t ms = 0;
	struct err why;

	if (trace->chance_count == TOPO_TRACE_CHANCES_MAX)
		return topo_field_fail(r, line, "%s: more than %d delivery opportunities", path,
				       TOPO_TRACE_CHANCES_MAX);
	if (units_count_parse(text, path, 0, UINT32_MAX, &ms, &why) < 0)
		return topo_field_fail(r, line, "%s", why.text);
	if (ms < before)
		return topo_field_fail(r, line, "%s: %u comes before %u", path, (unsigned)ms,
				       before);
	return topo_trace_add_chance(trace, (uint32_t)ms) < 0 ? topo_field_nomem(r) : 0;
}

/* Numbers with white space between them, as in Mahimahi's files. lines: of the text itself. */
static int read_chances_text(struct topo_reader *r, const char *text, int line, bool lines,
			     const char *path, struct topo_trace *trace)
{
	char number[24];
	int ret;

	for (;;) {
		size_t n = strspn(text, " \t\r");

		text += n;
		if (*text == '\n') {
			text++;
			line += lines;
			continue;
		}
		n = strcspn(text, " \t\r\n");
		if (n == 0)
			return 0;
		snprintf(number, sizeof(number), "%.*s", (int)n, text);
		ret = add_chance(r, line, path, number, trace);
		if (ret < 0)
			return ret;
		text += n;
	}
}

static int read_chances(struct topo_reader *r, const struct tree_node *data, const char *path,
			struct topo_trace *trace)
{
	char below[TOPO_PATH_SIZE];
	size_t i = 0;
	int ret;

	if (data->type == TREE_TEXT)
		return read_chances_text(r, data->text, data->line, false, path, trace);
	if (data->type != TREE_LIST)
		return topo_field_wrong(r, data, path, "a list of milliseconds, or a text");
	for (const struct tree_node *node = data->first; node; node = node->next) {
		snprintf(below, sizeof(below), "%.100s[%zu]", path, i++);
		if (node->type != TREE_INT)
			return topo_field_wrong(r, node, below, "a whole number");
		ret = add_chance(r, node->line, below, node->text, trace);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- where it is --- */

static int read_data(struct topo_reader *r, const struct tree_node *data, const char *path,
		     struct topo_trace *trace)
{
	return trace->format == TOPO_TRACE_MAHIMAHI ? read_chances(r, data, path, trace)
						    : read_steps(r, data, path, trace);
}

/* Messages are then about that file. */
static int read_file(struct topo_reader *r, const struct tree_node *node, const char *path,
		     struct topo_trace *trace)
{
	const char *source = r->source;
	cleanup_free char *text = NULL;
	size_t size = 0;
	struct tree *tree;
	struct err why = {0};
	int ret;

	if (!r->files || !r->files->read)
		return topo_field_fail(r, node->line,
				       "%s: files are read by the command line only: give data",
				       path);
	if (r->files->read(r->files->arg, node->text, &text, &size, &why) < 0)
		return topo_field_fail(r, node->line, "%s: %s", path, why.text);
	r->source = node->text;
	if (trace->format == TOPO_TRACE_MAHIMAHI) {
		ret = strlen(text) != size ? topo_field_fail(r, 1, "not a text")
					   : read_chances_text(r, text, 1, true, "data", trace);
	} else {
		ret = tree_read(text, size, false, r->source, &topo_reader_limits, &tree, r->err);
		if (ret == 0) {
			ret = tree_root(tree) ? read_steps(r, tree_root(tree), "data", trace)
					      : topo_field_fail(r, 1, "the file is empty");
			tree_free(tree);
		}
	}
	r->source = source;
	return ret;
}

/* The last step lasts as long as the one before it, unless the length was said. */
static int finish_steps(struct topo_reader *r, struct reading *reading, const char *path)
{
	struct topo_trace *trace = reading->trace;
	const struct topo_step *last = &trace->steps[trace->step_count - 1];

	if (reading->window)
		return topo_field_fail(r, reading->window->line, "%s.window: is for mahimahi only",
				       path);
	if (reading->length && trace->length_ns <= last->at_ns)
		return topo_field_fail(r, reading->length->line,
				       "%s.length: the last step is not before it", path);
	if (!reading->length)
		trace->length_ns = trace->step_count > 1 ? 2 * last->at_ns - last[-1].at_ns
							 : 1000000000;
	return 0;
}

static int finish_chances(struct topo_reader *r, struct reading *reading, const char *path)
{
	struct topo_trace *trace = reading->trace;

	if (reading->length)
		return topo_field_fail(r, reading->length->line, "%s.length: is for steps only",
				       path);
	if (!trace->chance_count || !trace->chances[trace->chance_count - 1])
		return topo_field_fail(r, trace->line,
				       "%s.data: the last delivery opportunity is not after 0 ms",
				       path);
	trace->length_ns = trace->chances[trace->chance_count - 1] * 1000000ULL;
	if (!trace->window_ns)
		trace->window_ns = TOPO_WINDOW_NS;
	return 0;
}

int topo_reader_trace(struct topo_reader *r, const struct tree_node *node, const char *path)
{
	struct reading reading = {.trace = topo_events_add_trace(r->events)};
	const struct tree_node *format = tree_get(node, "format");
	char below[TOPO_PATH_SIZE];
	struct err why;
	int ret;

	if (!reading.trace)
		return topo_field_nomem(r);
	if (name_check(node->key, path, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	snprintf(reading.trace->name, sizeof(reading.trace->name), "%s", node->key);
	reading.trace->line = node->line;
	/* Mahimahi's traces go round, unless it is said that they do not. */
	reading.trace->loop = format && format->text && strcmp(format->text, "mahimahi") == 0;
	ret = topo_field_map(r, node, path, trace_fields, &reading);
	if (ret < 0)
		return ret;
	if (!reading.data == !reading.file)
		return topo_field_fail(r, node->line, "%s: %s", path,
				       reading.data ? "data and file: one of them is enough"
						    : "data (or file) is missing");
	snprintf(below, sizeof(below), "%.100s.%s", path, reading.data ? "data" : "file");
	ret = reading.data ? read_data(r, reading.data, below, reading.trace)
			   : read_file(r, reading.file, below, reading.trace);
	if (ret < 0)
		return ret;
	return reading.trace->format == TOPO_TRACE_MAHIMAHI ? finish_chances(r, &reading, path)
							    : finish_steps(r, &reading, path);
}

int topo_reader_traces(struct topo_reader *r, const struct tree_node *map, const char *path,
		       void *object)
{
	char below[TOPO_PATH_SIZE];
	int ret;

	(void)object;
	if (!topo_reader_events_get(r))
		return -ENOMEM;
	if (map->type != TREE_MAP)
		return topo_field_wrong(r, map, path, "a map of traces by name");
	if (map->count > TOPO_TRACES_MAX)
		return topo_field_fail(r, map->line, "%s: %zu are more than %d", path, map->count,
				       TOPO_TRACES_MAX);
	for (const struct tree_node *node = map->first; node; node = node->next) {
		snprintf(below, sizeof(below), "%s.%.64s", path, node->key);
		ret = topo_reader_trace(r, node, below);
		if (ret < 0)
			return ret;
	}
	return 0;
}
