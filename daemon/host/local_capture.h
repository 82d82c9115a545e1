/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures of the local back end: taps of its BPF programs. */
#ifndef VLSP_DAEMON_HOST_LOCAL_CAPTURE_H
#define VLSP_DAEMON_HOST_LOCAL_CAPTURE_H

#include <stdbool.h>

#include "daemon/host/host_capture.h"
#include "include/shared/function.h"

struct local_captures {
	bool used[VLSP_TAP_MAX]; /* by index of the tap, which is the id */
};

extern const struct host_capture_ops local_capture_ops;

#endif
