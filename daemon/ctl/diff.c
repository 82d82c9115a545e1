/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Desired against running (diff.h). Called by topology.c, for apply, diff and dry runs alike. */
#include "daemon/ctl/diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/assign.h"
#include "include/shared/maps.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

int diff_note(struct diff *d, char sign, const char *noun, const char *name, const char *fields)
{
	struct ctl_diff *out = d->out;
	struct ctl_diff_line *line;

	if (!out)
		return 0;
	if ((out->count & (out->count - 1)) == 0) { /* 0, 1, 2, 4 ...: full */
		line = realloc(out->lines, (out->count ? out->count * 2 : 1) * sizeof(*line));
		if (!line)
			return -ENOMEM;
		out->lines = line;
	}
	line = &out->lines[out->count++];
	line->sign = sign;
	line->noun = noun;
	snprintf(line->name, sizeof(line->name), "%s", name);
	snprintf(line->fields, sizeof(line->fields), "%s", fields);
	return 0;
}

/* Appends "what" or ", what" to fields, cut where it ends. */
static void __attribute__((format(printf, 2, 3))) field(char fields[96], const char *fmt, ...)
{
	size_t used = strlen(fields);
	va_list ap;

	if (used) {
		snprintf(fields + used, 96 - used, ", ");
		used = strlen(fields);
	}
	va_start(ap, fmt);
	vsnprintf(fields + used, 96 - used, fmt, ap);
	va_end(ap);
}

static const char *routing_name(enum topo_routing routing)
{
	return routing == TOPO_ROUTING_CENTRAL ? "central" : "distributed";
}

static int diff_topology(struct diff *d)
{
	const struct model_topology *was = &d->plan->before, *now = &d->plan->after;
	char fields[96] = "", x[ADDR_TEXT_SIZE], y[ADDR_TEXT_SIZE];

	if (strcmp(was->name, now->name) != 0)
		field(fields, "name '%.20s' -> '%.20s'", was->name, now->name);
	if (was->network != now->network || was->prefix_len != now->prefix_len)
		field(fields, "network %s/%u -> %s/%u", addr_format(was->network, x),
		      was->prefix_len, addr_format(now->network, y), now->prefix_len);
	if (was->routing != now->routing)
		field(fields, "routing %s -> %s", routing_name(was->routing),
		      routing_name(now->routing));
	if (!topo_events_same(was->events, now->events))
		field(fields, "events");
	if (was->hello_us != now->hello_us)
		field(fields, "hello %u us -> %u us", was->hello_us, now->hello_us);
	return fields[0] ? diff_note(d, '~', "topology", now->name, fields) : 0;
}

static bool same_text(const char *x, const char *y)
{
	return (!x || !*x) && (!y || !*y) ? true : x && y && strcmp(x, y) == 0;
}

static bool same_position(const struct model_router *router, const struct topo_router *wanted)
{
	if (router->has_position != wanted->has_position)
		return false;
	return !wanted->has_position ||
	       (router->latitude == wanted->latitude && router->longitude == wanted->longitude);
}

static int add_router(struct diff *d, size_t i)
{
	const struct topo_router *wanted = &d->doc->routers[i];
	struct plan_router *router = plan_router_add(d->plan, wanted->name, d->address[i]);

	if (!router)
		return -ENOMEM;
	router->spec.label = wanted->label;
	router->spec.has_position = wanted->has_position;
	router->spec.latitude = wanted->latitude;
	router->spec.longitude = wanted->longitude;
	router->spec.limits = wanted->limits;
	router->spec.interfaces = wanted->interfaces;
	d->add[i] = d->plan->routers_add_count - 1;
	return 0;
}

/* Router i runs and has the wanted address, or must be made again, or does not run. */
static int diff_router(struct diff *d, size_t i)
{
	const struct topo_router *wanted = &d->doc->routers[i];
	struct model_router *router = d->same[i];
	char fields[96] = "", x[ADDR_TEXT_SIZE], y[ADDR_TEXT_SIZE];
	struct plan_router_set *set;

	if (!router) {
		d->plan->summary.routers_added++;
		return add_router(d, i) < 0 ? -ENOMEM
					    : diff_note(d, '+', "router", wanted->name, "");
	}
	d->router_seen[router->slot] = true;
	if (router->state == MODEL_FAILED && d->dead[router->slot] != router->id)
		field(fields, "failed, made again");
	if (router->address != d->address[i])
		field(fields, "address %s -> %s, made again", addr_format(router->address, x),
		      addr_format(d->address[i], y));
	if (fields[0]) {
		d->plan->summary.routers_changed++;
		if (plan_router_del(d->plan, router) < 0 || add_router(d, i) < 0)
			return -ENOMEM;
		return diff_note(d, '~', "router", wanted->name, fields);
	}
	d->keep[i] = router;
	if (!same_text(router->label, wanted->label))
		field(fields, "label");
	if (!same_position(router, wanted))
		field(fields, "position");
	if (!topo_limits_equal(&router->limits, &wanted->limits))
		field(fields, "limits");
	if (!topo_ifaces_equal(router->interfaces, wanted->interfaces))
		field(fields, "interfaces");
	if (!fields[0])
		return 0;
	set = plan_router_set(d->plan, router);
	if (!set)
		return -ENOMEM;
	set->label = wanted->label;
	set->has_position = wanted->has_position;
	set->latitude = wanted->latitude;
	set->longitude = wanted->longitude;
	set->limits = wanted->limits;
	plan_set_interfaces(set, wanted->interfaces);
	d->plan->summary.routers_changed++;
	return diff_note(d, '~', "router", wanted->name, fields);
}

static int diff_routers(struct diff *d, struct err *err)
{
	struct list *pos;
	size_t i;
	int ret;

	for (i = 0; i < d->doc->router_count; i++) {
		if (d->all)
			continue;
		d->same[i] = model_router_by_name(d->model, d->doc->routers[i].name);
		if (d->same[i])
			d->address[i] = d->same[i]->address;
	}
	ret = assign_doc(d->doc, d->address, err);
	if (ret < 0)
		return ret;
	for (i = 0; i < d->doc->router_count; i++) {
		if (diff_router(d, i) < 0)
			return out_of_memory(err);
	}
	list_for_each (pos, &d->model->routers) {
		struct model_router *router = list_entry(pos, struct model_router, all);

		if (d->router_seen[router->slot])
			continue;
		d->plan->summary.routers_removed++;
		d->plan->summary.apps_removed += router->app_count;
		if (plan_router_del(d->plan, router) < 0 ||
		    diff_note(d, '-', "router", router->name, "") < 0)
			return out_of_memory(err);
	}
	return 0;
}

/* Between the routers of these names, as the document has it. */
static bool same_ends(const struct diff *d, const struct model_link *link,
		      const struct topo_link *wanted)
{
	const char *a = d->doc->routers[wanted->a].name, *b = d->doc->routers[wanted->b].name;
	const char *x = link->end[0].router->name, *y = link->end[1].router->name;

	return (strcmp(a, x) == 0 && strcmp(b, y) == 0) || (strcmp(a, y) == 0 && strcmp(b, x) == 0);
}

static int add_link(struct diff *d, const struct topo_link *wanted)
{
	const struct model_link *was = model_link_by_name(d->model, wanted->name);
	struct plan_link *link = plan_link_add(d->plan, wanted->name);
	uint32_t end[2] = {wanted->a, wanted->b};
	int side;

	if (!link)
		return -ENOMEM;
	for (side = 0; side < 2; side++) {
		link->end[side].router = d->keep[end[side]];
		link->end[side].add = d->add[end[side]];
		link->shape[side] = wanted->shape[side];
	}
	if (was && !d->replace && same_ends(d, was, wanted))
		link->admin = was->admin;
	link->weight = wanted->weight;
	link->label = wanted->label;
	return 0;
}

/* The link runs between the same two: what may change in place. reversed: its A is doc's b. */
static int change_link(struct diff *d, struct model_link *link, const struct topo_link *wanted,
		       bool reversed)
{
	const struct topo_shape *a_to_b = &wanted->shape[reversed];
	const struct topo_shape *b_to_a = &wanted->shape[!reversed];
	struct plan_link_set *set;
	char fields[96] = "";

	if (link->weight != wanted->weight)
		field(fields, "weight %u -> %u", link->weight, wanted->weight);
	if (!topo_shape_equal(&link->lasting[0], a_to_b) ||
	    !topo_shape_equal(&link->lasting[1], b_to_a))
		field(fields, "shape");
	if (!same_text(link->label, wanted->label))
		field(fields, "label");
	if (!fields[0])
		return 0;
	set = plan_link_set(d->plan, link);
	if (!set)
		return -ENOMEM;
	set->weight = wanted->weight;
	set->lasting[0] = *a_to_b; /* what it is then: topology.c */
	set->lasting[1] = *b_to_a;
	set->relabel = !same_text(link->label, wanted->label);
	set->label = wanted->label;
	d->plan->summary.links_changed++;
	return diff_note(d, '~', "link", wanted->name, fields);
}

static int diff_link(struct diff *d, const struct topo_link *wanted)
{
	const struct model_router *a = d->keep[wanted->a], *b = d->keep[wanted->b];
	struct model_link *link = d->all ? NULL : model_link_by_name(d->model, wanted->name);
	const char *why = "ends, made again";

	if (!link) {
		d->plan->summary.links_added++;
		if (add_link(d, wanted) < 0)
			return -ENOMEM;
		return diff_note(d, '+', "link", wanted->name, "");
	}
	d->link_seen[link->end[0].port] = true;
	if (link->state == MODEL_FAILED)
		why = "failed, made again";
	else if (a && b && link->end[0].router == a && link->end[1].router == b)
		return change_link(d, link, wanted, false);
	else if (a && b && link->end[0].router == b && link->end[1].router == a)
		return change_link(d, link, wanted, true);
	else if (d->same[wanted->a] && d->same[wanted->b])
		why = "made again";
	d->plan->summary.links_changed++;
	if (plan_link_del(d->plan, link) < 0 || add_link(d, wanted) < 0)
		return -ENOMEM;
	return diff_note(d, '~', "link", wanted->name, why);
}

static int diff_links(struct diff *d)
{
	struct list *pos;
	size_t i;

	for (i = 0; i < d->doc->link_count; i++) {
		if (diff_link(d, &d->doc->links[i]) < 0)
			return -ENOMEM;
	}
	list_for_each (pos, &d->model->links) {
		struct model_link *link = list_entry(pos, struct model_link, all);

		if (d->link_seen[link->end[0].port])
			continue;
		d->plan->summary.links_removed++;
		if (plan_link_del(d->plan, link) < 0 ||
		    diff_note(d, '-', "link", link->name, "") < 0)
			return -ENOMEM;
	}
	return 0;
}

/* What the machine does, it does to every router: they count as changed, those that stay. */
static void count_network_change(struct diff *d)
{
	const struct model_topology *was = &d->plan->before, *now = &d->plan->after;
	uint32_t kept = 0;
	size_t i;

	if (was->routing == now->routing && was->hello_us == now->hello_us)
		return;
	for (i = 0; i < d->doc->router_count; i++)
		kept += d->keep[i] != NULL;
	d->plan->summary.routers_changed += kept - (uint32_t)d->plan->routers_set_count;
}

static int run(struct diff *d, struct err *err)
{
	int ret;

	if (diff_topology(d) < 0)
		return out_of_memory(err);
	ret = diff_routers(d, err);
	if (ret < 0)
		return ret;
	if (diff_links(d) < 0 || diff_apps(d) < 0)
		return out_of_memory(err);
	count_network_change(d);
	if (d->out)
		d->out->summary = d->plan->summary;
	return 0;
}

int diff_plan(const struct model *model, const uint32_t *dead, const struct topo_doc *doc,
	      bool replace, struct plan *plan, struct ctl_diff *out, struct err *err)
{
	size_t room = doc->router_count + 1;
	struct diff d = {.model = model, .dead = dead, .doc = doc, .plan = plan, .out = out};
	int ret;

	memcpy(plan->after.name, doc->name, sizeof(plan->after.name));
	plan->after.network = doc->network;
	plan->after.prefix_len = doc->prefix_len;
	plan->after.routing = doc->routing;
	plan->after.hello_us = doc->hello_us;
	plan->after.events = doc->events;
	d.replace = replace;
	d.all = replace || doc->network != model->network || doc->prefix_len != model->prefix_len;

	d.same = calloc(room, sizeof(d.same[0]));
	d.keep = calloc(room, sizeof(d.keep[0]));
	d.address = calloc(room, sizeof(d.address[0]));
	d.add = calloc(room, sizeof(d.add[0]));
	d.router_seen = calloc(VLSP_SLOT_MAX, sizeof(d.router_seen[0]));
	d.link_seen = calloc(VLSP_PORT_MAX, sizeof(d.link_seen[0]));
	if (d.same && d.keep && d.address && d.add && d.router_seen && d.link_seen)
		ret = run(&d, err);
	else
		ret = out_of_memory(err);
	free(d.same);
	free(d.keep);
	free(d.address);
	free(d.add);
	free(d.router_seen);
	free(d.link_seen);
	return ret;
}
