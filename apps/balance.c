// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * balance: a load balancer. What is for a virtual address and port goes to one of several backends,
 * the same one for all of a source's datagrams; what they answer has the virtual address as its
 * source again. It has to be on a router that both directions cross; the virtual address may be
 * that router's own, or that of one behind it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/fn.h"

#define BACKENDS 32

enum { TO, FROM };

struct backend {
	struct vlsp_address address;
	bool out; /* nothing new goes there */
	unsigned long long to, from;
};

static struct vlsp_address virtual;
static struct backend backends[BACKENDS];
static unsigned count;
static bool tcp;
static uint16_t low = UINT16_MAX, high; /* ports of backends */
static bool runs;
static unsigned long long lost;

static void report(void)
{
	char key[32], text[VLSP_ADDRESS_TEXT];

	fn_report();
	vlsp_app_report("no-backend", "%llu", lost);
	for (unsigned i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "backend.%u", i + 1);
		vlsp_app_report(key, "%s to %llu from %llu%s",
				vlsp_address_format(&backends[i].address, text), backends[i].to,
				backends[i].from, backends[i].out ? " out" : "");
	}
}

static struct backend *find(uint32_t host, uint16_t port)
{
	for (unsigned i = 0; i < count; i++)
		if (backends[i].address.host == host && backends[i].address.port == port)
			return &backends[i];
	return NULL;
}

static const char *parse_backend(const char *text, void *value)
{
	struct vlsp_address address;
	const char *wrong = parse_address(text, &address);

	(void)value;
	if (wrong)
		return wrong;
	if (find(address.host, address.port))
		return "possible: it is a backend already";
	if (count == BACKENDS)
		return "possible: 32 backends are";
	if (runs && (address.port < low || address.port > high))
		return "possible: its port is outside of those of the others";
	low = address.port < low ? address.port : low;
	high = address.port > high ? address.port : high;
	backends[count++].address = address;
	return NULL;
}

/* "ADDR:PORT" of a backend that there is. */
static const char *set_out(const char *text, bool to)
{
	struct vlsp_address address;
	const char *wrong = parse_address(text, &address);
	struct backend *backend = wrong ? NULL : find(address.host, address.port);

	if (!wrong && !backend)
		return "one of the backends";
	if (!wrong)
		backend->out = to;
	return wrong;
}

static const char *parse_out(const char *text, void *value)
{
	(void)value;
	return set_out(text, true);
}

static const char *parse_in(const char *text, void *value)
{
	(void)value;
	return set_out(text, false);
}

static const struct app_option options[] = {
	{"ADDR:PORT", NULL, "virtual address", parse_address, &virtual},
	{"BACKEND...", NULL, "ADDR:PORT of those that serve", parse_backend, NULL},
	{"--tcp", NULL, "TCP instead of UDP", NULL, &tcp},
	FN_OPTIONS,
	{0},
};
static const struct app_option settings[] = {
	{"add", "ADDR:PORT", "one more backend", parse_backend, NULL},
	{"out", "ADDR:PORT", "nothing goes to that backend", parse_out, NULL},
	{"in", "ADDR:PORT", "it gets its share again", parse_in, NULL},
	{0},
};
static const struct app app = {"balance", "spreads what comes for one address over backends",
			       options, report, settings};

static uint32_t mix(uint32_t h)
{
	h = (h ^ h >> 16) * 0x85ebca6bu;
	h = (h ^ h >> 13) * 0xc2b2ae35u;
	return h ^ h >> 16;
}

/* The one with the highest hash of both (rendezvous hashing, Thaler and Ravishankar, 1998): when
 * one goes, only its sources get another. */
static struct backend *choose(uint32_t host, uint16_t port)
{
	struct backend *best = NULL;
	uint32_t highest = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct vlsp_address *address = &backends[i].address;
		uint32_t h = mix(mix(host ^ mix(port)) ^ mix(address->host ^ mix(address->port)));

		if (backends[i].out || (best && h <= highest))
			continue;
		best = &backends[i];
		highest = h;
	}
	return best;
}

static void go_there(struct vlsp_packet *packet, const struct vlsp_fields *f)
{
	struct backend *backend = choose(f->src, f->sport);

	if (!backend) {
		lost++;
		fn_drop(packet);
		return;
	}
	if (vlsp_packet_set_dst(packet, backend->address.host, backend->address.port) < 0)
		app_fail("cannot change a destination");
	backend->to++;
	fn_pass(packet);
}

static void come_back(struct vlsp_packet *packet, const struct vlsp_fields *f)
{
	struct backend *backend = find(f->src, f->sport);

	if (backend) {
		if (vlsp_packet_set_src(packet, virtual.host, virtual.port) < 0)
			app_fail("cannot change a source");
		backend->from++;
	}
	fn_pass(packet);
}

int main(int argc, char **argv)
{
	char text[VLSP_ADDRESS_TEXT], match[128];
	const char *protocol;
	struct vlsp_packet packet;
	struct vlsp_fields f;
	unsigned which;

	app_start(&app, argc, argv);
	protocol = tcp ? "tcp" : "udp";
	vlsp_address_format(&(struct vlsp_address){.host = virtual.host}, text);
	snprintf(match, sizeof(match), "%s dst %s dport %u", protocol, text, virtual.port);
	fn_open(match);
	snprintf(match, sizeof(match), "%s sport %u-%u", protocol, low, high);
	fn_open(match);
	runs = true;
	app_ready();
	while (fn_next(&packet, &which)) {
		/* What ends before its headers do matches, too. */
		if (vlsp_packet_fields(&packet, &f) < 0 || (which == TO ? !f.dport : !f.sport))
			fn_pass(&packet);
		else if (which == TO)
			go_there(&packet, &f);
		else
			come_back(&packet, &f);
	}
	return app_end();
}
