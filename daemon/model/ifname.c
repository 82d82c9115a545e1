/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of link devices, at most 15 characters, called by edit_link.c. The rule:
 *
 *   to-NEIGHBOUR            when that fits and no other device of the router has it
 *   to-NEIGHBOUR.2, .3 ...  for further links to the same neighbour, when that fits
 *   to-NEIGHB~xxxxx         otherwise: the first 6 characters of the neighbour's name and 5 digits
 *                           (base 36) of a hash of what did not fit
 *
 * So a name depends only on the neighbour and on the links that the router has to it, not on other
 * neighbours (but for a collision of hashes, where the next number is tried).
 */
#include "daemon/model/model_priv.h"

#include <stdio.h>
#include <string.h>

uint32_t model_ifname_hash(const struct model_router *router, const char *ifname)
{
	return hash_text(ifname, hash_mix(router->id));
}

bool model_ifname_taken(const struct model *model, const struct model_router *router,
			const char *ifname)
{
	uint32_t value = model_ifname_hash(router, ifname);
	const struct model_end *end;
	struct hash_node *node;

	for (node = hash_chain(&model->index->ends_by_ifname, value); node; node = node->next) {
		end = list_entry(node, struct end_node, by_ifname)->end;
		if (node->hash == value && end->router == router &&
		    end->link->state != MODEL_DELETING && strcmp(end->ifname, ifname) == 0)
			return true;
	}
	return false;
}

static void shorten(const char *neighbour, const char *text, char ifname[16])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint32_t hash = hash_text(text, 0);
	char tail[6];
	int i;

	for (i = 0; i < 5; i++, hash /= 36)
		tail[i] = digits[hash % 36];
	tail[5] = '\0';
	snprintf(ifname, 16, "to-%.6s~%s", neighbour, tail);
}

void model_ifname(const struct model *model, const struct model_router *router,
		  const char *neighbour, char ifname[16])
{
	char text[NAME_SIZE + 16];
	unsigned n;

	for (n = 1;; n++) {
		if (n == 1)
			snprintf(text, sizeof(text), "to-%s", neighbour);
		else
			snprintf(text, sizeof(text), "to-%s.%u", neighbour, n);
		if (strlen(text) < 16)
			memcpy(ifname, text, strlen(text) + 1);
		else
			shorten(neighbour, text, ifname);
		if (!model_ifname_taken(model, router, ifname))
			return;
	}
}
