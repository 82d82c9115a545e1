// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Echo requests out of a router's namespace. The raw socket is made there and stays there, while
 * this process stays outside and can go on asking the daemon. Used by ping and trace.
 */
#include "cli/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/netns.h"
#include "cli/request.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define PACKET_MAX 65536

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* A record of GET /router/ that has what a probe needs. */
static bool end_read(const json_t *record, struct probe_end *ret_end)
{
	const char *name = json_string_value(json_object_get(record, "name"));
	const char *address = json_string_value(json_object_get(record, "address"));
	struct probe_end end;

	if (!name || !address || addr_parse(address, &end.address) < 0)
		return false;
	snprintf(end.name, sizeof(end.name), "%s", name);
	*ret_end = end;
	return true;
}

/* One router's record; *ret_netns may be NULL, the caller frees it. */
static int end_get(struct cli *cli, const char *router, struct probe_end *ret_end, char **ret_netns)
{
	struct answer answer;
	const char *netns;
	struct path path;
	int rc;

	path_start(&path, "/router/", router);
	rc = request_record(cli, path_done(&path), "router", router, &answer);
	path_free(&path);
	if (rc)
		return rc;
	netns = json_string_value(json_object_get(answer.json, "netns"));
	if (!end_read(answer.json, ret_end))
		rc = cli_fail(cli, "router %s has no usable address", router);
	else if (ret_netns && (!netns || !*netns))
		rc = cli_fail(cli, "router %s runs nowhere that could be entered from here",
			      router);
	else if (ret_netns && !(*ret_netns = strdup(netns)))
		rc = cli_fail(cli, "out of memory");
	answer_done(&answer);
	return rc;
}

static struct sockaddr_in sockaddr(uint32_t address)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
}

/* The source is the router's address, whatever the kernel would choose. */
static int open_socket(struct cli *cli, struct probe *probe, const char *netns)
{
	struct sockaddr_in from = sockaddr(probe->from.address);
	const struct sigaction action = {.sa_handler = on_interrupt};
	int room = 1 << 20;
	struct err err;

	probe->fd = netns_socket(netns, AF_INET, SOCK_RAW, IPPROTO_ICMP, &err);
	if (probe->fd < 0)
		return cli_fail(cli, "%s", err.text);
	if (bind(probe->fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		return cli_fail(cli, "router %s: its address cannot be used: %s", probe->from.name,
				strerror(errno));
	if (setsockopt(probe->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) < 0 ||
	    getrandom(&probe->id, sizeof(probe->id), 0) != sizeof(probe->id) ||
	    sigaction(SIGINT, &action, NULL) < 0)
		return cli_fail(cli, "%s", strerror(errno));
	return 0;
}

int probe_open(struct cli *cli, struct probe *ret_probe)
{
	cleanup_free char *netns = NULL;
	struct probe probe = {.fd = -1};
	int rc;

	rc = end_get(cli, cli_arg(cli, 0), &probe.from, &netns);
	if (rc == 0)
		rc = end_get(cli, cli_arg(cli, 1), &probe.to, NULL);
	if (rc == 0)
		rc = open_socket(cli, &probe, netns);
	if (rc)
		probe_close(&probe);
	else
		*ret_probe = probe;
	return rc;
}

void probe_close(struct probe *probe)
{
	if (probe->fd >= 0)
		close(probe->fd);
	free(probe->known);
}

int probe_send(struct cli *cli, struct probe *probe, uint16_t seq, size_t size, int ttl)
{
	struct sockaddr_in to = sockaddr(probe->to.address);
	cleanup_free uint8_t *buf = malloc(ICMP_HEADER + size);
	size_t n;

	if (!buf)
		return cli_fail(cli, "out of memory");
	n = icmp_request(buf, probe->id, seq, size);
	if (ttl && setsockopt(probe->fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)) < 0)
		return cli_fail(cli, "TTL %d: %s", ttl, strerror(errno));
	if (sendto(probe->fd, buf, n, 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
		return 0;
	/* no route at this moment, or a full queue: a probe that got lost, not the end */
	if (errno == ENETUNREACH || errno == EHOSTUNREACH || errno == ENOBUFS || errno == ENETDOWN)
		return 0;
	return cli_fail(cli, "sending to %s: %s", probe->to.name, strerror(errno));
}

int probe_receive(struct probe *probe, uint64_t deadline_ns, struct icmp_answer *ret_answer)
{
	static uint8_t packet[PACKET_MAX];

	for (;;) {
		struct pollfd fd = {.fd = probe->fd, .events = POLLIN};
		uint64_t now = clock_mono_ns();
		uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
		struct timespec wait = {.tv_sec = (time_t)(left / NSEC_PER_SEC),
					.tv_nsec = (long)(left % NSEC_PER_SEC)};
		ssize_t n;

		if (interrupted)
			return -EINTR;
		if (ppoll(&fd, 1, &wait, NULL) < 0)
			return -errno;
		n = recv(probe->fd, packet, sizeof(packet), MSG_DONTWAIT);
		if (n >= 0) {
			icmp_read(packet, (size_t)n, probe->id, ret_answer);
			if (ret_answer->kind != ICMP_OTHER)
				return 1;
		} else if (errno != EAGAIN && errno != EHOSTUNREACH && errno != ENETUNREACH) {
			return -errno;
		}
		if (n < 0 && left == 0)
			return 0;
	}
}

const char *probe_name(struct cli *cli, struct probe *probe, uint32_t address)
{
	char text[ADDR_TEXT_SIZE];
	struct probe_end *known;
	struct answer answer;
	struct path path;

	if (address == probe->to.address)
		return probe->to.name;
	for (size_t i = 0; i < probe->known_count; i++)
		if (probe->known[i].address == address)
			return probe->known[i].name;
	known = realloc(probe->known, (probe->known_count + 1) * sizeof(*known));
	if (!known)
		return "?";
	probe->known = known;
	known += probe->known_count++;
	*known = (struct probe_end){.name = "?", .address = address};
	path_start(&path, "/router/?detail=all", NULL);
	path_query(&path, "address", addr_format(address, text));
	if (request_json(cli, "GET", path_done(&path), &answer) == 0) {
		end_read(json_array_get(json_object_get(answer.json, "detail"), 0), known);
		answer_done(&answer);
	}
	path_free(&path);
	return known->name;
}
