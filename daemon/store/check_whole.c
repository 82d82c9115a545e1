// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rows are to each other: everything that is given to one only is held by one only, and what
 * is referred to is there. Called by read.c with rows that are fine by themselves (check.c) and in
 * order of id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/store_priv.h"
#include "include/shared/maps.h"
#include "lib/base/cleanup.h"
#include "lib/base/name.h"

/* Who holds a number: the text of the first one is found again by its holder's id. */
struct holder {
	uint32_t id;
	bool link; /* otherwise a router */
};

struct whole {
	const struct store_content *content;
	struct err *err;
	struct holder *ports;	       /* [VLSP_PORT_MAX] */
	uint32_t *slots;	       /* [VLSP_SLOT_MAX]: router's id */
	uint32_t *addresses;	       /* [VLSP_ADDR_MAX]: router's id, by host part */
	const char **names;	       /* of routers or links, to be sorted */
	struct whole_end *ends;	       /* [2 * links], to be sorted */
	const struct store_app **apps; /* to be sorted */
};

struct whole_end {
	uint32_t router, link;
	int side;
	const char *ifname;
};

static int bad_router(const struct whole *w, uint32_t id, const char *field, uint32_t value,
		      uint32_t other)
{
	return err_set(w->err, EUCLEAN, "routers, id %u: %s: %u is that of id %u, too", id, field,
		       value, other);
}

static int claim_port(struct whole *w, uint32_t port, uint32_t id, bool link, const char *field)
{
	struct holder *holder = &w->ports[port];

	if (holder->id)
		return err_set(w->err, EUCLEAN, "%s, id %u: %s: %u is a port of %s %u, too",
			       link ? "links" : "routers", id, field, port,
			       holder->link ? "link" : "router", holder->id);
	*holder = (struct holder){id, link};
	return 0;
}

static int check_routers(struct whole *w)
{
	const struct store_content *c = w->content;
	uint32_t mask = prefix_mask(c->topology.prefix_len);
	int r;

	for (size_t i = 0; i < c->router_count; i++) {
		const struct store_router *router = &c->routers[i];
		uint32_t host = router->address & ~mask;
		char text[ADDR_TEXT_SIZE];

		if (router->id > c->last_router_id)
			return err_set(w->err, EUCLEAN,
				       "routers, id %u: above the last that was given, %u",
				       router->id, c->last_router_id);
		if (w->slots[router->slot])
			return bad_router(w, router->id, "slot", router->slot,
					  w->slots[router->slot]);
		w->slots[router->slot] = router->id;
		if (w->addresses[host])
			return err_set(w->err, EUCLEAN,
				       "routers, id %u: address: %s is that of id %u, too",
				       router->id, addr_format(router->address, text),
				       w->addresses[host]);
		w->addresses[host] = router->id;
		r = claim_port(w, router->edge_port, router->id, false, "edge_port");
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_ids(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = ((const struct store_router *)y)->id;

	return a < b ? -1 : a > b;
}

static bool has_router(const struct store_content *c, uint32_t id)
{
	return c->router_count &&
	       bsearch(&id, c->routers, c->router_count, sizeof(c->routers[0]), compare_ids);
}

static int check_links(struct whole *w)
{
	const struct store_content *c = w->content;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->link_count; i++) {
		const struct store_link *link = &c->links[i];

		if (link->id > c->last_link_id)
			return err_set(w->err, EUCLEAN,
				       "links, id %u: above the last that was given, %u", link->id,
				       c->last_link_id);
		for (int side = 0; r == 0 && side < 2; side++) {
			if (!has_router(c, link->router[side]))
				return err_set(w->err, EUCLEAN,
					       "links, id %u: router_%c: there is no router %u",
					       link->id, 'a' + side, link->router[side]);
			r = claim_port(w, link->port[side], link->id, true,
				       side ? "port_b" : "port_a");
			w->ends[2 * i + (size_t)side] = (struct whole_end){
				link->router[side], link->id, side, link->ifname[side]};
		}
	}
	return r;
}

static int compare_ends(const void *x, const void *y)
{
	const struct whole_end *a = x, *b = y;

	if (a->router != b->router)
		return a->router < b->router ? -1 : 1;
	return strcmp(a->ifname, b->ifname);
}

static int check_ends(struct whole *w)
{
	size_t count = 2 * w->content->link_count;

	qsort(w->ends, count, sizeof(w->ends[0]), compare_ends);
	for (size_t i = 1; i < count; i++) {
		if (compare_ends(&w->ends[i - 1], &w->ends[i]) == 0)
			return err_set(w->err, EUCLEAN,
				       "links, id %u: ifname_%c: router %u has a device %s of link "
				       "%u already",
				       w->ends[i].link, 'a' + w->ends[i].side, w->ends[i].router,
				       w->ends[i].ifname, w->ends[i - 1].link);
	}
	return 0;
}

static int compare_app_names(const void *x, const void *y)
{
	const struct store_app *a = *(const struct store_app *const *)x;
	const struct store_app *b = *(const struct store_app *const *)y;

	if (a->router_id != b->router_id)
		return a->router_id < b->router_id ? -1 : 1;
	return strcmp(a->app->name, b->app->name);
}

static int compare_aids(const void *x, const void *y)
{
	const struct store_app *a = *(const struct store_app *const *)x;
	const struct store_app *b = *(const struct store_app *const *)y;

	if (a->router_id != b->router_id)
		return a->router_id < b->router_id ? -1 : 1;
	return a->aid < b->aid ? -1 : a->aid > b->aid;
}

/* The later one of two that should not be the same; NULL: there are none. */
static const struct store_app *app_twice(const struct whole *w,
					 int (*compare)(const void *x, const void *y))
{
	size_t count = w->content->app_count;

	qsort(w->apps, count, sizeof(w->apps[0]), compare);
	for (size_t i = 1; i < count; i++) {
		const struct store_app *a = w->apps[i - 1], *b = w->apps[i];

		if (compare(&w->apps[i - 1], &w->apps[i]) == 0)
			return a->id > b->id ? a : b;
	}
	return NULL;
}

static int check_apps(const struct whole *w)
{
	const struct store_content *c = w->content;
	const struct store_app *twice;

	for (size_t i = 0; i < c->app_count; i++) {
		const struct store_app *app = &c->apps[i];

		if (app->id > c->last_app_id)
			return err_set(w->err, EUCLEAN,
				       "apps, id %u: above the last that was given, %u", app->id,
				       c->last_app_id);
		if (!has_router(c, app->router_id))
			return err_set(w->err, EUCLEAN,
				       "apps, id %u: router_id: there is no router %u", app->id,
				       app->router_id);
		w->apps[i] = app;
	}
	twice = app_twice(w, compare_app_names);
	if (twice)
		return err_set(w->err, EUCLEAN,
			       "apps, id %u: name: router %u has an application %s already",
			       twice->id, twice->router_id, twice->app->name);
	twice = app_twice(w, compare_aids);
	if (twice)
		return err_set(w->err, EUCLEAN,
			       "apps, id %u: aid: router %u has an application %u already",
			       twice->id, twice->router_id, twice->aid);
	return 0;
}

static int compare_names(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int check_names(struct whole *w, const char *table, size_t count)
{
	qsort(w->names, count, sizeof(w->names[0]), compare_names);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(w->names[i - 1], w->names[i]) == 0)
			return err_set(w->err, EUCLEAN, "%s: name: '%s' is there twice", table,
				       w->names[i]);
	}
	return 0;
}

static int check_all(struct whole *w)
{
	const struct store_content *c = w->content;
	int r = check_routers(w);

	if (r == 0)
		r = check_links(w);
	if (r == 0)
		r = check_ends(w);
	if (r == 0)
		r = check_apps(w);
	for (size_t i = 0; i < c->router_count; i++)
		w->names[i] = c->routers[i].name;
	if (r == 0)
		r = check_names(w, "routers", c->router_count);
	for (size_t i = 0; i < c->link_count; i++)
		w->names[i] = c->links[i].name;
	if (r == 0)
		r = check_names(w, "links", c->link_count);
	for (size_t i = 0; r == 0 && i < c->removed_count; i++)
		if (c->removed[i].id > c->last_router_id)
			r = err_set(w->err, EUCLEAN,
				    "removed, id %u: above the last that was given, %u",
				    c->removed[i].id, c->last_router_id);
	if (r == 0 && c->op_count && c->ops[c->op_count - 1].id > c->last_op_id)
		r = err_set(w->err, EUCLEAN,
			    "operations, id %llu: above the last that was given, %llu",
			    (unsigned long long)c->ops[c->op_count - 1].id,
			    (unsigned long long)c->last_op_id);
	return r;
}

int store_check_whole(const struct store_content *c, struct err *err)
{
	size_t names = c->router_count > c->link_count ? c->router_count : c->link_count;
	struct whole w = {.content = c, .err = err};
	int r;

	w.ports = calloc(VLSP_PORT_MAX, sizeof(w.ports[0]));
	w.slots = calloc(VLSP_SLOT_MAX, sizeof(w.slots[0]));
	w.addresses = calloc(VLSP_ADDR_MAX, sizeof(w.addresses[0]));
	w.names = calloc(names + 1, sizeof(w.names[0]));
	w.ends = calloc(2 * c->link_count + 1, sizeof(w.ends[0]));
	w.apps = calloc(c->app_count + 1, sizeof(w.apps[0]));
	r = w.ports && w.slots && w.addresses && w.names && w.ends && w.apps
		    ? check_all(&w)
		    : err_set(err, ENOMEM, "out of memory");
	free(w.ports);
	free(w.slots);
	free(w.addresses);
	free(w.names);
	free(w.ends);
	free(w.apps);
	return r;
}
