// SPDX-License-Identifier: GPL-2.0-or-later
/* A router's answer to a route dump, frame by frame. Needs no privileges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/host/local_priv.h"

#define PER_FRAME 1000

struct world {
	struct local local;
	struct local_router router;
	unsigned calls;
	int status;
	size_t count;
};

static void on_routes(void *arg, int status, const struct frame_route *routes, size_t count)
{
	struct world *w = arg;

	assert_true(count == 0 || routes);
	w->calls++;
	w->status = status;
	w->count = count;
}

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	struct local_dump *dump = calloc(1, sizeof(*dump));

	assert_non_null(w);
	assert_non_null(dump);
	list_init(&w->local.dumps);
	w->router.local = &w->local;
	*dump = (struct local_dump){
		.local = &w->local, .router = &w->router, .cookie = 7, .fn = on_routes, .arg = w};
	list_add_tail(&w->local.dumps, &dump->node);
	return w;
}

static void frame(struct world *w, uint32_t cookie, uint32_t more, size_t count, int cut)
{
	struct {
		struct frame_routes head;
		struct frame_route routes[PER_FRAME];
	} f = {.head = {.cookie = cookie, .more = more}};

	local_dump_frame(&w->router, &f,
			 (uint32_t)(sizeof(f.head) + count * sizeof(f.routes[0])) - (uint32_t)cut);
}

static void test_frames(void **state)
{
	struct world *w = world_new();

	(void)state;
	frame(w, 7, 1, 3, 0);
	frame(w, 8, 0, 3, 0); /* another question's */
	frame(w, 7, 0, 3, 1); /* not whole */
	assert_int_equal(w->calls, 0);
	frame(w, 7, 0, 2, 0);
	assert_int_equal(w->calls, 1);
	assert_int_equal(w->status, 0);
	assert_int_equal(w->count, 5);
	frame(w, 7, 0, 2, 0); /* late */
	assert_int_equal(w->calls, 1);
	free(w);
}

/* A process that goes on and on must not fill the daemon's memory. */
static void test_too_many(void **state)
{
	struct world *w = world_new();

	(void)state;
	for (size_t sent = 0; sent + PER_FRAME <= VLSP_SLOT_MAX; sent += PER_FRAME)
		frame(w, 7, 1, PER_FRAME, 0);
	assert_int_equal(w->calls, 0);
	frame(w, 7, 1, PER_FRAME, 0);
	assert_int_equal(w->calls, 1);
	assert_int_equal(w->status, -EPROTO);
	assert_true(list_empty(&w->local.dumps));
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
