/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asks, what that may do, and the line about it. Between the files of this directory. */
#ifndef VLSP_DAEMON_API_WHO_H
#define VLSP_DAEMON_API_WHO_H

#include "lib/base/err.h"
#include "lib/http/rate.h"
#include "lib/http/request.h"

struct api;
struct api_call;

enum api_role { API_ROLE_NONE, API_ROLE_READ_ONLY, API_ROLE_ADMIN };

struct api_who { /* asks */
	enum api_role role;
	char client[96]; /* whose requests are counted together */
	char text[160];	 /* for the audit: NAME=VALUE, one space between, none within */
};

struct api_auditor {
	void (*fn)(void *arg, const char *line); /* NULL: there is no audit */
	void *arg;
	struct http_rate *rate; /* of lines about refused strangers */
	uint64_t left_out;	/* such lines since the last one */
};

/* auth.c: who asks, and whether that may: 0, or the status of the refusal with err filled in. */
int api_auth_check(const struct api *api, struct http_request *req, struct api_who *ret_who,
		   struct err *err);

/* The same for unix sockets alone. */
int api_auth_unix(const struct http_peer *peer, enum api_role *ret_role, struct err *err);
void api_who_describe(const struct http_peer *peer, struct api_who *who);

/* audit.c: writes the line of a call that is being answered with status, unless it only reads. */
void api_audit(struct api_call *call, int status);
/* Appends text, bytes other than visible ASCII as %XX, cut with "..." before max. */
void api_audit_put(char *buf, size_t max, const char *text);

#endif
