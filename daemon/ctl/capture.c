// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A capture's life (capture.h): its ports, the taps on them, and the model's changes that concern
 * them. Called by daemon/api.
 */
#include "daemon/ctl/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/capture_priv.h"
#include "daemon/ctl/ctl_priv.h"
#include "include/shared/function.h"
#include "include/shared/maps.h"
#include "lib/base/log.h"
#include "lib/capture/filter.h"

static void shape_text(const struct topo_shape *shape, char text[CAPTURE_SHAPE_SIZE])
{
	const char *key;
	char value[48];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; topo_shape_format(shape, i, &key, value) == 0; i++) {
		if (n >= CAPTURE_SHAPE_SIZE - 1)
			return;
		n += (size_t)snprintf(text + n, CAPTURE_SHAPE_SIZE - n, "%s%s %s", n ? ", " : "",
				      key, value);
	}
}

static void describe_link_end(const struct model_link *link, unsigned side, struct capture_end *end)
{
	const struct model_end *here = &link->end[side], *there = &link->end[!side];

	memset(end, 0, sizeof(*end));
	end->port = here->port;
	end->link = link->id;
	end->side = side;
	snprintf(end->router, sizeof(end->router), "%s", here->router->name);
	snprintf(end->device, sizeof(end->device), "%s", here->ifname);
	snprintf(end->name, sizeof(end->name), "%s", link->name);
	snprintf(end->peer, sizeof(end->peer), "%s", there->router->name);
	shape_text(&link->shape[!side], end->arrives);
	shape_text(&link->shape[side], end->leaves);
}

static void describe_edge(const struct model_router *router, struct capture_end *end)
{
	memset(end, 0, sizeof(*end));
	end->port = router->edge_port;
	snprintf(end->router, sizeof(end->router), "%s", router->name);
	snprintf(end->device, sizeof(end->device), "%s", CAPTURE_EDGE);
}

/* --- taps --------------------------------------------------------------------------------------
 */

/* A link is seen once, on arrival; a port of a router in both directions. */
static uint16_t tap_flags(const struct ctl_capture *c, const struct capture_end *end)
{
	uint16_t flags = VLSP_TAP_DROPS;
	uint32_t other = end->side ? CAPTURE_B_TO_A : CAPTURE_A_TO_B; /* what leaves here */

	if (c->filtered)
		flags |= VLSP_TAP_FILTER;
	if (c->flags & CAPTURE_DROPS)
		return flags;
	if (c->target.kind != CAPTURE_LINK)
		return flags | VLSP_TAP_RX | VLSP_TAP_TX;
	return (c->flags & CAPTURE_WAYS) == other ? flags : flags | VLSP_TAP_RX;
}

static int tap(struct ctl_capture *c, const struct capture_end *end, bool on, struct err *err)
{
	struct host *host = c->ctl->host;

	return host->ops->captures->tap(host, c->id, end->port, on ? tap_flags(c, end) : 0,
					c->snaplen, err);
}

static struct capture_end *find(struct ctl_capture *c, uint32_t port)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->ends[i].port == port)
			return &c->ends[i];
	return NULL;
}

/* What the queue of the direction that begins there has dropped. Queues are tc's or the relay's,
 * behind the programs that copy frames; so these are counted, not captured. */
static uint64_t queue_drops(struct ctl_capture *c, const struct capture_end *end)
{
	uint32_t other = end->side ? CAPTURE_A_TO_B : CAPTURE_B_TO_A; /* what arrives here */
	struct host_counts counts = {0};

	if (!end->link || (c->flags & CAPTURE_WAYS) == other ||
	    ctl_counts_read(c->ctl, &end->port, 1, &counts) < 0)
		return 0;
	return counts.drop[VLSP_DROP_QUEUE];
}

static int make_room(struct ctl_capture *c)
{
	size_t room = 2 * c->room + 2;
	struct capture_end *ends;
	uint64_t *queues;

	if (c->count < c->room)
		return 0;
	ends = realloc(c->ends, room * sizeof(*ends));
	if (ends)
		c->ends = ends;
	queues = realloc(c->queues, room * sizeof(*queues));
	if (queues)
		c->queues = queues;
	if (!ends || !queues)
		return -ENOMEM;
	c->room = room;
	return 0;
}

static int add(struct ctl_capture *c, const struct capture_end *end, struct err *err)
{
	int r = make_room(c);

	if (r < 0)
		return err_errno(err, r, "captures");
	r = tap(c, end, true, err);
	if (r < 0)
		return r;
	c->queues[c->count] = queue_drops(c, end);
	c->ends[c->count++] = *end;
	return 0;
}

static int add_link_end(struct ctl_capture *c, const struct model_link *link, unsigned side,
			struct err *err)
{
	struct capture_end end;

	describe_link_end(link, side, &end);
	return add(c, &end, err);
}

static int add_edge(struct ctl_capture *c, const struct model_router *router, struct err *err)
{
	struct capture_end end;

	describe_edge(router, &end);
	return add(c, &end, err);
}

/* What is not made yet comes later: on_change(). */
static int add_router(struct ctl_capture *c, const struct model_router *router, struct err *err)
{
	const struct list *pos;
	int r = add_edge(c, router, err);

	list_for_each (pos, &router->links) {
		const struct model_end *end = list_entry(pos, struct model_end, of_router);

		if (r == 0 && end->link->state == MODEL_RUNNING)
			r = add_link_end(c, end->link, end == &end->link->end[1], err);
	}
	return r;
}

static int add_all(struct ctl_capture *c, struct err *err)
{
	const struct capture_target *t = &c->target;
	int r;

	switch (t->kind) {
	case CAPTURE_LINK:
		r = add_link_end(c, t->link, 0, err);
		return r < 0 ? r : add_link_end(c, t->link, 1, err);
	case CAPTURE_ROUTER:
		return add_router(c, t->router, err);
	case CAPTURE_PORT:
		return t->link ? add_link_end(c, t->link, t->side, err)
			       : add_edge(c, t->router, err);
	}
	return -EINVAL;
}

/* --- what becomes of it ------------------------------------------------------------------------
 */

static void drop(struct ctl_capture *c, uint32_t port)
{
	struct capture_end *end = find(c, port);

	if (!end)
		return;
	c->count--;
	c->queues[end - c->ends] = c->queues[c->count];
	*end = c->ends[c->count];
	c->watch.gone(c->watch.arg, port, c->count);
}

/* A link that is made again has lost its taps, though nothing else about it may be new. */
static void link_changed(struct ctl_capture *c, const struct model_link *link)
{
	for (unsigned side = 0; side < 2; side++) {
		struct capture_end *end = find(c, link->end[side].port), now;
		bool wanted = c->target.kind == CAPTURE_ROUTER &&
			      c->router_id == link->end[side].router->id;

		if (link->state != MODEL_RUNNING || (!end && !wanted))
			continue;
		describe_link_end(link, side, &now);
		if (!end) {
			struct err err = {0};

			if (add(c, &now, &err) == 0)
				c->watch.end(c->watch.arg, &now);
			else
				log_warn("capture of %s: %s: %s", c->of, link->name, err.text);
			continue;
		}
		(void)tap(c, &now, true, NULL); /* fails while the link is away */
		if (memcmp(end, &now, sizeof(now)) == 0)
			continue;
		*end = now;
		c->watch.end(c->watch.arg, &now);
	}
}

static void on_change(void *arg, const struct model_change *change)
{
	struct ctl_capture *c = arg;

	if (c->stopped)
		return;
	switch (change->kind) {
	case MODEL_LINK_CHANGED:
		link_changed(c, change->link);
		break;
	case MODEL_LINK_REMOVED:
		drop(c, change->link->end[0].port);
		drop(c, change->link->end[1].port);
		break;
	case MODEL_ROUTER_REMOVED:
		drop(c, change->router->edge_port);
		break;
	default:
		break;
	}
}

/* --- opening and closing -----------------------------------------------------------------------
 */

static int resolve_name(void *arg, const char *name, uint32_t *ret_address)
{
	const struct ctl *ctl = arg;
	const struct model_router *router = model_router_by_name(ctl->model, name);

	if (!router)
		return -ENOENT;
	*ret_address = router->address;
	return 0;
}

static int check(const struct ctl_capture_spec *spec, struct err *err)
{
	if (spec->snaplen < 1 || spec->snaplen > CAPTURE_SNAPLEN_MAX)
		return err_set(err, EINVAL, "snaplen: %u is not within 1 and %d", spec->snaplen,
			       CAPTURE_SNAPLEN_MAX);
	if (spec->ring < CAPTURE_RING_MIN || spec->ring > CAPTURE_RING_MAX ||
	    (spec->ring & (spec->ring - 1)))
		return err_set(err, EINVAL,
			       "buffer: %u is not a power of two within 64 KiB and 64 MiB",
			       spec->ring);
	return 0;
}

static int open_host(struct ctl_capture *c, const struct ctl_capture_spec *spec, struct err *err)
{
	struct host_capture capture = {.ring = spec->ring};
	struct host *host = c->ctl->host;
	struct bpf_insn *insns = NULL;
	struct filter *filter;
	int r = filter_parse(spec->filter, resolve_name, c->ctl, &filter, err);

	if (r < 0)
		return r;
	if (spec->flags & CAPTURE_NO_CONTROL)
		r = filter_exclude_control(filter);
	c->filtered = !filter_is_empty(filter);
	capture.hint = filter_hint(filter);
	if (r == 0 && c->filtered)
		r = filter_compile(filter, &insns, &capture.filter_count);
	filter_free(filter);
	if (r < 0)
		return err_errno(err, r, "filter");
	capture.filter = insns;
	r = host->ops->captures->open(host, &capture, &c->id, &c->ring, err);
	free(insns);
	c->opened = r == 0;
	return r;
}

static int open_all(struct ctl_capture *c, const struct ctl_capture_spec *spec, struct err *err)
{
	int r = check(spec, err);

	if (r == 0)
		r = capture_target_find(c->ctl, spec->of, &c->target, c->of, err);
	if (r < 0)
		return r;
	if ((spec->flags & CAPTURE_WAYS) && c->target.kind != CAPTURE_LINK)
		return err_set(err, EINVAL, "direction: only a link has directions, %s has none",
			       c->of);
	if (c->target.router)
		c->router_id = c->target.router->id;
	r = open_host(c, spec, err);
	if (r == 0)
		r = add_all(c, err);
	if (r == 0)
		r = model_subscribe(c->ctl->model, on_change, c);
	c->subscribed = r == 0;
	return r < 0 && !err->code ? err_errno(err, r, "captures") : r;
}

int ctl_capture_open(struct ctl *ctl, const struct ctl_capture_spec *spec,
		     const struct ctl_capture_watch *watch, struct ctl_capture **ret_capture,
		     struct err *err)
{
	struct ctl_capture *c = calloc(1, sizeof(*c));
	struct err why = {0};
	int r;

	if (!c)
		return err_errno(err, ENOMEM, "captures");
	c->ctl = ctl;
	c->watch = *watch;
	c->flags = spec->flags;
	c->snaplen = spec->snaplen;
	r = open_all(c, spec, &why);
	if (r < 0) {
		if (err)
			*err = why;
		ctl_capture_close(c);
		return r;
	}
	*ret_capture = c;
	return 0;
}

void ctl_capture_close(struct ctl_capture *capture)
{
	if (!capture)
		return;
	if (capture->subscribed)
		model_unsubscribe(capture->ctl->model, on_change, capture);
	if (capture->opened)
		capture->ctl->host->ops->captures->close(capture->ctl->host, capture->id);
	free(capture->ends);
	free(capture->queues);
	free(capture);
}

void ctl_capture_stop(struct ctl_capture *capture)
{
	capture->stopped = true;
	for (size_t i = 0; i < capture->count; i++)
		(void)tap(capture, &capture->ends[i], false, NULL); /* gone is as good */
}

int ctl_capture_ring(const struct ctl_capture *capture)
{
	return capture->ring;
}

const char *ctl_capture_of(const struct ctl_capture *capture)
{
	return capture->of;
}

const struct capture_end *ctl_capture_ends(const struct ctl_capture *capture, size_t *ret_count)
{
	*ret_count = capture->count;
	return capture->ends;
}

int ctl_capture_counts(struct ctl_capture *capture, struct capture_counts *ret_counts)
{
	struct host *host = capture->ctl->host;
	struct host_capture_counts counts = {0};
	int r = host->ops->captures->counts(host, capture->id, &counts);

	if (r < 0)
		return r;
	*ret_counts = (struct capture_counts){
		.matched = counts.matched, .lost = counts.lost, .final = capture->stopped};
	for (size_t i = 0; i < capture->count; i++) {
		uint64_t now = queue_drops(capture, &capture->ends[i]), then = capture->queues[i];

		ret_counts->queue += now > then ? now - then : 0; /* made anew, it begins at 0 */
	}
	return 0;
}
