/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers that are kept while the model is unchanged. Part of struct api. */
#ifndef VLSP_DAEMON_API_CACHE_H
#define VLSP_DAEMON_API_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct api;

#define API_CACHE_SLOTS 16

struct api_cached {
	char *key;
	char *text;
	size_t size;
	uint64_t generation;
};

const struct api_cached *api_cache_get(struct api *api, const char *key);
void api_cache_put(struct api *api, const char *key, const char *text, size_t size);
void api_cache_done(struct api *api);

#endif
