/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of ports. A row belongs to one CPU and programs run with bottom halves off, so plain
 * additions do. A port whose chunk does not exist is not counted.
 */
#ifndef VLSP_BPF_INC_COUNT_H
#define VLSP_BPF_INC_COUNT_H

#include "bpf/inc/maps.h"

static __always_inline struct vlsp_count *count_row(const struct vlsp_conf *conf, __u32 port)
{
	__u32 chunk = port / VLSP_COUNT_CHUNK;
	void *rows = bpf_map_lookup_elem(&vlsp_count, &chunk);

	if (!rows)
		return NULL;
	__u32 index = (port % VLSP_COUNT_CHUNK) * conf->ncpu + bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(rows, &index);
}

static __always_inline void count_rx(struct vlsp_count *row, __u32 bytes)
{
	if (!row)
		return;
	row->rx_packets++;
	row->rx_bytes += bytes;
}

static __always_inline void count_tx(struct vlsp_count *row, __u32 bytes)
{
	if (!row)
		return;
	row->tx_packets++;
	row->tx_bytes += bytes;
}

static __always_inline void count_drop(struct vlsp_count *row, enum vlsp_drop cause)
{
	if (row)
		row->drop[cause]++;
}

/* The same, of a cause that the verifier does not know: what is compared is what is used. */
static __always_inline void count_drop_of(struct vlsp_count *row, __u64 cause)
{
	asm volatile("" : "+r"(cause));
	if (row && cause < VLSP_DROP_CAUSES)
		row->drop[cause]++;
}

#endif
