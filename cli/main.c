// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp, the command line. Wiring only: the table is in cli/nouns.c, the engine behind cli/cli.h. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return cli_run(argc, argv, stdout, stderr);
}
