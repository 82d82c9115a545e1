/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether routing has come to what the topology says. A sweep computes, router by router, how many
 * destinations it should reach and the sum of their metrics; distributed mode compares with what
 * the router's process reports, central mode (central.c) sets the router's table. A sweep is done
 * in steps of bounded time from the loop, so that a network of thousands does not stop the daemon.
 */
#ifndef VLSP_DAEMON_CTL_CONVERGE_H
#define VLSP_DAEMON_CTL_CONVERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/name.h"

struct converge;
struct ctl;

int converge_new(struct ctl *ctl, struct converge **ret_converge);
void converge_free(struct converge *converge); /* NULL is fine */

/* Goes on with the sweep now, for a bounded time; whether it is through. */
bool converge_step(struct converge *converge);
/* One step now, and the rest from the loop. Not while the machine works on an operation. */
void converge_ask(struct converge *converge);
/* Goes on with the sweep from the loop until it is through, if anybody needs it. */
void converge_wake(struct converge *converge);
/* Every router is as it should be. */
bool converge_complete(const struct converge *converge);
uint32_t converge_matched(const struct converge *converge);
/* The routers that are not, and the links that are up by will while an end does not hear the other.
 */
void converge_missing(const struct converge *converge, struct name_list *ret_routers,
		      struct name_list *ret_links);

/* A router process says that it does, or does not, hear its neighbour on port. */
void converge_oper(struct converge *converge, uint32_t port, bool up);
/* The router of slot has a new process: what it was told is forgotten. */
void converge_restarted(struct converge *converge, uint32_t slot);

#endif
