// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is a valid name or address. Used by the topology reader, the API and the command line. */
#include "lib/base/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool name_char_ok(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

int name_check(const char *name, const char *field, struct err *err)
{
	size_t n = strnlen(name, NAME_MAX_LEN + 1);

	if (n == 0)
		return err_set(err, EINVAL, "%s: is empty", field);
	if (n > NAME_MAX_LEN)
		return err_set(err, EINVAL, "%s: longer than %d characters", field, NAME_MAX_LEN);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (!name_char_ok(name[i]))
			return err_set(err, EINVAL,
				       c > ' ' && c < 0x7f
					       ? "%s: character '%c' at position %zu (allowed: "
						 "A-Z a-z 0-9 . _ -)"
					       : "%s: character 0x%02x at position %zu (allowed: "
						 "A-Z a-z 0-9 . _ -)",
				       field, c, i + 1);
	}
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(err, EINVAL, "%s: '%s' is not a name", field, name);
	if (strcmp(name, "count") == 0 || strcmp(name, "maxid") == 0)
		return err_set(err, EINVAL, "%s: '%s' is a word of the REST paths", field, name);
	return 0;
}

void name_list_add(struct name_list *list, const char *name)
{
	static const char more[] = ", ...";
	size_t used = strlen(list->text);

	list->count++;
	if (list->cut)
		return;
	list->cut = list->count > NAME_LIST_MAX ||
		    used + strlen(", ") + strlen(name) + sizeof(more) > sizeof(list->text);
	if (list->cut)
		snprintf(list->text + used, sizeof(list->text) - used, "%s",
			 used ? more : more + strlen(", "));
	else
		snprintf(list->text + used, sizeof(list->text) - used, "%s%s", used ? ", " : "",
			 name);
}

int addr_parse(const char *text, uint32_t *ret_addr)
{
	uint32_t addr = 0;
	const char *p = text;

	for (int part = 0; part < 4; part++) {
		unsigned value = 0;
		int digits = 0;

		while (*p >= '0' && *p <= '9' && digits < 4) {
			value = value * 10 + (unsigned)(*p++ - '0');
			digits++;
		}
		if (digits == 0 || digits > 3 || value > 255 || (digits > 1 && p[-digits] == '0'))
			return -EINVAL;
		addr = addr << 8 | value;
		if (*p != (part < 3 ? '.' : '\0'))
			return -EINVAL;
		p++;
	}
	*ret_addr = addr;
	return 0;
}

const char *addr_format(uint32_t addr, char buf[ADDR_TEXT_SIZE])
{
	snprintf(buf, ADDR_TEXT_SIZE, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255,
		 addr & 255);
	return buf;
}

int prefix_parse(const char *text, uint32_t *ret_network, unsigned *ret_len, struct err *err)
{
	const char *slash = strchr(text, '/');
	char quad[ADDR_TEXT_SIZE] = "";
	uint32_t network;
	unsigned long len;
	char *end;

	if (!slash || (size_t)(slash - text) >= sizeof(quad) || slash[1] < '0' || slash[1] > '9')
		return err_set(err, EINVAL,
			       "network: '%.40s' is not an address and prefix length "
			       "like 10.0.0.0/16",
			       text);
	memcpy(quad, text, (size_t)(slash - text));
	len = strtoul(slash + 1, &end, 10);
	if (addr_parse(quad, &network) < 0 || *end)
		return err_set(err, EINVAL,
			       "network: '%.40s' is not an address and prefix length "
			       "like 10.0.0.0/16",
			       text);
	if (len < 16 || len > 30)
		return err_set(err, EINVAL, "network: prefix length %lu is not within 16 to 30",
			       len);
	if (network & ~prefix_mask((unsigned)len))
		return err_set(err, EINVAL, "network: %s has bits set behind its prefix length",
			       text);
	if (network >> 24 == 0 || network >> 24 == 127 || network >> 28 >= 0xe)
		return err_set(err, EINVAL,
			       "network: %s is not usable (loopback, multicast or "
			       "reserved)",
			       text);
	*ret_network = network;
	*ret_len = (unsigned)len;
	return 0;
}

void instance_name(const char *runtime_dir, char *buf, size_t size)
{
	const char *base = strrchr(runtime_dir, '/');
	uint32_t hash = 2166136261u; /* FNV-1a */
	char word[24];
	size_t n = 0;

	if (strcmp(runtime_dir, "/run/vlsp") == 0) {
		snprintf(buf, size, "default");
		return;
	}
	for (const char *p = runtime_dir; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	for (base = base ? base + 1 : runtime_dir; *base && n < sizeof(word) - 1; base++)
		word[n++] = name_char_ok(*base) && *base != '.' ? *base : '_';
	word[n] = '\0';
	snprintf(buf, size, "%s-%08x", n ? word : "vlsp", hash);
}
