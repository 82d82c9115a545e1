/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the local back end: mount and network namespaces of the test's own, with its own
 * /run and bpffs, so that nothing of the machine and of other instances is in reach; batches;
 * waiting.
 */
#ifndef VLSP_TESTS_UNIT_DAEMON_HOST_LOCAL_WORLD_H
#define VLSP_TESTS_UNIT_DAEMON_HOST_LOCAL_WORLD_H

#include <errno.h>
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

#include <cmocka.h>

#include "daemon/host/local.h"
#include "lib/base/clock.h"
#include "lib/confine/confine.h"

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
	bool lost; /* the status of a process that ends is not known */
	int routes_status;
	size_t routes;
};

static char router_path[PATH_MAX];

/* --- the sandbox -------------------------------------------------------------------------------
 */

static const char *why_not(void)
{
	ssize_t n;
	char *cut;

	if (geteuid() != 0)
		return "needs root";
	if (router_path[0])
		return NULL; /* in a chroot, /proc/self/exe tells another path after the sandbox is
				made */
	n = readlink("/proc/self/exe", router_path, sizeof(router_path) - 32);
	if (n < 0)
		return "needs /proc";
	router_path[n] = '\0';
	cut = strstr(router_path, "/tests/unit/");
	if (!cut)
		return "is not in the build directory";
	strcpy(cut, "/vlsp-router");
	if (access(router_path, X_OK) < 0) {
		router_path[0] = '\0';
		return "needs vlsp-router: run make first";
	}
	return NULL;
}

static inline void sandbox(void)
{
	assert_return_code(unshare(CLONE_NEWNS | CLONE_NEWNET), errno);
	assert_return_code(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), errno);
	assert_return_code(mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), errno);
	assert_return_code(mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL), errno);
	assert_return_code(mkdir(RUNTIME, 0755), errno);
}

static inline void on_rib(void *arg, uint32_t slot, const struct frame_rib *rib)
{
	struct world *world = arg;

	(void)slot;
	(void)rib;
	world->ribs++;
}

static inline void on_died(void *arg, uint32_t slot, int status)
{
	struct world *world = arg;

	(void)slot;
	assert_true(status == -1 || (!world->lost && WIFSIGNALED(status)));
	world->died++;
}

static inline void on_ready(void *arg, uint32_t slot, int32_t pid)
{
	struct world *world = arg;

	(void)slot;
	world->ready++;
	world->ready_pid = pid;
}

static inline int open_host(struct world *world, struct err *err)
{
	struct host_local_config config = {
		.loop = world->loop,
		.runtime_dir = RUNTIME,
		.instance = "default",
		.network = NETWORK,
		.prefix_len = 16,
		.router_path = router_path,
		.log_level = LOG_LEVEL_WARN,
		.user_base = CONFINE_USER_BASE,
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

static inline int setup(void **state)
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

/* Of a test that failed while no host was open: nobody else would end them. */
static inline void end_routers(void)
{
	if (system("cd " RUNTIME "/netns 2>/dev/null || exit 0; for ns in *; do"
		   " for pid in $(ip netns pids \"$ns\" 2>/dev/null); do"
		   " kill -KILL \"$pid\" 2>/dev/null; done; done; true") != 0)
		print_error("routers of this test may have been left\n");
}

static inline int teardown(void **state)
{
	struct world *world = *state;

	if (!world)
		return 0;
	if (world->host)
		world->host->ops->close(world->host, false);
	loop_free(world->loop);
	free(world);
	end_routers();
	umount2("/sys/fs/bpf", MNT_DETACH);
	umount2("/run", MNT_DETACH);
	return 0;
}

#define NEED(state)                                                                                \
	if (!*(state))                                                                             \
	skip()

static inline int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline int shell(const char *fmt, ...)
{
	char command[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

/* Where the checkout is: above build or build/asan. */
static inline const char *source_dir(void)
{
	static char path[PATH_MAX];
	char *cut;

	strcpy(path, router_path);
	cut = strstr(path, "/build/");
	assert_non_null(cut);
	*cut = '\0';
	return path;
}

/* --- batches -----------------------------------------------------------------------------------
 */

static inline uint32_t address_of(uint32_t slot)
{
	return NETWORK + slot + 1;
}

static inline struct host_router router_of(uint32_t slot)
{
	struct host_router router = {.id = slot + 1,
				     .slot = slot,
				     .edge_port = 40000 + slot,
				     .address = address_of(slot)};

	snprintf(router.name, sizeof(router.name), "r%u", slot + 1);
	return router;
}

static inline struct host_link link_of(uint32_t number, uint32_t a, uint32_t b)
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

static inline struct host_batch *batch_new(void)
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
static inline struct host_batch *grid(uint32_t side, bool del)
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

static inline void done(void *arg, struct host_batch *batch, int status, const struct err *err)
{
	struct world *world = arg;

	(void)batch;
	assert_false(world->done);
	world->done = true;
	world->status = status;
	world->err = *err;
}

static inline void progress(void *arg, size_t items, size_t total)
{
	struct world *world = arg;

	assert_true(items >= world->progress && items <= total);
	world->progress = items;
	world->total = total;
}

/* Runs the loop until *flag, at least WAIT_NS before the test fails. */
static inline void run_until(struct world *world, const bool *flag)
{
	uint64_t end = clock_mono_ns() + WAIT_NS;

	while (!*flag) {
		assert_true(loop_once(world->loop, 100) >= 0);
		if (clock_mono_ns() > end)
			fail_msg("nothing came in time");
	}
}

static inline void run_for(struct world *world, uint64_t ms)
{
	uint64_t end = clock_mono_ns() + ms * NSEC_PER_MSEC;

	while (clock_mono_ns() < end)
		assert_true(loop_once(world->loop, 10) >= 0);
}

static inline int run(struct world *world, struct host_batch *batch)
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

static inline void run_ok(struct world *world, struct host_batch *batch)
{
	if (run(world, batch) < 0)
		fail_msg("%s", world->err.text);
	host_batch_free(batch);
}

static inline struct host_batch *batch_links(struct host_link link, char what)
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
static inline void expect(struct world *world, const char *command)
{
	uint64_t end = clock_mono_ns() + 10 * NSEC_PER_SEC;

	while (system(command) != 0) {
		if (clock_mono_ns() > end)
			fail_msg("still fails: %s", command);
		run_for(world, 20);
	}
}

/* The daemon's crash: its loop and descriptors end, names, namespaces and routers stay. */
static inline void another_runs_and_crashes(struct world *world, uint32_t side)
{
	int status;
	pid_t pid;

	world->host->ops->close(world->host, false);
	world->host = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err err = {0};

		loop_free(world->loop);
		if (loop_new(&world->loop) < 0 || open_host(world, &err) < 0)
			_exit(1);
		_exit(run(world, grid(side, false)) < 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
