/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REST below the sockets: an input is a sequence of requests for a fresh controller on the fake
 * host. A request is "METHOD PATH[?QUERY][ HEADER: VALUE]" on one line and a body behind it, up to
 * a line "%%". Each must get exactly one answer, errors in JSON that names what is wrong, and the
 * controller must come to rest and go away without a leak. The raw input is also looked at as the
 * head of an HTTP request.
 */
#include <stdint.h>
#include <stdio.h>

#include "lib/http/head.h"
#include "lib/base/log.h"
#include "tests/unit/daemon/api/harness.h"

#define REQUESTS_MAX 12
#define ROUNDS	     300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct request {
	struct call call;
	char *text; /* line, NUL, body, NUL */
};

static void check_answer(const struct call *c)
{
	json_t *json;

	if (c->status < 200 || c->status > 599)
		abort();
	if (c->status < 400)
		return;
	json = json_loadb(c->body, c->size, 0, NULL);
	if (!json || !json_string_length(json_object_get(json, "error")))
		abort();
	json_decref(json);
}

/* Splits the line in place and starts the request; false: it is none. */
static bool start(struct harness *h, struct request *r, char *body, size_t body_size)
{
	char *method = r->text, *path = strchr(method, ' '), *header, *query, *value;

	if (!path || path[1] != '/')
		return false;
	*path++ = '\0';
	header = strchr(path, ' ');
	if (header) {
		*header++ = '\0';
		value = strstr(header, ": ");
		if (value) {
			*value = '\0';
			r->call.headers[0] = header;
			r->call.headers[1] = value + 2;
		}
	}
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	call_start(h, &r->call, method, path, query ? query : "", body, body_size);
	return true;
}

static size_t run(struct harness *h, struct request *r, const uint8_t *data, size_t size)
{
	const uint8_t *mark = memmem(data, size, "\n%%\n", 4);
	size_t used = mark ? (size_t)(mark - data) : size, line;
	const uint8_t *nl = memchr(data, '\n', used);

	line = nl ? (size_t)(nl - data) : used;
	r->text = malloc(used + 2);
	if (!r->text)
		abort();
	memcpy(r->text, data, used);
	r->text[used] = r->text[line] = '\0';
	if (start(h, r, r->text + line + (nl != NULL), used - line - (nl != NULL)))
		for (int i = 0; i < ROUNDS && !r->call.status; i++)
			loop_once(h->loop, 0);
	return mark ? used + 4 : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request requests[REQUESTS_MAX];
	struct http_head head;
	struct harness h;
	size_t count = 0, at = 0;

	http_head_check((const char *)data, size, &head);
	log_set_level(LOG_LEVEL_ERROR);
	memset(requests, 0, sizeof(requests));
	if (harness_open(&h, NULL) < 0)
		abort();
	while (at < size && count < REQUESTS_MAX)
		at += run(&h, &requests[count++], data + at, size - at);
	harness_close(&h);
	for (size_t i = 0; i < count; i++) {
		if (requests[i].call.req.ops)
			check_answer(&requests[i].call);
		free(requests[i].call.body);
		free(requests[i].text);
	}
	return 0;
}
