// SPDX-License-Identifier: GPL-2.0-or-later
/* echo: answers every datagram with itself (RFC 862). The other end of ping. */
#include <stdio.h>

#include "apps/common.h"

static uint16_t port = 7;
static unsigned long long datagrams, bytes;

static void report(void)
{
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
}

static const struct app_option options[] = {
	{"[PORT]", NULL, "port to answer on (default 7)", parse_port, &port},
	{0},
};
static const struct app app = {"echo", "answers every datagram with itself", options, report, NULL};

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	struct vlsp_info info;
	ssize_t got;

	app_start(&app, argc, argv);
	socket = app_socket(port);
	app_ready();
	while ((got = app_recv(socket, data, sizeof(data), &info, APP_FOREVER)) >= 0) {
		if (info.from.port == port) /* another echo, with which it would never end */
			continue;
		if (!app_send(socket, data, (size_t)got, &info.from))
			continue;
		datagrams++;
		bytes += (unsigned long long)got;
	}
	printf("echo: %llu datagrams, %llu bytes\n", datagrams, bytes);
	return app_end();
}
