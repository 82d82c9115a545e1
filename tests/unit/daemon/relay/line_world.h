/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of a direction in the relay: frames that come at times of the test's, and what is due.
 */
#ifndef VLSP_TESTS_UNIT_DAEMON_RELAY_LINE_WORLD_H
#define VLSP_TESTS_UNIT_DAEMON_RELAY_LINE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/relay/line.h"

#define NSEC	  1000000000ULL
#define T0	  (1000 * NSEC) /* when the tests begin */
#define DUE_MAX	  5000
#define PORT	  100
#define KEY	  42
#define MBIT	  1000000ULL
#define UNLIMITED UINT64_MAX /* a time after everything */

struct fixture {
	struct line line;
	struct vlsp_line stats;
	struct vlsp_shape shape;
	struct hold hold;
	uint64_t n;
	struct {
		uint64_t n, due_ns;
		uint32_t length;
	} due[DUE_MAX];
	size_t due_count;
};

static inline void on_due(void *arg, struct packet *packet)
{
	struct fixture *f = arg;

	assert_true(f->due_count < DUE_MAX);
	assert_null(packet->next);
	f->due[f->due_count].n = packet->n;
	f->due[f->due_count].due_ns = packet->due_ns;
	f->due[f->due_count++].length = packet->length;
	hold_put(&f->hold, packet);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	hold_init(&f->hold, 64u << 20);
	line_init(&f->line, PORT, on_due, f, &f->stats);
	line_begin(&f->line, 3, 7);
	f->shape = (struct vlsp_shape){.key = KEY, .limit = 1000, .link = 7};
	line_shape(&f->line, &f->shape, T0);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	line_shape(&f->line, &(struct vlsp_shape){0}, UNLIMITED - 1);
	assert_int_equal(f->hold.held, 0); /* nothing was forgotten */
	assert_int_equal(f->stats.queue, 0);
	hold_done(&f->hold);
	free(f);
	return 0;
}

static inline void shape(struct fixture *f, uint64_t now_ns)
{
	line_shape(&f->line, &f->shape, now_ns);
}

/* A frame of that length with the shape in force and those flags; false: there was no room. */
static inline bool come(struct fixture *f, uint32_t length, uint32_t flags, uint64_t at_ns)
{
	struct packet *packet = hold_get(&f->hold, length);

	assert_non_null(packet);
	packet->n = f->n++;
	packet->flags = (uint8_t)flags;
	packet->link = f->shape.link;
	packet->key = f->shape.key;
	packet->delay_ns = f->shape.delay_ns;
	packet->jitter_ns = f->shape.jitter_ns;
	packet->distribution = (uint8_t)f->shape.distribution;
	packet->keep = (f->shape.flags & VLSP_SHAPE_KEEP) != 0;
	if (line_take(&f->line, packet, at_ns))
		return true;
	hold_put(&f->hold, packet);
	return false;
}

static inline void expect_due(const struct fixture *f, size_t i, uint64_t n, uint64_t due_ns)
{
	if (i >= f->due_count)
		fail_msg("only %zu have left, %zu is not among them", f->due_count, i);
	if (f->due[i].n != n || f->due[i].due_ns != due_ns)
		fail_msg("%zu: number %llu is due at T0%+lld ns, not number %llu at T0%+lld ns", i,
			 (unsigned long long)f->due[i].n, (long long)(f->due[i].due_ns - T0),
			 (unsigned long long)n, (long long)(due_ns - T0));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
