/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The topology as a whole: apply, delete, diff, export. Called by daemon/api. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/app_after.h"
#include "daemon/ctl/ctl_priv.h"
#include "daemon/ctl/diff.h"
#include "daemon/ctl/interface.h"
#include "daemon/ctl/overlay.h"
#include "daemon/ctl/shape.h"
#include "daemon/ctl/timeline_priv.h"
#include "include/shared/maps.h"

struct apply_args {
	struct topo_doc *doc;
	bool replace, no_events;
};

static int copy_label(const char *label, char **ret_copy)
{
	if (!label)
		return 0;
	*ret_copy = strdup(label);
	return *ret_copy ? 0 : -ENOMEM;
}

static int copy_items(const struct topo_doc *doc, struct topo_doc *copy)
{
	size_t i;

	for (i = 0; i < doc->router_count; i++) {
		struct topo_router *router = topo_doc_add_router(copy, doc->routers[i].name);

		if (!router)
			return -ENOMEM;
		*router = doc->routers[i];
		router->label = NULL;
		topo_ifaces_ref(router->interfaces);
		topo_apps_ref(router->apps);
		if (copy_label(doc->routers[i].label, &router->label) < 0)
			return -ENOMEM;
	}
	for (i = 0; i < doc->link_count; i++) {
		const struct topo_link *from = &doc->links[i];
		struct topo_link *link = topo_doc_add_link(copy, from->a, from->b);

		if (!link)
			return -ENOMEM;
		*link = *from;
		link->label = NULL;
		if (copy_label(from->label, &link->label) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Without the reader's warnings. NULL: out of memory. */
static struct topo_doc *copy_doc(const struct topo_doc *doc)
{
	struct topo_doc *copy = topo_doc_new();

	if (!copy)
		return NULL;
	memcpy(copy->name, doc->name, sizeof(copy->name));
	copy->network = doc->network;
	copy->prefix_len = doc->prefix_len;
	copy->routing = doc->routing;
	copy->hello_us = doc->hello_us;
	copy->events = topo_events_ref(doc->events);
	if (copy_items(doc, copy) == 0)
		return copy;
	topo_doc_free(copy);
	return NULL;
}

/* A checked copy: whoever built the document, from here on it is right, its links are named, and
 * the machine can do what it asks of them. */
static int take_doc(struct ctl *ctl, const struct topo_doc *doc, struct topo_doc **ret_copy,
		    struct err *err)
{
	struct topo_doc *copy = copy_doc(doc);
	int ret;

	if (!copy)
		return err_set(err, ENOMEM, "out of memory");
	ret = topo_doc_check(copy, "topology", err);
	if (ret == 0)
		ret = shape_check_doc(ctl, copy, err);
	if (ret < 0) {
		topo_doc_free(copy);
		return ret;
	}
	*ret_copy = copy;
	return 0;
}

static int plan_apply(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	const struct apply_args *args = data;
	int ret = diff_plan(ctl->model, ctl->dead, args->doc, args->replace, plan, NULL, err);
	size_t i;

	for (i = 0; ret == 0 && i < plan->links_set_count; i++) {
		struct plan_link_set *set = &plan->links_set[i];

		overlay_shape(ctl, set->link->id, 0, &set->lasting[0], &set->shape[0]);
		overlay_shape(ctl, set->link->id, 1, &set->lasting[1], &set->shape[1]);
	}
	if (ret == 0)
		ret = interface_check_plan(ctl, plan, err);
	return ret < 0 ? ret : router_check_room(&plan->after, args->doc->router_count, err);
}

static void applied(struct ctl *ctl, const void *data, bool well)
{
	const struct apply_args *args = data;

	agenda_applied(ctl->agenda, well && !args->no_events, args->replace);
}

static void deleted(struct ctl *ctl, const void *data, bool well)
{
	(void)data;
	if (well)
		agenda_deleted(ctl->agenda);
}

static void free_apply(void *data)
{
	struct apply_args *args = data;

	topo_doc_free(args->doc);
	free(args);
}

static int plan_delete(struct ctl *ctl, const void *data, struct plan *plan, struct err *err)
{
	struct list *pos;

	(void)data;
	list_for_each (pos, &ctl->model->links) {
		if (plan_link_del(plan, list_entry(pos, struct model_link, all)) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	list_for_each (pos, &ctl->model->routers) {
		if (plan_router_del(plan, list_entry(pos, struct model_router, all)) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	plan->summary.routers_removed = (uint32_t)plan->routers_del_count;
	plan->summary.links_removed = (uint32_t)plan->links_del_count;
	plan->summary.apps_removed = ctl->model->app_count;
	model_topology_default(&plan->after);
	return 0;
}

static const struct op_kind kind_apply = {.name = "topology-apply",
					  .plan = plan_apply,
					  .free_args = free_apply,
					  .ended = applied,
					  .waits = true,
					  .settles = SETTLE_READY,
					  .heals = true};
static const struct op_kind kind_delete = {
	.name = "topology-delete", .plan = plan_delete, .free_args = free, .ended = deleted};

int ctl_topology_apply(struct ctl *ctl, const struct topo_doc *doc, unsigned flags,
		       uint64_t timeout_ms, ctl_done_fn done, void *arg, uint64_t *ret_op,
		       struct err *err)
{
	struct op_request request = {.kind = &kind_apply,
				     .done = done,
				     .arg = arg,
				     .no_wait = flags & CTL_APPLY_NO_WAIT,
				     .timeout_ms = timeout_ms};
	struct apply_args *args;
	int ret;

	args = calloc(1, sizeof(*args));
	if (!args)
		return err_set(err, ENOMEM, "out of memory");
	ret = take_doc(ctl, doc, &args->doc, err);
	if (ret < 0) {
		free(args);
		return ret;
	}
	args->replace = flags & CTL_APPLY_REPLACE;
	args->no_events = flags & CTL_APPLY_NO_EVENTS;
	request.args = args;
	return op_submit(ctl, &request, ret_op, err);
}

int ctl_topology_delete(struct ctl *ctl, ctl_done_fn done, void *arg, uint64_t *ret_op,
			struct err *err)
{
	struct op_request request = {.kind = &kind_delete, .done = done, .arg = arg};

	return op_submit(ctl, &request, ret_op, err);
}

int ctl_topology_diff(struct ctl *ctl, const struct topo_doc *doc, struct ctl_diff *ret_diff,
		      struct err *err)
{
	struct ctl_diff diff = {0};
	struct topo_doc *copy;
	struct plan plan;
	int ret = take_doc(ctl, doc, &copy, err);

	if (ret < 0)
		return ret;
	plan_init(&plan, ctl->model);
	ret = diff_plan(ctl->model, ctl->dead, copy, false, &plan, &diff, err);
	if (ret == 0)
		ret = interface_check_plan(ctl, &plan, err);
	if (ret == 0)
		ret = router_check_room(&plan.after, copy->router_count, err);
	plan_done(&plan);
	topo_doc_free(copy);
	if (ret < 0) {
		ctl_diff_free(&diff);
		return ret;
	}
	*ret_diff = diff;
	return 0;
}

void ctl_diff_free(struct ctl_diff *diff)
{
	free(diff->lines);
	diff->lines = NULL;
	diff->count = 0;
}

/* Export: what an operation that is under way has planned is not there yet. */

/* What came by a document, whatever has become of it, and what was started by requests and has not
 * ended. */
static int export_apps(const struct model *model, const struct model_router *router,
		       struct topo_router *to)
{
	const struct list *pos;
	int ret = 0;

	for (pos = router->apps.next; ret == 0 && pos != &router->apps; pos = pos->next) {
		const struct model_app *app = list_entry(pos, struct model_app, of_router);
		struct topo_apps *before = to->apps;
		struct topo_app *shown;

		if (!app_after_shown(app))
			continue;
		shown = app_after_known(model, app);
		ret = shown ? topo_apps_with(before, shown, &to->apps) : -ENOMEM;
		topo_app_unref(shown);
		if (ret == 0)
			topo_apps_unref(before);
	}
	return ret;
}

static int export_router(struct topo_doc *doc, const struct model *model,
			 const struct model_router *router)
{
	struct topo_router *to = topo_doc_add_router(doc, router->name);

	if (!to)
		return -ENOMEM;
	to->address = router->address;
	to->has_position = router->has_position;
	to->limits = router->limits;
	to->interfaces = topo_ifaces_ref(router->interfaces);
	to->latitude = router->latitude;
	to->longitude = router->longitude;
	if (export_apps(model, router, to) < 0)
		return -ENOMEM;
	return copy_label(router->label, &to->label);
}

/* Whether the name is one that topo_doc_check() could have made; a writer then leaves it out
 * where it would be made again. */
static bool derived_name(const struct model_link *link)
{
	const char *a = link->end[0].router->name, *b = link->end[1].router->name;
	bool ordered = strcmp(a, b) < 0;
	char pair[LINK_NAME_SIZE];
	size_t length;

	snprintf(pair, sizeof(pair), "%s-%s", ordered ? a : b, ordered ? b : a);
	length = strlen(pair);
	return strncmp(link->name, pair, length) == 0 &&
	       (!link->name[length] ||
		(link->name[length] == '.' &&
		 strspn(link->name + length + 1, "0123456789") == strlen(link->name + length + 1)));
}

static int export_link(struct topo_doc *doc, const struct model_link *link, const uint32_t *index)
{
	struct topo_link *to = topo_doc_add_link(doc, index[link->end[0].router->slot],
						 index[link->end[1].router->slot]);

	if (!to)
		return -ENOMEM;
	memcpy(to->name, link->name, sizeof(to->name));
	to->named = !derived_name(link);
	to->weight = link->weight;
	to->shape[0] = link->lasting[0];
	to->shape[1] = link->lasting[1];
	return copy_label(link->label, &to->label);
}

static int export_all(const struct model *model, struct topo_doc *doc, uint32_t *index)
{
	struct list *pos;
	uint32_t count = 0;

	list_for_each (pos, &model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);

		if (router->state == MODEL_PLANNED)
			continue;
		index[router->slot] = count++;
		if (export_router(doc, model, router) < 0)
			return -ENOMEM;
	}
	list_for_each (pos, &model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);

		if (link->state != MODEL_PLANNED && export_link(doc, link, index) < 0)
			return -ENOMEM;
	}
	return 0;
}

struct topo_doc *ctl_topology_export(struct ctl *ctl)
{
	const struct model *model = ctl->model;
	struct topo_doc *doc = topo_doc_new();
	uint32_t *index = calloc(VLSP_SLOT_MAX, sizeof(*index));

	if (!doc || !index)
		goto err;
	memcpy(doc->name, model->name, sizeof(doc->name));
	doc->network = model->network;
	doc->prefix_len = model->prefix_len;
	doc->routing = model->routing;
	doc->hello_us = model->hello_us;
	if (export_all(model, doc, index) < 0)
		goto err;
	/* Routers and links that they name may have gone since. */
	if (topo_events_known(model->events, doc, &doc->events) < 0)
		goto err;
	free(index);
	return doc;

err:
	free(index);
	topo_doc_free(doc);
	return NULL;
}
