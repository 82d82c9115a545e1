/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch's memory: made by daemon/ctl, lent to a back end until done, freed by daemon/ctl. */
#include <stdlib.h>

#include "daemon/host/host_ops.h"

struct host_batch *host_batch_new(void)
{
	return calloc(1, sizeof(struct host_batch));
}

static void free_routers(struct host_router *routers, size_t count)
{
	for (size_t i = 0; routers && i < count; i++)
		topo_ifaces_unref(routers[i].interfaces);
	free(routers);
}

void host_batch_free(struct host_batch *batch)
{
	if (!batch)
		return;
	free(batch->links_del);
	free_routers(batch->routers_del, batch->routers_del_count);
	free_routers(batch->routers_add, batch->routers_add_count);
	free_routers(batch->routers_set, batch->routers_set_count);
	free(batch->links_add);
	free(batch->links_set);
	free(batch);
}

struct host_audit *host_audit_new(size_t routers, size_t links)
{
	struct host_audit *audit = calloc(1, sizeof(*audit));

	if (!audit)
		return NULL;
	/* calloc(0) may be NULL: one spare element each */
	audit->routers = calloc(routers + 1, sizeof(*audit->routers));
	audit->router_found = calloc(routers + 1, sizeof(*audit->router_found));
	audit->links = calloc(links + 1, sizeof(*audit->links));
	audit->link_found = calloc(links + 1, sizeof(*audit->link_found));
	if (!audit->routers || !audit->router_found || !audit->links || !audit->link_found) {
		host_audit_free(audit);
		return NULL;
	}
	audit->router_count = routers;
	audit->link_count = links;
	return audit;
}

void host_audit_free(struct host_audit *audit)
{
	if (!audit)
		return;
	free_routers(audit->routers, audit->router_count);
	free(audit->router_found);
	free(audit->links);
	free(audit->link_found);
	free(audit);
}
