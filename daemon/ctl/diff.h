/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference between a document and the model, as a plan and as lines for people. */
#ifndef VLSP_DAEMON_CTL_DIFF_H
#define VLSP_DAEMON_CTL_DIFF_H

#include "daemon/ctl/ctl.h"
#include "daemon/ctl/plan.h"

/*
 * What makes the model equal to doc (which has passed topo_doc_check()), appended to plan. Routers
 * and links are matched by name. Made again: a router whose explicit address differs, or that has
 * FAILED, with its links; a link between others than before, or FAILED; everything when
 * the network differs or replace is set. All else changes in place, attached interfaces among it. A
 * router whose process has ended and is about to be started again by the machine (dead[slot] is its
 * id) is let alone: its namespace, links and table are well. A link's state (up, down, silent) is
 * not in a document, so it stays, also of one that is made again between the same two; with replace
 * it is up. out may be NULL. 0 or -errno.
 */
int diff_plan(const struct model *model, const uint32_t *dead, const struct topo_doc *doc,
	      bool replace, struct plan *plan, struct ctl_diff *out, struct err *err);

#endif
