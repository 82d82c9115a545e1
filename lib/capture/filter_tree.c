// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of a filter: nodes in an array. Called by filter_parse.c and users of filters. */
#include <stdlib.h>

#include "include/shared/vdp.h"
#include "lib/capture/filter_priv.h"

int filter_add(struct filter *filter, const struct filter_node *node)
{
	if (filter->count == filter->room) {
		uint32_t room = filter->room ? 2 * filter->room : 8;
		struct filter_node *nodes = realloc(filter->nodes, room * sizeof(*nodes));

		if (!nodes)
			return -ENOMEM;
		filter->nodes = nodes;
		filter->room = room;
	}
	filter->nodes[filter->count] = *node;
	return (int)filter->count++;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	free(filter->nodes);
	free(filter);
}

bool filter_is_empty(const struct filter *filter)
{
	return filter->empty;
}

int filter_exclude_control(struct filter *filter)
{
	struct filter_node test = {.kind = FILTER_TEST,
				   .field = FILTER_PROTOCOL,
				   .op = FILTER_EQ,
				   .value = VDP_PROTO_CONTROL};
	struct filter_node negation = {.kind = FILTER_NOT}, both = {.kind = FILTER_AND};
	int r = filter_add(filter, &test);

	if (r < 0)
		return r;
	negation.left = (uint32_t)r;
	r = filter_add(filter, &negation);
	if (r >= 0 && !filter->empty) {
		both.left = (uint32_t)r;
		both.right = filter->root;
		r = filter_add(filter, &both);
	}
	if (r < 0)
		return r;
	filter->root = (uint32_t)r;
	filter->empty = false;
	return 0;
}
