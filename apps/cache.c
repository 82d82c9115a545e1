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
#define WAIT	10000000000ULL /* that an answer may take */

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
	unsigned waiting; /* answers that may come; 0: the place is free */
	bool mixed;	  /* there was another request: which one an answer is to, nobody knows */
	uint64_t asked_ns;
	struct text request;
};

static struct entry entries[SETS][WAYS];
static struct question questions[SETS][WAYS];
static uint64_t closed_ns[SETS]; /* until when: there were questions that had no place */
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

static unsigned place_of(uint32_t client, uint16_t client_port, const uint8_t *id)
{
	uint32_t h = hash_of(2166136261u ^ client ^ client_port, id, id_bytes);

	return (h ^ h >> 16) % SETS;
}

static bool is_open(const struct question *question, uint64_t now)
{
	return question->waiting && now < question->asked_ns + WAIT;
}

static bool is_of(const struct question *question, uint32_t server, uint32_t client,
		  uint16_t client_port, const uint8_t *id)
{
	return question->server == server && question->client == client &&
	       question->port == client_port && memcmp(question->request.bytes, id, id_bytes) == 0;
}

static void set_text(struct text *text, const struct vlsp_fields *f)
{
	text->size = f->payload_size;
	memcpy(text->bytes, f->payload, text->size);
}

/*
 * An answer says only by its number, and by the port that it goes to, what it answers. So it counts
 * only as long as all that was asked with these is known, and is the same: otherwise whoever asks
 * two things at once has the answer to one kept, for everybody, as the answer to the other.
 */
static void remember(const struct vlsp_fields *f, uint64_t now)
{
	unsigned at = place_of(f->src, f->sport, f->payload);
	struct question *set = questions[at], *place = NULL;

	for (struct question *question = set; question < set + WAYS; question++) {
		if (!is_open(question, now)) {
			place = question;
			continue;
		}
		if (!is_of(question, f->dst, f->src, f->sport, f->payload))
			continue;
		question->mixed |= !is_same(&question->request, f);
		question->waiting++;
		question->asked_ns = now;
		return;
	}
	if (!place || now < closed_ns[at]) {
		closed_ns[at] = now + WAIT;
		return;
	}
	place->server = f->dst;
	place->client = f->src;
	place->port = f->sport;
	place->waiting = 1;
	place->mixed = false;
	place->asked_ns = now;
	set_text(&place->request, f);
}

static void request(struct vlsp_packet *packet, const struct vlsp_fields *f)
{
	struct entry *entry = find(f, packet->arrived_ns);

	/* Behind options there is less room than it had. */
	if (entry && entry->answer.size <= packet->room - (size_t)(f->payload - packet->data)) {
		entry->used_ns = packet->arrived_ns;
		memcpy(entry->answer.bytes, f->payload, id_bytes);
		hits++;
		fn_answer(packet, entry->answer.bytes, entry->answer.size);
		return;
	}
	misses++;
	remember(f, packet->arrived_ns);
	fn_pass(packet);
}

static void keep(const struct text *request, const struct vlsp_fields *f, uint64_t now)
{
	struct entry *set = set_of(f->src, request->bytes, request->size), *oldest = set;

	for (struct entry *entry = set + 1; entry < set + WAYS; entry++)
		if (entry->used_ns < oldest->used_ns)
			oldest = entry;
	oldest->server = f->src;
	oldest->used_ns = now;
	oldest->until_ns = now + ttl;
	oldest->request = *request;
	set_text(&oldest->answer, f);
	stored++;
}

static void answer(struct vlsp_packet *packet, const struct vlsp_fields *f)
{
	struct question *set = questions[place_of(f->dst, f->dport, f->payload)];

	for (struct question *question = set; question < set + WAYS; question++) {
		if (!is_open(question, packet->arrived_ns) ||
		    !is_of(question, f->src, f->dst, f->dport, f->payload))
			continue;
		question->waiting--;
		if (!question->mixed)
			keep(&question->request, f, packet->arrived_ns);
		break;
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
		/* What ends before its headers do matches, too. What a link has changed is for its
		 * receiver to drop; and nobody waits for an answer at port 0. */
		if (vlsp_packet_fields(&packet, &f) < 0 ||
		    (which == REQUEST ? f.dport : f.sport) != port || f.payload_size < id_bytes ||
		    !f.sport || !fn_is_sound(&packet, &f))
			fn_pass(&packet);
		else if (which == REQUEST)
			request(&packet, &f);
		else
			answer(&packet, &f);
	}
	return app_end();
}
