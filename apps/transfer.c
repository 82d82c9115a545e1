// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * transfer: sends so many bytes at a rate. The original's Transfer; the other end: receive.
 * Datagrams have 1500 bytes with their headers, which is what a virtual link carries.
 */
#include <stdio.h>

#include "apps/common.h"

static struct vlsp_address to;
static uint16_t port;
static uint64_t total, rate;
static unsigned long long datagrams, bytes;

static void report(void)
{
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
}

static const struct app_option options[] = {
	{"ADDR", NULL, "router to send to", parse_host, &to},
	{"PORT", NULL, "its port", parse_port, &port},
	{"BYTES", NULL, "how many in all", parse_bytes, &total},
	{"RATE", NULL, "bytes a second; 0: as fast as they go", parse_bytes, &rate},
	{0},
};
static const struct app app = {"transfer", "sends so many bytes at a rate", options, report, NULL};

int main(int argc, char **argv)
{
	static char data[VLSP_DATAGRAM_MAX];
	struct vlsp_socket *socket;
	struct app_pace pace = {0};
	uint64_t begin;
	double seconds;

	app_start(&app, argc, argv);
	to.port = port;
	socket = app_socket(0);
	app_ready();
	begin = app_now();
	for (uint64_t left = total, size; left > 0; left -= size) {
		size = left < sizeof(data) ? left : sizeof(data);
		if (!app_pace(&pace, rate ? (double)size * 1e9 / (double)rate : 0))
			break;
		if (!app_send(socket, data, size, &to))
			continue;
		datagrams++;
		bytes += size;
	}
	seconds = (double)(app_now() - begin) / 1e9;
	printf("sent %llu datagrams, %llu bytes in %.3f s: %.0f B/s\n", datagrams, bytes, seconds,
	       seconds > 0 ? (double)bytes / seconds : 0);
	return app_end() || bytes < total;
}
