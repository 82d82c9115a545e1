// SPDX-License-Identifier: GPL-2.0-or-later
/* What completion offers for the last word. */
#include "tests/unit/cli/fake_daemon.h"

static const struct canned rows[] = {
	{"GET /router/?detail=all", 200,
	 "{\"detail\":[{\"name\":\"paris\"},{\"name\":\"prague\"},{\"name\":\"rome\"}]}"},
	{"GET /link/?detail=all", 200, "{\"detail\":[{\"name\":\"paris-rome\"}]}"},
	{"GET /app/?detail=all", 200, "{\"detail\":[{\"name\":\"web\"},{\"name\":\"dns\"}]}"},
	{"GET /router/paris/app/?detail=all", 200, "{\"detail\":[{\"name\":\"web\"}]}"},
	{"GET /router/x%2Fy/app/?detail=all", 404, "{\"error\":\"router: there is no 'x/y'\"}"},
	{"GET /app/shipped", 200, "{\"list\":[{\"name\":\"echo\"},{\"name\":\"ping\"}]}"},
	{NULL, 0, NULL},
};

static const struct {
	const char *line, *want;
} cases[] = {
	{"rou", "router\nroute\n"},
	{"router s", "show\nset\nshell\nstats\n"},
	{"topology delete --", "--json\n--url\n--runtime-dir\n--quiet\n--help\n"},
	{"--ru", "--runtime-dir\n"},
	{"-q router de", "delete\ndetach\n"},
	{"router show p", "paris\nprague\n"},
	{"router attach p", "paris\nprague\n"},
	{"router attach paris l", "lo\n"},
	{"router attach paris lo --mode m", "move\nmacvlan\n"},
	{"router show paris ''", ""},
	{"app show paris ''", "web\n"},
	{"app stop --timeout 5s paris ''", "web\n"},
	{"app stop x/y ''", ""},
	{"capture p", "paris-rome\nparis\nprague\n"},
	{"app start --restart always paris e", "echo\n"},
	{"app start paris echo ''", ":files\n"},
	{"link down ''", "paris-rome\n"},
	{"link add paris r", "rome\n"},
	{"link add --weight 5 paris r", "rome\n"},
	{"link add --weight ''", ""},
	{"ping p", "paris\nprague\n"},
	{"topology apply ''", ":files\n"},
	{"topology apply --d", "--dry-run\n"},
	{"topology export --format j", "json\n"},
	{"topology export --format = g", "graphml\n"},
	{"topology export --format=y", "yaml\n"},
	{"topology export --format =", "json\nyaml\ngraphml\ndot\n"},
	{"topology generate l", "line\nleaf-spine\n"},
	{"topology generate grid 2 2 -o ''", ":files\n"},
	{"topology generate grid 2 2 --se", "--seed\n"},
	{"router exec paris ''", ":commands\n"},
	{"router exec paris -- ''", ":commands\n"},
	{"router exec paris -- ping ''", ":files\n"},
	{"completion ''", "bash\n"},
	{"--runtime-dir /nowhere router show ''", ""},
	{"--runtime-dir=/nowhere router show ''", ""},
	{"nonsense ''",
	 "topology\nrouter\nlink\napp\nevent\nroute\nstatus\ndoctor\nping\ntrace\ncapture\nversion"
	 "\ncompletion\n"},
};

static void the_last_word_is_completed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[200];

		snprintf(line, sizeof(line), "__complete %s", cases[i].line);
		expect_exactly(line, cases[i].want);
	}
}

static void without_a_daemon_there_are_no_names_and_no_message(void **state)
{
	struct ran ran;

	(void)state;
	ran = vlsp("__complete --runtime-dir /nowhere router show ''");
	assert_string_equal(ran.err, "");
	assert_int_equal(ran.rc, 0);
	ran_free(&ran);
}

static void the_script_is_printed(void **state)
{
	(void)state;
	expect("completion bash", 0, "complete -F _vlsp vlsp\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_word_is_completed),
		cmocka_unit_test(without_a_daemon_there_are_no_names_and_no_message),
		cmocka_unit_test(the_script_is_printed),
	};

	fake.rows = rows;
	return cmocka_run_group_tests(tests, fake_start, fake_stop);
}
