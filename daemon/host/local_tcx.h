/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faster hops, where the kernel has tcx: the programs that clsact runs are attached by tcx as well,
 * one device after the other, while nothing else is under way. Nobody waits for it, and where it
 * does not succeed all goes on by clsact.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_TCX_H
#define VLSP_DAEMON_HOST_LOCAL_TCX_H

struct local;
struct local_tcx;

/*
 * Link ends of an instance, and twice its edges, together, up to which it is done. Attaching one
 * makes the kernel wait for 13 ms, which is in the background; but removing its device does, too,
 * and that is not.
 */
#define LOCAL_TCX_MAX 64

/* 0, also where the kernel has no tcx (*ret_tcx is NULL then), or -errno. */
int local_tcx_open(struct local *local, struct local_tcx **ret_tcx);
/* Waits for one attach. NULL is fine. */
void local_tcx_close(struct local_tcx *tcx);
/* A batch or an audit has ended: goes on with what is left, soon. NULL is fine. */
void local_tcx_go(struct local_tcx *tcx);

#endif
