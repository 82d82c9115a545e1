/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests in one line, for tests: after cmocka.h. */
#ifndef VLSP_TESTS_UNIT_DAEMON_API_ASK_H
#define VLSP_TESTS_UNIT_DAEMON_API_ASK_H

#include "tests/unit/daemon/api/harness.h"

/* "METHOD /path?query" */
static inline int request(struct harness *h, const char *line, const char *body, struct call *c)
{
	char method[16], path[512], *query;

	assert_int_equal(sscanf(line, "%15s %511s", method, path), 2);
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	call_start(h, c, method, path, query ? query : "", body, body ? strlen(body) : 0);
	harness_settle(h, c);
	return c->status;
}

/* The JSON of the answer to a call, which must have that status; the call is done. */
static inline json_t *json_answered(struct call *c, const char *what, int status)
{
	json_t *json;

	if (c->status != status)
		fail_msg("%s: %d, not %d: %.*s", what, c->status, status, (int)c->size, c->body);
	json = json_loadb(c->body, c->size, 0, NULL);
	assert_non_null(json);
	call_done(c);
	return json;
}

static inline json_t *json_of(struct harness *h, const char *line, const char *body, int status)
{
	struct call c = {0};

	request(h, line, body, &c);
	return json_answered(&c, line, status);
}

static inline void must(struct harness *h, const char *line, int status)
{
	json_decref(json_of(h, line, NULL, status));
}

static inline json_int_t int_of(const json_t *json, const char *key)
{
	assert_true(json_is_integer(json_object_get(json, key)));
	return json_integer_value(json_object_get(json, key));
}

static inline const char *text_of(const json_t *json, const char *key)
{
	assert_true(json_is_string(json_object_get(json, key)));
	return json_string_value(json_object_get(json, key));
}

/* The member, as compact JSON, is what. */
static inline void assert_member(const json_t *json, const char *key, const char *what)
{
	char *text = json_dumps(json_object_get(json, key), JSON_COMPACT | JSON_ENCODE_ANY);

	assert_non_null(text);
	assert_string_equal(text, what);
	free(text);
}

static inline void two_routers(struct harness *h)
{
	must(h, "POST /router/?name=r1", 201);
	must(h, "POST /router/?name=r2", 201);
	must(h, "POST /link/?router1=r1&router2=10.0.0.2&weight=5", 201);
}

#endif
