/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether two documents say the same: everything but lines, warnings and who gave a link's name. */
#ifndef VLSP_TESTS_UNIT_LIB_TOPO_SAME_H
#define VLSP_TESTS_UNIT_LIB_TOPO_SAME_H

#include <stdio.h>
#include <string.h>

#include "lib/topo/doc.h"

static inline bool same_text(const char *x, const char *y)
{
	return strcmp(x ? x : "", y ? y : "") == 0;
}

static inline bool same_apps(const struct topo_apps *x, const struct topo_apps *y)
{
	if (topo_apps_count(x) != topo_apps_count(y))
		return false;
	for (size_t i = 0; i < topo_apps_count(x); i++)
		if (!topo_app_equal(x->list[i], y->list[i]))
			return false;
	return true;
}

static inline bool same_router(const struct topo_router *x, const struct topo_router *y)
{
	return strcmp(x->name, y->name) == 0 && x->address == y->address &&
	       same_text(x->label, y->label) && x->has_position == y->has_position &&
	       topo_limits_equal(&x->limits, &y->limits) &&
	       topo_ifaces_equal(x->interfaces, y->interfaces) && same_apps(x->apps, y->apps) &&
	       (!x->has_position || (x->latitude == y->latitude && x->longitude == y->longitude));
}

static inline bool same_link(const struct topo_link *x, const struct topo_link *y)
{
	return strcmp(x->name, y->name) == 0 && x->a == y->a && x->b == y->b &&
	       x->weight == y->weight && same_text(x->label, y->label) &&
	       topo_shape_equal(&x->shape[0], &y->shape[0]) &&
	       topo_shape_equal(&x->shape[1], &y->shape[1]);
}

/* NULL: the same; otherwise what differs, in a static buffer. */
static inline const char *doc_difference(const struct topo_doc *x, const struct topo_doc *y)
{
	static char what[64];

	if (strcmp(x->name, y->name) != 0)
		return "name";
	if (x->network != y->network || x->prefix_len != y->prefix_len)
		return "network";
	if (x->routing != y->routing)
		return "routing";
	if (x->hello_us != y->hello_us)
		return "hello";
	if (x->router_count != y->router_count)
		return "number of routers";
	if (x->link_count != y->link_count)
		return "number of links";
	for (size_t i = 0; i < x->router_count; i++) {
		if (!same_router(&x->routers[i], &y->routers[i])) {
			snprintf(what, sizeof(what), "routers[%zu]", i);
			return what;
		}
	}
	for (size_t i = 0; i < x->link_count; i++) {
		if (!same_link(&x->links[i], &y->links[i])) {
			snprintf(what, sizeof(what), "links[%zu]", i);
			return what;
		}
	}
	return topo_events_same(x->events, y->events) ? NULL : "events";
}

#endif
