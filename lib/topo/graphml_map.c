// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What GraphML's attributes mean. The Internet Topology Zoo's vocabulary (Knight et al., "The
 * Internet Topology Zoo", IEEE JSAC 29(9), 2011) is interpreted: labels become names, speeds and
 * distances become rate and delay. What topo_write() wrote is taken as it is.
 */
#include "lib/topo/graphml_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/units.h"

#define EARTH_RADIUS_KM 6371.0088 /* mean radius, IUGG 1980 */
/* Light in standard single-mode fibre: group index 1.468 (ITU-T G.652 fibre at 1550 nm), so
 * 299792 km/s / 1.468 = 204218 km/s or 4.9 us/km. Fibre is longer than the great circle. */
#define FIBRE_NS_PER_KM 4900.0

static const char *const limit_keys[] = {"limits.memory", "limits.cpu", "limits.pids", NULL};

static bool is_shape_key(const char *name)
{
	const char *key;

	for (size_t i = 0; (key = topo_shape_key(i)); i++)
		if (strcmp(name, key) == 0)
			return true;
	return false;
}

bool graphml_wanted(const char *name)
{
	static const char *const names[] = {
		"vlsp",		"Network",    "network",	"routing",   "hello",	  "label",
		"name",		"interfaces", "address",	"Latitude",  "Longitude", "weight",
		"LinkSpeedRaw", "LinkSpeed",  "LinkSpeedUnits", "LinkLabel", NULL,
	};

	for (const char *const *known = names; *known; known++)
		if (strcmp(name, *known) == 0)
			return true;
	for (const char *const *limit = limit_keys; *limit; limit++)
		if (strcmp(name, *limit) == 0)
			return true;
	if (strncmp(name, "a-to-b.", 7) == 0 || strncmp(name, "b-to-a.", 7) == 0)
		name += 7;
	return is_shape_key(name);
}

static const char *element_name(const struct graphml *g)
{
	return g->element == GRAPHML_NODE ? "node" : g->element == GRAPHML_EDGE ? "edge" : "graph";
}

/* The attribute's value for this element, its key's default otherwise; NULL: none, or blank. */
static const char *get(const struct graphml *g, const char *name)
{
	for (size_t i = 0; i < g->data_count; i++)
		if (strcmp(g->data[i].name, name) == 0)
			return g->data[i].text[strspn(g->data[i].text, " \t\r\n")] ? g->data[i].text
										   : NULL;
	for (size_t i = 0; i < g->key_count; i++)
		if (g->keys[i].fallback && strcmp(g->keys[i].name, name) == 0 &&
		    (strcmp(g->keys[i].of, element_name(g)) == 0 ||
		     strcmp(g->keys[i].of, "all") == 0))
			return g->keys[i].fallback;
	return NULL;
}

static int fail_at(struct graphml *g, const char *field, const char *text)
{
	return graphml_fail(g, g->line, "%s %.60s%s%s: %s", element_name(g), g->id,
			    field ? "." : "", field ? field : "", text);
}

/* As fail_at() for a message that starts with the field already. */
static int fail_why(struct graphml *g, const struct err *why)
{
	return graphml_fail(g, g->line, "%s%s%.60s.%s", element_name(g), g->id[0] ? " " : "", g->id,
			    why->text);
}

static int no_memory(struct graphml *g)
{
	return err_errno(g->err, ENOMEM, "%s", g->source);
}

/* Into buf: blanks at both ends removed, control characters made blanks. */
static const char *tidy(const char *text, char buf[GRAPHML_TEXT_MAX + 1])
{
	size_t n = 0;

	for (text += strspn(text, " \t\r\n"); *text; text++)
		buf[n++] = (unsigned char)*text < ' ' && *text != '\n' ? ' ' : *text;
	while (n > 0 && (buf[n - 1] == ' ' || buf[n - 1] == '\n'))
		n--;
	buf[n] = '\0';
	return buf;
}

/* --- graph --- */

static int take_our_graph(struct graphml *g)
{
	struct topo_doc *doc = g->doc;
	const char *name = get(g, "Network"), *network = get(g, "network");
	const char *routing = get(g, "routing"), *hello = get(g, "hello");
	uint64_t ns = 0;
	struct err why;

	if (name && name_check(name, "Network", &why) < 0)
		return fail_why(g, &why);
	if (network && prefix_parse(network, &doc->network, &doc->prefix_len, &why) < 0)
		return fail_why(g, &why);
	if (routing && strcmp(routing, "central") == 0)
		doc->routing = TOPO_ROUTING_CENTRAL;
	else if (routing && strcmp(routing, "distributed") != 0)
		return fail_at(g, "routing", "is not one of distributed, central");
	if (hello && units_duration_parse(hello, "hello", &ns, &why) < 0)
		return fail_why(g, &why);
	if (ns % 1000 || ns / 1000 > UINT32_MAX)
		return fail_at(g, "hello", "is not a whole number of microseconds up to 60s");
	if (name)
		strcpy(doc->name, name);
	doc->hello_us = (uint32_t)(ns / 1000);
	return 0;
}

static int take_graph(struct graphml *g)
{
	const char *name;

	if (get(g, "vlsp") && g->doc->router_count == 0) {
		if (strcmp(get(g, "vlsp"), "1") != 0)
			return fail_at(g, "vlsp", "a later version of this format");
		g->ours = true;
		return take_our_graph(g);
	}
	name = get(g, "Network");
	if (!name)
		name = get(g, "label");
	if (!name)
		name = get(g, "name");
	if (name && !g->doc->name[0])
		graphml_name(name, g->doc->name);
	return 0;
}

/* --- nodes --- */

static int take_position(struct graphml *g, struct topo_router *router)
{
	const char *latitude = get(g, "Latitude"), *longitude = get(g, "Longitude");
	char text[GRAPHML_TEXT_MAX + 1];

	if (!latitude || !longitude)
		return 0;
	if (units_double_parse(tidy(latitude, text), &router->latitude) < 0 ||
	    !(fabs(router->latitude) <= 90))
		return fail_at(g, "Latitude", "is not within -90 to 90");
	if (units_double_parse(tidy(longitude, text), &router->longitude) < 0 ||
	    !(fabs(router->longitude) <= 180))
		return fail_at(g, "Longitude", "is not within -180 to 180");
	router->has_position = true;
	return 0;
}

static int set_label(struct graphml *g, char **label, const char *text)
{
	const char *fault = text ? topo_label_fault(text) : NULL;

	if (fault)
		return fail_at(g, "label", fault);
	return topo_label_set(label, text) < 0 ? no_memory(g) : 0;
}

static int take_limits(struct graphml *g, struct topo_limits *limits)
{
	struct err why;

	for (const char *const *key = limit_keys; *key; key++) {
		const char *value = get(g, *key);

		if (value && topo_limits_parse(limits, *key + strlen("limits."), value, &why) < 0)
			return graphml_fail(g, g->line, "node %.60s.limits.%s", g->id, why.text);
	}
	return 0;
}

static int take_interfaces(struct graphml *g, struct topo_ifaces **interfaces)
{
	const char *text = get(g, "interfaces");
	struct err why;
	int r = text ? topo_ifaces_parse(text, interfaces, &why) : 0;

	if (r == -ENOMEM)
		return no_memory(g);
	return r < 0 ? graphml_fail(g, g->line, "node %.60s.%s", g->id, why.text) : 0;
}

static int take_our_node(struct graphml *g, struct topo_router *router)
{
	const char *name = get(g, "name"), *address = get(g, "address");
	struct err why;

	if (!name)
		return fail_at(g, "name", "is missing");
	if (name_check(name, "name", &why) < 0)
		return fail_why(g, &why);
	strcpy(router->name, name);
	if (address && (addr_parse(address, &router->address) < 0 || router->address == 0))
		return fail_at(g, "address", "is not an address like 10.0.0.1");
	if (take_limits(g, &router->limits) < 0)
		return -EINVAL;
	if (take_interfaces(g, &router->interfaces) < 0)
		return -EINVAL;
	return set_label(g, &router->label, get(g, "label"));
}

static int take_zoo_node(struct graphml *g, struct topo_router *router)
{
	const char *label = get(g, "label");
	char text[GRAPHML_TEXT_MAX + 1];

	if (!label)
		label = get(g, "NodeLabel");
	if (!label)
		label = get(g, "name");
	if (label)
		graphml_name(tidy(label, text), router->name);
	else
		g->unlabelled++;
	if (!router->name[0])
		graphml_name(g->id, router->name);
	if (!router->name[0])
		return fail_at(g, NULL, "neither its label nor its id makes a name");
	if (label && strcmp(text, router->name) != 0)
		return set_label(g, &router->label, text);
	return 0;
}

static int take_node(struct graphml *g)
{
	struct topo_doc *doc = g->doc;
	struct topo_router *router;
	char **grown;
	int r;

	if (doc->router_count == TOPO_ROUTERS_MAX)
		return fail_at(g, NULL, "more nodes than the 16000 that a topology may have");
	if (doc->router_count == g->id_room) {
		grown = reallocarray(g->ids, g->id_room + 256, sizeof(*grown));
		if (!grown)
			return no_memory(g);
		g->ids = grown;
		memset(g->ids + g->id_room, 0, 256 * sizeof(*grown));
		g->id_room += 256;
	}
	router = topo_doc_add_router(doc, "");
	if (!router)
		return no_memory(g);
	router->line = g->line;
	g->ids[doc->router_count - 1] = strdup(g->id);
	if (!g->ids[doc->router_count - 1])
		return no_memory(g);
	r = take_position(g, router);
	if (r < 0)
		return r;
	return g->ours ? take_our_node(g, router) : take_zoo_node(g, router);
}

/* --- edges --- */

static int take_weight(struct graphml *g, struct topo_link *link)
{
	const char *weight = get(g, "weight");
	double value;

	if (!weight)
		return 0;
	if (units_double_parse(weight, &value) == 0 && value >= 1 && value <= TOPO_WEIGHT_MAX &&
	    value == floor(value)) {
		link->weight = (uint32_t)value;
		return 0;
	}
	if (g->ours)
		return fail_at(g, "weight", "is not a whole number from 1 to 65535");
	if (topo_doc_warn(g->doc,
			  "%s:%d: edge %.60s: weight %.40s is not a whole number from 1 to %d: "
			  "1 instead",
			  g->source, g->line, g->id, weight, TOPO_WEIGHT_MAX) < 0)
		return no_memory(g);
	return 0;
}

static int take_our_edge(struct graphml *g, struct topo_link *link)
{
	static const char *const directions[] = {"", "a-to-b.", "b-to-a."};
	const char *name = get(g, "name"), *key;
	char field[40];
	struct err why;

	if (name && strlen(name) >= sizeof(link->name))
		return fail_at(g, "name", "longer than 63 characters");
	if (name) {
		strcpy(link->name, name);
		link->named = true;
	}
	for (int d = 0; d < 3; d++) {
		for (size_t i = 0; (key = topo_shape_key(i)); i++) {
			const char *value;

			snprintf(field, sizeof(field), "%s%s", directions[d], key);
			value = get(g, field);
			if (!value)
				continue;
			if ((d != 2 && topo_shape_parse(&link->shape[0], key, value, &why) < 0) ||
			    (d != 1 && topo_shape_parse(&link->shape[1], key, value, &why) < 0))
				return fail_why(g, &why);
		}
	}
	return set_label(g, &link->label, get(g, "label"));
}

/* Bit/s: the number that the Zoo worked out, the parts it did so from, or what the label says. */
static uint64_t zoo_speed(const struct graphml *g)
{
	static const char *const labels[] = {"LinkLabel", "label", "EdgeLabel", NULL};
	const char *raw = get(g, "LinkSpeedRaw"), *speed = get(g, "LinkSpeed");
	const char *units = get(g, "LinkSpeedUnits");
	char text[GRAPHML_TEXT_MAX + 1], both[80];
	uint64_t rate = 0;
	double value;

	if (raw && units_double_parse(tidy(raw, text), &value) == 0 && value >= 1 &&
	    value <= (double)UNITS_RATE_MAX)
		return (uint64_t)(value + 0.5);
	if (speed) {
		snprintf(both, sizeof(both), "%.30s %.30sbps", tidy(speed, text),
			 units ? units : "");
		rate = graphml_speed(both);
	}
	for (const char *const *label = labels; rate == 0 && *label; label++)
		if (get(g, *label))
			rate = graphml_speed(tidy(get(g, *label), text));
	return rate;
}

static int take_zoo_edge(struct graphml *g, struct topo_link *link)
{
	char text[GRAPHML_TEXT_MAX + 1];
	const char *label = get(g, "label");
	uint64_t rate = zoo_speed(g);

	if (!label)
		label = get(g, "LinkLabel");
	if (!label)
		label = get(g, "EdgeLabel");
	for (int d = 0; rate && d < 2; d++) {
		link->shape[d].set |= TOPO_RATE;
		link->shape[d].rate = rate;
	}
	return label ? set_label(g, &link->label, tidy(label, text)) : 0;
}

static int take_edge(struct graphml *g)
{
	struct topo_doc *doc = g->doc;
	struct graphml_ends *grown, *ends;
	struct topo_link *link;
	int r;

	if (strcmp(g->source_id, g->target_id) == 0) {
		r = topo_doc_warn(doc, "%s:%d: edge %.60s: both ends are %.60s: left out",
				  g->source, g->line, g->id, g->source_id);
		return r < 0 ? no_memory(g) : 0;
	}
	if (doc->link_count == TOPO_LINKS_MAX)
		return fail_at(g, NULL, "more edges than the 30000 that a topology may have");
	if (doc->link_count == g->ends_room) {
		grown = reallocarray(g->ends, g->ends_room + 256, sizeof(*grown));
		if (!grown)
			return no_memory(g);
		g->ends = grown;
		memset(g->ends + g->ends_room, 0, 256 * sizeof(*grown));
		g->ends_room += 256;
	}
	link = topo_doc_add_link(doc, 0, 0);
	if (!link)
		return no_memory(g);
	link->line = g->line;
	ends = &g->ends[doc->link_count - 1];
	*ends = (struct graphml_ends){strdup(g->source_id), strdup(g->target_id)};
	if (!ends->source || !ends->target)
		return no_memory(g);
	r = take_weight(g, link);
	if (r < 0)
		return r;
	return g->ours ? take_our_edge(g, link) : take_zoo_edge(g, link);
}

int graphml_take(struct graphml *g)
{
	switch (g->element) {
	case GRAPHML_GRAPH:
		return take_graph(g);
	case GRAPHML_NODE:
		return take_node(g);
	case GRAPHML_EDGE:
		return take_edge(g);
	default:
		return 0;
	}
}

/* --- the whole --- */

/* The first keeps the name, the others become NAME.2, NAME.3 ... */
static int unique_names(struct graphml *g)
{
	struct topo_doc *doc = g->doc;
	struct topo_index names, counts;
	char(*bases)[NAME_SIZE] = calloc(doc->router_count + 1, sizeof(*bases));
	int r = bases ? 0 : -ENOMEM;

	topo_index_init(&names);
	topo_index_init(&counts);
	for (size_t i = 0; r == 0 && i < doc->router_count; i++) {
		char *name = doc->routers[i].name;
		long n;

		memcpy(bases[i], name, NAME_SIZE);
		n = topo_index_get(&counts, bases[i]);
		n = n < 0 ? 1 : n;
		while ((r = topo_index_add(&names, name, (long)i)) == -EEXIST) {
			char suffix[16];

			snprintf(suffix, sizeof(suffix), ".%u", (unsigned)++n);
			snprintf(name, NAME_SIZE, "%.*s%s", NAME_MAX_LEN - (int)strlen(suffix),
				 bases[i], suffix);
		}
		if (r == 0 && topo_index_add(&counts, bases[i], n) == -EEXIST)
			topo_index_set(&counts, bases[i], n);
		if (r == 0 && strcmp(name, bases[i]) != 0)
			r = topo_doc_warn(
				doc, "%s:%d: node %.60s: the name %s is taken: %s instead",
				g->source, doc->routers[i].line, g->ids[i], bases[i], name);
	}
	topo_index_done(&names);
	topo_index_done(&counts);
	free(bases);
	return r < 0 ? no_memory(g) : 0;
}

/* Great-circle distance in km by the haversine formula (Sinnott, Sky and Telescope 68, 1984). */
static double distance_km(const struct topo_router *a, const struct topo_router *b)
{
	const double degree = 3.14159265358979323846 / 180;
	double x = sin((b->latitude - a->latitude) * degree / 2);
	double y = sin((b->longitude - a->longitude) * degree / 2);
	double h = x * x + cos(a->latitude * degree) * cos(b->latitude * degree) * y * y;

	return 2 * EARTH_RADIUS_KM * asin(sqrt(h > 1 ? 1 : h));
}

/* Whole microseconds: maps are not more exact than that. */
static void set_delay(const struct topo_doc *doc, struct topo_link *link)
{
	const struct topo_router *a = &doc->routers[link->a], *b = &doc->routers[link->b];
	uint64_t us;

	if (!a->has_position || !b->has_position)
		return;
	us = (uint64_t)(distance_km(a, b) * FIBRE_NS_PER_KM / 1000 + 0.5);
	for (int d = 0; us > 0 && d < 2; d++) {
		link->shape[d].set |= TOPO_DELAY;
		link->shape[d].delay_ns = us * 1000;
	}
}

static int resolve(struct graphml *g, const struct topo_index *ids)
{
	for (size_t i = 0; i < g->doc->link_count; i++) {
		struct topo_link *link = &g->doc->links[i];
		long a = topo_index_get(ids, g->ends[i].source);
		long b = topo_index_get(ids, g->ends[i].target);

		if (a < 0 || b < 0)
			return graphml_fail(g, link->line, "edge.%s: there is no node '%.60s'",
					    a < 0 ? "source" : "target",
					    a < 0 ? g->ends[i].source : g->ends[i].target);
		link->a = (uint32_t)a;
		link->b = (uint32_t)b;
		if (!g->ours)
			set_delay(g->doc, link);
	}
	return 0;
}

int graphml_finish(struct graphml *g)
{
	struct topo_index ids;
	int r = 0;

	topo_index_init(&ids);
	for (size_t i = 0; r == 0 && i < g->doc->router_count; i++) {
		r = topo_index_add(&ids, g->ids[i], (long)i);
		if (r == -EEXIST)
			r = graphml_fail(g, g->doc->routers[i].line,
					 "node.id: '%.60s' is given twice (first in line %d)",
					 g->ids[i],
					 g->doc->routers[topo_index_get(&ids, g->ids[i])].line);
		else if (r < 0)
			r = no_memory(g);
	}
	if (r == 0)
		r = resolve(g, &ids);
	topo_index_done(&ids);
	if (r < 0 || g->ours)
		return r;
	if (g->unlabelled &&
	    topo_doc_warn(g->doc, "%s: %zu nodes have no label: named after their ids", g->source,
			  g->unlabelled) < 0)
		return no_memory(g);
	if (g->doc->router_count > TOPO_ROUTERS_DISTRIBUTED_MAX) {
		g->doc->routing = TOPO_ROUTING_CENTRAL;
		if (topo_doc_warn(g->doc, "%s: more than %d routers: routing is central", g->source,
				  TOPO_ROUTERS_DISTRIBUTED_MAX) < 0)
			return no_memory(g);
	}
	return unique_names(g);
}
