// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and writing TFTP packets. Used by tftp_session.c, tftp and tftpd; they come from anybody
 * on the network. */
#include "apps/tftp_packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reader {
	const uint8_t *at, *end;
};

/* The next string with its NUL, or NULL. */
static const char *string(struct reader *reader)
{
	const uint8_t *nul = memchr(reader->at, '\0', (size_t)(reader->end - reader->at));
	const char *text = (const char *)reader->at;

	if (!nul)
		return NULL;
	reader->at = nul + 1;
	return text;
}

/* Of a request a value that is none is ignored like an option that is not known: without an answer
 * to it, it does not apply (RFC 2347). */
static bool read_options(struct reader *reader, struct tftp_packet *packet)
{
	bool asked = packet->op != TFTP_OACK;

	while (reader->at < reader->end) {
		const char *name = string(reader), *value = name ? string(reader) : NULL;
		unsigned long size;
		char *end;

		if (!value)
			return false;
		if (strcasecmp(name, "blksize") != 0)
			continue;
		size = strtoul(value, &end, 10);
		if (*value >= '0' && *value <= '9' && !*end && size >= TFTP_BLOCK_MIN &&
		    size <= 65464)
			packet->block_size = (unsigned)size;
		else if (!asked)
			return false;
	}
	return true;
}

static bool read_request(struct reader *reader, struct tftp_packet *packet)
{
	const char *name = string(reader), *mode = name ? string(reader) : NULL;

	if (!mode || strlen(name) >= sizeof(packet->text))
		return false;
	strcpy(packet->text, name);
	for (const char *c = name; *c; c++) /* it is shown to people */
		if ((unsigned char)*c < ' ' || *c == 127)
			return false;
	packet->octet = strcasecmp(mode, "octet") == 0;
	return read_options(reader, packet);
}

static bool read_error(struct reader *reader, struct tftp_packet *packet)
{
	const char *text = string(reader);

	if (!text)
		return false;
	snprintf(packet->text, sizeof(packet->text), "%.255s", text);
	for (char *c = packet->text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return true;
}

bool tftp_is_answered(const uint8_t *data, size_t size)
{
	return size >= 2 && data[0] == 0 && data[1] >= TFTP_RRQ && data[1] < TFTP_ERROR;
}

bool tftp_read(const uint8_t *data, size_t size, struct tftp_packet *ret_packet)
{
	struct reader reader = {data + 2, data + size};
	struct tftp_packet packet = {0};
	bool good;

	if (size < 4 || data[0] != 0)
		return false;
	packet.op = (enum tftp_op)data[1];
	if (packet.op == TFTP_DATA || packet.op == TFTP_ACK || packet.op == TFTP_ERROR) {
		packet.number = (uint16_t)(data[2] << 8 | data[3]);
		reader.at += 2;
	}
	switch (packet.op) {
	case TFTP_RRQ:
	case TFTP_WRQ:
		good = read_request(&reader, &packet);
		break;
	case TFTP_DATA:
		packet.data = reader.at;
		packet.size = size - 4;
		good = true;
		break;
	case TFTP_ACK:
		good = size == 4;
		break;
	case TFTP_ERROR:
		good = read_error(&reader, &packet);
		break;
	case TFTP_OACK:
		good = read_options(&reader, &packet);
		break;
	default:
		good = false;
	}
	if (good)
		*ret_packet = packet;
	return good;
}

static size_t write_block_size(uint8_t *to, size_t length, unsigned block_size)
{
	if (block_size)
		length += (size_t)snprintf((char *)to + length, TFTP_PACKET_MAX - length,
					   "blksize%c%u", 0, block_size) +
			  1;
	return length;
}

size_t tftp_write(uint8_t to[TFTP_PACKET_MAX], const struct tftp_packet *packet)
{
	size_t length = 4;

	memset(to, 0, 4);
	to[1] = (uint8_t)packet->op;
	to[2] = (uint8_t)(packet->number >> 8);
	to[3] = (uint8_t)packet->number;
	switch (packet->op) {
	case TFTP_RRQ:
	case TFTP_WRQ:
		length = 2 +
			 (size_t)snprintf((char *)to + 2, TFTP_PACKET_MAX - 2, "%s%coctet",
					  packet->text, 0) +
			 1;
		return write_block_size(to, length, packet->block_size);
	case TFTP_OACK:
		return write_block_size(to, 2, packet->block_size);
	case TFTP_DATA:
		if (packet->size)
			memcpy(to + 4, packet->data, packet->size);
		return length + packet->size;
	case TFTP_ERROR:
		return 4 +
		       (size_t)snprintf((char *)to + 4, TFTP_PACKET_MAX - 4, "%s", packet->text) +
		       1;
	case TFTP_ACK:
		break;
	}
	return length;
}
