// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Token buckets in a small set-associative table: of a set of 8, the longest silent one gives way.
 * Used by daemon/api for requests and by tls.c for handshakes.
 */
#include "lib/http/rate.h"

#include <stdlib.h>

#include "lib/base/clock.h"

#define WAYS 8

struct bucket {
	uint64_t client; /* hash of the name; 0: free */
	uint64_t at_ns;	 /* when tokens was right */
	double tokens;
};

struct http_rate {
	double rate, burst;
	unsigned sets;
	struct bucket buckets[];
};

struct http_rate *http_rate_new(unsigned rate, unsigned burst, unsigned clients)
{
	unsigned sets = (clients + WAYS - 1) / WAYS;
	struct http_rate *r = calloc(1, sizeof(*r) + (size_t)sets * WAYS * sizeof(r->buckets[0]));

	if (!r)
		return NULL;
	r->rate = rate;
	r->burst = burst;
	r->sets = sets;
	return r;
}

void http_rate_free(struct http_rate *rate)
{
	free(rate);
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash(const char *text)
{
	uint64_t h = 14695981039346656037ull;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211ull;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdull; /* so that all bits tell names apart */
	h ^= h >> 33;
	return h ? h : 1;
}

bool http_rate_take(struct http_rate *rate, const char *client, uint64_t now_ns)
{
	uint64_t h = hash(client);
	struct bucket *set = &rate->buckets[h % rate->sets * WAYS], *b = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].client == h) {
			b = &set[i];
			break;
		}
		if (set[i].at_ns < b->at_ns)
			b = &set[i];
	}
	if (b->client != h)
		*b = (struct bucket){.client = h, .at_ns = now_ns, .tokens = rate->burst};
	if (now_ns > b->at_ns) {
		b->tokens += (double)(now_ns - b->at_ns) / (double)NSEC_PER_SEC * rate->rate;
		if (b->tokens > rate->burst)
			b->tokens = rate->burst;
		b->at_ns = now_ns;
	}
	if (b->tokens < 1)
		return false;
	b->tokens -= 1;
	return true;
}
