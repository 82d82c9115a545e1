// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * egress: virtual datagrams in, real UDP out, to a host that the router reaches by an interface
 * attached to it. The original's BasicEgress and Egress.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "apps/common.h"

static uint16_t port;
static struct sockaddr_in to = {.sin_family = AF_INET};
static bool verbose;
static int fd = -1; /* of UDP */
static unsigned long long datagrams, bytes, refused;

static const char *to_text(void)
{
	static char text[INET_ADDRSTRLEN + 8];
	char host[INET_ADDRSTRLEN];

	snprintf(text, sizeof(text), "%s:%u", inet_ntop(AF_INET, &to.sin_addr, host, sizeof(host)),
		 ntohs(to.sin_port));
	return text;
}

static void refuse(int error)
{
	if (refused++ == 0)
		fprintf(stderr, "egress: to %s: %s\n", to_text(), vlsp_strerror(error));
}

/* What a host has answered by ICMP, such as that nobody is there. */
static void take_answers(void)
{
	char control[256];
	struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control)};

	while (fd >= 0 && recvmsg(fd, &msg, MSG_ERRQUEUE) >= 0) {
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			struct sock_extended_err told;

			if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR)
				continue;
			memcpy(&told, CMSG_DATA(c), sizeof(told));
			if (told.ee_origin == SO_EE_ORIGIN_ICMP)
				refuse((int)told.ee_errno);
		}
		msg.msg_controllen = sizeof(control);
	}
}

static void report(void)
{
	take_answers();
	vlsp_app_report("to", "%s", to_text());
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
	vlsp_app_report("refused", "%llu", refused);
}

/* A host outside is no router: an address in digits, no name. */
static const char *parse_udp(const char *text, void *value)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN];
	uint16_t number;

	if (!colon || (size_t)(colon - text) >= sizeof(host) || parse_port(colon + 1, &number))
		return "an IPv4 address with a port (192.0.2.1:5000)";
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (inet_pton(AF_INET, host, &sa.sin_addr) != 1)
		return "an IPv4 address with a port (192.0.2.1:5000)";
	sa.sin_port = htons(number);
	*(struct sockaddr_in *)value = sa;
	return NULL;
}

static const struct app_option options[] = {
	{"PORT", NULL, "virtual port to receive on", parse_port, &port},
	{"UDP-HOST:PORT", NULL, "where UDP goes to", parse_udp, &to},
	{"-v", NULL, "prints a line for each datagram", NULL, &verbose},
	APP_MANAGEMENT,
	{0},
};
static const struct app_option settings[] = {
	{"to", "UDP-HOST:PORT", "where UDP goes to", parse_udp, &to},
	{0},
};
static const struct app app = {"egress", "takes virtual datagrams and sends them on as real UDP",
			       options, report, settings};

static int send_udp(const char *data, size_t size)
{
	return sendto(fd, data, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

static void pass(const char *data, size_t size, const struct vlsp_address *from)
{
	char text[VLSP_ADDRESS_TEXT];
	unsigned long long before;
	int r;

	if (verbose)
		printf("%zu bytes from %s to %s\n", size, vlsp_address_format(from, text),
		       to_text());
	r = send_udp(data, size);
	/* This one; or it is told now what became of others, each time of one, and was not sent. It
	 * is told before it can be taken, too, so it is tried again at least once. */
	for (bool again = true; r < 0 && again; again = refused > before) {
		before = refused;
		take_answers();
		r = send_udp(data, size);
	}
	if (r < 0) { /* no way to there: it may come */
		refuse(-r);
		return;
	}
	datagrams++;
	bytes += size;
}

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket_in;
	struct vlsp_info info;
	ssize_t got;

	app_start(&app, argc, argv);
	socket_in = app_socket(port);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_RECVERR, &(int){1}, sizeof(int)) < 0)
		app_fail("cannot open a UDP socket");
	app_ready();
	while ((got = app_recv(socket_in, data, sizeof(data), &info, APP_FOREVER)) >= 0)
		pass(data, (size_t)got, &info.from);
	take_answers();
	printf("let out %llu datagrams, %llu bytes, %llu refused\n", datagrams, bytes, refused);
	return app_end();
}
