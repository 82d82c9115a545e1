// SPDX-License-Identifier: GPL-2.0-or-later
/* The hint of a filter: what every datagram has that it matches. Called by users of filters. */
#include <arpa/inet.h>

#include "lib/capture/filter_priv.h"
#include "lib/wire/hint.h"

/* The longest prefix in it: masks may have holes. */
static uint32_t prefix_of(uint32_t mask)
{
	uint32_t zeros = ~mask;

	while (zeros & (zeros + 1))
		zeros |= zeros >> 1;
	return ~zeros;
}

static struct vlsp_hint of_test(const struct filter_node *test)
{
	struct vlsp_hint hint = {0};

	switch (test->field) {
	case FILTER_PROTOCOL:
		if (test->op == FILTER_EQ)
			hint.protocol = (uint8_t)test->value;
		break;
	case FILTER_FLOW:
		if (test->op == FILTER_EQ) {
			hint.flags = VLSP_HINT_FLOW;
			hint.value = htonl(test->value);
			hint.mask = 0xffffffff;
		}
		break;
	case FILTER_ADDRESS:
		hint.mask = htonl(prefix_of(test->mask));
		hint.value = htonl(test->value) & hint.mask;
		break;
	case FILTER_PORT:
		hint.protocol = (uint8_t)test->mask;
		hint.port_min = (uint16_t)test->value;
		hint.port_max = (uint16_t)test->max;
		break;
	default:
		break;
	}
	return hint;
}

static struct vlsp_hint of_node(const struct filter *filter, uint32_t at)
{
	const struct filter_node *node = &filter->nodes[at];
	struct vlsp_hint hint = {0}, other;

	switch (node->kind) {
	case FILTER_TEST:
		return of_test(node);
	case FILTER_NOT:
		return hint;
	default:
		hint = of_node(filter, node->left);
		other = of_node(filter, node->right);
		if (node->kind == FILTER_AND)
			hint_narrow(&hint, &other);
		else
			hint_widen(&hint, &other);
		return hint;
	}
}

struct vlsp_hint filter_hint(const struct filter *filter)
{
	const struct vlsp_hint any = {0};

	return filter->empty ? any : of_node(filter, filter->root);
}
