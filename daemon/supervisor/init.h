/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Process 1 of an application's process namespace, a child of the supervisor. It goes to the
 * router, becomes the application's user, starts the program, waits for it, and tells what happens.
 * When it is gone, so are all processes of the application; it goes when the supervisor does.
 */
#ifndef VLSP_DAEMON_SUPERVISOR_INIT_H
#define VLSP_DAEMON_SUPERVISOR_INIT_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/wire/app_codec.h"

enum init_told {
	INIT_PID = 1, /* sent by the process that becomes the program: its number is the sender's */
	INIT_RUNS,    /* the program */
	INIT_UNABLE,  /* text: why not; value: errno */
	INIT_ENDED,   /* value: status as from waitpid(2) */
	INIT_REMARK,  /* text: what does not work, but need not */
};

struct init_report { /* a packet on the report socket */
	uint32_t told;
	int32_t value;
	char text[400];
};

struct init_fds { /* of the caller's, which keeps them; all close-on-exec, and above 2 */
	int out, err, link, report;
};

/*
 * Starts it. *ret_pidfd tells of its end; SIGTERM to it goes to the program's process group, by
 * SIGKILL all end. Of a process with one thread, whose signals are blocked or ignored. 0 or -errno.
 */
int init_start(const struct app_spec *spec, const struct init_fds *fds, pid_t *ret_pid,
	       int *ret_pidfd);
/* One report, with the number of its sender. -EAGAIN: none; -ECONNRESET: there is no more; -EPROTO.
 */
int init_receive(int report, struct init_report *ret_report, int32_t *ret_sender);

#endif
