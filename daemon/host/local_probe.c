// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this machine can emulate, and how fast, found by trying it in a network namespace that is
 * thrown away. Called once, at opening.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/loader/tcx.h"
#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"
#include "lib/nlk/link.h"
#include "lib/nlk/ns.h"
#include "lib/nlk/tc.h"

#define LO     1 /* ifindex */
#define HANDLE NLK_TC_HANDLE(1)

struct probe {
	struct local_emulation *emulation;
	const char *relay_program;
	int status;
};

static void add(struct probe *probe, const char *name, const char *serves, int r, const char *why)
{
	struct local_emulation *emulation = probe->emulation;
	struct host_capability *capability =
		&emulation->capabilities[emulation->capability_count++];

	*capability = (struct host_capability){.name = name, .serves = serves, .present = r == 0};
	if (r < 0)
		snprintf(capability->why, sizeof(capability->why), "%s%s%s", why, *why ? ": " : "",
			 strerror(-r));
}

static void keep_text(void *arg, uint32_t tag, int code, const char *text)
{
	(void)tag;
	(void)code;
	if (*text)
		snprintf(arg, 100, "the kernel says: %s", text);
}

static int try(struct nlk_batch *batch, int sock, char text[100])
{
	text[0] = '\0';
	return nlk_batch_send(batch, sock, keep_text, text);
}

static void probe_tc(struct probe *probe, int sock)
{
	const struct nlk_tbf tbf = {.rate = 1000000, .burst = 10000, .limit = 100000};
	const struct nlk_netem netem = {.delay_ns = 1000000, .limit = 1000};
	struct nlk_batch batch;
	char text[100];
	int r;

	nlk_batch_init(&batch);
	nlk_tc_tbf(&batch, LO, NLK_TC_ROOT, HANDLE, &tbf);
	nlk_tc_pfifo(&batch, LO, HANDLE | 1, NLK_TC_HANDLE(2), 100);
	r = try(&batch, sock, text);
	add(probe, "sch_tbf", "rate and its queue, by tc", r, text);
	if (r == 0)
		probe->emulation->can |= SHAPE_CAN_TBF;
	nlk_tc_del(&batch, LO, NLK_TC_ROOT, 0);
	(void)try(&batch, sock, text);
	nlk_tc_netem(&batch, LO, NLK_TC_ROOT, HANDLE, &netem);
	r = try(&batch, sock, text);
	add(probe, "sch_netem", "delay, jitter, reorder, by tc; loss, duplicate, corrupt if forced",
	    r, text);
	if (r == 0)
		probe->emulation->can |= SHAPE_CAN_NETEM;
	nlk_batch_done(&batch);
}

static int try_packet_socket(void)
{
	cleanup_close int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int on = 1;

	if (sock < 0 || setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

static void probe_relay(struct probe *probe)
{
	const char *what = "BPF ring buffer";
	cleanup_close int ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "vlsp_probe", 0, 0, 65536,
						NULL);
	int r = ring < 0 ? ring : 0;

	if (r == 0) {
		what = "packet socket";
		r = try_packet_socket();
	}
	if (r == 0 && access(probe->relay_program, X_OK) < 0) {
		what = probe->relay_program;
		r = -errno;
	}
	add(probe, "relay", "rate, delay, jitter, reorder, on any kernel, by a process", r, what);
	if (r == 0)
		probe->emulation->can |= SHAPE_CAN_RELAY;
}

static void probe_tcx(struct probe *probe)
{
	int r = bld_tcx_probe(LO);

	add(probe, "tcx", "faster hops", r, "needs Linux 6.6");
	probe->emulation->tcx = r == 0;
}

static void run(void *arg)
{
	struct probe *probe = arg;
	int ns = nlk_ns_new(), sock = -1;

	if (ns >= 0)
		sock = nlk_open();
	if (sock < 0) {
		probe->status = ns < 0 ? ns : sock;
	} else {
		add(probe, "bpf", "loss, duplicate, corrupt, on any kernel", 0, "");
		probe_tc(probe, sock);
		probe_relay(probe);
		add(probe, "kmod", "everything, by a kernel module", -ENOSYS,
		    "module vlsp is not loaded");
		probe_tcx(probe);
		close(sock);
	}
	if (ns >= 0)
		close(ns);
}

int local_emulation_probe(struct local_emulation *emulation, const char *relay_program)
{
	struct probe probe = {.emulation = emulation, .relay_program = relay_program};
	int r = local_work_aside(run, &probe);

	return r < 0 ? r : probe.status;
}
