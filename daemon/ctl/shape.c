/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shapes of links: whether they make sense and the machine can emulate them, and what it tells
 * about those that it does. link.c and topology.c ask before anything is changed; ask.h is for
 * daemon/api.
 */
#include "daemon/ctl/shape.h"

#include <string.h>

#include "daemon/ctl/ask.h"
#include "daemon/ctl/ctl_priv.h"

static int check_one(struct ctl *ctl, const struct topo_shape *shape, struct err *err)
{
	char backends[HOST_BACKENDS_SIZE];
	int ret = topo_shape_check(shape, err);

	if (ret == 0 && shape->set)
		ret = ctl->host->ops->shape_check(ctl->host, shape, backends, err);
	return ret;
}

int shape_check_link(struct ctl *ctl, const struct topo_shape shape[2], unsigned sides,
		     const char *a, const char *b, struct err *err)
{
	bool same = topo_shape_equal(&shape[0], &shape[1]);
	int side, ret;

	for (side = 0; side < 2; side++) {
		ret = sides & 1u << side ? check_one(ctl, &shape[side], err) : 0;
		if (ret < 0 && !same)
			err_wrap(err, "%.63s to %.63s", side ? b : a, side ? a : b);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Most files have a few shapes, each many times. */
int shape_check_doc(struct ctl *ctl, const struct topo_doc *doc, struct err *err)
{
	const struct topo_shape *last = NULL;
	size_t i;
	int side, ret;

	for (i = 0; i < doc->link_count; i++) {
		const struct topo_link *link = &doc->links[i];
		const char *name[2] = {doc->routers[link->a].name, doc->routers[link->b].name};

		for (side = 0; side < 2; side++) {
			if (last && topo_shape_equal(last, &link->shape[side]))
				continue;
			last = &link->shape[side];
			ret = check_one(ctl, last, err);
			if (ret < 0) {
				err_wrap(err, "links[%zu] (%.130s), %s to %s", i, link->name,
					 name[side], name[!side]);
				return ret;
			}
		}
	}
	return 0;
}

void ctl_backends(struct ctl *ctl, const struct topo_shape *shape, char ret[HOST_BACKENDS_SIZE])
{
	char backends[HOST_BACKENDS_SIZE] = "";

	/* Of a network that was made on another machine, or before a reboot without a module. */
	if (shape->set && ctl->host->ops->shape_check(ctl->host, shape, backends, NULL) < 0)
		backends[0] = '\0';
	memcpy(ret, backends, sizeof(backends));
}

int ctl_lines_read(struct ctl *ctl, const uint32_t *ports, size_t count, struct host_line *ret)
{
	return ctl->host->ops->lines_read(ctl->host, ports, count, ret);
}

const struct host_capability *ctl_capabilities(struct ctl *ctl, size_t *ret_count)
{
	return ctl->host->ops->capabilities(ctl->host, ret_count);
}
