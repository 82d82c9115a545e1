/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cgroup_probe.c finds and cgroup.c uses, and cgroup_leaf.c. */
#ifndef VLSP_LIB_CONFINE_CGROUP_PRIV_H
#define VLSP_LIB_CONFINE_CGROUP_PRIV_H

#include <limits.h>
#include <stddef.h>

#include "lib/confine/confine.h"

enum { CONTROLLER_MEMORY = 1 << 0, CONTROLLER_CPU = 1 << 1, CONTROLLER_PIDS = 1 << 2 };
#define CONTROLLERS 3
#define TREES	    CONTROLLERS
#define CGROUP_MARK "trusted.vlsp"			 /* attribute of directories that we made */
extern const char *const cgroup_controller[CONTROLLERS]; /* names, in the order of the bits */

struct tree {		      /* a mounted hierarchy */
	char dir[PATH_MAX];   /* below which our groups are made */
	unsigned controllers; /* those of ours that are in it */
	bool unified;	      /* v2 */
};

struct confine_cgroups {
	struct tree tree[TREES];
	size_t count;
};

/* Reads a small file whole, NUL-terminated (what does not fit is cut). 0 or -errno. */
int cgroup_read(const char *path, char *text, size_t size);

/* cgroup_leaf.c: moves whoever is in the tree's own group into one in it. -EBUSY: not all can be.
 */
int cgroup_leaf_move(const struct tree *tree);
/* Back, where cgroup_leaf_move() made that group and nobody else has groups beside it. */
void cgroup_leaf_undo(const struct tree *tree);
bool cgroup_leaf_is_ours(const struct tree *tree, char path[PATH_MAX]);

#endif
