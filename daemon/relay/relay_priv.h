/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the relay share. */
#ifndef VLSP_DAEMON_RELAY_RELAY_PRIV_H
#define VLSP_DAEMON_RELAY_RELAY_PRIV_H

#include "daemon/relay/heap.h"
#include "daemon/relay/line.h"
#include "daemon/relay/hold.h"
#include "daemon/relay/relay.h"
#include "lib/base/bpfring.h"
#include "daemon/relay/send.h"
#include "lib/loop/loop.h"
#include "lib/wire/chan.h"
#include "lib/wire/relay.h"

struct relay {
	struct loop *loop;
	struct chan *chan;
	struct bpfring *ring; /* NULL: the daemon has not given it yet */
	int ring_fd;
	volatile struct vlsp_wake *wake;
	int lines_fd;
	struct vlsp_line *stats;	   /* VLSP_PORT_MAX, shared with the daemon */
	volatile struct relay_pace *pace;  /* in their first page */
	struct line *lines[VLSP_PORT_MAX]; /* NULL: never used */
	uint32_t line_end;		   /* none from that port on */
	struct heap heap;		   /* of packets, and of lines (marked) */
	struct hold hold;
	struct sender *sender;
	bool realtime, quit;
	/* wait.c */
	uint64_t lag_ns;	      /* how late the kernel wakes us */
	uint64_t spin_ns, spin_at_ns; /* left to spend, when that was reckoned */
	unsigned spin;
	int sched_fd; /* /proc/self/schedstat; -1: there is none */
};

/* control.c: the conversation with the daemon */
int control_open(struct relay *relay, const char *socket);

/* wait.c: sleeps until at_ns (0: as long as nothing comes), or until frames or the daemon come */
void wait_until(struct relay *relay, uint64_t at_ns);
void wait_reckon(struct relay *relay); /* once in a while: starvation */

/* relay.c */
void relay_line_changed(struct relay *relay, struct line *line);
void relay_catch_up(struct relay *relay); /* reads the ring until it is empty */

#endif
