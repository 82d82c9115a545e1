// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of a JSON or YAML file: event_fields is the vocabulary. What they name is looked for by
 * topo_events_check(), when there is a network to look in. Called by read_tree.c, and by whoever
 * has events without a network.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/topo/read_priv.h"
#include "lib/topo/units.h"

int topo_reader_time(struct topo_reader *r, const struct tree_node *node, const char *path,
		     uint64_t *ret_ns)
{
	const char *text = topo_field_quantity(r, node, path);
	struct err why;

	if (!text)
		return -EINVAL;
	if (units_time_parse(text, path, ret_ns, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	return 0;
}

int topo_reader_flag(struct topo_reader *r, const struct tree_node *node, const char *path,
		     bool *ret_flag)
{
	if (node->type != TREE_BOOL)
		return topo_field_wrong(r, node, path, "true or false");
	*ret_flag = strcasecmp(node->text, "true") == 0;
	return 0;
}

static int read_count(struct topo_reader *r, const struct tree_node *node, const char *path,
		      uint64_t max, uint64_t *ret)
{
	struct err why;

	if (node->type != TREE_INT)
		return topo_field_wrong(r, node, path, "a whole number");
	if (units_count_parse(node->text, path, 1, max, ret, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	return 0;
}

int topo_reader_ref(struct topo_reader *r, const struct tree_node *node, const char *path,
		    char *name, size_t size)
{
	const char *text = topo_field_text(r, node, path);

	if (!text)
		return -EINVAL;
	if (!text[0])
		return topo_field_fail(r, node->line, "%s: is empty", path);
	if (strlen(text) >= size)
		return topo_field_fail(r, node->line, "%s: longer than any name", path);
	snprintf(name, size, "%s", text);
	return 0;
}

/* --- when --- */

#define TIME_FIELD(name, field, bit)                                                               \
	static int name(struct topo_reader *r, const struct tree_node *node, const char *path,     \
			void *object)                                                              \
	{                                                                                          \
		struct topo_event *event = object;                                                 \
                                                                                                   \
		event->given |= bit;                                                               \
		return topo_reader_time(r, node, path, &event->field);                             \
	}
TIME_FIELD(event_at, at_ns, TOPO_AT)
TIME_FIELD(event_after, at_ns, TOPO_AFTER)
TIME_FIELD(event_every, every_ns, TOPO_EVERY)
TIME_FIELD(event_for, for_ns, TOPO_FOR)
TIME_FIELD(event_jitter, jitter_ns, 0)
TIME_FIELD(flap_down, down_ns, 0)
TIME_FIELD(flap_up, up_ns, 0)
TIME_FIELD(play_offset, offset_ns, 0)

static int event_times(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	struct topo_event *event = object;

	event->given |= TOPO_TIMES;
	return read_count(r, node, path, UINT32_MAX, &event->times);
}

/* --- what --- */

int topo_reader_action(struct topo_reader *r, const struct tree_node *node, const char *path,
		       struct topo_event *event)
{
	const char *dot = strrchr(path, '.');
	int n = dot ? (int)(dot - path) : 0;

	if (event->action)
		return topo_field_fail(
			r, node->line, "%.*s%s%s: an event has one action, and this one has %s", n,
			path, n ? "." : "", node->key, topo_action_name(event->action));
	event->action = topo_action_find(node->key);
	return 0;
}

/* A link or a router. */
static int named(struct topo_reader *r, const struct tree_node *node, const char *path,
		 void *object)
{
	struct topo_event *event = object;
	int ret = topo_reader_action(r, node, path, event);

	return ret < 0 ? ret : topo_reader_ref(r, node, path, event->name, sizeof(event->name));
}

static int field_link(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	struct topo_event *event = object;

	return topo_reader_ref(r, node, path, event->name, sizeof(event->name));
}

static int field_from(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	struct topo_event *event = object;

	return topo_reader_ref(r, node, path, event->from, sizeof(event->from));
}

static int field_weight(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	uint64_t weight = 0;
	int ret = read_count(r, node, path, TOPO_WEIGHT_MAX, &weight);

	((struct topo_event *)object)->weight = (uint32_t)weight;
	return ret;
}

static int change_property(struct topo_reader *r, const struct tree_node *node, const char *path,
			   void *object)
{
	struct topo_change *change = object;
	const char *text = topo_field_quantity(r, node, path);
	size_t prefix = strlen(path) - strlen(node->key);
	struct err why;

	if (!text)
		return -EINVAL;
	if (topo_shape_change(&change->shape, &change->clear, node->key, text, &why) < 0)
		return topo_field_fail(r, node->line, "%.*s%s", (int)prefix, path, why.text);
	return 0;
}

int topo_reader_change(struct topo_reader *r, const struct tree_node *node, const char *path,
		       struct topo_change *change)
{
	static const struct topo_field fields[] = {{NULL, change_property}};

	return topo_field_map(r, node, path, fields, change);
}

static int set_property(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	return change_property(r, node, path, &((struct topo_event *)object)->change);
}

int topo_reader_action_map(struct topo_reader *r, const struct tree_node *node, const char *path,
			   const struct topo_field *fields, const char *const *must, void *object)
{
	int ret = topo_reader_action(r, node, path, object);

	if (ret == 0)
		ret = topo_field_map(r, node, path, fields, object);
	for (; ret == 0 && *must; must++)
		if (!tree_get(node, *must))
			return topo_field_fail(r, node->line, "%s.%s: is missing", path, *must);
	return ret;
}

static int link_set(struct topo_reader *r, const struct tree_node *node, const char *path,
		    void *object)
{
	static const struct topo_field fields[] = {{"link", field_link},
						   {"from", field_from},
						   {"weight", field_weight},
						   {NULL, set_property}};
	static const char *const must[] = {"link", NULL};
	struct topo_event *event = object;
	int ret = topo_reader_action_map(r, node, path, fields, must, object);
	bool shaped = event->change.shape.set || event->change.clear;

	if (ret == 0 && !event->weight && !shaped)
		return topo_field_fail(r, node->line, "%s: there is nothing to set", path);
	if (ret == 0 && event->from[0] && !shaped)
		return topo_field_fail(r, node->line,
				       "%s.from: there is no property of the shape with it", path);
	return ret;
}

static int flap_times(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	return read_count(r, node, path, UINT32_MAX, &((struct topo_event *)object)->flaps);
}

static int flap_silent(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	struct topo_event *event = object;

	event->given |= TOPO_HOW;
	return topo_reader_flag(r, node, path, &event->silent);
}

static int link_flap(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	static const struct topo_field fields[] = {{"link", field_link},    {"down", flap_down},
						   {"up", flap_up},	    {"times", flap_times},
						   {"silent", flap_silent}, {NULL, NULL}};
	static const char *const must[] = {"link", "down", "up", NULL};
	struct topo_event *event = object;
	int ret = topo_reader_action_map(r, node, path, fields, must, object);

	if (ret == 0 && (!event->down_ns || !event->up_ns))
		return topo_field_fail(r, node->line, "%s.%s: must be more than 0", path,
				       event->down_ns ? "up" : "down");
	return ret;
}

static int cut_routers(struct topo_reader *r, const struct tree_node *list, const char *path,
		       void *object)
{
	char below[TOPO_PATH_SIZE], name[NAME_SIZE];
	size_t i = 0;
	int ret;

	if (list->type != TREE_LIST || !list->count)
		return topo_field_wrong(r, list, path, "a list of routers");
	for (const struct tree_node *node = list->first; node; node = node->next) {
		snprintf(below, sizeof(below), "%.100s[%zu]", path, i++);
		ret = topo_reader_ref(r, node, below, name, sizeof(name));
		if (ret < 0)
			return ret;
		if (topo_event_add_router(object, name) < 0)
			return topo_field_nomem(r);
	}
	return 0;
}

static int cut_how(struct topo_reader *r, const struct tree_node *node, const char *path,
		   void *object)
{
	const char *text = topo_field_text(r, node, path);
	struct topo_event *event = object;

	if (!text)
		return -EINVAL;
	if (strcmp(text, "silent") != 0 && strcmp(text, "down") != 0)
		return topo_field_fail(r, node->line, "%s: '%.40s' is not one of silent, down",
				       path, text);
	event->silent = text[0] == 's';
	return 0;
}

static int partition(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	static const struct topo_field fields[] = {
		{"routers", cut_routers}, {"how", cut_how}, {NULL, NULL}};
	static const char *const must[] = {"routers", NULL};
	struct topo_event *event = object;
	int ret;

	event->silent = true;
	if (node->type == TREE_MAP)
		return topo_reader_action_map(r, node, path, fields, must, object);
	ret = topo_reader_action(r, node, path, object);
	return ret < 0 ? ret : cut_routers(r, node, path, object);
}

static int heal(struct topo_reader *r, const struct tree_node *node, const char *path, void *object)
{
	bool yes = false;
	int ret = topo_reader_action(r, node, path, object);

	if (ret == 0)
		ret = topo_reader_flag(r, node, path, &yes);
	if (ret == 0 && !yes)
		return topo_field_fail(r, node->line, "%s: expected true", path);
	return ret;
}

static int play_trace(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	struct topo_event *event = object;

	return topo_reader_ref(r, node, path, event->trace, sizeof(event->trace));
}

static int play_loop(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	struct topo_event *event = object;

	event->given |= TOPO_LOOP;
	return topo_reader_flag(r, node, path, &event->loop);
}

static int trace_play(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	static const struct topo_field fields[] = {{"link", field_link},    {"from", field_from},
						   {"trace", play_trace},   {"loop", play_loop},
						   {"offset", play_offset}, {NULL, NULL}};
	static const char *const must[] = {"link", "trace", NULL};

	return topo_reader_action_map(r, node, path, fields, must, object);
}

static int trace_stop(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	static const struct topo_field fields[] = {
		{"link", field_link}, {"from", field_from}, {NULL, NULL}};
	static const char *const must[] = {"link", NULL};

	if (node->type != TREE_MAP)
		return named(r, node, path, object);
	return topo_reader_action_map(r, node, path, fields, must, object);
}

static const struct topo_field event_fields[] = {
	{"at", event_at},
	{"after", event_after},
	{"every", event_every},
	{"times", event_times},
	{"for", event_for},
	{"jitter", event_jitter},
	{"link-down", named},
	{"link-up", named},
	{"link-silent", named},
	{"link-set", link_set},
	{"link-flap", link_flap},
	{"partition", partition},
	{"heal", heal},
	{"router-kill", named},
	{"router-restart", named},
	{"trace-play", trace_play},
	{"trace-stop", trace_stop},
	{"app-start", topo_reader_app_start},
	{"app-stop", topo_reader_app_stop},
	{NULL, NULL},
};

/* How long it takes from the time it happens until all of it is over; UINT64_MAX: for ever. */
static uint64_t span(const struct topo_event *event)
{
	uint64_t all;

	if (event->action != TOPO_LINK_FLAP)
		return event->for_ns;
	if (!event->flaps ||
	    __builtin_mul_overflow(event->flaps, event->down_ns + event->up_ns, &all))
		return UINT64_MAX;
	return all;
}

/* What fields are to each other. */
static int check_event(struct topo_reader *r, const struct topo_event *event, const char *path,
		       bool timed)
{
	uint64_t most = event->every_ns - event->jitter_ns;

	if (!event->action)
		return topo_field_fail(r, event->line,
				       "%s: has no action (link-down, link-set ...)", path);
	if ((event->given & (TOPO_AT | TOPO_AFTER)) == (TOPO_AT | TOPO_AFTER))
		return topo_field_fail(r, event->line, "%s.after: at is given, too", path);
	if (timed && !(event->given & (TOPO_AT | TOPO_AFTER | TOPO_EVERY)))
		return topo_field_fail(r, event->line,
				       "%s: says not when: at, after or every is missing", path);
	if (event->given & TOPO_TIMES && !(event->given & TOPO_EVERY))
		return topo_field_fail(r, event->line, "%s.times: every is missing", path);
	if (event->given & TOPO_EVERY && event->every_ns < 1000000)
		return topo_field_fail(r, event->line, "%s.every: is less than 1ms", path);
	if (event->given & TOPO_FOR && !topo_action_ends(event->action))
		return topo_field_fail(r, event->line, "%s.for: %s has no end", path,
				       topo_action_name(event->action));
	if (event->given & TOPO_FOR && !event->for_ns)
		return topo_field_fail(r, event->line, "%s.for: must be more than 0", path);
	if (event->given & TOPO_EVERY && event->jitter_ns >= event->every_ns)
		return topo_field_fail(r, event->line, "%s.jitter: is not less than every", path);
	if (event->given & TOPO_EVERY && span(event) > most)
		return topo_field_fail(r, event->line, "%s.every: begins again before it has ended",
				       path);
	return 0;
}

static int read_event(struct topo_reader *r, const struct tree_node *node, const char *path,
		      bool timed)
{
	struct topo_events *events = topo_reader_events_get(r);
	struct topo_event *event = events ? topo_events_add(events) : NULL;
	int ret;

	if (!event)
		return topo_field_nomem(r);
	event->line = node->line;
	if (node->type != TREE_MAP)
		return topo_field_wrong(r, node, path[0] ? path : "event", "a map of fields");
	ret = topo_field_map(r, node, path, event_fields, event);
	return ret < 0 ? ret : check_event(r, event, path[0] ? path : "event", timed);
}

struct topo_events *topo_reader_events_get(struct topo_reader *r)
{
	if (!r->events)
		r->events = topo_events_new();
	if (!r->events)
		topo_field_nomem(r);
	return r->events;
}

int topo_reader_events(struct topo_reader *r, const struct tree_node *list, const char *path,
		       void *object)
{
	char below[TOPO_PATH_SIZE];
	size_t i = 0;
	int ret;

	(void)object;
	if (list->type != TREE_LIST)
		return topo_field_wrong(r, list, path, "a list");
	if (list->count > TOPO_EVENTS_MAX)
		return topo_field_fail(r, list->line, "%s: %zu are more than %d", path, list->count,
				       TOPO_EVENTS_MAX);
	for (const struct tree_node *node = list->first; node; node = node->next) {
		snprintf(below, sizeof(below), "%.100s[%zu]", path, i++);
		ret = read_event(r, node, below, true);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int topo_reader_seed(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	struct topo_events *events = topo_reader_events_get(r);
	const char *text = topo_field_quantity(r, node, path);
	struct err why;

	(void)object;
	if (!events)
		return -ENOMEM;
	if (!text)
		return -EINVAL;
	if (units_count_parse(text, path, 0, UINT64_MAX, &events->seed, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	return 0;
}

/* Nothing but an empty list is as good as nothing. */
int topo_reader_events_end(struct topo_reader *r)
{
	struct topo_events *events = r->events;

	if (!events)
		return 0;
	if (r->doc && !events->count && !events->trace_count && !events->seed)
		return 0;
	for (size_t i = 0; r->doc && i < events->count; i++)
		if (events->events[i].trace[0] &&
		    !topo_events_trace(events, events->events[i].trace))
			return topo_field_fail(r, events->events[i].line,
					       "events[%zu].trace-play.trace: there is no trace "
					       "'%s'",
					       i, events->events[i].trace);
	events->text = topo_events_text(events);
	if (!events->text)
		return topo_field_nomem(r);
	if (r->doc) {
		r->doc->events = events;
		r->events = NULL;
	}
	return 0;
}

static int read_root(struct topo_reader *r, const struct tree_node *root, bool one)
{
	static const struct topo_field fields[] = {{"events", topo_reader_events},
						   {"traces", topo_reader_traces},
						   {"seed", topo_reader_seed},
						   {NULL, NULL}};

	if (!root || root->type == TREE_NULL)
		return topo_field_fail(r, 1, "the file is empty: expected %s",
				       one ? "an event" : "events");
	if (one)
		return read_event(r, root, "", false);
	if (root->type == TREE_LIST)
		return topo_reader_events(r, root, "events", NULL);
	return topo_field_map(r, root, "", fields, NULL);
}

static int read_alone(struct topo_reader *r, const char *text, size_t size, bool one,
		      struct topo_events **ret_events)
{
	size_t start = 0;
	struct tree *tree;
	int ret;

	if (size > TOPO_FILE_MAX)
		return err_set(r->err, EINVAL, "%s: %zu bytes are more than a file may have (%u)",
			       r->source, size, TOPO_FILE_MAX);
	while (start < size && text[start] && strchr(" \t\r\n", text[start]))
		start++;
	ret = tree_read(text, size, start < size && text[start] == '{', r->source,
			&topo_reader_limits, &tree, r->err);
	if (ret < 0)
		return ret;
	if (!topo_reader_events_get(r))
		ret = -ENOMEM;
	if (ret == 0)
		ret = read_root(r, tree_root(tree), one);
	if (ret == 0)
		ret = topo_reader_events_end(r);
	tree_free(tree);
	if (ret < 0)
		topo_events_free(r->events);
	else
		*ret_events = r->events;
	return ret;
}

int topo_events_read(const char *text, size_t size, const char *source,
		     const struct topo_files *files, struct topo_events **ret_events,
		     struct err *err)
{
	struct topo_reader r = {.source = source, .err = err, .files = files};

	return read_alone(&r, text, size, false, ret_events);
}

int topo_events_read_one(const char *text, size_t size, const char *source,
			 struct topo_events **ret_events, struct err *err)
{
	struct topo_reader r = {.source = source, .err = err};

	return read_alone(&r, text, size, true, ret_events);
}
