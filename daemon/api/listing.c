// SPDX-License-Identifier: GPL-2.0-or-later
/* Collections in JSON (listing.h). Called by app.c, link.c, operation.c, router.c. */
#include "daemon/api/listing.h"

#include <string.h>

void api_listing_start(struct api_listing *listing, const struct api_call *call)
{
	const char *detail = api_text(call, "detail");

	listing->page = api_page_of(call);
	listing->ids = json_array();
	listing->records = detail && strcmp(detail, "all") == 0 ? json_array() : NULL;
}

void api_listing_add(struct api_listing *listing, json_int_t id, json_t *record)
{
	json_array_append_new(listing->ids, json_integer(id));
	if (listing->records)
		json_array_append_new(listing->records, record);
}

void api_listing_answer(struct api_listing *listing, struct api_call *call, const char *type,
			json_t *more)
{
	json_t *json = json_pack("{s:s,s:o}", "type", type, "list", listing->ids);

	if (json && more)
		json_object_update(json, more);
	json_decref(more);
	if (json && listing->records)
		json_object_set(json, "detail", listing->records);
	json_decref(listing->records);
	api_answer(call, 200, json);
}
