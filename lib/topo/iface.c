// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vocabulary of attached interfaces: keys, and how their values are read and written. Used by
 * the readers and writers of topologies, the REST interface and the store. Lists of them are in
 * ifaces.c.
 */
#include "lib/topo/iface.h"

#include <stdio.h>
#include <string.h>

static const char *const mode_names[TOPO_IFACE_MODES] = {
	[TOPO_IFACE_MOVE] = "move",
	[TOPO_IFACE_MACVLAN] = "macvlan",
	[TOPO_IFACE_BRIDGE] = "bridge",
	[TOPO_IFACE_TAP] = "tap",
};

static const char *const keys[TOPO_IFACE_KEYS] = {"host",    "mode",  "name",
						  "address", "owner", "force"};

const char *topo_iface_key(size_t i)
{
	return i < TOPO_IFACE_KEYS ? keys[i] : NULL;
}

const char *topo_iface_mode_name(enum topo_iface_mode mode)
{
	return mode_names[mode];
}

static int parse_device(char name[TOPO_IFACE_NAME_SIZE], const char *key, const char *value,
			struct err *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-@";
	size_t n = strlen(value);

	if (n == 0)
		return err_set(err, EINVAL, "%s: is empty", key);
	if (n >= TOPO_IFACE_NAME_SIZE)
		return err_set(err, EINVAL, "%s: '%.40s' is longer than %d characters", key, value,
			       TOPO_IFACE_NAME_SIZE - 1);
	if (strspn(value, allowed) != n || strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return err_set(err, EINVAL,
			       "%s: '%.40s' is not the name of a device: expected A-Z a-z 0-9 . _ "
			       "- @",
			       key, value);
	memcpy(name, value, n + 1);
	return 0;
}

static int parse_mode(enum topo_iface_mode *mode, const char *value, struct err *err)
{
	for (int i = 0; i < TOPO_IFACE_MODES; i++) {
		if (strcmp(value, mode_names[i]) == 0) {
			*mode = (enum topo_iface_mode)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "mode: '%.40s' is not one of move, macvlan, bridge, tap",
		       value);
}

static int add_address(struct topo_iface *iface, const char *text, struct err *err)
{
	struct prefix prefix;
	const char *fault;

	if (prefix_text_parse(text, &prefix) < 0)
		return err_set(err, EINVAL,
			       "address: '%.60s' is not an address with a length, like "
			       "192.0.2.1/24 or 2001:db8::1/64",
			       text);
	fault = prefix_host_fault(&prefix);
	if (fault)
		return err_set(err, EINVAL, "address: %.60s %s", text, fault);
	for (size_t i = 0; i < iface->address_count; i++)
		if (iface->address[i].version == prefix.version &&
		    memcmp(iface->address[i].bytes, prefix.bytes, sizeof(prefix.bytes)) == 0)
			return err_set(err, EINVAL, "address: %.60s is given twice", text);
	if (iface->address_count == TOPO_IFACE_ADDRESSES_MAX)
		return err_set(err, EINVAL, "address: more than %d of one interface",
			       TOPO_IFACE_ADDRESSES_MAX);
	iface->address[iface->address_count++] = prefix;
	return 0;
}

static int parse_addresses(struct topo_iface *iface, const char *value, struct err *err)
{
	int r = 0;

	do {
		size_t n = strcspn(value, ",");
		char text[64];

		snprintf(text, sizeof(text), "%.*s", n < 63 ? (int)n : 63, value);
		r = add_address(iface, text, err);
		value += n;
	} while (r == 0 && *value++ == ',');
	return r;
}

static int parse_truth(bool *ret, const char *key, const char *value, struct err *err)
{
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return err_set(err, EINVAL, "%s: '%.40s' is not true or false", key, value);
	*ret = value[0] == 't';
	return 0;
}

/* As useradd(8) takes names, or a number. */
static int parse_owner(char owner[TOPO_IFACE_OWNER_SIZE], const char *value, struct err *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t n = strlen(value);

	if (n == 0 || n >= TOPO_IFACE_OWNER_SIZE || strspn(value, allowed) != n || value[0] == '-')
		return err_set(err, EINVAL, "owner: '%.40s' is not the name or number of a user",
			       value);
	memcpy(owner, value, n + 1);
	return 0;
}

int topo_iface_parse(struct topo_iface *iface, const char *key, const char *value, struct err *err)
{
	if (strcmp(key, "host") == 0)
		return parse_device(iface->host, key, value, err);
	if (strcmp(key, "mode") == 0)
		return parse_mode(&iface->mode, value, err);
	if (strcmp(key, "name") == 0)
		return parse_device(iface->name, key, value, err);
	if (strcmp(key, "address") == 0)
		return parse_addresses(iface, value, err);
	if (strcmp(key, "owner") == 0)
		return parse_owner(iface->owner, value, err);
	if (strcmp(key, "force") == 0)
		return parse_truth(&iface->force, key, value, err);
	return err_set(err, EINVAL, "%.40s: is nothing that an interface has", key);
}

static bool is_written(const struct topo_iface *iface, size_t key)
{
	switch (key) {
	case 3:
		return iface->address_count > 0;
	case 4:
		return iface->owner[0] != '\0';
	case 5:
		return iface->force;
	default:
		return key < 3;
	}
}

static void put_addresses(const struct topo_iface *iface, char value[TOPO_IFACE_VALUE_SIZE])
{
	size_t used = 0;

	value[0] = '\0';
	for (size_t i = 0; i < iface->address_count; i++) {
		char text[PREFIX_TEXT_SIZE];

		used += (size_t)snprintf(value + used, TOPO_IFACE_VALUE_SIZE - used, "%s%s",
					 i ? "," : "",
					 prefix_text_format(&iface->address[i], text));
	}
}

int topo_iface_format(const struct topo_iface *iface, size_t i, const char **ret_key,
		      char value[TOPO_IFACE_VALUE_SIZE])
{
	size_t key = 0;

	for (; key < TOPO_IFACE_KEYS; key++)
		if (is_written(iface, key) && i-- == 0)
			break;
	if (key == TOPO_IFACE_KEYS)
		return -ENOENT;
	*ret_key = keys[key];
	if (key == 3) {
		put_addresses(iface, value);
		return 0;
	}
	snprintf(value, TOPO_IFACE_VALUE_SIZE, "%s",
		 key == 0   ? iface->host
		 : key == 1 ? mode_names[iface->mode]
		 : key == 2 ? iface->name
		 : key == 4 ? iface->owner
			    : "true");
	return 0;
}

int topo_iface_complete(struct topo_iface *iface, struct err *err)
{
	if (!iface->host[0])
		return err_set(err, EINVAL, "host: is missing");
	if (strcmp(iface->host, "lo") == 0)
		return err_set(err, EINVAL, "host: lo is the host's own loopback");
	if (!iface->name[0])
		memcpy(iface->name, iface->host, sizeof(iface->name));
	/* what the daemon itself makes in there */
	if (strcmp(iface->name, "lo") == 0 || strncmp(iface->name, "to-", 3) == 0)
		return err_set(err, EINVAL,
			       "name: a router's own devices are called lo and to-NEIGHBOUR; '%s' "
			       "is no name for another",
			       iface->name);
	if (iface->owner[0] && iface->mode != TOPO_IFACE_TAP)
		return err_set(err, EINVAL, "owner: only a TAP device has one (mode: tap)");
	return 0;
}

bool topo_iface_same(const struct topo_iface *x, const struct topo_iface *y)
{
	return x->mode == y->mode && strcmp(x->host, y->host) == 0 &&
	       strcmp(x->name, y->name) == 0 && strcmp(x->owner, y->owner) == 0;
}

static bool has_address(const struct topo_iface *iface, const struct prefix *address)
{
	for (size_t i = 0; i < iface->address_count; i++)
		if (prefix_equal(&iface->address[i], address))
			return true;
	return false;
}

bool topo_iface_equal(const struct topo_iface *x, const struct topo_iface *y)
{
	if (!topo_iface_same(x, y) || x->force != y->force || x->address_count != y->address_count)
		return false;
	for (size_t i = 0; i < x->address_count; i++)
		if (!has_address(y, &x->address[i]))
			return false;
	return true;
}

const char *topo_iface_clash(const struct topo_iface *x, const struct topo_iface *y,
			     bool same_router)
{
	bool same_host = strcmp(x->host, y->host) == 0;

	if (same_router && strcmp(x->name, y->name) == 0)
		return "name";
	/* A bridge may have many cables, a device many macvlans; what is moved is not there. */
	if (same_host &&
	    (x->mode != y->mode || x->mode == TOPO_IFACE_MOVE || x->mode == TOPO_IFACE_TAP))
		return "host";
	return NULL;
}
