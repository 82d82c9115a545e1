// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ping: round trips of datagrams to an echo application. The original's Ping. (vlsp ping and
 * ping(8) ask the router itself, by ICMP: they need no application at the other end.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/common.h"
#include "apps/stats.h"

#define MAGIC 0x766c7370 /* "vlsp" */

struct probe { /* at the beginning of each datagram; only this process reads it */
	uint32_t magic, run;
	uint64_t number, sent_ns;
};

static struct vlsp_address to;
static uint16_t port = 7;
static uint64_t count = UINT64_MAX, interval_ns = 1000000000, size = 64, wait_ns = 1000000000;
static bool quiet;
static struct stats rtt;
static unsigned long long sent, duplicates;
static uint32_t run;
static unsigned char *seen; /* a bit for each number that has been answered */
static size_t seen_size;

static void report(void)
{
	vlsp_app_report("sent", "%llu", sent);
	vlsp_app_report("received", "%llu", (unsigned long long)rtt.count);
	vlsp_app_report("rtt.mean_us", "%.1f", stats_mean(&rtt) / 1e3);
	vlsp_app_report("rtt.p50_us", "%.1f", (double)stats_percentile(&rtt, 50) / 1e3);
	vlsp_app_report("rtt.p99_us", "%.1f", (double)stats_percentile(&rtt, 99) / 1e3);
}

static const struct app_option options[] = {
	{"ADDR", NULL, "router where echo runs", parse_host, &to},
	{"-c", "COUNT", "ends after so many (default: goes on)", parse_count, &count},
	{"-i", "TIME", "interval (default 1s; 0: as soon as the answer is there)", parse_time,
	 &interval_ns},
	{"-s", "BYTES", "payload (default 64, at least 24)", parse_bytes, &size},
	{"-p", "PORT", "echo's port (default 7)", parse_port, &port},
	{"-w", "TIME", "waits that long for the last answer (default 1s)", parse_time, &wait_ns},
	{"-q", NULL, "prints only the summary", NULL, &quiet},
	{0},
};
static const struct app app = {"ping", "measures round trips to an echo application", options,
			       report, NULL};

static bool first_answer(uint64_t number)
{
	size_t byte = number / 8;
	unsigned char bit = (unsigned char)(1 << number % 8);

	if (byte >= seen_size) {
		size_t larger = byte * 2 + 1024;
		unsigned char *more = realloc(seen, larger);

		if (!more)
			app_fail("no memory");
		memset(more + seen_size, 0, larger - seen_size);
		seen = more;
		seen_size = larger;
	}
	if (seen[byte] & bit)
		return false;
	seen[byte] |= bit;
	return true;
}

/* Takes answers until that time, or until all are there, or (one) until the first; false: the
 * application ends. */
static bool answers(struct vlsp_socket *socket, uint64_t until, bool all)
{
	static char data[65536];
	char from[VLSP_ADDRESS_TEXT];
	struct vlsp_info info;
	struct probe probe;

	while (rtt.count < sent || !all) {
		ssize_t got = app_recv(socket, data, sizeof(data), &info, until);
		uint64_t now = app_now();

		if (got < 0)
			return errno == ETIMEDOUT;
		memcpy(&probe, data, sizeof(probe));
		if ((size_t)got < sizeof(probe) || probe.magic != MAGIC || probe.run != run ||
		    probe.number >= sent)
			continue;
		if (!first_answer(probe.number)) {
			duplicates++;
			continue;
		}
		stats_add(&rtt, now - probe.sent_ns);
		if (!quiet)
			printf("%zd bytes from %s: seq %llu ttl %u time %.3f ms\n", got,
			       vlsp_address_format(&info.from, from),
			       (unsigned long long)probe.number + 1, info.ttl,
			       (double)(now - probe.sent_ns) / 1e6);
	}
	return true;
}

static void summary(void)
{
	unsigned long long lost = sent - rtt.count;

	printf("%llu sent, %llu received, %llu duplicates, %.2f%% lost\n", sent,
	       (unsigned long long)rtt.count, duplicates,
	       sent ? 100.0 * (double)lost / (double)sent : 0);
	if (rtt.count)
		printf("rtt min/mean/max/deviation %.3f/%.3f/%.3f/%.3f ms, median %.3f, 90%% %.3f, "
		       "99%% %.3f ms\n",
		       (double)rtt.min / 1e6, stats_mean(&rtt) / 1e6, (double)rtt.max / 1e6,
		       stats_deviation(&rtt) / 1e6, (double)stats_percentile(&rtt, 50) / 1e6,
		       (double)stats_percentile(&rtt, 90) / 1e6,
		       (double)stats_percentile(&rtt, 99) / 1e6);
}

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	struct probe probe = {.magic = MAGIC};
	uint64_t next;

	app_start(&app, argc, argv);
	if (!count)
		app_usage("-c", "at least 1");
	if (size < sizeof(probe) || size > 65507)
		app_usage("-s", "%zu to 65507", sizeof(probe));
	to.port = port;
	socket = app_socket(0);
	if (vlsp_connect(socket, &to) < 0)
		app_fail("cannot connect");
	run = probe.run = (uint32_t)app_now();
	app_ready();
	next = app_now();
	while (sent < count) {
		probe.number = sent++;
		probe.sent_ns = app_now();
		memcpy(data, &probe, sizeof(probe));
		app_send(socket, data, size, NULL);
		next = interval_ns ? next + interval_ns : app_now() + wait_ns;
		if (sent < count && !answers(socket, next, interval_ns == 0))
			break;
	}
	if (rtt.count < sent)
		answers(socket, app_now() + wait_ns, true);
	summary();
	return app_end() || rtt.count == 0;
}
