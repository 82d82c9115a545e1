/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures, as a host back end is asked for them (part of host_ops.h): copies of what crosses
 * ports, in a ring that somebody else reads. They change nothing of the network, and end with the
 * daemon.
 */
#ifndef VLSP_DAEMON_HOST_HOST_CAPTURE_H
#define VLSP_DAEMON_HOST_HOST_CAPTURE_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "include/shared/hint.h"
#include "lib/base/err.h"

struct host;

struct host_capture {
	uint32_t ring;		       /* bytes */
	const struct bpf_insn *filter; /* lib/capture/filter.h; NULL: none */
	size_t filter_count;
	struct vlsp_hint hint; /* of the filter */
};

struct host_capture_counts {
	uint64_t matched, lost;
};

struct host_capture_ops { /* struct host_ops.captures; of the same host */
	/*
	 * Makes one that taps nothing yet. *ret_ring is the ring's descriptor, the back end's until
	 * close. -ENOSPC: there are too many; -EOPNOTSUPP: this machine has none.
	 */
	int (*open)(struct host *host, const struct host_capture *capture, uint32_t *ret_id,
		    int *ret_ring, struct err *err);
	/* Taps that port from now on; flags: enum vlsp_tap_flags, 0: not any more. -ENOSPC: the
	 * port has too many captures; -ENOENT: there is no such port. */
	int (*tap)(struct host *host, uint32_t id, uint32_t port, uint16_t flags, uint32_t snaplen,
		   struct err *err);
	int (*counts)(struct host *host, uint32_t id, struct host_capture_counts *ret_counts);
	void (*close)(struct host *host, uint32_t id);
};

#endif
