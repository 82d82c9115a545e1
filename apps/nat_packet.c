// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams as nat sees them. libvlsp's setters do UDP and TCP; what they leave alone is done here:
 * ICMP, first fragments, and quotes. How a quoted IPv4 header was VDP, and what is where in VDP, is
 * in Documentation/wire.md.
 */
#include "apps/nat_packet.h"

#include <errno.h>
#include <string.h>

#include "apps/sum.h"

enum { /* VDP's network part */
       FLAGS = 0,
       TTL = 1,
       PROTOCOL = 2,
       TCLASS = 3,
       ADDRESSES = 4,
       ID = 16, /* fragments: of IPv4, and its fragment word */
       NET_SIZE = 20,
       FRAGMENT = 0x1,
       OPTIONS = 0x4,
       OPTIONS_SIZE = 16,
       VERSION = 0x10,
};
enum { /* IPv4's header */
       IP_TCLASS = 1,
       IP_LENGTH = 2,
       IP_ID = 4,
       IP_TTL = 8,
       IP_PROTOCOL = 9,
       IP_SUM = 10,
       IP_ADDRESSES = 12,
       IP_SIZE = 20,
       MORE = 0x2000,
       OFFSET = 0x1fff,
};
enum { /* ICMP */
       TYPE = 0,
       SUM = 2,
       IDENTIFIER = 4,
       ICMP_SIZE = 8,
};
#define PORTS	 8 /* bytes that an ICMP error quotes at least, and where all ports are */
#define TCP_SIZE 20

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void sum_up(uint8_t *data, size_t size, size_t at)
{
	put16(data + at, 0);
	put16(data + at, (uint16_t)~sum16(0, data, size));
}

static bool is_query(uint8_t type) /* echo, timestamp */
{
	return type == 8 || type == 13;
}

static bool is_reply(uint8_t type)
{
	return type == 0 || type == 14;
}

static bool is_error(uint8_t type) /* unreachable, source quench, time exceeded, parameter */
{
	return type == 3 || type == 4 || type == 11 || type == 12;
}

static size_t head_of(const struct vlsp_packet *packet)
{
	return NET_SIZE + (packet->data[FLAGS] & OPTIONS ? OPTIONS_SIZE : 0);
}

/* Where that end's port is, or identifier. NULL: it has none, or not the header around it. */
static uint8_t *port_place(const struct vlsp_packet *packet, const struct nat_view *view,
			   enum nat_end end)
{
	uint8_t *transport = packet->data + head_of(packet);
	size_t size = packet->size - head_of(packet);

	if (view->later || size < (view->protocol == NAT_TCP ? TCP_SIZE : PORTS))
		return NULL;
	if (view->protocol == NAT_UDP || view->protocol == NAT_TCP)
		return transport + (end == NAT_SRC ? 0 : 2);
	if (view->protocol == NAT_ICMP &&
	    (end == NAT_SRC ? is_query(transport[TYPE]) : is_reply(transport[TYPE])))
		return transport + IDENTIFIER;
	return NULL;
}

static int port_of(const struct vlsp_packet *packet, const struct nat_view *view, enum nat_end end)
{
	const uint8_t *at = port_place(packet, view, end);

	if (!at || (view->protocol != NAT_ICMP && !get16(at)))
		return -1;
	return get16(at);
}

int nat_read(const struct vlsp_packet *packet, struct nat_view *ret_view)
{
	struct vlsp_fields f;

	if (vlsp_packet_fields(packet, &f) < 0)
		return -1;
	*ret_view = (struct nat_view){.host = {f.src, f.dst},
				      .protocol = f.protocol,
				      .ttl = f.ttl,
				      .fragment = f.fragment};
	if (f.fragment) {
		ret_view->later = get16(packet->data + ID + 2) & OFFSET;
		ret_view->id = get16(packet->data + ID);
	}
	ret_view->port[NAT_SRC] = port_of(packet, ret_view, NAT_SRC);
	ret_view->port[NAT_DST] = port_of(packet, ret_view, NAT_DST);
	return 0;
}

static int set_end(struct vlsp_packet *packet, enum nat_end end, uint32_t host, int port)
{
	uint16_t given = port < 0 ? 0 : (uint16_t)port; /* 0: stays */

	return end == NAT_SRC ? vlsp_packet_set_src(packet, host, given)
			      : vlsp_packet_set_dst(packet, host, given);
}

/* RFC 1624, equation 3. */
static void set_port(uint8_t *at, uint16_t port, uint8_t *sum_at, bool is_udp)
{
	uint16_t old = get16(at), field = get16(sum_at);
	uint32_t all = (uint32_t)(uint16_t)~field + (uint16_t)~old + port;

	put16(at, port);
	if (is_udp && !field)
		return; /* it has none */
	all = (all & 0xffff) + (all >> 16);
	field = (uint16_t) ~(all + (all >> 16));
	put16(sum_at, is_udp && !field ? 0xffff : field);
}

int nat_set(struct vlsp_packet *packet, enum nat_end end, uint32_t host, int port)
{
	uint8_t *transport, *at;
	struct nat_view view;

	if (nat_read(packet, &view) < 0)
		return -1;
	if (port < 0 || (view.protocol != NAT_ICMP && !view.fragment))
		return set_end(packet, end, host, port);
	at = port_place(packet, &view, end);
	if (!at) {
		errno = EINVAL;
		return -1;
	}
	transport = packet->data + head_of(packet);
	set_port(at, (uint16_t)port,
		 transport + (view.protocol == NAT_ICMP	 ? SUM
			      : view.protocol == NAT_UDP ? 6
							 : 16),
		 view.protocol == NAT_UDP);
	return set_end(packet, end, host, -1);
}

void nat_set_id(struct vlsp_packet *packet, uint16_t id)
{
	put16(packet->data + ID, id);
}

bool nat_quote_read(const struct vlsp_packet *packet, struct nat_quote *ret_quote)
{
	struct nat_quote *quote = ret_quote;
	size_t length, there;
	struct vlsp_fields f;
	uint8_t *ip;

	if (vlsp_packet_fields(packet, &f) < 0 || f.protocol != NAT_ICMP || f.fragment ||
	    f.payload_size < ICMP_SIZE + IP_SIZE + PORTS || !is_error(f.payload[TYPE]) ||
	    sum16(0, f.payload, f.payload_size) != 0xffff)
		return false;
	ip = f.payload + ICMP_SIZE;
	there = f.payload_size - ICMP_SIZE;
	*quote = (struct nat_quote){.ip = ip, .head = (size_t)(ip[0] & 0xf) * 4};
	length = get16(ip + IP_LENGTH);
	if (ip[0] >> 4 != 4 || quote->head < IP_SIZE || there < quote->head + PORTS ||
	    length < quote->head + PORTS || sum16(0, ip, quote->head) != 0xffff)
		return false;
	there = (there < length ? there : length) - quote->head;
	quote->rest = there < TCP_SIZE ? there : TCP_SIZE;
	quote->data[FLAGS] = VERSION | (get16(ip + IP_ID + 2) & (MORE | OFFSET) ? FRAGMENT : 0);
	quote->data[TTL] = ip[IP_TTL];
	quote->data[PROTOCOL] = ip[IP_PROTOCOL];
	quote->data[TCLASS] = ip[IP_TCLASS];
	memcpy(quote->data + ADDRESSES, ip + IP_ADDRESSES, 8);
	memcpy(quote->data + ID, ip + IP_ID, 4);
	memcpy(quote->data + NET_SIZE, ip + quote->head, quote->rest);
	/* As long as it was: sums of pseudo headers have it in them. */
	quote->packet.data = quote->data;
	quote->packet.size = quote->packet.room = NET_SIZE + length - quote->head;
	return true;
}

void nat_quote_write(const struct vlsp_packet *packet, const struct nat_quote *quote)
{
	uint8_t *icmp = quote->ip - ICMP_SIZE;

	memcpy(quote->ip + IP_ADDRESSES, quote->data + ADDRESSES, 8);
	memcpy(quote->ip + quote->head, quote->data + NET_SIZE, quote->rest);
	sum_up(quote->ip, quote->head, IP_SUM);
	sum_up(icmp, (size_t)(packet->data + packet->size - icmp), SUM);
}
