// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trace: the routers on the way, by datagrams whose time to live ends there. Who sees it end
 * answers with an ICMP error, which Linux keeps in the error queue of the socket that sent
 * (IP_RECVERR, ip(7)). libvlsp has no function for that, so this is a plain socket: on a router
 * both are the same thing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/common.h"

static struct vlsp_address to;
static uint16_t port = 33434;
static uint64_t hops_max = 30, probes = 3, wait_ns = 1000000000;
static unsigned long long hops;
static bool reached;

static void report(void)
{
	vlsp_app_report("hops", "%llu", hops);
}

static const struct app_option options[] = {
	{"ADDR", NULL, "router to find the way to", parse_host, &to},
	{"-h", "COUNT", "at most so many hops (default 30)", parse_count, &hops_max},
	{"-q", "COUNT", "datagrams for each hop (default 3)", parse_count, &probes},
	{"-w", "TIME", "waits that long for an answer (default 1s)", parse_time, &wait_ns},
	{"-p", "PORT", "port at which nobody listens (default 33434)", parse_port, &port},
	{0},
};
static const struct app app = {"trace", "lists the routers on the way to another", options, report,
			       NULL};

struct answer {
	uint32_t from; /* 0: none came */
	int type, code;
};

static int open_socket(int ttl)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(to.host)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)) < 0 ||
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		app_fail("cannot open a socket");
	return fd;
}

/* The error that came for what fd has sent: whether there is one. */
static bool read_error(int fd, struct answer *ret_answer)
{
	char control[512];
	struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control)};

	if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct sock_extended_err error;
		struct sockaddr_in from;

		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR ||
		    c->cmsg_len < CMSG_LEN(sizeof(error) + sizeof(from)))
			continue;
		memcpy(&error, CMSG_DATA(c), sizeof(error));
		memcpy(&from, CMSG_DATA(c) + sizeof(error), sizeof(from));
		if (error.ee_origin != SO_EE_ORIGIN_ICMP)
			continue;
		*ret_answer = (struct answer){ntohl(from.sin_addr.s_addr), error.ee_type,
					      error.ee_code};
		return true;
	}
	return false;
}

/* One datagram; false: the application ends. */
static bool probe(int fd, struct answer *ret_answer, uint64_t *ret_ns)
{
	uint64_t begin = app_now();
	char data[32] = "vlsp trace";

	*ret_answer = (struct answer){0};
	if (send(fd, data, sizeof(data), 0) < 0 && errno != EHOSTUNREACH && errno != ENETUNREACH &&
	    errno != ECONNREFUSED)
		app_fail("cannot send");
	for (;;) {
		int ready = app_wait(fd, begin + wait_ns);

		*ret_ns = app_now() - begin;
		if (ready <= 0)
			return ready == 0;
		if (read_error(fd, ret_answer))
			return true;
		/* somebody does listen, and answers: we are there */
		if (recv(fd, data, sizeof(data), MSG_DONTWAIT) >= 0) {
			*ret_answer = (struct answer){to.host, ICMP_DEST_UNREACH,
						      ICMP_PORT_UNREACH};
			return true;
		}
	}
}

/* Whether this was the last hop; *ret_end: the application ends. */
static bool hop(unsigned ttl, bool *ret_end)
{
	int fd = open_socket((int)ttl);
	uint32_t shown = 0;
	bool last = false;

	printf("%2u ", ttl);
	for (uint64_t i = 0; i < probes; i++) {
		struct answer answer;
		char text[VLSP_ADDRESS_TEXT];
		uint64_t ns;

		if (!probe(fd, &answer, &ns)) {
			*ret_end = true;
			break;
		}
		if (answer.from == 0) {
			printf(" *");
			continue;
		}
		if (answer.from != shown)
			printf(" %s", vlsp_address_format(
					      &(struct vlsp_address){.host = answer.from}, text));
		shown = answer.from;
		printf(" %.3f ms", (double)ns / 1e6);
		if (answer.type == ICMP_DEST_UNREACH) {
			last = true;
			reached = answer.from == to.host;
			if (answer.code != ICMP_PORT_UNREACH)
				printf(" unreachable (code %d)", answer.code);
		}
	}
	printf("\n");
	close(fd);
	return last;
}

int main(int argc, char **argv)
{
	bool end = false, there = false;

	app_start(&app, argc, argv);
	if (hops_max < 1 || hops_max > 255)
		app_usage("-h", "1 to 255");
	if (probes < 1)
		app_usage("-q", "at least 1");
	app_ready();
	while (!there && !end && hops < hops_max)
		there = hop((unsigned)++hops, &end);
	return app_end() || !reached;
}
