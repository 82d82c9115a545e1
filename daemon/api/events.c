// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /events: every change of the model and of operations, in order, as server-sent events (WHATWG
 * HTML, 9.2). Owns the ring of the last EVENTS_KEPT events and the list of clients. An event is
 * written once, as the bytes that go out; ids are this feed's own, 1, 2, ..., without a gap. A
 * client is a place in the ring: it is lost when the ring has overtaken it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/app.h"
#include "daemon/api/encode.h"
#include "daemon/api/event.h"
#include "daemon/api/feed.h"
#include "daemon/api/operation.h"
#include "daemon/api/routes.h"
#include "daemon/ctl/pace.h"

#define EVENTS_KEPT 10000

struct event {
	char *text;
	size_t size;
};

struct client {
	struct list all;
	struct api_feed *feed; /* NULL: dropped, only waits for its stream to end */
	struct http_stream *stream;
	uint64_t next; /* id of the event to send next */
};

struct api_feed {
	struct api *api;
	struct list clients;
	uint64_t last; /* id of the newest event; 0: none yet */
	struct event ring[EVENTS_KEPT];
};

static struct event *event_at(struct api_feed *feed, uint64_t id)
{
	return &feed->ring[id % EVENTS_KEPT];
}

static uint64_t first_kept(const struct api_feed *feed)
{
	return feed->last > EVENTS_KEPT ? feed->last - EVENTS_KEPT + 1 : 1;
}

static void on_gone(void *arg)
{
	struct client *client = arg;

	if (client->feed)
		list_del(&client->all);
	free(client);
}

/* After this the client belongs to its stream, which frees it by on_gone(). */
static void client_drop(struct client *client, const char *last)
{
	list_del(&client->all);
	client->feed = NULL;
	http_stream_close(client->stream, last);
}

static void client_lost(struct client *client, const char *reason)
{
	char text[160];

	snprintf(text, sizeof(text),
		 "event: lost\ndata: {\"next\":%" PRIu64 ",\"reason\":\"%s\"}\n\n",
		 first_kept(client->feed), reason);
	client_drop(client, text);
}

/* Sends as much as the stream takes now; the rest when it is drained. */
static void client_pump(struct client *client)
{
	struct api_feed *feed = client->feed;

	if (client->next < first_kept(feed)) {
		client_lost(client, "the client is too slow");
		return;
	}
	for (; client->next <= feed->last; client->next++) {
		const struct event *event = event_at(feed, client->next);
		int r = -ENOMEM;

		if (event->text)
			r = http_stream_push(client->stream, event->text, event->size);
		if (r == -ENOBUFS)
			return;
		if (r < 0) {
			client_lost(client, "out of memory");
			return;
		}
	}
}

static void on_drained(void *arg)
{
	struct client *client = arg;

	if (client->feed && client->stream)
		client_pump(client);
}

/* Takes json. Puts "event: NAME" with that data into the ring and sends it to everybody. */
static void publish(struct api_feed *feed, const char *name, json_t *json)
{
	char *data = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL,
	     *text = NULL;
	uint64_t id = ++feed->last;
	struct event *event = event_at(feed, id);
	struct list *pos, *tmp;
	int n = -1;

	json_decref(json);
	if (data)
		n = asprintf(&text, "id: %" PRIu64 "\nevent: %s\ndata: %s\n\n", id, name, data);
	free(data);
	free(event->text);
	event->text = n < 0 ? NULL : text;
	event->size = n < 0 ? 0 : (size_t)n;
	list_for_each_safe (pos, tmp, &feed->clients)
		client_pump(list_entry(pos, struct client, all));
}

static json_t *encode_change(struct api *api, const struct model_change *change)
{
	const struct model_router *router = change->router;
	const struct model_link *link = change->link;
	char address[ADDR_TEXT_SIZE];
	json_t *json = json_pack("{s:I,s:s}", "seq", (json_int_t)change->seq, "what", change->what);

	if (router && json)
		json_object_update_missing_new(
			json, json_pack("{s:I,s:s,s:s,s:s,s:I}", "routerID", (json_int_t)router->id,
					"name", router->name, "address",
					addr_format(router->address, address), "state",
					api_state_name(router->state), "reachable",
					(json_int_t)router->reachable));
	if (link && json)
		json_object_update_missing_new(json, api_encode_link(api, link));
	if (change->app && json)
		json_object_update_missing_new(json, api_encode_app(api, change->app, false));
	return json;
}

static const char *const kind_names[] = {
	[MODEL_ROUTER_ADDED] = "router-added",	       [MODEL_ROUTER_CHANGED] = "router-changed",
	[MODEL_ROUTER_REMOVED] = "router-removed",     [MODEL_LINK_ADDED] = "link-added",
	[MODEL_LINK_CHANGED] = "link-changed",	       [MODEL_LINK_REMOVED] = "link-removed",
	[MODEL_TOPOLOGY_CHANGED] = "topology-changed", [MODEL_APP_ADDED] = "app-added",
	[MODEL_APP_CHANGED] = "app-changed",	       [MODEL_APP_REMOVED] = "app-removed",
};

static void on_change(void *arg, const struct model_change *change)
{
	struct api_feed *feed = arg;

	publish(feed, kind_names[change->kind], encode_change(feed->api, change));
}

static void on_op(void *arg, const struct ctl_op *op)
{
	publish(arg, "operation", api_encode_op(op));
}

static void on_pace(void *arg, const struct ctl_pace *pace)
{
	publish(arg, "pace", api_encode_pace(pace));
}

static void on_firing(void *arg, const struct ctl_firing *firing)
{
	struct api_feed *feed = arg;

	api_audit_firing(feed->api, firing);
	publish(feed, "event", api_encode_firing(firing));
}

/* From which event on the client gets them, told if that is not what it asked for. */
static void client_begin(struct client *client, uint64_t after)
{
	static const char hello[] = ": vlsp events\nretry: 1000\n\n";
	struct api_feed *feed = client->feed;
	uint64_t first = first_kept(feed);
	char text[200];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", hello);

	client->next = after + 1;
	if (after > feed->last) /* of an earlier daemon */
		client->next = feed->last + 1;
	else if (after + 1 < first)
		client->next = first;
	if (client->next != after + 1)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "event: lost\ndata: {\"next\":%" PRIu64
				      ",\"reason\":\"older events are not kept\"}\n\n",
				      client->next);
	if (http_stream_push(client->stream, text, n) < 0)
		client_lost(client, "out of memory");
	else
		client_pump(client);
}

static void get_events(struct api_call *call)
{
	struct api_feed *feed = call->api->feed;
	const char *text = http_header(call->req, "Last-Event-ID");
	uint64_t after = text ? strtoull(text, NULL, 10) : feed->last;
	struct http_stream_events events = {.drained = on_drained, .gone = on_gone};
	struct client *client;

	if (text && (!text[0] || text[strspn(text, "0123456789")] || strlen(text) > 19)) {
		api_answer_error(call, 400, "Last-Event-ID: '%.40s' is not an event's id", text);
		return;
	}
	client = calloc(1, sizeof(*client));
	if (!client) {
		api_answer_error(call, 503, "events: out of memory");
		return;
	}
	client->feed = feed;
	list_add_tail(&feed->clients, &client->all);
	events.arg = client;
	client->stream = http_stream(call->req, "text/event-stream", &events);
	if (!client->stream) {
		list_del(&client->all);
		free(client);
		api_answer_error(call, 503, "events: out of memory");
		return;
	}
	api_call_free(call);
	client_begin(client, after);
}

int api_feed_new(struct api *api, struct api_feed **ret_feed)
{
	struct api_feed *feed = calloc(1, sizeof(*feed));
	int r;

	if (!feed)
		return -ENOMEM;
	feed->api = api;
	list_init(&feed->clients);
	r = model_subscribe(api->model, on_change, feed);
	if (r < 0)
		goto fail;
	r = ctl_op_subscribe(api->ctl, on_op, feed);
	if (r < 0)
		goto fail;
	ctl_pace_watch(api->ctl, on_pace, feed);
	ctl_event_watch(api->ctl, on_firing, feed);
	*ret_feed = feed;
	return 0;

fail:
	model_unsubscribe(api->model, on_change, feed);
	free(feed);
	return r;
}

/* The controller, which on_op(), on_pace() and on_firing() were given to, is gone by now (see
 * api_free). */
void api_feed_free(struct api_feed *feed)
{
	if (!feed)
		return;
	model_unsubscribe(feed->api->model, on_change, feed);
	while (!list_empty(&feed->clients))
		client_drop(list_entry(feed->clients.next, struct client, all), NULL);
	for (int i = 0; i < EVENTS_KEPT; i++)
		free(feed->ring[i].text);
	free(feed);
}

static const struct api_field fields[] = {
	{"id", "integer", "of the event, for Last-Event-ID"},
	{"event", "string",
	 "router-added, router-changed, router-removed, link-added, link-changed, link-removed, "
	 "topology-changed, app-added, app-changed, app-removed, operation, event, pace, lost"},
	{"data", "object", "one JSON line: what changed"},
	{.name = NULL}};

const struct api_route api_events_routes[] = {
	{"GET", "/events", get_events,
	 "Every change, in order, as server-sent events. Resumable by the header Last-Event-ID.",
	 NULL, fields, API_EVENT_STREAM, 200},
	{.method = NULL}};
