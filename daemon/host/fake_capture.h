/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures of the fake back end: refused, as there are no frames, unless a test has them pretended.
 */
#ifndef VLSP_DAEMON_HOST_FAKE_CAPTURE_H
#define VLSP_DAEMON_HOST_FAKE_CAPTURE_H

#include <stdbool.h>

#include "daemon/host/host_capture.h"

#define FAKE_CAPTURES_MAX     3 /* so that a test can have too many */
#define FAKE_CAPTURE_TAPS_MAX 16

struct fake_capture {
	bool used;
	int ring; /* of no use but to be told from others */
	uint32_t ring_size, filter_count;
	struct {
		uint32_t port, snaplen;
		uint16_t flags;
	} taps[FAKE_CAPTURE_TAPS_MAX]; /* flags 0: free */
	struct host_capture_counts counts;
};

struct fake_captures {
	struct fake_capture list[FAKE_CAPTURES_MAX];
	bool pretends;
	uint32_t fail_port;
	int error; /* of the next tap there; 0: none */
};

extern const struct host_capture_ops fake_capture_ops;

/* For tests: captures are pretended from now on; the next tap of that port fails with error. */
void fake_pretend_captures(struct host *host, uint32_t fail_port, int error);
/* What there is under an id; used false: nothing. */
struct fake_capture *fake_capture(struct host *host, uint32_t id);

#endif
