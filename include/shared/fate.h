/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * What happens to the n-th datagram of a direction: a pure function of a 64-bit key, n, and for
 * bursts one bit of state. Integers only, so that BPF programs, user space and later the kernel
 * module draw the same. Documentation/link-emulation.md, "Determinism".
 *
 * Draws are counters through a mixing function, not a generator with state: any of them can be had
 * without those before it. The function is the finalizer of SplitMix64 (Steele, Lea and Flood,
 * "Fast splittable pseudorandom number generators", OOPSLA 2014), the increment is theirs.
 */
#ifndef VLSP_SHARED_FATE_H
#define VLSP_SHARED_FATE_H

#include <linux/types.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* What is drawn for; each is a sequence of its own. */
enum fate_draw {
	FATE_LOSS = 1,
	FATE_BURST, /* does a burst begin, or end */
	FATE_DUPLICATE,
	FATE_CORRUPT,
	FATE_BIT, /* which one is turned over */
	FATE_REORDER,
	FATE_JITTER,
	FATE_JITTER_COPY, /* of the duplicate */
};

#define FATE_ALWAYS 0xffffffffu /* as a probability; others are multiples of 2^-32 */

static __always_inline __u64 fate_mix(__u64 x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* Of the n-th datagram; fate_of() draws from it. */
static __always_inline __u64 fate_base(__u64 key, __u64 n)
{
	return fate_mix(key + (n + 1) * 0x9e3779b97f4a7c15ULL);
}

static __always_inline __u64 fate_of(__u64 base, enum fate_draw draw)
{
	return fate_mix(base + (__u64)draw * 0x9e3779b97f4a7c15ULL);
}

static __always_inline int fate_hit(__u64 drawn, __u32 probability)
{
	return probability == FATE_ALWAYS || (__u32)(drawn >> 32) < probability;
}

/*
 * Loss by the model of Gilbert (Bell System Technical Journal 39, 1960) and Elliott (ibid. 42,
 * 1963): in a burst a datagram is lost with probability burst_loss, outside of one with loss. A
 * burst begins with probability enter and ends with probability leave, before the datagram that it
 * is drawn for. enter 0: no bursts, loss alone. *burst is 0 or 1, and kept for the next datagram.
 */
struct fate_loss {
	__u32 loss, enter, leave, burst_loss;
};

static __always_inline int fate_lost(const struct fate_loss *model, __u64 base, __u32 *burst)
{
	__u32 p = model->loss;

	if (model->enter) {
		__u32 change = *burst ? model->leave : model->enter;

		if (fate_hit(fate_of(base, FATE_BURST), change))
			*burst = !*burst;
		if (*burst)
			p = model->burst_loss;
	}
	return fate_hit(fate_of(base, FATE_LOSS), p);
}

#endif
