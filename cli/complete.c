// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vlsp __complete WORD...: what the last word may become. Reads the same table as the parser, and
 * names of what runs from the daemon; without one there are none, silently: nobody asked for a
 * message while typing. Called through packaging/completion/vlsp.bash.
 */
#include "cli/cli_priv.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/request.h"
#include "lib/base/cleanup.h"
#include "lib/topo/gen.h"

struct complete {
	struct cli *cli;
	const char *word;		  /* to be completed */
	size_t args;			  /* arguments in front of word */
	const char *first;		  /* the first of them */
	const struct cli_option *expects; /* word is the value of this one */
	bool verbatim, foreign;		  /* behind "--"; word is of another program */
};

static void offer(const struct complete *c, const char *candidate)
{
	if (strncmp(candidate, c->word, strlen(c->word)) == 0)
		fprintf(c->cli->out, "%s\n", candidate);
}

/* "name" of each record of a list with detail=all. */
static void offer_live(const struct complete *c, const char *path)
{
	struct cli quiet = *c->cli;
	struct answer answer;

	quiet.err = fopen("/dev/null", "we");
	if (!quiet.err)
		return;
	if (request_json(&quiet, "GET", path, &answer) == 0) {
		const json_t *detail = json_object_get(answer.json, "detail");
		const json_t *list = detail ? detail : json_object_get(answer.json, "list");

		for (size_t i = 0; i < json_array_size(list); i++) {
			const char *name = json_string_value(
				json_object_get(json_array_get(list, i), "name"));

			if (name)
				offer(c, name);
		}
		answer_done(&answer);
	}
	fclose(quiet.err);
	c->cli->rest = quiet.rest;
}

/* Of the router that is the first argument. */
static void offer_apps(const struct complete *c)
{
	struct path path;

	if (!c->first)
		return;
	path_start(&path, "/router/", c->first);
	path_segment(&path, "/app/?detail=all");
	if (path_done(&path))
		offer_live(c, path.text);
	path_free(&path);
}

static void offer_devices(const struct complete *c)
{
	DIR *dir = opendir("/sys/class/net");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			offer(c, entry->d_name);
	if (dir)
		closedir(dir);
}

static void offer_kinds(const struct complete *c)
{
	size_t n;
	const struct topo_gen_kind *kinds = topo_gen_kinds(&n);

	for (size_t i = 0; i < n; i++)
		offer(c, kinds[i].name);
}

static void offer_value(const struct complete *c, enum cli_live live, const char *const *choices)
{
	for (size_t i = 0; choices && choices[i]; i++)
		offer(c, choices[i]);
	if (live == CLI_FILE)
		fputs(":files\n", c->cli->out);
	else if (live == CLI_COMMAND)
		fputs(":commands\n", c->cli->out);
	else if (live == CLI_ROUTER)
		offer_live(c, "/router/?detail=all");
	else if (live == CLI_LINK)
		offer_live(c, "/link/?detail=all");
	else if (live == CLI_APP)
		offer_apps(c);
	else if (live == CLI_TAPPED) {
		offer_live(c, "/link/?detail=all");
		offer_live(c, "/router/?detail=all");
	} else if (live == CLI_SHIPPED)
		offer_live(c, "/app/shipped");
	else if (live == CLI_DEVICE)
		offer_devices(c);
	else if (live == CLI_KIND)
		offer_kinds(c);
}

static void offer_options(const struct complete *c)
{
	const struct cli_verb *verb = c->cli->verb;
	const struct cli_option *o;
	char name[80];

	for (size_t i = 0; (o = parse_option_at(verb, i)); i++) {
		snprintf(name, sizeof(name), "--%s", o->name);
		offer(c, name);
	}
	if (verb && verb->flags & CLI_OPEN) {
		size_t n;
		const struct topo_gen_option *options = topo_gen_options(&n);

		for (size_t i = 0; i < n; i++)
			offer(c, options[i].name);
	}
}

static void offer_arg(const struct complete *c)
{
	const struct cli_arg *args = c->cli->verb->args;
	size_t i = 0;

	while (i < ARRAY_SIZE(c->cli->verb->args) - 1 && i < c->args && args[i].name &&
	       !args[i].many)
		i++;
	if (args[i].name && !c->foreign)
		offer_value(c, args[i].live, args[i].choices);
	else if (c->foreign)
		fputs(":files\n", c->cli->out);
}

/* An option in front of the word: its value may be the next word. */
static void skip_option(struct complete *c, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : strlen(word);
	const struct cli_option *o = NULL;

	if (word[1] == '-')
		o = parse_option(c->cli->verb, word + 2, n - 2);
	else if (word[1] && !word[2])
		o = parse_letter(c->cli->verb, word[1]);
	c->expects = o && o->value && !equals ? o : NULL;
	if (o && o->value && equals && c->cli->value_count < CLI_OPTIONS_MAX)
		c->cli->values[c->cli->value_count++] = (struct cli_value){.option = o,
									   .text = equals + 1};
}

static void skip_word(struct complete *c, const char *word)
{
	struct cli *cli = c->cli;
	bool many;

	if (c->expects) {
		if (cli->value_count < CLI_OPTIONS_MAX) /* --runtime-dir says where names are */
			cli->values[cli->value_count++] = (struct cli_value){.option = c->expects,
									     .text = word};
		c->expects = NULL;
	} else if (!c->verbatim && cli->verb && strcmp(word, "--") == 0) {
		c->verbatim = true;
	} else if (!c->verbatim && word[0] == '-' && word[1]) {
		skip_option(c, word);
	} else if (!cli->noun) {
		cli->noun = parse_noun(word, &many);
		if (cli->noun && parse_verbless(cli->noun))
			cli->verb = cli->noun->verbs;
	} else if (!cli->verb) {
		cli->verb = parse_verb(cli->noun, word, &many);
	} else {
		if (!c->args++)
			c->first = word;
		if (cli->verb->flags & CLI_REST && c->args == 2)
			c->verbatim = c->foreign = true;
	}
}

/* bash splits words at = and : ; they are put together again in buf. Returns the new count. */
static int join(int argc, char **argv, char *buf, size_t size)
{
	bool glue = false;
	size_t n = 0;
	int count = 0;

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];
		bool splitter = strcmp(word, "=") == 0 || strcmp(word, ":") == 0;
		size_t len = strlen(word);

		if (n + len + 1 > size)
			break;
		if ((splitter || glue) && count > 0)
			n--; /* over the NUL of the word in front */
		else
			argv[count++] = buf + n;
		memcpy(buf + n, word, len + 1);
		n += len + 1;
		glue = splitter;
	}
	return count;
}

/* "--format=" so far: the value is completed alone. */
static void split_value(struct complete *c)
{
	const char *equals = strchr(c->word, '=');

	if (strncmp(c->word, "--", 2) != 0 || !equals || c->verbatim)
		return;
	c->expects = parse_option(c->cli->verb, c->word + 2, (size_t)(equals - c->word) - 2);
	c->word = equals + 1;
}

int complete_run(struct cli *cli, int argc, char **argv)
{
	struct complete c = {.cli = cli};
	char buf[8192];

	argc = join(argc, argv, buf, sizeof(buf));
	if (argc == 0)
		return CLI_DONE;
	for (int i = 0; i < argc - 1; i++)
		skip_word(&c, argv[i]);
	c.word = argv[argc - 1];
	split_value(&c);
	if (c.expects)
		offer_value(&c, c.expects->live, c.expects->choices);
	else if (c.word[0] == '-' && !c.verbatim)
		offer_options(&c);
	else if (!cli->noun)
		for (size_t i = 0; cli_nouns[i]; i++)
			offer(&c, cli_nouns[i]->name);
	else if (!cli->verb)
		for (const struct cli_verb *v = cli->noun->verbs; v->name; v++)
			offer(&c, v->name);
	else
		offer_arg(&c);
	return CLI_DONE;
}
