/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network functions of routers: what applications ask for (vlsp_intercept_open()), and chains of
 * the fast path that follow. The chains themselves, in pinned maps, are the book: they name the
 * application of each function, so a later daemon knows all of them.
 *
 * In the loop's thread. Called by local_app.c.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_INTERCEPT_H
#define VLSP_DAEMON_HOST_LOCAL_INTERCEPT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/wire/app.h"

struct local;

/*
 * The answer to ask: text, and descriptors (count of them; ring, then socket), which are closed
 * after it returns. Comes later, never from within local_intercept_ask(); not at all if the
 * application has gone meanwhile (local_intercept_gone()).
 */
typedef void (*local_intercept_answer_fn)(void *arg, const struct app_ask *ask, const char *text,
					  const int *fds, size_t count);

/*
 * An application on the router of that slot asks: text is its packet (lib/client/app_link.h). All
 * errors go by the answer.
 */
void local_intercept_ask(struct local *local, const struct app_ask *ask, uint32_t slot,
			 const char *text, local_intercept_answer_fn answer, void *arg);

enum local_intercept_why {
	LOCAL_INTERCEPT_DIED,	/* a run of it has ended by itself: its functions' policy applies */
	LOCAL_INTERCEPT_STOPPED /* it was stopped, is forgotten, or its router: they are taken away
				 */
};
void local_intercept_gone(struct local *local, uint32_t app, enum local_intercept_why why);

#endif
