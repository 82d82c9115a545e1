// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: the language of matches for a program's own use. What the words mean is in one place
 * for the fast path and for this (include/shared/match.h). Called by applications.
 */
#include "include/vlsp/vlsp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "include/shared/match.h"
#include "include/shared/vdp.h"
#include "lib/topo/match.h"

struct vlsp_matcher {
	struct vlsp_match match;
	uint32_t from; /* as struct vlsp_packet.port */
};

static int refuse(char text[256], const char *what, const char *why)
{
	if (text)
		snprintf(text, 256, "%s%.250s", what, why);
	return -EINVAL;
}

static int prepare(struct vlsp_matcher *matcher, const char *match, char text[256])
{
	struct topo_match parsed;
	struct err err;

	if (topo_match_parse(match, &parsed, &err) < 0)
		return refuse(text, "", err.text);
	if (parsed.match.flags & VLSP_MATCH_TO)
		return refuse(text, "to: ", "where it goes is decided behind all functions");
	matcher->match = parsed.match;
	if (!parsed.from[0])
		return 0;
	matcher->from = if_nametoindex(parsed.from);
	return matcher->from ? 0 : refuse(text, parsed.from, ": the router has no such link end");
}

struct vlsp_matcher *vlsp_matcher_new(const char *match, char text[256])
{
	struct vlsp_matcher *matcher = calloc(1, sizeof(*matcher));
	int r = matcher ? prepare(matcher, match, text) : -ENOMEM;

	if (r < 0) {
		free(matcher);
		errno = -r;
		return NULL;
	}
	return matcher;
}

void vlsp_matcher_free(struct vlsp_matcher *matcher)
{
	free(matcher);
}

bool vlsp_matcher_hit(const struct vlsp_matcher *matcher, const struct vlsp_packet *packet)
{
	struct vlsp_fields f;
	struct match_fields fields;

	if (vlsp_packet_fields(packet, &f) < 0)
		return false;
	if (matcher->match.flags & VLSP_MATCH_FROM && packet->port != matcher->from)
		return false;
	fields = (struct match_fields){.src = htonl(f.src),
				       .dst = htonl(f.dst),
				       .flow = htonl(f.flow),
				       .sport = f.sport,
				       .dport = f.dport,
				       .protocol = f.protocol,
				       .has_ports = !f.fragment && (f.protocol == VDP_PROTO_UDP ||
								    f.protocol == VDP_PROTO_TCP)};
	return match_hit(&matcher->match, &fields);
}
