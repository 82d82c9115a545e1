/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch's memory: made by daemon/ctl, lent to a back end until done, freed by daemon/ctl. */
#include <stdlib.h>

#include "daemon/host/host_ops.h"

struct host_batch *host_batch_new(void)
{
	return calloc(1, sizeof(struct host_batch));
}

void host_batch_free(struct host_batch *batch)
{
	if (!batch)
		return;
	free(batch->links_del);
	free(batch->routers_del);
	free(batch->routers_add);
	free(batch->links_add);
	free(batch->links_set);
	free(batch);
}
