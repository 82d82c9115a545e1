/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of this directory: a call, a route, and how a handler answers. */
#ifndef VLSP_DAEMON_API_API_PRIV_H
#define VLSP_DAEMON_API_API_PRIV_H

#include <jansson.h>

#include "daemon/api/api.h"
#include "daemon/api/cache.h"
#include "daemon/api/who.h"
#include "lib/base/list.h"
#include "lib/http/params.h"
#include "lib/http/rate.h"

#define API_SEGMENTS_MAX 8

struct api_call;
struct api_feed;

enum api_type {
	API_STRING,
	API_QUANTITY, /* a string, or a number */
	API_REF,      /* of a router or link: a string, or a number that is an id */
	API_INTEGER,
	API_NUMBER,
	API_BOOLEAN,
	API_WORD, /* one of "a|b|c" */
};

struct api_param {
	const char *name;
	enum api_type type;
	bool required;
	long long min, max; /* INTEGER, NUMBER; both 0: any that is not negative */
	const char *words;  /* WORD */
	const char *doc;
};

struct api_field { /* of the answer */
	const char *name;
	const char *type; /* of OpenAPI */
	const char *doc;
};

enum api_flags {
	API_TOPOLOGY_BODY = 1 << 0, /* the body is a topology file, not parameters */
	API_CACHED = 1 << 1,	    /* depends on the model only: kept while it is unchanged */
	API_EVENT_STREAM = 1 << 2,
	API_WAITS = 1 << 3,	 /* makes an operation: takes wait= */
	API_METRICS = 1 << 4,	 /* answers API_METRICS_TYPE, a text */
	API_EVENT_BODY = 1 << 5, /* as API_TOPOLOGY_BODY: events */
	API_APP_BODY = 1 << 6,	 /* an application, or parameters: the handler tells */
	API_TEXT = 1 << 7,	 /* answers plain text */
};

struct api_route {
	const char *method;
	const char *path; /* "/router/{r}/link/{l}" */
	void (*handle)(struct api_call *call);
	const char *doc;
	const struct api_param *params; /* ends with a NULL name; NULL: none */
	const struct api_field *fields; /* as params */
	unsigned flags;
	int status; /* of success */
};

struct api {
	struct loop *loop;
	struct ctl *ctl;
	struct model *model;
	char *instance, *runtime_dir, *host_name;
	char *state_dir;	  /* NULL: none */
	char *token, *read_token; /* both or none */
	const struct http_tls *tls;
	struct http_rate *rate; /* requests, by client */
	struct api_auditor audit;
	uint64_t started_ns;
	struct list calls; /* struct api_call.all, not answered yet */
	struct api_feed *feed;
	struct api_cached cache[API_CACHE_SLOTS];
	unsigned cache_next;
	char *openapi; /* made at the first request for it */
};

struct api_call {
	struct list all;
	struct api *api;
	struct api_who who;
	uint64_t began_ns;
	uint64_t op; /* the operation it made; 0: none */
	struct http_request *req;
	const struct api_route *route;
	char *segments[API_SEGMENTS_MAX]; /* of the request's path, decoded */
	struct http_params params;
	char **warnings; /* that go with the answer */
	size_t warning_count;
	char *cache_key; /* NULL: the answer is not kept */
	struct api_about {
		uint32_t id, a, b; /* of a router or link, and of a link's ends */
		char name[LINK_NAME_SIZE];
		json_t *names; /* of several; owned */
	} about;	       /* what an operation will have removed by the time of the answer */
};

/* routes.c. All tables; ends with NULL. */
extern const struct api_route *const api_tables[];
/* Splits and decodes; the number of segments, or -EINVAL, -ENOENT (empty segment, too many). */
int api_path_split(const char *path, char *segments[API_SEGMENTS_MAX]);
/* The route of a path and method; NULL: none, then allow lists the methods of that path, if any. */
const struct api_route *api_route_find(const char *method, char *const segments[], int count,
				       char *allow, size_t size);
/* The decoded segment that stands for {name} in the call's route. */
const char *api_path(const struct api_call *call, const char *name);

/* check.c. Whether params are what the route takes: 0 or -EINVAL. */
int api_params_check(const struct api_route *route, const struct http_params *params,
		     struct err *err);
/* After the check: value or the default. */
const char *api_text(const struct api_call *call, const char *name);
long long api_int(const struct api_call *call, const char *name, long long otherwise);
double api_number(const struct api_call *call, const char *name, double otherwise);
bool api_bool(const struct api_call *call, const char *name, bool otherwise);

/* answer.c. Each answers and frees the call. json may be NULL (out of memory: 503). */
void api_answer_raw(struct api_call *call, const struct http_answer *answer);
void api_answer(struct api_call *call, int status, json_t *json);
void api_answer_text(struct api_call *call, const char *type, char *text, size_t size);
void api_answer_error(struct api_call *call, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void api_answer_err(struct api_call *call, const struct err *err);
/* Of a message, which may quote bytes or be cut in a character, or of a program: may be anything.
 * NULL: out of memory. */
json_t *api_any_text(const char *text);
/* After ctl_*: answers if it refused (r < 0), or with 202 if the request does not wait. */
void api_started(struct api_call *call, int r, uint64_t op, const struct err *err);
/* Adds success, msg and op_time, then answers; a failed operation answers its error. */
void api_answer_op(struct api_call *call, int status, json_t *json, const struct ctl_op *op);
void api_call_free(struct api_call *call);
int api_call_warn(struct api_call *call, const char *text);
/* For ctl_*: what done and arg must be, by wait=. */
ctl_done_fn api_done(const struct api_call *call, ctl_done_fn done);

/* error.c */
int api_status_of(int code);

#endif
