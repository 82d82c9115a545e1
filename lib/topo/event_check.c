// SPDX-License-Identifier: GPL-2.0-or-later
/* Events against the network that they are to happen to: what they name is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/doc_priv.h"

struct check {
	const struct topo_doc *doc;
	const char *source;
	struct err *err;
	struct topo_index routers, links;
};

/* "net.yaml:12: events[2].link-down: ..." */
static int wrong(const struct check *c, const struct topo_event *event, size_t i, const char *field,
		 const char *what)
{
	char line[16] = "";

	if (event->line > 0)
		snprintf(line, sizeof(line), "%d:", event->line);
	return err_set(c->err, EINVAL, "%s:%s events[%zu].%s%s: %s", c->source, line, i,
		       topo_action_name(event->action), field, what);
}

static int no_router(const struct check *c, const struct topo_event *event, size_t i,
		     const char *field, const char *name)
{
	struct topo_near near = {.word = name};
	char hint[96], what[240];

	for (size_t k = 0; k < c->doc->router_count; k++)
		topo_near_try(&near, c->doc->routers[k].name);
	snprintf(what, sizeof(what), "there is no router '%.63s'%s", name,
		 topo_near_hint(&near, hint, sizeof(hint)));
	return wrong(c, event, i, field, what);
}

static int no_link(const struct check *c, const struct topo_event *event, size_t i,
		   const char *field)
{
	struct topo_near near = {.word = event->name};
	char hint[180], what[360];

	for (size_t k = 0; k < c->doc->link_count; k++)
		topo_near_try(&near, c->doc->links[k].name);
	snprintf(what, sizeof(what), "there is no link '%.143s'%s", event->name,
		 topo_near_hint(&near, hint, sizeof(hint)));
	return wrong(c, event, i, field, what);
}

/* Links between the two that "A:B" names; the first of them in *ret. */
static size_t between(const struct check *c, const char *ref, long *ret)
{
	const char *colon = strchr(ref, ':');
	char name[LINK_NAME_SIZE];
	size_t count = 0;
	long a, b;

	if (!colon)
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(colon - ref), ref);
	a = topo_index_get(&c->routers, name);
	b = topo_index_get(&c->routers, colon + 1);
	if (a < 0 || b < 0)
		return 0;
	for (size_t i = 0; i < c->doc->link_count; i++) {
		const struct topo_link *link = &c->doc->links[i];

		if ((link->a == (uint32_t)a && link->b == (uint32_t)b) ||
		    (link->a == (uint32_t)b && link->b == (uint32_t)a)) {
			*ret = count++ ? *ret : (long)i;
		}
	}
	return count;
}

static int check_link(const struct check *c, const struct topo_event *event, size_t i)
{
	bool map = event->action == TOPO_LINK_SET || event->action == TOPO_LINK_FLAP ||
		   event->action == TOPO_TRACE_PLAY ||
		   (event->action == TOPO_TRACE_STOP && event->from[0]);
	const char *field = map ? ".link" : "";
	long found = topo_index_get(&c->links, event->name);
	size_t count = found >= 0 ? 1 : between(c, event->name, &found);
	const struct topo_link *link;
	char what[200];
	long from;

	if (!count)
		return no_link(c, event, i, field);
	if (count > 1) {
		snprintf(what, sizeof(what), "%zu links join %.143s: name one", count, event->name);
		return wrong(c, event, i, field, what);
	}
	if (!event->from[0])
		return 0;
	link = &c->doc->links[found];
	from = topo_index_get(&c->routers, event->from);
	if (from < 0)
		return no_router(c, event, i, ".from", event->from);
	if (link->a != (uint32_t)from && link->b != (uint32_t)from) {
		snprintf(what, sizeof(what), "%s is not an end of link %.100s", event->from,
			 link->name);
		return wrong(c, event, i, ".from", what);
	}
	return 0;
}

/* Of an application only the router: it may come by a request. */
static int check_app(const struct check *c, const struct topo_event *event, size_t i)
{
	const char *field = event->action == TOPO_APP_START ? ".router" : "";
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(event->name, "/"), event->name);
	return topo_index_get(&c->routers, name) < 0 ? no_router(c, event, i, field, name) : 0;
}

static int check_event(const struct check *c, const struct topo_event *event, size_t i)
{
	char field[32];

	switch (event->action) {
	case TOPO_NO_ACTION:
	case TOPO_HEAL:
	case TOPO_ACTIONS:
		return 0;
	case TOPO_ROUTER_KILL:
	case TOPO_ROUTER_RESTART:
		return topo_index_get(&c->routers, event->name) < 0
			       ? no_router(c, event, i, "", event->name)
			       : 0;
	case TOPO_APP_START:
	case TOPO_APP_STOP:
		return check_app(c, event, i);
	case TOPO_PARTITION:
		for (size_t k = 0; k < event->router_count; k++) {
			snprintf(field, sizeof(field), "[%zu]", k);
			if (topo_index_get(&c->routers, event->routers[k]) < 0)
				return no_router(c, event, i, field, event->routers[k]);
		}
		return 0;
	case TOPO_LINK_DOWN:
	case TOPO_LINK_UP:
	case TOPO_LINK_SILENT:
	case TOPO_LINK_SET:
	case TOPO_LINK_FLAP:
	case TOPO_TRACE_PLAY:
	case TOPO_TRACE_STOP:
		break;
	}
	return check_link(c, event, i);
}

static int check_open(struct check *c, const struct topo_doc *doc)
{
	int r = 0;

	topo_index_init(&c->routers);
	topo_index_init(&c->links);
	for (size_t i = 0; r == 0 && i < doc->router_count; i++)
		r = topo_index_add(&c->routers, doc->routers[i].name, (long)i);
	for (size_t i = 0; r == 0 && i < doc->link_count; i++)
		r = topo_index_add(&c->links, doc->links[i].name, (long)i);
	return r;
}

static void check_close(struct check *c)
{
	topo_index_done(&c->routers);
	topo_index_done(&c->links);
}

int topo_events_check(const struct topo_events *events, const struct topo_doc *doc,
		      const char *source, struct err *err)
{
	struct check c = {.doc = doc, .source = source, .err = err};
	int r = check_open(&c, doc);

	if (r < 0)
		r = err_errno(err, r, "%s", source);
	for (size_t i = 0; r == 0 && i < events->count; i++)
		r = check_event(&c, &events->events[i], i);
	check_close(&c);
	return r;
}

/* Drops what check_event() refuses. */
static int keep_known(struct topo_events *events, const struct topo_doc *doc)
{
	struct check c = {.doc = doc, .source = ""};
	int r = check_open(&c, doc);
	size_t kept = 0;

	for (size_t i = 0; r == 0 && i < events->count; i++) {
		if (check_event(&c, &events->events[i], i) == 0)
			events->events[kept++] = events->events[i];
		else
			topo_event_done(&events->events[i]);
	}
	check_close(&c);
	if (r < 0)
		return r;
	events->count = kept;
	free(events->text);
	events->text = topo_events_text(events);
	return events->text ? 0 : -ENOMEM;
}

int topo_events_known(const struct topo_events *events, const struct topo_doc *doc,
		      struct topo_events **ret_events)
{
	struct topo_events *copy = NULL;
	int r;

	if (!events || topo_events_check(events, doc, "", NULL) == 0) {
		*ret_events = topo_events_ref(events);
		return 0;
	}
	r = topo_events_read(events->text, strlen(events->text), "events", NULL, &copy, NULL);
	if (r == 0)
		r = keep_known(copy, doc);
	if (r < 0 || (!copy->count && !copy->trace_count && !copy->seed)) {
		topo_events_free(copy);
		copy = NULL;
	}
	if (r == 0)
		*ret_events = copy;
	return r;
}
