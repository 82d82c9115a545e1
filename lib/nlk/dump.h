/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is in the network namespace of a socket of nlk_open(): devices, addresses, routes,
 * classifiers. A dump that the kernel says was disturbed by a change is asked for again. All
 * return 0 or -errno; what was said before an error must be forgotten.
 */
#ifndef VLSP_LIB_NLK_DUMP_H
#define VLSP_LIB_NLK_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/nlk/tc.h"

struct nlk_device {
	uint32_t index, mtu;
	bool up; /* administratively */
	uint8_t mac[6];
	char name[16];
	char alias[256]; /* "": none */
};

struct nlk_address { /* IPv4, host byte order */
	uint32_t index, address;
	unsigned prefix_len;
};

struct nlk_route { /* IPv4, host byte order, of the main table */
	uint32_t network, source, index;
	unsigned prefix_len;
};

struct nlk_qdisc {
	uint32_t index, parent, handle; /* of the device; NLK_TC_ROOT */
	char kind[16];
	uint64_t rate;	/* of a tbf: bytes a second */
	uint32_t limit; /* of a pfifo: packets */
};

typedef void (*nlk_device_fn)(void *arg, const struct nlk_device *device);
typedef void (*nlk_address_fn)(void *arg, const struct nlk_address *address);
typedef void (*nlk_route_fn)(void *arg, const struct nlk_route *route);
typedef void (*nlk_qdisc_fn)(void *arg, const struct nlk_qdisc *qdisc);

/* restart (may be NULL) is called before a dump begins again: what fn was told is void. */
struct nlk_dump {
	void (*restart)(void *arg);
	void *arg;
};

int nlk_dump_devices(int sock, const struct nlk_dump *dump, nlk_device_fn fn);
int nlk_dump_addresses(int sock, const struct nlk_dump *dump, nlk_address_fn fn);
int nlk_dump_routes(int sock, const struct nlk_dump *dump, nlk_route_fn fn);
int nlk_dump_qdiscs(int sock, const struct nlk_dump *dump, nlk_qdisc_fn fn);

/* One device by its index; -ENODEV. */
int nlk_device_get(int sock, uint32_t index, struct nlk_device *ret_device);

struct nlk_filter {
	uint32_t index; /* of the device */
	enum nlk_tc_side side;
	uint32_t prog; /* filled in: kernel's id of the program that nlk_tc_bpf() put there, or 0 */
};

/* Looks at all of them, many for one call of the kernel. */
int nlk_filters_get(int sock, struct nlk_filter *filters, size_t count);

#endif
