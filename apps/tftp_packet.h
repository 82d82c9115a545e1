/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of TFTP (RFC 1350), with the option blksize (RFC 2347, RFC 2348). Octet mode only. */
#ifndef VLSP_APPS_TFTP_PACKET_H
#define VLSP_APPS_TFTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TFTP_BLOCK_DEFAULT 512
#define TFTP_BLOCK_MIN	   8
#define TFTP_BLOCK_MAX	   1468 /* what fits into a virtual datagram behind the 4 bytes in front */
#define TFTP_PACKET_MAX	   (TFTP_BLOCK_MAX + 4)

enum tftp_op { TFTP_RRQ = 1, TFTP_WRQ, TFTP_DATA, TFTP_ACK, TFTP_ERROR, TFTP_OACK };

enum tftp_code {
	TFTP_OTHER,
	TFTP_NOT_FOUND,
	TFTP_ACCESS,
	TFTP_FULL,
	TFTP_ILLEGAL,
	TFTP_UNKNOWN_ID,
	TFTP_EXISTS,
	TFTP_NO_USER,
	TFTP_OPTION,
};

struct tftp_packet {
	enum tftp_op op;
	uint16_t number;     /* DATA, ACK: of the block; ERROR: enum tftp_code */
	const uint8_t *data; /* DATA: in what was read */
	size_t size;
	char text[256]; /* RRQ, WRQ: the file's name, without control characters; ERROR: why, with
			   what is no printable ASCII as
			   '?' */
	bool octet;	/* RRQ, WRQ: its mode */
	unsigned block_size; /* RRQ, WRQ, OACK: 0 if it is not there */
};

/* Whether data is a packet. Options that are not known are left out, as RFC 2347 wants it. */
bool tftp_read(const uint8_t *data, size_t size, struct tftp_packet *ret_packet);
/* It is of a kind that is refused where it makes no sense. Errors are not (RFC 1350, section 7),
 * nor is what is no packet at all: two servers would refuse each other's refusals for ever. */
bool tftp_is_answered(const uint8_t *data, size_t size);
/* Its length; to has TFTP_PACKET_MAX bytes. What a packet of its kind has not is not looked at. */
size_t tftp_write(uint8_t to[TFTP_PACKET_MAX], const struct tftp_packet *packet);

#endif
