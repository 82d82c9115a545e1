// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp version: of this program; the daemon's is in vlsp status. */
#include "cli/nouns.h"

static int run(struct cli *cli)
{
	fprintf(cli->out, cli_given(cli, "json") ? "{\"version\":\"%s\"}\n" : "vlsp %s\n",
		VLSP_VERSION);
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{.name = "", .help = "print the version of this program", .flags = CLI_JSON, .run = run},
	{0},
};

const struct cli_noun noun_version = {
	.name = "version",
	.help = "print the version of this program",
	.verbs = verbs,
};
