/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between vlspd's host role and the spawner: one small single-threaded `vlsp-router --spawner FD`
 * process per daemon, started at the beginning, that forks (without exec) one router process per
 * request: 0.1 ms instead of the cost of an exec or of forking a large daemon. SEQPACKET
 * socketpair, host byte order. At end of stream the spawner exits; the routers stay.
 */
#ifndef VLSP_LIB_WIRE_SPAWN_H
#define VLSP_LIB_WIRE_SPAWN_H

#include <stdint.h>

/* Descriptors that go with a request, in this order (SCM_RIGHTS). */
enum spawn_fd {
	SPAWN_FD_NETNS, /* the router's network namespace */
	SPAWN_FD_FIB,	/* its FIB map, read-write */
	SPAWN_FD_HELLO, /* vlsp_hello, to be mapped read-only */
	SPAWN_FD_ADDR,	/* vlsp_addr, to be mapped read-only */
	SPAWN_FDS,
};

struct spawn_request {
	uint32_t slot;
	uint32_t address;      /* host byte order */
	uint32_t fib_capacity; /* entries */
	uint32_t log_level;
	uint32_t uid; /* user and group that the router process becomes; 0: stays root */
	char name[64];
	char socket[108]; /* path of router.sock */
};

enum spawn_kind { SPAWN_STARTED = 1, SPAWN_FAILED = 2, SPAWN_EXITED = 3 };

struct spawn_answer {
	uint32_t kind; /* enum spawn_kind */
	uint32_t slot;
	int32_t pid;
	int32_t status; /* FAILED: -errno; EXITED: as from waitpid */
};

#endif
