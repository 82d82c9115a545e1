// SPDX-License-Identifier: GPL-2.0-or-later
/* printer: writes a line about each datagram that crosses the router, and passes it. */
#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "apps/fn.h"

static uint64_t bytes, limit;
static unsigned long long lines;

static const struct app_option options[] = {
	FN_MATCH,
	FN_OPTIONS,
	{"--bytes", "N", "of the payload, in hexadecimal and as text", parse_count, &bytes},
	{"--count", "N", "lines, then it only passes (default: no limit)", parse_count, &limit},
	{0},
};
static const struct app app = {"printer", "writes a line about each datagram, and passes it",
			       options, fn_report, NULL};

static const char *protocol_name(uint8_t protocol, char text[16])
{
	snprintf(text, 16, "proto %u", protocol);
	return protocol == 17 ? "udp" : protocol == 6 ? "tcp" : protocol == 1 ? "icmp" : text;
}

static void print_payload(const struct vlsp_fields *f)
{
	size_t n = f->payload_size < bytes ? f->payload_size : bytes;

	for (size_t i = 0; i < n; i++)
		printf("%s%02x", i % 16 ? " " : "\n    ", f->payload[i]);
	printf("\n    ");
	for (size_t i = 0; i < n; i++)
		putchar(isprint(f->payload[i]) ? f->payload[i] : '.');
}

static void print(const struct vlsp_packet *packet)
{
	char from[VLSP_ADDRESS_TEXT], to[VLSP_ADDRESS_TEXT], name[IF_NAMESIZE], protocol[16];
	struct vlsp_fields f;

	if (vlsp_packet_fields(packet, &f) < 0)
		return;
	vlsp_address_format(&(struct vlsp_address){f.src, f.sport}, from);
	vlsp_address_format(&(struct vlsp_address){f.dst, f.dport}, to);
	if (!packet->port || !if_indextoname(packet->port, name))
		strcpy(name, packet->port ? "?" : "edge");
	printf("%.6f %s %s > %s %s %zu bytes ttl %u class %u flow %u%s", packet->arrived_ns / 1e9,
	       name, from, to, protocol_name(f.protocol, protocol), packet->size, f.ttl, f.tclass,
	       f.flow, f.fragment ? " fragment" : "");
	if (bytes)
		print_payload(&f);
	putchar('\n');
	lines++;
}

int main(int argc, char **argv)
{
	struct vlsp_packet packet;

	app_start(&app, argc, argv);
	fn_open(NULL);
	app_ready();
	while (fn_next(&packet, NULL)) {
		if (!limit || lines < limit)
			print(&packet);
		fn_pass(&packet);
	}
	return app_end();
}
