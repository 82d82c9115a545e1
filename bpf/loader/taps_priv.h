/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the loader: what taps are to routers and ports. */
#ifndef VLSP_BPF_LOADER_TAPS_PRIV_H
#define VLSP_BPF_LOADER_TAPS_PRIV_H

#include "bpf/loader/loader_priv.h"

/* taps.c: what an earlier daemon left. */
int bld_taps_adopt(struct bld *bld);
/* The port is going. */
void bld_taps_forget(struct bld *bld, uint32_t port);
/* What the record of a port that has these other flags has of taps: VLSP_PORT_TAP,
 * VLSP_PORT_TAP_OUT, and their hint. */
struct bld_tapped {
	uint32_t flags;
	struct vlsp_hint hint;
};
struct bld_tapped bld_port_tapped(const struct bld *bld, uint32_t port, uint32_t flags);
/* ports.c: enters it, at a port that is in use. */
int bld_port_tap(struct bld *bld, uint32_t port, const struct bld_tapped *tapped);
/* routers.c: the router's edge has some, with that hint, or none. */
int bld_router_tap(struct bld *bld, uint32_t slot, bool on, const struct vlsp_hint *hint);

#endif
