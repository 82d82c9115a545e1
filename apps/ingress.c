// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ingress: real UDP in, virtual datagrams out. It listens on all addresses that the router has, so
 * also on those of interfaces of the host that are attached to it. The original's Ingress and
 * IngressS.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "apps/common.h"

static uint16_t port;
static struct vlsp_address to;
static uint64_t gap_ns, buffer;
static bool verbose;
static unsigned long long datagrams, bytes;

static void report(void)
{
	char text[VLSP_ADDRESS_TEXT];

	vlsp_app_report("to", "%s", vlsp_address_format(&to, text));
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
}

static const struct app_option options[] = {
	{"UDP-PORT", NULL, "UDP port to receive on", parse_port, &port},
	{"ADDR:PORT", NULL, "virtual address to send to", parse_address, &to},
	{"-i", "TIME", "least time between two datagrams sent (default 0)", parse_time, &gap_ns},
	{"-b", "BYTES", "buffer for what waits (default: the system's)", parse_bytes, &buffer},
	{"-v", NULL, "prints a line for each datagram", NULL, &verbose},
	APP_MANAGEMENT,
	{0},
};
static const struct app_option settings[] = {
	{"to", "ADDR:PORT", "virtual address to send to", parse_address, &to},
	{0},
};
static const struct app app = {"ingress", "takes real UDP and sends it on as virtual datagrams",
			       options, report, settings};

static int open_udp(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), size = (int)buffer;

	if (fd < 0)
		app_fail("cannot open a UDP socket");
	if (buffer && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
		app_fail("cannot have a buffer of %d bytes", size);
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		app_fail("cannot bind to UDP port %u", port);
	return fd;
}

static void pass(struct vlsp_socket *socket, const char *data, size_t size,
		 const struct sockaddr_in *from)
{
	struct vlsp_address source = {ntohl(from->sin_addr.s_addr), ntohs(from->sin_port)};
	char source_text[VLSP_ADDRESS_TEXT], to_text[VLSP_ADDRESS_TEXT];

	if (verbose)
		printf("%zu bytes from %s to %s\n", size, vlsp_address_format(&source, source_text),
		       vlsp_address_format(&to, to_text));
	if (!app_send(socket, data, size, &to))
		return;
	datagrams++;
	bytes += size;
}

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	struct app_pace pace = {0};
	int fd;

	app_start(&app, argc, argv);
	if (buffer > 1 << 30)
		app_usage("-b", "at most 1G");
	fd = open_udp();
	socket = app_socket(0);
	app_ready();
	while (app_wait(fd, APP_FOREVER) == 1) {
		struct sockaddr_in from;
		socklen_t length = sizeof(from);
		ssize_t got = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from,
				       &length);

		if (got < 0 && errno != EAGAIN && errno != EINTR)
			app_fail("cannot receive");
		if (got >= 0 && gap_ns && !app_pace(&pace, (double)gap_ns))
			break;
		if (got >= 0)
			pass(socket, data, (size_t)got, &from);
	}
	printf("took in %llu datagrams, %llu bytes\n", datagrams, bytes);
	return app_end();
}
