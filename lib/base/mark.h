/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Marks by which a program finds out on which router it is, and who the others are: the alias of lo
 * in the router's namespace, and a line in /etc/hosts. Written by daemon/host (lo) and cli/netns.c
 * (hosts), read by libvlsp.
 */
#ifndef VLSP_LIB_BASE_MARK_H
#define VLSP_LIB_BASE_MARK_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define MARK_SIZE	   256	       /* of an alias, with its NUL */
#define MARK_HOSTS	   "# routers" /* the lines behind it: "ADDRESS NAME" of each router */
#define MARK_ROUTER_PREFIX "vlsp:"

static inline void mark_router(char mark[MARK_SIZE], const char *instance, const char *router)
{
	snprintf(mark, MARK_SIZE, MARK_ROUTER_PREFIX "%s/%s", instance, router);
}

/* The router's name in an alias of lo; NULL: it is no router's. */
static inline const char *mark_router_name(const char *mark)
{
	const char *slash = strrchr(mark, '/');

	if (strncmp(mark, MARK_ROUTER_PREFIX, strlen(MARK_ROUTER_PREFIX)) != 0 || !slash ||
	    !slash[1])
		return NULL;
	return slash + 1;
}

#endif
