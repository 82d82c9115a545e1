// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The safety catch: what the host cannot do without is not taken from it, unless that is asked for.
 * Asked by daemon/ctl before anything is changed, and once more by the worker that attaches.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/local_priv.h"

#define INSIST "; give force if that is what you want"

static int refuse_missing(const struct topo_iface *iface, struct err *err)
{
	return err_set(err, ENODEV,
		       "host: there is no interface %s in the network of vlspd (one that is in "
		       "another namespace is not touched)",
		       iface->host);
}

/* The route that would be cut, or NULL. */
static const struct nlk_default *route_by(const struct local_survey *home, uint32_t index)
{
	for (size_t i = 0; i < home->route_count; i++)
		if (home->routes[i].index == index)
			return &home->routes[i];
	return NULL;
}

static const struct nlk_iface *port_of(const struct local_survey *home, uint32_t master)
{
	for (size_t i = 0; i < home->iface_count; i++)
		if (home->ifaces[i].master == master)
			return &home->ifaces[i];
	return NULL;
}

static const struct nlk_iface *made_of(const struct local_survey *home, uint32_t lower)
{
	for (size_t i = 0; i < home->iface_count; i++)
		if (home->ifaces[i].lower == lower)
			return &home->ifaces[i];
	return NULL;
}

static int judge_route(const struct topo_iface *iface, const struct nlk_default *route,
		       struct err *err)
{
	return err_set(err, EBUSY,
		       "host: %s carries the host's default route (IPv%d%s%s, table %u), which "
		       "would be cut" INSIST,
		       iface->host, route->version, route->gateway[0] ? ", via " : "",
		       route->gateway, route->table);
}

/* What moving it away would break. */
static int judge_move(const struct local_survey *home, const struct topo_iface *iface,
		      const struct nlk_iface *device, struct err *err)
{
	const struct nlk_default *route = route_by(home, device->index);
	const struct nlk_iface *other;

	if (iface->force)
		return 0;
	if (route)
		return judge_route(iface, route, err);
	other = device->master ? local_survey_index(home, device->master) : NULL;
	if (device->master)
		return err_set(err, EBUSY, "host: %s is a port of %s" INSIST, iface->host,
			       other ? other->name : "another device");
	other = port_of(home, device->index);
	if (other)
		return err_set(err, EBUSY, "host: %s has ports: %s" INSIST, iface->host,
			       other->name);
	other = made_of(home, device->index);
	if (other)
		return err_set(err, EBUSY, "host: %s is in use by %s, which is made of it" INSIST,
			       iface->host, other->name);
	return 0;
}

static int judge_tap(const struct nlk_iface *device, const struct topo_iface *iface,
		     struct err *err)
{
	unsigned uid;

	if (device)
		return err_set(
			err, EEXIST,
			"host: there is a device %s already; a TAP device is made anew (mode "
			"macvlan connects one that is there)",
			iface->host);
	if (local_tap_owner(iface->owner, &uid) < 0)
		return err_set(err, EINVAL, "owner: there is no user '%s'", iface->owner);
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return err_set(err, EOPNOTSUPP, "mode: tap needs /dev/net/tun: %s",
			       strerror(errno));
	return 0;
}

int local_iface_judge(const struct local_survey *home, const struct topo_iface *iface,
		      struct err *err)
{
	const struct nlk_iface *device = local_survey_name(home, iface->host);

	if (iface->mode == TOPO_IFACE_TAP)
		return judge_tap(device, iface, err);
	if (!device)
		return refuse_missing(iface, err);
	if (device->loopback)
		return err_set(err, EINVAL, "host: %s is the host's own loopback", iface->host);
	if (strncmp(device->alias, "vlsp:", 5) == 0)
		return err_set(err, EBUSY, "host: %s was made by vlspd itself (%.80s)", iface->host,
			       device->alias);
	if (iface->mode == TOPO_IFACE_BRIDGE && strcmp(device->kind, "bridge") != 0)
		return err_set(err, EINVAL,
			       "host: %s is no bridge; mode bridge connects a router to one",
			       iface->host);
	if (iface->mode == TOPO_IFACE_MACVLAN && device->master)
		return err_set(err, EBUSY,
			       "host: %s is a port of another device, which gets all of its "
			       "packets: attach that one",
			       iface->host);
	return iface->mode == TOPO_IFACE_MOVE ? judge_move(home, iface, device, err) : 0;
}

int local_iface_check(struct host *host, const struct topo_iface *iface, struct err *err)
{
	struct local_survey home = {0};
	int sock = nlk_open(), r;

	(void)host; /* the loop's thread is in the host's namespace */
	if (sock < 0)
		return err_errno(err, sock, "host: netlink");
	r = local_survey_take(&home, sock);
	if (r < 0)
		err_errno(err, r, "host: cannot look at its interfaces");
	else
		r = local_iface_judge(&home, iface, err);
	local_survey_done(&home);
	close(sock);
	return r;
}
