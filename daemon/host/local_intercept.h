/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What applications ask for as network functions (vlsp_intercept_open(), lib/client/intercept.c):
 * a queue, a socket, a place in the router's chain. In the loop's thread. Called by local_app.c.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_INTERCEPT_H
#define VLSP_DAEMON_HOST_LOCAL_INTERCEPT_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/host/local_function.h"
#include "lib/wire/app.h"

struct local;
struct local_intercepts;

int local_intercepts_open(struct local *local, struct local_functions *functions,
			  struct local_intercepts **ret_intercepts);
/* After the workers have ended: what was asked is not answered. NULL is fine. */
void local_intercepts_close(struct local_intercepts *intercepts);

/*
 * The answer to ask: text, and count descriptors (ring, then socket), which stay ours. Comes later,
 * never from within local_intercept_ask(); not at all if the application has gone meanwhile.
 */
typedef void (*local_intercept_answer_fn)(void *arg, const struct app_ask *ask, const char *text,
					  const int *fds, size_t count);

/*
 * An application on the router of that slot asks: text is its packet, "INTERCEPT=N\n" and then
 *
 *   open                              close
 *   match=from to-r2 udp              function=NUMBER
 *   order=0 .. 255
 *   queue=BYTES (0: 1 MiB)
 *   policy=open|closed
 *
 * The answer's text begins with the same line. Then
 * "function=NUMBER\nslot=SLOT\nedge=PORT\nqueue=BYTES" with descriptors, or "ok" (close), or
 * "error=ERRNO\nTEXT".
 */
void local_intercept_ask(struct local_intercepts *intercepts, const struct app_ask *ask,
			 uint32_t slot, const char *text, local_intercept_answer_fn answer,
			 void *arg);
/* Nobody waits for answers to what has been asked up to now: it is asked again, or never was. */
void local_intercept_void(struct local_intercepts *intercepts);
/* A run of it has ended: what it asked is not answered; its functions as local_function_gone(). */
void local_intercept_gone(struct local_intercepts *intercepts, uint32_t app,
			  enum local_function_why why);

#endif
