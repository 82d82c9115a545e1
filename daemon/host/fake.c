/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake back end (fake.h): batches, one after the other by a timer, and what it knows. What its
 * routers report is in fake_report.c. Made by the daemon's main for simulation mode, and by tests.
 */
#include "daemon/host/fake.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/host/fake_priv.h"
#include "lib/base/clock.h"

static int no(struct err *err, int code, const char *what, const char *name, const char *why)
{
	return err_set(err, code, "%s %s: %s", what, name, why);
}

/* Every item is numbered; one of them may have been chosen to fail. */
static int fault(struct fake *fake, const char *what, const char *name, struct err *err)
{
	if (!fake->fail_error || fake->fail_countdown--)
		return 0;
	int error = fake->fail_error;

	fake->fail_error = fake->second_error;
	fake->fail_countdown = fake->second_countdown;
	fake->second_error = 0;
	return err_errno(err, error, "%s %s", what, name);
}

static int router_start(struct fake *fake, struct host_router *item, struct err *err)
{
	const struct host_network *network = &fake->network;
	uint32_t host = item->address - network->network, i;
	struct fake_router *router;
	const char *why = NULL;

	if (item->slot >= VLSP_SLOT_MAX || fake->routers[item->slot])
		why = "its slot is in use or too large";
	else if (item->slot >= network->slots_needed)
		why = "its slot is not within slots_needed";
	else if (item->edge_port < VLSP_PORT_FIRST || item->edge_port >= VLSP_PORT_MAX ||
		 fake->port_used[item->edge_port])
		why = "its edge port is in use or out of range";
	else if (host == 0 || host >= 1u << (32 - network->prefix_len))
		why = "its address is not in the network";
	else if (fake->slot_of[host])
		why = "its address is in use";
	for (i = 0; i < fake->router_top && !why; i++) {
		if (fake->routers[i] && strcmp(fake->routers[i]->item.name, item->name) == 0)
			why = "its name is in use";
	}
	if (why)
		return no(err, EEXIST, "router", item->name, why);
	router = calloc(1, sizeof(*router));
	if (!router || loop_timer_new(fake->loop, fake_restarted, router, &router->restart) < 0) {
		free(router);
		return no(err, ENOMEM, "router", item->name, "out of memory");
	}
	item->pid = 0; /* there is no process */
	router->item = *item;
	router->host = host;
	list_init(&router->ends);
	router->fake = fake;
	router->alive = true;
	router->unreported = true;
	fake->routers[item->slot] = router;
	fake->slot_of[host] = item->slot + 1;
	fake->port_used[item->edge_port] = true;
	if (item->slot >= fake->router_top)
		fake->router_top = item->slot + 1;
	fake->counts.routers++;
	return 0;
}

static int router_stop(struct fake *fake, struct host_router *item, struct err *err)
{
	struct fake_router *router = fake_router_get(fake, item->slot);

	if (!router || router->item.id != item->id || strcmp(router->item.name, item->name) != 0)
		return no(err, ENOENT, "router", item->name, "there is no such router");
	if (!list_empty(&router->ends))
		return no(err, EBUSY, "router", item->name, "it has links");
	fake->routers[item->slot] = NULL;
	fake->slot_of[router->host] = 0;
	fake->port_used[router->item.edge_port] = false;
	fake->counts.routers--;
	fake_router_free(router);
	return 0;
}

static const char *check_end(const struct fake *fake, const struct host_end *end)
{
	const struct fake_router *router = fake_router_get(fake, end->slot);
	struct list *pos;

	if (!router || strcmp(router->item.name, end->router) != 0 ||
	    router->item.address != end->address)
		return "an end is at a router that does not exist";
	if (end->port < VLSP_PORT_FIRST || end->port >= VLSP_PORT_MAX || fake->port_used[end->port])
		return "a port is in use or out of range";
	if (!end->ifname[0] || !memchr(end->ifname, '\0', sizeof(end->ifname)))
		return "a device name is empty or too long";
	list_for_each (pos, &router->ends) {
		if (strcmp(list_entry(pos, struct fake_end, of_router)->end->ifname, end->ifname) ==
		    0)
			return "a device name is in use in its namespace";
	}
	return NULL;
}

static int link_create(struct fake *fake, struct host_link *item, struct err *err)
{
	const char *why = check_end(fake, &item->end[0]);
	struct fake_link *link;
	int side;

	if (!why)
		why = check_end(fake, &item->end[1]);
	if (!why &&
	    (item->end[0].port == item->end[1].port || item->end[0].slot == item->end[1].slot))
		why = "both ends are the same";
	if (!why && (item->weight < 1 || item->weight > TOPO_WEIGHT_MAX))
		why = "its weight is out of range";
	if (why)
		return no(err, EINVAL, "link", item->name, why);
	link = calloc(1, sizeof(*link));
	if (!link)
		return no(err, ENOMEM, "link", item->name, "out of memory");
	link->item = *item;
	fake->links[item->end[0].port] = link;
	for (side = 0; side < 2; side++) {
		fake->end_of[item->end[side].port] = link;
		fake->port_used[item->end[side].port] = true;
		link->ends[side].end = &link->item.end[side];
		list_add_tail(&fake->routers[item->end[side].slot]->ends,
			      &link->ends[side].of_router);
	}
	if (item->end[0].port >= fake->port_top)
		fake->port_top = item->end[0].port + 1;
	fake->counts.links++;
	return 0;
}

static int router_change(struct fake *fake, struct host_router *item, struct err *err)
{
	struct fake_router *router = fake_router_get(fake, item->slot);

	if (!router || router->item.id != item->id || strcmp(router->item.name, item->name) != 0)
		return no(err, ENOENT, "router", item->name, "there is no such router");
	router->item.limits = item->limits;
	return 0;
}

static struct fake_link *link_same(const struct fake *fake, const struct host_link *item)
{
	struct fake_link *link = NULL;

	if (item->end[0].port < VLSP_PORT_MAX)
		link = fake->links[item->end[0].port];
	if (link && link->item.id == item->id && link->item.end[1].port == item->end[1].port &&
	    strcmp(link->item.name, item->name) == 0)
		return link;
	return NULL;
}

static int link_remove(struct fake *fake, struct host_link *item, struct err *err)
{
	struct fake_link *link = link_same(fake, item);
	int side;

	if (!link)
		return no(err, ENOENT, "link", item->name, "there is no such link");
	fake->links[item->end[0].port] = NULL;
	for (side = 0; side < 2; side++) {
		list_del(&link->ends[side].of_router);
		fake->end_of[item->end[side].port] = NULL;
		fake->port_used[item->end[side].port] = false;
	}
	fake->counts.links--;
	free(link);
	return 0;
}

static int link_change(struct fake *fake, struct host_link *item, struct err *err)
{
	struct fake_link *link = link_same(fake, item);

	if (!link)
		return no(err, ENOENT, "link", item->name, "there is no such link");
	if (item->weight < 1 || item->weight > TOPO_WEIGHT_MAX)
		return no(err, EINVAL, "link", item->name, "its weight is out of range");
	link->item.weight = item->weight;
	link->item.admin = item->admin;
	link->item.shape[0] = item->shape[0];
	link->item.shape[1] = item->shape[1];
	return 0;
}

/* Does items until one fails. */
#define RUN(list, what, fn)                                                                        \
	for (i = 0; ret == 0 && i < batch->list##_count; i++) {                                    \
		ret = fault(fake, what, batch->list[i].name, err);                                 \
		if (ret == 0)                                                                      \
			ret = fn(fake, &batch->list[i], err);                                      \
		batch->list[i].state = ret == 0 ? HOST_DONE : HOST_FAILED;                         \
		if (ret == 0)                                                                      \
			fake->counts.items++;                                                      \
		if (ret == 0 && fake->progress)                                                    \
			fake->progress(fake->arg, ++done, total);                                  \
	}

static int run_batch(struct fake *fake, struct host_batch *batch, struct err *err)
{
	size_t total = batch->links_del_count + batch->routers_del_count +
		       batch->routers_set_count + batch->routers_add_count +
		       batch->links_add_count + batch->links_set_count;
	size_t i, done = 0;
	int ret = 0;

	RUN(links_del, "link", link_remove)
	RUN(routers_del, "router", router_stop)
	if (fake->counts.routers &&
	    (fake->network.network != batch->network.network ||
	     fake->network.prefix_len != batch->network.prefix_len) &&
	    ret == 0)
		ret = err_set(err, EBUSY, "network: it changes while routers run");
	if (ret == 0)
		fake->network = batch->network;
	RUN(routers_add, "router", router_start)
	RUN(routers_set, "router", router_change)
	RUN(links_add, "link", link_create)
	RUN(links_set, "link", link_change)
	return ret;
}

static void batch_timer(void *arg)
{
	struct fake *fake = arg;
	struct host_batch *batch = fake->batch;
	struct err err = {0};
	int ret = run_batch(fake, batch, &err);

	if (ret < 0)
		fake->counts.refused++;
	fake->batch = NULL;
	fake->counts.batches++;
	fake_report_soon(fake);
	fake->done(fake->arg, batch, ret, &err);
}

static int submit(struct host *host, struct host_batch *batch, host_progress_fn progress,
		  host_done_fn done, void *arg)
{
	struct fake *fake = fake_of(host);

	if (fake->batch)
		return -EBUSY;
	if (batch->network.prefix_len < 16 || batch->network.prefix_len > 30 ||
	    batch->network.hello_us == 0 || batch->network.dead_us < batch->network.hello_us)
		return -EINVAL;
	fake->batch = batch;
	fake->progress = progress;
	fake->done = done;
	fake->arg = arg;
	loop_timer_set(fake->batch_timer, clock_mono_ns() + fake->config.batch_ns);
	return 0;
}

static int counts_read(struct host *host, const uint32_t *ports, size_t count,
		       struct host_counts *ret)
{
	(void)host;
	(void)ports;
	memset(ret, 0, count * sizeof(*ret)); /* no frame ever crosses a simulated link */
	return 0;
}

static int netns_path(struct host *host, const char *router, char *buf, size_t size)
{
	(void)host;
	(void)router;
	(void)buf;
	(void)size;
	return -ENOENT; /* there are no namespaces */
}

static int application(struct host *host, uint32_t id, uint32_t slot, struct host_app *ret)
{
	(void)host;
	(void)id;
	(void)slot;
	(void)ret;
	return -ENOENT; /* there are no programs */
}

static void close_host(struct host *host, bool keep)
{
	(void)keep;
	struct fake *fake = fake_of(host);
	uint32_t i;

	for (i = 0; i < fake->router_top; i++)
		fake_router_free(fake->routers[i]);
	for (i = 0; i < fake->port_top; i++)
		free(fake->links[i]);
	host_batch_free(fake->batch);
	loop_timer_free(fake->batch_timer);
	loop_timer_free(fake->report_timer);
	paths_free(fake->paths);
	free(fake);
}

static const struct host_ops fake_ops = {
	.size = sizeof(struct host_ops),
	.name = "fake",
	.submit = submit,
	.fib_set = fake_fib_set,
	.routes_dump = fake_routes_dump,
	.counts_read = counts_read,
	.netns_path = netns_path,
	.application = application,
	.close = close_host,
};

int fake_new(const struct fake_config *config, struct host **ret_host)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return -ENOMEM;
	fake->host.ops = &fake_ops;
	fake->config = *config;
	fake->loop = config->loop;
	fake->network.prefix_len = 16;
	if (loop_timer_new(fake->loop, batch_timer, fake, &fake->batch_timer) < 0 ||
	    loop_timer_new(fake->loop, fake_report, fake, &fake->report_timer) < 0 ||
	    paths_new(&fake->paths) < 0) {
		close_host(&fake->host, false);
		return -ENOMEM;
	}
	*ret_host = &fake->host;
	return 0;
}
