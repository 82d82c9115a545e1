// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libvlsp's side of a network function: a supervisor that is played by a thread, a ring that a
 * small program fills, and lo of a network namespace of the test's own, where what is passed is
 * read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "include/shared/function.h"
#include "include/shared/vdp.h"
#include "include/vlsp/vlsp.h"
#include "tests/bpf/feed.h"

#define SLOT 5
#define EDGE 40
#define FN   12

static int map = -1, feed = -1, supervisor = -1, heard = -1;
static char asked[4096];   /* the last question */
static const char *refuse; /* the next answer, instead of a function */

/* --- the supervisor -------------------------------------------------------------------------- */

static void answer(const char *text, bool give)
{
	int sock = give ? socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) : -1, on = 1;
	int fds[2] = {map, sock};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c = &control.align;

	if (give) {
		setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on));
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(c), fds, sizeof(fds));
	}
	(void)!sendmsg(supervisor, &msg, 0);
	if (give)
		close(sock);
}

static void *supervise(void *arg)
{
	char text[sizeof(asked)], said[256];
	unsigned n;

	(void)arg;
	for (;;) {
		ssize_t got = recv(supervisor, text, sizeof(text) - 1, 0);

		if (got <= 0)
			return NULL;
		text[got] = '\0';
		if (sscanf(text, "INTERCEPT=%u\n", &n) != 1)
			continue;
		strcpy(asked, strchr(text, '\n') + 1);
		if (refuse)
			snprintf(said, sizeof(said), "INTERCEPT=%u\n%s", n, refuse);
		else if (strncmp(asked, "open", 4) == 0)
			snprintf(said, sizeof(said),
				 "INTERCEPT=%u\nfunction=%d\nslot=%d\nedge=%d\nqueue=65536", n, FN,
				 SLOT, EDGE);
		else
			snprintf(said, sizeof(said), "INTERCEPT=%u\nok", n);
		answer(said, !refuse && strncmp(asked, "open", 4) == 0);
	}
}

/* --- lo -------------------------------------------------------------------------------------- */

static int listen_lo(void)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_ifindex = 1, .sll_protocol = htons(VDP_ETHERTYPE)};
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1;
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	assert_int_equal(ioctl(sock, SIOCSIFFLAGS, &up), 0);
	assert_int_equal(setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)), 0);
	assert_int_equal(bind(sock, (const struct sockaddr *)&at, sizeof(at)), 0);
	return sock;
}

struct heard {
	struct virtio_net_hdr vnet;
	struct vlsp_resume resume;
	uint8_t data[2048];
	size_t size; /* of data */
};

/* false: nothing came so long. */
static bool hear_within(struct heard *got, int ms)
{
	struct pollfd poller = {.fd = heard, .events = POLLIN};
	struct iovec iov[3] = {{&got->vnet, sizeof(got->vnet)},
			       {&got->resume, sizeof(got->resume)},
			       {got->data, sizeof(got->data)}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 3};
	ssize_t n;

	if (poll(&poller, 1, ms) == 0)
		return false;
	n = recvmsg(heard, &msg, 0);
	assert_true(n > 24);
	got->size = (size_t)n - sizeof(got->vnet) - sizeof(got->resume);
	return true;
}

static bool hear(struct heard *got)
{
	return hear_within(got, 20000);
}

static bool nothing_comes(struct heard *got)
{
	return !hear_within(got, 50);
}

/* --- datagrams ------------------------------------------------------------------------------- */

/* A record with a datagram whose payload is size bytes of mark; its checksum was left. */
static void feed_one(uint32_t port, bool edge, size_t size, uint8_t mark)
{
	uint8_t bytes[FRAME] = {0};
	struct vlsp_fn_frame *frame = (void *)bytes;
	struct vlsp_resume *resume = (void *)frame->data;
	struct vdp_hdr *vdp = (void *)(frame->data + ETH_HLEN);
	struct vdp_udp *udp = (void *)(vdp + 1);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = sizeof(bytes));

	frame->length = (uint32_t)(ETH_HLEN + VDP_HLEN + size);
	frame->arrived_ns = sizeof(*frame) + frame->length; /* what feed looks at */
	frame->port = port;
	frame->place = 2;
	frame->slot = SLOT;
	frame->flags = edge;
	*resume = (struct vlsp_resume){.magic = htons(VLSP_RESUME_MAGIC),
				       .at = 3,
				       .port = htonl(port),
				       .slot = htonl(SLOT),
				       .ethertype = htons(VDP_ETHERTYPE)};
	*vdp = (struct vdp_hdr){.version_flags = VDP_VERSION << 4,
				.ttl = 9,
				.protocol = VDP_PROTO_UDP,
				.src = htonl(0x0a000001),
				.dst = htonl(0x0a000003)};
	*udp = (struct vdp_udp){
		.sport = htons(1),
		.dport = htons(2),
		.length = htons((uint16_t)(8 + size)),
		/* 10.0.0.1, 10.0.0.3, 17, length, as in wire.md */
		.checksum = htons((uint16_t)(0x0a00 + 1 + 0x0a00 + 3 + 17 + 8 + size))};
	memset(udp + 1, mark, size);
	assert_int_equal(bpf_prog_test_run_opts(feed, &opts), 0);
	assert_int_equal(opts.retval, ADDED);
}

static struct vlsp_intercept *intercept;

static void reopen(const char *match, bool closed)
{
	const struct vlsp_intercept_spec spec = {
		.match = match, .order = 7, .queue = 65536, .closed = closed};
	char text[256] = "";
	struct heard got;

	while (!nothing_comes(&got)) /* what others dropped */
		;
	intercept = vlsp_intercept_open(&spec, text);
	if (!intercept)
		fail_msg("%s", text);
}

static int setup(void **state)
{
	static pthread_t thread;
	char number[16];
	int pair[2];

	(void)state;
	if (geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNET) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return -1;
	supervisor = pair[0];
	snprintf(number, sizeof(number), "%d", pair[1]);
	setenv("VLSP_APP_FD", number, 1);
	map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "test", 0, 0, 65536, NULL);
	feed = feed_new(map);
	heard = listen_lo();
	return map < 0 || feed < 0 || pthread_create(&thread, NULL, supervise, NULL) ? -1 : 0;
}

static void need(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root\n");
	skip();
}

/* --- tests ----------------------------------------------------------------------------------- */

static void what_is_asked_is_what_was_said(void **state)
{
	(void)state;
	need();
	reopen("from to-r2 udp", true);
	assert_string_equal(asked, "open\nmatch=from to-r2 udp\norder=7\nqueue=65536\n"
				   "policy=closed");
	assert_true(vlsp_intercept_fd(intercept) >= 0);
	vlsp_intercept_close(intercept);
	assert_string_equal(asked, "close\nfunction=12");
	reopen(NULL, false);
	assert_string_equal(asked, "open\nmatch=\norder=7\nqueue=65536\npolicy=open");
	vlsp_intercept_close(intercept);
	vlsp_intercept_close(NULL);
}

static void a_refusal_is_told(void **state)
{
	static const struct {
		const char *answer;
		int error;
		const char *text;
	} rows[] = {
		{"error=22\nmatch: at 1: 'x' is none", EINVAL, "match: at 1: 'x' is none"},
		{"error=28\nas many as can be", ENOSPC, "as many as can be"},
		{"error=22", EINVAL, "refused"},
		{"error=0\nx", EPROTO, "x"},
		{"", EPROTO, "the daemon's answer is not one of this version's"},
		{"function=1\nslot=2\nedge=3", EPROTO,
		 "the daemon's answer is not one of this version's"},
	};
	const struct vlsp_intercept_spec spec = {.match = "x"}, lines = {.match = "udp\nclose"};
	char text[256], longest[600];

	(void)state;
	need();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		refuse = rows[i].answer;
		errno = 0;
		assert_null(vlsp_intercept_open(&spec, text));
		assert_int_equal(errno, rows[i].error);
		assert_string_equal(text, rows[i].text);
	}
	assert_null(vlsp_intercept_open(&spec, NULL));
	asked[0] = '\0';
	assert_null(vlsp_intercept_open(&lines, text));
	assert_int_equal(errno, EINVAL);
	memset(longest, ' ', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_null(vlsp_intercept_open(&(struct vlsp_intercept_spec){.match = longest}, text));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(asked, ""); /* these were not asked */
	refuse = NULL;
}

static void a_datagram_goes_on_as_it_came(void **state)
{
	struct vlsp_packet packet;
	struct heard got;

	(void)state;
	need();
	reopen("", false);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 0);
	feed_one(77, false, 10, 0xaa);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
	assert_int_equal(packet.size, 38);
	assert_int_equal(packet.room, VDP_MTU);
	assert_int_equal(packet.port, 77);
	assert_int_equal((uintptr_t)packet.data % 8, 0);
	assert_int_equal(vlsp_intercept_pass(intercept, &packet), 0);
	assert_true(nothing_comes(&got)); /* not yet */
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 0);
	assert_true(hear(&got));
	assert_int_equal(got.size, 38);
	assert_int_equal(got.resume.at, 3);
	assert_int_equal(got.resume.port, htonl(77));
	assert_int_equal(got.resume.slot, htonl(SLOT));
	assert_int_equal(got.vnet.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(got.vnet.csum_start, 34);
	assert_int_equal(got.vnet.csum_offset, 6);
	assert_int_equal(got.data[28 + 9], 0xaa);
	vlsp_intercept_close(intercept);
}

static void a_changed_one_is_sent_as_it_is_now(void **state)
{
	struct vlsp_packet packet;
	struct vlsp_fields f;
	struct heard got;

	(void)state;
	need();
	reopen("", false);
	feed_one(EDGE, true, 10, 0xaa);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
	assert_int_equal(packet.port, 0); /* the edge */
	assert_int_equal(vlsp_packet_set_payload(&packet, "abc", 3), 0);
	assert_int_equal(vlsp_packet_set_dst(&packet, 0x0a000009, 99), 0);
	assert_int_equal(vlsp_intercept_pass(intercept, &packet), 0);
	assert_int_equal(vlsp_intercept_flush(intercept), 0);
	assert_true(hear(&got));
	assert_int_equal(got.size, 31);
	assert_int_equal(got.resume.port, htonl(EDGE));
	assert_int_equal(got.vnet.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	packet = (struct vlsp_packet){.data = got.data, .size = got.size, .room = 2048};
	assert_int_equal(vlsp_packet_fields(&packet, &f), 0);
	assert_int_equal(f.dport, 99);
	assert_memory_equal(f.payload, "abc", 3);
	/* a checksum that is there is the sender's, and nobody's to complete */
	feed_one(EDGE, true, 10, 0xaa);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
	packet.data[26] ^= 1;
	assert_int_equal(vlsp_intercept_pass(intercept, &packet), 0);
	assert_int_equal(vlsp_intercept_flush(intercept), 0);
	assert_true(hear(&got));
	assert_int_equal(got.vnet.flags, 0);
	vlsp_intercept_close(intercept);
}

static void what_is_dropped_goes_back_to_be_counted(void **state)
{
	struct vlsp_packet packet;
	struct heard got;

	(void)state;
	need();
	reopen("", false);
	for (int i = 0; i < 200; i++) { /* by drop, and by taking the next */
		feed_one(77, false, 10, 1);
		assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
		if (i % 2)
			assert_int_equal(vlsp_intercept_drop(intercept, &packet), 0);
	}
	for (int i = 0; i < 200; i++) {
		if (i == 192) /* a batch of 64 is sent when it is full */
			assert_int_equal(vlsp_intercept_next(intercept, &packet), 0);
		assert_true(hear(&got));
		assert_int_equal(got.resume.at, VLSP_RESUME_DROP);
		assert_int_equal(got.resume.port, htonl(77));
		assert_int_equal(got.size, 38);
	}
	assert_true(nothing_comes(&got));
	feed_one(77, false, 10, 1);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
	packet.size = 3; /* as it came, whatever became of it */
	assert_int_equal(vlsp_intercept_drop(intercept, &packet), 0);
	feed_one(77, false, 10, 1);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
	vlsp_intercept_close(intercept);
	for (int i = 0; i < 2; i++) {
		assert_true(hear(&got));
		assert_int_equal(got.resume.at, VLSP_RESUME_DROP);
		assert_int_equal(got.size, 38);
	}
}

static void a_datagram_of_its_own_comes_from_the_router(void **state)
{
	struct vdp_hdr own = {.version_flags = VDP_VERSION << 4, .protocol = 132};
	uint8_t big[VDP_MTU + 1] = {VDP_VERSION << 4};
	struct vlsp_packet packet;
	struct heard got;

	(void)state;
	need();
	reopen("", false);
	feed_one(77, false, 10, 1);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
	assert_int_equal(vlsp_intercept_send(intercept, &own, sizeof(own)), 0);
	assert_int_equal(vlsp_intercept_pass(intercept, &packet), 0);
	assert_int_equal(vlsp_intercept_flush(intercept), 0);
	assert_true(hear(&got));
	assert_int_equal(got.size, 20);
	assert_int_equal(got.resume.at, 255);
	assert_int_equal(got.resume.port, htonl(EDGE));
	assert_int_equal(got.resume.slot, htonl(SLOT));
	assert_true(hear(&got));
	assert_int_equal(got.size, 38);
	assert_int_equal(vlsp_intercept_send(intercept, big, VDP_MTU), 0);
	assert_int_equal(vlsp_intercept_send(intercept, big, VDP_MTU + 1), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(vlsp_intercept_send(intercept, big, 19), -1);
	assert_int_equal(errno, EINVAL);
	big[0] = 0;
	assert_int_equal(vlsp_intercept_send(intercept, big, 20), -1);
	assert_int_equal(errno, EINVAL);
	vlsp_intercept_close(intercept); /* flushes */
	assert_true(hear(&got));
	assert_int_equal(got.size, VDP_MTU);
}

static void a_full_batch_is_sent(void **state)
{
	struct vlsp_packet packet;
	struct heard got;

	(void)state;
	need();
	reopen("", false);
	for (uint8_t i = 0; i < 70; i++)
		feed_one(77, false, 4, i);
	for (uint8_t i = 0; i < 70; i++) {
		assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
		assert_int_equal(packet.data[28], i);
		assert_int_equal(vlsp_intercept_pass(intercept, &packet), 0);
	}
	for (uint8_t i = 0; i < 64; i++) { /* in order */
		assert_true(hear(&got));
		assert_int_equal(got.data[28], i);
	}
	assert_true(nothing_comes(&got));
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 0);
	for (uint8_t i = 64; i < 70; i++) {
		assert_true(hear(&got));
		assert_int_equal(got.data[28], i);
	}
	vlsp_intercept_close(intercept);
}

static void only_what_is_given_is_passed(void **state)
{
	struct vlsp_packet packet, other;
	struct heard got;

	(void)state;
	need();
	reopen("", false);
	feed_one(77, false, 10, 1);
	feed_one(77, false, 10, 1);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
	other = packet;
	packet.size = 19;
	assert_int_equal(vlsp_intercept_pass(intercept, &packet), -1);
	assert_int_equal(errno, EINVAL);
	packet.size = VDP_MTU + 1;
	assert_int_equal(vlsp_intercept_pass(intercept, &packet), -1);
	assert_int_equal(errno, EMSGSIZE);
	packet.size = 38;
	packet.data++;
	assert_int_equal(vlsp_intercept_pass(intercept, &packet), -1);
	assert_int_equal(vlsp_intercept_drop(intercept, &packet), -1);
	assert_int_equal(vlsp_intercept_pass(intercept, &other), 0);
	assert_int_equal(vlsp_intercept_pass(intercept, &other), -1); /* twice */
	assert_int_equal(errno, EINVAL);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
	assert_int_equal(vlsp_intercept_pass(intercept, &other), -1); /* the one before */
	assert_int_equal(vlsp_intercept_flush(intercept), 0);
	assert_true(hear(&got));
	assert_true(nothing_comes(&got));
	vlsp_intercept_close(intercept);
}

static void what_the_kernel_refuses_is_told(void **state)
{
	struct ifreq down = {.ifr_name = "lo"}, up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct vlsp_packet packet;

	(void)state;
	need();
	reopen("", false);
	feed_one(77, false, 10, 1);
	assert_int_equal(vlsp_intercept_next(intercept, &packet), 1);
	assert_int_equal(vlsp_intercept_pass(intercept, &packet), 0);
	assert_int_equal(ioctl(heard, SIOCSIFFLAGS, &down), 0);
	assert_int_equal(vlsp_intercept_flush(intercept), -1);
	assert_int_equal(errno, ENETDOWN);
	assert_int_equal(ioctl(heard, SIOCSIFFLAGS, &up), 0);
	assert_int_equal(vlsp_intercept_flush(intercept), 0); /* it is lost, and over */
	vlsp_intercept_close(intercept);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_asked_is_what_was_said),
		T(a_refusal_is_told),
		T(a_datagram_goes_on_as_it_came),
		T(a_changed_one_is_sent_as_it_is_now),
		T(what_is_dropped_goes_back_to_be_counted),
		T(a_datagram_of_its_own_comes_from_the_router),
		T(a_full_batch_is_sent),
		T(only_what_is_given_is_passed),
		T(what_the_kernel_refuses_is_told),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
