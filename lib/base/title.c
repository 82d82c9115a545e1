/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process title. Called by the router process and the supervisor of applications, for the
 * processes that they fork. The kernel shows the memory where the arguments
 * were, and goes on into the environment behind it when the last byte of the arguments is not 0
 * (fs/proc/base.c, get_mm_cmdline).
 */
#include "lib/base/title.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

static char *area;
static size_t area_size;

void title_init(int argc, char **argv)
{
	char *end;

	if (argc < 1)
		return;
	area = argv[0];
	end = area;
	for (int i = 0; i < argc && argv[i] == end; i++)
		end = argv[i] + strlen(argv[i]) + 1;
	for (char **env = environ; env && *env == end; env++)
		end = *env + strlen(*env) + 1;
	area_size = (size_t)(end - area);
}

void title_set(const char *text)
{
	static char *nothing[1];
	size_t size = strlen(text) + 1;

	if (!area)
		return;
	environ = nothing;
	if (size > area_size)
		size = area_size;
	memset(area, 0, area_size);
	memcpy(area, text, size - 1);
}
