/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The REST API: what a request means. Decodes and checks (400 is decided here), calls daemon/ctl,
 * encodes the answer. The routes are tables, one per noun; requests are routed by them and
 * /openapi.json is made from them. Called by lib/http, or by tests with requests of their own.
 */
#ifndef VLSP_DAEMON_API_API_H
#define VLSP_DAEMON_API_API_H

#include <stdbool.h>

#include "daemon/ctl/ctl.h"
#include "lib/http/request.h"
#include "lib/loop/loop.h"

struct api;
struct http_tls;

struct api_config { /* texts are copied */
	struct loop *loop;
	struct ctl *ctl;
	const char *instance;	 /* "default" */
	const char *runtime_dir; /* for people, and hidden from applications */
	const char *state_dir;	 /* hidden likewise; NULL: there is none */
	const char *host_name;	 /* this machine's */
	/* What TCP clients must bear to do anything, and to read; NULL: nothing (auth: none). */
	const char *token, *read_token;
	/* Takes the lines of the audit, without newline; NULL: nobody. */
	void (*audit)(void *arg, const char *line);
	void *audit_arg;
	const struct http_tls *tls; /* what is spoken on TCP; NULL: nothing; outlives the API */
};

int api_new(const struct api_config *config, struct api **ret_api);
/* Call after ctl_free() and before http_server_free(): what waits gets 503, streams end. */
void api_free(struct api *api); /* NULL is fine */

/* For struct http_config; arg is the struct api. */
bool api_begin(void *arg, struct http_request *req);
void api_handle(void *arg, struct http_request *req);
void api_dropped(void *arg, struct http_request *req, int status);

#endif
