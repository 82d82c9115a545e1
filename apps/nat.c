// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nat: source NAT for UDP, TCP and ICMP queries. Datagrams that match get the router's own address
 * and a port (identifier, of ICMP) of a range as their source; what comes back to that gets the old
 * ones as its destination. What ICMP errors quote is put as the one who gets them knows it (RFC
 * 5508). Later fragments have no ports: they go the way of their first. Other protocols are
 * dropped: nobody could answer them.
 */
#include <stdio.h>

#include "apps/fn.h"
#include "apps/nat_packet.h"
#include "apps/nat_table.h"

#define SECOND 1000000000ULL
#define INSIDE 0 /* the first intercept; the others are for what comes back */

enum { UDP, TCP, ICMP, TABLES };

static struct nat_table tables[TABLES];
static struct nat_fragments fragments;
static struct nat_range range = {.low = 40000, .high = 49999, .idle_ns = 120 * SECOND};
static uint32_t own;
static unsigned long long out, back, errors, unknown, full, stray, unsuitable;

static void report(void)
{
	fn_report();
	vlsp_app_report("mappings", "%u",
			tables[UDP].count + tables[TCP].count + tables[ICMP].count);
	vlsp_app_report("out", "%llu", out);
	vlsp_app_report("back", "%llu", back);
	vlsp_app_report("errors", "%llu", errors);
	vlsp_app_report("unknown", "%llu", unknown);
	vlsp_app_report("full", "%llu", full);
	vlsp_app_report("stray", "%llu", stray);
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
	range.low = (uint16_t)a;
	range.high = (uint16_t)b;
	return NULL;
}

static const struct app_option options[] = {
	{"MATCH", NULL, "datagrams of the inside: \"from to-r1\", \"src 10.0.0.0/24\"", parse_text,
	 &fn_match},
	{"--ports", "LOW-HIGH", "the router's ports and identifiers (default 40000-49999)",
	 parse_ports, NULL},
	{"--idle", "TIME", "after which a port is free again (default 120s)", parse_time,
	 &range.idle_ns},
	FN_OPTIONS,
	{0},
};
static const struct app_option settings[] = {
	{"idle", "TIME", "after which a port is free again", parse_time, &range.idle_ns},
	{0},
};
static const struct app app = {"nat", "gives datagrams the router's address, and back", options,
			       report, settings};

/* NULL: of a protocol that has none. */
static struct nat_table *table_of(uint8_t protocol)
{
	switch (protocol) {
	case NAT_UDP:
		return &tables[UDP];
	case NAT_TCP:
		return &tables[TCP];
	case NAT_ICMP:
		return &tables[ICMP];
	}
	return NULL;
}

static void put(struct vlsp_packet *packet, enum nat_end end, uint32_t host, int port)
{
	if (nat_set(packet, end, host, port) < 0)
		app_fail("cannot change a %s", end == NAT_SRC ? "source" : "destination");
}

static void drop(const struct vlsp_packet *packet, unsigned long long *count)
{
	++*count;
	fn_drop(packet);
}

/* Somebody of the inside answers, to the outside, what came by a mapping. */
static void leave_error(struct vlsp_packet *packet, struct nat_quote *quote)
{
	struct nat_view v;
	uint16_t port = 0;

	if (nat_read(&quote->packet, &v) < 0)
		app_fail("a quoted datagram makes no sense");
	if (v.port[NAT_DST] >= 0)
		port = nat_port_of(table_of(v.protocol), v.host[NAT_DST],
				   (uint16_t)v.port[NAT_DST]);
	if (!port) {
		drop(packet, &unsuitable);
		return;
	}
	put(&quote->packet, NAT_DST, own, port);
	nat_quote_write(packet, quote);
	put(packet, NAT_SRC, own, -1);
	errors++;
	fn_pass(packet);
}

static void leave_later(struct vlsp_packet *packet, const struct nat_view *v)
{
	const struct nat_parts *parts = nat_parts_of(&fragments, v, packet->arrived_ns);

	if (!parts) {
		drop(packet, &stray);
		return;
	}
	put(packet, NAT_SRC, own, -1);
	nat_set_id(packet, parts->id_then);
	out++;
	fn_pass(packet);
}

static void leave(struct vlsp_packet *packet, const struct nat_view *v)
{
	uint64_t now = packet->arrived_ns;
	struct nat_table *table;
	uint16_t port;

	/* Answers in fragments of TCP would not be given to us; Linux sends none. */
	if (!v->host[NAT_SRC] || v->port[NAT_SRC] < 0 || (v->fragment && v->protocol == NAT_TCP)) {
		drop(packet, &unsuitable);
		return;
	}
	table = table_of(v->protocol);
	port = nat_port_for(table, &range, v->host[NAT_SRC], (uint16_t)v->port[NAT_SRC], now);
	if (!port) {
		drop(packet, &full);
		return;
	}
	table->by_port[port].used_ns = now;
	put(packet, NAT_SRC, own, port);
	if (v->fragment) /* ids of several senders are one's now (RFC 6864, section 5.3.1) */
		nat_set_id(packet, nat_parts_begin(&fragments, v, own, now)->id_then);
	out++;
	fn_pass(packet);
}

/* The mapping of a port of the router; NULL: there is none. */
static struct nat_mapping *mapping_of(uint8_t protocol, int port)
{
	struct nat_mapping *mapping;

	if (port < range.low || port > range.high)
		return NULL;
	mapping = &table_of(protocol)->by_port[port];
	unknown += !mapping->host;
	return mapping->host ? mapping : NULL;
}

/* The router itself may have sent what is quoted; then it is told, as without us. */
static void error_comes_back(struct vlsp_packet *packet, struct nat_quote *quote)
{
	const struct nat_mapping *mapping = NULL;
	struct nat_view v;

	if (nat_read(&quote->packet, &v) < 0)
		app_fail("a quoted datagram makes no sense");
	if (v.host[NAT_SRC] == own)
		mapping = mapping_of(v.protocol, v.port[NAT_SRC]);
	if (mapping) {
		put(&quote->packet, NAT_SRC, mapping->host, mapping->port);
		nat_quote_write(packet, quote);
		put(packet, NAT_DST, mapping->host, -1);
		errors++;
	}
	fn_pass(packet);
}

/* One that is not known may be the router's own. */
static void later_comes_back(struct vlsp_packet *packet, const struct nat_view *v)
{
	const struct nat_parts *parts = nat_parts_of(&fragments, v, packet->arrived_ns);

	stray += !parts;
	if (parts && parts->host) {
		put(packet, NAT_DST, parts->host, -1);
		back++;
	}
	fn_pass(packet);
}

/* What no mapping is for may be for the router's own programs. */
static void come_back(struct vlsp_packet *packet, const struct nat_view *v)
{
	struct nat_mapping *mapping = mapping_of(v->protocol, v->port[NAT_DST]);
	uint64_t now = packet->arrived_ns;

	if (mapping) {
		mapping->used_ns = now;
		put(packet, NAT_DST, mapping->host, mapping->port);
		back++;
	}
	if (v->fragment)
		nat_parts_begin(&fragments, v, mapping ? mapping->host : 0, now);
	fn_pass(packet);
}

static void treat(struct vlsp_packet *packet, bool inside)
{
	struct nat_quote quote;
	struct nat_view v;

	if (nat_read(packet, &v) < 0) { /* its header is longer than it is */
		drop(packet, &unsuitable);
		return;
	}
	/* To and from the router itself; and what it will answer, to who sent it. */
	if (inside && (v.host[NAT_DST] == own || v.host[NAT_SRC] == own || v.ttl <= 1)) {
		fn_pass(packet);
		return;
	}
	if (nat_quote_read(packet, &quote))
		(inside ? leave_error : error_comes_back)(packet, &quote);
	else if (v.later)
		(inside ? leave_later : later_comes_back)(packet, &v);
	else
		(inside ? leave : come_back)(packet, &v);
}

/* What is for the router. Ports do not match fragments, so UDP goes without. */
static void open_back(const char *protocol, const char *ports)
{
	char text[VLSP_ADDRESS_TEXT], match[128];

	vlsp_address_format(&(struct vlsp_address){.host = own}, text);
	snprintf(match, sizeof(match), "%s dst %s%s", protocol, text, ports);
	fn_open(match);
}

int main(int argc, char **argv)
{
	struct vlsp_packet packet;
	struct vlsp_self self;
	char ports[32];
	unsigned which;

	app_start(&app, argc, argv);
	if (vlsp_self(&self) < 0)
		app_fail("the router's address");
	own = self.host;
	fn_open(NULL); /* INSIDE */
	snprintf(ports, sizeof(ports), " dport %u-%u", range.low, range.high);
	open_back("udp", "");
	open_back("tcp", ports);
	open_back("icmp", "");
	app_ready();
	while (fn_next(&packet, &which))
		treat(&packet, which == INSIDE);
	return app_end();
}
