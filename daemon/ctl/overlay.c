// SPDX-License-Identifier: GPL-2.0-or-later
/* Overlays on shapes of links (overlay.h). Called by timeline_do.c and play.c. */
#include "daemon/ctl/overlay.h"

#include <stdlib.h>

#include "daemon/ctl/shape.h"

struct overlay {
	struct list all; /* struct ctl.overlays, in the order in which they lie */
	uint64_t id;
	uint32_t link_id;
	unsigned sides;
	struct topo_change change;
};

struct overlay_args {
	uint64_t id;
	uint32_t link_id;
	unsigned sides;
	bool end;
	struct topo_change change;
};

/* With args in place of the overlay that it is about, or on top. */
static void shape_with(const struct ctl *ctl, uint32_t link_id, int side,
		       const struct overlay_args *args, const struct topo_shape *lasting,
		       struct topo_shape *ret)
{
	struct topo_shape shape = *lasting;
	bool met = !args || args->end || !(args->sides & 1u << side);
	struct list *pos;

	list_for_each (pos, &ctl->overlays) {
		const struct overlay *one = list_entry(pos, struct overlay, all);
		const struct topo_change *change = &one->change;

		if (one->link_id != link_id || !(one->sides & 1u << side))
			continue;
		if (args && one->id == args->id) {
			if (args->end)
				continue;
			change = &args->change;
			met = true;
		}
		topo_shape_merge(&shape, &change->shape, change->clear);
	}
	if (!met)
		topo_shape_merge(&shape, &args->change.shape, args->change.clear);
	*ret = shape;
}

void overlay_shape(const struct ctl *ctl, uint32_t link_id, int side,
		   const struct topo_shape *lasting, struct topo_shape *ret)
{
	shape_with(ctl, link_id, side, NULL, lasting, ret);
}

static int plan_overlay(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct overlay_args *args = data;
	struct model_link *link = model_link_by_id(ctl->model, args->link_id);
	struct topo_shape shape[2];
	struct plan_link_set *set;
	unsigned sides = 0;
	int side, ret;

	if (!link && args->end)
		return 0;
	if (!link)
		return err_set(err, ENOENT, "link: it is gone (id %u)", args->link_id);
	for (side = 0; side < 2; side++) {
		shape_with(ctl, link->id, side, args, &link->lasting[side], &shape[side]);
		if (!topo_shape_equal(&shape[side], &link->shape[side]))
			sides |= 1u << side;
	}
	ret = shape_check_link(ctl, shape, sides, link->end[0].router->name,
			       link->end[1].router->name, err);
	if (ret < 0)
		return ret;
	plan->link_id = link->id;
	if (!sides)
		return 0;
	set = plan_link_set(plan, link);
	if (!set)
		return err_set(err, ENOMEM, "out of memory");
	set->shape[0] = shape[0];
	set->shape[1] = shape[1];
	set->passes = true;
	plan->summary.links_changed = 1;
	return 0;
}

static struct overlay *find(struct ctl *ctl, uint64_t id)
{
	struct list *pos;

	list_for_each (pos, &ctl->overlays)
		if (list_entry(pos, struct overlay, all)->id == id)
			return list_entry(pos, struct overlay, all);
	return NULL;
}

/* An overlay that could not be taken away lies until the link's shape is changed next. */
static void ended(struct ctl *ctl, const void *data, bool well)
{
	const struct overlay_args *args = data;
	struct overlay *overlay = find(ctl, args->id);

	if (args->end) {
		if (overlay)
			list_del(&overlay->all);
		free(overlay);
		return;
	}
	if (!well)
		return;
	if (!overlay) {
		overlay = calloc(1, sizeof(*overlay));
		if (!overlay)
			return; /* the shape is as wanted, until it is changed next */
		overlay->id = args->id;
		overlay->link_id = args->link_id;
		overlay->sides = args->sides;
		list_add_tail(&ctl->overlays, &overlay->all);
	}
	overlay->change = args->change;
}

uint64_t overlay_new(struct ctl *ctl)
{
	return ++ctl->last_overlay;
}

int overlay_set(struct ctl *ctl, const struct overlay_request *request, uint64_t *ret_op,
		struct err *err)
{
	static const struct op_kind kind = {
		.name = "link-set", .plan = plan_overlay, .free_args = free, .ended = ended};
	struct op_request op = {
		.kind = &kind, .done = request->done, .arg = request->arg, .quiet = request->quiet};
	struct overlay_args *args = calloc(1, sizeof(*args));

	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	args->id = request->overlay;
	args->link_id = request->link_id;
	args->sides = request->sides;
	args->end = !request->change;
	if (request->change)
		args->change = *request->change;
	op.args = args;
	return op_submit(ctl, &op, ret_op, err);
}

void overlay_free_all(struct ctl *ctl)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &ctl->overlays)
		free(list_entry(pos, struct overlay, all));
	list_init(&ctl->overlays);
}
