// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp-supervisor: started by vlspd with the first application, never by hand. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/supervisor/supervisor.h"
#include "lib/base/log.h"
#include "lib/base/title.h"

#define EXIT_USAGE 2

static const char usage[] = "usage: vlsp-supervisor SOCKET LOG-DIRECTORY LOG-LEVEL\n"
			    "       vlsp-supervisor --version | --help\n"
			    "Started by vlspd, never by hand.\n";

int main(int argc, char **argv)
{
	struct supervisor_config config;
	enum log_level level;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("vlsp-supervisor %s\n", VLSP_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	if (argc != 4 || log_level_parse(argv[3], &level) < 0) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	config = (struct supervisor_config){.socket = argv[1], .logs = argv[2]};
	title_init(argc, argv); /* of children; its own stays, by which it is found */
	log_set_ident("vlsp-supervisor");
	log_set_level(level);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return supervisor_run(&config);
}
