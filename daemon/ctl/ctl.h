/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller: the only mutation path. REST, events and scripts call these functions. Each
 * mutation is an operation: checked at once (a bad request is refused here, changes nothing and
 * makes no operation; while others are under way, what depends on them is checked at its turn),
 * queued, run one after the other in order of arrival, undone when the machine refuses. done is
 * called from the loop exactly once, never from within the call that started it.
 */
#ifndef VLSP_DAEMON_CTL_CTL_H
#define VLSP_DAEMON_CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/ctl/ask.h"
#include "daemon/ctl/ctl_op.h"
#include "daemon/host/host_ops.h"
#include "daemon/model/model.h"
#include "daemon/store/store.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"
#include "lib/topo/doc.h"

struct ctl;

struct ctl_config {
	struct loop *loop;
	struct model *model;
	struct host *host;
	const char *host_name;		     /* this machine's name */
	uint32_t hello_us;		     /* 0: adaptive default, see daemon/ctl/hello.c */
	struct store *store;		     /* NULL: nothing is kept */
	const struct store_content *content; /* what the model was restored from; NULL: nothing. For
						the operations' history and ids; not needed later */
};

int ctl_new(const struct ctl_config *config, struct ctl **ret_ctl);
/* Operations that have not ended are dropped, their done is not called. The host back end is closed
 * first, or has to be before the loop runs again; the model is freed later. NULL is fine. */
void ctl_free(struct ctl *ctl);
struct model *ctl_model(struct ctl *ctl);

struct ctl_router_spec {
	const char *name; /* NULL: "Router-<id>" */
	uint32_t address; /* 0: assigned */
	struct topo_limits limits;
};
struct ctl_router_change { /* of what is set, 0 is the default */
	bool set_memory, set_cpu, set_pids;
	struct topo_limits limits;
};

struct ctl_link_spec {
	const char *router1, *router2; /* names, ids or addresses */
	const char *name;	       /* NULL: "<A>-<B>" ("<A>-<B>.2" ...), as topo_doc_check() */
	uint32_t weight;	       /* 0: 1 */
	struct topo_shape shape[2];
};

/* Every mutation: 0 (and done will be called; *ret_op if not NULL is the id) or -errno at once. */
int ctl_router_add(struct ctl *ctl, const struct ctl_router_spec *spec, ctl_done_fn done, void *arg,
		   uint64_t *ret_op, struct err *err);
int ctl_router_set(struct ctl *ctl, const char *router, const struct ctl_router_change *change,
		   ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err);
int ctl_router_delete(struct ctl *ctl, const char *router, ctl_done_fn done, void *arg,
		      uint64_t *ret_op, struct err *err);
/* Its process is ended, by SIGKILL or (orderly) by asking it; the machine starts another. */
int ctl_router_kill(struct ctl *ctl, const char *router, bool orderly, ctl_done_fn done, void *arg,
		    uint64_t *ret_op, struct err *err);
int ctl_link_add(struct ctl *ctl, const struct ctl_link_spec *spec, ctl_done_fn done, void *arg,
		 uint64_t *ret_op, struct err *err);
/* The link that L names (model_link_find()): 0, -ENOENT, or -ENOTUNIQ where several join A and B.
 */
int ctl_link_find(struct ctl *ctl, const char *ref, struct model_link **ret_link, struct err *err);
int ctl_link_delete(struct ctl *ctl, const char *link, ctl_done_fn done, void *arg,
		    uint64_t *ret_op, struct err *err);
struct ctl_link_change {
	uint32_t weight; /* 0: leave */
	bool set_admin;
	enum model_admin admin;
	struct topo_shape shape[2]; /* what is to be set, [0]: A to B */
	uint32_t clear[2];	    /* what is to be taken away; enum topo_shape_bit */
};
/* -EINVAL: what the link's shape would be makes no sense; -EOPNOTSUPP: the machine cannot do it. */
int ctl_link_set(struct ctl *ctl, const char *link, const struct ctl_link_change *change,
		 ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err);

enum ctl_apply_flags {
	CTL_APPLY_NO_WAIT = 1 << 0,   /* done once all is made, whether or not routes converged and
					 applications are ready */
	CTL_APPLY_REPLACE = 1 << 1,   /* what runs goes first; ids and addresses start anew */
	CTL_APPLY_NO_EVENTS = 1 << 2, /* events of doc that are others than before do not begin */
};
/* Makes what runs equal to doc: creates, changes and deletes what differs. doc is copied. */
int ctl_topology_apply(struct ctl *ctl, const struct topo_doc *doc, unsigned flags,
		       uint64_t timeout_ms, ctl_done_fn done, void *arg, uint64_t *ret_op,
		       struct err *err);
int ctl_topology_delete(struct ctl *ctl, ctl_done_fn done, void *arg, uint64_t *ret_op,
			struct err *err);

/* One line of a difference: '+', '-' or '~', what ("router", "link", "application"), name
 * (of an application: "ROUTER/NAME"), and for '~' the fields. */
struct ctl_diff_line {
	char sign;
	const char *noun;
	char name[LINK_NAME_SIZE];
	char fields[96]; /* "weight 1 -> 5, address" */
};
struct ctl_diff {
	struct ctl_summary summary;
	struct ctl_diff_line *lines;
	size_t count;
};
/* What apply would do; changes nothing. The caller frees with ctl_diff_free(). */
int ctl_topology_diff(struct ctl *ctl, const struct topo_doc *doc, struct ctl_diff *ret_diff,
		      struct err *err);
void ctl_diff_free(struct ctl_diff *diff);
/* What runs, as a document (addresses included); the caller frees it. NULL: out of memory. */
struct topo_doc *ctl_topology_export(struct ctl *ctl);

#endif
