// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads a command line by the table: [OPTIONS] NOUN [VERB] with arguments and options in any order.
 * Called by cli_run(); complete.c uses the look-ups. Every refusal names the word and exits with 2.
 */
#include "cli/cli_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/topo/gen.h"

const struct cli_option cli_json_option = {
	.name = "json",
	.help = "print the REST body instead of a table",
};

const struct cli_option cli_global_options[] = {
	{.name = "url",
	 .value = "URL",
	 .type = CLI_TEXT,
	 .help = "the daemon: unix:///PATH, http://HOST:PORT (default $VLSP_URL)"},
	{.name = "runtime-dir",
	 .value = "DIR",
	 .type = CLI_TEXT,
	 .live = CLI_FILE,
	 .help = "runtime directory of the daemon (default $VLSP_RUNTIME_DIR or /run/vlsp)"},
	{.name = "quiet", .letter = 'q', .help = "print data and errors only"},
	{.name = "help", .letter = 'h', .help = "print this help"},
	{0},
};

bool parse_verbless(const struct cli_noun *noun)
{
	return noun->verbs[0].name[0] == '\0';
}

const struct cli_noun *parse_noun(const char *word, bool *ret_many)
{
	const struct cli_noun *found = NULL;
	size_t n = strlen(word);

	*ret_many = false;
	for (size_t i = 0; cli_nouns[i]; i++) {
		if (strcmp(cli_nouns[i]->name, word) == 0) {
			*ret_many = false;
			return cli_nouns[i];
		}
		if (n == 0 || strncmp(cli_nouns[i]->name, word, n) != 0)
			continue;
		*ret_many = found != NULL || *ret_many;
		found = cli_nouns[i];
	}
	return *ret_many ? NULL : found;
}

const struct cli_verb *parse_verb(const struct cli_noun *noun, const char *word, bool *ret_many)
{
	const struct cli_verb *found = NULL;
	size_t n = strlen(word);

	*ret_many = false;
	for (const struct cli_verb *v = noun->verbs; v->name; v++) {
		if (strcmp(v->name, word) == 0) {
			*ret_many = false;
			return v;
		}
		if (n == 0 || strncmp(v->name, word, n) != 0)
			continue;
		*ret_many = found != NULL || *ret_many;
		found = v;
	}
	return *ret_many ? NULL : found;
}

const struct cli_option *parse_option_at(const struct cli_verb *verb, size_t i)
{
	size_t n = 0;

	if (verb) {
		for (; verb->options && verb->options[n].name; n++)
			if (i == n)
				return &verb->options[n];
		if (verb->flags & CLI_JSON && n++ == i)
			return &cli_json_option;
	}
	i -= n;
	return i < ARRAY_SIZE(cli_global_options) - 1 ? &cli_global_options[i] : NULL;
}

const struct cli_option *parse_option(const struct cli_verb *verb, const char *name, size_t n)
{
	const struct cli_option *o;

	for (size_t i = 0; (o = parse_option_at(verb, i)); i++)
		if (strncmp(o->name, name, n) == 0 && !o->name[n])
			return o;
	return NULL;
}

const struct cli_option *parse_letter(const struct cli_verb *verb, char letter)
{
	const struct cli_option *o;

	for (size_t i = 0; (o = parse_option_at(verb, i)); i++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

static int parse_int(const struct cli_option *o, const char *text, int64_t *ret, char *buf,
		     size_t size)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end || errno || n < o->min || n > o->max || text[0] == ' ') {
		snprintf(buf, size, "--%s: '%s' is not a whole number from %lld to %lld", o->name,
			 text, (long long)o->min, (long long)o->max);
		return -EINVAL;
	}
	*ret = n;
	return 0;
}

static int parse_duration(const struct cli_option *o, const char *text, int64_t *ret, char *buf,
			  size_t size)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1e9},	  {"s", 1e9},	 {"ms", 1e6},  {"us", 1e3},
		     {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}};
	static const struct {
		const char *text;
		double ns;
	} likes[] = {{"200ms", 2e8}, {"0.5", 5e8}, {"5s", 5e9}, {"30s", 30e9}, {"2m", 120e9}};
	size_t digits = strspn(text, "0123456789."), n, shown = 0;
	char *end;
	double value = strtod(text, &end);

	if (digits > 0 && end == text + digits) {
		for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
			if (strcmp(end, units[i].unit) != 0)
				continue;
			value *= units[i].ns;
			if (value < (double)o->min || value > (double)o->max)
				break;
			*ret = (int64_t)(value + 0.5);
			return 0;
		}
	}
	n = (size_t)snprintf(buf, size, "--%s: '%.60s' is not a time from %.9g s to %.9g s",
			     o->name, text, (double)o->min / 1e9, (double)o->max / 1e9);
	for (size_t i = 0; i < ARRAY_SIZE(likes) && n < size; i++)
		if (likes[i].ns >= (double)o->min && likes[i].ns <= (double)o->max)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", shown++ ? ", " : " (like ",
					      likes[i].text);
	if (shown && n < size)
		snprintf(buf + n, size - n, ")");
	return -EINVAL;
}

/* "64K"; returns buf. */
static const char *size_text(int64_t bytes, char buf[24])
{
	static const char units[] = "\0KMG";
	size_t i = 0;

	while (i < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		i++;
	}
	snprintf(buf, 24, "%lld%.1s", (long long)bytes, &units[i]);
	return buf;
}

static int parse_size(const struct cli_option *o, const char *text, int64_t *ret, char *buf,
		      size_t size)
{
	static const char units[] = "KMG";
	size_t digits = strspn(text, "0123456789");
	char from[24], to[24];
	int64_t value = digits && digits <= 15 ? strtoll(text, NULL, 10) : -1;
	const char *unit = text + digits, *found = *unit ? strchr(units, *unit & ~0x20) : NULL;
	int shift = found && unit[1] == '\0' ? 10 * (int)(found - units + 1) : 0;

	if ((*unit && !shift) || value < 0 || value > INT64_MAX >> shift)
		value = -1;
	else
		value <<= shift;
	if (value >= o->min && value <= o->max) {
		*ret = value;
		return 0;
	}
	snprintf(buf, size, "--%s: '%.60s' is not a size from %s to %s", o->name, text,
		 size_text(o->min, from), size_text(o->max, to));
	return -EINVAL;
}

static int parse_choice(const struct cli_option *o, const char *text, char *buf, size_t size)
{
	size_t n;

	for (size_t i = 0; o->choices[i]; i++)
		if (strcmp(o->choices[i], text) == 0)
			return 0;
	n = (size_t)snprintf(buf, size, "--%s: '%s' is not one of", o->name, text);
	for (size_t i = 0; o->choices[i] && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, " %s", o->choices[i]);
	return -EINVAL;
}

int parse_value(const struct cli_option *option, const char *text, struct cli_value *ret_value,
		char *buf, size_t size)
{
	struct cli_value value = {.option = option, .text = text};
	int r = 0;

	if (option->type != CLI_FLAG && !*text) {
		snprintf(buf, size, "--%s: is empty", option->name);
		return -EINVAL;
	}
	if (option->type == CLI_INT)
		r = parse_int(option, text, &value.number, buf, size);
	else if (option->type == CLI_DURATION)
		r = parse_duration(option, text, &value.number, buf, size);
	else if (option->type == CLI_SIZE)
		r = parse_size(option, text, &value.number, buf, size);
	else if (option->type == CLI_ENUM)
		r = parse_choice(option, text, buf, size);
	if (r == 0)
		*ret_value = value;
	return r;
}

/* The last one given counts, or each of them. */
static int store(struct cli *cli, const struct cli_option *o, const char *text)
{
	struct cli_value value;
	char reason[200];
	size_t i;

	if (parse_value(o, text, &value, reason, sizeof(reason)) < 0)
		return cli_usage(cli, "%s", reason);
	if (strcmp(o->name, "help") == 0)
		cli->help = true;
	for (i = 0; i < cli->value_count && (o->many || cli->values[i].option != o); i++)
		;
	if (i == CLI_OPTIONS_MAX)
		return cli_usage(cli, "--%s: too many options: at most %d in all", o->name,
				 CLI_OPTIONS_MAX);
	cli->values[i] = value;
	if (i == cli->value_count)
		cli->value_count++;
	return 0;
}

static int unknown_option(struct cli *cli, const char *word, size_t n)
{
	struct suggest suggest;
	char name[64], hint[64];
	const struct cli_option *o;

	snprintf(name, sizeof(name), "%.*s", (int)n, word);
	suggest_start(&suggest, name);
	for (size_t i = 0; (o = parse_option_at(cli->verb, i)); i++) {
		char dashed[40];

		snprintf(dashed, sizeof(dashed), "--%s", o->name);
		suggest_try(&suggest, dashed);
		if (suggest.best == dashed)
			suggest.best = o->name;
	}
	if (suggest.best)
		snprintf(hint, sizeof(hint), " (did you mean '--%s'?)", suggest.best);
	else
		hint[0] = '\0';
	if (!cli->verb)
		return cli_usage(cli, "unknown option '%s'%s", name, hint);
	return cli_usage(cli, "unknown option '%s' of '%s%s%s'%s", name, cli->noun->name,
			 *cli->verb->name ? " " : "", cli->verb->name, hint);
}

/* One long option; *i moves past its value. 0, CLI_USAGE, or -1: not one of ours (CLI_OPEN). */
static int long_option(struct cli *cli, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : strlen(word);
	const struct cli_option *o = parse_option(cli->verb, word + 2, n - 2);

	if (!o)
		return cli->verb && cli->verb->flags & CLI_OPEN ? -1 : unknown_option(cli, word, n);
	if (!o->value)
		return equals ? cli_usage(cli, "--%s: takes no value", o->name) : store(cli, o, "");
	if (equals)
		return store(cli, o, equals + 1);
	if (*i + 1 >= argc)
		return cli_usage(cli, "--%s: needs a value (%s)", o->name, o->value);
	return store(cli, o, argv[++*i]);
}

/* "-q", "-qh", "-c5", "-c 5". */
static int short_options(struct cli *cli, int argc, char **argv, int *i)
{
	const char *word = argv[*i];
	int r = 0;

	for (const char *p = word + 1; *p && r == 0; p++) {
		const struct cli_option *o = parse_letter(cli->verb, *p);

		if (!o)
			return p == word + 1 && cli->verb && cli->verb->flags & CLI_OPEN
				       ? -1
				       : unknown_option(cli, word, strlen(word));
		if (!o->value) {
			r = store(cli, o, "");
			continue;
		}
		if (p[1])
			return store(cli, o, p + 1);
		if (*i + 1 >= argc)
			return cli_usage(cli, "-%c: needs a value (%s)", *p, o->value);
		return store(cli, o, argv[++*i]);
	}
	return r;
}

/* Adds name to the list if word may stand for it. */
static void add_fitting(char *list, size_t size, const char *word, const char *name)
{
	size_t n = strlen(list);

	if (strncmp(name, word, strlen(word)) == 0)
		snprintf(list + n, size - n, "%s%s", n ? ", " : "", name);
}

static int take_noun(struct cli *cli, const char *word)
{
	struct suggest suggest;
	char hint[64], list[120] = "";
	bool many;

	cli->noun = parse_noun(word, &many);
	if (cli->noun) {
		if (parse_verbless(cli->noun))
			cli->verb = cli->noun->verbs;
		return 0;
	}
	if (many) {
		for (size_t i = 0; cli_nouns[i]; i++)
			add_fitting(list, sizeof(list), word, cli_nouns[i]->name);
		return cli_usage(cli, "'%s' may be several commands (%s): see 'vlsp --help'", word,
				 list);
	}
	suggest_start(&suggest, word);
	for (size_t i = 0; cli_nouns[i]; i++)
		suggest_try(&suggest, cli_nouns[i]->name);
	return cli_usage(cli, "unknown command '%s'%s: see 'vlsp --help'", word,
			 suggest_text(&suggest, hint, sizeof(hint)));
}

static int take_verb(struct cli *cli, const char *word)
{
	struct suggest suggest;
	char hint[64], list[120] = "";
	bool many;

	cli->verb = parse_verb(cli->noun, word, &many);
	if (cli->verb)
		return 0;
	if (many) {
		for (const struct cli_verb *v = cli->noun->verbs; v->name; v++)
			add_fitting(list, sizeof(list), word, v->name);
		return cli_usage(cli, "'%s %s' may be several commands (%s): see 'vlsp %s --help'",
				 cli->noun->name, word, list, cli->noun->name);
	}
	suggest_start(&suggest, word);
	for (const struct cli_verb *v = cli->noun->verbs; v->name; v++)
		suggest_try(&suggest, v->name);
	return cli_usage(cli, "unknown command '%s %s'%s: see 'vlsp %s --help'", cli->noun->name,
			 word, suggest_text(&suggest, hint, sizeof(hint)), cli->noun->name);
}

static void take_arg(struct cli *cli, const char *word)
{
	cli->args[cli->arg_count++] = word;
	cli->args[cli->arg_count] = NULL;
}

static int check_choice(struct cli *cli, const struct cli_arg *arg, const char *word)
{
	char list[200];
	size_t n = 0;

	if (!*word)
		return cli_usage(cli, "%s: is empty", arg->name);
	if (!arg->choices)
		return 0;
	for (size_t i = 0; arg->choices[i]; i++) {
		if (strcmp(arg->choices[i], word) == 0)
			return 0;
		n += (size_t)snprintf(list + n, sizeof(list) - n, " %s", arg->choices[i]);
	}
	return cli_usage(cli, "%s: '%s' is not one of%s", arg->name, word, list);
}

/* An argument that must be given and is not. */
static int missing(struct cli *cli, const struct cli_arg *arg)
{
	const char *space = *cli->verb->name ? " " : "";
	const struct topo_gen_kind *kinds;
	char list[300] = "";
	size_t count, n = 0;

	if (arg->live != CLI_KIND)
		return cli_usage(cli, "'%s%s%s' needs %s (%s)", cli->noun->name, space,
				 cli->verb->name, arg->name, arg->help);
	kinds = topo_gen_kinds(&count);
	for (size_t i = 0; i < count && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "",
				      kinds[i].name);
	return cli_usage(cli, "'%s%s%s' needs %s: one of %s", cli->noun->name, space,
			 cli->verb->name, arg->name, list);
}

static int check_args(struct cli *cli)
{
	const struct cli_arg *arg = cli->verb->args;
	const char *space = *cli->verb->name ? " " : "";
	size_t given = 0;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cli->verb->args) && arg[i].name; i++) {
		if (given == cli->arg_count && !arg[i].optional)
			return missing(cli, &arg[i]);
		/* of a command line, what goes to the program may be anything */
		if (cli->verb->flags & CLI_REST && arg[i].many && arg[i].optional)
			return 0;
		if (given < cli->arg_count && (r = check_choice(cli, &arg[i], cli->args[given++])))
			return r;
		if (arg[i].many)
			return 0;
	}
	if (given < cli->arg_count)
		return cli_usage(cli, "'%s%s%s': what is '%s' for? See --help", cli->noun->name,
				 space, cli->verb->name, cli->args[given]);
	return 0;
}

int parse_words(struct cli *cli, int argc, char **argv)
{
	bool verbatim = false;
	int r;

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];

		if (!verbatim && cli->verb && strcmp(word, "--") == 0) {
			verbatim = true;
			continue;
		}
		if (!verbatim && word[0] == '-' && word[1]) {
			r = word[1] == '-' ? long_option(cli, argc, argv, &i)
					   : short_options(cli, argc, argv, &i);
			if (r >= 0 && r != 0)
				return r;
			if (r == 0)
				continue;
		} else if (!cli->noun) {
			if ((r = take_noun(cli, word)))
				return r;
			continue;
		} else if (!cli->verb) {
			if ((r = take_verb(cli, word)))
				return r;
			continue;
		}
		take_arg(cli, argv[i]);
		/* "exec R CMD": what follows CMD belongs to it; one "--" before CMD is ours */
		if (cli->verb->flags & CLI_REST && cli->arg_count == 2)
			verbatim = true;
	}
	return cli->help || !cli->verb ? 0 : check_args(cli);
}
