/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Whether a datagram is one that a match wants (struct vlsp_match): the one place that says so, for
 * BPF programs and for programs that match by themselves. Link ends, flags FROM and TO, are the
 * caller's business.
 */
#ifndef VLSP_SHARED_MATCH_H
#define VLSP_SHARED_MATCH_H

#include <linux/types.h>
#include <stdbool.h>

#include "include/shared/function.h"
#include "include/shared/hint.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

struct match_fields {
	__be32 src, dst, flow;
	__u16 sport, dport; /* host byte order */
	__u32 protocol;
	__u32 has_ports; /* UDP or TCP, no fragment */
};

static __always_inline bool match_side(const struct vlsp_match *m, __be32 src, __be32 dst,
				       __u16 sport, __u16 dport)
{
	__u32 want = m->flags;

	if (want & VLSP_MATCH_SRC && (src ^ m->src) & m->src_mask)
		return false;
	if (want & VLSP_MATCH_DST && (dst ^ m->dst) & m->dst_mask)
		return false;
	if (want & VLSP_MATCH_SPORT && (sport < m->sport_min || sport > m->sport_max))
		return false;
	return !(want & VLSP_MATCH_DPORT) || (dport >= m->dport_min && dport <= m->dport_max);
}

static __always_inline bool match_hit(const struct vlsp_match *m, const struct match_fields *f)
{
	__u32 want = m->flags;

	if (want & VLSP_MATCH_PROTOCOL && f->protocol != m->protocol)
		return false;
	if (want & VLSP_MATCH_FLOW && f->flow != m->flow)
		return false;
	if (want & (VLSP_MATCH_SPORT | VLSP_MATCH_DPORT) && !f->has_ports)
		return false;
	if (match_side(m, f->src, f->dst, f->sport, f->dport))
		return true;
	return want & VLSP_MATCH_EITHER && match_side(m, f->dst, f->src, f->dport, f->sport);
}

/*
 * The part of hint_hit() that does not look at ports, of whatever has src, dst, flow and protocol:
 * struct match_fields, or a header, of which no more is read than it takes.
 */
#define hint_net(h, x)                                                                             \
	(!((h)->protocol && (x)->protocol != (h)->protocol) &&                                     \
	 ((h)->flags & VLSP_HINT_FLOW ? !(((x)->flow ^ (h)->value) & (h)->mask)                    \
				      : !(((x)->src ^ (h)->value) & (h)->mask) ||                  \
						!(((x)->dst ^ (h)->value) & (h)->mask)))

static __always_inline bool hint_ports(const struct vlsp_hint *h, __u16 sport, __u16 dport)
{
	return (sport >= h->port_min && sport <= h->port_max) ||
	       (dport >= h->port_min && dport <= h->port_max);
}

/* Whether some function or capture may want it; true where there is no telling. */
static __always_inline bool hint_hit(const struct vlsp_hint *h, const struct match_fields *f)
{
	return hint_net(h, f) &&
	       (!h->port_max || !f->has_ports || hint_ports(h, f->sport, f->dport));
}

#endif
