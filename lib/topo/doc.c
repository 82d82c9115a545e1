// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The topology document as a container: memory, appending, looking up, warnings. Used by readers,
 * generators and by the controller when it exports.
 */
#include "lib/topo/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/doc_priv.h"

struct topo_doc *topo_doc_new(void)
{
	struct topo_doc *doc = calloc(1, sizeof(*doc));

	if (!doc)
		return NULL;
	doc->network = 10u << 24;
	doc->prefix_len = 16;
	return doc;
}

void topo_doc_free(struct topo_doc *doc)
{
	if (!doc)
		return;
	for (size_t i = 0; i < doc->router_count; i++) {
		free(doc->routers[i].label);
		topo_ifaces_unref(doc->routers[i].interfaces);
		topo_apps_unref(doc->routers[i].apps);
	}
	for (size_t i = 0; i < doc->link_count; i++)
		free(doc->links[i].label);
	for (size_t i = 0; i < doc->warning_count; i++)
		free(doc->warnings[i]);
	free(doc->routers);
	free(doc->links);
	free(doc->warnings);
	topo_events_free(doc->events);
	free(doc);
}

int topo_make_room(void **array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 16;
	void *grown;

	if (count < *room)
		return 0;
	grown = reallocarray(*array, wanted, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = wanted;
	return 0;
}

/* A name that does not fit is refused (NULL, errno EINVAL), never cut. */
struct topo_router *topo_doc_add_router(struct topo_doc *doc, const char *name)
{
	struct topo_router *router;

	if (strlen(name) >= NAME_SIZE) {
		errno = EINVAL;
		return NULL;
	}
	if (topo_make_room((void **)&doc->routers, doc->router_count, &doc->router_room,
			   sizeof(*doc->routers)) < 0)
		return NULL;
	router = &doc->routers[doc->router_count++];
	memset(router, 0, sizeof(*router));
	strcpy(router->name, name);
	return router;
}

struct topo_link *topo_doc_add_link(struct topo_doc *doc, uint32_t a, uint32_t b)
{
	struct topo_link *link;

	if (topo_make_room((void **)&doc->links, doc->link_count, &doc->link_room,
			   sizeof(*doc->links)) < 0)
		return NULL;
	link = &doc->links[doc->link_count++];
	memset(link, 0, sizeof(*link));
	link->a = a;
	link->b = b;
	link->weight = 1;
	return link;
}

int topo_doc_warn(struct topo_doc *doc, const char *fmt, ...)
{
	char **grown, *text;
	va_list ap;
	int n;

	if (doc->warning_count > TOPO_WARNINGS_MAX)
		return 0;
	grown = reallocarray(doc->warnings, doc->warning_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	doc->warnings = grown;
	if (doc->warning_count == TOPO_WARNINGS_MAX) {
		text = strdup("and further warnings, which are not shown");
	} else {
		va_start(ap, fmt);
		n = vasprintf(&text, fmt, ap);
		va_end(ap);
		if (n < 0)
			text = NULL;
	}
	if (!text)
		return -ENOMEM;
	doc->warnings[doc->warning_count++] = text;
	return 0;
}

long topo_doc_find_router(const struct topo_doc *doc, const char *name)
{
	for (size_t i = 0; i < doc->router_count; i++)
		if (strcmp(doc->routers[i].name, name) == 0)
			return (long)i;
	return -1;
}

int topo_label_set(char **label, const char *text)
{
	char *copy;

	if (!text || !*text)
		return 0;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*label);
	*label = copy;
	return 0;
}

static uint32_t find_root(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i) {
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

long topo_doc_parts(const struct topo_doc *doc, uint32_t *part)
{
	uint32_t *parent = calloc(doc->router_count + 1, sizeof(*parent));
	long parts = 0;

	if (!parent)
		return -ENOMEM;
	for (uint32_t i = 0; i < doc->router_count; i++)
		parent[i] = i;
	for (size_t i = 0; i < doc->link_count; i++) {
		uint32_t a = find_root(parent, doc->links[i].a);
		uint32_t b = find_root(parent, doc->links[i].b);

		/* the smaller is the root: a part's first router stands for it */
		if (a < b)
			parent[b] = a;
		else
			parent[a] = b;
	}
	for (uint32_t i = 0; i < doc->router_count; i++) {
		uint32_t root = find_root(parent, i);

		part[i] = root == i ? (uint32_t)parts++ : part[root];
	}
	free(parent);
	return parts;
}

/* Levenshtein distance, for words up to 31 characters; longer ones are far from everything. */
static unsigned distance(const char *x, const char *y)
{
	unsigned row[32];
	size_t nx = strlen(x), ny = strlen(y);

	if (nx > 31 || ny > 31)
		return 1000;
	for (unsigned j = 0; j <= ny; j++)
		row[j] = j;
	for (unsigned i = 1; i <= nx; i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= ny; j++) {
			unsigned best = corner + (x[i - 1] != y[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[ny];
}

void topo_near_try(struct topo_near *near, const char *candidate)
{
	unsigned d = distance(near->word, candidate);

	if (d <= (strlen(near->word) < 4 ? 1 : 2) && (!near->best || d < near->distance)) {
		near->best = candidate;
		near->distance = d;
	}
}

const char *topo_near_hint(const struct topo_near *near, char *buf, size_t size)
{
	buf[0] = '\0';
	if (near->best)
		snprintf(buf, size, " (did you mean '%s'?)", near->best);
	return buf;
}
