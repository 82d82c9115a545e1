/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer of a collection: ids, with detail=all records too, of the page that was asked for. */
#ifndef VLSP_DAEMON_API_LISTING_H
#define VLSP_DAEMON_API_LISTING_H

#include "daemon/api/routes.h"

struct api_listing {
	struct api_page page;
	json_t *ids, *records; /* records NULL: nobody asked for them */
};

void api_listing_start(struct api_listing *listing, const struct api_call *call);
/* Whether the next element is on the page: then api_listing_add() is called. */
static inline bool api_listing_takes(struct api_listing *listing)
{
	return api_page_takes(&listing->page);
}
/* record is taken; NULL where listing->records is. */
void api_listing_add(struct api_listing *listing, json_int_t id, json_t *record);
/* {"type": type, "list": ids} with what is in more, which is taken; NULL: nothing. */
void api_listing_answer(struct api_listing *listing, struct api_call *call, const char *type,
			json_t *more);

#endif
