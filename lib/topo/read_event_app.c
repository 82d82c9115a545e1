// SPDX-License-Identifier: GPL-2.0-or-later
/* Events that start and stop applications. Called by read_events.c, as fields of an event. */
#include <string.h>

#include "lib/topo/read_priv.h"

static int start_router(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	struct topo_event *event = object;

	return topo_reader_ref(r, node, path, event->name, NAME_SIZE);
}

static bool nothing_taken(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return false;
}

/* Who posts an event, or applies a file with some, need not be root. */
static int start_app(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	struct topo_event *event = object;
	int ret = topo_reader_app(r, node, path, &event->app);

	if (ret < 0)
		return ret;
	if (event->app->user || event->app->kind != TOPO_APP_PROGRAM)
		return topo_field_fail(r, node->line, "%s.%s: is not for events", path,
				       event->app->user ? "user" : "bpf");
	/* It is stopped by that name. */
	topo_app_name(event->app, nothing_taken, NULL);
	event->app->named = true;
	return 0;
}

int topo_reader_app_start(struct topo_reader *r, const struct tree_node *node, const char *path,
			  void *object)
{
	static const struct topo_field fields[] = {
		{"router", start_router}, {"app", start_app}, {NULL, NULL}};
	static const char *const must[] = {"router", "app", NULL};

	return topo_reader_action_map(r, node, path, fields, must, object);
}

int topo_reader_app_stop(struct topo_reader *r, const struct tree_node *node, const char *path,
			 void *object)
{
	struct topo_event *event = object;
	int ret = topo_reader_action(r, node, path, event);
	const char *slash;

	if (ret == 0)
		ret = topo_reader_ref(r, node, path, event->name, 2 * NAME_SIZE);
	if (ret < 0)
		return ret;
	slash = strchr(event->name, '/');
	if (!slash || slash == event->name || slash - event->name >= NAME_SIZE ||
	    strlen(slash + 1) >= NAME_SIZE || name_check(slash + 1, path, NULL) < 0)
		return topo_field_fail(r, node->line, "%s: '%.130s' is not like ROUTER/APP", path,
				       event->name);
	return 0;
}
