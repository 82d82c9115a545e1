// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rows may hold. The same checks stand before writing (nothing is written that could not be
 * read again) and after reading (whoever edited the file, or whatever damaged it, gets no wrong
 * network). Called by write.c and read.c. Texts start with the field.
 */
#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/store_priv.h"
#include "include/shared/maps.h"
#include "lib/base/name.h"

#define TIME_MAX  ((uint64_t)INT64_MAX)
#define ERROR_MAX 4095

const char *const store_admin_words[STORE_ADMIN_WORDS] = {
	[MODEL_UP] = "up", [MODEL_DOWN] = "down", [MODEL_SILENT] = "silent"};
const char *const store_routing_words[STORE_ROUTING_WORDS] = {
	[TOPO_ROUTING_DISTRIBUTED] = "distributed", [TOPO_ROUTING_CENTRAL] = "central"};

const char *const store_origin_words[STORE_ORIGIN_WORDS] = {"request", "topology"};

static int within(const char *field, uint64_t value, uint64_t min, uint64_t max, struct err *err)
{
	if (value >= min && value <= max)
		return 0;
	return err_set(err, EINVAL, "%s: %llu is not within %llu to %llu", field,
		       (unsigned long long)value, (unsigned long long)min, (unsigned long long)max);
}

static int check_label(const char *label, struct err *err)
{
	const char *fault = label ? topo_label_fault(label) : NULL;

	return fault ? err_set(err, EINVAL, "label: %s", fault) : 0;
}

int store_check_topology(const struct model_topology *t, struct err *err)
{
	char text[ADDR_TEXT_SIZE + 4], address[ADDR_TEXT_SIZE];
	uint32_t network;
	unsigned len;
	int r = t->name[0] ? name_check(t->name, "name", err) : 0;

	if (r == 0)
		r = within("network: prefix length", t->prefix_len, 16, 30, err);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%s/%u", addr_format(t->network, address),
		 t->prefix_len % 100);
	r = prefix_parse(text, &network, &len, err);
	if (r == 0)
		r = within("routing", (unsigned)t->routing, 0, STORE_ROUTING_WORDS - 1, err);
	if (r == 0 && t->hello_us)
		r = within("hello_us", t->hello_us, TOPO_HELLO_MIN_US, TOPO_HELLO_MAX_US, err);
	return r;
}

static int check_address(uint32_t address, const struct model_topology *t, struct err *err)
{
	char text[ADDR_TEXT_SIZE], net[ADDR_TEXT_SIZE];
	uint32_t mask = prefix_mask(t->prefix_len);

	if ((address & mask) == t->network && address != t->network &&
	    address != (t->network | ~mask))
		return 0;
	return err_set(err, EINVAL, "address: %s is not one for a router of %s/%u",
		       addr_format(address, text), addr_format(t->network, net), t->prefix_len);
}

/* They are stored as text. */
static int check_interfaces(const struct topo_ifaces *interfaces, struct err *err)
{
	struct topo_ifaces *back = NULL;
	char *text;
	int r;

	if (!interfaces)
		return 0;
	text = topo_ifaces_text(interfaces);
	r = text ? topo_ifaces_parse(text, &back, err) : err_errno(err, ENOMEM, "interfaces");
	topo_ifaces_unref(back);
	free(text);
	return r;
}

int store_check_router(const struct store_router *router, const struct model_topology *topology,
		       struct err *err)
{
	int r = within("id", router->id, 1, UINT32_MAX, err);

	if (r == 0)
		r = name_check(router->name, "name", err);
	if (r == 0 && topology)
		r = check_address(router->address, topology, err);
	if (r == 0)
		r = within("slot", router->slot, 0, VLSP_SLOT_MAX - 1, err);
	if (r == 0)
		r = within("edge_port", router->edge_port, VLSP_PORT_FIRST, VLSP_PORT_MAX - 1, err);
	if (r == 0 && router->host[0])
		r = name_check(router->host, "host", err);
	if (r == 0)
		r = check_label(router->label, err);
	if (r == 0 && router->has_position && !(fabs(router->latitude) <= 90))
		r = err_set(err, EINVAL, "latitude: not within -90 to 90");
	if (r == 0 && router->has_position && !(fabs(router->longitude) <= 180))
		r = err_set(err, EINVAL, "longitude: not within -180 to 180");
	if (r == 0)
		r = within("memory", router->limits.memory, 0, INT64_MAX, err);
	if (r == 0)
		r = check_interfaces(router->interfaces, err);
	if (r == 0)
		r = within("created_ms", router->created_ms, 0, TIME_MAX, err);
	return r;
}

/* As daemon/model/ifname.c makes them; no other device of ours is called so. */
static int check_ifname(const char *ifname, int side, struct err *err)
{
	const char *p = ifname;

	if (strncmp(p, "to-", 3) == 0)
		p += 3;
	while (p != ifname && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			       (*p >= '0' && *p <= '9') || (*p && strchr("._-~", *p))))
		p++;
	if (p > ifname + 3 && !*p)
		return 0;
	return err_set(err, EINVAL, "ifname_%c: '%.20s' is not the name of a link's device",
		       'a' + side, ifname);
}

/* One that was derived from two long names may be longer than people may give. */
static int check_link_name(const char *name, struct err *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";

	if (strlen(name) <= NAME_MAX_LEN)
		return name_check(name, "name", err);
	if (strspn(name, allowed) == strlen(name))
		return 0;
	return err_set(err, EINVAL, "name: '%.150s' has characters that a name has not", name);
}

/* It is stored as text. */
static int check_shape(const struct topo_shape *shape, struct err *err)
{
	char text[STORE_SHAPE_SIZE];
	struct topo_shape back;

	if (!shape->set)
		return 0;
	store_shape_write(shape, text);
	return store_shape_read(text, &back, err);
}

int store_check_link(const struct store_link *link, struct err *err)
{
	static const char *const routers[] = {"router_a", "router_b"};
	static const char *const ports[] = {"port_a", "port_b"};
	int r = within("id", link->id, 1, UINT32_MAX, err);

	if (r == 0)
		r = check_link_name(link->name, err);
	for (int side = 0; r == 0 && side < 2; side++) {
		r = within(routers[side], link->router[side], 1, UINT32_MAX, err);
		if (r == 0)
			r = within(ports[side], link->port[side], VLSP_PORT_FIRST,
				   VLSP_PORT_MAX - 1, err);
		if (r == 0)
			r = check_ifname(link->ifname[side], side, err);
	}
	if (r == 0 && link->router[0] == link->router[1])
		r = err_set(err, EINVAL, "router_b: is router_a, too");
	if (r == 0)
		r = within("weight", link->weight, 1, TOPO_WEIGHT_MAX, err);
	if (r == 0)
		r = within("admin", (unsigned)link->admin, 0, STORE_ADMIN_WORDS - 1, err);
	for (int side = 0; r == 0 && side < 2; side++)
		if (check_shape(&link->shape[side], err) < 0)
			r = err_wrap(err, "shape");
	if (r == 0)
		r = check_label(link->label, err);
	if (r == 0)
		r = within("created_ms", link->created_ms, 0, TIME_MAX, err);
	return r;
}

/* What it runs was checked by topo_app_parse(), which made it or can read it. */
int store_check_app(const struct store_app *app, struct err *err)
{
	const struct model_app_state *state = &app->state;
	int r = within("id", app->id, 1, UINT32_MAX, err);

	if (r == 0)
		r = within("router_id", app->router_id, 1, UINT32_MAX, err);
	if (r == 0)
		r = within("aid", app->aid, 1, UINT32_MAX, err);
	if (r == 0)
		r = within("place", app->place, 1, UINT32_MAX, err);
	if (r == 0)
		r = name_check(app->app->name, "name", err);
	if (r == 0 && state->phase != MODEL_APP_WANTED && state->phase != MODEL_APP_ENDED &&
	    state->phase != MODEL_APP_FAILED)
		r = err_set(err, EINVAL, "state: %s is not one that is kept",
			    model_app_phase_name(state->phase));
	if (r == 0 && (state->status < -1 || state->status > 0xffff))
		r = err_set(err, EINVAL, "status: %d is not one of waitpid(2)", state->status);
	if (r == 0)
		r = within("error", (uint64_t)state->error, 0, ERROR_MAX, err);
	if (r == 0)
		r = within("created_ms", app->created_ms, 0, TIME_MAX, err);
	if (r == 0)
		r = within("started_ms", state->started_ms, 0, TIME_MAX, err);
	if (r == 0)
		r = within("ended_ms", state->ended_ms, 0, TIME_MAX, err);
	return r;
}

int store_check_removed(const struct store_removed *removed, struct err *err)
{
	int r = within("id", removed->id, 1, UINT32_MAX, err);

	if (r == 0)
		r = name_check(removed->name, "name", err);
	return r < 0 ? r : within("time_ms", removed->time_ms, 0, TIME_MAX, err);
}

int store_check_op(const struct store_op *op, struct err *err)
{
	int r = within("id", op->id, 1, INT64_MAX, err);

	if (r == 0 &&
	    (!op->kind[0] || strspn(op->kind, "abcdefghijklmnopqrstuvwxyz-") != strlen(op->kind)))
		r = err_set(err, EINVAL, "kind: '%.40s' is not a kind of operation", op->kind);
	if (r == 0)
		r = within("error", (uint64_t)op->error, 0, ERROR_MAX, err);
	if (r == 0)
		r = within("queued_ms", op->queued_ms, 0, TIME_MAX, err);
	if (r == 0)
		r = within("started_ms", op->started_ms, 0, TIME_MAX, err);
	if (r == 0)
		r = within("ended_ms", op->ended_ms, 0, TIME_MAX, err);
	return r;
}

static uint64_t sum_bytes(uint64_t sum, char type, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;

	sum = (sum ^ (unsigned char)type) * 1099511628211ull;
	while (size--)
		sum = (sum ^ *p++) * 1099511628211ull;
	return sum;
}

uint64_t store_sum_int(uint64_t sum, uint64_t value)
{
	value = htole64(value);
	return sum_bytes(sum, 'i', &value, sizeof(value));
}

/* With the NUL, so that two texts are not one. */
uint64_t store_sum_text(uint64_t sum, const char *text)
{
	return text ? sum_bytes(sum, 't', text, strlen(text) + 1) : sum_bytes(sum, 'n', "", 0);
}

uint64_t store_sum_real(uint64_t sum, bool is, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return is ? store_sum_int(sum, bits) : sum_bytes(sum, 'n', "", 0);
}

void store_shape_write(const struct topo_shape *shape, char text[STORE_SHAPE_SIZE])
{
	const char *key;
	char value[48];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; topo_shape_format(shape, i, &key, value) == 0; i++)
		used += (size_t)snprintf(text + used, STORE_SHAPE_SIZE - used, "%s%s=%s",
					 i ? " " : "", key, value);
}

/* A line of words KEY=VALUE, as the command line takes them. */
int store_shape_read(const char *text, struct topo_shape *ret_shape, struct err *err)
{
	struct topo_shape shape = {0};
	char copy[STORE_SHAPE_SIZE], *word, *value, *save = NULL;

	if (strlen(text) >= sizeof(copy))
		return err_set(err, EINVAL, "too long");
	strcpy(copy, text);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		value = strchr(word, '=');
		if (!value)
			return err_set(err, EINVAL, "'%.40s' is not like delay=20ms", word);
		*value++ = '\0';
		if (topo_shape_parse(&shape, word, value, err) < 0)
			return -EINVAL;
	}
	*ret_shape = shape;
	return 0;
}
