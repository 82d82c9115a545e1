/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures: which ports L, R or R:PORT stands for, what is to be tapped there, and what becomes of
 * it while links come, change and go. Not operations: a capture changes nothing that is kept, and
 * ends with the daemon.
 */
#ifndef VLSP_DAEMON_CTL_CAPTURE_H
#define VLSP_DAEMON_CTL_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/wire/capture.h"

struct ctl;
struct ctl_capture;

struct ctl_capture_spec {
	const char *of;	    /* L, R or R:PORT */
	const char *filter; /* lib/capture/filter.h; "": everything */
	uint32_t flags;	    /* enum capture_flags */
	uint32_t snaplen, ring;
};

/* Called from the loop, never from within ctl_capture_open(). */
struct ctl_capture_watch {
	void *arg;
	/* A port is tapped that was not, or something about it is another now. */
	void (*end)(void *arg, const struct capture_end *end);
	void (*gone)(void *arg, uint32_t port, size_t left); /* ports that are left */
};

/*
 * Runs from now on, until ctl_capture_close(). -ENOENT, -ENOTUNIQ (of), -EINVAL, -E2BIG (a field or
 * the filter), -ENOSPC (too many), -EOPNOTSUPP; the text begins with the field.
 */
int ctl_capture_open(struct ctl *ctl, const struct ctl_capture_spec *spec,
		     const struct ctl_capture_watch *watch, struct ctl_capture **ret_capture,
		     struct err *err);
/* To be called before the host is closed. NULL is fine. */
void ctl_capture_close(struct ctl_capture *capture);
/* Nothing is captured from now on; the ring and the counters stay. */
void ctl_capture_stop(struct ctl_capture *capture);

/* The ring's descriptor is the capture's. The others are valid until the next callback. */
int ctl_capture_ring(const struct ctl_capture *capture);
const char *ctl_capture_of(const struct ctl_capture *capture); /* "link a-b" */
const struct capture_end *ctl_capture_ends(const struct ctl_capture *capture, size_t *ret_count);
int ctl_capture_counts(struct ctl_capture *capture, struct capture_counts *ret_counts);

#endif
