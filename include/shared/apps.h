/* SPDX-License-Identifier: GPL-2.0-only */
/* What applications send and receive, counted by the programs of bpf/apps.bpf.c, by the id of their
 * control group. */
#ifndef VLSP_SHARED_APPS_H
#define VLSP_SHARED_APPS_H

#include <linux/types.h>

#define VLSP_APPS_COUNTED 8192

/* IPv4, from its header on; large segments count as the packets that they are. */
struct vlsp_app_count {
	__u64 rx_packets, rx_bytes, tx_packets, tx_bytes;
};

#endif
