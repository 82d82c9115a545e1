/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REST below the sockets: an input is a sequence of requests for a fresh controller on the fake
 * host. A request is "METHOD PATH[?QUERY][ HEADER: VALUE]" on one line and a body behind it, up to
 * a line "%%". A line that starts with "!" is something that happens meanwhile (see happen()).
 * Checked: each request gets exactly one answer, of a status that the documentation knows; JSON is
 * JSON, errors say what is wrong, exported topologies can be read again; in the end model and
 * machine have the same, and everything goes away without a leak.
 */
#include "daemon/host/fake_apps.h"
#include "daemon/model/app.h"
#include "lib/http/head.h"
#include "lib/topo/doc.h"
#include "tests/fuzz/world.h"
#include "tests/unit/daemon/api/harness.h"

#define REQUESTS_MAX 16
#define ROUNDS	     300
#define WORDS_MAX    5

struct request {
	struct call call;
	char *text; /* line, NUL, body, NUL */
	bool started, changes;
	enum { NOTHING, READ, ALL } may; /* what the requester may do */
};

static struct {
	struct harness h;
	struct request requests[REQUESTS_MAX];
	size_t count;
	struct http_peer peer;
	bool token;  /* TCP needs one */
	bool faults; /* the machine was made to refuse, or to lie */
} rest;

/* --- answers ------------------------------------------------------------------------------------
 */

static void check_status(const struct call *c)
{
	static const int known[] = {200, 201, 202, 400, 401, 403, 404, 405,
				    409, 413, 415, 422, 429, 503, 507};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (c->status == known[i])
			return;
	CHECK(c->status == 500 && rest.faults); /* a number that no operation has of itself */
}

static void check_export(const struct call *c)
{
	struct topo_doc *doc;
	struct err err = {0};

	if (strstr(c->type, "graphviz") || strstr(c->type, "text/plain")) /* output of one */
		return;
	if (strstr(c->type, "openmetrics")) {
		CHECK(c->size > 6 && memcmp(c->body + c->size - 6, "# EOF\n", 6) == 0);
		return;
	}
	if (topo_read(c->body, c->size, "export", &doc, &err) < 0) {
		fprintf(stderr, "%s\n%.*s\n", err.text, (int)c->size, c->body);
		abort();
	}
	topo_doc_free(doc);
}

static void check_answer(const struct request *r)
{
	const struct call *c = &r->call;
	json_t *json;

	check_status(c);
	CHECK(r->may != NOTHING || c->status >= 400);
	CHECK(r->may != READ || !r->changes || c->status >= 400);
	if (c->streaming || c->events.gone)
		return;
	CHECK(c->size == 0 || c->body);
	if (c->type[0] && !strstr(c->type, "json")) {
		CHECK(c->status == 200);
		check_export(c);
		return;
	}
	json = json_loadb(c->body ? c->body : "", c->size, 0, NULL);
	CHECK(json);
	if (c->status >= 400)
		CHECK(json_string_length(json_object_get(json, "error")));
	if (c->status == 405)
		CHECK(strncmp(c->extra, "Allow: ", 7) == 0 && c->extra[7]);
	if (c->status == 202)
		CHECK(json_is_integer(json_object_get(json, "operation")));
	json_decref(json);
}

/* --- what happens -------------------------------------------------------------------------------
 */

static bool happen_peer(const char *word)
{
	struct http_peer peer = {.kind = HTTP_PEER_UNIX, .uid = 1000, .gid = 1000, .pid = 7};

	if (strcmp(word, "!tcp") == 0)
		peer = (struct http_peer){.kind = HTTP_PEER_TCP,
					  .ip = 0x7f000001,
					  .address = "127.0.0.1:5",
					  .local = "127.0.0.1"};
	else if (strcmp(word, "!reader") == 0)
		peer.read_only = true;
	else if (strcmp(word, "!stranger") == 0)
		peer.stranger = true;
	else if (strcmp(word, "!unix") != 0)
		return false;
	rest.peer = peer;
	return true;
}

/*
 * "!rib SLOT VERSION SUM REACHABLE", "!link SLOT PORT UP CAUSE", "!died SLOT STATUS", "!ready SLOT
 * PID": as a router process would have it told, or a broken one. "!kill SLOT", "!break PORT",
 * "!mend PORT", "!fail ITEM ERROR", "!mute", "!speak", "!refuse PROPERTIES": the machine. "!app ID
 * PHASE READY STATUS", "!known", "!lose", "!no N", "!fails N": of applications. "!tcp", "!unix":
 * who asks from now on.
 */
static bool happen_app(const char *word, const unsigned long long *n)
{
	const struct host_app_events *events = &rest.h.host->events.apps;

	if (strcmp(word, "!app") == 0) {
		struct host_app_state state = {.phase = (enum host_app_phase)(n[2] % 6),
					       .ready = n[3] & 1,
					       .status = (int)(n[4] & 0xffff),
					       .text = "as told"};

		/* Of one that is there, or out of the blue. */
		if (fake_app_become(rest.h.host, (uint32_t)n[1], &state) < 0)
			events->state(events->arg, (uint32_t)n[1], &state);
	} else if (strcmp(word, "!known") == 0) {
		events->known(events->arg);
	} else if (strcmp(word, "!lose") == 0) {
		fake_apps_lose(rest.h.host);
	} else if (strcmp(word, "!no") == 0) {
		fake_app_refuse(rest.h.host, n[1] % 4, EACCES, "not here");
	} else if (strcmp(word, "!fails") == 0) {
		fake_app_fail(rest.h.host, n[1] % 4, "did not work");
	} else {
		return false;
	}
	return true;
}

static void happen(char *line)
{
	const struct host_events *events = &rest.h.host->events;
	char *words[WORDS_MAX + 1] = {NULL}, *save = NULL;
	unsigned long long n[WORDS_MAX] = {0};
	int count = 0;

	for (char *w = strtok_r(line, " ", &save); w && count < WORDS_MAX;
	     w = strtok_r(NULL, " ", &save))
		words[count++] = w;
	for (int i = 1; i < count; i++)
		n[i] = strtoull(words[i], NULL, 10);
	if (count == 0)
		return;
	rest.faults = rest.faults || !happen_peer(words[0]);
	if (happen_app(words[0], n))
		return;
	if (strcmp(words[0], "!rib") == 0) {
		const struct frame_rib rib = {
			.version = n[2], .metric_sum = n[3], .reachable = (uint32_t)n[4]};

		events->router_rib(events->arg, (uint32_t)n[1], &rib);
	} else if (strcmp(words[0], "!link") == 0) {
		const struct frame_link_state state = {
			.port = (uint32_t)n[2], .up = (uint32_t)n[3], .cause = (uint32_t)n[4]};

		events->router_link(events->arg, (uint32_t)n[1], &state);
	} else if (strcmp(words[0], "!died") == 0) {
		events->router_died(events->arg, (uint32_t)n[1], (int)n[2]);
	} else if (strcmp(words[0], "!ready") == 0) {
		events->router_ready(events->arg, (uint32_t)n[1], (int32_t)n[2]);
	} else if (strcmp(words[0], "!kill") == 0) {
		(void)fake_kill(rest.h.host, (uint32_t)n[1], (int)n[2]);
	} else if (strcmp(words[0], "!break") == 0 || strcmp(words[0], "!mend") == 0) {
		(void)fake_break(rest.h.host, (uint32_t)n[1], words[0][1] == 'b');
	} else if (strcmp(words[0], "!fail") == 0) {
		fake_fail_item(rest.h.host, n[1] % 100, 1 + (int)(n[2] % 130));
	} else if (strcmp(words[0], "!mute") == 0 || strcmp(words[0], "!speak") == 0) {
		fake_mute(rest.h.host, words[0][1] == 'm');
	} else if (strcmp(words[0], "!refuse") == 0) {
		fake_refuse_shapes(rest.h.host, (uint32_t)n[1], "delay: not on this machine");
	}
}

/* --- requests -----------------------------------------------------------------------------------
 */

static int may(const struct call *c)
{
	const char *token = c->headers[0] && strcasecmp(c->headers[0], "Authorization") == 0
				    ? c->headers[1]
				    : "";

	if (rest.peer.kind == HTTP_PEER_UNIX)
		return rest.peer.stranger ? NOTHING : rest.peer.read_only ? READ : ALL;
	if (!rest.token)
		return ALL;
	return strcasestr(token, "secret") ? ALL : strcasestr(token, "reader") ? READ : NOTHING;
}

/* Whether lib/http would hand such a head on. */
static bool is_served(const char *method, const char *path, const char *header)
{
	struct http_head head;
	char *text;
	int n = asprintf(&text, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n", method, path,
			 header ? header : "", header ? "\r\n" : "");
	bool good;

	CHECK(n > 0);
	good = http_head_check(text, (size_t)n, &head) == HTTP_HEAD_GOOD &&
	       head.length == (size_t)n;
	free(text);
	return good;
}

/* Splits the line in place and starts the request; false: it is none. */
static bool start(struct request *r, char *body, size_t body_size)
{
	char *method = r->text, *path = strchr(method, ' '), *header, *query, *value;

	if (!path || path[1] != '/')
		return false;
	*path++ = '\0';
	header = strchr(path, ' ');
	if (header) {
		*header++ = '\0';
		if (!is_served(method, path, header))
			return false;
		value = strstr(header, ": ");
		if (value) {
			*value = '\0';
			r->call.headers[0] = header;
			r->call.headers[1] = value + 2;
		}
	}
	if (!header && !is_served(method, path, NULL))
		return false;
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	r->started = true;
	r->call.req.peer = rest.peer;
	r->may = may(&r->call);
	r->changes = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 &&
		     strncmp(path, "/topology/diff", 14) != 0 &&
		     strncmp(path, "/topology/reconcile", 19) != 0;
	call_start(&rest.h, &r->call, method, path, query ? query : "", body, body_size);
	return true;
}

static void run(struct input in)
{
	struct request *r = &rest.requests[rest.count++];
	struct input body = in;
	size_t line = input_until(&body, "\n").left;

	r->text = input_text(in);
	r->text[line] = '\0';
	if (r->text[0] == '!')
		happen(r->text);
	else if (start(r, r->text + in.left - body.left, body.left))
		for (int i = 0; i < ROUNDS && !r->call.status; i++)
			loop_once(rest.h.loop, 0);
}

static bool is_busy(void)
{
	for (size_t i = 0; i < rest.count; i++)
		if (rest.requests[i].started && !rest.requests[i].call.status)
			return true;
	return false;
}

/* Those that the machine was asked for. */
static uint32_t apps_asked(const struct model *model)
{
	const struct list *pos;
	uint32_t count = 0;

	list_for_each (pos, &model->apps)
		count += list_entry(pos, struct model_app, all)->state.phase > MODEL_APP_WANTED;
	return count;
}

/* Operations that nobody waits for end as well; then both have the same. */
static void settle(void)
{
	struct fake_counts counts;

	for (int i = 0; i < ROUNDS || (is_busy() && i < 20 * ROUNDS); i++)
		if (loop_once(rest.h.loop, 0) == 0)
			break;
	CHECK(!is_busy());
	if (rest.faults)
		return;
	fake_counts(rest.h.host, &counts);
	CHECK(counts.routers == rest.h.model->router_count);
	CHECK(counts.links == rest.h.model->link_count);
	CHECK(fake_apps_count(rest.h.host) == apps_asked(rest.h.model));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	memset(&rest, 0, sizeof(rest));
	world_begin();
	rest.token = size && data[0] == '!';
	happen_peer("!unix");
	CHECK(harness_open(&rest.h, rest.token ? "secret" : NULL) == 0);
	while (in.left && rest.count < REQUESTS_MAX)
		run(input_until(&in, "\n%%\n"));
	settle();
	harness_close(&rest.h);
	for (size_t i = 0; i < rest.count; i++) {
		if (rest.requests[i].started)
			check_answer(&rest.requests[i]);
		free(rest.requests[i].call.body);
		free(rest.requests[i].text);
	}
	world_end();
	return 0;
}
