/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of an instance; the records are in include/shared/maps.h. Sizes that depend on the
 * machine (the inner maps' entries) are set by bpf/loader before loading. Inner maps give sizes,
 * not types: clang leaves types that are only named inside of a map inside of a map incomplete.
 */
#ifndef VLSP_BPF_INC_MAPS_H
#define VLSP_BPF_INC_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "include/shared/maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vlsp_conf);
} vlsp_conf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VLSP_ADDR_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_addr);
} vlsp_addr SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VLSP_SLOT_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_router);
} vlsp_router SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VLSP_PORT_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_port);
} vlsp_port SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VLSP_PORT_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_hello);
} vlsp_hello SEC(".maps");

/* Only what is shaped takes memory. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VLSP_PORT_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_shape);
} vlsp_shape SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VLSP_PORT_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_fate);
} vlsp_fate SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vlsp_wake);
} vlsp_wake SEC(".maps");

/* The ring is made when the first link needs the relay. */
struct vlsp_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct vlsp_ring_map);
} vlsp_ring SEC(".maps");

/* BPF_F_INNER_MAP: the FIBs of one instance may have different capacities (Linux 5.10). */
struct vlsp_fib_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, VLSP_FIB_MIN);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct vlsp_fib));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, VLSP_SLOT_MAX);
	__type(key, __u32);
	__array(values, struct vlsp_fib_map);
} vlsp_fib SEC(".maps");

/* One size for all, known when the programs are verified: so the look-up is inlined. */
struct vlsp_count_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VLSP_COUNT_CHUNK);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct vlsp_count));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, VLSP_PORT_MAX / VLSP_COUNT_CHUNK);
	__type(key, __u32);
	__array(values, struct vlsp_count_map);
} vlsp_count SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VLSP_SLOT_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_chain);
} vlsp_chain SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, VLSP_FN_MAX);
	__type(key, __u32);
	__array(values, struct vlsp_ring_map);
} vlsp_fn_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, VLSP_FN_MAX);
	__type(key, __u32);
	__type(value, __u32);
} vlsp_fn_prog SEC(".maps");

/* Entries times the number of CPUs, by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VLSP_FN_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_fn_count);
} vlsp_fn_count SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vlsp_cut);
} vlsp_cut SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VLSP_PORT_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_taps);
} vlsp_tap SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, VLSP_TAP_MAX);
	__type(key, __u32);
	__array(values, struct vlsp_ring_map);
} vlsp_tap_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, VLSP_TAP_MAX);
	__type(key, __u32);
	__type(value, __u32);
} vlsp_tap_filter SEC(".maps");

/* Entries times the number of CPUs, by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VLSP_TAP_MAX);
	__type(key, __u32);
	__type(value, struct vlsp_tap_count);
} vlsp_tap_count SEC(".maps");

/* The programs that do what others have no time or room for. */
int vlsp_arrive(struct __sk_buff *skb);
int vlsp_depart(struct __sk_buff *skb);
int vlsp_resume(struct __sk_buff *skb);
int vlsp_go(struct __sk_buff *skb);
int vlsp_out(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, VLSP_SELF_PROGRAMS);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct __sk_buff *));
} vlsp_self SEC(".maps") = {
	.values =
		{
			[VLSP_SELF_ARRIVE] = vlsp_arrive,
			[VLSP_SELF_DEPART] = vlsp_depart,
			[VLSP_SELF_RESUME] = vlsp_resume,
			[VLSP_SELF_GO] = vlsp_go,
			[VLSP_SELF_LEAVE] = vlsp_out,
		},
};

#endif
