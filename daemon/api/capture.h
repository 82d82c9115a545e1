/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of captures, RUNTIME/capture.sock (lib/wire/capture.h): who may is decided as for the
 * REST API's unix socket, and each capture has its line in the audit. Not HTTP, because a
 * descriptor goes along. Made by the daemon's main.
 */
#ifndef VLSP_DAEMON_API_CAPTURE_H
#define VLSP_DAEMON_API_CAPTURE_H

#include <sys/types.h>

#include "lib/base/err.h"

struct ctl;
struct loop;
struct captures;

struct captures_config {
	struct loop *loop;
	struct ctl *ctl;
	const char *path; /* a file there is replaced */
	gid_t group;	  /* that may, besides root and our own user; HTTP_NO_GROUP: none */
	/* Takes the lines of the audit, without newline; NULL: nobody. */
	void (*audit)(void *arg, const char *line);
	void *audit_arg;
};

int captures_new(const struct captures_config *config, struct captures **ret_captures,
		 struct err *err);
/* All captures end, and those who capture are told. Before the host is closed. NULL is fine. */
void captures_free(struct captures *captures);

#endif
