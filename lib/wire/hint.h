/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hints (include/shared/hint.h) put together. For all datagrams: if hint_hit() is true of both, it
 * is of the narrowed one; if it is of one of them, it is of the widened one. Pure.
 */
#ifndef VLSP_LIB_WIRE_HINT_H
#define VLSP_LIB_WIRE_HINT_H

#include "include/shared/hint.h"

/* Of what both want, as much as a hint can say: of each kind of condition the one that leaves less.
 */
void hint_narrow(struct vlsp_hint *hint, const struct vlsp_hint *other);
/* What both have in common; zeros, any, if that is nothing. Their masks are prefixes. */
void hint_widen(struct vlsp_hint *hint, const struct vlsp_hint *other);

#endif
