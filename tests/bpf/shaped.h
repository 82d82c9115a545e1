/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of shaped links: OUT is shaped, frames come in at IN or from the router's programs. OUT
 * and its far end are devices here (out, y), so that what leaves can be seen.
 */
#ifndef VLSP_TESTS_BPF_SHAPED_H
#define VLSP_TESTS_BPF_SHAPED_H

#include "tests/bpf/frames.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "include/shared/fate.h"

#define KEY 42

static struct frame in, out;
static int far_end = -1; /* a packet socket at y */

/* cmocka's group setup and test setup. */
static inline int shaped_open(void **state)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = 201};
	int r = harness_open(state);

	if (r < 0 || why_not)
		return r;
	if (system("ip link add name out index 101 type veth peer name y index 201 &&"
		   " ip link set out up && ip link set y up") != 0)
		return -1;
	at.sll_protocol = htons(VDP_ETHERTYPE);
	far_end = socket(AF_PACKET, SOCK_RAW, htons(VDP_ETHERTYPE));
	if (far_end < 0 || bind(far_end, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -1;
	return 0;
}

static inline int shaped_reset(void **state)
{
	if (!why_not && bld_real_set(bld, false) < 0)
		return -1;
	return harness_reset(state);
}

/* OUT gets that shape; key 0: KEY. anew: numbers begin from 0. */
static inline void shape(struct vlsp_shape shape, bool anew)
{
	shape.key = shape.key ? shape.key : KEY;
	shape.link = 7;
	assert_int_equal(bld_shape_set(bld, OUT, &shape, anew), 0);
	port(OUT, 1, VLSP_PORT_VALID | VLSP_PORT_SHAPED);
}

static inline void hop(void)
{
	run(bld_prog_in(bld), IN, &in, &out);
}

static inline void leave(void)
{
	run(bld_prog_out(bld), 1, &in, &out);
}

static inline struct vlsp_fate fates(void)
{
	struct vlsp_fate fate;

	assert_int_equal(bld_fate_read(bld, OUT, &fate), 0);
	return fate;
}

static inline bool hits(uint64_t n, enum fate_draw draw, uint32_t probability)
{
	return fate_hit(fate_of(fate_base(KEY, n), draw), probability);
}

/* How many have come to the far end; f: the last one. */
static inline unsigned arrived(struct frame *f)
{
	unsigned n = 0;
	ssize_t size;

	while ((size = recv(far_end, f->bytes, sizeof(f->bytes), MSG_DONTWAIT)) > 0) {
		f->size = (uint32_t)size;
		n++;
	}
	return n;
}

#endif
