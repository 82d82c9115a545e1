// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: addresses as text, and names of routers. Names come from the part of /etc/hosts that
 * whoever put this process onto the router has written (MARK_HOSTS), by a reader of its own:
 * getaddrinfo(3) would ask name servers that a router does not reach, and answer with hosts that
 * are no routers. Called by applications.
 */
#include "include/vlsp/vlsp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/mark.h"
#include "lib/base/name.h"

/* "10.0.0.2 paris" has that name: its address. */
static bool line_matches(char *line, const char *name, uint32_t *ret_host)
{
	char *rest, *address = strtok_r(line, " \t\n", &rest);
	const char *word = address ? strtok_r(NULL, " \t\n", &rest) : NULL;

	return word && strcmp(word, name) == 0 && addr_parse(address, ret_host) == 0;
}

static int hosts_find(const char *name, uint32_t *ret_host)
{
	cleanup_fclose FILE *file = fopen("/etc/hosts", "re");
	cleanup_free char *line = NULL;
	bool routers = false, found = false;
	uint32_t host;
	size_t room = 0;

	if (!file && errno != ENOENT)
		return -errno;
	while (file && getline(&line, &room, file) >= 0) {
		if (strcmp(line, MARK_HOSTS "\n") == 0) {
			/* a later part is of a router within this one: it counts alone */
			routers = true;
			found = false;
		} else if (routers && !found && line_matches(line, name, &host)) {
			found = true;
			*ret_host = host;
		}
	}
	if (file && ferror(file))
		return -EIO;
	return found ? 0 : -ENOENT;
}

int vlsp_resolve(const char *router, uint32_t *ret_host)
{
	struct vlsp_self self;
	uint32_t host = 0;
	int r;

	if (name_check(router, "router", NULL) < 0) {
		errno = EINVAL;
		return -1;
	}
	/* The own name is known also to a process that nobody gave a hosts file. */
	if (vlsp_self(&self) == 0 && strcmp(router, self.router) == 0) {
		*ret_host = self.host;
		return 0;
	}
	r = hosts_find(router, &host);
	if (r < 0) {
		errno = -r;
		return -1;
	}
	*ret_host = host;
	return 0;
}

/* "1" to "65535", without sign, space or leading zero. */
static bool port_parse(const char *text, uint16_t *ret_port)
{
	unsigned value = 0;

	if (*text == '0')
		return false;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || p - text > 4)
			return false;
		value = value * 10 + (unsigned)(*p - '0');
	}
	*ret_port = (uint16_t)value;
	return value >= 1 && value <= 65535;
}

int vlsp_address_parse(const char *text, struct vlsp_address *ret_address)
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	struct vlsp_address address = {0};
	char host[NAME_SIZE];

	if (n >= sizeof(host) || (n == 0 && !colon) ||
	    (colon && !port_parse(colon + 1, &address.port))) {
		errno = EINVAL;
		return -1;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	if (n > 0 && addr_parse(host, &address.host) < 0 && vlsp_resolve(host, &address.host) < 0)
		return -1;
	*ret_address = address;
	return 0;
}

char *vlsp_address_format(const struct vlsp_address *address, char text[VLSP_ADDRESS_TEXT])
{
	addr_format(address->host, text);
	if (address->port)
		snprintf(text + strlen(text), VLSP_ADDRESS_TEXT - strlen(text), ":%u",
			 address->port);
	return text;
}
