/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applications of the fake machine: what is told of them, faults, and their router's end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/host/fake.h"
#include "daemon/host/fake_apps.h"

#define TOLD_MAX 32

struct world {
	struct loop *loop;
	struct fake_machine *machine;
	struct host *host;
	int answers;
	struct {
		uint32_t id; /* 0: known */
		struct host_app_state state;
	} told[TOLD_MAX];
	size_t told_count;
};

static void on_state(void *arg, uint32_t id, const struct host_app_state *state)
{
	struct world *w = arg;

	assert_true(w->told_count < TOLD_MAX);
	w->told[w->told_count].id = id;
	w->told[w->told_count++].state = *state;
}

static void on_known(void *arg)
{
	on_state(arg, 0, &(struct host_app_state){.phase = HOST_APP_ENDED});
}

static void on_batch(void *arg, struct host_batch *batch, int status, const struct err *err)
{
	struct world *w = arg;

	(void)err;
	assert_int_equal(status, 0);
	host_batch_free(batch);
	w->answers++;
}

static void on_audit(void *arg, struct host_audit *audit, int status, const struct err *err)
{
	struct world *w = arg;

	(void)err;
	assert_int_equal(status, 0);
	host_audit_free(audit);
	w->answers++;
}

static void wait_answer(struct world *w)
{
	while (!w->answers)
		assert_true(loop_once(w->loop, 1000) >= 0);
	w->answers = 0;
}

/* Until that many were told, and then no more. */
static void wait_told(struct world *w, size_t count)
{
	for (int i = 0; w->told_count < count && i < 100; i++)
		assert_true(loop_once(w->loop, 100) >= 0);
	while (loop_once(w->loop, 5) > 0)
		;
	assert_int_equal(w->told_count, count);
}

static struct host_router router(void)
{
	return (struct host_router){
		.id = 1, .slot = 0, .edge_port = 16, .name = "r1", .address = 0x0a000001};
}

static void router_run(struct world *w, bool del)
{
	struct host_batch *batch = host_batch_new();
	struct host_router *list = calloc(1, sizeof(*list));

	assert_non_null(batch);
	assert_non_null(list);
	list[0] = router();
	batch->network = (struct host_network){.network = 0x0a000000,
					       .prefix_len = 16,
					       .hello_us = 1000,
					       .dead_us = 3000,
					       .slots_needed = 1};
	*(del ? &batch->routers_del : &batch->routers_add) = list;
	*(del ? &batch->routers_del_count : &batch->routers_add_count) = 1;
	assert_int_equal(w->host->ops->submit(w->host, batch, NULL, on_batch, w), 0);
	wait_answer(w);
}

static void boot(struct world *w)
{
	struct fake_config config = {.loop = w->loop, .machine = w->machine};

	assert_int_equal(fake_new(&config, &w->host), 0);
	w->host->events.apps = (struct host_app_events){
		.arg = w, .state = on_state, .known = on_known};
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(loop_new(&w->loop), 0);
	w->machine = fake_machine_new();
	assert_non_null(w->machine);
	boot(w);
	router_run(w, false);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	w->host->ops->close(w->host, false);
	fake_machine_free(w->machine);
	loop_free(w->loop);
	free(w);
	return 0;
}

static int start_as(struct world *w, uint32_t id, enum topo_app_ready ready, struct err *err)
{
	struct topo_app app = {.refs = 1, .ready = ready};
	struct host_app_start start = {
		.id = id, .router_id = 1, .slot = 0, .router = "r1", .app = &app};

	return w->host->ops->apps->start(w->host, &start, err);
}

static void phases(const struct world *w, size_t first, uint32_t id, const int *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(w->told[first + i].id, id);
		assert_int_equal(w->told[first + i].state.phase, list[i]);
	}
}

static void starts_and_stops(void **state)
{
	struct world *w = *state;
	const struct host_app_ops *ops = w->host->ops->apps;

	assert_int_equal(start_as(w, 7, TOPO_APP_READY_AUTO, NULL), 0);
	assert_int_equal(w->told_count, 0); /* only from the loop */
	assert_int_equal(start_as(w, 7, TOPO_APP_READY_AUTO, NULL), -EEXIST);
	wait_told(w, 1);
	phases(w, 0, 7, (int[]){HOST_APP_RUNNING}, 1);
	assert_true(w->told[0].state.ready);
	assert_int_equal(w->told[0].state.status, -1);
	assert_true(w->told[0].state.pid > 0);
	ops->forget(w->host, 7); /* it runs */
	assert_int_equal(fake_apps_count(w->host), 1);
	assert_int_equal(ops->stop(w->host, 7), 0);
	wait_told(w, 3);
	phases(w, 1, 7, (int[]){HOST_APP_STOPPING, HOST_APP_ENDED}, 2);
	assert_int_equal(ops->stop(w->host, 7), 0);
	ops->forget(w->host, 7);
	assert_int_equal(ops->stop(w->host, 7), -ESRCH);
	wait_told(w, 3);
}

static void job_ends(void **state)
{
	struct world *w = *state;

	assert_int_equal(start_as(w, 1, TOPO_APP_READY_EXIT, NULL), 0);
	wait_told(w, 2);
	phases(w, 0, 1, (int[]){HOST_APP_RUNNING, HOST_APP_ENDED}, 2);
	assert_false(w->told[0].state.ready);
	assert_int_equal(w->told[1].state.status, 0);
}

static void faults(void **state)
{
	struct world *w = *state;
	struct err err;

	fake_app_refuse(w->host, 1, EACCES, "no such right");
	fake_app_fail(w->host, 1, "it died");
	assert_int_equal(start_as(w, 1, TOPO_APP_READY_AUTO, &err), 0);
	assert_int_equal(start_as(w, 2, TOPO_APP_READY_AUTO, &err), -EACCES);
	assert_string_equal(err.text, "no such right");
	assert_int_equal(start_as(w, 3, TOPO_APP_READY_AUTO, &err), 0);
	wait_told(w, 2);
	phases(w, 0, 1, (int[]){HOST_APP_RUNNING}, 1);
	phases(w, 1, 3, (int[]){HOST_APP_FAILED}, 1);
	assert_string_equal(w->told[1].state.text, "it died");
}

static void router_takes_them_along(void **state)
{
	struct world *w = *state;
	struct err err;

	assert_int_equal(start_as(w, 1, TOPO_APP_READY_AUTO, &err), 0);
	wait_told(w, 1);
	router_run(w, true);
	wait_told(w, 2);
	phases(w, 1, 1, (int[]){HOST_APP_ENDED}, 1);
	assert_int_equal(start_as(w, 2, TOPO_APP_READY_AUTO, &err), -ENOENT);
}

static void audit(struct world *w)
{
	struct host_audit *one = host_audit_new(1, 0);

	assert_non_null(one);
	one->network = (struct host_network){
		.network = 0x0a000000, .prefix_len = 16, .hello_us = 1000, .dead_us = 3000};
	one->routers[0] = router();
	assert_int_equal(w->host->ops->audit(w->host, one, true, on_audit, w), 0);
	wait_answer(w);
}

static void taken_over(void **state)
{
	struct world *w = *state;

	assert_int_equal(start_as(w, 1, TOPO_APP_READY_AUTO, NULL), 0);
	assert_int_equal(start_as(w, 2, TOPO_APP_READY_AUTO, NULL), 0);
	wait_told(w, 2);
	w->host->ops->close(w->host, true);
	boot(w);
	audit(w);
	wait_told(w, 5);
	phases(w, 2, 1, (int[]){HOST_APP_RUNNING}, 1);
	phases(w, 3, 2, (int[]){HOST_APP_RUNNING}, 1);
	phases(w, 4, 0, (int[]){HOST_APP_ENDED}, 1); /* known */
	fake_apps_lose(w->host);
	wait_told(w, 6);
	phases(w, 5, 0, (int[]){HOST_APP_ENDED}, 1);
	assert_int_equal(w->host->ops->apps->stop(w->host, 1), -ESRCH);
}

static void becomes(void **state)
{
	struct world *w = *state;
	struct host_app_state waiting = {.phase = HOST_APP_WAITING, .status = 256, .restarts = 2};

	assert_int_equal(start_as(w, 1, TOPO_APP_READY_AUTO, NULL), 0);
	wait_told(w, 1);
	assert_int_equal(fake_app_become(w->host, 1, &waiting), 0);
	assert_int_equal(fake_app_become(w->host, 9, &waiting), -ENOENT);
	wait_told(w, 2);
	phases(w, 1, 1, (int[]){HOST_APP_WAITING}, 1);
	assert_int_equal(w->told[1].state.restarts, 2);
	assert_int_equal(w->host->ops->apps->set(w->host, 1, "a", "1"), -ENOTCONN);
}

static void values_and_usage(void **state)
{
	struct world *w = *state;
	const struct host_app_ops *ops = w->host->ops->apps;
	struct host_app_usage usage = {.has_cpu = true, .cpu_user_us = 5}, got;
	struct host_app_value values[2];
	char path[32];

	assert_int_equal(start_as(w, 1, TOPO_APP_READY_AUTO, NULL), 0);
	wait_told(w, 1);
	assert_int_equal(ops->set(w->host, 1, "rate", "5"), 0);
	assert_int_equal(ops->set(w->host, 1, "rate", "6"), 0);
	assert_int_equal(fake_app_report(w->host, 1, "sent", "100"), 0);
	assert_int_equal(ops->values(w->host, 1, values, 1), 2);
	assert_string_equal(values[0].key, "rate");
	assert_string_equal(values[0].value, "6");
	assert_int_equal(ops->values(w->host, 8, values, 1), -ESRCH);
	assert_int_equal(ops->usage(w->host, 1, &got), 0);
	assert_false(got.has_cpu); /* nothing is measured */
	fake_app_say_usage(w->host, &usage);
	assert_int_equal(ops->usage(w->host, 1, &got), 0);
	assert_int_equal(got.cpu_user_us, 5);
	assert_int_equal(ops->log_path(w->host, 1, path, sizeof(path)), -ENOENT);
	fake_app_say_log(w->host, "/x/1.log");
	assert_int_equal(ops->log_path(w->host, 1, path, sizeof(path)), 0);
	assert_string_equal(path, "/x/1.log");
	assert_int_equal(ops->log_path(w->host, 1, path, 3), -ENAMETOOLONG);
}

/* A program has none here; an eBPF object has what was asked for, while it is there. */
static void functions(void **state)
{
	struct topo_app object = {.name = "count",
				  .kind = TOPO_APP_BPF,
				  .run = (char *)"/x/count.o",
				  .match = (char *)"udp dport 53",
				  .order = 7,
				  .closed = true};
	const struct host_app_start start = {.id = 2, .router_id = 1, .app = &object};
	struct world *w = *state;
	const struct host_app_ops *ops = w->host->ops->apps;
	struct host_app_function got[2] = {0};
	struct err err;

	assert_int_equal(start_as(w, 1, TOPO_APP_READY_AUTO, NULL), 0);
	assert_int_equal(ops->start(w->host, &start, &err), 0);
	assert_int_equal(ops->functions(w->host, 2, got, 2), 0); /* not yet */
	wait_told(w, 2);
	assert_int_equal(ops->functions(w->host, 1, got, 2), 0);
	assert_int_equal(ops->functions(w->host, 2, got, 0), 1);
	assert_int_equal(ops->functions(w->host, 2, got, 2), 1);
	assert_string_equal(got[0].match, "udp dport 53");
	assert_int_equal(got[0].order, 7);
	assert_true(got[0].closed && got[0].bpf && !got[0].dead);
	assert_int_equal(ops->functions(w->host, 8, got, 2), -ESRCH);
	assert_int_equal(ops->stop(w->host, 2), 0);
	wait_told(w, 4); /* stopping, ended */
	assert_int_equal(ops->functions(w->host, 2, got, 2), 0);
}

static void shipped_in_pairs(void **state)
{
	struct world *w = *state;
	const char *const *list = w->host->ops->apps->shipped(w->host);
	size_t count = 0;

	while (list[count])
		assert_true(*list[count++] != '\0');
	assert_true(count > 0 && count % 2 == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(starts_and_stops, setup, teardown),
		cmocka_unit_test_setup_teardown(job_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(faults, setup, teardown),
		cmocka_unit_test_setup_teardown(router_takes_them_along, setup, teardown),
		cmocka_unit_test_setup_teardown(taken_over, setup, teardown),
		cmocka_unit_test_setup_teardown(becomes, setup, teardown),
		cmocka_unit_test_setup_teardown(values_and_usage, setup, teardown),
		cmocka_unit_test_setup_teardown(functions, setup, teardown),
		cmocka_unit_test_setup_teardown(shipped_in_pairs, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
