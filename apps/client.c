// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * client: users who ask a server, wait for the whole response, think, and ask again; how long it
 * took. A response of which something is lost is not asked for again: it counts as lost after a
 * time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/common.h"
#include "apps/exchange.h"
#include "apps/random.h"
#include "apps/stats.h"

#define USERS_MAX 1000
#define PARTS_MAX (EXCHANGE_RESPONSE_MAX / EXCHANGE_PART + 1)

struct user {
	uint64_t id;	  /* of the request that waits for its response; 0: none */
	uint64_t sent_ns; /* when */
	uint64_t next_ns; /* when the next thing happens: a request, or its time-out */
	uint64_t left;	  /* parts that are missing; 0: not known yet */
	unsigned char seen[PARTS_MAX / 8 + 1];
};

static struct vlsp_address to;
static uint64_t count = UINT64_MAX, users = 1, timeout = 1000000000, duration = APP_FOREVER;
static struct random_dist request_size = {RANDOM_CONSTANT, 64, 0},
			  response_size = {RANDOM_CONSTANT, 1000, 0},
			  thinking = {RANDOM_CONSTANT, 0, 0};
static struct random rng;
static struct stats latency;
static struct user *user;
static unsigned long long asked, lost, refused, bytes;
static size_t waiting;

static void report(void)
{
	vlsp_app_report("requests", "%llu", asked);
	vlsp_app_report("responses", "%llu", (unsigned long long)latency.count);
	vlsp_app_report("lost", "%llu", lost);
	vlsp_app_report("refused", "%llu", refused);
	vlsp_app_report("bytes", "%llu", bytes);
	vlsp_app_report("latency.mean_us", "%.1f", stats_mean(&latency) / 1e3);
	vlsp_app_report("latency.p50_us", "%.1f", (double)stats_percentile(&latency, 50) / 1e3);
	vlsp_app_report("latency.p99_us", "%.1f", (double)stats_percentile(&latency, 99) / 1e3);
}

static const struct app_option options[] = {
	{"ADDR:PORT", NULL, "the server", parse_address, &to},
	{"-n", "COUNT", "ends after so many requests", parse_count, &count},
	{"-t", "TIME", "ends after that time", parse_time, &duration},
	{"-c", "COUNT", "users at once (default 1)", parse_count, &users},
	{"-i", "DIST", "time that a user thinks between response and request (default 0)",
	 parse_dist_time, &thinking},
	{"-q", "DIST", "bytes of a request (default 64, at most 1472)", parse_dist_bytes,
	 &request_size},
	{"-s", "DIST", "bytes of a response (default 1000, at most 1M; 0: as the server likes)",
	 parse_dist_bytes, &response_size},
	{"-w", "TIME", "a response that is not complete by then is lost (default 1s)", parse_time,
	 &timeout},
	{0},
};
static const struct app app = {"client", "asks a server and measures how long responses take",
			       options, report, NULL};

static void ask(struct vlsp_socket *socket, struct user *u, uint64_t now)
{
	static char data[VLSP_DATAGRAM_MAX];
	double wanted = random_draw(&response_size, &rng),
	       padded = random_draw(&request_size, &rng);
	struct exchange_request request;
	size_t head, size = padded < sizeof(data) ? (size_t)padded : sizeof(data);

	/* Whose it is can be told from its id. */
	request.id = ++asked * USERS_MAX + (uint64_t)(u - user);
	request.length = wanted < EXCHANGE_RESPONSE_MAX ? (uint64_t)wanted : EXCHANGE_RESPONSE_MAX;
	head = exchange_write_request(data, &request);
	*u = (struct user){.id = request.id, .sent_ns = now, .next_ns = now + timeout};
	waiting++;
	app_send(socket, data, size > head ? size : head, NULL);
}

/* That one's request is over: next it thinks. */
static void over(struct user *u, uint64_t now)
{
	u->id = 0;
	u->next_ns = now + random_draw_ns(&thinking, &rng);
	waiting--;
}

static void take(const char *data, size_t size)
{
	uint64_t now = app_now(), n;
	struct exchange_part part;
	struct user *u;

	if (!exchange_read_part(data, size, &part) || part.id % USERS_MAX >= users)
		return;
	u = &user[part.id % USERS_MAX];
	if (u->id != part.id || part.id == 0)
		return; /* too late: it was given up */
	if (part.status != 200) {
		refused++;
		over(u, now);
		return;
	}
	n = part.offset / EXCHANGE_PART;
	if (u->seen[n / 8] & 1 << n % 8)
		return;
	if (!u->left)
		u->left = part.length ? (part.length + EXCHANGE_PART - 1) / EXCHANGE_PART : 1;
	u->seen[n / 8] |= (unsigned char)(1 << n % 8);
	bytes += part.size;
	if (--u->left)
		return;
	stats_add(&latency, now - u->sent_ns);
	over(u, now);
}

/* Does what is due; when the next thing is. */
static uint64_t due(struct vlsp_socket *socket, uint64_t now, bool more)
{
	uint64_t next = APP_FOREVER;

	for (struct user *u = user; u < user + users; u++) {
		if (u->id && u->next_ns <= now) {
			lost++;
			over(u, now);
		}
		if (!u->id && u->next_ns <= now && more && asked < count)
			ask(socket, u, now);
		if ((u->id || (more && asked < count)) && u->next_ns < next)
			next = u->next_ns;
	}
	return next;
}

static void run(struct vlsp_socket *socket)
{
	static char data[65536];
	uint64_t begin = app_now();
	ssize_t got;

	for (;;) {
		uint64_t now = app_now(), next;
		bool more = asked < count && now - begin < duration;

		next = due(socket, now, more);
		if (!more && waiting == 0)
			break;
		if (duration != APP_FOREVER && more && begin + duration < next)
			next = begin + duration;
		got = app_recv(socket, data, sizeof(data), NULL, next);
		if (got < 0 && errno == ECANCELED)
			break;
		if (got >= 0)
			take(data, (size_t)got);
	}
}

int main(int argc, char **argv)
{
	struct vlsp_socket *socket;

	app_start(&app, argc, argv);
	if (users < 1 || users > USERS_MAX)
		app_usage("-c", "1 to %d", USERS_MAX);
	rng.state = random_seed();
	user = calloc(users, sizeof(*user));
	if (!user)
		app_fail("no memory");
	socket = app_socket(0);
	if (vlsp_connect(socket, &to) < 0)
		app_fail("cannot connect");
	app_ready();
	run(socket);
	printf("%llu requests, %llu responses, %llu lost, %llu refused, %zu unfinished; %llu "
	       "bytes\n",
	       asked, (unsigned long long)latency.count, lost, refused, waiting, bytes);
	if (latency.count)
		printf("latency mean %.3f ms, median %.3f, 90%% %.3f, 99%% %.3f, max %.3f ms\n",
		       stats_mean(&latency) / 1e6, (double)stats_percentile(&latency, 50) / 1e6,
		       (double)stats_percentile(&latency, 90) / 1e6,
		       (double)stats_percentile(&latency, 99) / 1e6, (double)latency.max / 1e6);
	return app_end() || latency.count == 0;
}
