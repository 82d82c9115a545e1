// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine: words to verbs, help, and what bad words are told. */
#include "tests/unit/cli/fake_daemon.h"

static const struct canned rows[] = {
	{"POST /link/?router1=r1&router2=r2&weight=7&linkName=x&delay=20ms", 201,
	 "{\"linkID\":3,\"linkName\":\"x\",\"weight\":7}"},
	{"POST /link/?router1=a&router2=b&linkName=x", 409,
	 "{\"error\":\"linkName: there is a link x already\"}"},
	{"POST /link/?router1=a&router2=c", 404, "{\"error\":\"router2: there is no router c\"}"},
	{"POST /link/?router1=-&router2=b", 201, "{\"linkID\":3,\"linkName\":\"y\",\"weight\":1}"},
	{"GET /router/?detail=all", 200, "{\"type\":\"router\",\"list\":[],\"detail\":[]}"},
	{NULL, 0, NULL},
};

static void options_and_arguments_come_in_any_order(void **state)
{
	(void)state;
	expect("link add r1 r2 --weight 7 --name x --delay 20ms", 0, "link x: id 3, weight 7", "");
	expect("link add --weight=7 --name=x r1 --delay=20ms r2", 0, "link x: id 3", "");
	expect("-q link add --weight 1 r1 --weight 7 r2 --name x --delay 20ms", 0, "", "");
}

static void a_single_dash_is_an_argument_and_two_end_the_options(void **state)
{
	(void)state;
	expect("link add - b", 0, "link y", "");
	expect("link add -- - b", 0, "link y", "");
	expect("link add a -- --weight b", 2, "", "what is 'b' for");
}

static void nouns_and_verbs_may_be_shortened_while_only_one_fits(void **state)
{
	(void)state;
	expect("router l", 0, "ID", "");
	expect("router li", 0, "ID", "");
	expect("v", 0, "vlsp ", "");
	expect("ro l", 2, "", "'ro' may be several commands (router, route): see");
	expect("topology d", 2, "", "'topology d' may be several commands (diff, delete): see");
	expect("route show", 2, "", "needs R"); /* exact: not a prefix of router */
}

static const struct {
	const char *line, *err;
} bad[] = {
	{"topolgy apply x", "unknown command 'topolgy' (did you mean 'topology'?)"},
	{"topology frobnicate", "unknown command 'topology frobnicate': see"},
	{"topology aplpy x", "(did you mean 'apply'?)"},
	{"nonsense", "unknown command 'nonsense': see 'vlsp --help'"},
	{"''", "unknown command ''"},
	{"router ''", "unknown command 'router '"},
	{"router show", "'router show' needs R (a router's name, id or address)"},
	{"router show ''", "R: is empty"},
	{"router show a b", "'router show': what is 'b' for?"},
	{"router list --jsn", "unknown option '--jsn' of 'router list' (did you mean '--json'?)"},
	{"router list --weight 5", "unknown option '--weight' of 'router list'"},
	{"router list -x", "unknown option '-x'"},
	{"--jsn", "unknown option '--jsn'"},
	{"link --weight 7 add a b", "unknown option '--weight'"}, /* whose, is not known yet */
	{"router list --json=yes", "--json: takes no value"},
	{"link add a b --weight", "--weight: needs a value (N)"},
	{"link add a b --weight ''", "--weight: is empty"},
	{"link add a b --weight many", "--weight: 'many' is not a whole number from 1 to 65535"},
	{"link add a b --weight 0", "--weight: '0' is not a whole number"},
	{"link add a b --weight 65536", "--weight: '65536' is not"},
	{"link add a b --weight 5x", "--weight: '5x' is not"},
	{"link add a b --weight 99999999999999999999", "is not a whole number"},
	{"link add a b --loss 101%", "--loss: "},
	{"link add a b --rate fast", "--rate: "},
	{"link set a:b", "'link set' needs something to set"},
	{"link set a:b --from a", "--from: there is no property of the shape with it"},
	{"link set a:b --weight 2 --from a", "--from: there is no property"},
	{"link set a:b --delay 20", "--delay: '20' needs a unit"},
	{"link set a:b --burst 0.5", "--burst: '0.5' is not a number from 1 to 1000000"},
	{"link set a:b --overhead -20", "--overhead: '-20' is not a whole number"},
	{"link set a:b --backend ebpf", "--backend: 'ebpf' is not one of auto, tc, bpf, relay"},
	{"ping a", "'ping' needs B (to this router)"},
	{"ping a b -c", "-c: needs a value (N)"},
	{"ping a b -c0", "--count: '0' is not a whole number from 1 to 65535"},
	{"ping a b -c -1", "--count: '-1' is not"},
	{"ping a b -i 0", "--interval: '0' is not a time from 0.001 s to 3600 s"},
	{"ping a b -i 1fortnight", "--interval: '1fortnight' is not a time"},
	{"ping a b -i .", "--interval: '.' is not a time"},
	{"ping a b -i -1", "--interval: '-1' is not a time"},
	{"ping a b -i nan", "--interval: 'nan' is not a time"},
	{"ping a b -s 65500", "--size: '65500' is not"},
	{"trace a b -m 256", "--max-hops: '256' is not"},
	{"topology export --format pdf", "--format: 'pdf' is not one of json yaml graphml dot"},
	{"topology apply x --timeout 0",
	 "--timeout: '0' is not a time from 1 s to 3600 s (like 5s, 30s, 2m)"},
	{"ping a b -W x", "(like 200ms, 0.5, 5s, 30s, 2m)"},
	{"topology generate", "'topology generate' needs KIND: one of line, ring, star, full, "},
	{"topology generate foo", "foo: is not a kind of topology; kinds are line, ring, "},
	{"topology generate ring 3 -o x.png", "x.png: the suffix is of no known format (json, "},
	{"topology export -o /d.json/x.tar.gz", "of no known format"},
	{"xutes", "unknown command 'xutes': see"}, /* two edits in five letters */
	{"topology generate grd 2 2", "(did you mean 'grid'?)"},
	{"topology generate grid two 2", "grid"},
	{"completion zsh", "SHELL: 'zsh' is not one of bash"},
	{"completion", "'completion' needs SHELL (bash)"},
	{"router exec r1", "'router exec' needs CMD"},
	{"router exec r1 --", "'router exec' needs CMD"},
};

static void wrong_usage_exits_with_2_and_names_the_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(bad[i].line, 2, "", bad[i].err);
}

static void nothing_to_do_shows_help_on_stderr(void **state)
{
	(void)state;
	expect("", 2, "", "Usage: vlsp NOUN VERB");
	expect("router", 2, "", "Usage: vlsp router VERB");
	expect("router -q", 2, "", "Usage: vlsp router VERB");
}

static void help_is_asked_for_in_every_way(void **state)
{
	(void)state;
	expect("--help", 0, "Usage: vlsp NOUN VERB", "");
	expect("help", 0, "Usage: vlsp NOUN VERB", "");
	expect("router --help", 0, "run a command in a router's network", "");
	expect("help router", 0, "run a command in a router's network", "");
	expect("router exec --help", 0, "Usage: vlsp router exec R CMD...", "");
	expect("help link add", 0, "Usage: vlsp link add A B [--weight N]", "");
	expect("help ping", 0, "-c, --count N", "");
	expect("ping a b -h", 0, "Usage: vlsp ping A B", "");
	expect("topology generate -h", 0, "barabasi-albert", "");
	expect("--version", 0, "vlsp ", "");
	expect("--help", 0, "$VLSP_URL", "");
	expect("--help", 0, "$VLSP_RUNTIME_DIR", "");
	expect("link set --help", 0, "none takes a", "");
}

static void every_verb_of_the_table_has_help_that_names_its_options(void **state)
{
	size_t verbs = 0;

	(void)state;
	for (size_t i = 0; cli_nouns[i]; i++)
		for (const struct cli_verb *v = cli_nouns[i]->verbs; v->name; v++, verbs++) {
			char line[100];

			snprintf(line, sizeof(line), "help %s%s%s", cli_nouns[i]->name,
				 *v->name ? " " : "", v->name);
			expect(line, 0, v->help, "");
			for (const struct cli_option *o = v->options; o && o->name; o++)
				expect(line, 0, o->name, "");
			assert_non_null(v->run);
		}
	assert_true(verbs > 20);
}

static void exec_leaves_the_words_of_the_command_alone(void **state)
{
	(void)state;
	/* --help belongs to the command, so vlsp goes on and looks for the router */
	expect("router exec nobody ping --help", 1, "", "");
	expect("router exec nobody -- ping -c 3 x", 1, "", "");
	expect("router exec --help nobody ping", 0, "Usage: vlsp router exec", "");
}

static void refusals_name_what_was_typed(void **state)
{
	(void)state;
	expect("link add a b --name x", 1, "", "vlsp: --name: there is a link x already\n");
	expect("link add a c", 1, "", "vlsp: B: there is no router c\n");
}

static void a_full_disk_is_a_failure(void **state)
{
	FILE *full = fopen("/dev/full", "w"), *err;
	char *words[] = {(char *)"vlsp", (char *)"version"}, *text = NULL;
	size_t size;

	(void)state;
	assert_non_null(full);
	err = open_memstream(&text, &size);
	assert_int_equal(cli_run(2, words, full, err), 1);
	fclose(err);
	assert_non_null(strstr(text, "No space left on device"));
	fclose(full);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_arguments_come_in_any_order),
		cmocka_unit_test(a_single_dash_is_an_argument_and_two_end_the_options),
		cmocka_unit_test(nouns_and_verbs_may_be_shortened_while_only_one_fits),
		cmocka_unit_test(wrong_usage_exits_with_2_and_names_the_word),
		cmocka_unit_test(nothing_to_do_shows_help_on_stderr),
		cmocka_unit_test(help_is_asked_for_in_every_way),
		cmocka_unit_test(every_verb_of_the_table_has_help_that_names_its_options),
		cmocka_unit_test(exec_leaves_the_words_of_the_command_alone),
		cmocka_unit_test(refusals_name_what_was_typed),
		cmocka_unit_test(a_full_disk_is_a_failure),
	};

	fake.rows = rows;
	return cmocka_run_group_tests(tests, fake_start, fake_stop);
}
