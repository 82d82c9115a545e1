/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The marks by which an instance knows its own: aliases of lo and of link ends. */
#ifndef VLSP_DAEMON_HOST_LOCAL_TAG_H
#define VLSP_DAEMON_HOST_LOCAL_TAG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mark.h"
#include "lib/nlk/dump.h"

#define LOCAL_TAG_SIZE MARK_SIZE

/* Of a router's namespace, on its lo. */
static inline void local_tag_router(char tag[LOCAL_TAG_SIZE], const char *instance,
				    const char *router)
{
	mark_router(tag, instance, router);
}

/* Of both ends of a link. */
static inline void local_tag_link(char tag[LOCAL_TAG_SIZE], const char *instance, const char *link)
{
	snprintf(tag, LOCAL_TAG_SIZE, "vlsp:%s:%s", instance, link);
}

/* A device cannot be made with an alias; by its address it is known until it has one. */
static inline void local_tag_mac(uint8_t mac[6], uint32_t port)
{
	memcpy(mac,
	       (uint8_t[]){0x02, 0x56, (uint8_t)(port >> 24), (uint8_t)(port >> 16),
			   (uint8_t)(port >> 8), (uint8_t)port},
	       6);
}

/* Whether a device of one of our namespaces is a link end of that instance, of that link (NULL: of
 * any), possibly half made. */
static inline bool local_tag_is_link(const struct nlk_device *device, const char *instance,
				     const char *link)
{
	char tag[LOCAL_TAG_SIZE];
	uint8_t mac[6];

	local_tag_link(tag, instance, link ? link : "");
	if (device->alias[0])
		return link ? strcmp(device->alias, tag) == 0
			    : strncmp(device->alias, tag, strlen(tag)) == 0;
	local_tag_mac(mac, device->index);
	return memcmp(device->mac, mac, sizeof(mac)) == 0;
}

#endif
