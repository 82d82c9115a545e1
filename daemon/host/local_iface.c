// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attaching interfaces of the host to a router: what its namespace has is compared with what is
 * wanted, and made so. Run by a worker for routers_set of a batch; looked at by audits.
 */
#include "daemon/host/local_iface.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/host/local_ns.h"
#include "include/shared/maps.h"
#include "lib/nlk/link.h"
#include "lib/nlk/ns.h"

void local_iface_tag(char tag[LOCAL_IFACE_TAG_SIZE], const char *instance,
		     enum topo_iface_mode mode, const char *host)
{
	snprintf(tag, LOCAL_IFACE_TAG_SIZE, "vlsp:%s=%s:%s", instance, topo_iface_mode_name(mode),
		 host);
}

bool local_iface_tagged(const char *instance, const char *alias)
{
	size_t n = strlen(instance);

	return strncmp(alias, "vlsp:", 5) == 0 && strncmp(alias + 5, instance, n) == 0 &&
	       alias[5 + n] == '=';
}

/* One router's namespace and the host's, as they are. */
struct work {
	const struct local_iface_env *env;
	const struct host_router *item;
	struct local_ns_open ns;
	struct local_survey inside;
	int home; /* socket */
	struct err *err;
};

static void work_end(struct work *work)
{
	local_survey_done(&work->inside);
	close(work->ns.sock);
	close(work->ns.ns);
	if (work->home >= 0)
		close(work->home);
}

static int work_begin(struct work *work)
{
	const char *router = work->item->name;
	int r;

	work->home = -1;
	r = local_ns_open(work->env->names, router, &work->ns);
	if (r < 0)
		return err_errno(work->err, r, "router %s: its namespace", router);
	r = local_survey_take(&work->inside, work->ns.sock);
	if (r == 0)
		r = nlk_ns_enter(work->env->home);
	if (r == 0)
		r = work->home = nlk_open();
	if (r < 0) {
		work_end(work);
		return err_errno(work->err, r, "router %s: interfaces", router);
	}
	return 0;
}

static bool is_there(const struct local_iface_env *env, const struct nlk_iface *device,
		     const struct topo_iface *iface)
{
	char tag[LOCAL_IFACE_TAG_SIZE];

	local_iface_tag(tag, env->instance, iface->mode, iface->host);
	return strcmp(device->alias, tag) == 0 && strcmp(device->name, iface->name) == 0;
}

static const struct nlk_iface *find_inside(const struct work *work, const struct topo_iface *iface)
{
	for (size_t i = 0; i < work->inside.iface_count; i++)
		if (is_there(work->env, &work->inside.ifaces[i], iface))
			return &work->inside.ifaces[i];
	return NULL;
}

static bool is_wanted(const struct local_iface_env *env, const struct nlk_iface *device,
		      const struct topo_ifaces *wanted)
{
	for (size_t i = 0; i < topo_ifaces_count(wanted); i++)
		if (is_there(env, device, &wanted->list[i]))
			return true;
	return false;
}

/* --- attaching ---------------------------------------------------------------------------------
 */

/* Above those of link ends, so that these find theirs free. */
static uint32_t free_index(const struct work *work)
{
	uint32_t index = VLSP_PORT_MAX;

	for (size_t i = 0; i < work->inside.iface_count; i++)
		if (work->inside.ifaces[i].index >= index)
			index = work->inside.ifaces[i].index + 1;
	return index;
}

static void refused(void *arg, uint32_t tag, int code, const char *text)
{
	struct err *err = arg;

	(void)tag;
	if (!err->code)
		err_errno(err, code, "%s%s%s", text, *text ? ": " : "", "the kernel refuses");
}

/* Sends what is in the batch. */
static int transmit(struct work *work, struct nlk_batch *batch, int sock,
		    const struct topo_iface *iface)
{
	struct err why = {0};
	int r = nlk_batch_send(batch, sock, refused, &why);

	if (r < 0 && why.code)
		return err_set(work->err, -r, "interface %s for router %s: %.300s", iface->host,
			       work->item->name, why.text);
	return r < 0 ? err_errno(work->err, r, "interface %s for router %s", iface->host,
				 work->item->name)
		     : 0;
}

static int attach_move(struct work *work, const struct topo_iface *iface,
		       const struct local_survey *home, uint32_t index, struct nlk_batch *batch)
{
	const struct nlk_iface *device = local_survey_name(home, iface->host);
	char tag[LOCAL_IFACE_TAG_SIZE];
	struct nlk_move move = {
		.ns = work->ns.ns, .name = iface->name, .index = index, .alias = tag, .up = true};
	int r = local_iface_note_move(work->env, work->item->name, iface, home, device);

	if (r < 0)
		return err_errno(work->err, r, "interface %s: journal", iface->host);
	local_iface_tag(tag, work->env->instance, iface->mode, iface->host);
	nlk_iface_move(batch, device->index, &move);
	return transmit(work, batch, work->home, iface);
}

static int attach_macvlan(struct work *work, const struct topo_iface *iface, uint32_t lower,
			  uint32_t index, struct nlk_batch *batch)
{
	nlk_iface_macvlan(batch, &(struct nlk_macvlan){.lower = lower,
						       .index = index,
						       .ns = work->ns.ns,
						       .name = iface->name,
						       .passthru = iface->mode == TOPO_IFACE_TAP});
	return transmit(work, batch, work->home, iface);
}

/* A cable: one end on the router, the other in the bridge, under a name that the kernel gives. */
static int attach_bridge(struct work *work, const struct topo_iface *iface,
			 const struct nlk_iface *bridge, uint32_t index, struct nlk_batch *batch)
{
	struct nlk_veth_end end[2] = {{.name = iface->name, .index = index}, {.name = "vlsp%d"}};
	char tag[LOCAL_IFACE_TAG_SIZE];
	struct nlk_link_change alias = {.set = NLK_LINK_ALIAS, .alias = tag};
	struct local_survey home = {0};
	const struct nlk_iface *port = NULL;
	int r;

	if (getrandom(end[0].mac, 6, 0) != 6 || getrandom(end[1].mac, 6, 0) != 6)
		return err_errno(work->err, EIO, "interface %s: random numbers", iface->host);
	end[0].mac[0] = end[1].mac[0] = 0x02;
	/* In this order: a first end without an index has the second do without, too. */
	nlk_link_veth(batch, end, bridge->mtu, work->env->home);
	r = transmit(work, batch, work->ns.sock, iface);
	if (r < 0)
		return r;
	r = local_survey_take(&home, work->home);
	for (size_t i = 0; r == 0 && i < home.iface_count; i++)
		if (memcmp(home.ifaces[i].mac, end[1].mac, 6) == 0)
			port = &home.ifaces[i];
	local_iface_tag(tag, work->env->instance, iface->mode, iface->host);
	if (port) {
		nlk_link_set(batch, port->index, &alias);
		nlk_iface_enslave(batch, port->index, bridge->index);
		r = transmit(work, batch, work->home, iface);
	} else if (r == 0) {
		r = err_errno(work->err, ENODEV, "interface %s: its other end", iface->host);
	}
	local_survey_done(&home);
	return r;
}

/* A TAP device on the host, and on it a macvlan that has it for itself: what the machine that opens
 * the one sends comes out of the other, and nothing else gets in between. */
static int attach_tap(struct work *work, const struct topo_iface *iface, uint32_t index,
		      struct nlk_batch *batch)
{
	char tag[LOCAL_IFACE_TAG_SIZE];
	struct nlk_link_change change = {.set = NLK_LINK_ALIAS | NLK_LINK_UP, .alias = tag};
	struct local_survey home = {0};
	const struct nlk_iface *device;
	int r = local_iface_note_tap(work->env, work->item->name, iface->host);

	if (r == 0)
		r = nlk_ns_enter(work->env->home);
	if (r == 0)
		r = local_tap_make(iface->host, iface->owner);
	if (r < 0)
		return err_errno(work->err, r, "TAP device %s", iface->host);
	r = local_survey_take(&home, work->home);
	device = r == 0 ? local_survey_name(&home, iface->host) : NULL;
	local_iface_tag(tag, work->env->instance, iface->mode, iface->host);
	if (device) {
		nlk_link_set(batch, device->index, &change);
		r = transmit(work, batch, work->home, iface);
		if (r == 0)
			r = attach_macvlan(work, iface, device->index, index, batch);
	} else if (r == 0) {
		r = err_errno(work->err, ENODEV, "TAP device %s", iface->host);
	}
	local_survey_done(&home);
	return r;
}

static int attach_by_mode(struct work *work, const struct topo_iface *iface,
			  const struct local_survey *home, uint32_t index, struct nlk_batch *batch)
{
	const struct nlk_iface *device = local_survey_name(home, iface->host);

	switch (iface->mode) {
	case TOPO_IFACE_MOVE:
		return attach_move(work, iface, home, index, batch);
	case TOPO_IFACE_MACVLAN:
		return attach_macvlan(work, iface, device->index, index, batch);
	case TOPO_IFACE_BRIDGE:
		return attach_bridge(work, iface, device, index, batch);
	case TOPO_IFACE_TAP:
		return attach_tap(work, iface, index, batch);
	case TOPO_IFACE_MODES:
		break;
	}
	return err_errno(work->err, EINVAL, "interface %s", iface->host);
}

/* Tagged, and up: from here on the namespace says that it is ours. */
static int mark(struct work *work, const struct topo_iface *iface, uint32_t index,
		struct nlk_batch *batch)
{
	char tag[LOCAL_IFACE_TAG_SIZE];
	const struct nlk_link_change change = {.set = NLK_LINK_ALIAS | NLK_LINK_UP, .alias = tag};

	local_iface_tag(tag, work->env->instance, iface->mode, iface->host);
	nlk_link_set(batch, index, &change);
	return transmit(work, batch, work->ns.sock, iface);
}

/* What is left of an attempt that failed; the reason for that is told. */
static void take_back(struct work *work, const struct topo_iface *iface, uint32_t index)
{
	const struct nlk_iface *device;
	struct local_survey now = {0};
	struct err ignored;

	if (local_survey_take(&now, work->ns.sock) == 0) {
		device = local_survey_index(&now, index);
		if (device)
			(void)local_iface_detach(work->env, work->item->name, work->ns.sock, device,
						 &ignored);
	}
	local_survey_done(&now);
	local_iface_forget(work->env, work->item->name, iface);
}

/* A device cannot be made with its tag: this is one whose maker was killed before it could tag it.
 */
static bool is_half(const struct nlk_iface *device, const struct topo_iface *iface)
{
	const char *kind = iface->mode == TOPO_IFACE_BRIDGE ? "veth" : "macvlan";

	return iface->mode != TOPO_IFACE_MOVE && device->index >= VLSP_PORT_MAX &&
	       !device->alias[0] && strcmp(device->kind, kind) == 0;
}

static int attach(struct work *work, const struct topo_iface *iface)
{
	const struct nlk_iface *other = local_survey_name(&work->inside, iface->name);
	struct local_survey home = {0};
	uint32_t index = free_index(work);
	struct nlk_batch batch;
	struct err ignored;
	int r;

	if (other && is_half(other, iface))
		(void)local_iface_detach(work->env, work->item->name, work->ns.sock, other,
					 &ignored); /* what is refused then says so */
	else if (other)
		return err_set(work->err, EEXIST, "name: router %s has a device %s already",
			       work->item->name, iface->name);
	/* One that was attached and is not in there: somebody put it back, or it was on its way. */
	local_iface_forget(work->env, work->item->name, iface);
	r = local_survey_take(&home, work->home);
	if (r < 0)
		err_errno(work->err, r, "interface %s: the host's network", iface->host);
	else
		r = local_iface_judge(&home, iface, work->err);
	if (r == 0) {
		nlk_batch_init(&batch);
		r = attach_by_mode(work, iface, &home, index, &batch);
		if (r == 0 && iface->mode != TOPO_IFACE_MOVE)
			r = mark(work, iface, index, &batch);
		nlk_batch_done(&batch);
		if (r < 0)
			take_back(work, iface, index);
	}
	local_survey_done(&home);
	return r;
}

/* --- addresses ---------------------------------------------------------------------------------
 */

static bool wants(const struct topo_iface *iface, const struct prefix *prefix)
{
	for (size_t i = 0; i < iface->address_count; i++)
		if (prefix_equal(&iface->address[i], prefix))
			return true;
	return false;
}

static bool has(const struct local_survey *inside, uint32_t index, const struct prefix *prefix)
{
	for (size_t i = 0; i < inside->held_count; i++)
		if (inside->held[i].index == index && prefix_equal(&inside->held[i].prefix, prefix))
			return true;
	return false;
}

/* One that we gave it, and nobody wants: those that people or their programs gave it stay. */
static bool is_old(const struct nlk_held *held, uint32_t index, const struct topo_iface *iface)
{
	return held->index == index && held->protocol == NLK_HELD_OURS &&
	       !wants(iface, &held->prefix);
}

static int adjust(struct work *work, const struct topo_iface *iface, const struct nlk_iface *device)
{
	const struct nlk_link_change up = {.set = NLK_LINK_UP};
	const struct local_survey *inside = &work->inside;
	struct nlk_batch batch;
	int r = 0;

	nlk_batch_init(&batch);
	for (size_t i = 0; i < inside->held_count; i++)
		if (is_old(&inside->held[i], device->index, iface))
			nlk_held_del(&batch, &inside->held[i]);
	if (!device->up)
		nlk_link_set(&batch, device->index, &up);
	for (size_t i = 0; i < iface->address_count; i++) {
		const struct nlk_held held = {.index = device->index,
					      .prefix = iface->address[i],
					      .broadcast = true,
					      .protocol = NLK_HELD_OURS};

		if (!has(inside, device->index, &held.prefix))
			nlk_held_add(&batch, &held);
	}
	if (batch.count)
		r = transmit(work, &batch, work->ns.sock, iface);
	nlk_batch_done(&batch);
	return r;
}

/* --- the whole of one router -------------------------------------------------------------------
 */

int local_iface_drop(const struct local_iface_env *env, const struct host_router *item,
		     struct err *err)
{
	struct work work = {.env = env, .item = item, .err = err};
	int r = work_begin(&work), dropped = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < work.inside.iface_count; i++) {
		const struct nlk_iface *device = &work.inside.ifaces[i];

		if (!local_iface_tagged(env->instance, device->alias) ||
		    is_wanted(env, device, item->interfaces))
			continue;
		r = local_iface_detach(env, item->name, work.ns.sock, device, err);
		dropped = 1;
	}
	work_end(&work);
	return r < 0 ? r : dropped;
}

static int set_one(struct work *work, const struct topo_iface *iface)
{
	const struct nlk_iface *device = find_inside(work, iface);
	int r = 0;

	if (!device) {
		r = attach(work, iface);
		local_survey_done(&work->inside);
		if (r == 0) {
			r = local_survey_take(&work->inside, work->ns.sock);
			if (r < 0)
				err_errno(work->err, r, "router %s: interfaces", work->item->name);
		}
		device = r == 0 ? find_inside(work, iface) : NULL;
		if (r == 0 && !device)
			r = err_set(work->err, ENODEV, "interface %s: it went away", iface->host);
	}
	return r < 0 ? r : adjust(work, iface, device);
}

/* Into the virtual network nothing can be forwarded: what is not a router's own stays at lo, where
 * it would go round until its time is over. */
static int forward(struct work *work, const struct host_network *network)
{
	const struct topo_ifaces *interfaces = work->item->interfaces;
	struct nlk_batch batch;
	int r = 0, fd;

	nlk_batch_init(&batch);
	for (size_t i = 0; r == 0 && i < interfaces->count; i++) {
		nlk_rule_prohibit(&batch, interfaces->list[i].name, network->network,
				  network->prefix_len);
		r = nlk_batch_send(&batch, work->ns.sock, NULL, NULL);
		r = r == -EEXIST ? 0 : r;
	}
	nlk_batch_done(&batch);
	if (r == 0)
		r = nlk_ns_enter(work->ns.ns);
	if (r == 0) {
		fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC);
		r = fd < 0 || write(fd, "1", 1) < 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	return r < 0 ? err_errno(work->err, r, "router %s: forwarding between its interfaces",
				 work->item->name)
		     : 0;
}

int local_iface_set(const struct local_iface_env *env, const struct host_router *item,
		    const struct host_network *network, struct err *err)
{
	struct work work = {.env = env, .item = item, .err = err};
	int r = topo_ifaces_count(item->interfaces) ? work_begin(&work) : 0;

	if (r < 0 || !topo_ifaces_count(item->interfaces))
		return r;
	r = 0;
	for (size_t i = 0; r == 0 && i < item->interfaces->count; i++)
		r = set_one(&work, &item->interfaces->list[i]);
	if (r == 0)
		r = forward(&work, network);
	work_end(&work);
	return r;
}

/* One that is there against what is wanted of it. */
static const char *look_at(const struct local_survey *inside, const struct nlk_iface *device,
			   const struct topo_iface *iface)
{
	if (!device)
		return "an interface of it is missing";
	if (!device->up)
		return "an interface of it is down";
	for (size_t i = 0; i < iface->address_count; i++)
		if (!has(inside, device->index, &iface->address[i]))
			return "an interface of it has not its addresses";
	for (size_t i = 0; i < inside->held_count; i++)
		if (is_old(&inside->held[i], device->index, iface))
			return "an interface of it has an address that nobody wants";
	return NULL;
}

const char *local_iface_look(const struct local_iface_env *env, int sock,
			     const struct host_router *item)
{
	struct work work = {.env = env};
	const struct local_survey *inside = &work.inside;
	const char *why = NULL;

	if (local_survey_take(&work.inside, sock) < 0)
		why = "its interfaces cannot be looked at";
	for (size_t i = 0; !why && i < inside->iface_count; i++) {
		const struct nlk_iface *device = &inside->ifaces[i];

		if (!local_iface_tagged(env->instance, device->alias))
			continue;
		local_iface_note_again(env, item->name, device);
		if (!is_wanted(env, device, item->interfaces))
			why = "it has an interface that nobody wants";
	}
	for (size_t i = 0; !why && i < topo_ifaces_count(item->interfaces); i++) {
		const struct topo_iface *iface = &item->interfaces->list[i];

		why = look_at(inside, find_inside(&work, iface), iface);
	}
	local_survey_done(&work.inside);
	return why;
}
