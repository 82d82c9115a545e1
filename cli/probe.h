/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Echo requests from one router to another: what ping and trace share. */
#ifndef VLSP_CLI_PROBE_H
#define VLSP_CLI_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "cli/icmp.h"
#include "lib/base/name.h"

struct probe_end {
	char name[NAME_SIZE];
	uint32_t address; /* host byte order */
};

struct probe {
	int fd; /* raw socket in the namespace of from */
	uint16_t id;
	struct probe_end from, to;
	struct probe_end *known; /* routers whose names were asked for */
	size_t known_count;
};

/* From the router that is the verb's first argument to its second. 0 or the exit code. From here on
 * SIGINT ends probe_receive() with -EINTR. */
int probe_open(struct cli *cli, struct probe *ret_probe);
void probe_close(struct probe *probe);

/* ttl 0: the kernel's default. 0 or the exit code. */
int probe_send(struct cli *cli, struct probe *probe, uint16_t seq, size_t size, int ttl);
/* The next answer to a probe of ours before deadline (CLOCK_MONOTONIC): 1; 0: none in time; -EINTR:
 * interrupted by the user; other -errno. */
int probe_receive(struct probe *probe, uint64_t deadline_ns, struct icmp_answer *ret_answer);

/* The name of the router that has address, or "?". */
const char *probe_name(struct cli *cli, struct probe *probe, uint32_t address);

#endif
