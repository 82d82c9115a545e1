// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What applications come after: that those are there, and that none waits for itself by way of
 * others. Called by topo_doc_check().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/doc_priv.h"

struct node { /* an application of the document */
	size_t router, at;
	int seen; /* 1: on the way; 2: done */
};

struct graph {
	const struct topo_doc *doc;
	struct topo_index names; /* routers */
	size_t *first;		 /* by router: its first node */
	struct node *nodes;
	size_t count;
	size_t *ret_router;
	struct err *err;
};

static struct topo_app *app_of(const struct graph *g, const struct node *node)
{
	return g->doc->routers[node->router].apps->list[node->at];
}

static int fail(const struct graph *g, const struct node *node, size_t after, const char *what)
{
	*g->ret_router = node->router;
	return err_set(g->err, EINVAL, "apps[%zu].after[%zu]: '%.100s' %s", node->at, after,
		       app_of(g, node)->after[after], what);
}

/* The node that "APP" or "ROUTER/APP" names; NULL: none. */
static struct node *find(struct graph *g, const struct node *from, const char *text)
{
	const char *slash = strchr(text, '/'), *name = slash ? slash + 1 : text;
	char router[NAME_SIZE];
	const struct topo_apps *apps;
	long r = (long)from->router;

	if (slash && (size_t)(slash - text) >= sizeof(router))
		return NULL;
	if (slash) {
		snprintf(router, sizeof(router), "%.*s", (int)(slash - text), text);
		r = topo_index_get(&g->names, router);
	}
	if (r < 0)
		return NULL;
	apps = g->doc->routers[r].apps;
	for (size_t i = 0; i < topo_apps_count(apps); i++)
		if (strcmp(apps->list[i]->name, name) == 0)
			return &g->nodes[g->first[r] + i];
	return NULL;
}

/* Depth first, without recursion: a chain may be as long as there are applications. */
static int walk(struct graph *g, struct node *start)
{
	struct step {
		struct node *node;
		size_t next;
	} *stack = calloc(g->count + 1, sizeof(*stack));
	size_t depth = 1;
	int r = 0;

	if (!stack)
		return -ENOMEM;
	stack[0].node = start;
	start->seen = 1;
	while (depth > 0 && r == 0) {
		struct step *top = &stack[depth - 1];
		const struct topo_app *app = app_of(g, top->node);
		struct node *after;

		if (top->next == app->after_count) {
			top->node->seen = 2;
			depth--;
			continue;
		}
		after = find(g, top->node, app->after[top->next]);
		if (!after)
			r = fail(g, top->node, top->next, "is no application of this topology");
		else if (after->seen == 1)
			r = fail(g, top->node, top->next, "comes itself after this one");
		top->next++;
		if (r == 0 && after->seen == 0) {
			after->seen = 1;
			stack[depth++] = (struct step){after, 0};
		}
	}
	free(stack);
	return r;
}

static int graph_make(struct graph *g)
{
	g->first = calloc(g->doc->router_count + 1, sizeof(*g->first));
	g->nodes = calloc(g->count + 1, sizeof(*g->nodes));
	if (!g->first || !g->nodes)
		return -ENOMEM;
	g->count = 0;
	for (size_t i = 0; i < g->doc->router_count; i++) {
		g->first[i] = g->count;
		if (topo_index_add(&g->names, g->doc->routers[i].name, (long)i) == -ENOMEM)
			return -ENOMEM;
		for (size_t k = 0; k < topo_apps_count(g->doc->routers[i].apps); k++)
			g->nodes[g->count++] = (struct node){.router = i, .at = k};
	}
	return 0;
}

int topo_check_apps(const struct topo_doc *doc, size_t *ret_router, struct err *err)
{
	struct graph g = {.doc = doc, .ret_router = ret_router, .err = err};
	int r;

	for (size_t i = 0; i < doc->router_count; i++)
		g.count += topo_apps_count(doc->routers[i].apps);
	if (!g.count)
		return 0;
	topo_index_init(&g.names);
	r = graph_make(&g);
	for (size_t i = 0; r == 0 && i < g.count; i++)
		if (g.nodes[i].seen == 0)
			r = walk(&g, &g.nodes[i]);
	topo_index_done(&g.names);
	free(g.first);
	free(g.nodes);
	return r;
}
