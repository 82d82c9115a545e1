// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vlsp trace: the routers on the way from one to another. Echo requests with TTL 1, 2, 3 ... ;
 * every router at which one ends says so.
 */
#include "cli/nouns.h"
#include "cli/probe.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define PROBES	     3
#define HOPS_DEFAULT 64
#define SILENT_MAX                                                                                 \
	5 /* hops in a row without an answer: what lies behind would not answer either             \
	   */
#define DATA_SIZE 32

struct hop {
	struct {
		struct icmp_answer answer; /* ICMP_OTHER: none */
		uint64_t sent_ns;
		double ms;
	} probe[PROBES];
	unsigned answered;
};

/* Sends the probes of one TTL together and waits for all of them. 0, or the exit code. */
static int hop_run(struct cli *cli, struct probe *probe, int ttl, uint64_t timeout_ns,
		   struct hop *ret_hop)
{
	unsigned first = (unsigned)ttl * PROBES;
	uint64_t deadline;
	int r = 1, rc;

	*ret_hop = (struct hop){0};
	for (unsigned i = 0; i < PROBES; i++) {
		ret_hop->probe[i].sent_ns = clock_mono_ns();
		rc = probe_send(cli, probe, (uint16_t)(first + i), DATA_SIZE, ttl);
		if (rc)
			return rc;
	}
	deadline = clock_mono_ns() + timeout_ns;
	while (ret_hop->answered < PROBES && r == 1) {
		struct icmp_answer answer;
		unsigned i;

		r = probe_receive(probe, deadline, &answer);
		i = r == 1 ? (unsigned)answer.seq - first : PROBES;
		if (i >= PROBES || ret_hop->probe[i].answer.kind != ICMP_OTHER)
			continue; /* a late one of an earlier hop, or a duplicate */
		ret_hop->probe[i].answer = answer;
		ret_hop->probe[i].ms = (double)(clock_mono_ns() - ret_hop->probe[i].sent_ns) / 1e6;
		ret_hop->answered++;
	}
	if (r == -EINTR)
		return cli_fail(cli, "interrupted");
	return r < 0 ? cli_fail(cli, "receiving: %s", strerror(-r)) : 0;
}

static void hop_print(struct cli *cli, struct probe *probe, int ttl, const struct hop *hop)
{
	char address[ADDR_TEXT_SIZE];
	uint32_t last = 0;

	fprintf(cli->out, "%2d ", ttl);
	for (unsigned i = 0; i < PROBES; i++) {
		const struct icmp_answer *a = &hop->probe[i].answer;

		if (a->kind == ICMP_OTHER) {
			fputs(" *", cli->out);
			continue;
		}
		if (a->from != last)
			fprintf(cli->out, " %s (%s) ", probe_name(cli, probe, a->from),
				addr_format(a->from, address));
		last = a->from;
		fprintf(cli->out, " %.3f ms", hop->probe[i].ms);
		if (a->kind == ICMP_UNREACHABLE)
			fprintf(cli->out, " (%s)", icmp_text(a));
	}
	fputc('\n', cli->out);
	fflush(cli->out);
}

static json_t *hop_json(struct cli *cli, struct probe *probe, int ttl, const struct hop *hop)
{
	json_t *list = json_array(), *one = json_pack("{s:i}", "hop", ttl);
	char address[ADDR_TEXT_SIZE];

	for (unsigned i = 0; i < PROBES; i++) {
		const struct icmp_answer *a = &hop->probe[i].answer;

		json_array_append_new(list, a->kind == ICMP_OTHER ? json_null()
								  : json_real(hop->probe[i].ms));
		if (a->kind == ICMP_OTHER || json_object_get(one, "address"))
			continue;
		json_object_set_new(one, "name", json_string(probe_name(cli, probe, a->from)));
		json_object_set_new(one, "address", json_string(addr_format(a->from, address)));
		if (a->kind == ICMP_UNREACHABLE)
			json_object_set_new(one, "error", json_string(icmp_text(a)));
	}
	json_object_set_new(one, "rtt_ms", list);
	return one;
}

static bool hop_has(const struct hop *hop, enum icmp_kind kind)
{
	for (unsigned i = 0; i < PROBES; i++)
		if (hop->probe[i].answer.kind == kind)
			return true;
	return false;
}

/* *ret_reached tells whether the destination answered. 0, or the exit code. */
static int walk(struct cli *cli, struct probe *probe, json_t *hops, bool *ret_reached)
{
	int64_t timeout = cli_number(cli, "timeout", (int64_t)NSEC_PER_SEC);
	int last = (int)cli_number(cli, "max-hops", HOPS_DEFAULT);
	int silent = 0, rc;
	struct hop hop;

	*ret_reached = false;
	for (int ttl = 1; ttl <= last && silent < SILENT_MAX; ttl++) {
		rc = hop_run(cli, probe, ttl, (uint64_t)timeout, &hop);
		if (rc)
			return rc;
		silent = hop.answered ? 0 : silent + 1;
		if (hops)
			json_array_append_new(hops, hop_json(cli, probe, ttl, &hop));
		else
			hop_print(cli, probe, ttl, &hop);
		*ret_reached = hop_has(&hop, ICMP_REPLY);
		if (*ret_reached || hop_has(&hop, ICMP_UNREACHABLE))
			return 0;
	}
	if (silent == SILENT_MAX)
		cli_note(cli, "no answer from %d hops in a row: gave up", SILENT_MAX);
	return 0;
}

static int print_json(struct cli *cli, const struct probe *probe, json_t *hops, bool reached)
{
	char address[ADDR_TEXT_SIZE];
	json_t *body = json_pack("{s:s, s:s, s:s, s:b, s:O}", "from", probe->from.name, "to",
				 probe->to.name, "address", addr_format(probe->to.address, address),
				 "reached", (int)reached, "hops", hops);

	if (!body || json_dumpf(body, cli->out, JSON_COMPACT | JSON_REAL_PRECISION(6)) < 0)
		return cli_fail(cli, "out of memory");
	fputc('\n', cli->out);
	json_decref(body);
	return 0;
}

static int run(struct cli *cli)
{
	char to[ADDR_TEXT_SIZE], from[ADDR_TEXT_SIZE];
	json_t *hops = NULL;
	struct probe probe;
	bool reached;
	int rc;

	rc = probe_open(cli, &probe);
	if (rc)
		return rc;
	if (cli_given(cli, "json"))
		hops = json_array();
	else
		fprintf(cli->out, "trace from %s (%s) to %s (%s), %lld hops at most\n",
			probe.from.name, addr_format(probe.from.address, from), probe.to.name,
			addr_format(probe.to.address, to),
			(long long)cli_number(cli, "max-hops", HOPS_DEFAULT));
	rc = walk(cli, &probe, hops, &reached);
	if (rc == 0 && hops)
		rc = print_json(cli, &probe, hops, reached);
	json_decref(hops);
	probe_close(&probe);
	return rc || reached ? rc : CLI_FAILED;
}

static const struct cli_option options[] = {
	{.name = "max-hops",
	 .letter = 'm',
	 .value = "N",
	 .type = CLI_INT,
	 .min = 1,
	 .max = 255,
	 .help = "give up behind N hops (default 64)"},
	{.name = "timeout",
	 .letter = 'W',
	 .value = "S",
	 .type = CLI_DURATION,
	 .min = NSEC_PER_MSEC,
	 .max = 60 * (int64_t)NSEC_PER_SEC,
	 .help = "seconds to wait for the answers of a hop (default 1)"},
	{0},
};

static const struct cli_verb verbs[] = {
	{
		.name = "",
		.help = "print the routers on the way from router A to router B",
		.more = "Three probes a hop. Exits with 0 when B answered. Needs root.",
		.args = {{.name = "A", .help = "from this router", .live = CLI_ROUTER},
			 {.name = "B", .help = "to this router", .live = CLI_ROUTER}},
		.options = options,
		.flags = CLI_JSON,
		.run = run,
	},
	{0},
};

const struct cli_noun noun_trace = {
	.name = "trace",
	.help = "print the routers on the way from router A to router B",
	.verbs = verbs,
};
