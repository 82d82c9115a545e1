// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Network functions of programs on the real kernel, with shipped applications over libvlsp:
 *
 *   r1 --- r2        10.0.0.1 .. 4, one to another over r2 or directly
 *    |      |
 *   r3 --- r4
 *
 * Needs root, $O/vlsp-router and $O/apps; skips with the reason otherwise.
 */
#include "tests/unit/daemon/host/app_world.h"

#define PING(from, to, more)                                                                       \
	"nsenter --net=" RUNTIME "/netns/" from " ping -q -W 1 " more " 10.0.0." to " >/dev/null"

static void up(struct world *world)
{
	run_ok(world, grid(2, false));
	expect(world, PING("r1", "4", "-c 1"));
	expect(world, PING("r3", "2", "-c 1"));
}

static void a_program_gets_what_matches_and_passes_it(void **state)
{
	struct world *world = *state;
	struct host_app_function f;
	struct app app;

	NEED(state);
	up(world);
	app_run(&app, world, 7, 1, "pass --match icmp --order 3");
	assert_int_equal(shell(PING("r1", "4", "-c 20 -i 0.002")), 0); /* over r2 */
	f = function_of(world, 7);
	assert_int_equal(f.packets, 40);
	assert_int_equal(f.bytes, 40 * 84);
	assert_int_equal(f.dropped + f.skipped, 0);
	assert_string_equal(f.match, "icmp");
	assert_int_equal(f.order, 3);
	assert_int_equal(f.queue, 1 << 20);
	assert_false(f.bpf || f.closed || f.dead);
	assert_int_equal(shell(PING("r1", "2", "-c 5 -i 0.002")), 0); /* to r2 itself, and back */
	assert_int_equal(shell(PING("r2", "4", "-c 5 -i 0.002")), 0); /* its own programs' */
	assert_int_equal(function_of(world, 7).packets, 60);
	assert_int_equal(shell(PING("r1", "3", "-c 5 -i 0.002")), 0); /* not over r2 */
	assert_int_equal(function_of(world, 7).packets, 60);
	app_end(&app, SIGTERM, LOCAL_FUNCTION_STOPPED);
	assert_int_equal(local_function_list(local_of(world)->functions, 7, NULL, 0), 0);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
}

static void link_ends_in_a_match_are_found(void **state)
{
	struct world *world = *state;
	struct app from, to, edge, bad, lo;

	NEED(state);
	up(world);
	app_run(&from, world, 1, 1, "pass --match 'icmp from to-r1'");
	app_run(&to, world, 2, 1, "pass --match 'icmp to edge'");
	app_run(&edge, world, 3, 1, "pass --match 'icmp from edge to to-r1'");
	app_start(&bad, world, 4, 1, "pass --match 'from to-r9'");
	app_start(&lo, world, 5, 1, "pass --match 'from lo'");
	run_until(world, &bad.ended);
	run_until(world, &lo.ended);
	assert_false(bad.ready || lo.ready);
	assert_int_equal(shell(PING("r1", "2", "-c 5 -i 0.002")), 0);
	assert_int_equal(function_of(world, 1).packets, 5);
	assert_int_equal(function_of(world, 2).packets, 5);
	assert_int_equal(function_of(world, 3).packets, 5);
	assert_string_equal(function_of(world, 3).match, "from edge to to-r1 icmp");
	assert_int_equal(function_of(world, 3).place, 2);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	assert_int_equal(function_of(world, 1).packets, 10);
	assert_int_equal(function_of(world, 2).packets, 5);
	assert_int_equal(function_of(world, 3).packets, 5);
	app_end(&from, SIGKILL, LOCAL_FUNCTION_DIED);
	app_end(&to, SIGKILL, LOCAL_FUNCTION_DIED);
	app_end(&edge, SIGKILL, LOCAL_FUNCTION_DIED);
	waitpid(bad.pid, NULL, 0);
	waitpid(lo.pid, NULL, 0);
}

static void an_open_one_that_dies_is_taken_out(void **state)
{
	struct world *world = *state;
	struct app app;

	NEED(state);
	up(world);
	app_run(&app, world, 1, 1, "pass");
	app_end(&app, SIGKILL, LOCAL_FUNCTION_DIED);
	assert_int_equal(local_function_list(local_of(world)->functions, 1, NULL, 0), 0);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
}

static void a_closed_one_that_dies_drops_until_it_is_there_again(void **state)
{
	struct world *world = *state;
	struct host_app_function f;
	struct app app, other;

	NEED(state);
	up(world);
	app_run(&other, world, 2, 1, "pass");
	app_run(&app, world, 1, 1, "pass --match icmp --closed --order 0");
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	app_end(&app, SIGKILL, LOCAL_FUNCTION_DIED);
	f = function_of(world, 1);
	assert_true(f.closed && f.dead);
	assert_int_not_equal(shell(PING("r1", "4", "-c 3 -i 0.002")), 0);
	assert_int_equal(function_of(world, 1).dropped, 3);
	assert_int_equal(function_of(world, 1).place, 0);
	app_run(&app, world, 1, 1, "pass --match icmp --closed --order 0"); /* in its place */
	f = function_of(world, 1);
	assert_true(f.closed && !f.dead);
	assert_int_equal(f.place, 0);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	app_end(&app, SIGKILL, LOCAL_FUNCTION_DIED);
	assert_int_not_equal(shell(PING("r1", "4", "-c 1")), 0);
	local_intercept_gone(local_of(world)->intercepts, 1, LOCAL_FUNCTION_STOPPED);
	assert_int_equal(local_function_list(local_of(world)->functions, 1, NULL, 0), 0);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	app_end(&other, SIGTERM, LOCAL_FUNCTION_STOPPED);
}

static uint32_t place_9(void *arg, uint32_t id)
{
	(void)arg;
	return id == 9 ? 1 : id; /* 9 comes in the place of 1 */
}

static uint32_t place_back(void *arg, uint32_t id)
{
	(void)arg;
	return 10 - id;
}

static void a_chain_is_put_in_order_anew(void **state)
{
	struct world *world = *state;
	struct app first, second, last;

	NEED(state);
	up(world);
	app_run(&first, world, 1, 1, "pass --match icmp");
	app_run(&second, world, 2, 1, "pass --match icmp");
	app_run(&last, world, 3, 1, "pass --match icmp --order 1");
	world->host->events.apps.place = place_back;
	world->host->ops->apps->reorder(world->host, 1);
	assert_int_equal(function_of(world, 2).place, 0);
	assert_int_equal(function_of(world, 1).place, 1);
	assert_int_equal(function_of(world, 3).place, 2);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	assert_int_equal(function_of(world, 1).packets, 10);
	world->host->ops->apps->reorder(world->host, 0); /* that has none */
	app_end(&first, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_end(&second, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_end(&last, SIGTERM, LOCAL_FUNCTION_STOPPED);
}

/* Of functions of equal order, whoever opens first. */
static void the_place_is_the_applications(void **state)
{
	struct world *world = *state;
	struct app first, second, third, again;

	NEED(state);
	up(world);
	world->host->events.apps.place = place_9;
	app_run(&third, world, 3, 1, "pass --match icmp");
	app_run(&first, world, 1, 1, "pass --match icmp");
	app_run(&second, world, 2, 1, "pass --match icmp");
	assert_int_equal(function_of(world, 1).place, 0);
	assert_int_equal(function_of(world, 2).place, 1);
	assert_int_equal(function_of(world, 3).place, 2);
	app_end(&second, SIGKILL, LOCAL_FUNCTION_DIED);
	app_run(&second, world, 2, 1, "pass --match icmp");
	assert_int_equal(function_of(world, 2).place, 1);
	app_end(&first, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_run(&again, world, 9, 1, "pass --match udp");
	assert_int_equal(function_of(world, 9).place, 0);
	app_run(&first, world, 1, 1, "pass --match udp --order 1");
	assert_int_equal(function_of(world, 1).place, 3); /* order goes first */
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	app_end(&first, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_end(&second, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_end(&third, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_end(&again, SIGTERM, LOCAL_FUNCTION_STOPPED);
}

static void hand_over(struct world *world, uint32_t id, uint32_t heir, bool changed)
{
	world->host->ops->apps->hand_over(world->host, id, heir, changed);
}

static int function_count(struct world *world, uint32_t id)
{
	return local_function_list(local_of(world)->functions, id, NULL, 0);
}

static void a_closed_one_is_handed_over(void **state)
{
	struct world *world = *state;
	struct app app, open, heir;

	NEED(state);
	up(world);
	app_run(&app, world, 1, 1, "pass --match icmp --closed");
	app_run(&open, world, 2, 1, "pass --match icmp");
	hand_over(world, 1, 9, false);
	hand_over(world, 2, 10, false);
	assert_int_equal(function_count(world, 1), 0);
	assert_int_equal(function_count(world, 2), 1); /* open: it stays where it is */
	assert_false(function_of(world, 9).dead);      /* its program has not ended yet */
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	hand_over(world, 9, 11, false); /* 9 will never be started */
	app_end(&app, SIGTERM, LOCAL_FUNCTION_STOPPED);
	world->host->ops->apps->forget(world->host, 1);
	world->host->ops->apps->forget(world->host, 9);
	assert_true(function_of(world, 11).dead);
	assert_int_not_equal(shell(PING("r1", "4", "-c 1")), 0);
	app_run(&heir, world, 11, 1, "pass --match icmp --closed");
	assert_false(function_of(world, 11).dead);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	app_end(&open, SIGTERM, LOCAL_FUNCTION_STOPPED);
	assert_int_equal(function_count(world, 10), 0);

	/* Of one with another match it is only kept until that one is ready. */
	hand_over(world, 11, 12, true);
	app_end(&heir, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_run(&app, world, 12, 1, "pass --match udp --closed");
	assert_int_equal(function_count(world, 12), 2);
	assert_int_not_equal(shell(PING("r1", "4", "-c 1")), 0);
	local_function_ready(local_of(world)->functions, 12);
	assert_string_equal(function_of(world, 12).match, "udp");
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);

	/* Whoever has it is forgotten, without having been started. */
	hand_over(world, 12, 13, false);
	app_end(&app, SIGTERM, LOCAL_FUNCTION_STOPPED);
	assert_true(function_of(world, 13).dead);
	assert_int_equal(world->host->ops->apps->functions(world->host, 13, NULL, 0), 1);
	world->host->ops->apps->forget(world->host, 13);
	assert_int_equal(function_count(world, 13), 0);
}

static void one_that_hangs_has_a_queue_and_no_more(void **state)
{
	struct world *world = *state;
	struct host_app_function f;
	struct app app;

	NEED(state);
	up(world);
	app_run(&app, world, 1, 1, "pass --match 'icmp from to-r1' --queue 64K");
	assert_int_equal(kill(app.pid, SIGSTOP), 0);
	/* 64 KiB hold 42 of 1,544 bytes: the rest goes on without it */
	assert_int_equal(shell(PING("r1", "4", "-c 400 -s 400 -l 400")), 0);
	f = function_of(world, 1);
	assert_in_range(f.packets, 40, 43);
	assert_int_equal(f.packets + f.skipped, 400);
	assert_int_equal(f.dropped, 0);
	assert_int_equal(kill(app.pid, SIGCONT), 0);
	expect(world, PING("r1", "4", "-c 1"));
	app_end(&app, SIGTERM, LOCAL_FUNCTION_STOPPED);
	app_run(&app, world, 1, 1, "pass --match 'icmp from to-r1' --queue 64K --closed");
	assert_int_equal(kill(app.pid, SIGSTOP), 0);
	assert_int_not_equal(shell(PING("r1", "4", "-c 400 -s 400 -l 400")), 0);
	f = function_of(world, 1);
	assert_int_equal(f.packets + f.dropped, 400);
	assert_in_range(f.packets, 40, 43);
	assert_int_equal(f.skipped, 0);
	assert_int_equal(kill(app.pid, SIGCONT), 0);
	app_end(&app, SIGTERM, LOCAL_FUNCTION_STOPPED);
}

static void a_chain_and_queues_have_limits(void **state)
{
	struct world *world = *state;
	struct app apps[17], large[5];

	NEED(state);
	up(world);
	for (uint32_t i = 0; i < 16; i++)
		app_run(&apps[i], world, i + 1, 1, "pass");
	app_start(&apps[16], world, 17, 1, "pass");
	run_until(world, &apps[16].ended);
	assert_false(apps[16].ready);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0); /* through all of them */
	assert_int_equal(function_of(world, 16).packets, 10);
	for (uint32_t i = 0; i < 16; i++)
		app_end(&apps[i], SIGKILL, LOCAL_FUNCTION_DIED);
	waitpid(apps[16].pid, NULL, 0);
	for (uint32_t i = 0; i < 4; i++)
		app_run(&large[i], world, i + 1, 2, "pass --queue 64M");
	app_start(&large[4], world, 5, 3, "pass --queue 64K");
	run_until(world, &large[4].ended);
	assert_false(large[4].ready);
	waitpid(large[4].pid, NULL, 0);
	for (uint32_t i = 0; i < 4; i++)
		app_end(&large[i], SIGKILL, LOCAL_FUNCTION_DIED);
	app_run(&large[4], world, 5, 3, "pass --queue 64K"); /* what was taken is free again */
	app_end(&large[4], SIGTERM, LOCAL_FUNCTION_STOPPED);
}

/* That functions of applications that are known are taken over: tests/system/functions.sh. */
static void a_later_daemon_takes_away_what_is_nobodys(void **state)
{
	struct world *world = *state;
	struct host_audit *audit;
	struct app app;

	NEED(state);
	up(world);
	app_run(&app, world, 9, 1, "pass --match 'icmp from to-r1' --order 7 --closed --queue 2M");
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
	world->host->ops->close(world->host, true);
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0); /* it goes on */
	assert_int_equal(kill(app.pid, SIGKILL), 0);
	assert_int_equal(waitpid(app.pid, NULL, 0), app.pid);
	assert_int_not_equal(shell(PING("r1", "4", "-c 1")), 0); /* nobody reads its queue */
	run_until(world, &app.ended);
	close(app.link);
	open_again(world);
	audit = audit_new(2);
	run_audit(world, audit, true);
	host_audit_free(audit);
	expect(world, PING("r1", "4", "-c 1"));
	assert_int_equal(local_function_list(local_of(world)->functions, 9, NULL, 0), 0);
}

static void functions_go_with_their_router(void **state)
{
	struct world *world = *state;
	struct app app;

	NEED(state);
	up(world);
	app_run(&app, world, 1, 1, "pass");
	run_ok(world, grid(2, true));
	assert_int_equal(local_function_list(local_of(world)->functions, 1, NULL, 0), 0);
	assert_int_equal(waitpid(app.pid, NULL, 0), app.pid);
	run_until(world, &app.ended);
	local_intercept_gone(local_of(world)->intercepts, 1, LOCAL_FUNCTION_STOPPED);
	up(world); /* the same slots: nothing of it is left */
	assert_int_equal(shell(PING("r1", "4", "-c 5 -i 0.002")), 0);
}

/* --- questions, without a program ------------------------------------------------------------- */

struct heard {
	char text[700];
	bool done;
};

static void hear(void *arg, const struct app_ask *ask, const char *text, const int *fds,
		 size_t count)
{
	struct heard *heard = arg;

	(void)fds;
	assert_int_equal(ask->ask, 33);
	assert_int_equal(count, 0);
	snprintf(heard->text, sizeof(heard->text), "%s", text);
	heard->done = true;
}

static void what_is_wrong_is_answered(void **state)
{
	static const char *const rows[][2] = {
		{"INTERCEPT=5\nopen\nmatch=udq\norder=0\nqueue=0\npolicy=open",
		 "INTERCEPT=5\nerror=22\nmatch: at 1: 'udq' is none of"},
		{"INTERCEPT=6\nopen\nmatch=\norder=256\nqueue=0\npolicy=open",
		 "INTERCEPT=6\nerror=22\norder: '256' is not a number between 0 and 255"},
		{"INTERCEPT=6\nopen\nmatch=\nqueue=0\npolicy=open",
		 "INTERCEPT=6\nerror=22\norder: '' is not a number"},
		{"INTERCEPT=6\nopen\nmatch=\norder=0\nqueue=65535\npolicy=open",
		 "INTERCEPT=6\nerror=22\nqueue: 65535 is less than 65536 bytes"},
		{"INTERCEPT=6\nopen\nmatch=\norder=0\nqueue=67108865\npolicy=open",
		 "INTERCEPT=6\nerror=22\nqueue: '67108865' is not a number between 0 and"},
		{"INTERCEPT=6\nopen\nmatch=\norder=0\nqueue=0\npolicy=ajar",
		 "INTERCEPT=6\nerror=22\npolicy: 'ajar' is neither open nor closed"},
		{"INTERCEPT=7\nopen\nmatch=from to-r9\norder=0\nqueue=0\npolicy=open",
		 "INTERCEPT=7\nerror=2\nmatch: from to-r9: the router has no such link end"},
		{"INTERCEPT=7\nopen\nmatch=to lo\norder=0\nqueue=0\npolicy=open",
		 "INTERCEPT=7\nerror=2\nmatch: to lo: that is no link end"},
		{"INTERCEPT=8\nclose\nfunction=3",
		 "INTERCEPT=8\nerror=2\nfunction 3 is not this application's"},
		{"INTERCEPT=8\nclose\nfunction=1024", "INTERCEPT=8\nerror=22\nfunction: '1024'"},
		{"INTERCEPT=9\nlook", "INTERCEPT=9\nerror=22\n'look' is nothing that can be asked"},
		{"INTERCEPT=9", "INTERCEPT=9\nerror=22\n'' is nothing that can be asked"},
		{"", "\nerror=22\n'' is nothing that can be asked"},
	};
	const struct app_ask ask = {.id = 4, .ask = 33};
	struct world *world = *state;

	NEED(state);
	up(world);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct heard heard = {.done = false};

		local_intercept_ask(local_of(world)->intercepts, &ask, 1, rows[i][0], hear, &heard);
		assert_false(heard.done); /* never at once */
		run_until(world, &heard.done);
		if (strncmp(heard.text, rows[i][1], strlen(rows[i][1])) != 0)
			fail_msg("%s\n was answered: %s", rows[i][0], heard.text);
		assert_int_equal(local_function_list(local_of(world)->functions, 4, NULL, 0), 0);
	}
}

static void opened(void *arg, const struct app_ask *ask, const char *text, const int *fds,
		   size_t count)
{
	(void)ask;
	(void)fds;
	if (count != 2)
		fail_msg("%s", text);
	*(bool *)arg = true;
}

/* For application 4 on r2. */
static void open_one(struct world *world, const char *match, const char *policy)
{
	const struct app_ask ask = {.id = 4, .ask = 33};
	bool done = false;
	char text[200];

	snprintf(text, sizeof(text), "INTERCEPT=1\nopen\nmatch=%s\norder=0\nqueue=0\npolicy=%s",
		 match, policy);
	local_intercept_ask(local_of(world)->intercepts, &ask, 1, text, opened, &done);
	run_until(world, &done);
}

/* "MATCH[ dead], ..." of application 4, in the order of the chain. */
static const char *chain_of_4(const struct world *world)
{
	struct host_app_function got[4];
	int count = local_function_list(local_of(world)->functions, 4, got, 4);
	static char text[300];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned place = 0; place < 4; place++)
		for (int i = 0; i < count; i++)
			if (got[i].place == place)
				used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s%s",
							 used ? ", " : "", got[i].match,
							 got[i].dead ? " dead" : "");
	return text;
}

static void several_of_one_stand_as_they_are_opened(void **state)
{
	struct world *world = *state;

	NEED(state);
	up(world);
	open_one(world, "udp", "closed");
	open_one(world, "icmp", "open");
	open_one(world, "tcp", "closed");
	assert_string_equal(chain_of_4(world), "udp, icmp, tcp");
	local_intercept_gone(local_of(world)->intercepts, 4, LOCAL_FUNCTION_DIED);
	assert_string_equal(chain_of_4(world), "udp dead, tcp dead");
	open_one(world, "udp", "closed");
	open_one(world, "icmp", "open"); /* before what has not been opened again */
	assert_string_equal(chain_of_4(world), "udp, icmp, tcp dead");
	open_one(world, "tcp", "closed");
	assert_string_equal(chain_of_4(world), "udp, icmp, tcp");
	local_intercept_gone(local_of(world)->intercepts, 4, LOCAL_FUNCTION_STOPPED);
	assert_string_equal(chain_of_4(world), "");
}

static void one_may_want_the_same_twice(void **state)
{
	struct world *world = *state;

	NEED(state);
	up(world);
	open_one(world, "udp", "closed");
	open_one(world, "udp", "closed");
	open_one(world, "udp", "open");
	assert_string_equal(chain_of_4(world), "udp, udp, udp");
	local_intercept_gone(local_of(world)->intercepts, 4, LOCAL_FUNCTION_DIED);
	assert_string_equal(chain_of_4(world), "udp dead, udp dead");
	open_one(world, "udp", "closed");
	assert_string_equal(chain_of_4(world), "udp, udp dead");
	open_one(world, "udp", "closed");
	assert_string_equal(chain_of_4(world), "udp, udp");
	local_intercept_gone(local_of(world)->intercepts, 4, LOCAL_FUNCTION_STOPPED);
	assert_string_equal(chain_of_4(world), "");
}

static void who_has_gone_is_not_answered(void **state)
{
	const struct app_ask ask = {.id = 4, .ask = 33};
	struct heard heard = {.done = false};
	struct world *world = *state;

	NEED(state);
	up(world);
	local_intercept_ask(local_of(world)->intercepts, &ask, 1,
			    "INTERCEPT=1\nopen\nmatch=\norder=0\nqueue=0\npolicy=closed", hear,
			    &heard);
	local_intercept_gone(local_of(world)->intercepts, 4, LOCAL_FUNCTION_DIED);
	run_for(world, 100);
	assert_false(heard.done);
	assert_int_equal(local_function_list(local_of(world)->functions, 4, NULL, 0), 0);
	local_intercept_ask(local_of(world)->intercepts, &ask, 77,
			    "INTERCEPT=1\nopen\nmatch=\norder=0\nqueue=0\npolicy=closed", hear,
			    &heard);
	run_until(world, &heard.done);
	assert_string_equal(heard.text, "INTERCEPT=1\nerror=3\nthe router has gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_program_gets_what_matches_and_passes_it),
		TEST(link_ends_in_a_match_are_found),
		TEST(an_open_one_that_dies_is_taken_out),
		TEST(a_closed_one_that_dies_drops_until_it_is_there_again),
		TEST(the_place_is_the_applications),
		TEST(a_chain_is_put_in_order_anew),
		TEST(a_closed_one_is_handed_over),
		TEST(one_that_hangs_has_a_queue_and_no_more),
		TEST(a_chain_and_queues_have_limits),
		TEST(a_later_daemon_takes_away_what_is_nobodys),
		TEST(functions_go_with_their_router),
		TEST(what_is_wrong_is_answered),
		TEST(several_of_one_stand_as_they_are_opened),
		TEST(one_may_want_the_same_twice),
		TEST(who_has_gone_is_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
