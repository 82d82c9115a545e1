// SPDX-License-Identifier: GPL-2.0-or-later
/* send: so many datagrams to one address, in bursts at an interval. The original's Send; the other
 * end: recv. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/common.h"

static struct vlsp_address to;
static uint16_t port;
static uint64_t count, interval_ns, delay_ns, size = 64, burst = 1, flow;
static bool meta;
static const char *text;
static unsigned long long sent;

static void report(void)
{
	vlsp_app_report("datagrams", "%llu", sent);
	vlsp_app_report("bytes", "%llu", sent * (unsigned long long)size);
}

static const struct app_option options[] = {
	{"ADDR", NULL, "router to send to", parse_host, &to},
	{"PORT", NULL, "its port", parse_port, &port},
	{"COUNT", NULL, "number of datagrams", parse_count, &count},
	{"-i", "TIME", "interval between bursts (default 0: as fast as they go)", parse_time,
	 &interval_ns},
	{"-d", "TIME", "delay before the first one", parse_time, &delay_ns},
	{"-s", "BYTES", "payload of each (default 64)", parse_bytes, &size},
	{"-b", "COUNT", "datagrams in a burst (default 1)", parse_count, &burst},
	{"-t", NULL, "with flow id and source timestamp, so that recv shows the age", NULL, &meta},
	{"-f", "FLOW", "with this flow id and source timestamp", parse_count, &flow},
	{"-x", "TEXT", "this payload, instead of a number and zeros", parse_text, &text},
	{0},
};
static const struct app app = {"send", "sends datagrams to one address", options, report, NULL};

int main(int argc, char **argv)
{
	struct vlsp_socket *socket;
	struct app_pace pace = {0};
	char *data;

	app_start(&app, argc, argv);
	if (burst == 0)
		app_usage("-b", "at least 1");
	if (text)
		size = strlen(text);
	if (size > 65507)
		app_usage("-s", "at most 65507");
	if (flow > UINT32_MAX)
		app_usage("-f", "at most %u", UINT32_MAX);
	to.port = port;
	data = calloc(1, size + 1);
	if (!data)
		app_fail("no memory");
	socket = app_socket(0);
	if ((meta || flow) &&
	    (vlsp_set(socket, VLSP_META, 1) < 0 || vlsp_set(socket, VLSP_FLOW, (long)flow) < 0))
		app_fail("cannot send flow ids");
	app_ready();
	if (app_wait(-1, app_now() + delay_ns) == 0) {
		for (uint64_t tried = 0; tried < count; tried++) {
			if (tried % burst == 0 && !app_pace(&pace, (double)interval_ns))
				break;
			for (size_t i = 0; i < 8 && i < size; i++)
				data[i] = (char)(tried >> (8 * (7 - i)));
			sent += app_send(socket, text ? text : data, size, &to);
		}
	}
	printf("sent %llu datagrams of %llu bytes, %llu not\n", sent, (unsigned long long)size,
	       (unsigned long long)app_unsent);
	return app_end() || sent < count;
}
