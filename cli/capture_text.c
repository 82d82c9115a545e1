// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Captured frames as lines for people, in the manner of tcpdump(1): what protocols the fast path
 * and router processes speak. Whatever is in a frame, what is printed is printable. Called by
 * capture.c.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <string.h>
#include <time.h>

#include "cli/capture.h"
#include "include/shared/vdp.h"
#include "lib/base/clock.h"
#include "lib/base/name.h"

#define FRAGMENT_MORE 0x2000
#define FRAGMENT_AT   0x1fff

/* Bytes that were captured, and how many there were. */
struct view {
	const uint8_t *at;
	size_t captured, length;
};

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) << 16 | get16(at + 2);
}

static struct view behind(const struct view *v, size_t n)
{
	struct view rest = {v->at + (n < v->captured ? n : v->captured),
			    n < v->captured ? v->captured - n : 0,
			    n < v->length ? v->length - n : 0};

	return rest;
}

static void print_tcp(FILE *out, const struct view *v)
{
	static const char letters[] = "FSRP.UEW"; /* FIN SYN RST PSH ACK URG ECE CWR */
	size_t header;

	if (v->captured < 20) {
		fprintf(out, "tcp, cut off");
		return;
	}
	header = (size_t)(v->at[12] >> 4) * 4;
	fprintf(out, "tcp [");
	for (int bit = 0; bit < 8; bit++)
		if (v->at[13] & 1 << bit)
			fputc(letters[bit], out);
	fprintf(out, "] seq %u", get32(v->at + 4));
	if (v->at[13] & 0x10)
		fprintf(out, " ack %u", get32(v->at + 8));
	fprintf(out, " win %u", get16(v->at + 14));
	if (header < 20 || header > v->length)
		fprintf(out, ", header of %zu bytes", header);
	else
		fprintf(out, " length %zu", v->length - header);
}

static void print_icmp(FILE *out, const struct view *v)
{
	if (v->captured < 8) {
		fprintf(out, "icmp, cut off");
		return;
	}
	if (v->at[0] == 8 || v->at[0] == 0)
		fprintf(out, "icmp echo %s, id %u, seq %u", v->at[0] ? "request" : "reply",
			get16(v->at + 4), get16(v->at + 6));
	else if (v->at[0] == 3)
		fprintf(out, "icmp unreachable, code %u", v->at[1]);
	else if (v->at[0] == 11)
		fprintf(out, "icmp time exceeded");
	else
		fprintf(out, "icmp type %u code %u", v->at[0], v->at[1]);
	fprintf(out, ", length %zu", v->length);
}

static void print_routes(FILE *out, const struct view *v)
{
	struct view block = behind(v, 40);
	unsigned updates = 0, requests = 0;

	if (v->captured < 40) {
		fprintf(out, "routes, cut off");
		return;
	}
	for (; block.captured >= 4 && get16(block.at + 2) % 12 == 0;) {
		unsigned n = get16(block.at + 2) / 12;

		*(block.at[0] == 1 ? &updates : &requests) += n;
		block = behind(&block, 4 + 12 * (size_t)n);
	}
	fprintf(out, "routes seq %u ack %u", get32(v->at + 24), get32(v->at + 28));
	if (updates)
		fprintf(out, ", %u update%s", updates, updates > 1 ? "s" : "");
	if (requests)
		fprintf(out, ", %u request%s", requests, requests > 1 ? "s" : "");
}

static void print_control(FILE *out, const struct view *v)
{
	struct view payload = behind(v, sizeof(struct vdp_udp));
	unsigned kind;

	if (v->captured < sizeof(struct vdp_udp)) {
		fprintf(out, "control, cut off");
		return;
	}
	kind = get16(v->at);
	if (kind == VDP_CTL_ROUTES)
		print_routes(out, &payload);
	else if ((kind == VDP_CTL_HELLO || kind == VDP_CTL_GREET) && payload.captured >= 8)
		fprintf(out, "%s epoch 0x%08x%s", kind == VDP_CTL_HELLO ? "hello" : "greet",
			get32(payload.at), get32(payload.at + 4) & 1 ? ", heard" : "");
	else
		fprintf(out, "control kind %u", kind);
}

static void print_transport(FILE *out, uint8_t protocol, const struct view *v)
{
	switch (protocol) {
	case VDP_PROTO_UDP:
		fprintf(out, "udp %zu", v->length >= 8 ? v->length - 8 : 0);
		break;
	case VDP_PROTO_TCP:
		print_tcp(out, v);
		break;
	case VDP_PROTO_ICMP:
		print_icmp(out, v);
		break;
	case VDP_PROTO_CONTROL:
		print_control(out, v);
		break;
	default:
		fprintf(out, "proto %u, length %zu", protocol, v->length);
		break;
	}
}

static void print_datagram(FILE *out, const struct view *v)
{
	const uint8_t *h = v->at;
	char src[ADDR_TEXT_SIZE], dst[ADDR_TEXT_SIZE];
	unsigned flags = h[0] & 0xf, word = get16(h + 18);
	struct view rest = behind(v, VDP_NET_HLEN + (flags & VDP_FLAG_OPTIONS ? VDP_META_LEN : 0));
	bool later = flags & VDP_FLAG_FRAGMENT && word & FRAGMENT_AT;
	bool ports = !later && rest.captured >= 4 &&
		     (h[2] == VDP_PROTO_UDP || h[2] == VDP_PROTO_TCP);

	addr_format(get32(h + 4), src);
	addr_format(get32(h + 8), dst);
	if (ports)
		fprintf(out, "%s.%u > %s.%u: ", src, get16(rest.at), dst, get16(rest.at + 2));
	else
		fprintf(out, "%s > %s: ", src, dst);
	if (later)
		fprintf(out, "proto %u, length %zu", h[2], rest.length);
	else
		print_transport(out, h[2], &rest);
	fprintf(out, ", ttl %u", h[1]);
	if (h[3])
		fprintf(out, ", class 0x%02x", h[3]);
	if (h[2] != VDP_PROTO_CONTROL)
		fprintf(out, ", flow 0x%08x", get32(h + 12));
	if (flags & VDP_FLAG_FRAGMENT)
		fprintf(out, ", fragment id %u at %u%s", get16(h + 16), (word & FRAGMENT_AT) * 8,
			word & FRAGMENT_MORE ? "+" : "");
}

void capture_text_frame(FILE *out, const uint8_t *data, size_t captured, size_t length)
{
	struct view frame = {data, captured, length};
	struct view v = behind(&frame, ETH_HLEN);

	if (captured < ETH_HLEN)
		fprintf(out, "%zu bytes", length);
	else if (get16(data + 12) != VDP_ETHERTYPE)
		fprintf(out, "ethertype 0x%04x, length %zu", get16(data + 12), length);
	else if (v.captured < VDP_NET_HLEN)
		fprintf(out, "vdp of %zu bytes, cut off", v.length);
	else if (v.at[0] >> 4 != VDP_VERSION)
		fprintf(out, "vdp version %u, length %zu", v.at[0] >> 4, v.length);
	else
		print_datagram(out, &v);
}

void capture_text_print(FILE *out, uint64_t time_ns, const struct capture_port *port,
			const struct vlsp_tap_frame *frame)
{
	static const char *const ways[] = {
		[VLSP_TAP_IS_RX] = "In  ", [VLSP_TAP_IS_TX] = "Out ", [VLSP_TAP_IS_DROP] = "Drop"};
	time_t seconds = (time_t)(time_ns / NSEC_PER_SEC);
	char comment[CAPTURE_SHAPE_SIZE + 100];
	struct tm tm;

	localtime_r(&seconds, &tm);
	fprintf(out, "%02d:%02d:%02d.%06u %s %s ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		(unsigned)(time_ns % NSEC_PER_SEC / 1000), port->name, ways[frame->what]);
	capture_text_frame(out, frame->data, frame->captured, frame->length);
	capture_comment(port, frame, comment, sizeof(comment));
	if (frame->what == VLSP_TAP_IS_DROP || strstr(comment, "corrupted") ||
	    strstr(comment, "duplicated"))
		fprintf(out, " [%s]", comment);
	fputc('\n', out);
}
