// SPDX-License-Identifier: GPL-2.0-or-later
/* receive: takes datagrams until so many bytes have come. The original's Receive; the other end of
 * transfer. */
#include <stdio.h>

#include "apps/common.h"

static uint16_t port;
static uint64_t wanted, idle_ns;
static unsigned long long datagrams, bytes;

static void report(void)
{
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
}

static const struct app_option options[] = {
	{"PORT", NULL, "port to receive on", parse_port, &port},
	{"BYTES", NULL, "ends when so many have come", parse_bytes, &wanted},
	{"-w", "TIME", "ends when nothing comes for that long after the first (then with status 1)",
	 parse_time, &idle_ns},
	{0},
};
static const struct app app = {"receive", "receives until so many bytes have come", options, report,
			       NULL};

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	uint64_t begin = 0, now = 0;
	double seconds;
	ssize_t got;

	app_start(&app, argc, argv);
	socket = app_socket(port);
	app_ready();
	while (bytes < wanted) {
		got = app_recv(socket, data, sizeof(data), NULL,
			       idle_ns && datagrams ? now + idle_ns : APP_FOREVER);
		if (got < 0)
			break;
		now = app_now();
		if (datagrams++ == 0)
			begin = now;
		bytes += (unsigned long long)got;
	}
	seconds = (double)(now - begin) / 1e9;
	printf("received %llu datagrams, %llu bytes in %.3f s: %.0f B/s\n", datagrams, bytes,
	       seconds, seconds > 0 ? (double)bytes / seconds : 0);
	return app_end() || bytes < wanted;
}
