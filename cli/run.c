// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the words of a command line to an exit code: parses, prints help or runs the verb. Called by
 * cli/main.c and by tests, which give streams of their own.
 */
#include "cli/cli.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli_priv.h"
#include "lib/client/rest.h"

static const struct cli_value *value_of(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->value_count; i++)
		if (strcmp(cli->values[i].option->name, name) == 0)
			return &cli->values[i];
	assert(parse_option(cli->verb, name, strlen(name))); /* or the verb's table lacks it */
	return NULL;
}

bool cli_given(const struct cli *cli, const char *name)
{
	return value_of(cli, name) != NULL;
}

const char *cli_text(const struct cli *cli, const char *name)
{
	const struct cli_value *value = value_of(cli, name);

	return value ? value->text : NULL;
}

int64_t cli_number(const struct cli *cli, const char *name, int64_t otherwise)
{
	const struct cli_value *value = value_of(cli, name);

	return value ? value->number : otherwise;
}

const char *cli_arg(const struct cli *cli, size_t i)
{
	return i < cli->arg_count ? cli->args[i] : NULL;
}

__attribute__((format(printf, 2, 0))) static void say(const struct cli *cli, const char *fmt,
						      va_list ap)
{
	fflush(cli->out);
	fputs("vlsp: ", cli->err);
	vfprintf(cli->err, fmt, ap);
	fputc('\n', cli->err);
}

int cli_fail(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, fmt, ap);
	va_end(ap);
	return CLI_FAILED;
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli_given(cli, "quiet"))
		return;
	va_start(ap, fmt);
	say(cli, fmt, ap);
	va_end(ap);
}

static int run_parsed(struct cli *cli)
{
	if (cli->help) {
		if (cli->verb)
			help_verb(cli->out, cli->noun, cli->verb);
		else if (cli->noun)
			help_noun(cli->out, cli->noun);
		else
			help_all(cli->out);
		return CLI_DONE;
	}
	if (cli->verb)
		return cli->verb->run(cli);
	if (cli->noun)
		help_noun(cli->err, cli->noun);
	else
		help_all(cli->err);
	return CLI_USAGE;
}

int cli_run(int argc, char **argv, FILE *out, FILE *err)
{
	static char version[] = "version";
	static char *version_words[] = {version, NULL};
	struct cli cli = {.out = out, .err = err};
	int rc;

	argc--;
	argv++;
	cli.args = calloc((size_t)(argc > 0 ? argc : 0) + 1, sizeof(*cli.args));
	if (!cli.args)
		return cli_fail(&cli, "out of memory");
	if (argc > 0 && strcmp(argv[0], "help") == 0) {
		cli.help = true;
		argc--;
		argv++;
	} else if (argc == 1 && strcmp(argv[0], "--version") == 0) {
		argv = version_words;
	}
	if (argc > 0 && strcmp(argv[0], "__complete") == 0)
		rc = complete_run(&cli, argc - 1, argv + 1);
	else if ((rc = parse_words(&cli, argc, argv)) == 0)
		rc = run_parsed(&cli);
	if ((fflush(out) != 0 || ferror(out)) && rc == CLI_DONE)
		rc = cli_fail(&cli, "writing the output: %s", strerror(errno));
	rest_close(cli.rest);
	free(cli.args);
	return rc;
}
