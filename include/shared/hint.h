/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/* What all functions of a router, or all captures of a port, have in common; part of struct
 * vlsp_router and struct vlsp_port (maps.h). */
#ifndef VLSP_SHARED_HINT_H
#define VLSP_SHARED_HINT_H

#include <linux/types.h>

enum vlsp_hint_flags { VLSP_HINT_FLOW = 1 << 0 /* value is one of a flow id */ };

/*
 * What each datagram has that some function of a router's chain, or some capture, may want: quickly
 * looked at, so that others go their fast way. Not exact. Zeros: any.
 */
struct vlsp_hint {
	__be32 value, mask;	  /* of source or destination; or of the flow id */
	__u16 port_min, port_max; /* of source or destination, host byte order; max 0: any */
	__u8 protocol;		  /* 0: any */
	__u8 flags;		  /* enum vlsp_hint_flags */
	__u16 reserved;
};

#endif
