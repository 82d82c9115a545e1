/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlsp-router: the spawner, and after a fork a router. Started by vlspd, never by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/router/child.h"
#include "daemon/router/spawner.h"
#include "daemon/router/title.h"
#include "lib/base/log.h"

#define EXIT_USAGE 2

static const char usage[] = "usage: vlsp-router --spawner FD | --version | --help\n"
			    "Started by vlspd, never by hand. FD: a SEQPACKET unix socket to it.\n";

static int parse_fd(const char *text)
{
	char *end;
	long fd;

	errno = 0;
	fd = strtol(text, &end, 10);
	return errno || end == text || *end || fd < 0 || fd > 1 << 20 ? -1 : (int)fd;
}

static int spawner(const char *text)
{
	int fd = parse_fd(text), type = 0;
	socklen_t length = sizeof(type);

	if (fd < 0) {
		fprintf(stderr, "vlsp-router: --spawner: '%s' is not a descriptor\n", text);
		return EXIT_USAGE;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != SOCK_SEQPACKET) {
		fprintf(stderr, "vlsp-router: --spawner: descriptor %d is not a SEQPACKET socket\n",
			fd);
		return EXIT_USAGE;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	log_set_ident("vlsp-router");
	return spawner_run(fd, child_run);
}

int main(int argc, char **argv)
{
	title_init(argc, argv);
	if (argc == 3 && strcmp(argv[1], "--spawner") == 0)
		return spawner(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("vlsp-router %s\n", VLSP_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	fputs(usage, stderr);
	return EXIT_USAGE;
}
