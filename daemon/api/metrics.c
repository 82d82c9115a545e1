// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /metrics: counters of every direction of every link and of the whole, as OpenMetrics 1.0 text
 * (https://github.com/OpenObservability/OpenMetrics): what a Prometheus scrapes. Names of links and
 * routers have no characters that a label would have to escape.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/loader/loader.h"
#include "daemon/api/api_priv.h"
#include "daemon/api/routes.h"
#include "daemon/ctl/pace.h"
#include "daemon/model/app.h"
#include "include/shared/maps.h"
#include "lib/base/cleanup.h"

/* Everything that was read; by link [2 * i] is its A's end, [2 * i + 1] its B's. */
struct sheet {
	FILE *out;
	const struct model_link **links;
	size_t link_count;
	uint32_t *ports;
	struct host_counts *counts;
	struct host_line *lines;
};

/* One number of each direction, from the record of its sending end. */
struct family {
	const char *name, *type, *unit, *help;
	enum { COUNTS, LINE_64, LINE_32, LINE_NS } from;
	size_t offset;
};

static const struct family families[] = {
	{"vlsp_link_packets", "counter", NULL, "Datagrams sent into the direction.", COUNTS,
	 offsetof(struct host_counts, tx_packets)},
	{"vlsp_link_bytes", "counter", "bytes", "Bytes sent into the direction.", COUNTS,
	 offsetof(struct host_counts, tx_bytes)},
	{"vlsp_link_duplicated", "counter", NULL, "Datagrams that emulation doubled.", LINE_64,
	 offsetof(struct host_line, duplicated)},
	{"vlsp_link_corrupted", "counter", NULL, "Datagrams that emulation damaged.", LINE_64,
	 offsetof(struct host_line, corrupted)},
	{"vlsp_link_reordered", "counter", NULL, "Datagrams that emulation let overtake.", LINE_64,
	 offsetof(struct host_line, reordered)},
	{"vlsp_link_late", "counter", NULL,
	 "Datagrams that left more than 1 ms after they were due, the machine being too slow.",
	 LINE_64, offsetof(struct host_line, late)},
	{"vlsp_link_late_max_seconds", "gauge", "seconds", "How late the latest of them was.",
	 LINE_NS, offsetof(struct host_line, late_max_ns)},
	{"vlsp_link_queue_packets", "gauge", "packets", "Datagrams that wait for the rate.",
	 LINE_32, offsetof(struct host_line, queue)},
	{"vlsp_link_held_packets", "gauge", "packets", "Datagrams that wait for their delay.",
	 LINE_32, offsetof(struct host_line, held)},
};

static void put_head(FILE *out, const char *name, const char *type, const char *unit,
		     const char *help)
{
	fprintf(out, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(out, "# UNIT %s %s\n", name, unit);
	fprintf(out, "# HELP %s %s\n", name, help);
}

static void put_seconds(FILE *out, uint64_t ns)
{
	fprintf(out, "%" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000, ns % 1000000000);
}

/* Everything in front of the value; cause may be NULL. */
static void put_labels(FILE *out, const struct model_link *link, int side, const char *name,
		       const char *suffix, const char *cause)
{
	fprintf(out, "%s%s{link=\"%s\",from=\"%s\",to=\"%s\"", name, suffix, link->name,
		link->end[side].router->name, link->end[!side].router->name);
	if (cause)
		fprintf(out, ",cause=\"%s\"", cause);
	fputs("} ", out);
}

static void put_family(const struct sheet *s, const struct family *f)
{
	const char *suffix = strcmp(f->type, "counter") == 0 ? "_total" : "";

	put_head(s->out, f->name, f->type, f->unit, f->help);
	for (size_t i = 0; i < 2 * s->link_count; i++) {
		const struct model_link *link = s->links[i / 2];
		const char *at = f->from == COUNTS ? (const char *)&s->counts[i]
						   : (const char *)&s->lines[i];
		const void *value = at + f->offset;

		/* where nothing is emulated there is nothing to count */
		if (f->from != COUNTS && !link->shape[i % 2].set)
			continue;
		put_labels(s->out, link, (int)(i % 2), f->name, suffix, NULL);
		if (f->from == LINE_NS)
			put_seconds(s->out, *(const uint64_t *)value);
		else if (f->from == LINE_32)
			fprintf(s->out, "%" PRIu32 "\n", *(const uint32_t *)value);
		else
			fprintf(s->out, "%" PRIu64 "\n", *(const uint64_t *)value);
	}
}

/* Counted where a datagram would have left (include/shared/maps.h), the others where it came in. */
static bool is_of_sender(unsigned cause)
{
	return cause == VLSP_DROP_SILENT || cause == VLSP_DROP_LOSS || cause == VLSP_DROP_QUEUE ||
	       cause == VLSP_DROP_OVERRUN;
}

/* Only causes that happened: a link has more of them than there are links that lose anything. */
static void put_drops(const struct sheet *s)
{
	put_head(s->out, "vlsp_link_drops", "counter", NULL,
		 "Datagrams of the direction that were dropped, by cause.");
	for (size_t i = 0; i < 2 * s->link_count; i++)
		for (unsigned cause = 0; cause < VLSP_DROP_CAUSES; cause++) {
			size_t end = is_of_sender(cause) ? i : i ^ 1;
			uint64_t drops = s->counts[end].drop[cause];

			if (!drops)
				continue;
			put_labels(s->out, s->links[i / 2], (int)(i % 2), "vlsp_link_drops",
				   "_total", bld_drop_name(cause));
			fprintf(s->out, "%" PRIu64 "\n", drops);
		}
}

static void put_apps(FILE *out, const struct model *model)
{
	unsigned counts[MODEL_APP_PHASES] = {0};
	const struct list *pos;

	list_for_each (pos, &model->apps)
		counts[list_entry(pos, struct model_app, all)->state.phase]++;
	put_head(out, "vlsp_apps", "gauge", NULL, "Applications, by state.");
	for (int i = 0; i < MODEL_APP_PHASES; i++)
		fprintf(out, "vlsp_apps{state=\"%s\"} %u\n",
			model_app_phase_name((enum model_app_phase)i), counts[i]);
}

static void put_whole(const struct sheet *s, struct api *api)
{
	struct ctl_pace pace;
	FILE *out = s->out;

	ctl_pace(api->ctl, &pace);
	put_head(out, "vlsp_pace_sent", "counter", NULL, "Datagrams that the relay sent.");
	fprintf(out, "vlsp_pace_sent_total %" PRIu64 "\n", pace.now.sent);
	put_head(out, "vlsp_pace_late", "counter", NULL, "Those of them that were late.");
	fprintf(out, "vlsp_pace_late_total %" PRIu64 "\n", pace.now.late);
	put_head(out, "vlsp_pace_overruns", "counter", NULL,
		 "Datagrams lost because nobody took them in time.");
	fprintf(out, "vlsp_pace_overruns_total %" PRIu64 "\n", pace.now.overruns);
	put_head(out, "vlsp_pace_starved_seconds", "counter", "seconds",
		 "Time that the relay was ready to run and had no processor.");
	fputs("vlsp_pace_starved_seconds_total ", out);
	put_seconds(out, pace.now.starved_ns);
	put_head(out, "vlsp_routers", "gauge", NULL, "Routers that there are.");
	fprintf(out, "vlsp_routers %" PRIu32 "\n", api->model->router_count);
	put_head(out, "vlsp_links", "gauge", NULL, "Links that there are.");
	fprintf(out, "vlsp_links %" PRIu32 "\n", api->model->link_count);
	put_apps(out, api->model);
	put_head(out, "vlsp_build", "info", NULL, "Version of the daemon.");
	fprintf(out, "vlsp_build_info{version=\"%s\"} 1\n", VLSP_VERSION);
	fputs("# EOF\n", out);
}

static void sheet_done(struct sheet *s)
{
	free(s->links);
	free(s->ports);
	free(s->counts);
	free(s->lines);
}

static int sheet_read(struct sheet *s, struct api *api)
{
	size_t room = api->model->link_count + 1;
	const struct list *pos;
	int r;

	s->links = calloc(room, sizeof(*s->links));
	s->ports = calloc(2 * room, sizeof(*s->ports));
	s->counts = calloc(2 * room, sizeof(*s->counts));
	s->lines = calloc(2 * room, sizeof(*s->lines));
	if (!s->links || !s->ports || !s->counts || !s->lines)
		return -ENOMEM;
	list_for_each (pos, &api->model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);

		if (link->state == MODEL_PLANNED)
			continue;
		for (size_t side = 0; side < 2; side++)
			s->ports[2 * s->link_count + side] = link->end[side].port;
		s->links[s->link_count++] = link;
	}
	r = ctl_counts_read(api->ctl, s->ports, 2 * s->link_count, s->counts);
	return r < 0 ? r : ctl_lines_read(api->ctl, s->ports, 2 * s->link_count, s->lines);
}

static void get_metrics(struct api_call *call)
{
	struct sheet s = {0};
	char *text = NULL;
	size_t size = 0;
	int r = sheet_read(&s, call->api);

	s.out = r < 0 ? NULL : open_memstream(&text, &size);
	if (s.out) {
		for (size_t i = 0; i < ARRAY_SIZE(families); i++)
			put_family(&s, &families[i]);
		put_drops(&s);
		put_whole(&s, call->api);
		r = fclose(s.out) == 0 ? 0 : -ENOMEM;
	} else if (r == 0) {
		r = -ENOMEM;
	}
	sheet_done(&s);
	if (r < 0) {
		free(text);
		api_answer_error(call, 503, "metrics: cannot be read: %s", strerror(-r));
		return;
	}
	api_answer_text(call, API_METRICS_TYPE, text, size);
}

const struct api_route api_metrics_routes[] = {
	{"GET", "/metrics", get_metrics,
	 "Counters of all links by direction, and of the whole, as OpenMetrics text.", NULL, NULL,
	 API_METRICS, 200},
	{.method = NULL}};
