/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the BPF tests share: an instance of the programs in namespaces of its own, one device that
 * frames seem to come from, and frames. Topology: router 1 (10.0.0.1) has ports IN (100, a device)
 * and OUT (101); routers 2 and 3 are elsewhere, 2 behind OUT, 3 not reachable.
 */
#ifndef VLSP_TESTS_BPF_HARNESS_H
#define VLSP_TESTS_BPF_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "bpf/loader/loader.h"
#include "include/shared/vdp.h"

#define ADDR(n) (0x0a000000u | (n))
#define IN	100
#define OUT	101
#define EDGE	1001
#define ROUTE	7 /* TC_ACT_REDIRECT: bpf_redirect() and bpf_redirect_peer() */

static struct bld *bld;
static const char *why_not;

struct frame {
	uint16_t pad __attribute__((aligned(4))); /* aligns what follows the Ethernet header */
	uint8_t bytes[3000];
	uint32_t size;
	uint32_t gso_size;
	uint32_t mark; /* of the socket that it is sent by */
	int verdict;
};

#define VDP(f) ((struct vdp_hdr *)((f)->bytes + ETH_HLEN))
#define UDP(f) ((struct vdp_udp *)((f)->bytes + ETH_HLEN + VDP_NET_HLEN))
#define IP(f)  ((struct iphdr *)((f)->bytes + ETH_HLEN))
#define ETH(f) ((struct ethhdr *)(f)->bytes)

/* cmocka's group setup. Where BPF cannot be had, tests skip and say why. */
static int harness_open(void **state)
{
	struct err err;

	(void)state;
	if (geteuid() != 0) {
		why_not = "needs root";
	} else if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0) {
		why_not = "needs network and mount namespaces";
	} else if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		   mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) < 0) {
		why_not = "needs a BPF file system";
	} else if (system("ip link set lo up && ip link add name in index 100 type veth peer name x"
			  " index 200") != 0) {
		why_not = "needs veth devices and ip";
	} else if (bld_open("test", ADDR(0), 16, NULL, &bld, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	return 0;
}

static int harness_close(void **state)
{
	(void)state;
	bld_close(bld, false);
	return 0;
}

static inline void port(uint32_t number, uint32_t slot, uint32_t flags)
{
	struct vlsp_port record = {.slot = slot, .address = htonl(ADDR(slot)), .flags = flags};

	assert_int_equal(bld_port_set(bld, number, &record), 0);
}

static inline void route(uint32_t from, uint32_t to, uint32_t by)
{
	struct vlsp_fib entry = {.port = by, .metric = 1};

	assert_int_equal(bpf_map_update_elem(bld_router_fib(bld, from), &to, &entry, 0), 0);
}

/* cmocka's test setup: everything as in the picture above, all counters 0. */
static int harness_reset(void **state)
{
	struct err err = {0};

	(void)state;
	if (why_not)
		return 0;
	for (uint32_t slot = 1; slot <= 3; slot++) {
		bld_router_del(bld, slot);
		assert_int_equal(
			bld_router_add(bld, slot, ADDR(slot), EDGE - 1 + slot, VLSP_FIB_MIN, &err),
			0);
	}
	bld_port_del(bld, IN);
	bld_port_del(bld, OUT);
	port(IN, 1, VLSP_PORT_VALID);
	port(OUT, 1, VLSP_PORT_VALID);
	route(1, 2, OUT);
	return bld_settle(bld);
}

static inline void need_bpf(void)
{
	if (why_not) {
		print_message("skipped: %s\n", why_not);
		skip();
	}
}

static inline struct vlsp_count count(uint32_t number)
{
	struct vlsp_count c;

	bld_count_read(bld, number, &c);
	return c;
}

/* The only drop of that port is one of that cause. */
static inline void assert_dropped(uint32_t number, enum vlsp_drop cause)
{
	struct vlsp_count c = count(number);

	for (unsigned i = 0; i < VLSP_DROP_CAUSES; i++) {
		if (c.drop[i] != (i == cause))
			fail_msg("port %u: %u drops by \"%s\"", number, (unsigned)c.drop[i],
				 bld_drop_name(i));
	}
}

/* Runs prog on a copy of in; ifindex 1 is lo. */
static inline void run(int prog, uint32_t ifindex, const struct frame *in, struct frame *out)
{
	struct __sk_buff ctx = {.ifindex = ifindex, .gso_size = in->gso_size, .mark = in->mark};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->bytes, .data_size_in = in->size,
		    .data_out = out->bytes, .data_size_out = sizeof(out->bytes), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .ctx_out = &ctx, .ctx_size_out = sizeof(ctx),
		    .repeat = 1);

	memset(out, 0, sizeof(*out));
	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	out->size = opts.data_size_out;
	out->verdict = opts.retval;
	out->mark = ctx.mark;
}

#endif
