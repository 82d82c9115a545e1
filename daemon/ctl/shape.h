/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of links, checked before anything is changed. For link.c and topology.c. */
#ifndef VLSP_DAEMON_CTL_SHAPE_H
#define VLSP_DAEMON_CTL_SHAPE_H

#include "lib/base/err.h"
#include "lib/topo/doc.h"

struct ctl;

#define SHAPE_BOTH 3u
/* Whether the directions of sides (bit 0: A to B, bit 1: B to A) make sense (-EINVAL) and this
 * machine can emulate them (-EOPNOTSUPP). Where the two differ, the text says which it is, by the
 * names of the routers. */
int shape_check_link(struct ctl *ctl, const struct topo_shape shape[2], unsigned sides,
		     const char *a, const char *b, struct err *err);
/* The same of all links of a document that has passed topo_doc_check(); the text names the link. */
int shape_check_doc(struct ctl *ctl, const struct topo_doc *doc, struct err *err);

#endif
