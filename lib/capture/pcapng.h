/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes pcapng (draft-ietf-opsawg-pcapng), in this machine's byte order, to memory. One section;
 * its interfaces are numbered from 0 in the order in which they are added. Times are nanoseconds
 * since 1970, link type Ethernet.
 */
#ifndef VLSP_LIB_CAPTURE_PCAPNG_H
#define VLSP_LIB_CAPTURE_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcapng {
	uint8_t *data; /* blocks that were added, for the caller to write and clear */
	size_t size, room;
	bool failed; /* out of memory: blocks are missing, for good */
};

void pcapng_done(struct pcapng *pcapng);
void pcapng_clear(struct pcapng *pcapng);
/* Of data's first size bytes, how many are whole blocks; *ret_packets: how many packets these do
 * not have. */
size_t pcapng_whole(const struct pcapng *pcapng, size_t size, size_t *ret_packets);

/* Texts may be NULL: not said. */
void pcapng_section(struct pcapng *pcapng, const char *hardware, const char *os,
		    const char *program);

struct pcapng_interface {
	const char *name, *description;
	const char *filter; /* pcap-filter's words; NULL: none */
	uint32_t snaplen;   /* 0: no limit */
};
void pcapng_interface(struct pcapng *pcapng, const struct pcapng_interface *interface);

enum pcapng_direction { PCAPNG_UNKNOWN, PCAPNG_IN, PCAPNG_OUT };

struct pcapng_packet {
	uint32_t interface;
	uint64_t time_ns;
	const void *data;
	uint32_t captured, length;
	enum pcapng_direction direction;
	const char *comment; /* NULL: none */
};
#define PCAPNG_PACKET_MIN 36 /* bytes of a packet's block */
void pcapng_packet(struct pcapng *pcapng, const struct pcapng_packet *packet);

struct pcapng_statistics {
	uint32_t interface;
	uint64_t time_ns, start_ns;
	bool ends;	    /* time_ns is the end */
	uint64_t delivered; /* by this interface, to this program */
	bool whole;	    /* the following are known */
	uint64_t accepted;  /* by the filter */
	uint64_t dropped;   /* of these, for lack of room */
	const char *comment;
};
void pcapng_statistics(struct pcapng *pcapng, const struct pcapng_statistics *statistics);

#endif
