/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links: adding, changing weight, state or shape, deleting. Called by daemon/api. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/ctl_priv.h"
#include "daemon/ctl/overlay.h"
#include "daemon/ctl/shape.h"

#define REF_SIZE (2 * NAME_SIZE + LINK_NAME_SIZE)

struct add_args {
	char router[2][NAME_SIZE];
	char name[LINK_NAME_SIZE]; /* "": made from the routers' */
	uint32_t weight;
	struct topo_shape shape[2];
};

struct link_args {
	char ref[REF_SIZE];
	struct ctl_link_change change;
};

static int check_weight(uint32_t weight, struct err *err)
{
	if (weight > TOPO_WEIGHT_MAX)
		return err_set(err, ERANGE, "weight: %u is not within 1 to %d", weight,
			       TOPO_WEIGHT_MAX);
	return 0;
}

/* "A-B", A before B by strcmp; "A-B.2" and so on for further ones: as topo_doc_check() does. */
static void default_name(const struct model *model, const char *a, const char *b,
			 char name[LINK_NAME_SIZE])
{
	const char *first = strcmp(a, b) < 0 ? a : b, *second = first == a ? b : a;
	unsigned n;

	snprintf(name, LINK_NAME_SIZE, "%s-%s", first, second);
	for (n = 2; model_link_by_name(model, name); n++)
		snprintf(name, LINK_NAME_SIZE, "%s-%s.%u", first, second, n);
}

static int plan_add(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct add_args *args = data;
	struct model_router *end[2];
	char name[LINK_NAME_SIZE];
	struct plan_link *link;
	int side;

	for (side = 0; side < 2; side++) {
		end[side] = model_router_find(ctl->model, args->router[side]);
		if (!end[side])
			return err_set(err, ENOENT, "router%d: there is no router %s", side + 1,
				       args->router[side]);
	}
	if (end[0] == end[1])
		return err_set(err, EINVAL, "router2: %s and %s are the same router",
			       args->router[0], args->router[1]);
	if (ctl->model->link_count >= TOPO_LINKS_MAX)
		return err_set(err, ERANGE, "links: there are %u, which is the most there can be",
			       ctl->model->link_count);
	if (args->name[0])
		snprintf(name, sizeof(name), "%s", args->name);
	else
		default_name(ctl->model, end[0]->name, end[1]->name, name);
	if (model_link_by_name(ctl->model, name))
		return err_set(err, EEXIST, "linkName: a link %s exists already", name);

	link = plan_link_add(plan, name);
	if (!link)
		return err_set(err, ENOMEM, "out of memory");
	for (side = 0; side < 2; side++) {
		link->end[side].router = end[side];
		link->shape[side] = args->shape[side];
	}
	link->weight = args->weight;
	plan->summary.links_added = 1;
	return 0;
}

int ctl_link_find(struct ctl *ctl, const char *ref, struct model_link **ret_link, struct err *err)
{
	struct model_link *link = model_link_find(ctl->model, ref), *some[NAME_LIST_MAX];
	char item[LINK_NAME_SIZE + 24];
	struct name_list list = {0};
	uint32_t count;

	if (link) {
		*ret_link = link;
		return 0;
	}
	count = model_links_of_pair(ctl->model, ref, some, NAME_LIST_MAX);
	if (count < 2)
		return err_set(err, ENOENT, "link: there is no '%.160s'", ref);
	for (uint32_t i = 0; i < count; i++) {
		if (i < NAME_LIST_MAX)
			snprintf(item, sizeof(item), "%s (id %u)", some[i]->name, some[i]->id);
		name_list_add(&list, item);
	}
	return err_set(err, ENOTUNIQ, "%.130s: %u links join them: %s: name one by id or name", ref,
		       count, list.text);
}

static int plan_delete(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct link_args *args = data;
	struct model_link *link;
	int ret = ctl_link_find(ctl, args->ref, &link, err);

	if (ret < 0)
		return ret;
	if (plan_link_del(plan, link) < 0)
		return err_set(err, ENOMEM, "out of memory");
	plan->summary.links_removed = 1;
	plan->link_id = link->id;
	return 0;
}

/* What the link's shapes become; *ret_sides are the directions (bits) in which they are others.
 * Only these are checked: what is there already is no fault of the request. */
static int merge_shape(struct ctl *ctl, const struct ctl_link_change *change,
		       const struct model_link *link, struct plan_link_set *to, unsigned *ret_sides,
		       struct err *err)
{
	const char *a = link->end[0].router->name, *b = link->end[1].router->name;
	unsigned lasting = 0, now = 0;
	int side, ret;

	for (side = 0; side < 2; side++) {
		to->lasting[side] = link->lasting[side];
		topo_shape_merge(&to->lasting[side], &change->shape[side], change->clear[side]);
		overlay_shape(ctl, link->id, side, &to->lasting[side], &to->shape[side]);
		if (!topo_shape_equal(&to->lasting[side], &link->lasting[side]))
			lasting |= 1u << side;
		if (!topo_shape_equal(&to->shape[side], &link->shape[side]))
			now |= 1u << side;
	}
	*ret_sides = lasting | now;
	ret = shape_check_link(ctl, to->lasting, lasting, a, b, err);
	return ret < 0 ? ret : shape_check_link(ctl, to->shape, now, a, b, err);
}

static int plan_set(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct link_args *args = data;
	const struct ctl_link_change *change = &args->change;
	struct plan_link_set *set, to;
	struct model_link *link;
	unsigned sides = 0;
	int ret = ctl_link_find(ctl, args->ref, &link, err);

	if (ret == 0)
		ret = merge_shape(ctl, change, link, &to, &sides, err);
	if (ret < 0)
		return ret;
	plan->link_id = link->id;
	if ((!change->weight || change->weight == link->weight) &&
	    (!change->set_admin || change->admin == link->admin) && !sides)
		return 0;
	set = plan_link_set(plan, link);
	if (!set)
		return err_set(err, ENOMEM, "out of memory");
	if (change->weight)
		set->weight = change->weight;
	if (change->set_admin)
		set->admin = change->admin;
	memcpy(set->shape, to.shape, sizeof(set->shape));
	memcpy(set->lasting, to.lasting, sizeof(set->lasting));
	plan->summary.links_changed = 1;
	return 0;
}

static const struct op_kind kind_add = {.name = "link-add", .plan = plan_add, .free_args = free};
static const struct op_kind kind_delete = {
	.name = "link-delete", .plan = plan_delete, .free_args = free};
static const struct op_kind kind_set = {.name = "link-set", .plan = plan_set, .free_args = free};

static int check_add(const struct ctl_link_spec *spec, struct err *err)
{
	const char *router[2] = {spec->router1, spec->router2};
	int side, ret;

	for (side = 0; side < 2; side++) {
		if (!router[side] || !router[side][0])
			return err_set(err, EINVAL, "router%d: is required", side + 1);
		if (strlen(router[side]) >= NAME_SIZE)
			return err_set(err, ENOENT,
				       "router%d: there is no router with a name of "
				       "more than %d characters",
				       side + 1, NAME_MAX_LEN);
	}
	ret = spec->name ? name_check(spec->name, "linkName", err) : 0;
	return ret < 0 ? ret : check_weight(spec->weight, err);
}

int ctl_link_add(struct ctl *ctl, const struct ctl_link_spec *spec, ctl_done_fn done, void *arg,
		 uint64_t *ret_op, struct err *err)
{
	struct op_request request = {.kind = &kind_add, .done = done, .arg = arg};
	struct add_args *args;
	int ret = check_add(spec, err);

	if (ret == 0)
		ret = shape_check_link(ctl, spec->shape, SHAPE_BOTH, spec->router1, spec->router2,
				       err);
	if (ret < 0)
		return ret;
	args = calloc(1, sizeof(*args));
	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	snprintf(args->router[0], sizeof(args->router[0]), "%s", spec->router1);
	snprintf(args->router[1], sizeof(args->router[1]), "%s", spec->router2);
	if (spec->name)
		snprintf(args->name, sizeof(args->name), "%s", spec->name);
	args->weight = spec->weight ? spec->weight : 1;
	args->shape[0] = spec->shape[0];
	args->shape[1] = spec->shape[1];
	request.args = args;
	return op_submit(ctl, &request, ret_op, err);
}

static int submit(struct ctl *ctl, const struct op_kind *kind, const char *link,
		  const struct ctl_link_change *change, ctl_done_fn done, void *arg,
		  uint64_t *ret_op, struct err *err)
{
	struct op_request request = {.kind = kind, .done = done, .arg = arg};
	struct link_args *args;

	if (strlen(link) >= REF_SIZE)
		return err_set(err, ENOENT, "link: there is no link with a name that long");
	args = calloc(1, sizeof(*args));
	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	snprintf(args->ref, sizeof(args->ref), "%s", link);
	if (change)
		args->change = *change;
	request.args = args;
	return op_submit(ctl, &request, ret_op, err);
}

int ctl_link_delete(struct ctl *ctl, const char *link, ctl_done_fn done, void *arg,
		    uint64_t *ret_op, struct err *err)
{
	return submit(ctl, &kind_delete, link, NULL, done, arg, ret_op, err);
}

int ctl_link_set(struct ctl *ctl, const char *link, const struct ctl_link_change *change,
		 ctl_done_fn done, void *arg, uint64_t *ret_op, struct err *err)
{
	int ret = check_weight(change->weight, err);

	if (ret < 0)
		return ret;
	if (change->set_admin && (unsigned)change->admin > MODEL_SILENT)
		return err_set(err, EINVAL, "state: is not up, down or silent");
	return submit(ctl, &kind_set, link, change, done, arg, ret_op, err);
}
