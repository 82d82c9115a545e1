// SPDX-License-Identifier: GPL-2.0-or-later
/* What L, R or R:PORT means to a capture. Called by capture.c. */
#include <stdio.h>
#include <string.h>

#include "daemon/ctl/capture_priv.h"
#include "daemon/ctl/ctl_priv.h"

static int find_port(const struct model_router *router, const char *port,
		     struct capture_target *target)
{
	const struct list *pos;

	if (strcmp(port, CAPTURE_EDGE) == 0)
		return 0;
	list_for_each (pos, &router->links) {
		const struct model_end *end = list_entry(pos, struct model_end, of_router);

		if (strcmp(end->ifname, port) == 0) {
			target->link = end->link;
			target->side = end == &end->link->end[1];
			return 0;
		}
	}
	return -ENOENT;
}

static int no_port(const struct model_router *router, const char *port, struct err *err)
{
	struct name_list names = {0};
	const struct list *pos;

	name_list_add(&names, CAPTURE_EDGE);
	list_for_each (pos, &router->links)
		name_list_add(&names, list_entry(pos, struct model_end, of_router)->ifname);
	return err_set(err, ENOENT, "port: router %s has no '%.40s', but %s", router->name, port,
		       names.text);
}

/* R:PORT, split at the last colon. 1: there is no such router. */
static int find_router_port(struct ctl *ctl, const char *text, struct capture_target *target,
			    struct err *err)
{
	const char *colon = strrchr(text, ':');
	char name[NAME_SIZE];
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (!colon || n >= sizeof(name))
		return 1;
	memcpy(name, text, n);
	name[n] = '\0';
	target->kind = CAPTURE_PORT;
	target->router = model_router_find(ctl->model, name);
	if (!target->router)
		return 1;
	return find_port(target->router, colon + 1, target) < 0
		       ? no_port(target->router, colon + 1, err)
		       : 0;
}

int capture_target_find(struct ctl *ctl, const char *text, struct capture_target *ret_target,
			char of[CAPTURE_OF_SIZE], struct err *err)
{
	struct capture_target t = {.kind = CAPTURE_LINK};
	struct model_link *link = NULL;
	struct err why = {0};
	int r = ctl_link_find(ctl, text, &link, &why);

	if (r == 0) {
		t.link = link;
		snprintf(of, CAPTURE_OF_SIZE, "link %s", link->name);
	} else if (r != -ENOENT) {
		return err_set(err, -r, "%s", why.text);
	} else if ((t.router = model_router_find(ctl->model, text))) {
		t.kind = CAPTURE_ROUTER;
		snprintf(of, CAPTURE_OF_SIZE, "router %s", t.router->name);
	} else {
		r = find_router_port(ctl, text, &t, err);
		if (r < 0)
			return r;
		if (r > 0)
			return err_set(err, ENOENT, "of: there is no link or router '%.100s'",
				       text);
		snprintf(of, CAPTURE_OF_SIZE, "%s:%s", t.router->name,
			 t.link ? t.link->end[t.side].ifname : CAPTURE_EDGE);
	}
	*ret_target = t;
	return 0;
}
