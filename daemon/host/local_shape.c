// SPDX-License-Identifier: GPL-2.0-or-later
/* What emulates a direction of a link, and how that goes. Called through host_ops. */
#include <string.h>

#include "daemon/host/local_priv.h"

int local_lines_read(struct host *host, const uint32_t *ports, size_t count, struct host_line *ret)
{
	(void)host;
	(void)ports;
	memset(ret, 0, count * sizeof(*ret));
	return 0;
}

void local_pace_read(struct host *host, struct host_pace *ret_pace)
{
	(void)host;
	*ret_pace = (struct host_pace){0};
}

int local_shape_check(struct host *host, const struct topo_shape *shape,
		      char ret_backends[HOST_BACKENDS_SIZE], struct err *err)
{
	(void)host;
	(void)shape;
	(void)err;
	ret_backends[0] = '\0';
	return 0;
}

const struct host_capability *local_capabilities(struct host *host, size_t *ret_count)
{
	(void)host;
	*ret_count = 0;
	return NULL;
}
