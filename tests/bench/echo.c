// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Round trips of UDP datagrams, one outstanding. tests/bench/echo.sh runs a server at each far end
 * and one client, which asks all of them in turns, so that whatever else the machine does meets
 * each in the same way.
 *
 *   echo serve PORT                                           sends back what it gets
 *   echo ask PORT BYTES COUNT ROUND [NETNS ADDRESS]...        COUNT round trips each, ROUND by
 * ROUND
 *
 * Prints a line for each NETNS and ADDRESS, in their order: median and 99th percentile in
 * microseconds, and how many datagrams were lost. BYTES are those of the payload.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD_MAX 1472
#define TARGETS_MAX 8

struct target {
	int fd;
	uint32_t *ns; /* of each round trip */
	size_t done;
	unsigned lost;
};

static void fail(const char *what)
{
	fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long number(const char *text, long low, long high, const char *what)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < low || n > high) {
		fprintf(stderr, "echo: %s must be %ld to %ld, not \"%s\"\n", what, low, high, text);
		exit(2);
	}
	return n;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static _Noreturn void serve(char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET}, from;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char payload[PAYLOAD_MAX];

	at.sin_port = htons((uint16_t)number(argv[0], 1, 65535, "port"));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail("UDP socket");
	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(fd, payload, sizeof(payload), 0, (struct sockaddr *)&from,
				     &size);

		if (n < 0 || sendto(fd, payload, (size_t)n, 0, (struct sockaddr *)&from, size) < 0)
			fail("echo");
	}
}

/* A socket stays in the network namespace in which it was made. */
static void target_open(struct target *t, const char *netns, const char *address, uint16_t port,
			size_t count)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval patience = {.tv_sec = 1};
	int ns = open(netns, O_RDONLY | O_CLOEXEC);

	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		fail(netns);
	close(ns);
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
		fprintf(stderr, "echo: \"%s\" is not an IPv4 address\n", address);
		exit(2);
	}
	*t = (struct target){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			     .ns = calloc(count, sizeof(*t->ns))};
	if (t->fd < 0 || !t->ns || connect(t->fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		fail("UDP socket");
}

/* Each datagram has its number: an answer that comes too late is not taken for that of the next. */
static void ask_round(struct target *t, char *payload, size_t bytes, long round)
{
	static uint32_t sequence;
	char back[PAYLOAD_MAX];

	for (long i = 0; i < round; i++) {
		uint64_t begin = now();
		ssize_t n;

		sequence++;
		memcpy(payload, &sequence, sizeof(sequence));
		if (send(t->fd, payload, bytes, 0) < 0)
			fail("send");
		do
			n = recv(t->fd, back, sizeof(back), 0);
		while (n >= 0 && memcmp(back, payload, sizeof(sequence)) != 0);
		if (n < 0 && errno != EAGAIN)
			fail("recv");
		if (n < 0)
			t->lost++;
		else
			t->ns[t->done++] = (uint32_t)(now() - begin);
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int ask(int argc, char **argv)
{
	static struct target targets[TARGETS_MAX];
	static char payload[PAYLOAD_MAX];
	uint16_t port = (uint16_t)number(argv[0], 1, 65535, "port");
	size_t bytes = (size_t)number(argv[1], sizeof(uint32_t), PAYLOAD_MAX, "bytes");
	long count = number(argv[2], 1, 100000000, "count"),
	     round = number(argv[3], 1, count, "round");
	int n = (argc - 4) / 2;

	if (n > TARGETS_MAX) {
		fprintf(stderr, "echo: %d targets at most\n", TARGETS_MAX);
		exit(2);
	}
	for (int i = 0; i < n; i++)
		target_open(&targets[i], argv[4 + 2 * i], argv[5 + 2 * i], port, (size_t)count);
	for (long asked = 0; asked < count; asked += round)
		for (int i = 0; i < n; i++)
			ask_round(&targets[i], payload, bytes,
				  round < count - asked ? round : count - asked);
	for (int i = 0; i < n; i++) {
		struct target *t = &targets[i];

		if (!t->done) {
			fprintf(stderr, "echo: %s does not answer\n", argv[5 + 2 * i]);
			exit(1);
		}
		qsort(t->ns, t->done, sizeof(*t->ns), by_size);
		printf("%.2f %.2f %u\n", t->ns[t->done / 2] / 1e3, t->ns[t->done * 99 / 100] / 1e3,
		       t->lost);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(argv + 2);
	if (argc >= 8 && argc % 2 == 0 && strcmp(argv[1], "ask") == 0)
		return ask(argc - 2, argv + 2);
	fprintf(stderr, "echo serve PORT\n"
			"echo ask PORT BYTES COUNT ROUND [NETNS ADDRESS]...\n");
	return 2;
}
