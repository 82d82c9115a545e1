/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The feed of events behind GET /events (events.c). For api.c. */
#ifndef VLSP_DAEMON_API_FEED_H
#define VLSP_DAEMON_API_FEED_H

struct api;
struct api_feed;

int api_feed_new(struct api *api, struct api_feed **ret_feed);
void api_feed_free(struct api_feed *feed); /* NULL is fine */

#endif
