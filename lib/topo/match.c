// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads and writes matches: words, most of them followed by a value, in any order and each once.
 * Called by the host back ends and, to check them, by daemon/api.
 */
#include "lib/topo/match.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "include/shared/vdp.h"
#include "lib/base/name.h"

#define BLANKS	  " \t"
#define WORD_SIZE 40
#define PORTS	  (VLSP_MATCH_SPORT | VLSP_MATCH_DPORT)

struct reader {
	struct topo_match *match;
	const char *text, *next;
	size_t at;		   /* of the word, from 1 on */
	char word[WORD_SIZE];	   /* "" at the end */
	size_t either_at, port_at; /* of these words; 0: not there */
	struct err *err;
};

static int read_word(struct reader *reader)
{
	size_t n;

	reader->next += strspn(reader->next, BLANKS);
	reader->at = (size_t)(reader->next - reader->text) + 1;
	n = strcspn(reader->next, BLANKS);
	if (n >= WORD_SIZE)
		return err_set(reader->err, EINVAL, "at %zu: '%.*s...' is too long for a word",
			       reader->at, 16, reader->next);
	memcpy(reader->word, reader->next, n);
	reader->word[n] = '\0';
	reader->next += n;
	return 0;
}

static int wrong(const struct reader *reader, const char *what)
{
	return err_set(reader->err, EINVAL, "at %zu: '%s' %s", reader->at, reader->word, what);
}

/* The value behind a word that is there. */
static int read_value(struct reader *reader, const char *what)
{
	char word[WORD_SIZE];
	int r;

	memcpy(word, reader->word, sizeof(word));
	r = read_word(reader);
	if (r == 0 && !reader->word[0])
		return err_set(reader->err, EINVAL, "at %zu: %s is not followed by %s", reader->at,
			       word, what);
	return r;
}

/* Decimal, or hexadecimal with 0x if hex; up to end, which is not a part of it. */
static bool read_number(const char *text, size_t n, bool hex, uint64_t max, uint64_t *ret)
{
	unsigned base = hex && n > 2 && text[0] == '0' && text[1] == 'x' ? 16 : 10;
	size_t i = base == 16 ? 2 : 0;
	uint64_t value = 0;

	if (i == n || n > 12)
		return false;
	for (; i < n; i++) {
		char c = text[i];
		unsigned digit = c >= '0' && c <= '9'		      ? (unsigned)(c - '0')
				 : base == 16 && c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
				 : base == 16 && c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
								      : base;

		if (digit >= base)
			return false;
		value = value * base + digit;
	}
	if (value > max)
		return false;
	*ret = value;
	return true;
}

static int read_end(struct reader *reader, char name[TOPO_MATCH_END_SIZE])
{
	int r = read_value(reader, "a link end (to-NEIGHBOUR) or edge");

	if (r < 0)
		return r;
	if (strcmp(reader->word, "edge") == 0)
		return 0;
	if (strlen(reader->word) >= TOPO_MATCH_END_SIZE)
		return wrong(reader, "is no link end: they have at most 15 characters");
	strcpy(name, reader->word);
	return 0;
}

static int read_address(struct reader *reader, __be32 *ret_address, __be32 *ret_mask)
{
	char text[WORD_SIZE];
	uint64_t length = 32;
	uint32_t address;
	char *slash;
	int r = read_value(reader, "an address");

	if (r < 0)
		return r;
	memcpy(text, reader->word, sizeof(text));
	slash = strchr(text, '/');
	if (slash) {
		*slash++ = '\0';
		if (!read_number(slash, strlen(slash), false, 32, &length))
			return wrong(reader, "has no length between 0 and 32 behind '/'");
	}
	if (addr_parse(text, &address) < 0)
		return wrong(reader, "is not an address, like 10.0.0.1 or 10.0.0.0/24");
	if (address & ~prefix_mask((unsigned)length))
		return wrong(reader, "has bits behind its length");
	*ret_address = htonl(address);
	*ret_mask = htonl(prefix_mask((unsigned)length));
	return 0;
}

static int read_ports(struct reader *reader, uint16_t *ret_min, uint16_t *ret_max)
{
	const char *dash;
	uint64_t min, max;
	size_t n;
	int r;

	reader->port_at = reader->at;
	r = read_value(reader, "a port");
	if (r < 0)
		return r;
	dash = strchr(reader->word, '-');
	n = dash ? (size_t)(dash - reader->word) : strlen(reader->word);
	if (!read_number(reader->word, n, false, 65535, &min) ||
	    !read_number(dash ? dash + 1 : reader->word, dash ? strlen(dash + 1) : n, false, 65535,
			 &max))
		return wrong(reader, "is not a port, like 53, or a range of ports, like 5000-5999");
	if (min > max)
		return wrong(reader, "is a range that ends before it begins");
	*ret_min = (uint16_t)min;
	*ret_max = (uint16_t)max;
	return 0;
}

static int read_flow(struct reader *reader)
{
	uint64_t flow;
	int r = read_value(reader, "a flow id");

	if (r < 0)
		return r;
	if (!read_number(reader->word, strlen(reader->word), true, UINT32_MAX, &flow) || flow == 0)
		return wrong(reader, "is not a flow id: a number between 1 and 4294967295");
	reader->match->match.flow = htonl((uint32_t)flow);
	return 0;
}

static int read_protocol(struct reader *reader)
{
	static const struct {
		const char *name;
		uint8_t protocol;
	} names[] = {{"udp", VDP_PROTO_UDP}, {"tcp", VDP_PROTO_TCP}, {"icmp", VDP_PROTO_ICMP}};
	uint64_t number;
	int r;

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(reader->word, names[i].name) == 0) {
			reader->match->match.protocol = names[i].protocol;
			return 0;
		}
	}
	r = read_value(reader, "a protocol's number");
	if (r < 0)
		return r;
	if (!read_number(reader->word, strlen(reader->word), false, 255, &number))
		return wrong(reader, "is not a protocol's number between 0 and 255");
	if (number == VDP_PROTO_CONTROL)
		return wrong(reader, "is what routers say to each other, which no function gets");
	reader->match->match.protocol = (uint8_t)number;
	return 0;
}

static uint32_t flag_of(const char *word)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} words[] = {{"from", VLSP_MATCH_FROM},	    {"to", VLSP_MATCH_TO},
		     {"src", VLSP_MATCH_SRC},	    {"dst", VLSP_MATCH_DST},
		     {"sport", VLSP_MATCH_SPORT},   {"dport", VLSP_MATCH_DPORT},
		     {"flow", VLSP_MATCH_FLOW},	    {"either", VLSP_MATCH_EITHER},
		     {"udp", VLSP_MATCH_PROTOCOL},  {"tcp", VLSP_MATCH_PROTOCOL},
		     {"icmp", VLSP_MATCH_PROTOCOL}, {"proto", VLSP_MATCH_PROTOCOL}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].flag;
	return 0;
}

static int read_one(struct reader *reader)
{
	struct vlsp_match *match = &reader->match->match;
	uint32_t flag = flag_of(reader->word);

	if (!flag)
		return wrong(reader, "is none of from, to, udp, tcp, icmp, proto, src, dst, sport, "
				     "dport, flow, either");
	if (match->flags & flag)
		return wrong(reader, flag == VLSP_MATCH_PROTOCOL ? "is a second protocol"
								 : "is there twice");
	match->flags |= flag;
	switch (flag) {
	case VLSP_MATCH_FROM:
		return read_end(reader, reader->match->from);
	case VLSP_MATCH_TO:
		return read_end(reader, reader->match->to);
	case VLSP_MATCH_SRC:
		return read_address(reader, &match->src, &match->src_mask);
	case VLSP_MATCH_DST:
		return read_address(reader, &match->dst, &match->dst_mask);
	case VLSP_MATCH_SPORT:
		return read_ports(reader, &match->sport_min, &match->sport_max);
	case VLSP_MATCH_DPORT:
		return read_ports(reader, &match->dport_min, &match->dport_max);
	case VLSP_MATCH_FLOW:
		return read_flow(reader);
	case VLSP_MATCH_PROTOCOL:
		return read_protocol(reader);
	default:
		reader->either_at = reader->at;
		return 0;
	}
}

/* What can never match, or says nothing, is a mistake. */
static int check(const struct reader *reader)
{
	const struct vlsp_match *match = &reader->match->match;

	if (match->flags & PORTS && match->flags & VLSP_MATCH_PROTOCOL &&
	    match->protocol != VDP_PROTO_UDP && match->protocol != VDP_PROTO_TCP)
		return err_set(reader->err, EINVAL,
			       "at %zu: ports are only those of udp and tcp, not of protocol %u",
			       reader->port_at, match->protocol);
	if (reader->either_at && !(match->flags & (VLSP_MATCH_SRC | VLSP_MATCH_DST |
						   VLSP_MATCH_SPORT | VLSP_MATCH_DPORT)))
		return err_set(reader->err, EINVAL,
			       "at %zu: 'either' needs src, dst, sport or dport to turn round",
			       reader->either_at);
	return 0;
}

int topo_match_parse(const char *text, struct topo_match *ret_match, struct err *err)
{
	struct topo_match match = {0};
	struct reader reader = {.match = &match, .text = text, .next = text, .err = err};
	int r;

	if (!text)
		reader.text = reader.next = "";
	if (strlen(reader.text) >= TOPO_MATCH_TEXT_SIZE)
		return err_set(err, EINVAL, "at %d: a match has at most %d characters",
			       TOPO_MATCH_TEXT_SIZE, TOPO_MATCH_TEXT_SIZE - 1);
	for (;;) {
		r = read_word(&reader);
		if (r < 0)
			return r;
		if (!reader.word[0])
			break;
		r = read_one(&reader);
		if (r < 0)
			return r;
	}
	r = check(&reader);
	if (r < 0)
		return r;
	*ret_match = match;
	return 0;
}

/* --- writing --------------------------------------------------------------------------------- */

struct writer {
	char *text;
	size_t used;
};

static void put(struct writer *writer, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A word and its value. What is longest fits: see TOPO_MATCH_TEXT_SIZE. */
static void put(struct writer *writer, const char *fmt, ...)
{
	va_list ap;

	if (writer->used)
		writer->text[writer->used++] = ' ';
	va_start(ap, fmt);
	writer->used += (size_t)vsnprintf(writer->text + writer->used,
					  TOPO_MATCH_TEXT_SIZE - writer->used, fmt, ap);
	va_end(ap);
}

static void put_address(struct writer *writer, const char *word, __be32 address, __be32 mask)
{
	unsigned length = (unsigned)__builtin_popcount(mask);
	char text[ADDR_TEXT_SIZE];

	addr_format(ntohl(address), text);
	if (length == 32)
		put(writer, "%s %s", word, text);
	else
		put(writer, "%s %s/%u", word, text, length);
}

static void put_ports(struct writer *writer, const char *word, unsigned min, unsigned max)
{
	if (min == max)
		put(writer, "%s %u", word, min);
	else
		put(writer, "%s %u-%u", word, min, max);
}

static void put_protocol(struct writer *writer, uint8_t protocol)
{
	if (protocol == VDP_PROTO_UDP)
		put(writer, "udp");
	else if (protocol == VDP_PROTO_TCP)
		put(writer, "tcp");
	else if (protocol == VDP_PROTO_ICMP)
		put(writer, "icmp");
	else
		put(writer, "proto %u", protocol);
}

char *topo_match_format(const struct topo_match *match, char text[TOPO_MATCH_TEXT_SIZE])
{
	const struct vlsp_match *m = &match->match;
	struct writer writer = {.text = text};

	text[0] = '\0';
	if (m->flags & VLSP_MATCH_FROM)
		put(&writer, "from %s", match->from[0] ? match->from : "edge");
	if (m->flags & VLSP_MATCH_TO)
		put(&writer, "to %s", match->to[0] ? match->to : "edge");
	if (m->flags & VLSP_MATCH_PROTOCOL)
		put_protocol(&writer, m->protocol);
	if (m->flags & VLSP_MATCH_SRC)
		put_address(&writer, "src", m->src, m->src_mask);
	if (m->flags & VLSP_MATCH_DST)
		put_address(&writer, "dst", m->dst, m->dst_mask);
	if (m->flags & VLSP_MATCH_SPORT)
		put_ports(&writer, "sport", m->sport_min, m->sport_max);
	if (m->flags & VLSP_MATCH_DPORT)
		put_ports(&writer, "dport", m->dport_min, m->dport_max);
	if (m->flags & VLSP_MATCH_FLOW)
		put(&writer, "flow %u", ntohl(m->flow));
	if (m->flags & VLSP_MATCH_EITHER)
		put(&writer, "either");
	return text;
}
