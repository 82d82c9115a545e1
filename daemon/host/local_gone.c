// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Knowing when namespaces are really gone. The kernel's cleanup_net() takes all namespaces that
 * were dropped so far as one batch, removes their devices together, then the rest; one batch at a
 * time, in order. So of two veth pairs whose first ends are in namespaces of their own: drop the
 * first namespace after those that matter; when its pair disappears, their devices are gone (same
 * batch or an earlier one). Drop the second then: when its pair disappears, a later batch is at
 * work, so all of the first is done. Run by a worker of the local back end, and by close.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "daemon/host/local_ns.h"
#include "lib/base/clock.h"
#include "lib/nlk/batch.h"
#include "lib/nlk/link.h"
#include "lib/nlk/message.h"
#include "lib/nlk/ns.h"

#define WAIT_NS (30 * NSEC_PER_SEC)

static void close_if(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void gone_free(struct local_gone *gone)
{
	for (int i = 0; i < 2; i++) {
		close_if(&gone->socks[i]);
		close_if(&gone->ends[i]);
	}
	close_if(&gone->watch);
	close_if(&gone->watch_ns);
}

/* A socket that hears of devices in the thread's namespace. */
static int watch_open(void)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int sock = nlk_open(), r;

	if (sock < 0)
		return sock;
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		r = -errno;
		close(sock);
		return r;
	}
	return sock;
}

static int end_open(struct local_gone *gone, int i)
{
	struct nlk_veth_end end[2] = {
		{.name = "a", .index = 2, .mac = {2, 0x56, 0, 0, 0, 1}},
		{.name = i ? "b1" : "b0", .index = 2 + (uint32_t)i, .mac = {2, 0x56, 0, 0, 0, 2}},
	};
	struct nlk_batch batch;
	int r;

	gone->ends[i] = nlk_ns_new();
	if (gone->ends[i] < 0)
		return gone->ends[i];
	gone->socks[i] = nlk_open();
	if (gone->socks[i] < 0)
		return gone->socks[i];
	nlk_batch_init(&batch);
	nlk_link_veth(&batch, end, 1500, gone->watch_ns);
	r = nlk_batch_send(&batch, gone->socks[i], NULL, NULL);
	nlk_batch_done(&batch);
	return r;
}

int local_gone_prepare(struct local_gone *gone)
{
	int r;

	*gone = (struct local_gone){
		.ends = {-1, -1}, .socks = {-1, -1}, .watch_ns = -1, .watch = -1};
	r = gone->watch_ns = nlk_ns_new();
	if (r >= 0)
		r = end_open(gone, 0);
	if (r >= 0)
		r = end_open(gone, 1);
	if (r >= 0)
		r = nlk_ns_enter(gone->watch_ns);
	if (r >= 0)
		r = gone->watch = watch_open();
	if (r < 0) {
		gone_free(gone);
		return r;
	}
	return 0;
}

/* Waits for the end of the watched device. */
static int wait_one(const struct local_gone *gone, uint32_t index, uint64_t deadline_ns)
{
	char buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct pollfd p = {.fd = gone->watch, .events = POLLIN};

	for (;;) {
		uint64_t now = clock_mono_ns();
		ssize_t n;

		if (now >= deadline_ns)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)((deadline_ns - now) / NSEC_PER_MSEC) + 1) < 0 &&
		    errno != EINTR)
			return -errno;
		n = recv(gone->watch, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0 && nlk_message_link_gone(buf, (size_t)n, index))
			return 0;
	}
}

int local_gone_wait(struct local_gone *gone)
{
	uint64_t deadline = clock_mono_ns() + WAIT_NS;
	int r = 0;

	for (int i = 0; r == 0 && i < 2; i++) {
		close_if(&gone->socks[i]);
		close_if(&gone->ends[i]);
		r = wait_one(gone, 2 + (uint32_t)i, deadline);
	}
	gone_free(gone);
	return r;
}
