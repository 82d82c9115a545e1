// SPDX-License-Identifier: GPL-2.0-or-later
/* Parameters against what a route's table says. Every refusal names the parameter. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api_priv.h"

static const struct api_param wait_param[] = {
	{"wait", API_BOOLEAN, .doc = "false: answer 202 with the operation at once"},
	{.name = NULL}};

static const struct api_param *find(const struct api_param *list, const char *name)
{
	for (; list && list->name; list++)
		if (strcmp(list->name, name) == 0)
			return list;
	return NULL;
}

static int parse_int(const char *text, long long *ret_value)
{
	char *end;

	if (!((text[0] >= '0' && text[0] <= '9') ||
	      (text[0] == '-' && text[1] >= '0' && text[1] <= '9')))
		return -EINVAL;
	errno = 0;
	*ret_value = strtoll(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

static int parse_number(const char *text, double *ret_value)
{
	char *end;

	if (!text[0] || text[strspn(text, "0123456789.eE+-")])
		return -EINVAL;
	*ret_value = strtod(text, &end);
	return *end || !isfinite(*ret_value) ? -EINVAL : 0;
}

static int parse_bool(const char *text, bool *ret_value)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
		*ret_value = true;
	else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
		*ret_value = false;
	else
		return -EINVAL;
	return 0;
}

static bool is_word(const char *words, const char *text)
{
	size_t n = strlen(text);

	for (const char *p = words; n && *p; p += strcspn(p, "|"), p += *p == '|')
		if (strcspn(p, "|") == n && memcmp(p, text, n) == 0)
			return true;
	return false;
}

static int check_range(const struct api_param *p, double value, struct err *err)
{
	bool any = p->min == 0 && p->max == 0;

	if (any ? value >= 0 : value >= (double)p->min && value <= (double)p->max)
		return 0;
	return any ? err_set(err, EINVAL, "%s: must not be negative", p->name)
		   : err_set(err, EINVAL, "%s: must be %lld to %lld", p->name, p->min, p->max);
}

static int check_value(const struct api_param *p, const struct http_param *given, struct err *err)
{
	const char *text = given->value;
	long long integer;
	double number;
	bool truth;

	switch (p->type) {
	case API_REF:
		if (given->kind == HTTP_PARAM_BOOLEAN ||
		    (given->kind == HTTP_PARAM_NUMBER && parse_int(text, &integer) < 0))
			return err_set(err, EINVAL, "%s: must be a name, an id or an address",
				       p->name);
		if (!text[0])
			return err_set(err, EINVAL, "%s: is empty", p->name);
		return 0;
	case API_QUANTITY:
		if (given->kind == HTTP_PARAM_BOOLEAN)
			return err_set(err, EINVAL, "%s: must be a string or a number", p->name);
		return 0;
	case API_STRING:
		if (given->kind == HTTP_PARAM_NUMBER || given->kind == HTTP_PARAM_BOOLEAN)
			return err_set(err, EINVAL, "%s: must be a string", p->name);
		return 0;
	case API_INTEGER:
		if (given->kind == HTTP_PARAM_BOOLEAN || parse_int(text, &integer) < 0)
			return err_set(err, EINVAL, "%s: '%.40s' is not an integer", p->name, text);
		return check_range(p, (double)integer, err);
	case API_NUMBER:
		if (given->kind == HTTP_PARAM_BOOLEAN || parse_number(text, &number) < 0)
			return err_set(err, EINVAL, "%s: '%.40s' is not a number", p->name, text);
		return check_range(p, number, err);
	case API_BOOLEAN:
		if (parse_bool(text, &truth) < 0)
			return err_set(err, EINVAL, "%s: '%.40s' is not true or false", p->name,
				       text);
		return 0;
	case API_WORD:
		if (!is_word(p->words, text))
			return err_set(err, EINVAL, "%s: '%.40s' is not one of %s", p->name, text,
				       p->words);
		return 0;
	}
	return err_set(err, EINVAL, "%s: of no known type", p->name);
}

int api_params_check(const struct api_route *route, const struct http_params *params,
		     struct err *err)
{
	for (size_t i = 0; i < params->count; i++) {
		const struct http_param *given = &params->list[i];
		const struct api_param *p = find(route->params, given->name);
		int r;

		if (!p && (route->flags & API_WAITS))
			p = find(wait_param, given->name);
		if (!p)
			return err_set(err, EINVAL, "%.64s: unknown parameter of %s %s",
				       given->name, route->method, route->path);
		r = check_value(p, given, err);
		if (r < 0)
			return r;
	}
	for (const struct api_param *p = route->params; p && p->name; p++)
		if (p->required && !http_params_get(params, p->name))
			return err_set(err, EINVAL, "%s: missing", p->name);
	return 0;
}

const char *api_text(const struct api_call *call, const char *name)
{
	return http_params_get(&call->params, name);
}

long long api_int(const struct api_call *call, const char *name, long long otherwise)
{
	const char *text = api_text(call, name);

	return text ? strtoll(text, NULL, 10) : otherwise;
}

double api_number(const struct api_call *call, const char *name, double otherwise)
{
	const char *text = api_text(call, name);

	return text ? strtod(text, NULL) : otherwise;
}

bool api_bool(const struct api_call *call, const char *name, bool otherwise)
{
	const char *text = api_text(call, name);
	bool value = otherwise;

	if (text)
		parse_bool(text, &value);
	return value;
}
