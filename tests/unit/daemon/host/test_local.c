// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local back end on the real kernel: routers, links and programs in mount and network
 * namespaces of the test's own, with its own /run and bpffs, so that nothing of the machine and of
 * other instances is in reach. Needs root and $O/vlsp-router; skips with the reason otherwise.
 * Times are printed, never asserted.
 */
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "daemon/host/local.h"
#include "lib/base/clock.h"

#define RUNTIME	 "/run/vlsp"
#define NETWORK	 0x0a000000u
#define PORT_1	 16u
#define WAIT_NS	 (60 * NSEC_PER_SEC)
#define SIDE_MAX 10

struct world {
	struct loop *loop;
	struct host *host;
	/* of the last batch */
	bool done;
	int status;
	struct err err;
	size_t progress, total;
	/* events */
	uint32_t died, ready, ribs;
	int32_t ready_pid;
	int routes_status;
	size_t routes;
};

static char router_path[PATH_MAX];

/* --- the sandbox -------------------------------------------------------------------------------
 */

static const char *why_not(void)
{
	ssize_t n = readlink("/proc/self/exe", router_path, sizeof(router_path) - 32);
	char *cut;

	if (geteuid() != 0)
		return "needs root";
	if (n < 0)
		return "needs /proc";
	router_path[n] = '\0';
	cut = strstr(router_path, "/tests/unit/");
	if (!cut)
		return "is not in the build directory";
	strcpy(cut, "/vlsp-router");
	if (access(router_path, X_OK) < 0)
		return "needs vlsp-router: run make first";
	return NULL;
}

static void sandbox(void)
{
	assert_return_code(unshare(CLONE_NEWNS | CLONE_NEWNET), errno);
	assert_return_code(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), errno);
	assert_return_code(mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), errno);
	assert_return_code(mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL), errno);
	assert_return_code(mkdir(RUNTIME, 0755), errno);
}

static void on_rib(void *arg, uint32_t slot, const struct frame_rib *rib)
{
	struct world *world = arg;

	(void)slot;
	(void)rib;
	world->ribs++;
}

static void on_died(void *arg, uint32_t slot, int status)
{
	struct world *world = arg;

	(void)slot;
	assert_true(WIFSIGNALED(status));
	world->died++;
}

static void on_ready(void *arg, uint32_t slot, int32_t pid)
{
	struct world *world = arg;

	(void)slot;
	world->ready++;
	world->ready_pid = pid;
}

static int open_host(struct world *world, struct err *err)
{
	struct host_local_config config = {
		.loop = world->loop,
		.runtime_dir = RUNTIME,
		.instance = "default",
		.network = NETWORK,
		.prefix_len = 16,
		.router_path = router_path,
		.log_level = LOG_LEVEL_WARN,
	};
	int r = host_local_open(&config, &world->host, err);

	if (r < 0)
		return r;
	world->host->events = (struct host_events){.arg = world,
						   .router_rib = on_rib,
						   .router_died = on_died,
						   .router_ready = on_ready};
	return 0;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const char *reason = why_not();
	struct err err = {0};

	if (reason) {
		print_message("skipped: %s\n", reason);
		free(world);
		*state = NULL;
		return 0;
	}
	sandbox();
	assert_non_null(world);
	assert_int_equal(loop_new(&world->loop), 0);
	if (open_host(world, &err) < 0)
		fail_msg("%s", err.text);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	if (!world)
		return 0;
	if (world->host)
		world->host->ops->close(world->host);
	loop_free(world->loop);
	free(world);
	umount2("/sys/fs/bpf", MNT_DETACH);
	umount2("/run", MNT_DETACH);
	return 0;
}

#define NEED(state)                                                                                \
	if (!*(state))                                                                             \
	skip()

static int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int shell(const char *fmt, ...)
{
	char command[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

/* --- batches -----------------------------------------------------------------------------------
 */

static uint32_t address_of(uint32_t slot)
{
	return NETWORK + slot + 1;
}

static struct host_router router_of(uint32_t slot)
{
	struct host_router router = {.id = slot + 1,
				     .slot = slot,
				     .edge_port = 40000 + slot,
				     .address = address_of(slot)};

	snprintf(router.name, sizeof(router.name), "r%u", slot + 1);
	return router;
}

static struct host_link link_of(uint32_t number, uint32_t a, uint32_t b)
{
	const uint32_t slot[2] = {a, b};
	struct host_link link = {.id = number + 1, .weight = 1};

	snprintf(link.name, sizeof(link.name), "r%u-r%u", a + 1, b + 1);
	for (int i = 0; i < 2; i++) {
		struct host_end *end = &link.end[i];

		end->slot = slot[i];
		end->port = PORT_1 + 2 * number + (uint32_t)i;
		end->address = address_of(slot[i]);
		snprintf(end->router, sizeof(end->router), "r%u", slot[i] + 1);
		snprintf(end->ifname, sizeof(end->ifname), "to-r%u", slot[!i] + 1);
	}
	return link;
}

static struct host_batch *batch_new(void)
{
	struct host_batch *batch = host_batch_new();

	assert_non_null(batch);
	batch->network = (struct host_network){.network = NETWORK,
					       .prefix_len = 16,
					       .hello_us = 30000,
					       .dead_us = 100000,
					       .slots_needed = SIDE_MAX * SIDE_MAX};
	return batch;
}

/* side * side routers and the links between neighbours, to be added or deleted. */
static struct host_batch *grid(uint32_t side, bool del)
{
	struct host_batch *batch = batch_new();
	struct host_router *routers = calloc(side * side, sizeof(*routers));
	struct host_link *links = calloc(2 * side * side, sizeof(*links));
	uint32_t n = 0;

	for (uint32_t slot = 0; slot < side * side; slot++) {
		routers[slot] = router_of(slot);
		if (slot % side + 1 < side) {
			links[n] = link_of(n, slot, slot + 1);
			n++;
		}
		if (slot + side < side * side) {
			links[n] = link_of(n, slot, slot + side);
			n++;
		}
	}
	if (del) {
		batch->routers_del = routers;
		batch->routers_del_count = side * side;
		batch->links_del = links;
		batch->links_del_count = n;
	} else {
		batch->routers_add = routers;
		batch->routers_add_count = side * side;
		batch->links_add = links;
		batch->links_add_count = n;
	}
	return batch;
}

static void done(void *arg, struct host_batch *batch, int status, const struct err *err)
{
	struct world *world = arg;

	(void)batch;
	assert_false(world->done);
	world->done = true;
	world->status = status;
	world->err = *err;
}

static void progress(void *arg, size_t items, size_t total)
{
	struct world *world = arg;

	assert_true(items >= world->progress && items <= total);
	world->progress = items;
	world->total = total;
}

/* Runs the loop until *flag, at least WAIT_NS before the test fails. */
static void run_until(struct world *world, const bool *flag)
{
	uint64_t end = clock_mono_ns() + WAIT_NS;

	while (!*flag) {
		assert_true(loop_once(world->loop, 100) >= 0);
		if (clock_mono_ns() > end)
			fail_msg("nothing came in time");
	}
}

static void run_for(struct world *world, uint64_t ms)
{
	uint64_t end = clock_mono_ns() + ms * NSEC_PER_MSEC;

	while (clock_mono_ns() < end)
		assert_true(loop_once(world->loop, 10) >= 0);
}

static int run(struct world *world, struct host_batch *batch)
{
	world->done = false;
	world->progress = 0;
	world->err = (struct err){0};
	assert_int_equal(world->host->ops->submit(world->host, batch, progress, done, world), 0);
	assert_int_equal(world->host->ops->submit(world->host, batch, progress, done, world),
			 -EBUSY);
	assert_false(world->done);
	run_until(world, &world->done);
	return world->status;
}

static void run_ok(struct world *world, struct host_batch *batch)
{
	if (run(world, batch) < 0)
		fail_msg("%s", world->err.text);
	host_batch_free(batch);
}

static struct host_batch *batch_links(struct host_link link, char what)
{
	struct host_batch *batch = batch_new();
	struct host_link *copy = calloc(1, sizeof(*copy));

	*copy = link;
	if (what == '+') {
		batch->links_add = copy;
		batch->links_add_count = 1;
	} else if (what == '-') {
		batch->links_del = copy;
		batch->links_del_count = 1;
	} else {
		batch->links_set = copy;
		batch->links_set_count = 1;
	}
	return batch;
}

/* The command succeeds within ten seconds, while the loop runs. */
static void expect(struct world *world, const char *command)
{
	uint64_t end = clock_mono_ns() + 10 * NSEC_PER_SEC;

	while (system(command) != 0) {
		if (clock_mono_ns() > end)
			fail_msg("still fails: %s", command);
		run_for(world, 20);
	}
}

/* --- tests -------------------------------------------------------------------------------------
 */

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
	assert_int_equal(shell("ip netns exec r2 ip route | grep -q '^10.0.0.0/16 dev lo'"), 0);
	assert_int_equal(world->host->ops->netns_path(world->host, "r1", path, sizeof(path)), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(world->host->ops->netns_path(world->host, "r9", path, sizeof(path)),
			 -ENOENT);
	assert_int_equal(world->host->ops->netns_path(world->host, "r1", path, 5), -ENAMETOOLONG);
}

static void a_name_that_is_taken_is_refused_and_left_alone(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	uint32_t made = 0;

	NEED(state);
	assert_int_equal(shell("ip netns add r3"), 0);
	batch = grid(2, false);
	assert_int_equal(run(world, batch), -EEXIST);
	assert_non_null(strstr(world->err.text, "/run/netns/r3"));
	assert_int_equal(batch->routers_add[2].state, HOST_FAILED);
	for (size_t i = 0; i < 4; i++)
		made += batch->routers_add[i].state == HOST_DONE;
	assert_int_equal(shell("test $(ls " RUNTIME "/netns | wc -l) = %u", made), 0);
	host_batch_free(batch);
	assert_int_equal(shell("ip netns exec r3 ip link show lo >/dev/null"), 0);
	/* as daemon/ctl undoes it */
	batch = batch_new();
	batch->routers_del = calloc(4, sizeof(*batch->routers_del));
	for (uint32_t slot = 0; slot < 4; slot++)
		if (shell("test -e " RUNTIME "/netns/r%u", slot + 1) == 0)
			batch->routers_del[batch->routers_del_count++] = router_of(slot);
	run_ok(world, batch);
	assert_int_equal(shell("test \"$(ls /run/netns)\" = r3"), 0);
	assert_int_equal(shell("ip netns del r3"), 0);
	run_ok(world, grid(2, false));
}

static void an_index_that_is_taken_is_refused_with_the_links_name(void **state)
{
	struct world *world = *state;
	struct host_link link = link_of(20, 0, 3);
	struct host_batch *batch;

	NEED(state);
	run_ok(world, grid(2, false));
	assert_int_equal(shell("ip -n r4 link add name own index %u type veth peer name own2",
			       link.end[1].port),
			 0);
	batch = batch_links(link, '+');
	assert_true(run(world, batch) < 0);
	assert_non_null(strstr(world->err.text, "link r1-r4: cannot create veth"));
	assert_int_equal(batch->links_add[0].state, HOST_FAILED);
	host_batch_free(batch);
	assert_int_not_equal(shell("ip -n r1 link show to-r4 2>/dev/null"), 0);
	assert_int_equal(shell("ip -n r4 link show own | grep -q vlsp:"), 256);
	assert_int_equal(shell("ip -n r4 link del own"), 0);
	run_ok(world, batch_links(link, '+'));
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.4 >/dev/null");
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

static void a_router_goes_although_a_program_holds_its_namespace(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	struct host_link link[2] = {link_of(1, 0, 2), link_of(3, 2, 3)};

	NEED(state);
	/* 2 by 2: links 0: r1-r2, 1: r1-r3, 2: r2-r4, 3: r3-r4 */
	run_ok(world, grid(2, false));
	assert_int_equal(shell("ip netns exec r3 sleep 1000 & sleep 0.2"), 0);
	batch = batch_new();
	batch->routers_del = calloc(1, sizeof(*batch->routers_del));
	batch->routers_del[batch->routers_del_count++] = router_of(2);
	assert_int_equal(run(world, batch), -EBUSY);
	assert_string_equal(world->err.text, "router r3: it has links");
	batch->routers_del[0].state = HOST_TODO;
	batch->links_del = calloc(2, sizeof(link[0]));
	memcpy(batch->links_del, link, sizeof(link));
	batch->links_del_count = 2;
	run_ok(world, batch);
	assert_int_not_equal(shell("ip -n r1 link show to-r3 2>/dev/null"), 0);
	assert_int_not_equal(shell("ip -n r4 link show to-r3 2>/dev/null"), 0);
	assert_int_not_equal(shell("ip netns | grep -q '^r3'"), 0);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.4 >/dev/null");
}

static void a_router_whose_process_dies_comes_back_with_its_links(void **state)
{
	struct world *world = *state;
	struct host_batch *batch = grid(2, false);
	uint64_t end = clock_mono_ns() + WAIT_NS;
	int32_t pid;

	NEED(state);
	if (run(world, batch) < 0)
		fail_msg("%s", world->err.text);
	pid = batch->routers_add[1].pid;
	host_batch_free(batch);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	assert_int_equal(world->died + world->ready, 0);
	assert_return_code(kill(pid, SIGKILL), errno);
	while (!world->ready && clock_mono_ns() < end)
		run_for(world, 10);
	assert_int_equal(world->died, 1);
	assert_int_equal(world->ready, 1);
	assert_int_not_equal(world->ready_pid, pid);
	expect(world, "ip netns exec r2 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
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
	struct host_batch *batch = grid(3, false);
	uint64_t end = clock_mono_ns() + WAIT_NS;
	int32_t pid;
	uint32_t id;
	int fd;

	NEED(state);
	if (run(world, batch) < 0)
		fail_msg("%s", world->err.text);
	pid = batch->routers_add[4].pid;
	host_batch_free(batch);
	id = pinned_id("/sys/fs/bpf/vlsp/default/vlsp_in");
	world->host->ops->close(world->host);
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

static void closing_in_the_middle_of_a_batch_cancels_it(void **state)
{
	struct world *world = *state;
	struct host_batch *batch = grid(SIDE_MAX, false);

	NEED(state);
	world->done = false;
	assert_int_equal(world->host->ops->submit(world->host, batch, NULL, done, world), 0);
	run_for(world, 30);
	if (!world->done) {
		world->host->ops->close(world->host);
		world->host = NULL;
		assert_true(world->done);
		assert_int_equal(world->status, -ECANCELED);
		assert_int_equal(shell("test -z \"$(ls -A " RUNTIME ")\""), 0);
	}
	host_batch_free(batch);
}

/* The daemon's crash: its loop and descriptors end, names, namespaces and routers stay. */
static void what_a_crash_left_goes_when_the_instance_starts_again(void **state)
{
	struct world *world = *state;
	struct err err = {0};
	int status;
	pid_t pid;

	NEED(state);
	world->host->ops->close(world->host);
	world->host = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		loop_free(world->loop);
		if (loop_new(&world->loop) < 0 || open_host(world, &err) < 0)
			_exit(1);
		_exit(run(world, grid(3, false)) < 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(shell("ip netns exec r1 ip link show to-r2 >/dev/null"), 0);
	if (open_host(world, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_not_equal(shell("ls -A " RUNTIME "/netns 2>/dev/null | grep -q ."), 0);
	run_ok(world, grid(2, false));
	assert_int_equal(shell("test $(ip netns | wc -l) = 4"), 0);
}

static void a_second_one_in_the_same_directory_is_refused(void **state)
{
	struct world *world = *state, other = {.loop = world ? world->loop : NULL};
	struct err err = {0};

	NEED(state);
	run_ok(world, grid(2, false));
	assert_int_equal(open_host(&other, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, RUNTIME));
	assert_int_equal(shell("ip netns exec r1 ip link show to-r2 >/dev/null"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_grid_comes_up_carries_traffic_and_goes),
		TEST(names_are_what_ip_and_tc_show),
		TEST(a_name_that_is_taken_is_refused_and_left_alone),
		TEST(an_index_that_is_taken_is_refused_with_the_links_name),
		TEST(links_go_down_up_silent_and_away_while_routers_stay),
		TEST(a_router_goes_although_a_program_holds_its_namespace),
		TEST(a_router_whose_process_dies_comes_back_with_its_links),
		TEST(routes_and_counters_can_be_read),
		TEST(tables_grow_when_there_are_more_routers),
		TEST(nothing_is_left_after_close),
		TEST(closing_in_the_middle_of_a_batch_cancels_it),
		TEST(what_a_crash_left_goes_when_the_instance_starts_again),
		TEST(a_second_one_in_the_same_directory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
