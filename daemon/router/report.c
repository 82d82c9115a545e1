/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon is told about links and routes. Called by router.c and router_frame.c. A table
 * that is changing is not worth a frame: RIB goes out when it was at rest for REST_NS and the
 * protocol waits for nothing, at most once in GAP_NS, and at the latest PATIENCE_NS after a change
 * (a neighbour that went silent leaves something unacknowledged until it is declared lost).
 */
#include <string.h>

#include "daemon/router/router_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define REST_NS		 NSEC_PER_MSEC
#define GAP_NS		 (5 * NSEC_PER_MSEC)
#define PATIENCE_NS	 (100 * NSEC_PER_MSEC)
#define ROUTES_PER_FRAME 1000

static bool table_now(const struct router *router, struct frame_rib *rib)
{
	const struct packet_stats *packets = packet_stats(router->packet);
	struct proto_stats stats;

	*rib = (struct frame_rib){.links_up = links_up(router->links)};
	if (!router->proto) {
		rib->version = router->central_version;
		rib->reachable = fib_routes(router->fib);
		rib->metric_sum = fib_metric_sum(router->fib);
		rib->ctl_bad = packets->bad;
		return false;
	}
	proto_stats(router->proto, &stats);
	rib->version = stats.version;
	rib->metric_sum = stats.metric_sum;
	rib->reachable = stats.reachable;
	rib->ctl_rx = stats.rx;
	rib->ctl_tx = stats.tx;
	rib->ctl_bad = stats.bad + packets->bad;
	return stats.pending;
}

static bool is_same(const struct frame_rib *a, const struct frame_rib *b)
{
	return a->version == b->version && a->links_up == b->links_up &&
	       a->reachable == b->reachable && a->metric_sum == b->metric_sum;
}

void report_update(struct router *router, uint64_t now_ns)
{
	struct report *report = &router->report;
	struct frame_rib rib;
	uint64_t at;
	bool pending;

	if (!router->configured)
		return;
	pending = table_now(router, &rib);
	if (!is_same(&rib, &report->seen)) {
		report->seen = rib;
		report->changed_ns = now_ns;
	}
	if (!report->must && is_same(&rib, &report->told)) {
		report->first_ns = 0;
		loop_timer_set(router->report_timer, 0);
		return;
	}
	if (!report->first_ns)
		report->first_ns = now_ns;
	at = pending ? report->first_ns + PATIENCE_NS : report->changed_ns + REST_NS;
	if (at < report->told_ns + GAP_NS)
		at = report->told_ns + GAP_NS;
	if (at > now_ns) {
		loop_timer_set(router->report_timer, at);
		return;
	}
	loop_timer_set(router->report_timer, 0);
	report->first_ns = 0;
	if (chan_send(router->chan, FRAME_RIB, &rib, sizeof(rib)) < 0)
		return; /* no daemon: report_all() when there is one */
	report->told = rib;
	report->told_ns = now_ns;
	report->must = false;
}

void report_timer(void *arg)
{
	report_update(arg, clock_mono_ns());
}

void report_link(struct router *router, const struct link *link, uint32_t cause)
{
	struct frame_link_state state = {.port = link->port, .up = link->live.up, .cause = cause};

	/* without a daemon: report_all() when there is one */
	(void)chan_send(router->chan, FRAME_LINK, &state, sizeof(state));
}

void report_all(struct router *router)
{
	for (size_t i = 0; i < links_count(router->links); i++)
		report_link(router, links_at(router->links, i), FRAME_CAUSE_HELLO);
	router->report.must = true;
	report_update(router, clock_mono_ns());
}

/* --- answer to DUMP -------------------------------------------------------------------------- */

struct dump {
	struct router *router;
	uint32_t cookie;
	size_t count;
};

static struct {
	struct frame_routes head;
	struct frame_route routes[ROUTES_PER_FRAME];
} dump_frame;

static void dump_send(struct dump *dump, uint32_t more)
{
	dump_frame.head = (struct frame_routes){.cookie = dump->cookie, .more = more};
	/* a daemon that is gone does not wait for the rest */
	(void)chan_send(
		dump->router->chan, FRAME_ROUTES, &dump_frame,
		(uint32_t)(sizeof(dump_frame.head) + dump->count * sizeof(dump_frame.routes[0])));
	dump->count = 0;
}

static void dump_route(void *arg, uint32_t dst, uint32_t port, uint32_t metric)
{
	struct dump *dump = arg;
	const struct link *link = links_find(dump->router->links, port);

	if (dst == dump->router->request.address)
		return;
	if (dump->count == ROUTES_PER_FRAME)
		dump_send(dump, 1);
	dump_frame.routes[dump->count++] = (struct frame_route){
		.dst = dst, .nexthop = link ? link->peer : 0, .port = port, .metric = metric};
}

void report_routes(struct router *router, uint32_t cookie)
{
	struct dump dump = {.router = router, .cookie = cookie};

	if (router->proto)
		proto_routes(router->proto, dump_route, &dump);
	else
		fib_each(router->fib, dump_route, &dump);
	dump_send(&dump, 0);
}
