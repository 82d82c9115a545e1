// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attached interfaces of a document: within each router, against the virtual network, and that no
 * two routers want the same device. Called by topo_doc_check().
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/doc_priv.h"

struct wanted {
	const struct topo_iface *iface;
	size_t router, at; /* in which order they stand */
};

int topo_iface_check_network(const struct topo_iface *iface, uint32_t network, unsigned prefix_len,
			     struct err *err)
{
	struct prefix virtual = {.version = 4, .length = (uint8_t)prefix_len};
	uint32_t bytes = htonl(network);
	char text[PREFIX_TEXT_SIZE], net[PREFIX_TEXT_SIZE];

	memcpy(virtual.bytes, &bytes, sizeof(bytes));
	for (size_t i = 0; i < iface->address_count; i++)
		if (prefix_overlap(&iface->address[i], &virtual))
			return err_set(err, EINVAL,
				       "address: %s lies in the routers' own network, %s",
				       prefix_text_format(&iface->address[i], text),
				       prefix_text_format(&virtual, net));
	return 0;
}

static int check_router(const struct topo_doc *doc, size_t router, struct err *err)
{
	const struct topo_ifaces *ifaces = doc->routers[router].interfaces;
	int r = topo_ifaces_check(ifaces, err);

	for (size_t i = 0; r == 0 && i < topo_ifaces_count(ifaces); i++) {
		struct err why;

		r = topo_iface_check_network(&ifaces->list[i], doc->network, doc->prefix_len, &why);
		if (r < 0)
			err_set(err, EINVAL, "interfaces[%zu].%s", i, why.text);
	}
	return r;
}

/* Those of one device of the host are neighbours then, as they stand in the document. */
static int compare(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	int order = strcmp(x->iface->host, y->iface->host);

	if (order)
		return order;
	if (x->router != y->router)
		return x->router < y->router ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int check_hosts(const struct topo_doc *doc, struct wanted *list, size_t count,
		       size_t *ret_router, struct err *err)
{
	qsort(list, count, sizeof(*list), compare);
	for (size_t i = 1; i < count; i++) {
		const struct wanted *x = &list[i - 1], *y = &list[i];

		if (!topo_iface_clash(x->iface, y->iface, false))
			continue;
		*ret_router = y->router;
		return err_set(err, EINVAL,
			       "interfaces[%zu].host: %s is attached to routers[%zu] (%s) already",
			       y->at, y->iface->host, x->router, doc->routers[x->router].name);
	}
	return 0;
}

int topo_check_interfaces(const struct topo_doc *doc, size_t *ret_router, struct err *err)
{
	struct wanted *list;
	size_t count = 0;
	int r;

	for (size_t i = 0; i < doc->router_count; i++) {
		r = check_router(doc, i, err);
		if (r < 0) {
			*ret_router = i;
			return r;
		}
		count += topo_ifaces_count(doc->routers[i].interfaces);
	}
	if (count == 0)
		return 0;
	list = calloc(count, sizeof(*list));
	if (!list)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < doc->router_count; i++)
		for (size_t k = 0; k < topo_ifaces_count(doc->routers[i].interfaces); k++)
			list[count++] = (struct wanted){&doc->routers[i].interfaces->list[k], i, k};
	r = check_hosts(doc, list, count, ret_router, err);
	free(list);
	return r;
}
