/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shape of a link's direction: what is to be emulated. One vocabulary for files, REST and the
 * command line; Documentation/topology.md says what each property means.
 */
#ifndef VLSP_LIB_TOPO_SHAPE_H
#define VLSP_LIB_TOPO_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* A property that is not asked for has its bit clear in set. */
enum topo_shape_bit {
	TOPO_RATE = 1 << 0,
	TOPO_DELAY = 1 << 1,
	TOPO_JITTER = 1 << 2,
	TOPO_DISTRIBUTION = 1 << 3,
	TOPO_LOSS = 1 << 4,
	TOPO_DUPLICATE = 1 << 5,
	TOPO_CORRUPT = 1 << 6,
	TOPO_REORDER = 1 << 7,
	TOPO_LIMIT = 1 << 8,
	TOPO_SEED = 1 << 9,
	TOPO_BURST = 1 << 10,
	TOPO_BURST_LOSS = 1 << 11,
	TOPO_OVERHEAD = 1 << 12,
	TOPO_ORDER = 1 << 13,
	TOPO_BACKEND = 1 << 14,
};

enum topo_distribution {
	TOPO_DIST_UNIFORM,
	TOPO_DIST_NORMAL,
	TOPO_DIST_PARETO,
	TOPO_DIST_PARETONORMAL,
};

enum topo_order { TOPO_ORDER_FREE, TOPO_ORDER_KEEP };

/* What emulates a direction; AUTO: the host back end chooses. */
enum topo_backend {
	TOPO_BACKEND_AUTO,
	TOPO_BACKEND_TC,
	TOPO_BACKEND_BPF,
	TOPO_BACKEND_RELAY,
	TOPO_BACKEND_KMOD,
};

struct topo_shape {
	uint32_t set;  /* enum topo_shape_bit */
	uint64_t rate; /* bit/s, at least 1 */
	uint64_t delay_ns;
	uint64_t jitter_ns;
	enum topo_distribution distribution;
	uint32_t loss_ppm; /* parts per million, 0 .. 1000000: "0.1%" is 1000 */
	uint32_t duplicate_ppm;
	uint32_t corrupt_ppm;
	uint32_t reorder_ppm;
	uint32_t limit_packets;
	uint64_t seed;
	uint32_t burst_milli; /* mean length of a burst of losses, in 1/1000 datagrams, >= 1000 */
	uint32_t burst_loss_ppm; /* share lost within a burst; without the bit: all */
	int32_t overhead;	 /* bytes added to each frame's length where rate counts it */
	enum topo_order order;
	enum topo_backend backend;
};

/* One shape vocabulary for files, REST and the command line: key "rate" .. "backend", value
 * "10mbit", "20ms", "0.1%", "normal" ...; "none" takes the property away, as does "backend auto".
 * Writes shape and its bit. 0 or -EINVAL with a text that starts with the key. */
int topo_shape_parse(struct topo_shape *shape, const char *key, const char *value, struct err *err);
/* The i-th key there is, set or not, in the order of topo_shape_format(); NULL past the last. */
const char *topo_shape_key(size_t i);
/* The i-th property that is set, as key and value text, in a fixed order: 0, or -ENOENT past the
 * last. */
int topo_shape_format(const struct topo_shape *shape, size_t i, const char **ret_key,
		      char value[48]);
/* What to change about a shape: as topo_shape_parse(), but what takes the property away is kept
 * as its bit in *clear. */
int topo_shape_change(struct topo_shape *change, uint32_t *clear, const char *key,
		      const char *value, struct err *err);
/* Sets what change has; of the rest, what is in clear (enum topo_shape_bit) is taken away. */
void topo_shape_merge(struct topo_shape *shape, const struct topo_shape *change, uint32_t clear);
/* Whether the properties make sense together: jitter within the delay, bursts only of loss, and so
 * on. A share or time of 0 counts as not given. 0 or -EINVAL with a text that starts with the key.
 */
int topo_shape_check(const struct topo_shape *shape, struct err *err);
bool topo_shape_equal(const struct topo_shape *x, const struct topo_shape *y);

#endif
