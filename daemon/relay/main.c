// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp-relay: started by vlspd when the first link needs it, never by hand. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/relay/relay.h"
#include "lib/base/log.h"

#define EXIT_USAGE 2

static const char usage[] = "usage: vlsp-relay SOCKET UID MEBIBYTES SPIN-PERCENT LOG-LEVEL\n"
			    "       vlsp-relay --version | --help\n"
			    "Started by vlspd, never by hand.\n";

static int number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	return errno || end == text || *end || *ret > max ? -EINVAL : 0;
}

int main(int argc, char **argv)
{
	unsigned long uid, memory, spin;
	struct relay_config config;
	enum log_level level;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("vlsp-relay %s\n", VLSP_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	if (argc != 6 || number(argv[2], UINT32_MAX, &uid) < 0 ||
	    number(argv[3], 1ul << 20, &memory) < 0 || number(argv[4], 100, &spin) < 0 ||
	    log_level_parse(argv[5], &level) < 0) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	log_set_ident("vlsp-relay");
	log_set_level(level);
	signal(SIGPIPE, SIG_IGN);
	config = (struct relay_config){.socket = argv[1],
				       .uid = (uint32_t)uid,
				       .memory = (uint64_t)memory << 20,
				       .spin = (unsigned)spin};
	return relay_run(&config);
}
