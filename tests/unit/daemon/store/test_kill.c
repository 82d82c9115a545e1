// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that commits and acknowledges is killed at any time, hundreds of times. Whoever opens
 * the store then finds every change that was acknowledged, and never a part of one: each change
 * writes its number into every table.
 */
#include "tests/unit/daemon/store/world.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS	200
#define ROUTERS 30

/* Change k: all rows anew, of which there are more or fewer from one to the next. */
static void make(struct net *net, uint32_t k)
{
	net_make(net, ROUTERS + k % 7);
	net->topology.hello_us = 1000 + k;
	for (size_t i = 0; i < net->router_count; i++)
		net->routers[i].created_ms = k;
	for (size_t i = 0; i < net->link_count; i++)
		net->links[i].created_ms = k;
	net->op.queued_ms = k;
}

/* As a daemon would: changes what differs. */
static int commit(struct world *w, uint32_t k)
{
	struct store_op op = {.id = k, .kind = "topology-apply", .queued_ms = k};
	uint32_t gone_routers[7], gone_links[7];
	struct store_change change;
	struct net net;
	int r;

	make(&net, k);
	net.op.id = k;
	change = net_change(&net);
	change.all = k % 5 == 0;
	for (uint32_t i = 0; i < 7; i++) {
		gone_routers[i] = (uint32_t)net.router_count + 1 + i;
		gone_links[i] = (uint32_t)net.link_count + 1 + i;
	}
	change.routers_gone = gone_routers;
	change.links_gone = gone_links;
	change.routers_gone_count = change.links_gone_count = 7;
	change.last_router_id = change.last_link_id = 2 * ROUTERS;
	r = w->store->ops->begin(w->store, &op, 0, 0, 0, 2 * ROUTERS, &w->err);
	if (r == 0)
		r = w->store->ops->commit(w->store, &change, &w->err);
	net_free(&net);
	return r;
}

static void child(struct world *w, uint32_t k, int ack)
{
	if (store_open(w->dir, &w->store, &w->err) < 0)
		_exit(2);
	for (;; k++) {
		if (commit(w, k) < 0)
			_exit(3);
		if (write(ack, &k, sizeof(k)) != sizeof(k))
			_exit(4);
	}
}

/* The number of the change that is there, all of it. */
static uint32_t check(struct world *w)
{
	struct store_content *content;
	struct net net;
	uint32_t k;

	if (world_load(w, &content) < 0)
		fail_msg("%s", w->err.text);
	k = content->topology.hello_us ? content->topology.hello_us - 1000 : 0;
	if (k == 0) {
		assert_int_equal(content->router_count, 0);
		assert_int_equal(content->link_count, 0);
	} else {
		make(&net, k);
		assert_same(content, &net);
		net_free(&net);
		assert_true(content->op_count > 0);
		assert_true(content->last_op_id == k || content->last_op_id == k + 1);
		for (size_t i = 0; i < content->op_count; i++)
			assert_int_equal(content->ops[i].ended, content->ops[i].id <= k);
	}
	store_content_free(content);
	world_stop(w, false);
	return k;
}

static void kill_often(struct world *w, int max_us)
{
	uint32_t acked = 0, there = 0, lost_ack = 0, killed_early = 0;

	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		int fds[2], status;
		pid_t pid;
		uint32_t k;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			close(fds[0]);
			child(w, there + 1, fds[1]);
		}
		close(fds[1]);
		/* Half of them before, or while, the store is opened; others somewhere within a
		 * number of changes. */
		if (round % 2)
			assert_int_equal(read(fds[0], &acked, sizeof(acked)), sizeof(acked));
		usleep((useconds_t)rand() % max_us);
		kill(pid, SIGKILL);
		while (read(fds[0], &k, sizeof(k)) == sizeof(k))
			acked = k;
		close(fds[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		k = check(w);
		assert_true(k >= acked);
		assert_true(k <= acked + 1);
		killed_early += k == there;
		lost_ack += k > acked;
		there = acked = k;
	}
	print_message(
		"%d kills, %u changes; %u done and not yet acknowledged, %u before the first\n",
		ROUNDS, there, lost_ack, killed_early);
	assert_true(there > ROUNDS / 4);
}

static void whenever_it_is_killed_what_was_acknowledged_is_there(void **state)
{
	kill_often(*state, 12000);
}

/* Without waiting for a disk most of the time goes into writing. */
static void the_same_in_memory_where_other_moments_are_hit(void **state)
{
	struct world *w = *state;

	strcpy(w->memory, "/dev/shm/vlsp-store-XXXXXX");
	if (!mkdtemp(w->memory)) {
		w->memory[0] = '\0';
		skip();
	}
	snprintf(w->dir, sizeof(w->dir), "%s/state", w->memory);
	snprintf(w->path, sizeof(w->path), "%s/vlsp.db", w->dir);
	kill_often(w, 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			whenever_it_is_killed_what_was_acknowledged_is_there, world_open,
			world_close),
		cmocka_unit_test_setup_teardown(the_same_in_memory_where_other_moments_are_hit,
						world_open, world_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
