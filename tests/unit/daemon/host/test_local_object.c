// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * eBPF objects as network functions on the real kernel: examples/count.bpf.c and some that are
 * wrong, compiled here, on r2 of a grid of four routers. Needs root, $O/vlsp-router and clang;
 * skips with the reason otherwise.
 */
#include "tests/unit/daemon/host/app_world.h"

#define OBJECT RUNTIME "/object.o"
#define PINS   "/sys/fs/bpf/vlsp/default/app-"
#define PING(from, to, more)                                                                       \
	"nsenter --net=" RUNTIME "/netns/" from " ping -q -W 1 " more " 10.0.0." to " >/dev/null"
#define COMPILE "clang-14 -O2 -g -target bpf -I/usr/include/$(uname -m)-linux-gnu -c"

static struct {
	unsigned count;
	uint32_t id;
	struct host_app_state state;
	bool known, over, runs;
} told;

static void on_state(void *arg, uint32_t id, const struct host_app_state *state)
{
	(void)arg;
	told.count++;
	told.id = id;
	told.state = *state;
	told.runs = state->phase == HOST_APP_RUNNING;
	told.over = state->phase == HOST_APP_ENDED || state->phase == HOST_APP_FAILED;
}

static void on_known(void *arg)
{
	(void)arg;
	told.known = true;
}

static void listen_to(struct world *world)
{
	memset(&told, 0, sizeof(told));
	world->host->events.apps = (struct host_app_events){.state = on_state, .known = on_known};
}

static void up(struct world *world)
{
	listen_to(world);
	run_ok(world, grid(2, false));
	expect(world, PING("r1", "4", "-c 1"));
	assert_int_equal(shell(COMPILE " %s/examples/count.bpf.c -o " OBJECT, source_dir()), 0);
}

static int begin(struct world *world, uint32_t id, struct topo_app *app, struct err *err)
{
	const struct host_app_start start = {
		.id = id, .router_id = 2, .slot = 1, .router = "r2", .app = app};

	told.runs = told.over = false;
	app->refs = 1;
	app->kind = TOPO_APP_BPF;
	app->run = app->run ? app->run : (char *)(uintptr_t)OBJECT;
	return world->host->ops->apps->start(world->host, &start, err);
}

static void begin_ok(struct world *world, uint32_t id, struct topo_app *app)
{
	unsigned before = told.count;
	struct err err = {0};

	if (begin(world, id, app, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(told.count, before); /* never at once */
	run_until(world, &told.runs);
	assert_int_equal(told.id, id);
	assert_true(told.state.ready && told.state.pid == 0 && told.state.started_ms);
}

static void stop_ok(struct world *world, uint32_t id)
{
	told.over = false;
	assert_int_equal(world->host->ops->apps->stop(world->host, id), 0);
	run_until(world, &told.over);
	assert_int_equal(told.state.phase, HOST_APP_ENDED);
	assert_int_equal(told.state.status, 0);
	assert_int_not_equal(shell("test -e " PINS "%u", id), 0);
	assert_int_equal(world->host->ops->apps->stop(world->host, id), 0); /* it has ended */
	world->host->ops->apps->forget(world->host, id);
	assert_int_equal(world->host->ops->apps->stop(world->host, id), -ESRCH);
}

/* How many ICMP datagrams the object has counted, by its map. */
static unsigned counted(uint32_t id)
{
	char line[64] = "";
	FILE *pipe;
	char command[256];

	snprintf(command, sizeof(command),
		 "bpftool -j map lookup pinned " PINS "%u/protocols key 1 0 0 0 | "
		 "sed 's/.*\"formatted\".*\"value\":\\([0-9]*\\).*/\\1/'",
		 id);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return (unsigned)strtoul(line, NULL, 10);
}

static void an_object_runs_in_the_chain_and_its_maps_can_be_read(void **state)
{
	struct topo_app app = {.match = (char *)(uintptr_t) "icmp", .order = 5};
	struct world *world = *state;
	struct host_app_usage usage;
	struct host_app_value value;
	struct host_app_function f;
	char path[100];

	NEED(state);
	up(world);
	begin_ok(world, 3, &app);
	assert_int_equal(shell(PING("r1", "4", "-c 10 -i 0.002")), 0);
	assert_int_equal(counted(3), 20);
	f = function_of(world, 3);
	assert_int_equal(f.packets, 20);
	assert_int_equal(f.order, 5);
	assert_int_equal(f.queue, 0);
	assert_true(f.bpf && !f.closed && !f.dead);
	assert_string_equal(f.match, "icmp");
	assert_int_equal(world->host->ops->apps->functions(world->host, 3, &f, 1), 1);
	assert_int_equal(world->host->ops->apps->values(world->host, 3, &value, 1), 0);
	assert_int_equal(world->host->ops->apps->usage(world->host, 3, &usage), 0);
	assert_false(usage.has_cpu || usage.has_memory || usage.has_net);
	assert_int_equal(world->host->ops->apps->log_path(world->host, 3, path, sizeof(path)),
			 -ENOENT);
	assert_int_equal(world->host->ops->apps->set(world->host, 3, "a", "b"), -ENOTCONN);
	stop_ok(world, 3);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
}

static void what_it_drops_is_dropped_and_counted(void **state)
{
	struct world *world = *state;
	struct topo_app app = {0};
	struct host_app_function f;

	NEED(state);
	up(world);
	begin_ok(world, 3, &app);
	/* UDP to port 9 is what it drops */
	assert_int_equal(shell("nsenter --net=" RUNTIME "/netns/r1 bash -c "
			       "'for i in 1 2 3 4 5; do echo x >/dev/udp/10.0.0.4/9; done; "
			       "echo x >/dev/udp/10.0.0.4/10'"),
			 0);
	f = function_of(world, 3);
	assert_int_equal(f.dropped, 5);
	assert_true(f.packets >= 6);
	assert_int_equal(f.skipped, 0);
	stop_ok(world, 3);
}

static void what_cannot_be_one_fails_with_its_reason(void **state)
{
	static const struct {
		const char *source;
		struct topo_app app;
		const char *text;
	} rows[] = {
		{"SEC(\"xdp\") int f(struct xdp_md *c) { return 2; }", {0}, "is no classifier"},
		{"SEC(\"tc\") int f(struct __sk_buff *s) { return *(int *)(long)s->data; }",
		 {0},
		 "the kernel's verifier refused it: "},
		{"SEC(\"tc\") int f(struct __sk_buff *s) { return 0; }",
		 {.match = (char *)(uintptr_t) "to to-r9"},
		 "match: to to-r9: the router has no such link end"},
	};
	struct world *world = *state;
	struct err err = {0};

	NEED(state);
	up(world);
	for (uint32_t i = 0; i < 3; i++) {
		struct topo_app app = rows[i].app;

		assert_int_equal(
			shell("printf '%%s\\n' '#include <linux/bpf.h>' '#include "
			      "<bpf/bpf_helpers.h>' 'char l[] SEC(\"license\") = \"GPL\";' "
			      "'%s' | " COMPILE " -x c - -o " OBJECT,
			      rows[i].source),
			0);
		assert_int_equal(begin(world, 10 + i, &app, &err), 0);
		run_until(world, &told.over);
		assert_int_equal(told.state.phase, HOST_APP_FAILED);
		if (!strstr(told.state.text, rows[i].text))
			fail_msg("row %u: %s", i, told.state.text);
		assert_int_not_equal(shell("test -e " PINS "%u", 10 + i), 0);
		assert_int_equal(local_function_list(local_of(world)->functions, 10 + i, NULL, 0),
				 0);
		world->host->ops->apps->forget(world->host, 10 + i);
	}
	{
		struct topo_app bad = {.match = (char *)(uintptr_t) "udq"}, none = {0};

		none.run = (char *)(uintptr_t) "/nowhere.o";
		assert_int_equal(begin(world, 20, &bad, &err), -EINVAL);
		assert_memory_equal(err.text, "match: at 1: 'udq'", 18);
		assert_int_equal(begin(world, 21, &none, &err), -ENOENT);
		assert_string_equal(err.text, "/nowhere.o: No such file or directory");
	}
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
}

static void one_that_is_stopped_while_it_loads_ends(void **state)
{
	struct world *world = *state;
	struct topo_app app = {0};
	struct err err = {0};

	NEED(state);
	up(world);
	assert_int_equal(begin(world, 3, &app, &err), 0);
	stop_ok(world, 3);
	assert_false(told.runs);
}

static void a_later_daemon_has_it_without_a_gap(void **state)
{
	struct topo_app app = {.match = (char *)(uintptr_t) "icmp"};
	struct world *world = *state;
	struct host_audit *audit;
	uint64_t started;

	NEED(state);
	up(world);
	begin_ok(world, 3, &app);
	started = told.state.started_ms;
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	world->host->ops->close(world->host, true);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	open_again(world);
	listen_to(world);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	audit = audit_new(2);
	run_audit(world, audit, true);
	host_audit_free(audit);
	run_until(world, &told.known);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.id, 3);
	assert_true(told.runs && told.state.ready);
	assert_true(told.state.started_ms + 2000 > started &&
		    told.state.started_ms < started + 2000);
	assert_int_equal(counted(3), 30);
	assert_int_equal(function_of(world, 3).packets, 30);
	stop_ok(world, 3);
}

static uint32_t by_id(void *arg, uint32_t id)
{
	(void)arg;
	return id;
}

static void a_closed_one_is_handed_over(void **state)
{
	struct topo_app app = {.match = (char *)(uintptr_t) "icmp", .closed = true};
	struct topo_app bad = {.match = (char *)(uintptr_t) "to to-r9", .closed = true};
	struct world *world = *state;
	struct host_audit *audit;
	struct err err = {0};

	NEED(state);
	up(world);
	begin_ok(world, 3, &app);
	world->host->ops->apps->hand_over(world->host, 3, 4, false);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	stop_ok(world, 3);
	assert_true(function_of(world, 4).dead);
	assert_int_not_equal(shell(PING("r1", "4", "-c 1")), 0);
	/* A later daemon has it, too, and takes it for nothing that runs. */
	world->host->ops->close(world->host, true);
	open_again(world);
	listen_to(world);
	world->host->events.apps.place = by_id;
	audit = audit_new(2);
	run_audit(world, audit, true);
	host_audit_free(audit);
	run_until(world, &told.known);
	assert_int_equal(told.count, 0);
	assert_true(function_of(world, 4).dead);
	assert_int_equal(begin(world, 4, &bad, &err), 0);
	run_until(world, &told.over);
	assert_int_equal(told.state.phase, HOST_APP_FAILED);
	assert_true(function_of(world, 4).dead);
	assert_int_not_equal(shell(PING("r1", "4", "-c 1")), 0);
	begin_ok(world, 4, &app);
	assert_false(function_of(world, 4).dead);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	stop_ok(world, 4);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
}

static void it_goes_with_its_router_and_with_the_daemon(void **state)
{
	struct world *world = *state;
	struct topo_app app = {0};
	struct err err;

	NEED(state);
	up(world);
	begin_ok(world, 3, &app);
	told.over = false;
	run_ok(world, grid(2, true));
	run_until(world, &told.over);
	assert_int_equal(told.state.phase, HOST_APP_ENDED);
	assert_int_not_equal(shell("test -e " PINS "3"), 0);
	up(world);
	begin_ok(world, 3, &app); /* again, by the same number */
	assert_int_equal(begin(world, 3, &app, &err), -EEXIST);
	assert_int_equal(shell("test -e " PINS "3/prog"), 0);
	world->host->ops->close(world->host, false);
	world->host = NULL;
	assert_int_not_equal(access("/sys/fs/bpf/vlsp", F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_object_runs_in_the_chain_and_its_maps_can_be_read),
		TEST(what_it_drops_is_dropped_and_counted),
		TEST(what_cannot_be_one_fails_with_its_reason),
		TEST(one_that_is_stopped_while_it_loads_ends),
		TEST(a_later_daemon_has_it_without_a_gap),
		TEST(a_closed_one_is_handed_over),
		TEST(it_goes_with_its_router_and_with_the_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
