// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * topo_doc_check(): what concerns a document as a whole, and the names of links without one.
 * Called at the end of every reader and generator, and by whoever builds a document by hand.
 */
#include "lib/topo/doc.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/topo/doc_priv.h"

struct check {
	struct topo_doc *doc;
	const char *source;
	struct err *err;
};

/* "source:line: ", or "source: " where there is no line; returns -EINVAL. */
static int __attribute__((format(printf, 3, 4)))
fail(const struct check *c, int line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line > 0)
		return err_set(c->err, EINVAL, "%s:%d: %s", c->source, line, text);
	return err_set(c->err, EINVAL, "%s: %s", c->source, text);
}

static int out_of_memory(const struct check *c)
{
	return err_errno(c->err, ENOMEM, "%s", c->source);
}

const char *topo_label_fault(const char *label)
{
	const char *p = label;
	uint32_t c;

	if (strnlen(label, TOPO_LABEL_MAX + 1) > TOPO_LABEL_MAX)
		return "longer than 1024 bytes";
	while (*p) {
		size_t n = utf8_decode(p, &c);

		if (n == 0)
			return "not UTF-8";
		if ((c < ' ' && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0) || c == 0xfffe ||
		    c == 0xffff)
			return "a control character";
		p += n;
	}
	return NULL;
}

static int check_label(const struct check *c, int line, const char *list, size_t i,
		       const char *label)
{
	const char *fault = label ? topo_label_fault(label) : NULL;

	return fault ? fail(c, line, "%s[%zu].label: %s", list, i, fault) : 0;
}

static int check_sizes(const struct check *c)
{
	const struct topo_doc *doc = c->doc;
	size_t usable;
	char text[ADDR_TEXT_SIZE];
	struct err why;

	if (doc->name[0] && name_check(doc->name, "name", &why) < 0)
		return fail(c, 0, "%s", why.text);
	if (doc->prefix_len < 16 || doc->prefix_len > 30)
		return fail(c, 0, "network: prefix length %u is not within 16 to 30",
			    doc->prefix_len);
	if (doc->network & ~prefix_mask(doc->prefix_len))
		return fail(c, 0, "network: %s has bits set behind its prefix length",
			    addr_format(doc->network, text));
	if (doc->router_count > TOPO_ROUTERS_MAX)
		return fail(c, 0, "routers: %zu are more than %d", doc->router_count,
			    TOPO_ROUTERS_MAX);
	if (doc->link_count > TOPO_LINKS_MAX)
		return fail(c, 0, "links: %zu are more than %d", doc->link_count, TOPO_LINKS_MAX);
	usable = ((size_t)1 << (32 - doc->prefix_len)) - 2;
	if (doc->router_count > usable)
		return fail(c, 0, "network: %s/%u has %zu addresses, there are %zu routers",
			    addr_format(doc->network, text), doc->prefix_len, usable,
			    doc->router_count);
	if (doc->routing == TOPO_ROUTING_DISTRIBUTED &&
	    doc->router_count > TOPO_ROUTERS_DISTRIBUTED_MAX)
		return fail(c, 0,
			    "routing: distributed is for at most %d routers, there are %zu: say "
			    "routing: central",
			    TOPO_ROUTERS_DISTRIBUTED_MAX, doc->router_count);
	if (doc->hello_us &&
	    (doc->hello_us < TOPO_HELLO_MIN_US || doc->hello_us > TOPO_HELLO_MAX_US))
		return fail(c, 0, "hello: %u us is not within 1ms to 60s", doc->hello_us);
	return 0;
}

static int check_router(const struct check *c, struct topo_index *names, size_t i)
{
	const struct topo_doc *doc = c->doc;
	const struct topo_router *router = &doc->routers[i];
	char field[40], text[ADDR_TEXT_SIZE], net[ADDR_TEXT_SIZE];
	uint32_t mask = prefix_mask(doc->prefix_len);
	struct err why;
	int r;

	snprintf(field, sizeof(field), "routers[%zu].name", i);
	if (name_check(router->name, field, &why) < 0)
		return fail(c, router->line, "%s", why.text);
	r = topo_index_add(names, router->name, (long)i);
	if (r == -EEXIST) {
		long first = topo_index_get(names, router->name);

		return fail(c, router->line, "routers[%zu].name: '%s' is routers[%ld]'s name too",
			    i, router->name, first);
	}
	if (r < 0)
		return out_of_memory(c);
	if (router->has_position && !(fabs(router->latitude) <= 90))
		return fail(c, router->line, "routers[%zu].latitude: not within -90 to 90", i);
	if (router->has_position && !(fabs(router->longitude) <= 180))
		return fail(c, router->line, "routers[%zu].longitude: not within -180 to 180", i);
	r = check_label(c, router->line, "routers", i, router->label);
	if (r < 0 || router->address == 0)
		return r;
	addr_format(router->address, text);
	addr_format(doc->network, net);
	if ((router->address & mask) != doc->network)
		return fail(c, router->line,
			    "routers[%zu].address: %s is outside the network %s/%u", i, text, net,
			    doc->prefix_len);
	if (router->address == doc->network || router->address == (doc->network | ~mask))
		return fail(c, router->line,
			    "routers[%zu].address: %s is the %s address of %s/%u, not usable", i,
			    text, router->address == doc->network ? "network" : "broadcast", net,
			    doc->prefix_len);
	return 0;
}

struct owner {
	uint32_t address, router;
};

static int compare_owners(const void *x, const void *y)
{
	const struct owner *a = x, *b = y;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->router < b->router ? -1 : a->router > b->router;
}

/* Of several addresses given twice, the one that comes first in the file is named. */
static int check_addresses(const struct check *c)
{
	const struct topo_doc *doc = c->doc;
	struct owner *owners = calloc(doc->router_count + 1, sizeof(*owners));
	uint32_t second = UINT32_MAX, first = 0;
	char text[ADDR_TEXT_SIZE];
	size_t n = 0;

	if (!owners)
		return out_of_memory(c);
	for (uint32_t i = 0; i < doc->router_count; i++)
		if (doc->routers[i].address)
			owners[n++] = (struct owner){doc->routers[i].address, i};
	qsort(owners, n, sizeof(*owners), compare_owners);
	for (size_t i = 1; i < n; i++) {
		if (owners[i].address == owners[i - 1].address && owners[i].router < second) {
			second = owners[i].router;
			first = owners[i - 1].router;
		}
	}
	free(owners);
	if (second == UINT32_MAX)
		return 0;
	return fail(c, doc->routers[second].line,
		    "routers[%u].address: %s is routers[%u]'s (%s) address too", second,
		    addr_format(doc->routers[second].address, text), first,
		    doc->routers[first].name);
}

/* "A-B" with the names in order. At most 127 characters: the rest of LINK_NAME_SIZE is for ".n". */
static void pair_name(const struct topo_doc *doc, const struct topo_link *link, char *buf)
{
	const char *a = doc->routers[link->a].name, *b = doc->routers[link->b].name;
	bool swap = strcmp(a, b) > 0;

	snprintf(buf, LINK_NAME_SIZE, "%.63s-%.63s", swap ? b : a, swap ? a : b);
}

/* A name longer than people may give is right only where it could be a derived one. */
static int check_link_name(const struct check *c, size_t i)
{
	const struct topo_link *link = &c->doc->links[i];
	char field[40], pair[LINK_NAME_SIZE];
	struct err why;
	size_t n;

	pair_name(c->doc, link, pair);
	n = strlen(pair);
	if (strncmp(link->name, pair, n) == 0 &&
	    (link->name[n] == '\0' ||
	     (link->name[n] == '.' && link->name[n + 1] &&
	      strspn(link->name + n + 1, "0123456789") == strlen(link->name + n + 1))))
		return 0;
	snprintf(field, sizeof(field), "links[%zu].name", i);
	return name_check(link->name, field, &why) < 0 ? fail(c, link->line, "%s", why.text) : 0;
}

/* A wrong shape of both directions is told without saying which. */
static int check_shapes(const struct check *c, size_t i)
{
	static const char *const places[] = {"shape.a-to-b.", "shape.b-to-a."};
	const struct topo_link *link = &c->doc->links[i];
	bool same = topo_shape_equal(&link->shape[0], &link->shape[1]);
	struct err why;

	for (int d = 0; d < 2; d++) {
		if (link->shape[d].set & TOPO_RATE && link->shape[d].rate == 0)
			return fail(c, link->line, "links[%zu].rate: must be at least 1 bit/s", i);
		if (topo_shape_check(&link->shape[d], &why) < 0)
			return fail(c, link->line, "links[%zu].%s%.300s", i, same ? "" : places[d],
				    why.text);
	}
	return 0;
}

static int check_link(const struct check *c, struct topo_index *names, size_t i)
{
	const struct topo_doc *doc = c->doc;
	const struct topo_link *link = &doc->links[i];
	uint32_t ends[] = {link->a, link->b};
	int r;

	for (int end = 0; end < 2; end++)
		if (ends[end] >= doc->router_count)
			return fail(c, link->line, "links[%zu].%c: there is no router number %u", i,
				    'a' + end, ends[end]);
	if (link->a == link->b)
		return fail(c, link->line, "links[%zu]: both ends are %s", i,
			    doc->routers[link->a].name);
	if (link->weight < 1 || link->weight > TOPO_WEIGHT_MAX)
		return fail(c, link->line, "links[%zu].weight: %u is not within 1 to %d", i,
			    link->weight, TOPO_WEIGHT_MAX);
	r = check_shapes(c, i);
	if (r == 0)
		r = check_label(c, link->line, "links", i, link->label);
	if (r < 0 || !link->name[0])
		return r;
	r = check_link_name(c, i);
	if (r < 0)
		return r;
	r = topo_index_add(names, link->name, (long)i);
	if (r == -EEXIST) {
		long first = topo_index_get(names, link->name);

		return fail(c, link->line, "links[%zu].name: '%s' is links[%ld]'s name too", i,
			    link->name, first);
	}
	return r < 0 ? out_of_memory(c) : 0;
}

/* Next free of "A-B", "A-B.2", ...: counts remembers per pair how far it got. */
static int derive_name(struct topo_index *names, struct topo_index *counts, const char *pair,
		       size_t i, char *out)
{
	long last = topo_index_get(counts, pair);
	uint32_t n = last < 0 ? 1 : (uint32_t)last + 1;
	int r;

	for (;; n++) {
		if (n == 1)
			strcpy(out, pair);
		else
			snprintf(out, LINK_NAME_SIZE, "%.127s.%u", pair, n);
		r = topo_index_add(names, out, (long)i);
		if (r == -ENOMEM)
			return r;
		if (r == 0)
			break;
	}
	r = topo_index_add(counts, pair, n);
	if (r == -EEXIST)
		topo_index_set(counts, pair, n);
	return r == -ENOMEM ? r : 0;
}

int topo_links_derive(const struct topo_doc *doc, char (*out)[LINK_NAME_SIZE])
{
	char(*pairs)[LINK_NAME_SIZE] = calloc(doc->link_count + 1, sizeof(*pairs));
	struct topo_index names, counts;
	int r = pairs ? 0 : -ENOMEM;

	topo_index_init(&names);
	topo_index_init(&counts);
	for (size_t i = 0; r == 0 && i < doc->link_count; i++) {
		out[i][0] = '\0';
		if (doc->links[i].named)
			r = topo_index_add(&names, doc->links[i].name, (long)i) == -ENOMEM ? -ENOMEM
											   : 0;
	}
	for (size_t i = 0; r == 0 && i < doc->link_count; i++) {
		if (doc->links[i].named)
			continue;
		pair_name(doc, &doc->links[i], pairs[i]);
		r = derive_name(&names, &counts, pairs[i], i, out[i]);
	}
	topo_index_done(&names);
	topo_index_done(&counts);
	free(pairs);
	return r;
}

/* Links that already have a name keep it, given or not: checking again changes nothing. */
static int name_links(const struct check *c)
{
	struct topo_doc *doc = c->doc;
	char(*derived)[LINK_NAME_SIZE] = calloc(doc->link_count + 1, sizeof(*derived));
	bool *was_named = calloc(doc->link_count + 1, sizeof(*was_named));
	int r = -ENOMEM;

	if (!derived || !was_named)
		goto out;
	for (size_t i = 0; i < doc->link_count; i++) {
		was_named[i] = doc->links[i].named;
		doc->links[i].named = doc->links[i].name[0] != '\0';
	}
	r = topo_links_derive(doc, derived);
	for (size_t i = 0; i < doc->link_count; i++) {
		doc->links[i].named = was_named[i];
		if (r == 0 && derived[i][0])
			memcpy(doc->links[i].name, derived[i], LINK_NAME_SIZE);
	}
out:
	free(derived);
	free(was_named);
	return r < 0 ? out_of_memory(c) : 0;
}

/* What concerns routers together, by one of the checks of other files. */
static int check_together(const struct check *c, int (*check)(const struct topo_doc *doc,
							      size_t *ret_router, struct err *err))
{
	size_t i = 0;
	struct err why;
	int r = check(c->doc, &i, &why);

	if (r == -ENOMEM)
		return out_of_memory(c);
	return r < 0 ? fail(c, c->doc->routers[i].line, "routers[%zu].%s", i, why.text) : 0;
}

int topo_doc_check(struct topo_doc *doc, const char *source, struct err *err)
{
	struct check c = {doc, source, err};
	struct topo_index routers, links;
	int r;

	topo_index_init(&routers);
	topo_index_init(&links);
	r = check_sizes(&c);
	for (size_t i = 0; r == 0 && i < doc->router_count; i++)
		r = check_router(&c, &routers, i);
	if (r == 0)
		r = check_addresses(&c);
	if (r == 0)
		r = check_together(&c, topo_check_interfaces);
	if (r == 0)
		r = check_together(&c, topo_check_apps);
	for (size_t i = 0; r == 0 && i < doc->link_count; i++)
		r = check_link(&c, &links, i);
	if (r == 0)
		r = name_links(&c);
	if (r == 0 && doc->events)
		r = topo_events_check(doc->events, doc, source, err);
	topo_index_done(&routers);
	topo_index_done(&links);
	return r;
}
