// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Batches of the local back end that stop halfway, and are not undone: what is there afterwards has
 * processes, and these know all of their links. Needs root and $O/vlsp-router; skips with the
 * reason otherwise.
 */
#include "tests/unit/daemon/host/local_world.h"

#include <fcntl.h>
#include <sys/resource.h>

#define FILL_MAX 1024

static void audited(void *arg, struct host_audit *audit, int status, const struct err *err)
{
	(void)audit;
	if (status < 0)
		fail_msg("%s", err->text);
	*(bool *)arg = true;
}

/* A grid. To be freed by host_audit_free(). */
static struct host_audit *wanted(uint32_t side)
{
	struct host_batch *batch = grid(side, false);
	struct host_audit *audit = host_audit_new(batch->routers_add_count, batch->links_add_count);

	assert_non_null(audit);
	audit->network = batch->network;
	memcpy(audit->routers, batch->routers_add,
	       batch->routers_add_count * sizeof(*audit->routers));
	memcpy(audit->links, batch->links_add, batch->links_add_count * sizeof(*audit->links));
	host_batch_free(batch);
	return audit;
}

static struct host_audit *look(struct world *world)
{
	struct host_audit *audit = wanted(2);
	bool there = false;

	assert_int_equal(world->host->ops->audit(world->host, audit, false, audited, &there), 0);
	run_until(world, &there);
	return audit;
}

static void all_is_well(struct world *world)
{
	struct host_audit *audit = look(world);

	for (size_t i = 0; i < audit->router_count; i++)
		if (audit->router_found[i] != HOST_WELL)
			fail_msg("%s", audit->example);
	for (size_t i = 0; i < audit->link_count; i++)
		if (audit->link_found[i] != HOST_WELL)
			fail_msg("%s", audit->example);
	assert_string_equal(audit->example, "");
	host_audit_free(audit);
}

/* Routers reach each other over the links that are left when others are down. */
static void the_link_carries(struct world *world, uint32_t number, uint32_t a, uint32_t b)
{
	char command[120];

	for (uint32_t i = 0; i < 4; i++) {
		static const uint32_t end[4][2] = {{0, 1}, {0, 2}, {1, 3}, {2, 3}};
		struct host_link link = link_of(i, end[i][0], end[i][1]);

		link.admin = i == number ? HOST_UP : HOST_DOWN;
		run_ok(world, batch_links(link, '='));
	}
	snprintf(command, sizeof(command),
		 "ip netns exec r%u ping -q -c 1 -W 1 10.0.0.%u >/dev/null", a + 1, b + 1);
	expect(world, command);
}

/* No descriptor more than are open. */
static struct rlimit starve(void)
{
	struct rlimit before, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	return before;
}

static void run_starved(struct world *world, struct host_batch *batch)
{
	struct rlimit before = starve();
	int r = run(world, batch);

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(r, -EMFILE);
}

static void a_link_that_was_not_deleted_goes_on(void **state)
{
	struct world *world = *state;
	struct host_batch *batch = batch_links(link_of(0, 0, 1), '-');

	NEED(state);
	run_ok(world, grid(2, false));
	run_starved(world, batch);
	assert_int_not_equal(batch->links_del[0].state, HOST_DONE);
	host_batch_free(batch);
	all_is_well(world);
	the_link_carries(world, 0, 0, 1);
}

static void routers_that_were_made_get_processes_although_a_link_was_not(void **state)
{
	struct world *world = *state;
	struct host_batch *batch = grid(2, false), *rest = batch_new();
	uint64_t end = clock_mono_ns() + WAIT_NS;
	struct host_link *bad = &batch->links_add[2];

	NEED(state);
	world->lost = true;
	/* refused by the kernel: the pair's ends have the same index */
	bad->end[1].port = bad->end[0].port;
	strcpy(bad->end[1].router, bad->end[0].router);
	bad->end[1].slot = bad->end[0].slot;
	assert_true(run(world, batch) < 0);
	for (size_t i = 0; i < batch->routers_add_count; i++)
		assert_int_equal(batch->routers_add[i].state, HOST_DONE);
	host_batch_free(batch);
	while (world->ready < 4 && clock_mono_ns() < end)
		run_for(world, 10);
	assert_int_equal(world->ready, 4);
	rest->links_add = calloc(2, sizeof(*rest->links_add));
	rest->links_add[rest->links_add_count++] = link_of(2, 1, 3);
	rest->links_add[rest->links_add_count++] = link_of(3, 2, 3);
	run_ok(world, rest);
	all_is_well(world);
	the_link_carries(world, 1, 0, 2);
	the_link_carries(world, 2, 1, 3);
}

/* As a bug would leave it: the machine has the link, the processes do not. */
static void a_link_that_routers_do_not_know_is_found_and_set(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	struct host_audit *audit;
	struct host_link other = link_of(0, 0, 1);

	NEED(state);
	batch = grid(2, false);
	batch->links_add[0].weight = 5;
	run_ok(world, batch);
	audit = look(world); /* its weight is wanted to be 1 */
	assert_int_equal(audit->link_found[0], HOST_DIFFERS);
	assert_string_equal(audit->example, "link r1-r2: its routers were not told of it");
	host_audit_free(audit);
	run_ok(world, batch_links(other, '='));
	all_is_well(world);
}

/* Leaves room for so many descriptors: fills the holes, and ret has who fills them. */
static struct rlimit leave_room(unsigned count, int ret[FILL_MAX])
{
	struct rlimit before, few;
	int top = 0, n = 0;

	for (int fd = 0; fd < FILL_MAX; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			top = fd;
	do {
		assert_in_range(n, 0, FILL_MAX - 2);
		ret[n] = dup(STDERR_FILENO);
	} while (ret[n++] <= top);
	ret[n] = -1;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)ret[n - 1] + 1 + count;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return before;
}

/* Enough descriptors to look, too few for a pidfd and a connection of each. */
static void no_router_has_two_processes_when_some_cannot_be_watched(void **state)
{
	struct world *world = *state;
	struct host_audit *audit;
	struct err err = {0};
	struct rlimit before;
	bool there = false;
	int fill[FILL_MAX];
	uint64_t end;

	NEED(state);
	another_runs_and_crashes(world, 3);
	if (open_host(world, &err) < 0)
		fail_msg("%s", err.text);
	world->lost = true;
	audit = wanted(3);
	before = leave_room(6, fill);
	assert_int_equal(world->host->ops->audit(world->host, audit, true, audited, &there), 0);
	run_until(world, &there);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	end = clock_mono_ns() + 20 * NSEC_PER_SEC;
	for (int i = 0; fill[i] >= 0; i++)
		close(fill[i]);
	host_audit_free(audit);
	while (world->ready < 9 && clock_mono_ns() < end) /* all: none could connect either */
		run_for(world, 10);
	for (int i = 0; i < 9; i++)
		assert_int_equal(shell("test \"$(ip netns pids r%d | wc -l)\" = 1", i + 1), 0);
	for (int i = 0; i < 9; i++) {
		char command[120];

		snprintf(command, sizeof(command),
			 "ip netns exec r%d ping -q -c 1 -W 1 10.0.0.5 >/dev/null", i + 1);
		expect(world, command);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_link_that_was_not_deleted_goes_on),
		TEST(routers_that_were_made_get_processes_although_a_link_was_not),
		TEST(a_link_that_routers_do_not_know_is_found_and_set),
		TEST(no_router_has_two_processes_when_some_cannot_be_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
