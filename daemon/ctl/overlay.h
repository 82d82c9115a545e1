/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies over a link's shape for a while: link-set events that end, and traces. The shape of a
 * direction is its lasting one (what was asked for, is kept and exported) with all overlays over
 * it, in the order in which they came. Overlays are not kept: the next daemon knows of none.
 */
#ifndef VLSP_DAEMON_CTL_OVERLAY_H
#define VLSP_DAEMON_CTL_OVERLAY_H

#include "daemon/ctl/ctl_priv.h"

/* What the direction's shape is when its lasting shape is that. ret may be lasting. */
void overlay_shape(const struct ctl *ctl, uint32_t link_id, int side,
		   const struct topo_shape *lasting, struct topo_shape *ret);

struct overlay_request {
	uint64_t overlay; /* from overlay_new() */
	uint32_t link_id;
	unsigned sides;			  /* bits: 1 << 0 is A to B */
	const struct topo_change *change; /* NULL: it ends */
	bool quiet;			  /* as of an operation */
	ctl_done_fn done;
	void *arg;
};
uint64_t overlay_new(struct ctl *ctl);
/* An operation "link-set": the overlay is that from its end on, if it ends well. */
int overlay_set(struct ctl *ctl, const struct overlay_request *request, uint64_t *ret_op,
		struct err *err);
void overlay_free_all(struct ctl *ctl);

#endif
