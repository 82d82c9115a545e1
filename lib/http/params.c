// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Query, form and JSON parameters as one list. Pure: text in, list out. Called by daemon/api after
 * the route is known. Nothing is dropped: what cannot be understood is refused by name.
 */
#include "lib/http/params.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/codec/json_reason.h"
#include "lib/http/limits.h"

const struct http_param *http_params_find(const struct http_params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++)
		if (strcmp(params->list[i].name, name) == 0)
			return &params->list[i];
	return NULL;
}

const char *http_params_get(const struct http_params *params, const char *name)
{
	const struct http_param *param = http_params_find(params, name);

	return param ? param->value : NULL;
}

void http_params_done(struct http_params *params)
{
	for (size_t i = 0; i < params->count; i++) {
		free(params->list[i].name);
		free(params->list[i].value);
	}
	free(params->list);
	memset(params, 0, sizeof(*params));
}

/* Takes name and value in any case. */
static int add(struct http_params *params, char *name, char *value, enum http_param_kind kind,
	       struct err *err)
{
	struct http_param *list;
	int r = 0;

	if (!name || !value)
		r = err_set(err, ENOMEM, "parameters: out of memory");
	else if (!name[0])
		r = err_set(err, EINVAL, "parameters: one without a name");
	else if (strlen(value) > HTTP_VALUE_MAX)
		r = err_set(err, EINVAL, "%.64s: longer than %d bytes", name, HTTP_VALUE_MAX);
	else if (http_params_get(params, name))
		r = err_set(err, EINVAL, "%.64s: given twice", name);
	else if (params->count == HTTP_PARAMS_MAX)
		r = err_set(err, EINVAL, "parameters: more than %d", HTTP_PARAMS_MAX);
	if (r == 0) {
		list = realloc(params->list, (params->count + 1) * sizeof(*list));
		if (!list)
			r = err_set(err, ENOMEM, "parameters: out of memory");
	}
	if (r < 0) {
		free(name);
		free(value);
		return r;
	}
	params->list = list;
	list[params->count].name = name;
	list[params->count].value = value;
	list[params->count++].kind = kind;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* Length of the UTF-8 sequence at p, 0 if there is none (RFC 3629: no surrogates, no overlong). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n == 0 || n > left || p[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

int http_unescape(const char *text, size_t size, int plus, char **ret_text)
{
	cleanup_free char *out = malloc(size + 1);
	size_t n = 0;

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '%') {
			int hi = i + 2 < size ? hex_digit(text[i + 1]) : -1;
			int lo = hi >= 0 ? hex_digit(text[i + 2]) : -1;

			if (lo >= 0)
				i += 2;
			else
				return -EINVAL;
			out[n++] = (char)(hi << 4 | lo);
		} else {
			out[n++] = plus && text[i] == '+' ? ' ' : text[i];
		}
		if (out[n - 1] == '\0')
			return -EINVAL;
	}
	out[n] = '\0';
	for (size_t i = 0; i < n;) {
		size_t len = utf8_length((const unsigned char *)out + i, n - i);

		if (len == 0)
			return -EINVAL;
		i += len;
	}
	*ret_text = out;
	out = NULL;
	return 0;
}

int http_params_add_form(struct http_params *params, const char *text, size_t size, struct err *err)
{
	const char *end = text + size;

	while (text < end) {
		const char *amp = memchr(text, '&', (size_t)(end - text));
		const char *stop = amp ? amp : end;
		const char *eq = memchr(text, '=', (size_t)(stop - text));
		const char *name_end = eq ? eq : stop;
		char *name = NULL, *value = NULL;
		int r;

		if (stop > text) {
			r = http_unescape(text, (size_t)(name_end - text), 1, &name);
			if (r < 0)
				return err_set(err, -r,
					       "parameters: a name that is not UTF-8 text "
					       "with %%XX escapes");
			r = eq ? http_unescape(eq + 1, (size_t)(stop - eq - 1), 1, &value)
			       : http_unescape("", 0, 1, &value);
			if (r < 0) {
				err_set(err, -r, "%.64s: not UTF-8 text with %%XX escapes", name);
				free(name);
				return r;
			}
			r = add(params, name, value, HTTP_PARAM_TEXT, err);
			if (r < 0)
				return r;
		}
		text = stop + 1;
	}
	return 0;
}

static char *json_text(const json_t *value)
{
	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (json_is_boolean(value))
		return strdup(json_is_true(value) ? "true" : "false");
	return json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}

static enum http_param_kind json_kind(const json_t *value)
{
	return json_is_string(value)   ? HTTP_PARAM_STRING
	       : json_is_number(value) ? HTTP_PARAM_NUMBER
				       : HTTP_PARAM_BOOLEAN;
}

int http_params_add_json(struct http_params *params, const char *text, size_t size, struct err *err)
{
	json_error_t where;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where), *value;
	const char *key;
	int r = 0;

	if (!root)
		return err_set(err, EINVAL, "body:%d: column %d: not JSON: %s",
			       where.line > 0 ? where.line : 1, where.column, json_reason(&where));
	if (!json_is_object(root))
		r = err_set(err, EINVAL, "body: JSON that is not an object");
	json_object_foreach (root, key, value) {
		if (!json_is_string(value) && !json_is_number(value) && !json_is_boolean(value))
			r = err_set(err, EINVAL, "%.64s: must be a string, a number or a boolean",
				    key);
		else
			r = add(params, strdup(key), json_text(value), json_kind(value), err);
		if (r < 0)
			break;
	}
	json_decref(root);
	return r;
}

int http_params_add_body(struct http_params *params, const char *type, const char *body,
			 size_t size, struct err *err)
{
	size_t start = strspn(body, " \t\r\n");
	size_t word = type ? strcspn(type, "; \t") : 0;

	if (start >= size)
		return 0;
	if (body[start] == '{' || body[start] == '[' ||
	    (word == 16 && strncasecmp(type, "application/json", 16) == 0))
		return http_params_add_json(params, body, size, err);
	if (!type ||
	    (word == 33 && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0))
		return http_params_add_form(params, body, size, err);
	return err_set(err, EINVAL,
		       "Content-Type: neither application/json nor "
		       "application/x-www-form-urlencoded");
}
