// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a method and a path to a route. The tables are in the files of their nouns; a pattern's
 * fixed segment goes before its {segment}, so "/router/count" is never a router's name. A slash at
 * the end makes no difference.
 */
#include "daemon/api/routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct api_route *const api_tables[] = {api_router_routes,
					      api_link_routes,
					      api_topology_routes,
					      api_operation_routes,
					      api_event_routes,
					      api_events_routes,
					      api_service_routes,
					      api_metrics_routes,
					      api_interface_routes,
					      api_app_routes,
					      NULL};

int api_path_split(const char *path, char *segments[API_SEGMENTS_MAX])
{
	int count = 0, r;

	if (path[0] != '/')
		return -EINVAL;
	while (path[1]) {
		size_t n = strcspn(path + 1, "/");

		if (n == 0 || count == API_SEGMENTS_MAX)
			return -ENOENT;
		r = http_unescape(path + 1, n, 0, &segments[count]);
		if (r < 0)
			return r;
		count++;
		path += 1 + n;
		if (!path[0])
			break;
	}
	return count;
}

/* Number of fixed segments that agree, or -1: the pattern is another path's. */
static int match(const char *pattern, char *const segments[], int count)
{
	int fixed = 0, i = 0;

	while (pattern[1]) {
		size_t n = strcspn(pattern + 1, "/");

		if (i == count)
			return -1;
		if (pattern[1] != '{') {
			if (strlen(segments[i]) != n || memcmp(segments[i], pattern + 1, n) != 0)
				return -1;
			fixed++;
		}
		i++;
		pattern += 1 + n;
		if (!pattern[0])
			break;
	}
	return i == count ? fixed : -1;
}

static bool method_is(const struct api_route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static void allow_add(char *allow, size_t size, const char *method)
{
	size_t n = strlen(allow);

	snprintf(allow + n, size - n, "%s%s%s", n ? ", " : "", method,
		 strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

const struct api_route *api_route_find(const char *method, char *const segments[], int count,
				       char *allow, size_t size)
{
	const struct api_route *found = NULL;
	int best = -1;

	allow[0] = '\0';
	for (int t = 0; api_tables[t]; t++)
		for (const struct api_route *r = api_tables[t]; r->method; r++) {
			int fixed = match(r->path, segments, count);

			if (fixed > best) {
				best = fixed;
				found = NULL;
				allow[0] = '\0';
			}
			if (fixed < 0 || fixed < best)
				continue;
			allow_add(allow, size, r->method);
			if (method_is(r, method))
				found = r;
		}
	return found;
}

const char *api_path(const struct api_call *call, const char *name)
{
	const char *p = call->route->path;
	size_t n = strlen(name);

	for (int i = 0; p[0] && p[1] && i < API_SEGMENTS_MAX; i++) {
		size_t len = strcspn(p + 1, "/");

		if (p[1] == '{' && len == n + 2 && memcmp(p + 2, name, n) == 0)
			return call->segments[i];
		p += 1 + len;
	}
	return NULL;
}
