/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between vlspd's host role and the supervisor of applications (vlsp-supervisor), by frames
 * (frame.h) over RUNTIME/supervisor.sock. The supervisor connects, and connects again when the
 * daemon has been away; it goes on meanwhile: applications run, are restarted, their output is
 * kept.
 *
 *   supervisor -> daemon
 *     HELLO      struct frame_hello: slot is APP_SLOT
 *     APP_STATE  struct app_state + text: after each change; after HELLO for each
 *     APP_KNOWN  empty: all have been told
 *     APP_DATA   uint32_t id + "key=value\n"...: values that it reports, as they are now; after
 *                HELLO of each that has any
 *     APP_ASK    struct app_ask + text: an application asks for an intercept ("INTERCEPT=n\n..."
 *                of its packet), or gives it up; again after HELLO while it is not answered
 *   daemon -> supervisor
 *     APP_START  uint32_t id; descriptor of a sealed memfd as of app_codec.h
 *     APP_STOP   struct app_stop
 *     APP_SET    uint32_t id + "key=value"
 *     APP_FD     struct app_ask; a descriptor that belongs to the next TELL of these numbers
 *     APP_TELL   struct app_ask + text: the answer to ASK, that the application gets as it is,
 *                with the descriptors that went before it
 *     APP_FORGET uint32_t id: of one that has ended; its log goes, too
 *     QUIT       end all, then leave
 *
 * The packets between supervisor and application are in lib/client/app_link.h.
 */
#ifndef VLSP_LIB_WIRE_APP_H
#define VLSP_LIB_WIRE_APP_H

#include <stdint.h>

#define APP_SLOT 0xfffffffeu

enum app_phase { /* enum host_app_phase */
		 APP_STARTING,
		 APP_RUNNING,
		 APP_WAITING,
		 APP_STOPPING,
		 APP_ENDED,
		 APP_FAILED,
};

struct app_ask {
	uint32_t id;  /* of the application */
	uint32_t ask; /* the supervisor's number for it */
};

struct app_stop {
	uint32_t id;
	uint32_t now; /* 1: SIGKILL at once */
};

struct app_state { /* followed by text, not NUL-terminated */
	uint32_t id, router_id, slot;
	uint32_t phase; /* enum app_phase */
	uint16_t ready;
	uint16_t stopped; /* by APP_STOP: it does, or did, not end by itself */
	int32_t pid;
	int32_t status;
	uint32_t restarts;
	uint64_t netns; /* inode of its router's namespace */
	uint64_t started_ms, ended_ms;
};

#endif
