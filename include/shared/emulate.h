/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Records of link emulation that BPF programs, the relay and the daemon share; the maps that hold
 * them are listed in maps.h. A direction goes by the port of its sending end.
 */
#ifndef VLSP_SHARED_EMULATE_H
#define VLSP_SHARED_EMULATE_H

#include <linux/bpf.h>
#include <linux/types.h>

#include "include/shared/fate.h"

enum vlsp_shape_flags {
	VLSP_SHAPE_RELAY = 1 << 0, /* the relay has the timing: rate, queue, delay, order */
	VLSP_SHAPE_KEEP = 1 << 1,  /* in order, whatever the jitter */
};

/* Of one direction. Probabilities as in fate.h. */
struct vlsp_shape {
	__u64 key;  /* of its random numbers */
	__u64 rate; /* bit/s; 0: no limit */
	__u64 delay_ns, jitter_ns;
	struct fate_loss loss;
	__u32 duplicate, corrupt, reorder;
	__u32 limit;	    /* datagrams that may wait for the rate */
	__s32 overhead;	    /* bytes that rate counts in addition to the frame's */
	__u32 distribution; /* enum topo_distribution */
	__u32 flags;	    /* enum vlsp_shape_flags */
	__u32 link;	    /* id */
	__u32 epoch;	    /* another one than in vlsp_fate: numbers begin anew */
	__u32 reserved;
};

struct vlsp_fate {
	struct bpf_spin_lock lock;
	__u32 burst; /* fate_lost() */
	__u32 epoch;
	__u32 reserved;
	__u64 n; /* datagrams so far */
	__u64 duplicated, corrupted, reordered;
	__u64 busy_ns; /* about until when the relay's transmitter has something to do */
	__u64 rate;    /* by which that was reckoned */
};

enum vlsp_frame_flags {
	VLSP_FRAME_EARLY = 1 << 0, /* overtakes: no delay */
	VLSP_FRAME_COPY = 1 << 1,  /* the duplicate of the one before */
};

#define VLSP_FRAME_MAX 1520 /* bytes of a frame: VDP_MTU and the Ethernet header, rounded up */

/* A frame on its way to the relay, with the shape that was in force when it came. */
struct vlsp_frame {
	__u64 arrived_ns; /* CLOCK_MONOTONIC */
	__u64 n;
	struct vlsp_shape shape;
	__u32 port, slot; /* sending end */
	__u32 length;	  /* bytes of data that are the frame, Ethernet header included */
	__u32 flags;	  /* enum vlsp_frame_flags */
	__u8 data[];
};

/* When the relay looks at the ring by itself; what is due earlier has to wake it. */
struct vlsp_wake {
	__u64 at_ns; /* CLOCK_MONOTONIC; 0: it is awake */
};

/*
 * What the relay tells about a direction, in memory that it shares with the daemon: by port of the
 * sending end; of another link than the one that is looked at, if link differs.
 */
struct vlsp_line {
	__u32 link;
	__u32 queue, queue_max; /* datagrams that wait for the rate: now, at most */
	__u32 held;		/* that wait for their delay */
	__u64 sent, dropped;	/* dropped: no room in the queue */
	__u64 late, late_max_ns;
	__u64 overruns; /* lost because the relay had no memory, or the kernel took no more */
	__u64 gone;	/* lost because the device was down or gone */
};

_Static_assert(sizeof(struct vlsp_shape) == 88, "shared layout");
_Static_assert(sizeof(struct vlsp_fate) == 64, "shared layout");
_Static_assert(sizeof(struct vlsp_frame) == 120, "shared layout");
_Static_assert(sizeof(struct vlsp_line) == 64, "shared layout");

#endif
