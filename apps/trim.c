// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trim: drops parts of payloads instead of whole datagrams, after the idea of the original's Big
 * Packet Protocol (Clayman, Tuker, Arasan, Sayit, "The Future of Media Streaming Systems:
 * Transferring Video over New IP", HPSR 2021). A sender cuts its payload into chunks and says how
 * significant each is; where a flow is over its rate, the least significant chunks go first.
 *
 *   "VBP" 1 | number of chunks | 0 0 0 | for each: significance, 0, length (2) | the chunks
 *
 * Numbers are in network byte order; a higher significance stays longer. A chunk that was dropped
 * has the length 0. The last one of the highest significance is never dropped, but for the whole
 * datagram. Other payloads pass or are dropped as a whole.
 */
#include <arpa/inet.h>
#include <string.h>

#include "apps/fn.h"

#define HEAD   8
#define ENTRY  4
#define CHUNKS 64

struct chunk {
	uint8_t significance;
	size_t at, size; /* in the payload */
};

static double rate;
static uint64_t burst = 15000;
static struct fn_bucket bucket;
static unsigned long long whole, trimmed, chunks_dropped, bytes_dropped, malformed;

static void report(void)
{
	fn_report();
	vlsp_app_report("whole", "%llu", whole);
	vlsp_app_report("trimmed", "%llu", trimmed);
	vlsp_app_report("chunks-dropped", "%llu", chunks_dropped);
	vlsp_app_report("bytes-dropped", "%llu", bytes_dropped);
	vlsp_app_report("malformed", "%llu", malformed);
}

static const struct app_option options[] = {
	{"RATE", NULL, "of all that match, bit/s: 64kbit, 1.5mbit", fn_parse_rate, &rate},
	{"--burst", "BYTES", "that may come at once (default 15000)", fn_parse_burst, &burst},
	FN_MATCH,
	FN_OPTIONS,
	{0},
};
static const struct app_option settings[] = {
	{"rate", "RATE", "of all that match", fn_parse_rate, &rate},
	{"burst", "BYTES", "that may come at once", fn_parse_burst, &burst},
	{0},
};
static const struct app app = {"trim", "drops the least significant chunks of payloads", options,
			       report, settings};

/* Number of chunks; 0: it is no such payload. */
static unsigned read_chunks(const struct vlsp_fields *f, struct chunk chunks[CHUNKS])
{
	const uint8_t *p = f->payload;
	unsigned count;
	size_t at;

	if (f->payload_size < HEAD || memcmp(p, "VBP\1", 4) != 0)
		return 0;
	count = p[4];
	at = HEAD + (size_t)count * ENTRY;
	for (unsigned i = 0; i < count && count <= CHUNKS && at <= f->payload_size; i++) {
		const uint8_t *entry = p + HEAD + i * ENTRY;

		chunks[i] = (struct chunk){entry[0], at, (size_t)entry[2] << 8 | entry[3]};
		at += chunks[i].size;
	}
	if (count > CHUNKS || at != f->payload_size) {
		malformed++;
		return 0;
	}
	return count;
}

/* The one that goes next: of the least significant that are there the last; CHUNKS: none may. */
static unsigned victim(const struct chunk *chunks, unsigned count)
{
	unsigned least = CHUNKS, left = 0;

	for (unsigned i = 0; i < count; i++) {
		left += chunks[i].size > 0;
		if (chunks[i].size &&
		    (least == CHUNKS || chunks[i].significance <= chunks[least].significance))
			least = i;
	}
	return left > 1 ? least : CHUNKS;
}

static void rewrite(struct vlsp_packet *packet, const struct vlsp_fields *f,
		    const struct chunk *chunks, unsigned count)
{
	uint8_t data[VLSP_DATAGRAM_MAX];
	size_t size = HEAD + (size_t)count * ENTRY;

	memcpy(data, f->payload, size);
	for (unsigned i = 0; i < count; i++) {
		data[HEAD + i * ENTRY + 2] = (uint8_t)(chunks[i].size >> 8);
		data[HEAD + i * ENTRY + 3] = (uint8_t)chunks[i].size;
		memcpy(data + size, f->payload + chunks[i].at, chunks[i].size);
		size += chunks[i].size;
	}
	if (vlsp_packet_set_payload(packet, data, size) < 0)
		app_fail("cannot trim a datagram");
}

static bool fits(const struct vlsp_packet *packet, size_t size)
{
	return fn_bucket_take(&bucket, rate / 8, (double)burst, (double)size, packet->arrived_ns);
}

static void treat(struct vlsp_packet *packet)
{
	struct chunk chunks[CHUNKS];
	size_t size = packet->size, gone;
	unsigned count, at, drops = 0;
	struct vlsp_fields f;

	if (fits(packet, size)) {
		whole++;
		fn_pass(packet);
		return;
	}
	/* What a link has changed would be as good as new. */
	count = vlsp_packet_fields(packet, &f) == 0 && f.protocol == 17 && f.dport &&
				fn_is_sound(packet, &f)
			? read_chunks(&f, chunks)
			: 0;
	while ((at = victim(chunks, count)) < CHUNKS) {
		size -= chunks[at].size;
		chunks[at].size = 0;
		drops++;
		if (!fits(packet, size))
			continue;
		gone = packet->size - size;
		rewrite(packet, &f, chunks, count);
		trimmed++;
		chunks_dropped += drops;
		bytes_dropped += gone;
		fn_pass(packet);
		return;
	}
	fn_drop(packet);
}

int main(int argc, char **argv)
{
	struct vlsp_packet packet;

	app_start(&app, argc, argv);
	fn_open(NULL);
	app_ready();
	while (fn_next(&packet, NULL))
		treat(&packet);
	return app_end();
}
