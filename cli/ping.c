// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp ping: echo requests from one router to another, in the words of ping(8). */
#include "cli/nouns.h"
#include "cli/probe.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define COUNT_DEFAULT 4
#define COUNT_MAX     65535 /* of sequence numbers */
#define SIZE_DEFAULT  56

struct sent {
	uint64_t at_ns;
	bool answered, settled; /* settled: answered, or refused by an ICMP error */
};

struct ping {
	struct cli *cli;
	struct probe probe;
	struct sent *sent; /* by sequence number from 1 */
	unsigned count, done, settled, received, duplicates, errors;
	size_t size;
	double sum, square, min, max; /* ms */
	uint64_t start_ns;
	json_t *replies; /* NULL: text is wanted */
};

static void say_reply(struct ping *p, const struct icmp_answer *a, double ms, bool duplicate)
{
	char address[ADDR_TEXT_SIZE];

	if (p->replies) {
		json_array_append_new(p->replies, json_pack("{s:i, s:i, s:f}", "seq", (int)a->seq,
							    "ttl", (int)a->ttl, "rtt_ms", ms));
		return;
	}
	if (!cli_given(p->cli, "quiet"))
		fprintf(p->cli->out, "%zu bytes from %s (%s): icmp_seq=%u ttl=%u time=%.3f ms%s\n",
			a->size, probe_name(p->cli, &p->probe, a->from),
			addr_format(a->from, address), a->seq, a->ttl, ms,
			duplicate ? " (DUP!)" : "");
	fflush(p->cli->out);
}

static void say_error(struct ping *p, const struct icmp_answer *a)
{
	char address[ADDR_TEXT_SIZE];

	if (p->replies || cli_given(p->cli, "quiet"))
		return;
	fprintf(p->cli->out, "From %s (%s) icmp_seq=%u %s\n",
		probe_name(p->cli, &p->probe, a->from), addr_format(a->from, address), a->seq,
		icmp_text(a));
	fflush(p->cli->out);
}

static void take(struct ping *p, const struct icmp_answer *a, uint64_t now_ns)
{
	struct sent *sent = &p->sent[a->seq];
	double ms;

	if (a->seq == 0 || a->seq > p->done)
		return;
	if (a->kind != ICMP_REPLY) {
		if (!sent->settled)
			p->settled++;
		sent->settled = true;
		p->errors++;
		say_error(p, a);
		return;
	}
	ms = (double)(now_ns - sent->at_ns) / 1e6;
	say_reply(p, a, ms, sent->answered);
	if (sent->answered) {
		p->duplicates++;
		return;
	}
	sent->answered = true;
	if (!sent->settled)
		p->settled++;
	sent->settled = true;
	p->min = p->received == 0 || ms < p->min ? ms : p->min;
	p->max = ms > p->max ? ms : p->max;
	p->sum += ms;
	p->square += ms * ms;
	p->received++;
}

/* Until the deadline, or until nothing is open when all are sent. 0, -EINTR or -errno. */
static int gather(struct ping *p, uint64_t deadline_ns)
{
	struct icmp_answer answer;
	int r = 1;

	while (r == 1 && !(p->done == p->count && p->settled == p->count)) {
		r = probe_receive(&p->probe, deadline_ns, &answer);
		if (r == 1)
			take(p, &answer, clock_mono_ns());
	}
	return r < 0 ? r : 0;
}

static int probes(struct ping *p, uint64_t interval_ns, uint64_t timeout_ns)
{
	uint64_t next;
	int r = 0, rc;

	p->start_ns = next = clock_mono_ns();
	while (p->done < p->count && r == 0) {
		p->sent[++p->done].at_ns = clock_mono_ns();
		rc = probe_send(p->cli, &p->probe, (uint16_t)p->done, p->size, 0);
		if (rc)
			return rc;
		next += interval_ns;
		r = gather(p, p->done < p->count ? next : clock_mono_ns() + timeout_ns);
	}
	if (r < 0 && r != -EINTR)
		return cli_fail(p->cli, "receiving: %s", strerror(-r));
	return 0;
}

static double mdev(const struct ping *p)
{
	double mean = p->sum / p->received, variance = p->square / p->received - mean * mean;

	return variance > 0 ? sqrt(variance) : 0;
}

static void statistics(struct ping *p, double loss)
{
	FILE *out = p->cli->out;

	fprintf(out, "\n--- %s ping statistics ---\n", p->probe.to.name);
	fprintf(out, "%u packets transmitted, %u received, ", p->done, p->received);
	if (p->duplicates)
		fprintf(out, "+%u duplicates, ", p->duplicates);
	if (p->errors)
		fprintf(out, "+%u errors, ", p->errors);
	fprintf(out, "%g%% packet loss, time %llums\n", loss,
		(unsigned long long)((clock_mono_ns() - p->start_ns) / NSEC_PER_MSEC));
	if (p->received)
		fprintf(out, "rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", p->min,
			p->sum / p->received, p->max, mdev(p));
}

static int report(struct ping *p)
{
	double loss = p->done ? 100.0 * (p->done - p->received) / p->done : 0;
	char address[ADDR_TEXT_SIZE];
	json_t *body;

	if (!p->replies) {
		statistics(p, loss);
		return CLI_DONE;
	}
	addr_format(p->probe.to.address, address);
	body = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:f, s:O}", "from",
			 p->probe.from.name, "to", p->probe.to.name, "address", address, "sent",
			 (int)p->done, "received", (int)p->received, "duplicates",
			 (int)p->duplicates, "errors", (int)p->errors, "lossPercent", loss,
			 "replies", p->replies);
	if (body && p->received)
		json_object_set_new(body, "rtt_ms",
				    json_pack("{s:f, s:f, s:f, s:f}", "min", p->min, "avg",
					      p->sum / p->received, "max", p->max, "mdev",
					      mdev(p)));
	if (!body || json_dumpf(body, p->cli->out, JSON_COMPACT | JSON_REAL_PRECISION(6)) < 0)
		return cli_fail(p->cli, "out of memory");
	fputc('\n', p->cli->out);
	json_decref(body);
	return CLI_DONE;
}

static int run(struct cli *cli)
{
	struct ping p = {
		.cli = cli,
		.count = (unsigned)cli_number(cli, "count", COUNT_DEFAULT),
		.size = (size_t)cli_number(cli, "size", SIZE_DEFAULT),
	};
	char address[ADDR_TEXT_SIZE], from[ADDR_TEXT_SIZE];
	int rc;

	rc = probe_open(cli, &p.probe);
	if (rc)
		return rc;
	p.sent = calloc(COUNT_MAX + 1, sizeof(*p.sent));
	if (cli_given(cli, "json"))
		p.replies = json_array();
	else
		fprintf(cli->out, "PING %s (%s) from %s (%s): %zu data bytes\n", p.probe.to.name,
			addr_format(p.probe.to.address, address), p.probe.from.name,
			addr_format(p.probe.from.address, from), p.size);
	if (!p.sent || (cli_given(cli, "json") && !p.replies))
		rc = cli_fail(cli, "out of memory");
	else
		rc = probes(&p, (uint64_t)cli_number(cli, "interval", (int64_t)NSEC_PER_SEC),
			    (uint64_t)cli_number(cli, "timeout", (int64_t)NSEC_PER_SEC));
	if (rc == 0)
		rc = report(&p);
	if (rc == 0 && (p.received != p.done || p.done == 0))
		rc = CLI_FAILED;
	json_decref(p.replies);
	free(p.sent);
	probe_close(&p.probe);
	return rc;
}

static const struct cli_option options[] = {
	{.name = "count",
	 .letter = 'c',
	 .value = "N",
	 .type = CLI_INT,
	 .min = 1,
	 .max = COUNT_MAX,
	 .help = "how many probes (default 4)"},
	{.name = "interval",
	 .letter = 'i',
	 .value = "S",
	 .type = CLI_DURATION,
	 .min = NSEC_PER_MSEC,
	 .max = 3600 * (int64_t)NSEC_PER_SEC,
	 .help = "seconds from one probe to the next (default 1; 0.2 or 200ms)"},
	{.name = "size",
	 .letter = 's',
	 .value = "BYTES",
	 .type = CLI_INT,
	 .min = 0,
	 .max = ICMP_DATA_MAX - ICMP_HEADER,
	 .help = "data bytes in a probe (default 56)"},
	{.name = "timeout",
	 .letter = 'W',
	 .value = "S",
	 .type = CLI_DURATION,
	 .min = NSEC_PER_MSEC,
	 .max = 3600 * (int64_t)NSEC_PER_SEC,
	 .help = "seconds to wait for answers after the last probe (default 1)"},
	{0},
};

static const struct cli_verb verbs[] = {
	{
		.name = "",
		.help = "send echo requests from router A to router B",
		.more = "Exits with 0 only when every probe was answered. Needs root.",
		.args = {{.name = "A", .help = "from this router", .live = CLI_ROUTER},
			 {.name = "B", .help = "to this router", .live = CLI_ROUTER}},
		.options = options,
		.flags = CLI_JSON,
		.run = run,
	},
	{0},
};

const struct cli_noun noun_ping = {
	.name = "ping",
	.help = "send echo requests from router A to router B",
	.verbs = verbs,
};
