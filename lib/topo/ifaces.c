// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists of attached interfaces: shared, and never changed once they are made. References are
 * counted by the loop's thread only. See iface.h.
 */
#include "lib/topo/iface.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct topo_ifaces *topo_ifaces_ref(struct topo_ifaces *ifaces)
{
	if (ifaces)
		ifaces->refs++;
	return ifaces;
}

void topo_ifaces_unref(struct topo_ifaces *ifaces)
{
	if (ifaces && --ifaces->refs == 0)
		free(ifaces);
}

size_t topo_ifaces_count(const struct topo_ifaces *ifaces)
{
	return ifaces ? ifaces->count : 0;
}

const struct topo_iface *topo_ifaces_find(const struct topo_ifaces *ifaces, const char *name)
{
	for (size_t i = 0; i < topo_ifaces_count(ifaces); i++)
		if (strcmp(ifaces->list[i].name, name) == 0)
			return &ifaces->list[i];
	for (size_t i = 0; i < topo_ifaces_count(ifaces); i++)
		if (strcmp(ifaces->list[i].host, name) == 0)
			return &ifaces->list[i];
	return NULL;
}

bool topo_ifaces_equal(const struct topo_ifaces *x, const struct topo_ifaces *y)
{
	if (x == y)
		return true;
	if (topo_ifaces_count(x) != topo_ifaces_count(y))
		return false;
	for (size_t i = 0; i < topo_ifaces_count(x); i++) {
		const struct topo_iface *other = topo_ifaces_find(y, x->list[i].name);

		if (!other || !topo_iface_equal(&x->list[i], other))
			return false;
	}
	return true;
}

/* NULL: out of memory. */
static struct topo_ifaces *make(size_t count)
{
	struct topo_ifaces *ifaces = calloc(1, sizeof(*ifaces) + count * sizeof(ifaces->list[0]));

	if (ifaces)
		ifaces->refs = 1;
	return ifaces;
}

int topo_ifaces_with(const struct topo_ifaces *ifaces, const struct topo_iface *iface,
		     struct topo_ifaces **ret)
{
	size_t count = topo_ifaces_count(ifaces);
	struct topo_ifaces *more = make(count + 1);

	if (!more)
		return -ENOMEM;
	if (count)
		memcpy(more->list, ifaces->list, count * sizeof(more->list[0]));
	more->list[count] = *iface;
	more->count = count + 1;
	*ret = more;
	return 0;
}

int topo_ifaces_without(const struct topo_ifaces *ifaces, const struct topo_iface *iface,
			struct topo_ifaces **ret)
{
	size_t count = topo_ifaces_count(ifaces);
	struct topo_ifaces *fewer = NULL;

	if (count > 1) {
		fewer = make(count);
		if (!fewer)
			return -ENOMEM;
	}
	for (size_t i = 0; fewer && i < count; i++)
		if (&ifaces->list[i] != iface)
			fewer->list[fewer->count++] = ifaces->list[i];
	*ret = fewer;
	return 0;
}

char *topo_ifaces_text(const struct topo_ifaces *ifaces)
{
	char value[TOPO_IFACE_VALUE_SIZE], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *key;

	if (!out)
		return NULL;
	for (size_t i = 0; i < topo_ifaces_count(ifaces); i++) {
		if (i)
			fputs("; ", out);
		for (size_t k = 0; topo_iface_format(&ifaces->list[i], k, &key, value) == 0; k++)
			fprintf(out, "%s%s=%s", k ? " " : "", key, value);
	}
	if (ferror(out) + fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* "host=eth1 mode=move ..." up to its end. */
static int parse_one(char *text, struct topo_iface *iface, struct err *err)
{
	char *save = NULL;

	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');
		int r;

		if (!value)
			return err_set(err, EINVAL, "'%.40s' is not KEY=VALUE", word);
		*value++ = '\0';
		r = topo_iface_parse(iface, word, value, err);
		if (r < 0)
			return r;
	}
	return topo_iface_complete(iface, err);
}

int topo_ifaces_parse(const char *text, struct topo_ifaces **ret, struct err *err)
{
	struct topo_ifaces *list = NULL, *more;
	char *copy = strdup(text), *save = NULL;
	int r = copy ? 0 : err_errno(err, ENOMEM, "interfaces");
	size_t i = 0;

	for (char *one = copy ? strtok_r(copy, ";", &save) : NULL; r == 0 && one;
	     one = strtok_r(NULL, ";", &save), i++) {
		struct topo_iface iface = {0};

		r = parse_one(one, &iface, err);
		if (r < 0) {
			err_wrap(err, "interfaces[%zu]", i);
			break;
		}
		r = topo_ifaces_with(list, &iface, &more);
		if (r < 0) {
			err_errno(err, r, "interfaces");
			break;
		}
		topo_ifaces_unref(list);
		list = more;
	}
	free(copy);
	if (r == 0)
		r = topo_ifaces_check(list, err);
	if (r < 0) {
		topo_ifaces_unref(list);
		return r;
	}
	*ret = list;
	return 0;
}

int topo_ifaces_check(const struct topo_ifaces *ifaces, struct err *err)
{
	size_t count = topo_ifaces_count(ifaces);

	if (count > TOPO_IFACES_MAX)
		return err_set(err, EINVAL, "interfaces: %zu are more than %d of one router", count,
			       TOPO_IFACES_MAX);
	for (size_t i = 1; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct topo_iface *x = &ifaces->list[k], *y = &ifaces->list[i];
			const char *what = topo_iface_clash(x, y, true);

			if (what)
				return err_set(err, EINVAL,
					       "interfaces[%zu].%s: %s is interfaces[%zu]'s too", i,
					       what, what[0] == 'n' ? y->name : y->host, k);
		}
	}
	return 0;
}
