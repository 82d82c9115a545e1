// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtual sockets over real links, for sockets.sh. Each role is a small program on a router; what
 * it expects and does not see it says, with its line, and ends with status 1.
 *
 *   sockets outside                        on no router
 *   sockets self NAME ADDRESS              on that router
 *   sockets echo PORT                      sends back what it gets, until "end"; the first byte of
 * a datagram commands sockets ask ROUTER:PORT HOPS           what a datagram carries, there and
 * back sockets flow ROUTER:PORT DELAY_US      flow id, source timestamp and age (VLSP_META) sockets
 * errors ROUTER:PORT NOWHERE     who is not there, ports in use, sizes, options sockets close
 * close() and timeouts of a waiting vlsp_recv()
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vlsp/vlsp.h>

static void fail(int line, const char *what)
{
	fprintf(stderr, "sockets.c:%d: not so: %s (errno %d, %s)\n", line, what, errno,
		vlsp_strerror(errno));
	exit(1);
}

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail(__LINE__, #condition);                                                \
	} while (0)
/* It fails, with that errno. */
#define must_errno(code, call)                                                                     \
	do {                                                                                       \
		errno = 0;                                                                         \
		must((call) < 0 && errno == (code));                                               \
	} while (0)

static struct vlsp_socket *open_connected(const struct vlsp_address *to)
{
	struct vlsp_socket *s = vlsp_socket_open();

	must(s && vlsp_connect(s, to) == 0 && vlsp_set(s, VLSP_TIMEOUT, 5000) == 0);
	return s;
}

static void outside(void)
{
	struct vlsp_self self;
	uint32_t host;

	errno = 0;
	must(!vlsp_socket_open() && errno == ENONET);
	must_errno(ENONET, vlsp_self(&self));
	must(strstr(vlsp_strerror(ENONET), "not on a virtual router"));
	must_errno(ENOENT, vlsp_resolve("r1", &host));
	must_errno(ENOTCONN, vlsp_app_ready());
}

static void self(const char *name, const char *address)
{
	struct vlsp_address want, got = {0};
	struct vlsp_self self;
	char text[VLSP_ADDRESS_TEXT];

	must(vlsp_address_parse(address, &want) == 0);
	must(vlsp_self(&self) == 0 && strcmp(self.router, name) == 0 && self.host == want.host);
	must(vlsp_resolve(name, &got.host) == 0 && got.host == want.host);
	must(strcmp(vlsp_address_format(&got, text), address) == 0);
}

struct seen { /* what an echo tells of the datagram that it got */
	struct vlsp_info info;
	char text[8];
};

static void echo(uint16_t port)
{
	struct vlsp_address at = {.port = port};
	struct vlsp_socket *s = vlsp_socket_open();
	static char data[70000];
	struct seen seen = {0};
	ssize_t n;

	must(s && vlsp_bind(s, &at) == 0);
	for (;;) {
		n = vlsp_recv(s, data, sizeof(data), &seen.info);
		must(n >= 0);
		memcpy(seen.text, data, sizeof(seen.text));
		/* it answers as it was asked */
		must(vlsp_set(s, VLSP_META, seen.info.has_meta) == 0);
		must(vlsp_sendto(s, &seen, sizeof(seen), &seen.info.from) == sizeof(seen));
		if (n == 3 && memcmp(data, "end", 3) == 0)
			return;
	}
}

/* One round: data there, and what was seen there back. */
static struct seen round_trip(struct vlsp_socket *s, const void *data, size_t size,
			      struct vlsp_info *ret_info)
{
	struct seen seen;

	must(vlsp_send(s, data, size) == (ssize_t)size);
	must(vlsp_recv(s, &seen, sizeof(seen), ret_info) == sizeof(seen));
	return seen;
}

static void ask(const struct vlsp_address *to, int hops)
{
	static char large[65507];
	struct vlsp_socket *s = open_connected(to);
	struct vlsp_address local, remote;
	struct vlsp_info info;
	struct pollfd pollfd = {.fd = vlsp_socket_fd(s), .events = POLLIN};
	struct seen seen;
	uint32_t flow;
	long value;

	must(vlsp_local(s, &local) == 0 && vlsp_remote(s, &remote) == 0);
	must(remote.host == to->host && remote.port == to->port && local.host && local.port);

	/* as sockets are by themselves */
	must(vlsp_get(s, VLSP_TTL, &value) == 0 && value == 64);
	must(vlsp_get(s, VLSP_CHECKSUM, &value) == 0 && value == 1);
	seen = round_trip(s, "12345", 5, &info);
	must(seen.info.size == 5 && !seen.info.has_meta && !seen.info.tclass);
	must(seen.info.from.host == local.host && seen.info.from.port == local.port);
	must(seen.info.to.host == to->host && seen.info.to.port == to->port);
	must(info.from.host == to->host && info.from.port == to->port);
	must(info.to.host == local.host && info.to.port == local.port);
	/* the last router is no hop: what is delivered keeps its TTL */
	must(seen.info.ttl == 64 - (hops - 1) && info.ttl == 64 - (hops - 1));
	flow = seen.info.flow;
	must(flow && flow != info.flow && info.flow);

	must(vlsp_set(s, VLSP_TTL, 200) == 0 && vlsp_set(s, VLSP_TCLASS, 0xb9) == 0);
	must(vlsp_set(s, VLSP_CHECKSUM, 0) == 0);
	must(vlsp_get(s, VLSP_CHECKSUM, &value) == 0 && value == 0);
	seen = round_trip(s, "", 0, NULL);
	must(seen.info.size == 0 && seen.info.ttl == 200 - (hops - 1) && seen.info.tclass == 0xb9);
	must(seen.info.flow == flow);

	/* a datagram in fragments has no ports for the flow id */
	must(vlsp_set(s, VLSP_CHECKSUM, 1) == 0 && vlsp_set(s, VLSP_SNDBUF, 200000) == 0);
	seen = round_trip(s, large, sizeof(large), NULL);
	must(seen.info.size == sizeof(large) && seen.info.flow != flow);

	/* what does not fit is cut off, and info tells; poll() knows before */
	must(vlsp_send(s, "x", 1) == 1 && poll(&pollfd, 1, 5000) == 1 && pollfd.revents == POLLIN);
	must(vlsp_recv(s, &seen, 4, &info) == 4 && info.size == sizeof(seen));
	must(poll(&pollfd, 1, 0) == 0);

	must(vlsp_disconnect(s) == 0);
	must_errno(ENOTCONN, vlsp_remote(s, &remote));
	must_errno(ENOTCONN, vlsp_send(s, "x", 1));
	must(vlsp_sendto(s, "end", 3, to) == 3);
	must(vlsp_recv(s, &seen, sizeof(seen), NULL) == sizeof(seen));
	vlsp_socket_close(s);
}

static uint32_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint32_t)(ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

static void flow(const struct vlsp_address *to, uint32_t delay_us)
{
	struct vlsp_socket *s = open_connected(to);
	static char large[VLSP_DATAGRAM_MAX];
	struct vlsp_info info;
	struct seen seen;
	uint32_t hash, before, after;
	long value;

	hash = round_trip(s, "x", 1, NULL).info.flow;
	must_errno(EINVAL, vlsp_set(s, VLSP_FLOW, 7));
	must(vlsp_set(s, VLSP_META, 1) == 0);
	before = now_us();
	seen = round_trip(s, "x", 1, &info);
	after = now_us();
	must(seen.info.has_meta && seen.info.flow == hash && info.has_meta && info.flow != hash);
	must(seen.info.stamp_us - before <= after - before);
	must(info.stamp_us - seen.info.stamp_us >= delay_us);
	must(seen.info.age_us >= delay_us && info.age_us >= delay_us);
	must(seen.info.age_us + info.age_us <= after - before);

	must(vlsp_set(s, VLSP_FLOW, 0xfeedf00dL) == 0);
	must(vlsp_get(s, VLSP_FLOW, &value) == 0 && value == 0xfeedf00dL);
	seen = round_trip(s, large, sizeof(large) - 16, NULL);
	must(seen.info.has_meta && seen.info.flow == 0xfeedf00d &&
	     seen.info.size == sizeof(large) - 16);
	must_errno(EMSGSIZE, vlsp_send(s, large, sizeof(large) - 15));

	must(vlsp_set(s, VLSP_META, 0) == 0 && vlsp_get(s, VLSP_FLOW, &value) == 0 && value == 0);
	seen = round_trip(s, large, sizeof(large), NULL);
	must(!seen.info.has_meta && seen.info.flow == hash);
	round_trip(s, "end", 3, NULL);
	vlsp_socket_close(s);
}

/* The error that the network's answer to a datagram becomes. */
static int told(const struct vlsp_address *to, long ttl, bool meta)
{
	struct vlsp_socket *s = open_connected(to);
	char data[8];
	int code;

	must(vlsp_set(s, VLSP_TTL, ttl) == 0 && vlsp_set(s, VLSP_META, meta) == 0);
	must(vlsp_send(s, "x", 1) == 1);
	must(vlsp_recv(s, data, sizeof(data), NULL) < 0);
	code = errno;
	/* it is told once; the socket is as good as before */
	must(vlsp_set(s, VLSP_TIMEOUT, 0) == 0);
	must_errno(EAGAIN, vlsp_recv(s, data, sizeof(data), NULL));
	must(vlsp_send(s, "x", 1) == 1);
	vlsp_socket_close(s);
	return code;
}

static void errors(const struct vlsp_address *to, const struct vlsp_address *nowhere)
{
	static char data[65508];
	const struct vlsp_address off = {.host = 0xc0000201, .port = 7}; /* 192.0.2.1 */
	const struct vlsp_address other = {.host = to->host, .port = 9};
	struct vlsp_address at = {.port = 7007};
	struct vlsp_socket *s = vlsp_socket_open(), *t = vlsp_socket_open();
	long value;

	must(s && t && vlsp_bind(s, &at) == 0);
	must_errno(EADDRINUSE, vlsp_bind(t, &at));
	must_errno(EINVAL, vlsp_bind(s, NULL));
	must_errno(EADDRNOTAVAIL, vlsp_bind(t, to));
	must(vlsp_local(t, &at) == 0 && !at.host && !at.port);
	must_errno(ENOTCONN, vlsp_remote(t, &at));
	must(vlsp_bind(t, NULL) == 0 && vlsp_local(t, &at) == 0 && at.host && at.port);
	must_errno(ENOTCONN, vlsp_send(t, "x", 1));
	must_errno(EMSGSIZE, vlsp_sendto(t, data, 65508, to));

	/* outside of the virtual network: at once. Nobody there, or no way: by an answer of the
	 * network */
	must_errno(ENETUNREACH, vlsp_sendto(t, "x", 1, &off));
	must_errno(ENETUNREACH, vlsp_connect(t, &off));
	for (int meta = 0; meta < 2; meta++) {
		must(told(to, 64, meta) == ECONNREFUSED);
		must(told(nowhere, 64, meta) == ENETUNREACH);
		must(told(to, 1, meta) == EHOSTUNREACH);
	}

	/* a socket that is not connected hears nothing of it */
	must(vlsp_sendto(t, "x", 1, &other) == 1 && vlsp_sendto(t, "x", 1, nowhere) == 1);
	must(vlsp_set(t, VLSP_TIMEOUT, 200) == 0);
	must_errno(ETIMEDOUT, vlsp_recv(t, data, 8, NULL));

	must_errno(EINVAL, vlsp_set(t, VLSP_TTL, 0));
	must_errno(EINVAL, vlsp_set(t, VLSP_TCLASS, 256));
	must_errno(EINVAL, vlsp_set(t, (enum vlsp_option)99, 1));
	must_errno(EINVAL, vlsp_get(t, (enum vlsp_option)99, &value));
	vlsp_socket_close(s);
	vlsp_socket_close(t);
	vlsp_socket_close(NULL);
}

static void *close_soon(void *arg)
{
	usleep(100000);
	vlsp_socket_close(arg);
	return NULL;
}

static void closing(void)
{
	char data[8];
	pthread_t thread;

	for (int bound = 0; bound < 2; bound++) {
		struct vlsp_socket *s = vlsp_socket_open();

		must(s && (!bound || vlsp_bind(s, NULL) == 0));
		must(vlsp_set(s, VLSP_TIMEOUT, 50) == 0);
		must_errno(ETIMEDOUT, vlsp_recv(s, data, sizeof(data), NULL));
		must(vlsp_set(s, VLSP_TIMEOUT, 0) == 0);
		must_errno(EAGAIN, vlsp_recv(s, data, sizeof(data), NULL));
		must(vlsp_set(s, VLSP_TIMEOUT, -1) == 0);
		must(pthread_create(&thread, NULL, close_soon, s) == 0);
		must_errno(ECANCELED, vlsp_recv(s, data, sizeof(data), NULL));
		must(pthread_join(thread, NULL) == 0);
	}
}

static int rest(const char *path)
{
	struct vlsp_rest *rest = vlsp_rest_open(NULL, NULL);
	char *body = NULL;
	int status;

	if (!rest) {
		fprintf(stderr, "%s\n", vlsp_rest_error(NULL));
		return 1;
	}
	status = vlsp_rest_call(rest, "GET", path, NULL, &body);
	printf("%d %s\n", status, status < 0 ? vlsp_rest_error(rest) : body);
	free(body);
	vlsp_rest_close(rest);
	return 0;
}

static struct vlsp_address address(const char *text)
{
	struct vlsp_address address;

	if (!text || vlsp_address_parse(text, &address) < 0)
		fail(__LINE__, "an address");
	return address;
}

int main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";
	struct vlsp_address to, nowhere;

	if (strcmp(role, "outside") == 0) {
		outside();
	} else if (strcmp(role, "close") == 0) {
		closing();
	} else if (strcmp(role, "rest") == 0 && argc == 3) {
		return rest(argv[2]);
	} else if (strcmp(role, "echo") == 0 && argc == 3) {
		echo((uint16_t)atoi(argv[2]));
	} else if (strcmp(role, "self") == 0 && argc == 4) {
		self(argv[2], argv[3]);
	} else if (argc == 4) {
		to = address(argv[2]);
		if (strcmp(role, "ask") == 0) {
			ask(&to, atoi(argv[3]));
		} else if (strcmp(role, "flow") == 0) {
			flow(&to, (uint32_t)atoi(argv[3]));
		} else {
			nowhere = address(argv[3]);
			errors(&to, &nowhere);
		}
	} else {
		return 2;
	}
	return 0;
}
