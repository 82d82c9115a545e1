/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds what the shipped applications take from the network, and their command lines' words: the
 * first byte says which. Checked besides memory: what is read, written, and read again is the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "apps/exchange.h"
#include "apps/nat_packet.h"
#include "apps/parse.h"
#include "apps/random.h"
#include "apps/settings.h"
#include "apps/tftp_packet.h"
#include "apps/topic.h"

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

static const char *seen_setting(void *arg, const char *key, const char *value)
{
	size_t *count = arg;

	CHECK(strlen(key) > 0 && strlen(key) < SETTINGS_KEY);
	CHECK(strlen(value) > 0 && strlen(value) < SETTINGS_VALUE);
	return ++*count == 100 ? "enough" : NULL;
}

static void try_settings(const uint8_t *data, size_t size)
{
	char text[1500];
	size_t count = 0;

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	settings_read(text, seen_setting, &count);
}

static void try_tftp(const uint8_t *data, size_t size)
{
	struct tftp_packet packet, again;
	uint8_t out[TFTP_PACKET_MAX];
	bool request;

	if (!tftp_read(data, size, &packet))
		return;
	request = packet.op == TFTP_RRQ || packet.op == TFTP_WRQ;
	if (packet.size > TFTP_BLOCK_MAX || (request && !packet.octet) ||
	    (packet.op == TFTP_OACK && !packet.block_size))
		return; /* not ours to send */
	CHECK(tftp_read(out, tftp_write(out, &packet), &again));
	CHECK(again.op == packet.op && again.number == packet.number && again.size == packet.size);
	CHECK(again.block_size == packet.block_size && strcmp(again.text, packet.text) == 0);
	CHECK(!packet.size || memcmp(again.data, packet.data, packet.size) == 0);
}

static void try_exchange(const char *data, size_t size)
{
	char out[EXCHANGE_HEAD + EXCHANGE_PART];
	struct exchange_request request, request_again;
	struct exchange_part part, part_again;
	size_t head;

	if (exchange_read_request(data, size, &request)) {
		CHECK(exchange_read_request(out, exchange_write_request(out, &request),
					    &request_again));
		CHECK(request.id == request_again.id && request.length == request_again.length);
	}
	if (exchange_read_part(data, size, &part)) {
		CHECK(part.offset + part.size <= part.length &&
		      part.length <= EXCHANGE_RESPONSE_MAX);
		head = exchange_write_part(out, &part);
		memcpy(out + head, part.bytes, part.size);
		CHECK(exchange_read_part(out, head + part.size, &part_again));
		CHECK(part.id == part_again.id && part.offset == part_again.offset &&
		      part.length == part_again.length && part.status == part_again.status);
	}
}

static void try_topic(const char *data, size_t size)
{
	struct topic_message message, again;
	char out[4096 + TOPIC_SIZE];
	size_t length;

	if (!topic_read(data, size, &message))
		return;
	/* the one way in which it is written is that in which it is read */
	length = topic_write(out, sizeof(out), &message);
	CHECK(length == size && memcmp(out, data, size) == 0);
	CHECK(topic_read(out, length, &again) && again.verb == message.verb);
	if (topic_valid(message.topic, false))
		CHECK(topic_matches(message.topic, message.topic) &&
		      topic_matches("#", message.topic));
	topic_matches(message.topic, "a/b/c");
}

static void try_words(const uint8_t *data, size_t size)
{
	static parse_fn *const dists[] = {parse_dist, parse_dist_bytes, parse_dist_time,
					  parse_dist_rate};
	struct random_dist dist;
	struct random rng = {size};
	uint64_t whole;
	double real;
	char text[200];

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; i < sizeof(dists) / sizeof(dists[0]); i++)
		if (!dists[i](text, &dist))
			CHECK(random_draw(&dist, &rng) >= 0);
	if (!parse_real(text, &real) || !parse_rate(text, &real))
		CHECK(real >= 0);
	if (!parse_count(text, &whole) || !parse_bytes(text, &whole) || !parse_time(text, &whole))
		CHECK(whole <= (uint64_t)1 << 60);
}

/* Ports and identifiers that are changed are those that are read then, and a quote's sums stay
 * right. */
static void try_nat_ends(struct vlsp_packet *packet)
{
	struct nat_view view, again;

	if (nat_read(packet, &view) < 0)
		return;
	for (enum nat_end end = NAT_SRC; end <= NAT_DST; end++) {
		CHECK(!view.later || view.port[end] < 0);
		CHECK(nat_set(packet, end, 0x0a000009, view.port[end] < 0 ? -1 : 4242) == 0);
		CHECK(nat_read(packet, &again) == 0 && again.host[end] == 0x0a000009);
		CHECK(again.port[end] == (view.port[end] < 0 ? -1 : 4242));
	}
}

static void try_nat(const uint8_t *data, size_t size)
{
	uint8_t copy[1500];
	struct vlsp_packet packet = {.data = copy, .size = size, .room = sizeof(copy)};
	struct nat_quote quote;

	if (size > sizeof(copy))
		return;
	memcpy(copy, data, size);
	if (nat_quote_read(&packet, &quote)) {
		try_nat_ends(&quote.packet);
		nat_quote_write(&packet, &quote);
		CHECK(nat_quote_read(&packet, &quote));
	}
	try_nat_ends(&packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	switch ((uint8_t)(data[0] - '0') % 6) {
	case 0:
		try_settings(data + 1, size - 1);
		break;
	case 1:
		try_tftp(data + 1, size - 1);
		break;
	case 2:
		try_exchange((const char *)data + 1, size - 1);
		break;
	case 3:
		try_topic((const char *)data + 1, size - 1);
		break;
	case 4:
		try_words(data + 1, size - 1);
		break;
	default:
		try_nat(data + 1, size - 1);
	}
	return 0;
}
