/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What datagrams of a chain have in common. Pure; called by functions.c. */
#ifndef VLSP_BPF_LOADER_HINT_H
#define VLSP_BPF_LOADER_HINT_H

#include "include/shared/function.h"
#include "include/shared/maps.h"

/* hint_hit() (include/shared/match.h) is true of each datagram that one of these functions wants,
 * wherever it comes from and goes. */
struct vlsp_hint bld_hint(const struct vlsp_chain *chain);

#endif
