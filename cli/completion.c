// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp completion bash: prints packaging/completion/vlsp.bash, which is built in. */
#include "cli/nouns.h"

#include <string.h>

__asm__(".pushsection .rodata\n"
	".global completion_bash\n"
	"completion_bash:\n"
	".incbin \"packaging/completion/vlsp.bash\"\n"
	".byte 0\n"
	".popsection\n");
extern const char completion_bash[];

static int run(struct cli *cli)
{
	fputs(completion_bash, cli->out);
	return CLI_DONE;
}

static const char *const shells[] = {"bash", NULL};

static const struct cli_verb verbs[] = {
	{
		.name = "",
		.help = "print the completion script of a shell",
		.more = "For this shell only: source <(vlsp completion bash)",
		.args = {{.name = "SHELL", .help = "bash", .choices = shells}},
		.run = run,
	},
	{0},
};

const struct cli_noun noun_completion = {
	.name = "completion",
	.help = "print the completion script of a shell",
	.verbs = verbs,
};
