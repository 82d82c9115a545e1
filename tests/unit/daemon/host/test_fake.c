/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake machine's own rules: it outlives a daemon, is adopted once, says what differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/host/fake.h"

struct world {
	struct loop *loop;
	struct fake_machine *machine;
	struct host *host;
	int answers, status;
	struct host_batch *batch;
	struct host_audit *audit;
};

static void on_batch(void *arg, struct host_batch *batch, int status, const struct err *err)
{
	struct world *w = arg;

	(void)err;
	w->answers++;
	w->batch = batch;
	w->status = status;
}

static void on_audit(void *arg, struct host_audit *audit, int status, const struct err *err)
{
	struct world *w = arg;

	(void)err;
	w->answers++;
	w->audit = audit;
	w->status = status;
}

static void wait_for(struct world *w)
{
	int before = w->answers;

	while (w->answers == before)
		assert_true(loop_once(w->loop, 1000) >= 0);
}

static struct host_router router(uint32_t i)
{
	struct host_router item = {
		.id = i + 1, .slot = i, .edge_port = 16 + i, .address = 0x0a000001 + i};

	snprintf(item.name, sizeof(item.name), "r%u", i);
	return item;
}

static struct host_link link_of(uint32_t a, uint32_t b)
{
	struct host_link item = {.id = 1, .name = "l", .weight = 1};
	uint32_t ends[2] = {a, b};

	for (int side = 0; side < 2; side++) {
		struct host_router at = router(ends[side]);

		item.end[side].slot = at.slot;
		item.end[side].port = 30 + (uint32_t)side;
		item.end[side].address = at.address;
		memcpy(item.end[side].router, at.name, sizeof(at.name));
		snprintf(item.end[side].ifname, sizeof(item.end[side].ifname), "to-r%u",
			 ends[!side]);
	}
	return item;
}

static const struct host_network network = {.network = 0x0a000000,
					    .prefix_len = 16,
					    .hello_us = 1000,
					    .dead_us = 3000,
					    .slots_needed = 2};

/* Two routers and a link between them: made or deleted. */
static int run(struct world *w, bool del)
{
	struct host_batch *batch = host_batch_new();
	struct host_router **routers = del ? &batch->routers_del : &batch->routers_add;
	struct host_link **links = del ? &batch->links_del : &batch->links_add;

	assert_non_null(batch);
	batch->network = network;
	*routers = calloc(2, sizeof(**routers));
	*links = calloc(1, sizeof(**links));
	(*routers)[0] = router(0);
	(*routers)[1] = router(1);
	(*links)[0] = link_of(0, 1);
	*(del ? &batch->routers_del_count : &batch->routers_add_count) = 2;
	*(del ? &batch->links_del_count : &batch->links_add_count) = 1;
	assert_int_equal(w->host->ops->submit(w->host, batch, NULL, on_batch, w), 0);
	wait_for(w);
	host_batch_free(w->batch);
	return w->status;
}

static int ask(struct world *w, bool adopt, bool clean)
{
	struct host_audit *audit = host_audit_new(2, 1);
	int ret;

	assert_non_null(audit);
	audit->network = network;
	audit->clean = clean;
	audit->routers[0] = router(0);
	audit->routers[1] = router(1);
	audit->links[0] = link_of(0, 1);
	host_audit_free(w->audit);
	w->audit = NULL;
	ret = w->host->ops->audit(w->host, audit, adopt, on_audit, w);
	if (ret < 0)
		host_audit_free(audit);
	else
		wait_for(w);
	return ret < 0 ? ret : w->status;
}

static void found(const struct world *w, enum host_finding r0, enum host_finding r1,
		  enum host_finding link, size_t strays)
{
	assert_int_equal(w->audit->router_found[0], r0);
	assert_int_equal(w->audit->router_found[1], r1);
	assert_int_equal(w->audit->link_found[0], link);
	assert_int_equal(w->audit->strays, strays);
	assert_int_equal(w->audit->example[0] == '\0',
			 r0 == HOST_WELL && r1 == HOST_WELL && link == HOST_WELL && !strays);
}

static void boot(struct world *w)
{
	struct fake_config config = {.loop = w->loop, .machine = w->machine};

	assert_int_equal(fake_new(&config, &w->host), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(loop_new(&w->loop), 0);
	w->machine = fake_machine_new();
	assert_non_null(w->machine);
	boot(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	w->host->ops->close(w->host, false);
	fake_machine_free(w->machine);
	host_audit_free(w->audit);
	loop_free(w->loop);
	free(w);
	return 0;
}

static void it_outlives_a_daemon_that_keeps_it_and_only_that(void **state)
{
	struct world *w = *state;
	struct fake_counts counts;

	assert_int_equal(run(w, false), 0);
	w->host->ops->close(w->host, true);
	boot(w);
	assert_int_equal(ask(w, true, false), 0);
	found(w, HOST_WELL, HOST_WELL, HOST_WELL, 0);
	assert_int_equal(ask(w, true, false), -EINVAL); /* not the first call */
	fake_counts(w->host, &counts);
	assert_int_equal(counts.started, 2);
	w->host->ops->close(w->host, false);
	boot(w);
	assert_int_equal(ask(w, true, false), 0);
	found(w, HOST_ABSENT, HOST_ABSENT, HOST_ABSENT, 0);
}

static void looking_changes_nothing_and_cleaning_only_strays(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, false), 0);
	fake_add_strays(w->machine, 2);
	fake_alter_link(w->machine, 31, HOST_DOWN);
	fake_spoil_router(w->machine, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask(w, false, false), 0);
		found(w, HOST_WELL, HOST_WRONG, HOST_DIFFERS, 2);
	}
	assert_int_equal(ask(w, false, true), 0);
	found(w, HOST_WELL, HOST_WRONG, HOST_DIFFERS, 2);
	assert_int_equal(ask(w, false, true), 0);
	found(w, HOST_WELL, HOST_WRONG, HOST_DIFFERS, 0);
}

static void adopting_removes_what_is_wrong_with_its_links(void **state)
{
	struct world *w = *state;
	struct fake_counts counts;

	assert_int_equal(run(w, false), 0);
	w->host->ops->close(w->host, true);
	fake_spoil_router(w->machine, 1);
	boot(w);
	assert_int_equal(ask(w, true, false), 0);
	found(w, HOST_WELL, HOST_WRONG, HOST_ABSENT, 0);
	fake_counts(w->host, &counts);
	assert_int_equal(counts.routers, 1);
	assert_int_equal(counts.links, 0);
}

static void what_is_gone_can_be_deleted_and_what_is_there_not_made_twice(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, false), 0);
	assert_int_equal(run(w, false), -EEXIST);
	assert_int_equal(fake_lose_router(w->machine, 0), 0);
	assert_int_equal(fake_lose_router(w->machine, 0), -ENOENT);
	assert_int_equal(fake_lose_link(w->machine, 30), -ENOENT); /* went with the router */
	assert_int_equal(run(w, true), 0);
	assert_int_equal(run(w, true), 0);
	assert_int_equal(run(w, false), 0);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void a_daemon_that_was_killed_does_nothing_more(void **state)
{
	struct world *w = *state;
	struct fake_counts counts;

	assert_int_equal(run(w, false), 0);
	fake_gate(w->host, never, NULL);
	assert_int_equal(run(w, true), -EIO);
	fake_counts(w->host, &counts);
	assert_int_equal(counts.routers, 2);
	assert_int_equal(counts.links, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(it_outlives_a_daemon_that_keeps_it_and_only_that),
		T(looking_changes_nothing_and_cleaning_only_strays),
		T(adopting_removes_what_is_wrong_with_its_links),
		T(what_is_gone_can_be_deleted_and_what_is_there_not_made_twice),
		T(a_daemon_that_was_killed_does_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
