// SPDX-License-Identifier: GPL-2.0-or-later
/* The ports of a capture, and what is to be said of a frame there. Called by capture*.c. */
#include "cli/capture.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/loader/loader.h"
#include "include/shared/vdp.h"

#define NET_AT 14

void capture_clean(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

int capture_ports_set(struct capture_ports *ports, const struct capture_end *end)
{
	struct capture_port *port;

	if (end->port >= VLSP_PORT_MAX)
		return -EPROTO;
	port = capture_ports_find(ports, end->port);
	if (!port && ports->count == ports->room) {
		size_t room = 2 * ports->room + 8;
		struct capture_port *list = realloc(ports->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		ports->list = list;
		ports->room = room;
	}
	if (!port) {
		port = &ports->list[ports->count++];
		memset(port, 0, sizeof(*port));
		port->interface = UINT32_MAX;
		ports->by_port[end->port] = (uint32_t)ports->count;
	}
	port->end = *end;
	capture_clean(port->end.router, sizeof(port->end.router));
	capture_clean(port->end.device, sizeof(port->end.device));
	capture_clean(port->end.name, sizeof(port->end.name));
	capture_clean(port->end.peer, sizeof(port->end.peer));
	capture_clean(port->end.arrives, sizeof(port->end.arrives));
	capture_clean(port->end.leaves, sizeof(port->end.leaves));
	snprintf(port->name, sizeof(port->name), "%s:%s", port->end.router, port->end.device);
	return 0;
}

struct capture_port *capture_ports_find(struct capture_ports *ports, uint32_t port)
{
	uint32_t index = port < VLSP_PORT_MAX ? ports->by_port[port] : 0;

	return index ? &ports->list[index - 1] : NULL;
}

void capture_ports_done(struct capture_ports *ports)
{
	free(ports->list);
	ports->list = NULL;
	ports->count = ports->room = 0;
}

/* Others are seen as well: IPv4 that could not become VDP, and what else is sent into a link. */
static bool is_vdp(const struct vlsp_tap_frame *frame)
{
	return frame->captured > NET_AT && frame->data[NET_AT - 2] == VDP_ETHERTYPE >> 8 &&
	       frame->data[NET_AT - 1] == (VDP_ETHERTYPE & 0xff) &&
	       frame->data[NET_AT] >> 4 == VDP_VERSION;
}

static bool is_control(const struct vlsp_tap_frame *frame)
{
	return frame->captured > NET_AT + 2 && is_vdp(frame) &&
	       frame->data[NET_AT + 2] == VDP_PROTO_CONTROL;
}

bool capture_arrives(const struct vlsp_tap_frame *frame)
{
	if (frame->what != VLSP_TAP_IS_DROP)
		return frame->what == VLSP_TAP_IS_RX;
	switch (frame->cause) {
	case VLSP_DROP_LOSS:
	case VLSP_DROP_QUEUE:
	case VLSP_DROP_OVERRUN:
	case VLSP_DROP_TOO_BIG:
		return false;
	case VLSP_DROP_SILENT:
		/* Data do not get into a silent link; what processes say to each other is dropped
		 * at its other end. */
		return is_control(frame);
	default:
		return true;
	}
}

const char *capture_comment(const struct capture_port *port, const struct vlsp_tap_frame *frame,
			    char *buf, size_t size)
{
	const struct capture_end *end = &port->end;
	const char *shape = !end->link ? "" : capture_arrives(frame) ? end->arrives : end->leaves;
	bool drop = frame->what == VLSP_TAP_IS_DROP;
	bool corrupted = (is_vdp(frame) && frame->data[NET_AT] & VDP_FLAG_VERIFY) ||
			 frame->flags & VLSP_TAP_CORRUPT;
	bool duplicated = frame->flags & VLSP_TAP_DUPLICATED;

	if (!drop && !shape[0] && !corrupted && !duplicated) { /* most frames */
		buf[0] = '\0';
		return buf;
	}
	snprintf(buf, size, "%s%s%s%s%s%s%s", drop ? "dropped: " : "",
		 drop ? bld_drop_name(frame->cause) : "", drop && shape[0] ? " (" : "", shape,
		 drop && shape[0] ? ")" : "",
		 !corrupted	    ? ""
		 : drop || shape[0] ? ", corrupted"
				    : "corrupted",
		 !duplicated			 ? ""
		 : drop || shape[0] || corrupted ? ", duplicated"
						 : "duplicated");
	return buf;
}
