// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp, the command line. Wiring only: the table is in cli/nouns.c, the engine behind cli/cli.h. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* A socket must not get the number of a closed standard stream, or data would go into it. What
 * takes its place refuses to be read or written, as the closed one would. */
static void hold_standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			return;
}

int main(int argc, char **argv)
{
	int rc;

	hold_standard_streams();
	rc = cli_run(argc, argv, stdout, stderr);
	if (fclose(stdout) != 0 && rc == CLI_DONE) {
		fprintf(stderr, "vlsp: writing the output: %s\n", strerror(errno));
		rc = CLI_FAILED;
	}
	return rc;
}
