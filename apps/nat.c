// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nat: source NAT for UDP and TCP. Datagrams that match get the router's own address and a port of
 * a range as their source; what comes back to that port gets the old ones as its destination. A
 * port is one source's, whatever it talks to (endpoint-independent mapping, RFC 4787, section 4.1).
 * Fragments and other protocols are dropped: nobody could answer them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/fn.h"

#define UDP    17
#define TCP    6
#define SECOND 1000000000ULL

enum { INSIDE, BACK_UDP, BACK_TCP };

struct mapping {
	uint32_t host; /* of the inside; 0: the port is free */
	uint16_t port;
	uint16_t next; /* with the same hash; 0: none */
	uint64_t used_ns;
};

struct table { /* of one protocol; ports are the router's */
	struct mapping by_port[65536];
	uint16_t first[65536]; /* by hash of the inside */
	uint32_t at;	       /* port that was given last */
};

static struct table tables[2]; /* UDP, TCP */
static uint16_t low = 40000, high = 49999;
static uint64_t idle = 120 * SECOND;
static uint32_t own;
static unsigned long long out, back, unknown, full, unsuitable, mappings;

static void report(void)
{
	fn_report();
	vlsp_app_report("mappings", "%llu", mappings);
	vlsp_app_report("out", "%llu", out);
	vlsp_app_report("back", "%llu", back);
	vlsp_app_report("unknown", "%llu", unknown);
	vlsp_app_report("full", "%llu", full);
	vlsp_app_report("unsuitable", "%llu", unsuitable);
}

static const char *parse_ports(const char *text, void *value)
{
	unsigned a, b;
	int end = 0;

	(void)value;
	if (sscanf(text, "%5u-%5u%n", &a, &b, &end) != 2 || text[end] || a < 1024 || a > b ||
	    b > 65535)
		return "a range of ports between 1024 and 65535: 40000-49999";
	low = (uint16_t)a;
	high = (uint16_t)b;
	return NULL;
}

static const struct app_option options[] = {
	{"MATCH", NULL, "datagrams of the inside: \"from to-r1\", \"src 10.0.0.0/24\"", parse_text,
	 &fn_match},
	{"--ports", "LOW-HIGH", "the router's ports (default 40000-49999)", parse_ports, NULL},
	{"--idle", "TIME", "after which a port is free again (default 120s)", parse_time, &idle},
	FN_OPTIONS,
	{0},
};
static const struct app_option settings[] = {
	{"idle", "TIME", "after which a port is free again", parse_time, &idle},
	{0},
};
static const struct app app = {"nat", "gives datagrams the router's address, and back", options,
			       report, settings};

static uint16_t hash_of(uint32_t host, uint16_t port)
{
	uint32_t h = (host ^ (uint32_t)port << 16) * 0x9e3779b1u;

	return (uint16_t)(h >> 16);
}

static void forget(struct table *table, uint16_t port)
{
	struct mapping *mapping = &table->by_port[port];
	uint16_t *link = &table->first[hash_of(mapping->host, mapping->port)];

	while (*link != port)
		link = &table->by_port[*link].next;
	*link = mapping->next;
	*mapping = (struct mapping){0};
	mappings--;
}

/* A port that is free, or has not been used for long; 0: there is none. */
static uint16_t free_port(struct table *table, uint64_t now)
{
	uint32_t count = high - low + 1u;

	for (uint32_t i = 1; i <= count; i++) {
		uint16_t port = (uint16_t)(low + (table->at + i) % count);
		const struct mapping *mapping = &table->by_port[port];

		if (mapping->host && now < mapping->used_ns + idle)
			continue;
		if (mapping->host)
			forget(table, port);
		table->at = (table->at + i) % count;
		return port;
	}
	return 0;
}

static uint16_t port_for(struct table *table, uint32_t host, uint16_t inside, uint64_t now)
{
	uint16_t *first = &table->first[hash_of(host, inside)], port = *first;

	while (port && (table->by_port[port].host != host || table->by_port[port].port != inside))
		port = table->by_port[port].next;
	if (port)
		return port;
	port = free_port(table, now);
	if (!port)
		return 0;
	/* free_port() may have changed what is first. */
	table->by_port[port] = (struct mapping){.host = host, .port = inside, .next = *first};
	*first = port;
	mappings++;
	return port;
}

static void leave(struct vlsp_packet *packet, const struct vlsp_fields *f, struct table *table)
{
	uint16_t port = port_for(table, f->src, f->sport, packet->arrived_ns);

	if (!port) {
		full++;
		fn_drop(packet);
		return;
	}
	table->by_port[port].used_ns = packet->arrived_ns;
	if (vlsp_packet_set_src(packet, own, port) < 0)
		app_fail("cannot change a source");
	out++;
	fn_pass(packet);
}

static void come_back(struct vlsp_packet *packet, const struct vlsp_fields *f, struct table *table)
{
	struct mapping *mapping = &table->by_port[f->dport];

	if (!mapping->host) { /* the router's own programs may know it */
		unknown++;
		fn_pass(packet);
		return;
	}
	mapping->used_ns = packet->arrived_ns;
	if (vlsp_packet_set_dst(packet, mapping->host, mapping->port) < 0)
		app_fail("cannot change a destination");
	back++;
	fn_pass(packet);
}

static void treat(struct vlsp_packet *packet, unsigned which)
{
	struct vlsp_fields f;

	if (vlsp_packet_fields(packet, &f) < 0)
		app_fail("a datagram makes no sense");
	if (which != INSIDE)
		come_back(packet, &f, &tables[f.protocol == TCP]);
	else if (f.dst == own || f.src == own) /* to and from the router itself */
		fn_pass(packet);
	else if (f.sport && (f.protocol == UDP || f.protocol == TCP))
		leave(packet, &f, &tables[f.protocol == TCP]);
	else {
		unsuitable++;
		fn_drop(packet);
	}
}

int main(int argc, char **argv)
{
	char text[VLSP_ADDRESS_TEXT], match[128];
	struct vlsp_packet packet;
	struct vlsp_self self;
	unsigned which;

	app_start(&app, argc, argv);
	if (vlsp_self(&self) < 0)
		app_fail("the router's address");
	own = self.host;
	fn_open(NULL); /* INSIDE */
	vlsp_address_format(&(struct vlsp_address){.host = own}, text);
	snprintf(match, sizeof(match), "udp dst %s dport %u-%u", text, low, high);
	fn_open(match);
	snprintf(match, sizeof(match), "tcp dst %s dport %u-%u", text, low, high);
	fn_open(match);
	app_ready();
	while (fn_next(&packet, &which))
		treat(&packet, which);
	return app_end();
}
