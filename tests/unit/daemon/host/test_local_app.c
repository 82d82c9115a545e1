/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications on this machine: what is refused at once, what is told, what is known of them, and
 * that they go on without a daemon, but not without their router.
 */
#include "tests/unit/daemon/host/local_world.h"

#define TOLD_MAX 64

static struct {
	uint32_t id; /* 0: known */
	struct host_app_state state;
} told[TOLD_MAX];
static size_t told_count;

static void on_state(void *arg, uint32_t id, const struct host_app_state *state)
{
	(void)arg;
	assert_true(told_count < TOLD_MAX);
	told[told_count].id = id;
	told[told_count++].state = *state;
}

static void on_known(void *arg)
{
	static const struct host_app_state none = {.phase = HOST_APP_ENDED};

	on_state(arg, 0, &none);
}

static void listen_to(struct world *world)
{
	told_count = 0;
	world->host->events.apps = (struct host_app_events){
		.arg = world, .state = on_state, .known = on_known};
}

/* Runs the loop until that is told of it (id 0: known); what was told of it then. */
static const struct host_app_state *until(struct world *world, uint32_t id,
					  enum host_app_phase phase, bool ready)
{
	uint64_t end = clock_mono_ns() + WAIT_NS;
	size_t seen = 0;

	for (;; seen++) {
		while (seen == told_count) {
			assert_true(loop_once(world->loop, 100) >= 0);
			if (clock_mono_ns() > end)
				fail_msg("of %u it is not told that it is in phase %d", id, phase);
		}
		if (told[seen].id == id && told[seen].state.phase == phase &&
		    (!ready || told[seen].state.ready))
			return &told[seen].state;
	}
}

static int start_as(struct world *world, uint32_t id, uint32_t slot, struct topo_app *app,
		    struct err *err)
{
	struct host_router router = router_of(slot);
	struct host_app_start start = {.id = id,
				       .router_id = router.id,
				       .slot = slot,
				       .address = router.address,
				       .app = app};

	app->refs = 1;
	strcpy(app->name, "app");
	app->grace_ms = 500;
	app->log_bytes = 100000;
	memcpy(start.router, router.name, sizeof(start.router));
	told_count = 0;
	return world->host->ops->apps->start(world->host, &start, err);
}

static void start_by(struct world *world, uint32_t id, uint32_t slot, enum topo_app_ready ready,
		     const char *script)
{
	char run[] = "/bin/sh", c[] = "-c", text[300];
	char *args[] = {c, text};
	struct topo_app app = {.run = run, .args = args, .arg_count = 2, .ready = ready};
	struct err err = {0};

	snprintf(text, sizeof(text), "%s", script);
	if (start_as(world, id, slot, &app, &err) < 0)
		fail_msg("%s", err.text);
}

static void start(struct world *world, uint32_t id, uint32_t slot, const char *script)
{
	start_by(world, id, slot, TOPO_APP_READY_AUTO, script);
}

static void has_output(struct world *world, uint32_t id, const char *line)
{
	char path[200];

	assert_int_equal(world->host->ops->apps->log_path(world->host, id, path, sizeof(path)), 0);
	if (shell("cut -d ' ' -f 2- %s | grep -qxF -- '%s'", path, line) != 0)
		fail_msg("no line \"%s\" in the output of %u", line, id);
}

static void refused(struct world *world, struct topo_app app, int error, const char *why)
{
	struct err err = {0};

	assert_int_equal(start_as(world, 99, 0, &app, &err), -error);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
	assert_int_equal(world->host->ops->apps->stop(world->host, 99), -ESRCH);
}

static void wrong_ones_are_refused_at_once(void **state)
{
	struct world *world = *state;
	char none[] = "/no/such", dir[] = "/etc", file[] = "/etc/passwd", shipped[] = "nonsense";
	char sh[] = "/bin/sh", user[] = "no.such.user";
	struct topo_app app = {.run = sh, .refs = 1};
	struct host_app_start start_at = {.id = 99, .slot = 3, .router = "r4", .app = &app};
	struct err err;

	NEED(state);
	listen_to(world);
	run_ok(world, grid(1, false));
	refused(world, (struct topo_app){.run = none}, ENOENT, "/no/such");
	refused(world, (struct topo_app){.run = dir}, EACCES, "is a directory");
	refused(world, (struct topo_app){.run = file}, EACCES, "is not executable");
	refused(world, (struct topo_app){.run = shipped}, ENOENT,
		"no shipped application nonsense");
	refused(world, (struct topo_app){.run = sh, .user = user}, ENOENT, "no user no.such.user");
	assert_int_equal(world->host->ops->apps->start(world->host, &start_at, &err), -ENOENT);
	assert_non_null(strstr(err.text, "router r4"));
	start(world, 1, 0, "sleep 1000");
	assert_int_equal(start_as(world, 1, 0, &app, &err), -EEXIST);
}

static void it_is_told_what_becomes_of_them(void **state)
{
	struct world *world = *state;
	const struct host_app_ops *ops;
	const struct host_app_state *now;
	struct host_app_usage usage;
	struct host_app_value value;
	char path[200];

	NEED(state);
	ops = world->host->ops->apps;
	listen_to(world);
	run_ok(world, grid(1, false));
	start(world, 5, 0,
	      "echo $VLSP_ROUTER $VLSP_ADDRESS $VLSP_APP $HOME; grep -w r1 /etc/hosts; sleep 1000");
	now = until(world, 5, HOST_APP_RUNNING, true);
	assert_true(now->pid > 0 && now->started_ms > 0);
	assert_int_equal(now->status, -1);
	has_output(world, 5, "o r1 10.0.0.1 app /tmp");
	has_output(world, 5, "o 10.0.0.1 r1");
	assert_int_equal(ops->usage(world->host, 5, &usage), 0);
	assert_false(usage.has_net); /* these tests make no control groups */
	assert_int_equal(ops->values(world->host, 5, &value, 1), 0);
	assert_int_equal(ops->set(world->host, 5, "a", "b"), 0);
	ops->forget(world->host, 5); /* it runs */
	assert_int_equal(ops->stop(world->host, 5), 0);
	now = until(world, 5, HOST_APP_ENDED, false);
	assert_int_equal(now->status, SIGTERM);
	assert_true(now->stopped);
	assert_int_equal(ops->set(world->host, 5, "a", "b"), -ENOTCONN);
	assert_int_equal(ops->log_path(world->host, 5, path, sizeof(path)), 0);
	assert_int_equal(access(path, R_OK), 0);
	ops->forget(world->host, 5);
	expect(world, "test -z \"$(ls -A " RUNTIME "/apps)\"");
	assert_int_equal(ops->log_path(world->host, 5, path, sizeof(path)), -ESRCH);
	/* by notice, or on a slow machine it is ready by having lived for long enough */
	start_by(world, 6, 0, TOPO_APP_READY_NOTIFY, "echo why >&2; exit 3");
	now = until(world, 6, HOST_APP_FAILED, false);
	assert_false(now->stopped);
	assert_non_null(strstr(now->text, "status 3: why"));
}

/* Waited for: the router goes when nothing of them is there any more. */
static void they_end_with_their_router(void **state)
{
	struct world *world = *state;
	struct host_batch *batch = batch_new();
	char script[100];
	uint64_t end;

	NEED(state);
	listen_to(world);
	run_ok(world, grid(1, false));
	/* pgrep sees the whole machine: no other test's may be like it */
	snprintf(script, sizeof(script),
		 "trap '' TERM; while :; do sleep 271828.%d & wait $!; done", getpid());
	start(world, 1, 0, script);
	(void)until(world, 1, HOST_APP_RUNNING, true);
	batch->routers_del = calloc(1, sizeof(*batch->routers_del));
	batch->routers_del[0] = router_of(0);
	batch->routers_del_count = 1;
	end = clock_mono_ns() + WAIT_NS;
	run_ok(world, batch);
	assert_true(clock_mono_ns() < end);
	(void)until(world, 1, HOST_APP_ENDED, false);
	assert_int_not_equal(shell("pgrep -f '^sleep 271828.%d$' >/dev/null", getpid()), 0);
}

static bool audited;

static void on_audit(void *arg, struct host_audit *audit, int status, const struct err *err)
{
	(void)arg;
	(void)err;
	assert_int_equal(status, 0);
	host_audit_free(audit);
	audited = true;
}

/* Nothing is told before the answer to the audit. */
static void take_over(struct world *world)
{
	struct host_audit *audit = host_audit_new(1, 0);
	struct err err = {0};

	if (open_host(world, &err) < 0)
		fail_msg("%s", err.text);
	listen_to(world);
	run_for(world, 300);
	assert_int_equal(told_count, 0);
	audit->network = (struct host_network){.network = NETWORK,
					       .prefix_len = 16,
					       .hello_us = 30000,
					       .dead_us = 100000,
					       .slots_needed = SIDE_MAX * SIDE_MAX};
	audit->routers[0] = router_of(0);
	audited = false;
	assert_int_equal(world->host->ops->audit(world->host, audit, true, on_audit, world), 0);
	run_until(world, &audited);
}

static void they_go_on_without_a_daemon(void **state)
{
	struct world *world = *state;
	int32_t pid;

	NEED(state);
	listen_to(world);
	run_ok(world, grid(1, false));
	start(world, 3, 0, "sleep 1000");
	pid = until(world, 3, HOST_APP_RUNNING, true)->pid;
	world->host->ops->close(world->host, true);
	assert_int_equal(kill(pid, 0), 0);
	take_over(world);
	(void)until(world, 0, HOST_APP_ENDED, false);
	assert_int_equal(told[0].id, 3);
	assert_int_equal(told[0].state.pid, pid);
	assert_true(told[0].state.ready);
	assert_int_equal(told_count, 2);
	world->host->ops->close(world->host, false);
	world->host = NULL;
	assert_int_not_equal(kill(pid, 0), 0);
	assert_int_equal(shell("test -z \"$(ls -A " RUNTIME ")\""), 0);
}

/* It asks while there is no daemon; the next one is asked before it has taken over the functions
 * that there are. */
static void a_function_that_is_asked_for_in_between_gets_a_place_of_its_own(void **state)
{
	struct world *world = *state;
	char pass[] = "pass", order[] = "--order", one[] = "1", two[] = "2";
	char run[] = "/bin/sh", c[] = "-c", text[700];
	char *args[] = {order, one}, *late[] = {c, text};
	struct topo_app first = {
		.run = pass, .args = args, .arg_count = 2, .ready = TOPO_APP_READY_NOTIFY};
	struct topo_app second = {
		.run = run, .args = late, .arg_count = 2, .ready = TOPO_APP_READY_SETTLED};
	struct host_app_function f = {0};
	struct err err = {0};

	NEED(state);
	snprintf(text, sizeof(text), "sleep 0.3; exec %.*s/apps/pass --order %s",
		 (int)(strrchr(router_path, '/') - router_path), router_path, two);
	listen_to(world);
	run_ok(world, grid(1, false));
	assert_int_equal(start_as(world, 1, 0, &first, &err), 0);
	(void)until(world, 1, HOST_APP_RUNNING, true);
	assert_int_equal(start_as(world, 2, 0, &second, &err), 0);
	(void)until(world, 2, HOST_APP_RUNNING, true); /* that is: it sleeps */
	world->host->ops->close(world->host, true);
	usleep(500000); /* so that it asks now; if it should be later, that is fine, too */
	take_over(world);
	for (int i = 0; i < 1000 && world->host->ops->apps->functions(world->host, 2, &f, 1) < 1;
	     i++)
		run_for(world, 10);
	assert_int_equal(f.order, 2);
	assert_false(f.dead);
	assert_int_equal(world->host->ops->apps->functions(world->host, 1, &f, 1), 1);
	assert_int_equal(f.order, 1);
	assert_false(f.dead);
}

static bool is_two(void *arg, uint32_t id)
{
	(void)arg;
	return id == 2;
}

/* What they have printed is there as long as somebody wants them. */
static void without_their_supervisor_all_are_gone(void **state)
{
	struct world *world = *state;
	const struct host_app_ops *ops;
	char path[200];

	NEED(state);
	ops = world->host->ops->apps;
	listen_to(world);
	run_ok(world, grid(1, false));
	start(world, 1, 0, "echo one; exec sleep 1000");
	start(world, 2, 0, "echo two; exec sleep 1000");
	(void)until(world, 1, HOST_APP_RUNNING, true);
	(void)until(world, 2, HOST_APP_RUNNING, true);
	has_output(world, 1, "o one");
	has_output(world, 2, "o two");
	told_count = 0;
	assert_int_equal(shell("kill -KILL $(pgrep -P %d -f '^vlsp-supervisor ')", getpid()), 0);
	(void)until(world, 0, HOST_APP_ENDED, false);
	assert_int_equal(told_count, 1);
	assert_int_equal(ops->stop(world->host, 1), -ESRCH);
	ops->sweep(world->host, is_two, NULL);
	assert_int_equal(ops->log_path(world->host, 1, path, sizeof(path)), -ESRCH);
	assert_int_equal(ops->log_path(world->host, 2, path, sizeof(path)), 0);
	start(world, 2, 0, "echo again; exec sleep 1000"); /* by another one */
	(void)until(world, 2, HOST_APP_RUNNING, true);
	has_output(world, 2, "o two");
	has_output(world, 2, "o again");
	start(world, 3, 0, "sleep 1000");
	(void)until(world, 3, HOST_APP_RUNNING, true);
	ops->sweep(world->host, is_two, NULL);
	assert_int_equal(ops->log_path(world->host, 3, path, sizeof(path)), 0);
	told_count = 0;
	assert_int_equal(shell("kill -KILL $(pgrep -P %d -f '^vlsp-supervisor ')", getpid()), 0);
	(void)until(world, 0, HOST_APP_ENDED, false);
	ops->forget(world->host, 2);
	ops->forget(world->host, 3);
	expect(world, "test -z \"$(ls -A " RUNTIME "/apps)\"");
}

/* It has died, and nobody has heard of that yet. */
static void what_a_dead_supervisor_does_not_take_the_next_one_starts(void **state)
{
	struct world *world = *state;

	NEED(state);
	listen_to(world);
	run_ok(world, grid(1, false));
	start(world, 1, 0, "exec sleep 1000");
	(void)until(world, 1, HOST_APP_RUNNING, true);
	assert_int_equal(shell("p=$(pgrep -P %d -f '^vlsp-supervisor '); kill -KILL $p;"
			       " until grep -q '^State:.Z' /proc/$p/status; do sleep 0.01; done",
			       getpid()),
			 0);
	start(world, 2, 0, "exec sleep 1000");
	(void)until(world, 2, HOST_APP_RUNNING, true);
	assert_int_equal(world->host->ops->apps->stop(world->host, 1), -ESRCH);
	assert_int_equal(world->host->ops->apps->stop(world->host, 2), 0);
	(void)until(world, 2, HOST_APP_ENDED, false);
}

/* Shipped ones are those that lie beside the daemon's programs. */
static void shipped_ones_have_names(void **state)
{
	struct world *world = *state;
	const char *const *list;
	size_t count = 0;

	NEED(state);
	list = world->host->ops->apps->shipped(world->host);
	while (list[count])
		count++;
	assert_int_equal(count % 2, 0);
	for (size_t i = 2; i < count; i += 2)
		assert_true(strcmp(list[i - 2], list[i]) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_ones_are_refused_at_once),
		TEST(it_is_told_what_becomes_of_them),
		TEST(they_end_with_their_router),
		TEST(they_go_on_without_a_daemon),
		TEST(a_function_that_is_asked_for_in_between_gets_a_place_of_its_own),
		TEST(without_their_supervisor_all_are_gone),
		TEST(what_a_dead_supervisor_does_not_take_the_next_one_starts),
		TEST(shipped_ones_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
