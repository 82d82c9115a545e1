// SPDX-License-Identifier: GPL-2.0-or-later
/* mark: gives datagrams a traffic class, a flow id, or both. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "apps/fn.h"

static uint64_t tclass, flow;
static bool has_tclass, has_flow;

static void report(void)
{
	fn_report();
	if (has_tclass)
		vlsp_app_report("class", "%u", (unsigned)tclass);
	if (has_flow)
		vlsp_app_report("flow", "%u", (unsigned)flow);
}

static const char *parse_class(const char *text, void *value)
{
	uint64_t n;

	(void)value;
	if (parse_count(text, &n) || n > 255)
		return "a traffic class (0 to 255; DSCP times 4, and ECN)";
	tclass = n;
	has_tclass = true;
	return NULL;
}

static const char *parse_flow(const char *text, void *value)
{
	const bool hex = strncmp(text, "0x", 2) == 0; /* as captures and matches have it */
	uint64_t n = 0;
	char *end = NULL;

	(void)value;
	if (hex && isxdigit((unsigned char)text[2]) && strlen(text) <= 10)
		n = strtoull(text + 2, &end, 16);
	if (hex ? !end || *end || n < 1 : parse_count(text, &n) || n < 1 || n > UINT32_MAX)
		return "a flow id (1 to 4294967295, or hexadecimal with 0x)";
	flow = n;
	has_flow = true;
	return NULL;
}

static const struct app_option options[] = {
	{"--class", "N", "traffic class: DSCP times 4, and ECN", parse_class, NULL},
	{"--flow", "N", "flow id, like 4711 or 0x8eb58817", parse_flow, NULL},
	FN_MATCH,
	FN_OPTIONS,
	{0},
};
static const struct app_option settings[] = {
	{"class", "N", "traffic class", parse_class, NULL},
	{"flow", "N", "flow id", parse_flow, NULL},
	{0},
};
static const struct app app = {"mark", "gives datagrams a traffic class or a flow id", options,
			       report, settings};

int main(int argc, char **argv)
{
	struct vlsp_packet packet;

	app_start(&app, argc, argv);
	if (!has_tclass && !has_flow)
		app_usage("", "--class or --flow is missing");
	fn_open(NULL);
	app_ready();
	while (fn_next(&packet, NULL)) {
		/* Both fail for what ends before its headers do, which passes as it is. */
		if (has_tclass)
			(void)vlsp_packet_set_tclass(&packet, (uint8_t)tclass);
		if (has_flow)
			(void)vlsp_packet_set_flow(&packet, (uint32_t)flow);
		fn_pass(&packet);
	}
	return app_end();
}
