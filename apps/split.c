// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * split: what comes to a port goes on by several ways, each with its share. The original's Split,
 * whose options -path and -split it has as well.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/common.h"
#include "apps/random.h"

#define WAYS_MAX 8

struct way {
	struct vlsp_address to; /* port 0: there is none */
	bool weighed;		/* its weight was said: else it is 1 */
	double weight, credit;
	unsigned long long datagrams, bytes;
};

static uint16_t port;
static struct way ways[WAYS_MAX];
static bool at_random;
static struct random rng;

static void report(void)
{
	char key[32], text[VLSP_ADDRESS_TEXT];

	for (unsigned i = 0; i < WAYS_MAX; i++) {
		if (!ways[i].to.port)
			continue;
		snprintf(key, sizeof(key), "path.%u", i + 1);
		vlsp_app_report(key, "%s", vlsp_address_format(&ways[i].to, text));
		snprintf(key, sizeof(key), "path.%u.weight", i + 1);
		vlsp_app_report(key, "%g", ways[i].weight);
		snprintf(key, sizeof(key), "path.%u.datagrams", i + 1);
		vlsp_app_report(key, "%llu", ways[i].datagrams);
	}
}

static const char *weigh(const char *text, struct way *way)
{
	const char *wanted = parse_real(text, &way->weight);

	way->weighed = !wanted;
	return wanted;
}

/* value: the way. */
static const char *parse_way(const char *text, void *value)
{
	struct way *way = value;
	const char *wanted = parse_address(text, &way->to);

	if (!wanted && !way->weighed)
		way->weight = 1;
	return wanted;
}

/* Each ADDR:PORT[=WEIGHT] is the next way. */
static const char *parse_next_way(const char *text, void *value)
{
	const char *equals = strchr(text, '='), *wanted;
	char address[128];
	struct way *way = ways;

	(void)value;
	while (way < ways + WAYS_MAX && way->to.port)
		way++;
	if (way == ways + WAYS_MAX)
		return "possible: there are 8 ways already";
	if (!equals)
		return parse_way(text, way);
	snprintf(address, sizeof(address), "%.*s", (int)(equals - text), text);
	wanted = weigh(equals + 1, way);
	return wanted ? wanted : parse_way(address, way);
}

/* -path N ADDR:PORT comes here twice: a number, and what it is the number of. */
static const char *parse_numbered_way(const char *text, void *value)
{
	uint64_t number;
	const char *wanted;
	struct way **way = value;

	if (*way) {
		wanted = parse_way(text, *way);
		*way = NULL;
		return wanted;
	}
	if (parse_count(text, &number) || number < 1 || number > WAYS_MAX)
		return "the number of a way (1 to 8)";
	*way = &ways[number - 1];
	return NULL;
}

/* -split WEIGHT...: the first, second, ... come here one after the other. */
static const char *parse_weight(const char *text, void *value)
{
	unsigned *n = value;

	if (*n == WAYS_MAX)
		return "possible: there are 8 ways at most";
	return weigh(text, &ways[(*n)++]);
}

/* The setting split=WEIGHT,WEIGHT,... : all or none. */
static const char *parse_weights(const char *text, void *value)
{
	double weights[WAYS_MAX], sum = 0;
	unsigned n = 0;
	char copy[256], *rest;

	(void)value;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (n == WAYS_MAX || parse_real(word, &weights[n]))
			return "a list of weights (0.4,0.6)";
		sum += ways[n].to.port ? weights[n] : 0;
		n++;
	}
	for (unsigned i = 0; i < WAYS_MAX; i++)
		if ((ways[i].to.port != 0) != (i < n))
			return "one weight for each way";
	if (sum <= 0)
		return "a list with a weight above 0";
	for (unsigned i = 0; i < n; i++)
		ways[i].weight = weights[i];
	return NULL;
}

static struct way *numbered;
static unsigned weights_given;
static const struct app_option options[] = {
	{"PORT", NULL, "port to receive on", parse_port, &port},
	{"[ADDR:PORT=WEIGHT...]", NULL, "the ways, up to 8; a weight left out is 1", parse_next_way,
	 NULL},
	{"-path", "N ADDR:PORT", "way number N, 1 to 8", parse_numbered_way, &numbered},
	{"-split", "WEIGHT...", "weights of the ways, in order of their numbers", parse_weight,
	 &weights_given},
	{"-r", NULL, "chooses at random (default: in turns, which keep the shares exactly)", NULL,
	 &at_random},
	APP_MANAGEMENT,
	{0},
};
#define WAY(n, help)                                                                               \
	{                                                                                          \
		"path." #n, "ADDR:PORT", help, parse_way, &ways[(n)-1]                             \
	}
static const struct app_option settings[] = {
	WAY(1, "where way 1 goes to; path.2 ... path.8 likewise"),
	WAY(2, NULL),
	WAY(3, NULL),
	WAY(4, NULL),
	WAY(5, NULL),
	WAY(6, NULL),
	WAY(7, NULL),
	WAY(8, NULL),
	{"split", "WEIGHT,...", "weights of all ways", parse_weights, NULL},
	{0},
};
static const struct app app = {"split", "sends what comes to a port on by several ways, by weight",
			       options, report, settings};

static double sum_of_weights(void)
{
	double sum = 0;

	for (unsigned i = 0; i < WAYS_MAX; i++)
		sum += ways[i].to.port ? ways[i].weight : 0;
	return sum;
}

/* In turns: each way gets its weight as credit, and who has most goes, and pays for all of them. */
static struct way *choose(void)
{
	double sum = sum_of_weights(), share = at_random ? random_share(&rng) * sum : 0;
	struct way *best = NULL;

	for (struct way *way = ways; way < ways + WAYS_MAX; way++) {
		if (!way->to.port || way->weight <= 0)
			continue;
		if (at_random) {
			best = way;
			share -= way->weight;
			if (share < 0)
				return way;
			continue;
		}
		way->credit += way->weight;
		if (!best || way->credit > best->credit)
			best = way;
	}
	if (!at_random)
		best->credit -= sum;
	return best;
}

int main(int argc, char **argv)
{
	static char data[65536];
	char text[VLSP_ADDRESS_TEXT];
	struct vlsp_socket *socket;
	ssize_t got;

	app_start(&app, argc, argv);
	if (sum_of_weights() <= 0)
		app_usage("ADDR:PORT=WEIGHT", "is missing, or no way has a weight above 0");
	for (unsigned i = 0; weights_given && i < WAYS_MAX; i++)
		if ((ways[i].to.port != 0) != (i < weights_given))
			app_usage("-split", "one weight for each way");
	rng.state = random_seed();
	socket = app_socket(port);
	app_ready();
	while ((got = app_recv(socket, data, sizeof(data), NULL, APP_FOREVER)) >= 0) {
		struct way *way = choose();

		if (!app_send(socket, data, (size_t)got, &way->to))
			continue;
		way->datagrams++;
		way->bytes += (unsigned long long)got;
	}
	for (unsigned i = 0; i < WAYS_MAX; i++)
		if (ways[i].to.port)
			printf("path %u to %s: %llu datagrams, %llu bytes\n", i + 1,
			       vlsp_address_format(&ways[i].to, text), ways[i].datagrams,
			       ways[i].bytes);
	return app_end();
}
