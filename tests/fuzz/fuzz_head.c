/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands before any handler of the API: the head of a request (first byte 'h', then the head)
 * and its parameters (query 'q', form 'f', JSON 'j'; "CONTENT-TYPE\n" and a body 'b'). Checked: a
 * verdict does not depend on how the bytes arrive, a refusal is HTTP and JSON, accepted parameters
 * keep their limits and mean the same in every notation.
 */
#include <jansson.h>

#include "lib/http/head.h"
#include "lib/http/limits.h"
#include "lib/http/params.h"
#include "tests/fuzz/fuzz.h"

static void check_refusal(const struct http_head *head)
{
	char buf[1024], small[40], *body;
	size_t n = http_head_refusal(head->status, head->text, buf, sizeof(buf));
	json_t *json;

	CHECK(head->status >= 400 && head->status < 600 && head->text[0]);
	CHECK(n < sizeof(buf) && strlen(buf) == n);
	body = strstr(buf, "\r\n\r\n");
	CHECK(strncmp(buf, "HTTP/1.1 ", 9) == 0 && body);
	json = json_loads(body + 4, 0, NULL);
	CHECK(json && json_string_length(json_object_get(json, "error")));
	json_decref(json);
	CHECK(http_head_refusal(head->status, head->text, small, sizeof(small)) < sizeof(small));
}

static enum http_head_state look(const uint8_t *data, size_t size, struct http_head *head)
{
	const struct input all = {data, size};
	char *copy = input_copy(all);
	enum http_head_state state = http_head_check(copy, size, head);

	free(copy);
	return state;
}

static void try_head(struct input in)
{
	size_t cut = in.left ? in.at[0] * in.left / 256 : 0;
	struct http_head head, part, full;
	enum http_head_state state = look(in.at, in.left, &head);
	enum http_head_state before = look(in.at, cut, &part);

	if (before == HTTP_HEAD_BAD) /* what is refused early stays refused, for the same reason */
		CHECK(state == HTTP_HEAD_BAD && head.status == part.status);
	if (before == HTTP_HEAD_GOOD)
		CHECK(state == HTTP_HEAD_GOOD && head.length == part.length);
	if (state == HTTP_HEAD_BAD) {
		check_refusal(&head);
	} else if (state == HTTP_HEAD_GOOD) {
		CHECK(head.length > 0 && head.length <= in.left && head.length <= HTTP_HEAD_MAX);
		CHECK(!(head.chunked && head.body));
		CHECK(look(in.at, head.length, &full) == HTTP_HEAD_GOOD);
		CHECK(full.length == head.length && full.body == head.body);
		CHECK(look(in.at, head.length - 1, &part) == HTTP_HEAD_MORE);
	} else {
		CHECK(in.left < HTTP_HEAD_MAX);
	}
}

static void check_params(const struct http_params *params)
{
	CHECK(params->count <= HTTP_PARAMS_MAX);
	for (size_t i = 0; i < params->count; i++) {
		const struct http_param *p = &params->list[i];
		json_t *text = json_string(p->value);

		CHECK(p->name[0] && strlen(p->value) <= HTTP_VALUE_MAX);
		CHECK(http_params_find(params, p->name) == p);
		CHECK(text); /* UTF-8: it can be said in an answer */
		json_decref(text);
	}
}

static void escape(char **at, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (; *text; text++) {
		*(*at)++ = '%';
		*(*at)++ = digits[(uint8_t)*text >> 4];
		*(*at)++ = digits[(uint8_t)*text & 15];
	}
}

/* The same parameters as a query. */
static void check_same(const struct http_params *params)
{
	struct http_params again = {0};
	struct err err = {0};
	size_t room = 1;
	char *text, *at;

	for (size_t i = 0; i < params->count; i++)
		room += 3 * (strlen(params->list[i].name) + strlen(params->list[i].value)) + 2;
	at = text = malloc(room);
	CHECK(text);
	for (size_t i = 0; i < params->count; i++) {
		escape(&at, params->list[i].name);
		*at++ = '=';
		escape(&at, params->list[i].value);
		*at++ = '&';
	}
	CHECK(http_params_add_form(&again, text, (size_t)(at - text), &err) == 0);
	CHECK(again.count == params->count);
	for (size_t i = 0; i < params->count; i++) {
		CHECK(strcmp(again.list[i].name, params->list[i].name) == 0);
		CHECK(strcmp(again.list[i].value, params->list[i].value) == 0);
	}
	http_params_done(&again);
	free(text);
}

static void try_params(uint8_t kind, struct input in)
{
	struct http_params params = {0};
	struct err err = {0};
	char *type = NULL, *text;
	size_t size;
	int r;

	if (kind == 'b')
		type = input_text(input_until(&in, "\n"));
	size = in.left;
	text = input_text(in); /* bodies have a NUL behind them */
	if (kind == 'b')
		r = http_params_add_body(&params, type && type[0] ? type : NULL, text, size, &err);
	else if (kind == 'j')
		r = http_params_add_json(&params, text, size, &err);
	else
		r = http_params_add_form(&params, text, size, &err);
	if (r < 0)
		CHECK(err.code == -r && err.text[0]);
	check_params(&params);
	if (r == 0)
		check_same(&params);
	http_params_done(&params);
	free(text);
	free(type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t kind = input_byte(&in);

	if (kind == 'h' || kind == 'G' || kind == 'P' || kind == 'D') {
		try_head(kind == 'h' ? in : (struct input){data, size});
	} else {
		try_params(kind, in);
	}
	return 0;
}
