// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Partitions: all links between some routers and the rest are silent (or down), until it is over. A
 * link that two partitions cut comes back with the second of them. Called by timeline_do.c.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/timeline_priv.h"

struct cut {
	struct list all; /* struct agenda.cuts */
	uint64_t id;
	enum model_admin how;
	char (*routers)[NAME_SIZE];
	size_t router_count;
	uint32_t *links; /* ids of those that it cut */
	size_t link_count, link_room;
};

/* --- an operation on many links --- */

struct links_args {
	enum model_admin from, to;
	size_t count;
	uint32_t ids[];
};

static int plan_links(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct links_args *args = data;

	for (size_t i = 0; i < args->count; i++) {
		struct model_link *link = model_link_by_id(ctl->model, args->ids[i]);
		struct plan_link_set *set;

		if (!link || link->admin != args->from)
			continue;
		set = plan_link_set(plan, link);
		if (!set)
			return err_set(err, ENOMEM, "out of memory");
		set->admin = args->to;
		plan->summary.links_changed++;
	}
	return 0;
}

/* Those of the links that are in state from. */
static void set_links(struct agenda *agenda, const uint32_t *ids, size_t count,
		      enum model_admin from, enum model_admin to, struct firing *firing)
{
	static const struct op_kind kind = {
		.name = "links-set", .plan = plan_links, .free_args = free};
	struct op_request request = {.kind = &kind, .done = firing_op_done, .arg = firing};
	struct links_args *args;
	struct err err = {0};

	if (!count)
		return;
	firing_asked(firing);
	args = calloc(1, sizeof(*args) + count * sizeof(args->ids[0]));
	if (!args) {
		err_set(&err, ENOMEM, "out of memory");
		firing_answered(firing, &err);
		return;
	}
	args->from = from;
	args->to = to;
	args->count = count;
	memcpy(args->ids, ids, count * sizeof(args->ids[0]));
	request.args = args;
	if (op_submit(agenda->ctl, &request, NULL, &err) < 0)
		firing_answered(firing, &err);
}

/* --- partitions --- */

static void cut_free(struct cut *cut)
{
	list_del(&cut->all);
	free(cut->routers);
	free(cut->links);
	free(cut);
}

static bool has(const struct cut *cut, const struct model_router *router)
{
	for (size_t i = 0; i < cut->router_count; i++)
		if (strcmp(cut->routers[i], router->name) == 0)
			return true;
	return false;
}

static bool separates(const struct cut *cut, const struct model_link *link)
{
	return has(cut, link->end[0].router) != has(cut, link->end[1].router);
}

static int take_link(struct cut *cut, uint32_t id)
{
	if (cut->link_count == cut->link_room) {
		size_t room = cut->link_room ? cut->link_room * 2 : 16;
		uint32_t *more = reallocarray(cut->links, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		cut->links = more;
		cut->link_room = room;
	}
	cut->links[cut->link_count++] = id;
	return 0;
}

static int fill(struct cut *cut, struct agenda *agenda, const struct topo_event *event)
{
	struct list *pos;

	cut->routers = calloc(event->router_count + 1, sizeof(*cut->routers));
	if (!cut->routers)
		return -ENOMEM;
	cut->router_count = event->router_count;
	memcpy(cut->routers, event->routers, event->router_count * sizeof(*cut->routers));
	list_for_each (pos, &agenda->ctl->model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);

		if (link->admin == MODEL_UP && separates(cut, link) && take_link(cut, link->id) < 0)
			return -ENOMEM;
	}
	return 0;
}

int cut_begin(struct agenda *agenda, const struct topo_event *event, struct firing *firing,
	      uint64_t *ret_cut, struct err *err)
{
	struct cut *cut = calloc(1, sizeof(*cut));

	if (!cut)
		return err_set(err, ENOMEM, "out of memory");
	list_init(&cut->all);
	if (fill(cut, agenda, event) < 0) {
		cut_free(cut);
		return err_set(err, ENOMEM, "out of memory");
	}
	cut->id = ++agenda->last_cut;
	cut->how = event->silent ? MODEL_SILENT : MODEL_DOWN;
	list_add_tail(&agenda->cuts, &cut->all);
	set_links(agenda, cut->links, cut->link_count, MODEL_UP, cut->how, firing);
	*ret_cut = cut->id;
	return 0;
}

/* Another partition that the link is cut by. */
static struct cut *other(struct agenda *agenda, const struct cut *but, uint32_t id)
{
	const struct model_link *link = model_link_by_id(agenda->ctl->model, id);
	struct list *pos;

	list_for_each (pos, &agenda->cuts) {
		struct cut *cut = list_entry(pos, struct cut, all);

		if (cut != but && cut->how == but->how && link && separates(cut, link))
			return cut;
	}
	return NULL;
}

static void heal(struct agenda *agenda, struct cut *cut, struct firing *firing)
{
	size_t count = 0;

	for (size_t i = 0; i < cut->link_count; i++) {
		struct cut *next = other(agenda, cut, cut->links[i]);

		if (!next || take_link(next, cut->links[i]) < 0)
			cut->links[count++] = cut->links[i];
	}
	set_links(agenda, cut->links, count, cut->how, MODEL_UP, firing);
	cut_free(cut);
}

void cut_end(struct agenda *agenda, uint64_t id, struct firing *firing)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &agenda->cuts)
		if (list_entry(pos, struct cut, all)->id == id)
			heal(agenda, list_entry(pos, struct cut, all), firing);
}

void cut_end_all(struct agenda *agenda, struct firing *firing)
{
	while (!list_empty(&agenda->cuts))
		heal(agenda, list_entry(agenda->cuts.next, struct cut, all), firing);
}

void cut_forget_all(struct agenda *agenda)
{
	while (!list_empty(&agenda->cuts))
		cut_free(list_entry(agenda->cuts.next, struct cut, all));
}
