// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * forward: what comes to a port goes on to another address, which can be changed while it runs. The
 * original's Forward, and AdaptForward, which changed it.
 */
#include <stdio.h>

#include "apps/common.h"

static uint16_t port;
static struct vlsp_address to;
static unsigned long long datagrams, bytes;

static void report(void)
{
	char text[VLSP_ADDRESS_TEXT];

	vlsp_app_report("to", "%s", vlsp_address_format(&to, text));
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
}

static const struct app_option options[] = {
	{"PORT", NULL, "port to receive on", parse_port, &port},
	{"ADDR:PORT", NULL, "where it goes on to", parse_address, &to},
	APP_MANAGEMENT,
	{0},
};
static const struct app_option settings[] = {
	{"to", "ADDR:PORT", "where it goes on to", parse_address, &to},
	{0},
};
static const struct app app = {"forward", "sends what comes to a port on to another address",
			       options, report, settings};

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	ssize_t got;

	app_start(&app, argc, argv);
	socket = app_socket(port);
	app_ready();
	while ((got = app_recv(socket, data, sizeof(data), NULL, APP_FOREVER)) >= 0) {
		if (!app_send(socket, data, (size_t)got, &to))
			continue;
		datagrams++;
		bytes += (unsigned long long)got;
	}
	printf("forwarded %llu datagrams, %llu bytes\n", datagrams, bytes);
	return app_end();
}
