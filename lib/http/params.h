/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameters of a request: query, form or JSON body, merged. Values are text whatever way they
 * came: JSON numbers and booleans as they are written.
 */
#ifndef VLSP_LIB_HTTP_PARAMS_H
#define VLSP_LIB_HTTP_PARAMS_H

#include <stddef.h>

#include "lib/base/err.h"

enum http_param_kind { HTTP_PARAM_TEXT, HTTP_PARAM_STRING, HTTP_PARAM_NUMBER, HTTP_PARAM_BOOLEAN };

struct http_param {
	char *name;
	char *value;
	enum http_param_kind kind; /* TEXT: query or form; otherwise what it was in JSON */
};

struct http_params {
	struct http_param *list;
	size_t count;
};

const struct http_param *http_params_find(const struct http_params *params, const char *name);
/* NULL: not given. */
const char *http_params_get(const struct http_params *params, const char *name);
void http_params_done(struct http_params *params);

/* "a=1&b=x+y%20z"; also a form body. 0, -EINVAL or -ENOMEM; a name that is there already is
 * refused. */
int http_params_add_form(struct http_params *params, const char *text, size_t size,
			 struct err *err);
/* One JSON object whose members are strings, numbers or booleans. */
int http_params_add_json(struct http_params *params, const char *text, size_t size,
			 struct err *err);
/* A body by its Content-Type (NULL: none); what starts with '{' or '[' is taken as JSON in any
 * case. */
int http_params_add_body(struct http_params *params, const char *type, const char *body,
			 size_t size, struct err *err);

/* Decodes %XX (and '+' as a space if plus). malloc()ed; 0, -EINVAL: bad escape, NUL or not UTF-8,
 * or -ENOMEM. */
int http_unescape(const char *text, size_t size, int plus, char **ret_text);

#endif
