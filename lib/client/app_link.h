/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The link between an application and its supervisor: the unix socket (SEQPACKET) whose number is
 * in VLSP_APP_FD. A packet is at most APP_LINK_MAX bytes: lines of text with '\n' between them,
 * without NUL.
 *
 *   to the supervisor    READY=1                  the application serves
 *                        DATA\nKEY=VALUE          it reports a value
 *                        INTERCEPT=N\n...         it asks; N is 1, 2, ...
 *   from the supervisor  SET\nKEY=VALUE           somebody has set something
 *                        INTERCEPT=N\n...         the answer to question N, with descriptors
 *
 * Used by lib/client/app.c and intercept.c; keys and values are checked by those who take or send
 * them, too. Thread-safe.
 */
#ifndef VLSP_LIB_CLIENT_APP_LINK_H
#define VLSP_LIB_CLIENT_APP_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

#define APP_LINK_ENV	"VLSP_APP_FD"
#define APP_LINK_MAX	4096
#define APP_LINK_FDS	2     /* that an answer brings at most */
#define APP_LINK_KEY	33    /* with NUL */
#define APP_LINK_VALUE	201   /* with NUL */
#define APP_LINK_ASK_MS 10000 /* that it waits for an answer */

/* --- app_setting.c --- */
/* What may be a KEY: 1 to 32 of a-z 0-9 . _ -; size: its characters. */
bool app_link_key_ok(const char *key, size_t size);
/* That the supervisor takes a setting and gives it to the application as it is. 0 or -EINVAL. */
int app_link_setting_check(const char *key, size_t size, const char *value, struct err *err);

/* --- app_link.c --- */
/* Sends one packet, without waiting. 0; -ENOTCONN (no supervisor, or it has gone), -EMSGSIZE,
 * -EAGAIN (it does not keep up). */
int app_link_send(const char *text, size_t size);

struct app_link_answer {
	char text[APP_LINK_MAX + 1]; /* what follows the line INTERCEPT=N; NUL-terminated */
	int fds[APP_LINK_FDS];	     /* fd_count of them, close-on-exec; the caller's from now on */
	unsigned fd_count;
};
/*
 * Asks "INTERCEPT=N\n" and text, and waits for the answer, at most timeout_ms. One question at a
 * time: others wait for their turn. What is set meanwhile is kept for app_link_next(). 0;
 * -ENOTCONN, -EMSGSIZE, -ETIMEDOUT, -EPROTO (more descriptors than APP_LINK_FDS).
 */
int app_link_ask(const char *text, int timeout_ms, struct app_link_answer *ret_answer);

/* The next thing that was set: 1, or 0: nothing. -ENOTCONN. */
int app_link_next(char key[APP_LINK_KEY], char value[APP_LINK_VALUE]);
/* Readable when app_link_next() has something (seldom: or not); the link's. -ENOTCONN, -ENOMEM,
 * -EMFILE. */
int app_link_fd(void);

#endif
