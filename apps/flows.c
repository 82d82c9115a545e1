// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flows: begins flows at random times, of random lengths and rates, to a set of addresses; with -l
 * it is the side that receives and counts them. Each flow has a socket, so a source port and a flow
 * id, of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/common.h"
#include "apps/random.h"

#define TARGETS_MAX 64
#define FLOWS_MAX   4096
#define SEEN_MAX    65536
#define MAGIC	    0x666c6f77 /* "flow" */
#define SECOND	    1000000000ULL
#define BURST	    64 /* of a flow, before others, and signals, are looked at again */

struct head { /* of each datagram; read by flows only, on the same machine */
	uint32_t magic, run;
	uint64_t flow, number, total; /* datagrams, from 0 */
};

struct flow { /* one that is being sent */
	struct vlsp_socket *socket;
	struct head head;
	uint64_t bytes, next_ns;
	double interval_ns;
};

struct seen {		     /* one that is being received */
	uint32_t run, heard; /* heard: round of the last datagram */
	uint64_t flow, got, total;
};

static uint16_t listen_port;
static struct vlsp_address targets[TARGETS_MAX];
static unsigned target_count;
static struct random_dist arrival = {RANDOM_EXPONENTIAL, 1, 0},
			  length = {RANDOM_CONSTANT, 10240, 0}, rate = {RANDOM_CONSTANT, 1e6, 0};
static uint64_t size = 1000, count = UINT64_MAX, duration = APP_FOREVER, at_once = 500, seed;
static struct random rng;
static struct flow *flows;
static struct seen *table; /* open addressing; total 0: free */
static size_t table_size = 1024, table_used;
static uint32_t round_now;
static uint64_t next_round;
static size_t active;
static unsigned long long begun, ended, left_out, given_up, datagrams, bytes, foreign;

static void report(void)
{
	vlsp_app_report("flows.begun", "%llu", begun);
	vlsp_app_report("flows.ended", "%llu", ended);
	vlsp_app_report("flows.active", "%zu", listen_port ? table_used : active);
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
	vlsp_app_report("flows.left-out", "%llu", left_out);
	if (listen_port) {
		vlsp_app_report("flows.given-up", "%llu", given_up);
		vlsp_app_report("foreign", "%llu", foreign);
	}
}

static const char *parse_target(const char *text, void *value)
{
	const char *wanted;

	(void)value;
	if (target_count == TARGETS_MAX)
		return "possible: there are 64 addresses already";
	wanted = parse_address(text, &targets[target_count]);
	target_count += !wanted;
	return wanted;
}

static const struct app_option options[] = {
	{"[ADDR:PORT...]", NULL, "where flows go to, each to one of them at random", parse_target,
	 NULL},
	{"-a", "DIST", "time from one flow's beginning to the next (default exponential:1s)",
	 parse_dist_time, &arrival},
	{"-b", "DIST", "bytes of a flow (default 10K)", parse_dist_bytes, &length},
	{"-r", "DIST", "rate of a flow (default 1mbit)", parse_dist_rate, &rate},
	{"-s", "BYTES", "payload of each datagram (default 1000, at least 32)", parse_bytes, &size},
	{"-n", "COUNT", "ends after so many flows", parse_count, &count},
	{"-t", "TIME", "begins flows for that time", parse_time, &duration},
	{"-f", "COUNT", "at most so many at once (default 500); others are left out", parse_count,
	 &at_once},
	{"-x", "SEED", "draws the same again", parse_count, &seed},
	{"-l", "PORT", "receives and counts flows at that port, until SIGTERM", parse_port,
	 &listen_port},
	{0},
};
static const struct app app = {"flows",
			       "generates flows by distributions, or receives and counts them",
			       options, report, NULL};

/* --- sending -------------------------------------------------------------------------------- */

static void begin_flow(uint32_t run, uint64_t now)
{
	const struct vlsp_address *to = &targets[random_next(&rng) % target_count];
	double drawn_length = random_draw(&length, &rng), drawn_rate = random_draw(&rate, &rng);
	struct flow *flow = &flows[active];

	if (active == at_once) {
		left_out++;
		return;
	}
	*flow = (struct flow){.head = {MAGIC, run, begun, 0, 0}, .next_ns = now};
	flow->bytes = drawn_length < sizeof(struct head) ? sizeof(struct head)
		      : drawn_length > 1e15		 ? (uint64_t)1e15
							 : (uint64_t)drawn_length;
	flow->head.total = (flow->bytes + size - 1) / size;
	flow->interval_ns = drawn_rate > 1 ? (double)size * 8e9 / drawn_rate : 1e12;
	flow->socket = app_socket(0);
	if (vlsp_connect(flow->socket, to) < 0)
		app_fail("cannot connect");
	begun++;
	active++;
}

/* One datagram; the last one is as long as what is left, but has room for the head. */
static void send_one(struct flow *flow)
{
	static char data[65536];
	uint64_t left = flow->bytes - flow->head.number * size,
		 now_size = left < size ? left : size;

	if (now_size < sizeof(flow->head))
		now_size = sizeof(flow->head);
	memcpy(data, &flow->head, sizeof(flow->head));
	if (app_send(flow->socket, data, now_size, NULL)) {
		datagrams++;
		bytes += now_size;
	}
	flow->head.number++;
	flow->next_ns += (uint64_t)flow->interval_ns;
}

/* Sends what is due; when the next one is. */
static uint64_t send_due(uint64_t now)
{
	uint64_t next = APP_FOREVER;

	for (size_t i = 0; i < active;) {
		struct flow *flow = &flows[i];

		for (int n = 0;
		     n < BURST && flow->next_ns <= now && flow->head.number < flow->head.total; n++)
			send_one(flow);
		if (flow->head.number == flow->head.total) {
			vlsp_socket_close(flow->socket);
			ended++;
			*flow = flows[--active];
			continue;
		}
		if (flow->next_ns < next)
			next = flow->next_ns;
		i++;
	}
	return next;
}

static void generate(void)
{
	uint64_t begin = app_now(), next_arrival = begin, next = 0;
	uint32_t run = (uint32_t)random_seed();

	for (;;) {
		uint64_t now = app_now();
		bool more = begun + left_out < count && now - begin < duration;

		for (int n = 0; n < FLOWS_MAX && more && next_arrival <= now; n++) {
			begin_flow(run, now);
			next_arrival += random_draw_ns(&arrival, &rng);
			more = begun + left_out < count;
		}
		next = send_due(now);
		if (!more && active == 0)
			break;
		if (more && next_arrival < next)
			next = next_arrival;
		if (app_wait(-1, next) < 0)
			break;
	}
	printf("sent %llu flows, %llu ended, %zu cut off, %llu left out; %llu datagrams, %llu "
	       "bytes\n",
	       begun, ended, active, left_out, datagrams, bytes);
}

/* --- receiving ------------------------------------------------------------------------------ */

static size_t place_of(uint32_t run, uint64_t flow)
{
	struct random hash = {run ^ flow << 32 ^ flow >> 32};

	return (size_t)random_next(&hash) & (table_size - 1);
}

static struct seen *find(uint32_t run, uint64_t flow)
{
	size_t i = place_of(run, flow);

	while (table[i].total && (table[i].run != run || table[i].flow != flow))
		i = (i + 1) & (table_size - 1);
	return &table[i];
}

/* All that were heard of in this round, or (all) all. */
static void resize(size_t to, bool all)
{
	struct seen *old = table;
	size_t old_size = table_size;

	table_size = to;
	table = calloc(table_size, sizeof(*table));
	if (!table)
		app_fail("cannot remember %zu flows", table_used);
	for (size_t i = 0; i < old_size; i++) {
		if (!old[i].total)
			continue;
		if (all || old[i].heard == round_now)
			*find(old[i].run, old[i].flow) = old[i];
		else
			table_used--;
	}
	free(old);
}

/* One of which a datagram was lost never is complete; and who sends may make up as many as he
 * likes. When there are too many, those that nothing came of for a second, or two, are given up. */
static bool make_room(void)
{
	size_t before = table_used;

	if (table_used < SEEN_MAX) {
		if (table_used * 2 >= table_size)
			resize(2 * table_size, true);
		return true;
	}
	if (app_now() < next_round)
		return false;
	next_round = app_now() + SECOND;
	resize(table_size, false);
	given_up += before - table_used;
	round_now++;
	return table_used < SEEN_MAX;
}

/* Those behind it that have been put there because it was in their way move up (Knuth, 6.4,
 * algorithm R). */
static void forget(struct seen *seen)
{
	size_t hole = (size_t)(seen - table);

	table[hole].total = 0;
	for (size_t i = (hole + 1) & (table_size - 1); table[i].total;
	     i = (i + 1) & (table_size - 1)) {
		struct seen moved = table[i];

		table[i].total = 0;
		*find(moved.run, moved.flow) = moved;
	}
	table_used--;
}

static void count_one(const struct head *head, size_t got)
{
	struct seen *seen = find(head->run, head->flow);

	datagrams++;
	bytes += got;
	if (!seen->total) {
		if (!make_room()) {
			left_out++;
			return;
		}
		seen = find(head->run, head->flow);
		*seen = (struct seen){.run = head->run, .flow = head->flow, .total = head->total};
		table_used++;
		begun++;
	}
	seen->heard = round_now;
	if (++seen->got == seen->total) {
		ended++;
		forget(seen);
	}
}

static void receive(void)
{
	static char data[65536];
	struct vlsp_socket *socket = app_socket(listen_port);
	unsigned long long missing = 0;
	struct head head;
	ssize_t got;

	table = calloc(table_size, sizeof(*table));
	if (!table)
		app_fail("no memory");
	app_ready();
	while ((got = app_recv(socket, data, sizeof(data), NULL, APP_FOREVER)) >= 0) {
		memcpy(&head, data, sizeof(head));
		if ((size_t)got < sizeof(head) || head.magic != MAGIC || head.number >= head.total)
			foreign++;
		else
			count_one(&head, (size_t)got);
	}
	for (size_t i = 0; i < table_size; i++)
		missing += table[i].total ? table[i].total - table[i].got : 0;
	printf("received %llu flows, %llu complete, %zu not, with %llu datagrams missing; %llu "
	       "datagrams, %llu bytes, "
	       "%llu foreign\n",
	       begun, ended, table_used, missing, datagrams, bytes, foreign);
}

int main(int argc, char **argv)
{
	app_start(&app, argc, argv);
	if (size < sizeof(struct head) || size > 65507)
		app_usage("-s", "%zu to 65507", sizeof(struct head));
	if (at_once < 1 || at_once > FLOWS_MAX)
		app_usage("-f", "1 to %d", FLOWS_MAX);
	if (listen_port && target_count)
		app_usage("-l", "receives: it has no ADDR:PORT to send to");
	if (listen_port) {
		receive();
		return app_end();
	}
	if (!target_count)
		app_usage("ADDR:PORT", "is missing (or -l PORT)");
	if (random_mean(&rate) < 1)
		app_usage("-r", "at least 1 bit/s");
	if (random_mean(&arrival) <= 0 && count == UINT64_MAX)
		app_usage("-a", "all at once needs -n COUNT");
	rng.state = seed ? seed : random_seed();
	flows = calloc(at_once, sizeof(*flows));
	if (!flows)
		app_fail("no memory");
	app_ready();
	generate();
	return app_end();
}
