// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: network functions. Datagrams come by a BPF ring buffer that the fast path fills, and
 * go on by a packet socket on lo that it looks at (struct vlsp_resume). Called by applications.
 *
 * A datagram is copied once, from the ring into a frame, and is sent from there: frames have room
 * for the kernel's header of PACKET_VNET_HDR and for Ethernet's in front. What is passed waits in
 * frames until a batch is full, or the ring is empty.
 */
#include "include/vlsp/vlsp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "include/shared/function.h"
#include "lib/base/bpfring.h"
#include "lib/base/checksum.h"
#include "lib/base/clock.h"
#include "lib/client/app_link.h"

#define BATCH	   64
#define FRAMES	   (BATCH + 1) /* one is in the program's hands */
#define SEND_MS	   100	       /* the kernel may take nothing for so long */
#define LO	   1
#define GAP_MAX_NS 50000 /* between datagrams: above it nobody lingers */
#define LINGER_NS  100000

struct frame { /* a multiple of 8 bytes, so that data is aligned */
	uint8_t blank[8 - (sizeof(struct virtio_net_hdr) + ETH_HLEN) % 8];
	struct virtio_net_hdr vnet;
	struct vlsp_resume resume;
	uint8_t data[(VDP_MTU + 7) & ~7];
};

struct vlsp_intercept {
	struct bpfring *ring;
	int ring_fd, sock;
	uint32_t function, slot, edge; /* numbers: its own, of the router, of the router's edge */
	uint32_t queue;		       /* bytes */
	struct sockaddr_ll to;
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct frame *frames;	     /* FRAMES */
	struct frame *spare[FRAMES]; /* spare_count of them */
	struct frame *given;	     /* in the program's hands; NULL: none */
	size_t given_size;	     /* as it came */
	uint64_t arrived_ns, gap_ns; /* the last one; time between them, on average */
	unsigned spare_count, waiting;
};

static int failed(int error)
{
	errno = error;
	return -1;
}

/* --- opening --------------------------------------------------------------------------------- */

static int say(char text[256], int error, const char *what)
{
	if (text)
		snprintf(text, 256, "%s", what);
	return failed(error);
}

/* "KEY=NUMBER" in a line of its own. */
static bool number_of(const char *answer, const char *key, uint32_t *ret)
{
	size_t n = strlen(key);

	for (const char *line = answer; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n) == 0 && line[n] == '=') {
			*ret = (uint32_t)strtoul(line + n + 1, NULL, 10);
			return true;
		}
	}
	return false;
}

/* What the daemon says: "error=ERRNO\nTEXT" or "function=N\nslot=N\nedge=N\nqueue=BYTES" with
 * ring and socket. */
static int take_answer(struct vlsp_intercept *intercept, const struct app_link_answer *answer,
		       char text[256])
{
	const char *what = strchr(answer->text, '\n');
	uint32_t error;

	if (answer->fd_count == 2) {
		intercept->ring_fd = answer->fds[0];
		intercept->sock = answer->fds[1];
	} else if (answer->fd_count == 1) {
		close(answer->fds[0]);
	}
	if (number_of(answer->text, "error", &error))
		return say(text, error ? (int)error : EPROTO, what ? what + 1 : "refused");
	if (intercept->sock < 0 || !number_of(answer->text, "function", &intercept->function) ||
	    !number_of(answer->text, "slot", &intercept->slot) ||
	    !number_of(answer->text, "edge", &intercept->edge) ||
	    !number_of(answer->text, "queue", &intercept->queue))
		return say(text, EPROTO, "the daemon's answer is not one of this version's");
	return 0;
}

static int ask(struct vlsp_intercept *intercept, const struct vlsp_intercept_spec *spec,
	       char text[256])
{
	const char *match = spec->match ? spec->match : "";
	struct app_link_answer *answer;
	char question[512];
	int n, r;

	if (strchr(match, '\n'))
		return say(text, EINVAL, "match: has more than one line");
	n = snprintf(question, sizeof(question), "open\nmatch=%s\norder=%u\nqueue=%zu\npolicy=%s",
		     match, spec->order, spec->queue, spec->closed ? "closed" : "open");
	if (n < 0 || (size_t)n >= sizeof(question))
		return say(text, EINVAL, "match: has more than 255 characters");
	answer = malloc(sizeof(*answer));
	if (!answer)
		return say(text, ENOMEM, "no memory");
	r = app_link_ask(question, APP_LINK_ASK_MS, answer);
	if (r == -ENOTCONN)
		r = say(text, ENOTCONN, "this program was not started by vlsp app start");
	else if (r < 0)
		r = say(text, -r, "the daemon does not answer");
	else
		r = take_answer(intercept, answer, text);
	free(answer);
	return r;
}

static void prepare(struct vlsp_intercept *intercept)
{
	intercept->to = (struct sockaddr_ll){.sll_family = AF_PACKET,
					     .sll_protocol = htons(VDP_ETHERTYPE),
					     .sll_ifindex = LO,
					     .sll_halen = ETH_ALEN};
	for (unsigned i = 0; i < FRAMES; i++)
		intercept->spare[i] = &intercept->frames[i];
	intercept->spare_count = FRAMES;
	for (unsigned i = 0; i < BATCH; i++)
		intercept->msgs[i].msg_hdr = (struct msghdr){.msg_name = &intercept->to,
							     .msg_namelen = sizeof(intercept->to),
							     .msg_iov = &intercept->iov[i],
							     .msg_iovlen = 1};
}

static void intercept_free(struct vlsp_intercept *intercept)
{
	bpfring_close(intercept->ring);
	if (intercept->ring_fd >= 0)
		close(intercept->ring_fd);
	if (intercept->sock >= 0)
		close(intercept->sock);
	free(intercept->frames);
	free(intercept);
}

/* The daemon takes the function out of the router's chain. */
static int give_up(const struct vlsp_intercept *intercept)
{
	struct app_link_answer *answer = malloc(sizeof(*answer));
	char question[64];
	int r;

	if (!answer)
		return -ENOMEM;
	snprintf(question, sizeof(question), "close\nfunction=%u", intercept->function);
	r = app_link_ask(question, APP_LINK_ASK_MS, answer);
	for (unsigned i = 0; r == 0 && i < answer->fd_count; i++)
		close(answer->fds[i]);
	free(answer);
	return r;
}

struct vlsp_intercept *vlsp_intercept_open(const struct vlsp_intercept_spec *spec, char text[256])
{
	struct vlsp_intercept *intercept = calloc(1, sizeof(*intercept));
	int r, error;

	if (intercept) {
		intercept->ring_fd = intercept->sock = -1;
		intercept->frames = aligned_alloc(8, FRAMES * sizeof(struct frame));
	}
	if (!intercept || !intercept->frames) {
		free(intercept);
		say(text, ENOMEM, "no memory");
		return NULL;
	}
	r = ask(intercept, spec, text);
	if (r == 0) {
		r = bpfring_open_sized(intercept->ring_fd, intercept->queue, &intercept->ring);
		if (r < 0) {
			(void)give_up(intercept); /* what is said is the first reason */
			say(text, -r, "the queue cannot be mapped");
		}
	}
	if (r < 0) {
		error = errno;
		intercept_free(intercept);
		errno = error;
		return NULL;
	}
	prepare(intercept);
	intercept->gap_ns = 2 * GAP_MAX_NS;
	return intercept;
}

int vlsp_intercept_fd(const struct vlsp_intercept *intercept)
{
	return intercept->ring_fd;
}

/* --- datagrams ------------------------------------------------------------------------------- */

/* A frame joins the batch, of which it is the last. */
static int enqueue(struct vlsp_intercept *intercept, struct frame *frame, size_t size)
{
	intercept->iov[intercept->waiting++] = (struct iovec){
		&frame->vnet, offsetof(struct frame, data) - offsetof(struct frame, vnet) + size};
	return intercept->waiting < BATCH ? 0 : vlsp_intercept_flush(intercept);
}

/* It goes back, too: the fast path counts drops, and shows them to captures. */
static int drop_given(struct vlsp_intercept *intercept)
{
	struct frame *frame = intercept->given;

	if (!frame)
		return 0;
	intercept->given = NULL;
	frame->resume.at = VLSP_RESUME_DROP;
	frame->vnet = (struct virtio_net_hdr){.gso_type = VIRTIO_NET_HDR_GSO_NONE};
	return enqueue(intercept, frame, intercept->given_size);
}

static void learn_gap(struct vlsp_intercept *intercept, uint64_t arrived_ns)
{
	uint64_t gap = arrived_ns - intercept->arrived_ns;

	if (gap >
	    2 * GAP_MAX_NS) /* also the first one's, and what another processor was late with */
		gap = 2 * GAP_MAX_NS;
	intercept->arrived_ns = arrived_ns;
	intercept->gap_ns = (7 * intercept->gap_ns + gap) / 8;
}

static bool copy(struct vlsp_intercept *intercept, const struct vlsp_fn_frame *from, uint32_t size,
		 struct vlsp_packet *ret_packet)
{
	struct frame *frame = intercept->spare[intercept->spare_count - 1];
	size_t length = from->length;

	if (size < sizeof(*from) || length > size - sizeof(*from) ||
	    length < ETH_HLEN + VDP_NET_HLEN || length > ETH_HLEN + VDP_MTU)
		return false;
	memcpy(&frame->resume, from->data, length);
	*ret_packet = (struct vlsp_packet){.data = frame->data,
					   .size = length - ETH_HLEN,
					   .room = VDP_MTU,
					   .arrived_ns = from->arrived_ns,
					   .port = from->flags & 1 ? 0 : from->port,
					   .place = from->place};
	intercept->spare_count--;
	intercept->given = frame;
	intercept->given_size = length - ETH_HLEN;
	learn_gap(intercept, from->arrived_ns);
	return true;
}

/*
 * To wait in the kernel makes the fast path wake this program, which costs it and us several
 * microseconds, and tens of them in a virtual machine. Where the next datagram is expected soon,
 * the ring is looked at for that long first; whoever else wants the processor gets it.
 */
static void linger(struct vlsp_intercept *intercept)
{
	uint64_t until;

	if (intercept->gap_ns > GAP_MAX_NS || !bpfring_empty(intercept->ring))
		return;
	until = clock_mono_ns() + LINGER_NS;
	while (bpfring_empty(intercept->ring)) {
		if (clock_mono_ns() > until) { /* it was wrong: not again so soon */
			intercept->gap_ns = 2 * GAP_MAX_NS;
			return;
		}
		sched_yield();
	}
}

int vlsp_intercept_next(struct vlsp_intercept *intercept, struct vlsp_packet *ret_packet)
{
	const struct vlsp_fn_frame *from;
	uint32_t size;
	bool good;

	if (drop_given(intercept) < 0)
		return -1;
	if (bpfring_empty(intercept->ring)) {
		if (vlsp_intercept_flush(intercept) < 0)
			return -1;
		linger(intercept);
	}
	from = bpfring_peek(intercept->ring, &size);
	if (!from)
		return vlsp_intercept_flush(intercept);
	good = copy(intercept, from, size, ret_packet);
	bpfring_next(intercept->ring);
	return good ? 1 : failed(EPROTO);
}

/* A frame whose data and resume are set, to go on. */
static int put(struct vlsp_intercept *intercept, struct frame *frame, size_t size)
{
	frame->vnet = (struct virtio_net_hdr){.gso_type = VIRTIO_NET_HDR_GSO_NONE};
	if (checksum_left(frame->data, size)) {
		size_t at = vdp_transport_at(frame->data[0]);

		frame->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		frame->vnet.csum_start = (uint16_t)(ETH_HLEN + at);
		frame->vnet.csum_offset = (uint16_t)(checksum_place(frame->data, size) - at);
	}
	return enqueue(intercept, frame, size);
}

int vlsp_intercept_pass(struct vlsp_intercept *intercept, const struct vlsp_packet *packet)
{
	struct frame *frame = intercept->given;

	if (!frame || packet->data != frame->data)
		return failed(EINVAL);
	if (packet->size < VDP_NET_HLEN || packet->data[0] >> 4 != VDP_VERSION)
		return failed(EINVAL);
	if (packet->size > VDP_MTU)
		return failed(EMSGSIZE);
	intercept->given = NULL;
	return put(intercept, frame, packet->size);
}

int vlsp_intercept_drop(struct vlsp_intercept *intercept, const struct vlsp_packet *packet)
{
	if (!intercept->given || packet->data != intercept->given->data)
		return failed(EINVAL);
	return drop_given(intercept);
}

int vlsp_intercept_send(struct vlsp_intercept *intercept, const void *data, size_t size)
{
	struct frame *frame;

	if (size > VDP_MTU)
		return failed(EMSGSIZE);
	if (size < VDP_NET_HLEN || *(const uint8_t *)data >> 4 != VDP_VERSION)
		return failed(EINVAL);
	frame = intercept->spare[--intercept->spare_count];
	memcpy(frame->data, data, size);
	frame->resume = (struct vlsp_resume){.magic = htons(VLSP_RESUME_MAGIC),
					     .at = VLSP_RESUME_END,
					     .port = htonl(intercept->edge),
					     .slot = htonl(intercept->slot),
					     .ethertype = htons(VDP_ETHERTYPE)};
	return put(intercept, frame, size);
}

static void all_are_spare(struct vlsp_intercept *intercept)
{
	intercept->spare_count = 0;
	for (unsigned i = 0; i < FRAMES; i++)
		if (&intercept->frames[i] != intercept->given)
			intercept->spare[intercept->spare_count++] = &intercept->frames[i];
	intercept->waiting = 0;
}

/*
 * Sends what it can of the batch from *sent on. The kernel's answer ENOBUFS is that the fast path
 * has dropped one, which has counted why: that is no error of whoever sends. EAGAIN: what was sent
 * before has not got away; if that lasts, the rest is lost.
 */
static int send_some(struct vlsp_intercept *intercept, unsigned *sent)
{
	struct pollfd room = {.fd = intercept->sock, .events = POLLOUT};
	int r = sendmmsg(intercept->sock, intercept->msgs + *sent, intercept->waiting - *sent,
			 MSG_DONTWAIT);

	if (r > 0) {
		*sent += (unsigned)r;
		return 0;
	}
	if (errno == EINTR)
		return 0;
	if (errno == EAGAIN) {
		r = poll(&room, 1, SEND_MS);
		if (r > 0 || (r < 0 && errno == EINTR))
			return 0;
		*sent = intercept->waiting;
		return -EAGAIN;
	}
	(*sent)++;
	return errno == ENOBUFS ? 0 : -errno;
}

int vlsp_intercept_flush(struct vlsp_intercept *intercept)
{
	unsigned sent = 0;
	int r, first = 0;

	if (!intercept->waiting)
		return 0;
	while (sent < intercept->waiting) {
		r = send_some(intercept, &sent);
		if (!first)
			first = r;
	}
	all_are_spare(intercept);
	return first ? failed(-first) : 0;
}

void vlsp_intercept_close(struct vlsp_intercept *intercept)
{
	if (!intercept)
		return;
	(void)drop_given(intercept);
	(void)vlsp_intercept_flush(intercept);
	/* Without a supervisor there is no daemon to tell; the policy applies then. */
	(void)give_up(intercept);
	intercept_free(intercept);
}
