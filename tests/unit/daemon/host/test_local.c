// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local back end on the real kernel: routers, links and programs come up, change, grow and go.
 * Needs root and $O/vlsp-router; skips with the reason otherwise. Times are printed, never
 * asserted.
 */
#include "tests/unit/daemon/host/local_world.h"

#include <bpf/bpf.h>

static void a_grid_comes_up_carries_traffic_and_goes(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	uint64_t t0, t1, t2;

	NEED(state);
	t0 = clock_mono_ns();
	batch = grid(SIDE_MAX, false);
	if (run(world, batch) < 0)
		fail_msg("%s", world->err.text);
	t1 = clock_mono_ns();
	for (size_t i = 0; i < batch->routers_add_count; i++) {
		assert_int_equal(batch->routers_add[i].state, HOST_DONE);
		assert_true(batch->routers_add[i].pid > 0);
	}
	for (size_t i = 0; i < batch->links_add_count; i++)
		assert_int_equal(batch->links_add[i].state, HOST_DONE);
	host_batch_free(batch);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.100 >/dev/null");
	t2 = clock_mono_ns();
	run_ok(world, grid(SIDE_MAX, true));
	print_message("grid of 100 routers and 180 links: up %.1f ms, deleted %.1f ms\n",
		      (double)(t1 - t0) / 1e6, (double)(clock_mono_ns() - t2) / 1e6);
	assert_int_not_equal(shell("ip netns | grep -q ."), 0);
	assert_int_not_equal(shell("ls " RUNTIME "/netns | grep -q ."), 0);
}

static void names_are_what_ip_and_tc_show(void **state)
{
	struct world *world = *state;
	char path[PATH_MAX];

	NEED(state);
	run_ok(world, grid(2, false));
	assert_int_equal(shell("ip netns | grep -q '^r1'"), 0);
	assert_int_equal(shell("ip netns exec r1 ip -o link show to-r2 | "
			       "grep -q 'mtu 1500 qdisc noqueue state UP.*vlsp:default:r1-r2'"),
			 0);
	assert_int_equal(shell("ip netns exec r2 ip -o link show to-r1 | grep -q '^17:.*state UP'"),
			 0);
	assert_int_equal(shell("ip netns exec r2 tc filter show dev to-r1 ingress | "
			       "grep -q 'vlsp_in direct-action'"),
			 0);
	assert_int_equal(shell("ip netns exec r2 tc filter show dev lo egress | "
			       "grep -q 'vlsp_out direct-action'"),
			 0);
	assert_int_equal(shell("ip netns exec r2 bpftool net | grep -q 'to-r1(17).*vlsp_in'"), 0);
	assert_int_not_equal(shell("ip -n r1 -6 addr show dev to-r2 | grep -q inet6"), 0);
	assert_int_not_equal(shell("ip -n r2 -6 addr show dev to-r1 | grep -q inet6"), 0);
	assert_int_equal(shell("ip netns exec r2 ip route | grep -q '^10.0.0.0/16 dev lo'"), 0);
	assert_int_equal(world->host->ops->netns_path(world->host, "r1", path, sizeof(path)), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(world->host->ops->netns_path(world->host, "r9", path, sizeof(path)),
			 -ENOENT);
	assert_int_equal(world->host->ops->netns_path(world->host, "r1", path, 5), -ENAMETOOLONG);
}

static void links_go_down_up_silent_and_away_while_routers_stay(void **state)
{
	struct world *world = *state;
	struct host_link link = link_of(0, 0, 1);

	NEED(state);
	run_ok(world, grid(2, false));
	link.admin = HOST_DOWN;
	run_ok(world, batch_links(link, '='));
	assert_int_equal(shell("ip -n r1 -o link show to-r2 | grep -q 'state DOWN'"), 0);
	assert_int_equal(shell("ip -n r2 -o link show to-r1 | grep -q 'state DOWN'"), 0);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	link.admin = HOST_UP;
	link.weight = 7;
	run_ok(world, batch_links(link, '='));
	assert_int_equal(shell("ip -n r2 -o link show to-r1 | grep -q 'state UP'"), 0);
	link.admin = HOST_SILENT;
	run_ok(world, batch_links(link, '='));
	assert_int_equal(shell("ip -n r2 -o link show to-r1 | grep -q 'state UP'"), 0);
	run_ok(world, batch_links(link, '-'));
	assert_int_not_equal(shell("ip -n r1 link show to-r2 2>/dev/null"), 0);
	assert_int_not_equal(shell("ip -n r2 link show to-r1 2>/dev/null"), 0);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	link.admin = HOST_UP;
	run_ok(world, batch_links(link, '+'));
}

static void routes_came(void *arg, int status, const struct frame_route *routes, size_t count)
{
	struct world *world = arg;

	world->routes_status = status;
	world->routes = count;
	world->done = true;
	for (size_t i = 0; i < count; i++)
		assert_true(routes[i].port >= PORT_1);
}

static void routes_and_counters_can_be_read(void **state)
{
	struct world *world = *state;
	const uint32_t ports[] = {PORT_1, PORT_1 + 1, 60000};
	struct host_counts counts[3];

	NEED(state);
	run_ok(world, grid(2, false));
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.4 >/dev/null");
	assert_int_equal(shell("ip netns exec r1 ping -q -c 5 -i 0.01 10.0.0.2 >/dev/null"), 0);
	world->done = false;
	assert_int_equal(world->host->ops->routes_dump(world->host, 0, routes_came, world), 0);
	run_until(world, &world->done);
	assert_int_equal(world->routes_status, 0);
	assert_int_equal(world->routes, 3);
	assert_int_equal(world->host->ops->routes_dump(world->host, 77, routes_came, world),
			 -ENOENT);
	assert_true(world->ribs > 0);
	assert_int_equal(world->host->ops->counts_read(world->host, ports, 3, counts), 0);
	assert_true(counts[0].tx_packets >= 5);
	assert_true(counts[1].rx_packets >= 5);
	assert_int_equal(counts[2].rx_packets, 0);
}

static void tables_grow_when_there_are_more_routers(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;

	NEED(state);
	run_ok(world, grid(2, false));
	batch = batch_new();
	batch->network.slots_needed = 3001;
	batch->routers_add = calloc(1, sizeof(*batch->routers_add));
	batch->routers_add[batch->routers_add_count++] = router_of(3000);
	batch->links_add = calloc(1, sizeof(*batch->links_add));
	batch->links_add[batch->links_add_count++] = link_of(30, 3, 3000);
	run_ok(world, batch);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.11.185 >/dev/null");
	expect(world, "ip netns exec r3001 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
}

static uint32_t pinned_id(const char *path)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get(path);

	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	close(fd);
	return info.id;
}

static void nothing_is_left_after_close(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	uint64_t end = clock_mono_ns() + WAIT_NS;
	int32_t pid;
	uint32_t id;
	int fd;

	NEED(state);
	batch = grid(3, false);
	if (run(world, batch) < 0)
		fail_msg("%s", world->err.text);
	pid = batch->routers_add[4].pid;
	host_batch_free(batch);
	id = pinned_id("/sys/fs/bpf/vlsp/default/vlsp_in");
	world->host->ops->close(world->host, false);
	world->host = NULL;
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(shell("test -z \"$(ls -A " RUNTIME ")\""), 0);
	assert_int_not_equal(access("/run/netns", F_OK), 0);
	assert_int_not_equal(access("/sys/fs/bpf/vlsp", F_OK), 0);
	assert_int_not_equal(shell("grep -q ' /run/.*vlsp' /proc/self/mounts"), 0);
	while ((fd = bpf_prog_get_fd_by_id(id)) >= 0) { /* freed after a grace period */
		close(fd);
		assert_true(clock_mono_ns() < end);
		usleep(1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_grid_comes_up_carries_traffic_and_goes),
		TEST(names_are_what_ip_and_tc_show),
		TEST(links_go_down_up_silent_and_away_while_routers_stay),
		TEST(routes_and_counters_can_be_read),
		TEST(tables_grow_when_there_are_more_routers),
		TEST(nothing_is_left_after_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
