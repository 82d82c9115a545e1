/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlsp-router: the spawner, and after a fork a router. Started by vlspd, never by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/router/child.h"
#include "daemon/router/spawner.h"
#include "lib/base/log.h"
#include "lib/base/title.h"
#include "lib/confine/confine.h"

#define EXIT_USAGE 2

/*
 * What it takes to make a router: its namespace (SYS_ADMIN), sockets and their buffers (NET_RAW,
 * NET_ADMIN), priority (SYS_NICE), another user without capabilities (SETUID, SETGID, SETPCAP), and
 * the way to a runtime directory below those of other users (DAC_OVERRIDE). Routers that become a
 * user keep none.
 */
#define CAP(name) (1ULL << CAP_##name)
#define CAPS                                                                                       \
	(CAP(SYS_ADMIN) | CAP(NET_RAW) | CAP(NET_ADMIN) | CAP(SYS_NICE) | CAP(SETUID) |            \
	 CAP(SETGID) | CAP(SETPCAP) | CAP(DAC_OVERRIDE))

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
	int fd = parse_fd(text), type = 0, r;
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
	signal(SIGPIPE, SIG_IGN); /* the log may be a pipe */
	signal(SIGXFSZ, SIG_IGN);
	r = confine_caps(CAPS);
	if (r == 0)
		r = confine_no_new_privs();
	if (r < 0) {
		log_error("cannot give up capabilities: %s", strerror(-r));
		return EXIT_FAILURE;
	}
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
