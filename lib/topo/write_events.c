// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events and traces as JSON and YAML: one line each, in the order in which they are read. Called by
 * write.c for documents, and once for each set of events, whose JSON text stands for it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/text_priv.h"
#include "lib/topo/units.h"

struct style {
	struct topo_text *out;
	bool json;
	bool first; /* in the present map */
};

static void put_key(struct style *s, const char *key)
{
	topo_text_add(s->out, s->json ? "%s\"%s\": " : "%s%s: ", s->first ? "" : ", ", key);
	s->first = false;
}

static void put_text(struct style *s, const char *text)
{
	if (s->json)
		topo_text_quote(s->out, text);
	else
		topo_text_yaml(s->out, text);
}

static void put_name(struct style *s, const char *key, const char *text)
{
	put_key(s, key);
	put_text(s, text);
}

static void put_time(struct style *s, const char *key, uint64_t ns)
{
	char text[UNITS_TEXT_SIZE];

	if (key)
		put_key(s, key);
	topo_text_add(s->out, s->json ? "\"%s\"" : "%s", units_duration_format(ns, text));
}

static void put_number(struct style *s, const char *key, uint64_t value)
{
	put_key(s, key);
	topo_text_add(s->out, "%" PRIu64, value);
}

static void put_flag(struct style *s, const char *key, bool value)
{
	put_key(s, key);
	topo_text_add(s->out, value ? "true" : "false");
}

static void open_map(struct style *s)
{
	topo_text_add(s->out, "{");
	s->first = true;
}

static void close_map(struct style *s)
{
	topo_text_add(s->out, "}");
	s->first = false;
}

/* What is set, then what is taken away, each in the order of the vocabulary. */
static void put_change(struct style *s, const struct topo_change *change)
{
	char value[UNITS_TEXT_SIZE];
	const char *key;

	for (size_t i = 0; topo_shape_format(&change->shape, i, &key, value) == 0; i++) {
		put_key(s, key);
		topo_text_add(s->out,
			      topo_writer_number(key, value) ||
					      (!s->json && strcmp(key, "seed") != 0)
				      ? "%s"
				      : "\"%s\"",
			      value);
	}
	for (size_t i = 0; (key = topo_shape_key(i)); i++) {
		struct topo_shape none = {0};
		uint32_t bit = 0;

		/* which bit the key has */
		if (topo_shape_change(&none, &bit, key, "none", NULL) == 0 && change->clear & bit)
			put_name(s, key, "none");
	}
}

static void put_when(struct style *s, const struct topo_event *event)
{
	if (event->given & (TOPO_AT | TOPO_AFTER))
		put_time(s, event->given & TOPO_AT ? "at" : "after", event->at_ns);
	if (event->given & TOPO_EVERY)
		put_time(s, "every", event->every_ns);
	if (event->given & TOPO_TIMES)
		put_number(s, "times", event->times);
	if (event->given & TOPO_FOR)
		put_time(s, "for", event->for_ns);
	if (event->jitter_ns)
		put_time(s, "jitter", event->jitter_ns);
}

static void put_routers(struct style *s, const struct topo_event *event)
{
	topo_text_add(s->out, "[");
	for (size_t i = 0; i < event->router_count; i++) {
		if (i)
			topo_text_add(s->out, ", ");
		put_text(s, event->routers[i]);
	}
	topo_text_add(s->out, "]");
}

static void put_partition(struct style *s, const struct topo_event *event)
{
	if (event->silent) {
		put_routers(s, event);
		return;
	}
	open_map(s);
	put_key(s, "routers");
	put_routers(s, event);
	put_name(s, "how", "down");
	close_map(s);
}

static void put_app_start(struct style *s, const struct topo_event *event)
{
	open_map(s);
	put_name(s, "router", event->name);
	put_key(s, "app");
	topo_write_app(s->out, !s->json, event->app);
	close_map(s);
}

/* Actions with a map of fields. */
static void put_fields(struct style *s, const struct topo_event *event)
{
	open_map(s);
	put_name(s, "link", event->name);
	if (event->from[0])
		put_name(s, "from", event->from);
	if (event->weight)
		put_number(s, "weight", event->weight);
	if (event->action == TOPO_LINK_SET)
		put_change(s, &event->change);
	if (event->action == TOPO_LINK_FLAP) {
		put_time(s, "down", event->down_ns);
		put_time(s, "up", event->up_ns);
		if (event->flaps)
			put_number(s, "times", event->flaps);
		if (event->given & TOPO_HOW)
			put_flag(s, "silent", event->silent);
	}
	if (event->trace[0])
		put_name(s, "trace", event->trace);
	if (event->given & TOPO_LOOP)
		put_flag(s, "loop", event->loop);
	if (event->offset_ns)
		put_time(s, "offset", event->offset_ns);
	close_map(s);
}

static void put_event(struct style *s, const struct topo_event *event)
{
	open_map(s);
	put_when(s, event);
	put_key(s, topo_action_name(event->action));
	switch (event->action) {
	case TOPO_LINK_SET:
	case TOPO_LINK_FLAP:
	case TOPO_TRACE_PLAY:
	case TOPO_TRACE_STOP:
		put_fields(s, event);
		break;
	case TOPO_PARTITION:
		put_partition(s, event);
		break;
	case TOPO_HEAL:
		topo_text_add(s->out, "true");
		break;
	case TOPO_APP_START:
		put_app_start(s, event);
		break;
	default:
		put_text(s, event->name);
	}
	close_map(s);
}

static void put_steps(struct style *s, const struct topo_trace *trace)
{
	topo_text_add(s->out, "[");
	for (size_t i = 0; i < trace->step_count; i++) {
		topo_text_add(s->out, i ? ", [" : "[");
		put_time(s, NULL, trace->steps[i].at_ns);
		topo_text_add(s->out, ", ");
		open_map(s);
		put_change(s, &trace->steps[i].change);
		close_map(s);
		topo_text_add(s->out, "]");
	}
	topo_text_add(s->out, "]");
}

/* Everything that has a default is said: what it would be depends on the rest. */
static void put_trace(struct style *s, const struct topo_trace *trace)
{
	bool steps = trace->format == TOPO_TRACE_STEPS;

	put_text(s, trace->name);
	topo_text_add(s->out, ": ");
	open_map(s);
	put_name(s, "format", steps ? "steps" : "mahimahi");
	put_flag(s, "loop", trace->loop);
	put_time(s, steps ? "length" : "window", steps ? trace->length_ns : trace->window_ns);
	put_key(s, "data");
	if (steps) {
		put_steps(s, trace);
	} else {
		for (size_t i = 0; i < trace->chance_count; i++)
			topo_text_add(s->out, i ? " %" PRIu32 : "\"%" PRIu32, trace->chances[i]);
		topo_text_add(s->out, "\"");
	}
	close_map(s);
}

void topo_write_events(struct topo_text *out, const struct topo_events *events, bool json)
{
	struct style s = {out, json, true};

	if (events->seed)
		topo_text_add(out,
			      json ? ",\n  \"seed\": \"%" PRIu64 "\"" : "seed: \"%" PRIu64 "\"\n",
			      events->seed);
	for (size_t i = 0; i < events->trace_count; i++) {
		if (json)
			topo_text_add(out, i ? ",\n    " : ",\n  \"traces\": {\n    ");
		else
			topo_text_add(out, i ? "  " : "traces:\n  ");
		put_trace(&s, &events->traces[i]);
		if (!json)
			topo_text_add(out, "\n");
	}
	if (json && events->trace_count)
		topo_text_add(out, "\n  }");
	for (size_t i = 0; i < events->count; i++) {
		if (json)
			topo_text_add(out, i ? ",\n    " : ",\n  \"events\": [\n    ");
		else
			topo_text_add(out, i ? "  - " : "events:\n  - ");
		put_event(&s, &events->events[i]);
		if (!json)
			topo_text_add(out, "\n");
	}
	if (json && events->count)
		topo_text_add(out, "\n  ]");
}

char *topo_events_text(const struct topo_events *events)
{
	struct topo_text out = {0};

	/* Every part of a document's is written after a comma. */
	topo_write_events(&out, events, true);
	if (!out.text)
		topo_text_add(&out, "  ");
	topo_text_add(&out, "\n}\n");
	if (out.failed) {
		free(out.text);
		return NULL;
	}
	out.text[0] = '{';
	return out.text;
}

char *topo_event_text(const struct topo_event *event)
{
	struct topo_text out = {0};
	struct style s = {&out, true, true};

	put_event(&s, event);
	if (!out.failed)
		return out.text;
	free(out.text);
	return NULL;
}
