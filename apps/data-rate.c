// SPDX-License-Identifier: GPL-2.0-or-later
/* data-rate: what arrives at a port each second. The original's RecvDataRate, whose monitoring data
 * it reports. */
#include <stdio.h>

#include "apps/common.h"

static uint16_t port;
static unsigned long long datagrams, bytes, last_datagrams, last_bytes;

static void report(void)
{
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
	vlsp_app_report("datagrams.rate", "%llu", last_datagrams);
	vlsp_app_report("bit.rate", "%llu", last_bytes * 8);
}

static const struct app_option options[] = {
	{"PORT", NULL, "port to receive on", parse_port, &port},
	{0},
};
static const struct app app = {"data-rate", "prints each second what arrived in it", options,
			       report, NULL};

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	unsigned long long before_datagrams = 0, before_bytes = 0;
	uint64_t next;

	app_start(&app, argc, argv);
	socket = app_socket(port);
	app_ready();
	next = app_now() + 1000000000;
	for (unsigned long second = 1;;) {
		ssize_t got = app_recv(socket, data, sizeof(data), NULL, next);

		if (got < 0 && app_wait(-1, 0) < 0)
			break;
		if (got >= 0) {
			datagrams++;
			bytes += (unsigned long long)got;
		}
		if (app_now() < next)
			continue;
		last_datagrams = datagrams - before_datagrams;
		last_bytes = bytes - before_bytes;
		before_datagrams = datagrams;
		before_bytes = bytes;
		next += 1000000000;
		printf("%lu s: %llu datagrams, %llu bytes, %.3f kbit/s\n", second++, last_datagrams,
		       last_bytes, (double)last_bytes * 8 / 1000);
	}
	printf("received %llu datagrams, %llu bytes\n", datagrams, bytes);
	return app_end();
}
