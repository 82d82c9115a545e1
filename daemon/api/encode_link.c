// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links in JSON. The field "weight" of a link is written here, once (put_weight), whatever answer
 * it is part of. Field names are the original's where it had them (linkID, linkName, nodes).
 */
#include <string.h>

#include "bpf/loader/loader.h"
#include "daemon/api/encode.h"
#include "include/shared/maps.h"

static const char *admin_name(enum model_admin admin)
{
	switch (admin) {
	case MODEL_UP:
		return "up";
	case MODEL_DOWN:
		return "down";
	case MODEL_SILENT:
		return "silent";
	}
	return "unknown";
}

static void put_weight(json_t *json, const struct model_link *link)
{
	json_object_set_new(json, "weight", json_integer(link->weight));
}

static json_t *encode_shape(const struct topo_shape *shape)
{
	json_t *json = json_object();
	const char *key;
	char value[48];

	for (size_t i = 0; json && topo_shape_format(shape, i, &key, value) == 0; i++)
		json_object_set_new(json, key, json_string(value));
	return json;
}

static json_t *encode_backends(const struct api *api, const struct model_link *link)
{
	char ab[HOST_BACKENDS_SIZE], ba[HOST_BACKENDS_SIZE];

	ctl_backends(api->ctl, &link->shape[0], ab);
	ctl_backends(api->ctl, &link->shape[1], ba);
	return json_pack("{s:s,s:s}", "a-to-b", ab, "b-to-a", ba);
}

json_t *api_encode_link(const struct api *api, const struct model_link *link)
{
	const struct model_end *a = &link->end[0], *b = &link->end[1];
	json_t *json;

	json = json_pack("{s:I,s:I,s:s,s:s,s:[I,I],s:I,s:s,s:[b,b],s:[I,I],s:[s,s],s:[s,s]}", "id",
			 (json_int_t)link->id, "linkID", (json_int_t)link->id, "name", link->name,
			 "linkName", link->name, "nodes", (json_int_t)a->router->id,
			 (json_int_t)b->router->id, "time", (json_int_t)link->created_ms, "state",
			 admin_name(link->admin), "oper", a->oper_up, b->oper_up, "ports",
			 (json_int_t)a->port, (json_int_t)b->port, "devices", a->ifname, b->ifname,
			 "names", a->router->name, b->router->name);
	if (!json)
		return NULL;
	put_weight(json, link);
	json_object_set_new(json, "shape",
			    json_pack("{s:o,s:o}", "a-to-b", encode_shape(&link->shape[0]),
				      "b-to-a", encode_shape(&link->shape[1])));
	json_object_set_new(json, "backends", encode_backends(api, link));
	if (link->label)
		json_object_set_new(json, "label", json_string(link->label));
	return json;
}

json_t *api_encode_link_made(const struct model_link *link)
{
	json_t *json = json_pack("{s:I,s:s,s:I,s:I}", "linkID", (json_int_t)link->id, "linkName",
				 link->name, "router1", (json_int_t)link->end[0].router->id,
				 "router2", (json_int_t)link->end[1].router->id);

	if (json)
		put_weight(json, link);
	return json;
}

json_t *api_encode_link_end(const struct model_end *end)
{
	const struct model_link *link = end->link;
	json_t *json = json_pack("{s:I,s:s,s:I,s:s,s:[I,I]}", "id", (json_int_t)link->id, "name",
				 link->name, "port", (json_int_t)end->port, "device", end->ifname,
				 "ends", (json_int_t)link->end[0].router->id,
				 (json_int_t)link->end[1].router->id);

	if (json)
		put_weight(json, link);
	return json;
}

json_t *api_encode_link_attr(const struct model_end *end, const char *attr)
{
	json_t *record, *value;

	if (strcmp(attr, "connected") == 0)
		return json_integer(api_other_end(end)->router->id);
	record = api_encode_link_end(end);
	value = json_incref(json_object_get(record, attr));
	json_decref(record);
	return value;
}

json_t *api_encode_counts(const struct host_counts *counts)
{
	json_t *drops = json_object();

	for (unsigned i = 0; drops && i < VLSP_DROP_CAUSES; i++)
		json_object_set_new(drops, bld_drop_name(i),
				    json_integer((json_int_t)counts->drop[i]));
	return json_pack("{s:I,s:I,s:I,s:I,s:o}", "rx_packets", (json_int_t)counts->rx_packets,
			 "rx_bytes", (json_int_t)counts->rx_bytes, "tx_packets",
			 (json_int_t)counts->tx_packets, "tx_bytes", (json_int_t)counts->tx_bytes,
			 "drops", drops);
}

json_t *api_encode_line(const struct host_line *line)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "duplicated",
			 (json_int_t)line->duplicated, "corrupted", (json_int_t)line->corrupted,
			 "reordered", (json_int_t)line->reordered, "late", (json_int_t)line->late,
			 "lateMaxUs", (json_int_t)(line->late_max_ns / 1000), "queue",
			 (json_int_t)line->queue, "queueMax", (json_int_t)line->queue_max, "held",
			 (json_int_t)line->held);
}
