/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between capture.c and capture_target.c. */
#ifndef VLSP_DAEMON_CTL_CAPTURE_PRIV_H
#define VLSP_DAEMON_CTL_CAPTURE_PRIV_H

#include <stdbool.h>

#include "daemon/ctl/capture.h"
#include "daemon/model/model.h"

#define CAPTURE_EDGE "edge"
#define CAPTURE_WAYS (CAPTURE_A_TO_B | CAPTURE_B_TO_A)

enum capture_kind { CAPTURE_LINK, CAPTURE_ROUTER, CAPTURE_PORT };

/* What is to be captured; the pointers are good while nothing has changed. */
struct capture_target {
	enum capture_kind kind;
	const struct model_link *link;	   /* LINK; PORT: of that end, or NULL: the edge */
	unsigned side;			   /* PORT */
	const struct model_router *router; /* ROUTER, PORT */
};

struct ctl_capture {
	struct ctl *ctl;
	struct ctl_capture_watch watch;
	struct capture_target target; /* its kind; the rest while it is opened */
	uint32_t router_id;
	char of[CAPTURE_OF_SIZE];
	uint32_t flags, snaplen;
	uint32_t id; /* of the host */
	int ring;
	bool opened, subscribed, filtered, stopped;
	struct capture_end *ends;
	uint64_t *queues; /* of each: what its queue had dropped before */
	size_t count, room;
};

/* of: for people, what was found. -ENOENT, -ENOTUNIQ. */
int capture_target_find(struct ctl *ctl, const char *text, struct capture_target *ret_target,
			char of[CAPTURE_OF_SIZE], struct err *err);

#endif
