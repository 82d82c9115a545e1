// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers that depend on the model alone, kept while its generation is unchanged: a page that polls
 * a list of 10,000 routers costs one encoding. Used by answer.c and api.c. A few slots, used in
 * turn.
 */
#include "daemon/api/cache.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/api_priv.h"

const struct api_cached *api_cache_get(struct api *api, const char *key)
{
	for (int i = 0; i < API_CACHE_SLOTS; i++) {
		const struct api_cached *c = &api->cache[i];

		if (c->key && c->generation == api->model->generation && strcmp(c->key, key) == 0)
			return c;
	}
	return NULL;
}

static void drop(struct api_cached *c)
{
	free(c->key);
	free(c->text);
	memset(c, 0, sizeof(*c));
}

void api_cache_put(struct api *api, const char *key, const char *text, size_t size)
{
	struct api_cached *c = &api->cache[api->cache_next];

	api->cache_next = (api->cache_next + 1) % API_CACHE_SLOTS;
	drop(c);
	c->key = strdup(key);
	c->text = malloc(size + 1);
	if (!c->key || !c->text) { /* it is only a cache */
		drop(c);
		return;
	}
	memcpy(c->text, text, size);
	c->text[size] = '\0';
	c->size = size;
	c->generation = api->model->generation;
}

void api_cache_done(struct api *api)
{
	for (int i = 0; i < API_CACHE_SLOTS; i++)
		drop(&api->cache[i]);
}
