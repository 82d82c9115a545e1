/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon says to a router: configuration, links, central FIB entries, a larger map, dump,
 * quit. Called by chan.c. A frame that makes no sense changes nothing and is logged; the daemon and
 * its routers come from one package, so it is a bug and not an attack.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/router/map_id.h"
#include "daemon/router/router_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define HELLO_US_MIN 1000
#define PREFIX_MIN   16
#define PREFIX_MAX   30

static void say_hello(void *arg)
{
	struct router *router = arg;
	struct frame_hello hello = {.version = FRAME_VERSION,
				    .slot = router->request.slot,
				    .pid = (uint32_t)getpid(),
				    .fib = router->maps.fib_id};

	/* the daemon names again all that it wants */
	links_unname(router->links);
	if (chan_send(router->chan, FRAME_HELLO, &hello, sizeof(hello)) < 0)
		return; /* gone again: chan tries again */
	if (router->configured)
		report_all(router);
}

static void on_config(struct router *router, const struct frame_config *config)
{
	const struct frame_config *old = &router->config;
	uint64_t now = clock_mono_ns();
	int r;

	if (config->address != router->request.address || config->prefix_len < PREFIX_MIN ||
	    config->prefix_len > PREFIX_MAX || config->mode > FRAME_MODE_CENTRAL ||
	    config->hello_us < HELLO_US_MIN || config->dead_us <= config->hello_us) {
		log_error("configuration refused: address %#x, prefix length %u, mode %u, hello %u "
			  "us, dead %u us",
			  config->address, config->prefix_len, config->mode, config->hello_us,
			  config->dead_us);
		return;
	}
	fib_network(router->fib, config->network, config->prefix_len);
	packet_address(router->packet, config->address);
	if (!router->configured || config->hello_us != old->hello_us ||
	    config->dead_us != old->dead_us)
		links_timing(router->links, now, config->hello_us * 1000ULL,
			     config->dead_us * 1000ULL);
	r = router_set_mode(router, (enum frame_mode)config->mode);
	if (r < 0) {
		log_error("cannot change the routing mode: %s", strerror(-r));
		return;
	}
	if (!router->configured)
		router->report.must = true;
	router->config = *config;
	router->configured = true;
	router_links_run(router);
	(void)chan_send(router->chan, FRAME_READY, NULL, 0);
}

static int on_link(struct router *router, const struct frame_link *link, uint64_t now)
{
	const struct link *known = links_find(router->links, link->port);
	bool changed = false;
	int r;

	switch (link->op) {
	case FRAME_LINK_ADD:
		if (!known || known->peer != link->peer_address)
			return links_add(router->links, now, link->port, link->weight,
					 link->peer_address);
		/* known: the daemon was away */
		/* fallthrough */
	case FRAME_LINK_SET:
		r = links_weight(router->links, link->port, link->weight, &changed);
		if (r == 0 && changed && router->proto)
			proto_neighbour_weight(router->proto, now, link->port, link->weight);
		return r;
	case FRAME_LINK_DEL:
		r = links_del(router->links, link->port);
		if (r == 0 && !router->proto)
			fib_clear_port(router->fib, link->port);
		return r;
	}
	return -EINVAL;
}

static void on_links(struct router *router, const struct frame_link *links, size_t count)
{
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < count; i++) {
		int r = on_link(router, &links[i], now);

		if (r < 0)
			log_error("link refused: op %u, port %u, weight %u: %s", links[i].op,
				  links[i].port, links[i].weight, strerror(-r));
	}
}

static void on_links_end(struct router *router)
{
	const struct link *link;

	while ((link = links_unnamed(router->links))) {
		struct frame_link gone = {.op = FRAME_LINK_DEL, .port = link->port};

		log_debug("link on port %u is no more", link->port);
		on_links(router, &gone, 1);
	}
}

static void on_fib(struct router *router, const struct frame_route *routes, size_t count)
{
	if (router->proto) {
		log_error("routes of the controller refused: the mode is distributed");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		int r = fib_set(router->fib, routes[i].dst, routes[i].port, routes[i].metric);

		if (r < 0)
			log_error("route to %#x refused: %s", routes[i].dst, strerror(-r));
	}
	router->central_version++;
}

static void copy_route(void *arg, uint32_t dst, uint32_t port, uint32_t metric)
{
	(void)fib_set(arg, dst, port, metric);
}

static void on_fib_map(struct router *router, uint32_t capacity, int fd)
{
	size_t length = router_map_length(capacity, sizeof(struct vlsp_fib));
	struct vlsp_fib *map;
	int r;

	if (fd < 0 || capacity < VLSP_FIB_MIN || capacity > VLSP_SLOT_MAX) {
		log_error("FIB map refused: capacity %u, %s descriptor", capacity,
			  fd < 0 ? "no" : "a");
		return;
	}
	map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		log_error("cannot map the new FIB: %s", strerror(errno));
		return;
	}
	r = fib_move(router->fib, map, capacity);
	if (r < 0) {
		log_error("cannot use the new FIB: %s", strerror(-r));
		munmap(map, length);
		return;
	}
	munmap(router->maps.fib, router_map_length(router->capacity, sizeof(*map)));
	router->maps.fib = map;
	router->maps.fib_id = map_id(fd);
	router->capacity = capacity;
	fib_retry(router->fib);
	if (router->proto) /* what the old one had no room for */
		proto_routes(router->proto, copy_route, router->fib);
	(void)chan_send(router->chan, FRAME_READY, NULL, 0);
}

static bool frame_fits(uint16_t type, uint32_t length)
{
	switch (type) {
	case FRAME_CONFIG:
		return length == sizeof(struct frame_config);
	case FRAME_LINKS:
		return length % sizeof(struct frame_link) == 0;
	case FRAME_FIB:
		return length % sizeof(struct frame_route) == 0;
	case FRAME_DUMP:
	case FRAME_PING:
	case FRAME_FIB_MAP:
		return length == sizeof(uint32_t);
	case FRAME_LINKS_END:
	case FRAME_QUIT:
		return length == 0;
	}
	return false;
}

/* Before its configuration a router has nothing to do but this. */
static bool is_early(uint16_t type)
{
	return type == FRAME_CONFIG || type == FRAME_PING || type == FRAME_QUIT;
}

static void on_frame(void *arg, uint16_t type, const void *body, uint32_t length, int fd)
{
	struct router *router = arg;
	uint32_t word = 0;

	if (!frame_fits(type, length) || (!router->configured && !is_early(type))) {
		log_error("frame of type %u with %u bytes refused", type, length);
		if (fd >= 0)
			close(fd);
		return;
	}
	if (length == sizeof(word))
		memcpy(&word, body, sizeof(word));
	switch (type) {
	case FRAME_CONFIG:
		on_config(router, body);
		break;
	case FRAME_LINKS:
		on_links(router, body, length / sizeof(struct frame_link));
		break;
	case FRAME_LINKS_END:
		on_links_end(router);
		break;
	case FRAME_PING:
		(void)chan_send(router->chan, FRAME_PONG, &word, sizeof(word));
		break;
	case FRAME_FIB:
		on_fib(router, body, length / sizeof(struct frame_route));
		break;
	case FRAME_DUMP:
		report_routes(router, word);
		break;
	case FRAME_FIB_MAP:
		on_fib_map(router, word, fd);
		break;
	case FRAME_QUIT:
		loop_stop(router->loop);
		break;
	}
	if (fd >= 0)
		close(fd);
}

static void on_batch_end(void *arg)
{
	router_settle(arg);
}

const struct chan_ops router_chan_ops = {
	.connected = say_hello,
	.frame = on_frame,
	.batch_end = on_batch_end,
};
