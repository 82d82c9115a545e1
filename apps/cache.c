// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cache: answers requests that it has seen answered, for protocols of one datagram each way (DNS,
 * for one). A request is known by its server and its payload; its first bytes may be a number that
 * the server copies into the answer, and are left out of the comparison then (--id).
 */
#include <stdio.h>
#include <string.h>

#include "apps/fn.h"

#define SETS	1024
#define WAYS	4
#define ID_MAX	16
#define DEFAULT 10000000000ULL

enum { REQUEST, ANSWER };

struct text {
	uint8_t bytes[VLSP_DATAGRAM_MAX];
	size_t size;
};

struct entry { /* an answer */
	uint32_t server;
	uint64_t until_ns, used_ns; /* used_ns 0: the entry is free */
	struct text request, answer;
};

struct question { /* that is under way to its server */
	uint32_t server, client;
	uint16_t port;
	bool open;
	struct text request;
};

static struct entry entries[SETS][WAYS];
static struct question questions[SETS];
static uint16_t port;
static uint64_t id_bytes, ttl = DEFAULT;
static unsigned long long hits, misses, stored, expired;

static void report(void)
{
	fn_report();
	vlsp_app_report("hits", "%llu", hits);
	vlsp_app_report("misses", "%llu", misses);
	vlsp_app_report("stored", "%llu", stored);
	vlsp_app_report("expired", "%llu", expired);
}

static const char *parse_id(const char *text, void *value)
{
	uint64_t n;

	if (parse_count(text, &n) || n > ID_MAX)
		return "a number of bytes (0 to 16)";
	*(uint64_t *)value = n;
	return NULL;
}

static const char *parse_flush(const char *text, void *value)
{
	(void)value;
	if (strcmp(text, "all") != 0)
		return "all";
	memset(entries, 0, sizeof(entries));
	return NULL;
}

static const struct app_option options[] = {
	{"PORT", NULL, "of the servers", parse_port, &port},
	{"--id", "BYTES", "at the beginning are the request's number (DNS: 2)", parse_id,
	 &id_bytes},
	{"--ttl", "TIME", "that an answer is good for (default 10s)", parse_time, &ttl},
	FN_OPTIONS,
	{0},
};
static const struct app_option settings[] = {
	{"ttl", "TIME", "that later answers are good for", parse_time, &ttl},
	{"flush", "all", "forgets all answers", parse_flush, NULL},
	{0},
};
static const struct app app = {"cache", "answers requests that it has seen answered", options,
			       report, settings};

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_of(uint32_t h, const void *data, size_t size)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

static bool is_same(const struct text *text, const struct vlsp_fields *f)
{
	return text->size == f->payload_size &&
	       memcmp(text->bytes + id_bytes, f->payload + id_bytes, text->size - id_bytes) == 0;
}

static struct entry *set_of(uint32_t server, const uint8_t *payload, size_t size)
{
	uint32_t h = hash_of(2166136261u ^ server, payload + id_bytes, size - id_bytes);

	return entries[(h ^ h >> 16) % SETS];
}

static struct entry *find(const struct vlsp_fields *f, uint64_t now)
{
	struct entry *set = set_of(f->dst, f->payload, f->payload_size);

	for (struct entry *entry = set; entry < set + WAYS; entry++) {
		if (!entry->used_ns || entry->server != f->dst || !is_same(&entry->request, f))
			continue;
		if (now < entry->until_ns)
			return entry;
		expired++;
		entry->used_ns = 0;
	}
	return NULL;
}

static struct question *question_of(uint32_t client, uint16_t client_port, const uint8_t *id)
{
	uint32_t h = hash_of(2166136261u ^ client ^ client_port, id, id_bytes);

	return &questions[(h ^ h >> 16) % SETS];
}

static void set_text(struct text *text, const struct vlsp_fields *f)
{
	text->size = f->payload_size;
	memcpy(text->bytes, f->payload, text->size);
}

static void request(struct vlsp_packet *packet, const struct vlsp_fields *f)
{
	struct entry *entry = find(f, packet->arrived_ns);
	struct question *question;

	if (entry) {
		entry->used_ns = packet->arrived_ns;
		memcpy(entry->answer.bytes, f->payload, id_bytes);
		hits++;
		fn_answer(packet, entry->answer.bytes, entry->answer.size);
		return;
	}
	misses++;
	question = question_of(f->src, f->sport, f->payload);
	question->server = f->dst;
	question->client = f->src;
	question->port = f->sport;
	question->open = true;
	set_text(&question->request, f);
	fn_pass(packet);
}

static void answer(struct vlsp_packet *packet, const struct vlsp_fields *f)
{
	struct question *question = question_of(f->dst, f->dport, f->payload);
	struct entry *set, *oldest;

	if (question->open && question->server == f->src && question->client == f->dst &&
	    question->port == f->dport &&
	    memcmp(question->request.bytes, f->payload, id_bytes) == 0) {
		set = set_of(f->src, question->request.bytes, question->request.size);
		oldest = set;
		for (struct entry *entry = set + 1; entry < set + WAYS; entry++)
			if (entry->used_ns < oldest->used_ns)
				oldest = entry;
		oldest->server = f->src;
		oldest->used_ns = packet->arrived_ns;
		oldest->until_ns = packet->arrived_ns + ttl;
		oldest->request = question->request;
		set_text(&oldest->answer, f);
		question->open = false;
		stored++;
	}
	fn_pass(packet);
}

int main(int argc, char **argv)
{
	struct vlsp_packet packet;
	struct vlsp_fields f;
	char match[32];
	unsigned which;

	app_start(&app, argc, argv);
	snprintf(match, sizeof(match), "udp dport %u", port);
	fn_open(match);
	snprintf(match, sizeof(match), "udp sport %u", port);
	fn_open(match);
	app_ready();
	while (fn_next(&packet, &which)) {
		/* What ends before its headers do matches, too. */
		if (vlsp_packet_fields(&packet, &f) < 0 ||
		    (which == REQUEST ? f.dport : f.sport) != port || f.payload_size < id_bytes)
			fn_pass(&packet);
		else if (which == REQUEST)
			request(&packet, &f);
		else
			answer(&packet, &f);
	}
	return app_end();
}
