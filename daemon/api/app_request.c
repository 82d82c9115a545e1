// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a request wants to run: a body in the words of a topology file, or parameters, among them
 * the original's className and args. Called by app.c and topology.c.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/app.h"
#include "daemon/api/routes.h"
#include "lib/base/cleanup.h"

const struct api_param api_app_params[] = {
	{"className", API_STRING,
	 .doc = "of the original: a shipped application's name, also as usr.applications.Send"},
	{"run", API_STRING, .doc = "a shipped application's name, or a path"},
	{"bpf", API_STRING, .doc = "path of an eBPF object that is a network function"},
	{"args", API_STRING, .doc = "separated by spaces"},
	{"name", API_STRING, .doc = "unique on the router; that of the program if not given"},
	{"dir", API_STRING, .doc = "working directory"},
	{"user", API_STRING, .doc = "root or a user of the host: for root only"},
	{"restart", API_WORD, .words = "never|on-failure|always", .doc = "when it has ended"},
	{"ready", API_WORD, .words = "auto|settled|notify|exit", .doc = "when it counts as ready"},
	{"after", API_STRING, .doc = "APP or ROUTER/APP, several with spaces"},
	{"grace", API_QUANTITY, .doc = "from SIGTERM to SIGKILL, like 2s"},
	{"log", API_QUANTITY,
	 .doc = "size of the file that keeps its output, like 1M; a line costs 21 bytes beside its "
		"text"},
	{"memory", API_QUANTITY, .doc = "limit, like 64M"},
	{"cpu", API_QUANTITY, .doc = "limit, like 50%"},
	{"pids", API_QUANTITY, .doc = "limit, processes and threads"},
	{"match", API_STRING, .doc = "of bpf: which datagrams"},
	{"order", API_INTEGER, .min = 0, .max = 255, .doc = "of bpf: its place in the chain"},
	{"policy", API_WORD, .words = "open|closed", .doc = "of bpf"},
	{"timeout", API_NUMBER, .min = 0, .max = 3600,
	 .doc = "seconds to wait until it is ready; 30 if not given, 0: as no_wait"},
	{"no_wait", API_BOOLEAN, .doc = "true: answer as soon as it is asked for"},
	{.name = NULL}};

/* Of the original's classes, those whose names here are others than their own in small letters. */
static const char *const class_names[][2] = {
	{"recvdatarate", "data-rate"},
	{"netprint", "printer"},
	{"simplenetprint", "printer"},
	{"basicegress", "egress"},
	{"ingresss", "ingress"},
	{"bppfn", "trim"},
	{"bpp", "trim"},
	{"udpfn", "limit"},
	{"stress", "load"},
	{"tftpserver", "tftpd"},
	{"tftpclient", "tftp"},
	{"netfn", "pass"},
	{"simplenetfn", "pass"},
};

/* "usr.applications.Send" is what is "send" here. A path or a name without a dot is as it is. */
static char *program_of(const char *class_name)
{
	const char *dot = strrchr(class_name, '.');
	char *name;

	if (strchr(class_name, '/') || !dot || !dot[1])
		return strdup(class_name);
	name = strdup(dot + 1);
	for (char *p = name; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	for (size_t i = 0; name && i < ARRAY_SIZE(class_names); i++) {
		if (strcmp(name, class_names[i][0]) != 0)
			continue;
		free(name);
		return strdup(class_names[i][1]);
	}
	return name;
}

/* Which key of an application a parameter stands for; NULL: it is none of it. */
static const char *key_of(const char *param)
{
	static const char *const own[] = {"timeout", "no_wait", "wait", "memory", "cpu", "pids"};

	if (strcmp(param, "className") == 0)
		return "run";
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (strcmp(param, own[i]) == 0)
			return NULL;
	return param;
}

/* The parameters as a body would say them. */
static json_t *json_of(const struct http_params *params)
{
	json_t *json = json_object(), *limits = json_object();

	for (size_t i = 0; i < params->count; i++) {
		const struct http_param *p = &params->list[i];
		const char *key = key_of(p->name);
		cleanup_free char *text = NULL;

		if (strcmp(p->name, "memory") == 0 || strcmp(p->name, "cpu") == 0 ||
		    strcmp(p->name, "pids") == 0)
			json_object_set_new(limits, p->name, json_string(p->value));
		if (!key)
			continue;
		text = strcmp(p->name, "className") == 0 ? program_of(p->value) : strdup(p->value);
		if (text && strcmp(key, "order") == 0)
			json_object_set_new(json, key, json_integer(atoi(text)));
		else if (text)
			json_object_set_new(json, key, json_string(text));
	}
	if (json_object_size(limits))
		json_object_set(json, "limits", limits);
	json_decref(limits);
	return json;
}

/* What is said of a field needs no line, in a text that nobody has seen as one: it goes without its
 * name and line. Of what is no JSON they stay, as for all bodies. */
static void without_place(struct err *err)
{
	const char *colon = strstr(err->text, ": ");

	if (strncmp(err->text, "body:1: ", 8) == 0 && strncmp(colon + 2, "column ", 7) != 0)
		memmove(err->text, colon + 2, strlen(colon + 2) + 1);
}

/* An object is JSON in any case, as in other bodies: curl -d says that it is a form. */
static bool is_form(const struct api_call *call)
{
	const char *type = http_header(call->req, "Content-Type");
	const char *body = call->req->body;
	size_t start = strspn(body, " \t\r\n");

	return type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0 &&
	       body[start] != '{' && body[start] != '[';
}

/* As the original has it: an object of JSON with className among its members. */
static bool has_class_name(const struct http_request *req)
{
	json_t *json;
	bool found;

	if (!memmem(req->body, req->body_size, "\"className\"", 11))
		return false;
	json = json_loadb(req->body, req->body_size, 0, NULL);
	found = json_object_get(json, "className");
	json_decref(json);
	return found;
}

/* A form, or the original's className in JSON: parameters, beside those that came with the path. */
static int add_body_params(struct api_call *call, struct err *err)
{
	const struct http_request *req = call->req;
	int r = is_form(call) ? http_params_add_form(&call->params, req->body, req->body_size, err)
			      : http_params_add_json(&call->params, req->body, req->body_size, err);

	return r < 0 ? r : api_params_check(call->route, &call->params, err);
}

/* Beside an application in the body the query says how long to wait, and nothing of it. */
static int check_query(const struct http_params *params, struct err *err)
{
	static const char *const waits[] = {"timeout", "no_wait", "wait"};

	for (size_t i = 0; i < params->count; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(waits) && strcmp(params->list[i].name, waits[k]) != 0)
			k++;
		if (k == ARRAY_SIZE(waits))
			return err_set(err, EINVAL,
				       "%.64s: is in the query, but the application in the body",
				       params->list[i].name);
	}
	return 0;
}

static int parse(const char *text, size_t size, struct topo_app **ret_app, struct err *err)
{
	int r = topo_app_parse(text, size, "body", NULL, ret_app, err);

	if (r < 0)
		without_place(err);
	return r;
}

int api_app_of(struct api_call *call, struct topo_app **ret_app, struct err *err)
{
	const struct http_request *req = call->req;
	cleanup_free char *text = NULL;
	json_t *json;
	int r = 0;

	if (req->body_size && !is_form(call) && !has_class_name(req)) {
		r = check_query(&call->params, err);
		return r < 0 ? r : parse(req->body, req->body_size, ret_app, err);
	}
	if (req->body_size)
		r = add_body_params(call, err);
	if (r < 0)
		return r;
	if (api_text(call, "className") && api_text(call, "run"))
		return err_set(err, EINVAL, "className: and run cannot both be given");
	json = json_of(&call->params);
	if (!json_object_get(json, "run") && !json_object_get(json, "bpf")) {
		json_decref(json);
		return err_set(err, EINVAL, "run, bpf, className: one of them must be given");
	}
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (!text)
		return err_errno(err, ENOMEM, "application");
	return parse(text, strlen(text), ret_app, err);
}

int api_app_allowed(const struct api_call *call, const struct topo_app *app, struct err *err)
{
	const struct http_peer *peer = &call->req->peer;

	if (!app->user && app->kind == TOPO_APP_PROGRAM)
		return 0;
	if (peer->kind == HTTP_PEER_UNIX && peer->uid == 0)
		return 0;
	return err_set(err, EPERM, "%s: only root may ask for this, by the unix socket",
		       app->user ? "user" : "bpf");
}

int api_apps_allowed(const struct api_call *call, const struct topo_doc *doc, struct err *err)
{
	struct err why;

	for (size_t i = 0; i < doc->router_count; i++) {
		const struct topo_apps *apps = doc->routers[i].apps;

		for (size_t k = 0; k < topo_apps_count(apps); k++)
			if (api_app_allowed(call, apps->list[k], &why) < 0)
				return err_set(err, EPERM, "routers[%zu].apps[%zu].%s", i, k,
					       why.text);
	}
	return 0;
}
