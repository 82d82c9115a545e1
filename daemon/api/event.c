// SPDX-License-Identifier: GPL-2.0-or-later
/* /event/: what is to happen and what has. Handlers and their table. */
#include "daemon/api/event.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/routes.h"
#include "lib/topo/units.h"

/* Milliseconds, with microseconds as decimals. */
static json_t *ms(uint64_t ns)
{
	return json_real((double)(ns / 1000) / 1000);
}

/* Text from outside may be cut in a character. */
static json_t *text_or(const char *text, const char *otherwise)
{
	json_t *json = json_string(text);

	return json ? json : json_string(otherwise);
}

json_t *api_encode_firing(const struct ctl_firing *f)
{
	json_t *json = json_pack(
		"{s:I,s:I,s:b,s:s,s:o,s:b,s:o,s:o,s:I,s:b,s:s,s:I,s:o}", "id", (json_int_t)f->id,
		"event", (json_int_t)f->number, "posted", f->posted, "action",
		topo_action_name(f->action), "object", text_or(f->object, "?"), "undo", f->undo,
		"planned", ms(f->planned_ns), "actual", ms(f->actual_ns), "time",
		(json_int_t)f->time_ms, "late", f->late, "outcome", ctl_outcome_name(f->outcome),
		"operation", (json_int_t)f->op, "error", text_or(f->error, "?"));

	if (json && f->outcome != CTL_EVENT_UNDERWAY)
		json_object_set_new(json, "ended", ms(f->ended_ns));
	return json;
}

static void add_event(void *arg, const struct ctl_event *e)
{
	char *text = topo_event_text(e->event), object[200];
	json_t *spec = text ? json_loads(text, 0, NULL) : NULL;

	free(text);
	json_array_append_new(
		arg, json_pack("{s:I,s:b,s:s,s:o,s:o,s:o,s:I,s:b}", "event", (json_int_t)e->number,
			       "posted", e->posted, "action", topo_action_name(e->event->action),
			       "object",
			       text_or(topo_event_object(e->event, object, sizeof(object)), "?"),
			       "spec", spec ? spec : json_null(), "next",
			       e->next_ns == UINT64_MAX ? json_null() : ms(e->next_ns), "firings",
			       (json_int_t)e->firings, "holds", e->holds));
}

struct play_list {
	struct api *api;
	json_t *list;
};

static void add_play(void *arg, const struct ctl_play *play)
{
	struct play_list *plays = arg;
	const struct model_link *link = model_link_by_id(plays->api->model, play->link_id);

	if (link)
		json_array_append_new(plays->list,
				      json_pack("{s:s,s:s,s:s}", "link", link->name, "from",
						link->end[play->side].router->name, "trace",
						play->trace));
}

static json_t *encode_status(struct api *api)
{
	struct ctl_event_status status;
	char seed[24];

	ctl_event_status(api->ctl, &status);
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)status.seed);
	return json_pack("{s:s,s:s,s:f,s:o,s:I}", "state", status.state, "seed", seed, "speed",
			 status.speed, "now", ms(status.now_ns), "posted",
			 (json_int_t)status.posted);
}

static void get_events(struct api_call *call)
{
	struct play_list plays = {call->api, json_array()};
	json_t *json = encode_status(call->api), *list = json_array();

	ctl_event_each(call->api->ctl, add_event, list);
	ctl_play_each(call->api->ctl, add_play, &plays);
	if (json) {
		json_object_set_new(json, "type", json_string("event"));
		json_object_set(json, "list", list);
		json_object_set(json, "traces", plays.list);
	}
	json_decref(list);
	json_decref(plays.list);
	api_answer(call, 200, json);
}

/* A wrong file in a well-formed request is 422. */
static void refuse(struct api_call *call, const struct err *err)
{
	if (err->code == EINVAL)
		api_answer_error(call, 422, "%s", err->text);
	else
		api_answer_err(call, err);
}

static const char *source_of(const struct api_call *call)
{
	const char *source = api_text(call, "source");

	return source ? source : "body";
}

static void post_event(struct api_call *call)
{
	struct topo_events *events = NULL;
	struct err err = {0};
	uint64_t number = 0;
	int r = topo_events_read_one(call->req->body, call->req->body_size, source_of(call),
				     &events, &err);

	if (r == 0)
		r = ctl_event_post(call->api->ctl, events, &number, &err);
	topo_events_free(events);
	if (r < 0)
		refuse(call, &err);
	else
		api_answer(call, 201,
			   json_pack("{s:I,s:b,s:s}", "event", (json_int_t)number, "success", 1,
				     "msg", ""));
}

static int read_options(const struct api_call *call, struct ctl_event_options *options,
			struct err *err)
{
	const char *seed = api_text(call, "seed");

	options->speed = api_number(call, "speed", 1);
	if (options->speed < CTL_SPEED_MIN || options->speed > CTL_SPEED_MAX)
		return err_set(err, ERANGE, "speed: must be %g to %g", CTL_SPEED_MIN,
			       CTL_SPEED_MAX);
	options->set_seed = seed != NULL;
	return seed ? units_count_parse(seed, "seed", 0, UINT64_MAX, &options->seed, err) : 0;
}

static void post_run(struct api_call *call)
{
	struct ctl_event_options options = {0};
	struct topo_events *events = NULL;
	struct err err = {0};

	if (read_options(call, &options, &err) < 0) {
		api_answer_error(call, 400, "%s", err.text);
		return;
	}
	if ((call->req->body_size && topo_events_read(call->req->body, call->req->body_size,
						      source_of(call), NULL, &events, &err) < 0) ||
	    ctl_event_run(call->api->ctl, events, source_of(call), &options, &err) < 0) {
		topo_events_free(events);
		refuse(call, &err);
		return;
	}
	topo_events_free(events);
	api_answer(call, 200, encode_status(call->api));
}

static void delete_events(struct api_call *call)
{
	unsigned count = ctl_event_stop(call->api->ctl);

	api_answer(call, 200,
		   json_pack("{s:I,s:b,s:s}", "stopped", (json_int_t)count, "success", 1, "msg",
			     count ? "" : "nothing to do"));
}

static void add_firing(void *arg, const struct ctl_firing *firing)
{
	json_array_append_new(arg, api_encode_firing(firing));
}

static void get_log(struct api_call *call)
{
	json_t *list = json_array(), *json = encode_status(call->api);

	ctl_event_log(call->api->ctl, (uint64_t)api_int(call, "after", 0), add_firing, list);
	if (json) {
		json_object_set_new(json, "type", json_string("event-log"));
		json_object_set(json, "list", list);
	}
	json_decref(list);
	api_answer(call, 200, json);
}

#define SOURCE_PARAM                                                                               \
	{                                                                                          \
		"source", API_STRING, .doc = "the file's name, for messages"                       \
	}
static const struct api_param post_params[] = {SOURCE_PARAM, {.name = NULL}};
static const struct api_param run_params[] = {
	SOURCE_PARAM,
	{"seed", API_QUANTITY, .doc = "of jitter, in place of the file's"},
	{"speed", API_NUMBER, .doc = "how much faster than said; 1 if not given"},
	{.name = NULL}};
static const struct api_param log_params[] = {
	{"after", API_INTEGER, .doc = "only firings with a higher id"}, {.name = NULL}};

#define STATUS_FIELDS                                                                              \
	{"state", "string", "none, ready (they do not run yet), running, done, stopped"},          \
		{"seed", "string", "of the last run"}, {"speed", "number", "likewise"},            \
		{"now", "number", "ms since the timeline's zero, while it runs"},                  \
	{                                                                                          \
		"posted", "integer", "posted events that are under way"                            \
	}
static const struct api_field list_fields[] = {
	{"type", "string", "event"},
	STATUS_FIELDS,
	{"list", "array", "event, posted, action, object, spec, next (ms), firings, holds"},
	{"traces", "array", "those that are played: link, from, trace"},
	{.name = NULL}};
static const struct api_field posted_fields[] = {{"event", "integer", "its number"},
						 {"success", "boolean", "true"},
						 {"msg", "string", "a remark; usually empty"},
						 {.name = NULL}};
static const struct api_field run_fields[] = {STATUS_FIELDS, {.name = NULL}};
static const struct api_field stopped_fields[] = {
	{"stopped", "integer", "timelines and traces that were running"},
	{"success", "boolean", "true"},
	{"msg", "string", "nothing to do, if that is so"},
	{.name = NULL}};
static const struct api_field log_fields[] = {
	{"type", "string", "event-log"},
	STATUS_FIELDS,
	{"list", "array",
	 "id, event, posted, action, object, undo, planned, actual, ended (ms since the timeline's "
	 "zero), time, late, outcome, operation, error; oldest first"},
	{.name = NULL}};

const struct api_route api_event_routes[] = {
	{"GET", "/event/", get_events, "What is to happen: events, when they are due, traces.",
	 NULL, list_fields, 0, 200},
	{"POST", "/event/", post_event, "Has something happen, now or at a time from now on.",
	 post_params, posted_fields, API_EVENT_BODY, 201},
	{"DELETE", "/event/", delete_events,
	 "Stops all timelines and traces; what was done for a while is undone.", NULL,
	 stopped_fields, 0, 200},
	{"POST", "/event/run", post_run,
	 "Starts the events of the topology, or of the body, from their zero.", run_params,
	 run_fields, API_EVENT_BODY, 200},
	{"GET", "/event/log", get_log,
	 "What has happened: the last 1000 firings, with their plans.", log_params, log_fields, 0,
	 200},
	{.method = NULL}};
