// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocks of pcapng: draft-ietf-opsawg-pcapng, sections 4.1 (section header), 4.2 (interface
 * description), 4.3 (enhanced packet) and 4.6 (interface statistics). Called by vlsp capture.
 */
#include "lib/capture/pcapng.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SECTION	 0x0a0d0d0a
#define BLOCK_INTERFACE	 1
#define BLOCK_STATISTICS 5
#define BLOCK_PACKET	 6
#define ORDER_MAGIC	 0x1a2b3c4d
#define LINK_ETHERNET	 1
#define OPTION_MAX	 65535

enum option {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_HARDWARE = 2,
	SHB_OS = 3,
	SHB_PROGRAM = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_FLAGS = 2,
	ISB_START = 2,
	ISB_END = 3,
	ISB_RECEIVED = 4,
	ISB_DROPPED = 5,
	ISB_ACCEPTED = 6,
	ISB_DELIVERED = 8,
};

void pcapng_done(struct pcapng *pcapng)
{
	free(pcapng->data);
	memset(pcapng, 0, sizeof(*pcapng));
}

void pcapng_clear(struct pcapng *pcapng)
{
	pcapng->size = 0;
}

size_t pcapng_whole(const struct pcapng *pcapng, size_t size, size_t *ret_packets)
{
	size_t whole = 0;
	uint32_t head[2]; /* type, length */

	*ret_packets = 0;
	for (size_t at = 0; at < pcapng->size; at += head[1]) {
		memcpy(head, pcapng->data + at, sizeof(head));
		if (at + head[1] <= size)
			whole = at + head[1];
		else
			*ret_packets += head[0] == BLOCK_PACKET;
	}
	return whole;
}

/* size bytes, padded with zeros to whole words of 32 bits; NULL: only zeros. */
static void put(struct pcapng *pcapng, const void *data, size_t size)
{
	size_t padded = (size + 3) & ~(size_t)3;

	if (pcapng->failed)
		return;
	if (pcapng->size + padded > pcapng->room) {
		size_t room = 2 * pcapng->room + padded + 4096;
		uint8_t *more = realloc(pcapng->data, room);

		if (!more) {
			pcapng->failed = true;
			return;
		}
		pcapng->data = more;
		pcapng->room = room;
	}
	if (size)
		memcpy(pcapng->data + pcapng->size, data, size);
	memset(pcapng->data + pcapng->size + size, 0, padded - size);
	pcapng->size += padded;
}

static void put32(struct pcapng *pcapng, uint32_t value)
{
	put(pcapng, &value, sizeof(value));
}

static void put_halves(struct pcapng *pcapng, uint16_t first, uint16_t second)
{
	uint16_t halves[2] = {first, second};

	put(pcapng, halves, sizeof(halves));
}

static void put_time(struct pcapng *pcapng, uint64_t ns)
{
	put32(pcapng, (uint32_t)(ns >> 32));
	put32(pcapng, (uint32_t)ns);
}

static void option(struct pcapng *pcapng, enum option code, const void *data, size_t size)
{
	if (size > OPTION_MAX)
		size = OPTION_MAX;
	put_halves(pcapng, (uint16_t)code, (uint16_t)size);
	put(pcapng, data, size);
}

static void option_text(struct pcapng *pcapng, enum option code, const char *text)
{
	if (text)
		option(pcapng, code, text, strlen(text));
}

static void option64(struct pcapng *pcapng, enum option code, uint64_t value)
{
	option(pcapng, code, &value, sizeof(value));
}

static void option_time(struct pcapng *pcapng, enum option code, uint64_t ns)
{
	uint32_t halves[2] = {(uint32_t)(ns >> 32), (uint32_t)ns};

	option(pcapng, code, halves, sizeof(halves));
}

/* Where the block begins, for block_end(). */
static size_t block(struct pcapng *pcapng, uint32_t type)
{
	size_t at = pcapng->size;

	put32(pcapng, type);
	put32(pcapng, 0); /* its length, by block_end() */
	return at;
}

static void block_end(struct pcapng *pcapng, size_t at)
{
	uint32_t length;

	put_halves(pcapng, OPT_END, 0);
	length = (uint32_t)(pcapng->size - at + sizeof(length));
	put32(pcapng, length);
	if (pcapng->failed)
		pcapng->size = at; /* a block is whole or not there */
	else
		memcpy(pcapng->data + at + 4, &length, sizeof(length));
}

void pcapng_section(struct pcapng *pcapng, const char *hardware, const char *os,
		    const char *program)
{
	size_t at = block(pcapng, BLOCK_SECTION);

	put32(pcapng, ORDER_MAGIC);
	put_halves(pcapng, 1, 0);     /* version 1.0 */
	put_time(pcapng, UINT64_MAX); /* length of the section: not known */
	option_text(pcapng, SHB_HARDWARE, hardware);
	option_text(pcapng, SHB_OS, os);
	option_text(pcapng, SHB_PROGRAM, program);
	block_end(pcapng, at);
}

void pcapng_interface(struct pcapng *pcapng, const struct pcapng_interface *interface)
{
	static const uint8_t nanoseconds = 9;
	size_t at = block(pcapng, BLOCK_INTERFACE);

	put_halves(pcapng, LINK_ETHERNET, 0);
	put32(pcapng, interface->snaplen);
	option_text(pcapng, IF_NAME, interface->name);
	option_text(pcapng, IF_DESCRIPTION, interface->description);
	option(pcapng, IF_TSRESOL, &nanoseconds, 1);
	if (interface->filter && interface->filter[0]) {
		size_t size = strlen(interface->filter) + 1;
		char *filter = malloc(size);

		if (filter) {
			filter[0] = 0; /* a text in libpcap's words follows */
			memcpy(filter + 1, interface->filter, size - 1);
			option(pcapng, IF_FILTER, filter, size);
		}
		pcapng->failed = pcapng->failed || !filter;
		free(filter);
	}
	block_end(pcapng, at);
}

void pcapng_packet(struct pcapng *pcapng, const struct pcapng_packet *packet)
{
	uint32_t flags = packet->direction;
	size_t at = block(pcapng, BLOCK_PACKET);

	put32(pcapng, packet->interface);
	put_time(pcapng, packet->time_ns);
	put32(pcapng, packet->captured);
	put32(pcapng, packet->length);
	put(pcapng, packet->data, packet->captured);
	option_text(pcapng, OPT_COMMENT, packet->comment);
	if (flags)
		option(pcapng, EPB_FLAGS, &flags, sizeof(flags));
	block_end(pcapng, at);
}

void pcapng_statistics(struct pcapng *pcapng, const struct pcapng_statistics *statistics)
{
	size_t at = block(pcapng, BLOCK_STATISTICS);

	put32(pcapng, statistics->interface);
	put_time(pcapng, statistics->time_ns);
	option_text(pcapng, OPT_COMMENT, statistics->comment);
	option_time(pcapng, ISB_START, statistics->start_ns);
	if (statistics->ends)
		option_time(pcapng, ISB_END, statistics->time_ns);
	if (statistics->whole) {
		option64(pcapng, ISB_RECEIVED, statistics->accepted);
		option64(pcapng, ISB_DROPPED, statistics->dropped);
		option64(pcapng, ISB_ACCEPTED, statistics->accepted);
	}
	option64(pcapng, ISB_DELIVERED, statistics->delivered);
	block_end(pcapng, at);
}
