// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of nat. A port is one source's, whatever it talks to (endpoint-independent mapping, RFC
 * 4787, section 4.1; RFC 5508, REQ-1). */
#include "apps/nat_table.h"

#define SECOND 1000000000ULL

static uint16_t hash_of(uint32_t host, uint16_t port)
{
	uint32_t h = (host ^ (uint32_t)port << 16) * 0x9e3779b1u;

	return (uint16_t)(h >> 16);
}

static void forget(struct nat_table *table, uint16_t port)
{
	struct nat_mapping *mapping = &table->by_port[port];
	uint16_t *link = &table->first[hash_of(mapping->host, mapping->port)];

	while (*link != port)
		link = &table->by_port[*link].next;
	*link = mapping->next;
	*mapping = (struct nat_mapping){0};
	table->count--;
}

/* A port that is free, or has not been used for long; 0: there is none. */
static uint16_t free_port(struct nat_table *table, const struct nat_range *range, uint64_t now)
{
	uint32_t count = range->high - range->low + 1u;

	for (uint32_t i = 1; i <= count; i++) {
		uint16_t port = (uint16_t)(range->low + (table->at + i) % count);
		const struct nat_mapping *mapping = &table->by_port[port];

		if (mapping->host && now < mapping->used_ns + range->idle_ns)
			continue;
		if (mapping->host)
			forget(table, port);
		table->at = (table->at + i) % count;
		return port;
	}
	return 0;
}

uint16_t nat_port_of(const struct nat_table *table, uint32_t host, uint16_t inside)
{
	uint16_t port = table->first[hash_of(host, inside)];

	while (port && (table->by_port[port].host != host || table->by_port[port].port != inside))
		port = table->by_port[port].next;
	return port;
}

uint16_t nat_port_for(struct nat_table *table, const struct nat_range *range, uint32_t host,
		      uint16_t inside, uint64_t now)
{
	uint16_t *first = &table->first[hash_of(host, inside)];
	uint16_t port = nat_port_of(table, host, inside);

	if (port || !host) /* address 0 is the mark of a free port */
		return port;
	port = free_port(table, range, now);
	if (!port)
		return 0;
	/* free_port() may have changed what is first. */
	table->by_port[port] = (struct nat_mapping){.host = host, .port = inside, .next = *first};
	*first = port;
	table->count++;
	return port;
}

static struct nat_parts *set_of(struct nat_fragments *fragments, const struct nat_view *view)
{
	uint32_t h = view->host[NAT_SRC] * 0x9e3779b1u ^ view->host[NAT_DST];

	h = (h ^ (uint32_t)view->id << 8 ^ view->protocol) * 0x85ebca6bu;
	return fragments->sets[(h >> 16) % NAT_SETS];
}

struct nat_parts *nat_parts_of(struct nat_fragments *fragments, const struct nat_view *view,
			       uint64_t now)
{
	struct nat_parts *set = set_of(fragments, view);

	for (struct nat_parts *parts = set; parts < set + NAT_WAYS; parts++)
		if (parts->protocol && parts->protocol == view->protocol && parts->id == view->id &&
		    parts->src == view->host[NAT_SRC] && parts->dst == view->host[NAT_DST])
			return now < parts->first_ns + NAT_PARTS_S * SECOND ? parts : NULL;
	return NULL;
}

struct nat_parts *nat_parts_begin(struct nat_fragments *fragments, const struct nat_view *view,
				  uint32_t host, uint64_t now)
{
	struct nat_parts *set = set_of(fragments, view), *parts, *place = set;

	for (parts = set; parts < set + NAT_WAYS; parts++) {
		if (parts->protocol == view->protocol && parts->id == view->id &&
		    parts->src == view->host[NAT_SRC] && parts->dst == view->host[NAT_DST]) {
			place = parts;
			break;
		}
		if (parts->first_ns < place->first_ns)
			place = parts;
	}
	/* A link may double it, so one that is known keeps its new id. */
	if (parts == set + NAT_WAYS || now >= place->first_ns + NAT_PARTS_S * SECOND)
		place->id_then = ++fragments->id;
	place->src = view->host[NAT_SRC];
	place->dst = view->host[NAT_DST];
	place->id = view->id;
	place->protocol = view->protocol;
	place->first_ns = now;
	place->host = host;
	return place;
}
