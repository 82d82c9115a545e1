// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * limit: a token bucket for each flow. What does not fit is dropped, or marked with a traffic
 * class. Rates are of bytes on links, network part included.
 */
#include <stdlib.h>
#include <string.h>

#include "apps/fn.h"

#define SETS 1024 /* flows that are known: SETS * WAYS; the one longest unused gives way */
#define WAYS 8

struct flow {
	uint32_t id; /* 0: none */
	struct fn_bucket bucket;
};

static struct flow flows[SETS][WAYS];
static double rate;
static uint64_t burst = 15000, tclass;
static bool marks;
static unsigned long long within, beyond, known, replaced;

static void report(void)
{
	fn_report();
	vlsp_app_report("rate", "%.0f", rate);
	vlsp_app_report("burst", "%llu", (unsigned long long)burst);
	if (marks)
		vlsp_app_report("action", "mark:%u", (unsigned)tclass);
	else
		vlsp_app_report("action", "drop");
	vlsp_app_report("within", "%llu", within);
	vlsp_app_report("beyond", "%llu", beyond);
	vlsp_app_report("flows", "%llu", known);
	vlsp_app_report("replaced", "%llu", replaced);
}

static const char *parse_action(const char *text, void *value)
{
	uint64_t n;

	(void)value;
	if (strcmp(text, "drop") == 0) {
		marks = false;
		return NULL;
	}
	if (strncmp(text, "mark:", 5) != 0 || parse_count(text + 5, &n) || n > 255)
		return "drop, or mark:CLASS with a traffic class (0 to 255)";
	tclass = n;
	marks = true;
	return NULL;
}

static const struct app_option options[] = {
	{"RATE", NULL, "of each flow, bit/s: 64kbit, 1.5mbit", fn_parse_rate, &rate},
	{"--burst", "BYTES", "that may come at once (default 15000)", fn_parse_burst, &burst},
	{"--action", "ACTION", "on what is beyond: drop (default), or mark:CLASS", parse_action,
	 NULL},
	FN_MATCH,
	FN_OPTIONS,
	{0},
};
static const struct app_option settings[] = {
	{"rate", "RATE", "of each flow", fn_parse_rate, &rate},
	{"burst", "BYTES", "that may come at once", fn_parse_burst, &burst},
	{"action", "ACTION", "on what is beyond", parse_action, NULL},
	{0},
};
static const struct app app = {"limit", "limits the rate of each flow", options, report, settings};

static struct fn_bucket *bucket_of(uint32_t id)
{
	struct flow *set = flows[(id ^ id >> 16) % SETS], *oldest = set;

	for (struct flow *flow = set; flow < set + WAYS; flow++) {
		if (flow->id == id)
			return &flow->bucket;
		if (!flow->id || flow->bucket.filled_ns < oldest->bucket.filled_ns)
			oldest = flow;
		if (!flow->id)
			break;
	}
	known += !oldest->id;
	replaced += oldest->id != 0;
	*oldest = (struct flow){.id = id};
	return &oldest->bucket;
}

static void treat(struct vlsp_packet *packet)
{
	struct vlsp_fields f;

	if (vlsp_packet_fields(packet, &f) < 0 ||
	    fn_bucket_take(bucket_of(f.flow), rate / 8, (double)burst, (double)packet->size,
			   packet->arrived_ns)) {
		within++;
		fn_pass(packet);
		return;
	}
	beyond++;
	if (!marks) {
		fn_drop(packet);
		return;
	}
	if (vlsp_packet_set_tclass(packet, (uint8_t)tclass) < 0)
		app_fail("cannot mark a datagram");
	fn_pass(packet);
}

int main(int argc, char **argv)
{
	struct vlsp_packet packet;

	app_start(&app, argc, argv);
	fn_open(NULL);
	app_ready();
	while (fn_next(&packet, NULL))
		treat(&packet);
	return app_end();
}
