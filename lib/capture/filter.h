/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters of captures: a subset of pcap-filter(7) with words for VDP, read from text and compiled
 * to a BPF program of type SCHED_CLS that says 1 (matches) or 0. Documentation/capture.md,
 * "Filters", is the language.
 */
#ifndef VLSP_LIB_CAPTURE_FILTER_H
#define VLSP_LIB_CAPTURE_FILTER_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/shared/hint.h"
#include "lib/base/err.h"

#define FILTER_TEXT_MAX	 4096 /* bytes */
#define FILTER_TESTS_MAX 256
#define FILTER_DEPTH_MAX 64 /* of parentheses and negations */

struct filter;

/* The address (host byte order) of the router called name. 0 or -ENOENT. */
typedef int (*filter_resolve_fn)(void *arg, const char *name, uint32_t *ret_address);

/* Empty text: everything matches. 0, -EINVAL ("filter: position 9: ..."), -E2BIG (too long a text,
 * too many tests), -ENOMEM. The caller frees *ret_filter. */
int filter_parse(const char *text, filter_resolve_fn resolve, void *arg, struct filter **ret_filter,
		 struct err *err);
void filter_free(struct filter *filter); /* NULL is fine */
bool filter_is_empty(const struct filter *filter);
/* From now on control datagrams (hellos, routing messages) do not match. 0 or -ENOMEM. */
int filter_exclude_control(struct filter *filter);

/* The program; the frame begins with its Ethernet header. 0 or -ENOMEM; the caller frees
 * *ret_insns. */
int filter_compile(const struct filter *filter, struct bpf_insn **ret_insns, size_t *ret_count);
/* hint_hit() (include/shared/match.h) is true of each datagram that matches, but for control
 * datagrams. */
struct vlsp_hint filter_hint(const struct filter *filter);

#endif
