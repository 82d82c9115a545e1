// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices, addresses and default routes of a namespace as lists. For local_iface*.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host/local_iface.h"

/* A copy of one at the end of *array. */
static void keep(struct local_survey *survey, void *array, size_t *count, size_t *room,
		 const void *one, size_t size)
{
	char **base = array;

	if (*count == *room) {
		size_t more = *room ? 2 * *room : 16;
		char *bigger = reallocarray(*base, more, size);

		if (!bigger) {
			survey->status = -ENOMEM;
			return;
		}
		*base = bigger;
		*room = more;
	}
	memcpy(*base + (*count)++ * size, one, size);
}

#define KEEP(survey, what, list, one)                                                              \
	keep(survey, &(survey)->list, &(survey)->what##_count, &(survey)->what##_room, one,        \
	     sizeof(*(one)))

static void take_iface(void *arg, const struct nlk_iface *iface)
{
	struct local_survey *survey = arg;

	KEEP(survey, iface, ifaces, iface);
}

static void take_held(void *arg, const struct nlk_held *held)
{
	struct local_survey *survey = arg;

	KEEP(survey, held, held, held);
}

static void take_route(void *arg, const struct nlk_default *route)
{
	struct local_survey *survey = arg;

	KEEP(survey, route, routes, route);
}

static void forget_ifaces(void *arg)
{
	((struct local_survey *)arg)->iface_count = 0;
}

static void forget_held(void *arg)
{
	((struct local_survey *)arg)->held_count = 0;
}

static void forget_routes(void *arg)
{
	((struct local_survey *)arg)->route_count = 0;
}

int local_survey_take(struct local_survey *survey, int sock)
{
	int r;

	memset(survey, 0, sizeof(*survey));
	r = nlk_dump_ifaces(sock, &(struct nlk_dump){forget_ifaces, survey}, take_iface);
	if (r == 0)
		r = nlk_dump_held(sock, &(struct nlk_dump){forget_held, survey}, take_held);
	if (r == 0)
		r = nlk_dump_defaults(sock, &(struct nlk_dump){forget_routes, survey}, take_route);
	return r < 0 ? r : survey->status;
}

void local_survey_done(struct local_survey *survey)
{
	free(survey->ifaces);
	free(survey->held);
	free(survey->routes);
	memset(survey, 0, sizeof(*survey));
}

const struct nlk_iface *local_survey_name(const struct local_survey *survey, const char *name)
{
	for (size_t i = 0; i < survey->iface_count; i++)
		if (strcmp(survey->ifaces[i].name, name) == 0)
			return &survey->ifaces[i];
	return NULL;
}

const struct nlk_iface *local_survey_index(const struct local_survey *survey, uint32_t index)
{
	for (size_t i = 0; i < survey->iface_count; i++)
		if (survey->ifaces[i].index == index)
			return &survey->ifaces[i];
	return NULL;
}

const struct nlk_iface *local_survey_alias(const struct local_survey *survey, const char *alias)
{
	for (size_t i = 0; i < survey->iface_count; i++)
		if (strcmp(survey->ifaces[i].alias, alias) == 0)
			return &survey->ifaces[i];
	return NULL;
}
