// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp event: what it asks the daemon for, what people read of it, and files that traces name. */
#include "tests/unit/cli/fake_daemon.h"

#include <sys/stat.h>

#define FIRING                                                                                     \
	"{\"id\":7,\"action\":\"link-down\",\"object\":\"backup\",\"undo\":true,\"planned\":"      \
	"2000.0,\"actual\":2000.125,\"ended\":2003.5,\"late\":false,\"outcome\":\"done\","         \
	"\"error\":\"\"}"

static const struct canned rows[] = {
	{"GET /event/", 200,
	 "{\"state\":\"running\",\"speed\":2.0,\"now\":1500.25,\"list\":[{\"event\":0,"
	 "\"posted\":false,\"action\":\"link-down\",\"object\":\"backup\",\"next\":2000.0,"
	 "\"firings\":3},{\"event\":1,\"posted\":true,\"action\":\"heal\",\"object\":\"\","
	 "\"next\":null,\"firings\":0}],\"traces\":[{\"link\":\"backup\",\"from\":\"r1\","
	 "\"trace\":\"lte\"}]}"},
	{"GET /event/log", 200, "{\"state\":\"running\",\"list\":[" FIRING "]}"},
	{"GET /event/log?after=7", 200,
	 "{\"state\":\"done\",\"list\":[{\"id\":8,\"action\":\"router-kill\",\"object\":"
	 "\"r2\",\"undo\":false,\"planned\":3000.0,\"actual\":3010.5,\"ended\":3011.0,"
	 "\"late\":true,\"outcome\":\"failed\",\"error\":\"router r2 has no process now\"}]}"},
	{"POST /event/run", 200, "{\"state\":\"running\",\"seed\":\"0\",\"speed\":1.0}"},
	{"POST /event/run?source=ev.yaml&seed=7&speed=2", 200,
	 "{\"state\":\"running\",\"seed\":\"7\",\"speed\":2.0}"},
	{"DELETE /event/", 200, "{\"stopped\":2,\"success\":true}"},
	{"PUT /topology/?source=net.yaml&no_events=true", 200,
	 "{\"success\":true,\"changed\":false,\"msg\":\"nothing to do\"}"},
	{NULL, 0, NULL},
};

static char work[] = "/tmp/vlsp-cli-events.XXXXXX";

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int in_a_directory(void **state)
{
	return !mkdtemp(work) || chdir(work) != 0 || mkdir("sub", 0700) != 0 ||
	       fake_start(state) != 0;
}

static int out_of_the_directory(void **state)
{
	static const char *const names[] = {"ev.yaml", "net.yaml", "sub/trace.txt", "sub/net.yaml"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir("sub");
	rmdir(work);
	return fake_stop(state);
}

static void events_tell_plan_and_fact(void **state)
{
	(void)state;
	expect_exactly("event list", "events: running, at 1.500250 s, speed 2\n"
				     "trace lte: link backup from r1\n\n"
				     "     EVENT  ACTION     OBJECT      NEXT  FIRINGS\n"
				     "         0  link-down  backup  2.000000        3\n"
				     "1 (posted)  heal       -              -        0\n");
	expect_exactly("event log",
		       " PLANNED    ACTUAL     ENDED  ACTION            OBJECT  OUTCOME\n"
		       "2.000000  2.000125  2.003500  end of link-down  backup  done\n");
	expect_exactly("event stop", "stopped: 2 timelines and traces\n");
}

static void events_run_from_a_file_and_are_followed(void **state)
{
	(void)state;
	expect("event run", 0, "events: running, seed 0, speed 1\n", "");
	write_file("ev.yaml", "[{at: 1s, heal: true}]\n");
	expect("event run ev.yaml --seed 7 --speed 2", 0, "seed 7, speed 2\n", "");
	assert_string_equal(fake.body, "[{at: 1s, heal: true}]\n");
	expect("event run --log -", 0,
	       "3.000000 3.010500 3.011000 router-kill r2: failed, late: router r2 has no process "
	       "now\n",
	       "");
	write_file("sub/trace.txt", "0\n5\n9\n");
	write_file("ev.yaml", "traces: {t: {format: mahimahi, file: sub/trace.txt}}\n");
	expect("event run ev.yaml --seed 7 --speed 2", 0, "seed 7", "");
	assert_non_null(strstr(fake.body, "\"data\": \"0 5 9\""));
	write_file("ev.yaml", "traces: {t: {format: mahimahi, file: nowhere.txt}}\n");
	expect("event run ev.yaml", 1, "",
	       "ev.yaml:1: traces.t.file: nowhere.txt: No such file or directory");
}

static void traces_of_topologies_are_read_beside_them(void **state)
{
	(void)state;
	write_file("net.yaml", "routers: [r1]\ntraces: {t: {format: mahimahi, file: "
			       "sub/trace.txt}}\n");
	expect("topology apply net.yaml --no-events", 0, "nothing to do\n", "");
	assert_non_null(strstr(fake.body, "\"data\": \"0 5 9\""));
	write_file("sub/net.yaml", "routers: [r1]\ntraces: {t: {format: mahimahi, file: "
				   "trace.txt}}\n");
	expect("topology validate sub/net.yaml", 0, "valid, 1 router", "");
	write_file("sub/trace.txt", "0\n5\nx\n");
	expect("topology validate sub/net.yaml", 1, "", "trace.txt:3: data: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_tell_plan_and_fact),
		cmocka_unit_test(events_run_from_a_file_and_are_followed),
		cmocka_unit_test(traces_of_topologies_are_read_beside_them),
	};

	fake.rows = rows;
	return cmocka_run_group_tests(tests, in_a_directory, out_of_the_directory);
}
