// SPDX-License-Identifier: GPL-2.0-or-later
/* recv: prints a line for each datagram that comes to a port. The original's Recv. */
#include <stdio.h>

#include "apps/common.h"

static uint16_t port;
static uint64_t count = UINT64_MAX;
static unsigned long long datagrams, bytes;

static void report(void)
{
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
}

static const struct app_option options[] = {
	{"PORT", NULL, "port to receive on", parse_port, &port},
	{"-c", "COUNT", "ends after so many datagrams", parse_count, &count},
	{0},
};
static const struct app app = {
	"recv", "prints each datagram that arrives: number, size, TTL, flow, age, from, to",
	options, report, NULL};

static void print(const struct vlsp_info *info)
{
	char from[VLSP_ADDRESS_TEXT], to[VLSP_ADDRESS_TEXT];

	printf("%llu size %zu ttl %u", datagrams, info->size, info->ttl);
	if (info->has_meta)
		printf(" flow %u age %u us", info->flow, info->age_us);
	else
		printf(" flow - age -");
	printf(" from %s to %s\n", vlsp_address_format(&info->from, from),
	       vlsp_address_format(&info->to, to));
}

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	struct vlsp_info info;

	app_start(&app, argc, argv);
	socket = app_socket(port);
	app_ready();
	while (datagrams < count && app_recv(socket, data, sizeof(data), &info, APP_FOREVER) >= 0) {
		datagrams++;
		bytes += info.size;
		print(&info);
	}
	printf("received %llu datagrams, %llu bytes\n", datagrams, bytes);
	return app_end();
}
