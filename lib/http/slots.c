// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts connections: of each pool (a kind of listener), which has slots of its own, and of each
 * client in it. Pure. Called by visit.c, which decides who has to go when there is no room.
 */
#include <stdlib.h>

#include "lib/http/server_priv.h"

static const unsigned pool_max[HTTP_POOLS] = {
	[HTTP_POOL_UNIX] = HTTP_CONNECTIONS_UNIX,
	[HTTP_POOL_READ] = HTTP_CONNECTIONS_READ,
	[HTTP_POOL_TCP] = HTTP_CONNECTIONS_TCP,
};

void http_slots_init(struct http_slots *slots)
{
	*slots = (struct http_slots){0};
	list_init(&slots->clients);
}

static struct http_client *find(struct http_slots *slots, enum http_pool pool, uint64_t key)
{
	struct list *pos;

	list_for_each (pos, &slots->clients) {
		struct http_client *c = list_entry(pos, struct http_client, all);

		if (c->pool == pool && c->key == key)
			return c;
	}
	return NULL;
}

bool http_slots_full(struct http_slots *slots, enum http_pool pool, uint64_t key,
		     struct http_client **ret_client)
{
	struct http_client *c = find(slots, pool, key);

	*ret_client = c && c->count >= c->max ? c : NULL;
	return *ret_client || slots->count[pool] >= pool_max[pool];
}

struct http_client *http_slots_busiest(struct http_slots *slots, enum http_pool pool)
{
	struct http_client *best = NULL;
	struct list *pos;

	list_for_each (pos, &slots->clients) {
		struct http_client *c = list_entry(pos, struct http_client, all);

		if (c->pool == pool && (!best || c->count > best->count))
			best = c;
	}
	return best;
}

struct http_slot *http_slot_new(struct http_slots *slots, enum http_pool pool, uint64_t key)
{
	struct http_slot *slot = calloc(1, sizeof(*slot));
	struct http_client *c = find(slots, pool, key);

	if (slot && !c) {
		c = calloc(1, sizeof(*c));
		if (c) {
			c->pool = pool;
			c->key = key;
			/* root of the socket: whoever is locked out can let itself in again */
			c->max = pool == HTTP_POOL_UNIX && key == 0
					 ? pool_max[pool]
					 : HTTP_CLIENT_SHARE(pool_max[pool]);
			list_add_tail(&slots->clients, &c->all);
		}
	}
	if (!slot || !c) {
		free(slot);
		return NULL;
	}
	c->count++;
	slots->count[pool]++;
	slot->slots = slots;
	slot->client = c;
	slot->refs = 1;
	return slot;
}

void http_slot_unref(struct http_slot *slot)
{
	struct http_client *c;

	if (!slot || --slot->refs)
		return;
	c = slot->client;
	slot->slots->count[c->pool]--;
	if (--c->count == 0) {
		list_del(&c->all);
		free(c);
	}
	free(slot);
}
