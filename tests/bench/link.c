// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a path does to datagrams: numbered, timed, checked. Ends are network namespaces of one
 * machine, so one clock is read at both. Arrival times are the kernel's (SO_TIMESTAMPNS), so that
 * they do not depend on when this program runs. Used by tests/bench and tests/system.
 *
 *   link rtt NETNS ADDRESS COUNT INTERVAL-US [BYTES]
 *       ICMP echo; round-trip times
 *   link flow FROM-NETNS COUNT RATE BYTES [-0] [-e COUNT] [-r FILE] TO-NETNS ADDRESS
 *       [TO-NETNS ADDRESS]...
 *       UDP, RATE datagrams a second in all, to each destination in turn; -0: without checksum;
 *       -e COUNT: so many are expected, and when they are there, none is waited for much longer
 *
 * Prints one JSON object. Times are microseconds. -r FILE: a line a datagram that arrived:
 * destination, number, one-way delay in ns, in the order of arrival. BYTES are those of the UDP
 * payload, or of the echo's; at least 24.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NSEC	  1000000000ull
#define PORT	  7411
#define SIZE_MAX_ 1472
#define ENDS_MAX  512
#define QUIET_MS  1500
#define EXTRA_MS  50 /* for more than were expected */

/* After the last datagram was sent: what has not come when nothing came for so long is lost.
 * LINK_QUIET_MS in the environment. */
static int quiet_ms = QUIET_MS;

struct stamp {
	uint32_t end, check;
	uint64_t number, sent_ns;
};

struct arrival {
	uint32_t end;
	bool whole;
	uint64_t number, delay_ns;
};

static void fail(const char *what)
{
	fprintf(stderr, "link: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t read_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t at)
{
	uint64_t now = read_clock();

	if (at > now + 60000) {
		struct timespec t = {.tv_sec = (time_t)((at - 50000) / NSEC),
				     .tv_nsec = (long)((at - 50000) % NSEC)};

		clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
	}
	while (read_clock() < at)
		;
}

static void enter(const char *netns)
{
	int fd = open(netns, O_RDONLY);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		fail(netns);
	close(fd);
}

static long number(const char *text, long low, long high, const char *what)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < low || n > high) {
		fprintf(stderr, "link: %s must be %ld to %ld, not \"%s\"\n", what, low, high, text);
		exit(2);
	}
	return n;
}

/* The byte of a payload that everybody knows. */
static uint8_t fill(uint64_t n, size_t i)
{
	return (uint8_t)(n * 31 + i * 7 + (i >> 8));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_times(uint64_t *ns, size_t count)
{
	double sum = 0;

	qsort(ns, count, sizeof(*ns), compare);
	for (size_t i = 0; i < count; i++)
		sum += (double)ns[i];
	if (!count)
		return;
	printf(",\"min\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"max\":%.1f,\"mean\":%.2f",
	       (double)ns[0] / 1e3, (double)ns[count / 2] / 1e3, (double)ns[count * 9 / 10] / 1e3,
	       (double)ns[count * 99 / 100] / 1e3, (double)ns[count - 1] / 1e3,
	       sum / (double)count / 1e3);
}

static uint32_t check_of(const struct stamp *stamp)
{
	uint64_t x = stamp->number * 0x9e3779b97f4a7c15ull + stamp->sent_ns + stamp->end;

	return (uint32_t)((x ^ x >> 29) * 0xbf58476d1ce4e5b9ull >> 32);
}

/* When the kernel got it. */
static uint64_t arrived(const struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR((struct msghdr *)msg, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
	}
	return read_clock();
}

static ssize_t receive(int sock, void *buf, size_t size, uint64_t *ret_at)
{
	char control[256];
	struct iovec iov = {buf, size};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT);

	if (n >= 0)
		*ret_at = arrived(&msg);
	return n;
}

static void stamps_on(int sock)
{
	int on = 1, size = 32 << 20;

	if (setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		fail("SO_TIMESTAMPNS");
	(void)setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

/* --- rtt ------------------------------------------------------------------------------------- */

static uint16_t icmp_sum(const void *data, size_t size)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += p[i] | (i + 1 < size ? (uint32_t)p[i + 1] << 8 : 0);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static size_t take_echoes(int sock, uint64_t *rtt, size_t count, size_t room)
{
	uint8_t buf[2048];
	uint64_t at;
	ssize_t n;

	while ((n = receive(sock, buf, sizeof(buf), &at)) > 0) {
		const struct icmphdr *icmp = (const void *)(buf + 20);
		struct stamp stamp;

		if ((size_t)n < 20 + sizeof(*icmp) + sizeof(stamp) ||
		    icmp->type != ICMP_ECHOREPLY || icmp->un.echo.id != htons((uint16_t)getpid()) ||
		    count >= room)
			continue;
		memcpy(&stamp, icmp + 1, sizeof(stamp));
		rtt[count++] = at - stamp.sent_ns;
	}
	return count;
}

static int run_rtt(int argc, char **argv)
{
	long count = number(argv[4], 1, 10000000, "COUNT");
	uint64_t gap = (uint64_t)number(argv[5], 1, 10000000, "INTERVAL-US") * 1000;
	size_t size = argc > 6 ? (size_t)number(argv[6], 24, SIZE_MAX_, "BYTES") : 56;
	struct sockaddr_in to = {.sin_family = AF_INET};
	uint64_t *rtt = calloc((size_t)count, sizeof(*rtt)), begin;
	uint8_t buf[sizeof(struct icmphdr) + SIZE_MAX_] = {0};
	struct icmphdr *icmp = (void *)buf;
	size_t got = 0;
	int sock;

	enter(argv[2]);
	if (!rtt || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1)
		fail(argv[3]);
	sock = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (sock < 0)
		fail("socket");
	stamps_on(sock);
	begin = read_clock() + 1000000;
	for (long i = 0; i < count; i++) {
		struct stamp stamp = {.number = (uint64_t)i};

		sleep_until(begin + (uint64_t)i * gap);
		stamp.sent_ns = read_clock();
		*icmp = (struct icmphdr){.type = ICMP_ECHO};
		icmp->un.echo.id = htons((uint16_t)getpid());
		icmp->un.echo.sequence = htons((uint16_t)i);
		memcpy(icmp + 1, &stamp, sizeof(stamp));
		icmp->checksum = icmp_sum(buf, sizeof(*icmp) + size);
		if (sendto(sock, buf, sizeof(*icmp) + size, 0, (void *)&to, sizeof(to)) < 0)
			fail("sendto");
		got = take_echoes(sock, rtt, got, (size_t)count);
	}
	for (int quiet = 0; quiet < quiet_ms && got < (size_t)count; quiet += 10) {
		usleep(10000);
		got = take_echoes(sock, rtt, got, (size_t)count);
	}
	printf("{\"sent\":%ld,\"received\":%zu", count, got);
	print_times(rtt, got);
	printf("}\n");
	return 0;
}

/* --- flow ------------------------------------------------------------------------------------ */

struct flow {
	int socks[ENDS_MAX], out;
	struct sockaddr_in to[ENDS_MAX];
	size_t ends, size;
	uint64_t count, rate;
	struct arrival *arrivals;
	uint64_t first_ns, last_ns; /* arrivals */
	size_t arrived, room, expected;
	volatile bool sent;
};

static void keep(struct flow *flow, const uint8_t *buf, ssize_t n, uint64_t at, uint32_t end)
{
	struct arrival a = {.end = end, .whole = (size_t)n == flow->size};
	struct stamp stamp;

	memcpy(&stamp, buf, sizeof(stamp));
	for (size_t i = sizeof(stamp); a.whole && i < flow->size; i++)
		a.whole = buf[i] == fill(stamp.number, i);
	a.number = stamp.number;
	a.delay_ns = at - stamp.sent_ns;
	if (stamp.number >= flow->count || stamp.end != end || stamp.check != check_of(&stamp))
		a.whole = false;
	if (!flow->first_ns)
		flow->first_ns = at;
	flow->last_ns = at;
	if (flow->arrived < flow->room)
		flow->arrivals[flow->arrived++] = a;
}

static void *receiver(void *arg)
{
	struct flow *flow = arg;
	int epoll = epoll_create1(0);
	uint64_t last = 0;

	for (uint32_t i = 0; i < flow->ends; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, flow->socks[i], &ev) < 0)
			fail("epoll");
	}
	for (;;) {
		int patience_ms = flow->arrived < flow->expected ? quiet_ms : EXTRA_MS;
		struct epoll_event ev[64];
		int n = epoll_wait(epoll, ev, 64, 10);

		if (n > 0 || !flow->sent)
			last = read_clock();
		else if (read_clock() - last > (uint64_t)patience_ms * 1000000)
			break;
		for (int i = 0; i < n; i++) {
			uint8_t buf[2048];
			uint64_t at;
			ssize_t got;

			while ((got = receive(flow->socks[ev[i].data.u32], buf, sizeof(buf),
					      &at)) >= (ssize_t)sizeof(struct stamp))
				keep(flow, buf, got, at, ev[i].data.u32);
		}
	}
	close(epoll);
	return NULL;
}

static void sender(struct flow *flow)
{
	uint64_t begin = read_clock() + 2000000;
	uint8_t buf[SIZE_MAX_];

	for (uint64_t i = 0; i < flow->count * flow->ends; i++) {
		uint32_t end = (uint32_t)(i % flow->ends);
		struct stamp stamp = {.end = end, .number = i / flow->ends};

		for (size_t k = sizeof(stamp); k < flow->size; k++)
			buf[k] = fill(stamp.number, k);
		sleep_until(begin + i * NSEC / flow->rate);
		stamp.sent_ns = read_clock();
		stamp.check = check_of(&stamp);
		memcpy(buf, &stamp, sizeof(stamp));
		while (sendto(flow->out, buf, flow->size, 0, (void *)&flow->to[end],
			      sizeof(flow->to[end])) < 0) {
			if (errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
				fail("sendto");
		}
	}
	flow->sent = true;
}

/* Of those that were sent in order to one destination: lost, twice, out of order, changed. */
static void judge(const struct flow *flow)
{
	uint64_t distinct = 0, twice = 0, early = 0, changed = 0, lost = 0, runs = 0, digest = 0;
	size_t cells = (size_t)(flow->count * flow->ends);
	uint8_t *seen = calloc(cells, 1);
	uint64_t *least = malloc(flow->ends * sizeof(*least)); /* number that comes later */

	if (!seen || !least)
		fail("memory");
	for (size_t e = 0; e < flow->ends; e++)
		least[e] = UINT64_MAX;
	for (size_t i = flow->arrived; i-- > 0;) {
		const struct arrival *a = &flow->arrivals[i];

		if (!a->whole)
			continue;
		/* It overtook, if one that was sent before it comes after it. */
		if (a->number > least[a->end])
			early++;
		if (a->number < least[a->end])
			least[a->end] = a->number;
	}
	for (size_t i = 0; i < flow->arrived; i++) {
		const struct arrival *a = &flow->arrivals[i];

		if (!a->whole) {
			changed++;
			continue;
		}
		if (seen[a->end * flow->count + a->number]++)
			twice++;
		else
			distinct++;
	}
	for (size_t e = 0; e < flow->ends; e++) {
		for (uint64_t n = 0; n < flow->count; n++) {
			if (seen[e * flow->count + n])
				continue;
			lost++;
			runs += n == 0 || seen[e * flow->count + n - 1];
			digest = digest * 6364136223846793005ull + (e << 40) + n + 1;
		}
	}
	printf("{\"sent\":%zu,\"received\":%lu,\"lost\":%lu,\"bursts\":%lu,\"duplicates\":%lu,"
	       "\"early\":%lu,\"changed\":%lu,\"lostDigest\":\"%016lx\",\"arrived\":%zu,"
	       "\"seconds\":%.6f",
	       cells, distinct, lost, runs, twice, early, changed, digest, flow->arrived,
	       (double)(flow->last_ns - flow->first_ns) / 1e9);
	free(seen);
	free(least);
}

static void write_raw(const struct flow *flow, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		fail(path);
	for (size_t i = 0; i < flow->arrived; i++)
		fprintf(file, "%u %lu %lu%s\n", flow->arrivals[i].end, flow->arrivals[i].number,
			flow->arrivals[i].delay_ns, flow->arrivals[i].whole ? "" : " changed");
	if (fclose(file) != 0)
		fail(path);
}

static int open_end(const char *netns, const char *address, struct sockaddr_in *ret_to)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int sock;

	*ret_to = any;
	if (inet_pton(AF_INET, address, &ret_to->sin_addr) != 1)
		fail(address);
	enter(netns);
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	if (sock < 0 || bind(sock, (void *)&any, sizeof(any)) < 0)
		fail(netns);
	stamps_on(sock);
	return sock;
}

static int run_flow(int argc, char **argv)
{
	static struct flow flow;
	const char *raw = NULL;
	bool unchecked = false;
	uint64_t *delays;
	pthread_t thread;
	size_t n = 0;
	int at = 6, on = 1, size = 8 << 20;

	flow.count = (uint64_t)number(argv[3], 1, 100000000, "COUNT");
	flow.rate = (uint64_t)number(argv[4], 1, 10000000, "RATE");
	flow.size = (size_t)number(argv[5], sizeof(struct stamp), SIZE_MAX_, "BYTES");
	flow.expected = SIZE_MAX;
	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "-0") == 0)
			unchecked = true;
		else if (strcmp(argv[at], "-e") == 0 && at + 1 < argc)
			flow.expected = (size_t)number(argv[++at], 0, 100000000, "-e");
		else if (strcmp(argv[at], "-r") == 0 && at + 1 < argc)
			raw = argv[++at];
		else
			return 2;
	}
	enter(argv[2]);
	flow.out = socket(AF_INET, SOCK_DGRAM, 0);
	if (flow.out < 0)
		fail("socket");
	(void)setsockopt(flow.out, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (unchecked && setsockopt(flow.out, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)) < 0)
		fail("SO_NO_CHECK");
	for (; at + 1 < argc && flow.ends < ENDS_MAX; at += 2, flow.ends++)
		flow.socks[flow.ends] = open_end(argv[at], argv[at + 1], &flow.to[flow.ends]);
	if (!flow.ends)
		return 2;
	flow.room = (size_t)(flow.count * flow.ends) * 2 + 1000;
	flow.arrivals = calloc(flow.room, sizeof(*flow.arrivals));
	delays = calloc(flow.room, sizeof(*delays));
	if (!flow.arrivals || !delays || pthread_create(&thread, NULL, receiver, &flow) != 0)
		fail("memory");
	sender(&flow);
	pthread_join(thread, NULL);
	judge(&flow);
	for (size_t i = 0; i < flow.arrived; i++)
		if (flow.arrivals[i].whole)
			delays[n++] = flow.arrivals[i].delay_ns;
	print_times(delays, n);
	printf("}\n");
	if (raw)
		write_raw(&flow, raw);
	return 0;
}

int main(int argc, char **argv)
{
	int r = 2;

	prctl(PR_SET_TIMERSLACK, 1UL);
	if (getenv("LINK_QUIET_MS"))
		quiet_ms = (int)number(getenv("LINK_QUIET_MS"), 1, 60000, "LINK_QUIET_MS");
	if (argc >= 6 && strcmp(argv[1], "rtt") == 0)
		r = run_rtt(argc, argv);
	else if (argc >= 8 && strcmp(argv[1], "flow") == 0)
		r = run_flow(argc, argv);
	if (r == 2)
		fprintf(stderr, "usage: link rtt NETNS ADDRESS COUNT INTERVAL-US [BYTES]\n"
				"       link flow FROM-NETNS COUNT RATE BYTES [-0] [-e COUNT] "
				"[-r FILE] TO-NETNS ADDRESS...\n");
	return r;
}
