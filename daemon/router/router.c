/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process of one router: wires the packet socket, carrier events, the daemon's frames and
 * timers to the pure parts (links, proto, fib, icmp). Called by child.c. One loop; events change
 * state, and router_settle() runs the routing protocol once after each batch of them.
 */
#include "daemon/router/router.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/router/drop.h"
#include "daemon/router/load.h"
#include "daemon/router/router_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define RETRY_NS	(100 * NSEC_PER_MSEC) /* routes to addresses that nobody has yet */
#define SEQNO_NS	(10 * NSEC_PER_MSEC)
#define CONNECT_WAIT_MS 60000 /* hundreds may queue at a daemon that is busy starting them */
#define LOAD_FRESH_NS	(10 * NSEC_PER_MSEC)
#define PAGE		4096

size_t router_map_length(size_t entries, size_t size)
{
	return (entries * size + PAGE - 1) & ~(size_t)(PAGE - 1);
}

/* --- protocol -------------------------------------------------------------------------------- */

static void proto_send(void *arg, uint32_t port, const void *data, size_t size)
{
	struct router *router = arg;
	const struct link *link = links_find(router->links, port);

	if (link)
		packet_send(router->packet, port, link->peer, VDP_CTL_ROUTES, data, size);
}

static void proto_route(void *arg, uint32_t dst, uint32_t port, uint32_t metric)
{
	struct router *router = arg;

	/* an address that has no slot (yet) is tried again: router_settle() */
	if (dst != router->request.address)
		(void)fib_set(router->fib, dst, port, metric);
}

static const struct proto_ops proto_callbacks = {.send = proto_send, .route = proto_route};

void router_settle(struct router *router)
{
	uint64_t now = clock_mono_ns(), next = UINT64_MAX;

	router->links_changed = false;
	if (router->proto)
		next = proto_run(router->proto, now);
	loop_timer_set(router->proto_timer, next == UINT64_MAX ? 0 : next);
	if (fib_incomplete(router->fib) && router->proto)
		loop_timer_set(router->retry_timer, now + RETRY_NS);
	report_update(router, now);
}

static void on_settle(void *arg)
{
	router_settle(arg);
}

static void on_retry(void *arg)
{
	struct router *router = arg;

	fib_retry(router->fib);
	if (router->proto)
		proto_routes(router->proto, proto_route, router);
	router_settle(router);
}

/* Another one than *epoch, and not 0. */
static int epoch_renew(uint32_t *epoch_inout)
{
	uint32_t epoch = 0;

	while (epoch == 0 || epoch == *epoch_inout) {
		if (getrandom(&epoch, sizeof(epoch), 0) != (ssize_t)sizeof(epoch))
			return -EIO;
	}
	*epoch_inout = epoch;
	return 0;
}

int router_set_mode(struct router *router, enum frame_mode mode)
{
	struct proto_config config = {
		.address = router->request.address,
		/* a later incarnation is newer, whatever the wall clock does */
		.seqno = (uint32_t)(clock_read_ns(CLOCK_BOOTTIME) / SEQNO_NS),
		.dst_max = VLSP_SLOT_MAX,
		.ops = &proto_callbacks,
		.arg = router,
	};
	uint64_t now = clock_mono_ns();
	int r;

	if (mode == FRAME_MODE_CENTRAL) {
		/* what was learned stays until the controller says better */
		proto_free(router->proto);
		router->proto = NULL;
		return 0;
	}
	if (router->proto)
		return 0;
	/* neighbours must not take the new tables for a continuation of the old ones */
	r = router->configured ? epoch_renew(&router->epoch) : 0;
	config.epoch = router->epoch;
	if (r == 0)
		r = proto_new(&config, &router->proto);
	if (r < 0)
		return r;
	if (router->configured)
		links_renew(router->links, now, router->epoch);
	/* the controller's routes could form loops with those that are learned now */
	fib_clear(router->fib);
	for (size_t i = 0; i < links_count(router->links) && r == 0; i++) {
		const struct link *link = links_at(router->links, i);

		if (link->live.up)
			r = proto_neighbour_up(router->proto, now, link->port, link->weight,
					       link->live.epoch);
	}
	return r;
}

/* --- links ----------------------------------------------------------------------------------- */

static void links_send(void *arg, uint16_t kind, const struct links_hello *hellos, size_t count)
{
	struct router *router = arg;

	packet_hellos(router->packet, kind, hellos, count);
}

static void link_up(void *arg, const struct link *link, uint32_t cause)
{
	struct router *router = arg;
	int r = 0;

	router->links_changed = true;
	if (router->proto)
		r = proto_neighbour_up(router->proto, clock_mono_ns(), link->port, link->weight,
				       link->live.epoch);
	if (r < 0)
		log_error("neighbour on port %u not taken: %s", link->port, strerror(-r));
	report_link(router, link, cause);
}

static void link_down(void *arg, const struct link *link, uint32_t cause)
{
	struct router *router = arg;
	struct link gone = *link;

	router->links_changed = true;
	gone.live.up = false; /* one that is deleted may be marked up still */
	if (router->proto)
		proto_neighbour_down(router->proto, clock_mono_ns(), link->port);
	report_link(router, &gone, cause);
}

static uint64_t links_wait(void *arg, uint64_t now_ns)
{
	struct router *router = arg;

	if (now_ns - router->load_at_ns > LOAD_FRESH_NS) {
		router->load_ns = load_wait_ns();
		router->load_at_ns = now_ns;
	}
	return router->load_ns;
}

static const struct links_ops links_callbacks = {
	.send = links_send, .up = link_up, .down = link_down, .wait_ns = links_wait};

void router_links_run(struct router *router)
{
	loop_timer_set(router->links_timer, links_run(router->links, clock_mono_ns()));
}

static void on_links_timer(void *arg)
{
	struct router *router = arg;

	router_links_run(router);
	if (router->links_changed)
		router_settle(router);
}

static void on_carrier(void *arg, uint32_t port, bool carrier)
{
	struct router *router = arg;

	links_carrier(router->links, clock_mono_ns(), port, carrier);
}

/* --- packets --------------------------------------------------------------------------------- */

static void on_control(void *arg, uint32_t port, const struct vdp_ctl *ctl)
{
	struct router *router = arg;
	const struct link *link = links_find(router->links, port);
	struct vdp_hello greeting;

	/* a link that we do not know yet: it is greeted when we do */
	if (!link || ctl->src != link->peer || ctl->dst != router->request.address)
		return;
	if (ctl->kind == VDP_CTL_GREET && ctl->size == sizeof(greeting)) {
		memcpy(&greeting, ctl->payload, sizeof(greeting));
		links_greeted(router->links, clock_mono_ns(), port, &greeting);
	} else if (ctl->kind == VDP_CTL_ROUTES && router->proto && link->live.up) {
		uint64_t now = clock_mono_ns();

		/* a refused message is counted there, and shown as ctl_bad */
		if (proto_receive(router->proto, now, port, ctl->payload, ctl->size) == 0)
			links_heard(router->links, now, port);
	}
}

static void answer(struct router *router, enum icmp_error what, const void *frame, size_t size,
		   size_t wire_size)
{
	uint8_t packet[ICMP_ERROR_MAX];
	int length = icmp_error_build(what, router->request.address, frame, size, wire_size,
				      packet);

	if (length < 0)
		return;
	if (!icmp_limit_take(&router->icmp_limit, clock_mono_ns())) {
		router->icmp_suppressed++;
		return;
	}
	if (icmp_send(router->icmp_sock, packet, (size_t)length) < 0)
		router->icmp_suppressed++;
}

/* A datagram that the fast path could not decide: no route, or its time to live is over. */
static void on_data(void *arg, uint32_t port, const void *frame, size_t size, size_t wire_size)
{
	struct router *router = arg;
	uint32_t own = router->request.address;
	struct vdp_hdr vdp;

	memcpy(&vdp, frame, sizeof(vdp));
	router->undecided++;
	if (!router->configured || ntohl(vdp.dst) == own)
		return;
	if (port == PACKET_PORT_LOCAL) {
		if (ntohl(vdp.src) == own)
			answer(router, ICMP_ERROR_NO_ROUTE, frame, size, wire_size);
	} else if (ntohl(vdp.src) == own || !links_find(router->links, port)) {
		return; /* nobody sends us our own */
	} else if (vdp.ttl <= 1) {
		answer(router, ICMP_ERROR_TTL, frame, size, wire_size);
	} else if (fib_port(router->fib, ntohl(vdp.dst)) == 0) {
		answer(router, ICMP_ERROR_NO_ROUTE, frame, size, wire_size);
	} /* else the route came meanwhile: the datagram is lost, the next one finds it */
}

static const struct packet_ops packet_callbacks = {
	.control = on_control, .data = on_data, .batch_end = on_settle};

/* --- life ------------------------------------------------------------------------------------ */

static int timers_new(struct router *router)
{
	const struct {
		loop_fn fn;
		struct loop_timer **ret;
	} timers[] = {
		{on_links_timer, &router->links_timer},
		{on_settle, &router->proto_timer},
		{report_timer, &router->report_timer},
		{on_retry, &router->retry_timer},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]) && r == 0; i++)
		r = loop_timer_new(router->loop, timers[i].fn, router, timers[i].ret);
	return r;
}

/* What needs privileges, and what needs none. */
static int open_local(struct router *router, const char **ret_what)
{
	int r;

	*ret_what = "an epoch";
	r = epoch_renew(&router->epoch);
	if (r < 0)
		return r;
	*ret_what = "the event loop";
	r = loop_new(&router->loop);
	if (r == 0)
		r = timers_new(router);
	if (r < 0)
		return r;
	*ret_what = "the tables";
	r = fib_new(router->maps.fib, router->capacity, router->maps.addr, &router->fib);
	if (r == 0)
		r = links_new(router->maps.hello, router->epoch, &links_callbacks, router,
			      &router->links);
	if (r < 0)
		return r;
	*ret_what = "the packet socket";
	r = packet_new(router->loop, &packet_callbacks, router, &router->packet);
	if (r < 0)
		return r;
	*ret_what = "the raw socket";
	router->icmp_sock = icmp_open();
	if (router->icmp_sock < 0)
		return router->icmp_sock;
	*ret_what = "the netlink socket";
	return carrier_new(router->loop, on_carrier, on_settle, router, &router->carrier);
}

static int open_all(struct router *router, struct err *err)
{
	const char *what, *path;
	int r = open_local(router, &what);

	if (r < 0)
		return err_errno(err, r, "cannot open %s", what);
	r = drop_root(router->request.uid, router->request.socket, &path, err);
	if (r < 0)
		return r;
	r = chan_new(router->loop, path, &router_chan_ops, router, &router->chan);
	if (r == 0)
		r = chan_connect(router->chan, CONNECT_WAIT_MS);
	return r < 0 ? err_errno(err, r, "cannot connect to %s", router->request.socket) : 0;
}

int router_run(const struct spawn_request *request, const struct router_maps *maps)
{
	static struct router router;
	struct err err = {0};
	int r;

	router.request = *request;
	router.maps = *maps;
	router.capacity = request->fib_capacity;
	router.icmp_sock = -1;
	r = open_all(&router, &err);
	if (r < 0)
		log_error("%s", err.text);
	else
		r = loop_run(router.loop);
	chan_free(router.chan);
	carrier_free(router.carrier);
	packet_free(router.packet);
	links_free(router.links);
	proto_free(router.proto);
	fib_free(router.fib);
	loop_free(router.loop);
	if (router.icmp_sock >= 0)
		close(router.icmp_sock);
	return r;
}
