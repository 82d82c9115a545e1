/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and addresses as people write them: the one place that says what is valid. */
#ifndef VLSP_LIB_BASE_NAME_H
#define VLSP_LIB_BASE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define NAME_MAX_LEN   63 /* of a router, a topology, a link that was named by a person */
#define NAME_SIZE      (NAME_MAX_LEN + 1)
#define LINK_NAME_SIZE 144 /* "A-B.n" of two longest names */
#define ADDR_TEXT_SIZE 16

/* 1 to 63 of A-Z a-z 0-9 . _ - and not "." or "..": usable as a file name; nor a word that stands
 * in REST paths where a name does ("count", "maxid"). field names the place for the message, e.g.
 * "routers[3].name". 0 or -EINVAL. */
int name_check(const char *name, const char *field, struct err *err);

/* A few names out of many, for messages: "a, b, c, ..."; zeroed at first. */
#define NAME_LIST_MAX 3
struct name_list {
	char text[240];
	unsigned count; /* of all that were added */
	bool cut;
};
void name_list_add(struct name_list *list, const char *name);

/* Dotted quad to host byte order; strict (no octal, no short forms). 0 or -EINVAL. */
int addr_parse(const char *text, uint32_t *ret_addr);
/* Host byte order to dotted quad; returns buf. */
const char *addr_format(uint32_t addr, char buf[ADDR_TEXT_SIZE]);

/* "10.0.0.0/16" to network (host byte order, host bits must be 0) and prefix length 16..30. */
int prefix_parse(const char *text, uint32_t *ret_network, unsigned *ret_len, struct err *err);

static inline uint32_t prefix_mask(unsigned len)
{
	return len ? ~(uint32_t)0 << (32 - len) : 0;
}

/* The word for an instance, from its runtime directory: "default" for /run/vlsp, otherwise the
 * directory's last component and 8 hex digits of a hash of its path. At most 40 characters. */
void instance_name(const char *runtime_dir, char *buf, size_t size);

#endif
