// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Owns the buffer of netlink messages and the exchange with the kernel. Only the last message of
 * each sendmsg() asks for an acknowledgement: a refused one is answered anyway, so the answer to
 * the last says that all before it were accepted or have been reported. Used by the builders
 * beside this file and by daemon/host.
 */
#include "lib/nlk/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "lib/nlk/message.h"

#define ERRNO_MAX 4095 /* MAX_ERRNO of the kernel */

int nlk_open(void)
{
	int one = 1, fd, r;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

void nlk_batch_init(struct nlk_batch *batch)
{
	memset(batch, 0, sizeof(*batch));
}

void nlk_batch_done(struct nlk_batch *batch)
{
	free(batch->buf);
	free(batch->tags);
	nlk_batch_init(batch);
}

static int batch_reserve(struct nlk_batch *batch)
{
	if (batch->room - batch->used < NLK_MESSAGE_MAX) {
		size_t room = batch->room ? 2 * batch->room : 4 * NLK_MESSAGE_MAX;
		char *buf = realloc(batch->buf, room);

		if (!buf)
			return -ENOMEM;
		/* libmnl leaves what is between attributes as it finds it. */
		memset(buf + batch->room, 0, room - batch->room);
		batch->buf = buf;
		batch->room = room;
	}
	if (batch->count == batch->tag_room) {
		size_t room = batch->tag_room ? 2 * batch->tag_room : 16;
		uint32_t *tags = realloc(batch->tags, room * sizeof(*tags));

		if (!tags)
			return -ENOMEM;
		batch->tags = tags;
		batch->tag_room = room;
	}
	return 0;
}

struct nlmsghdr *nlk_batch_begin(struct nlk_batch *batch, uint16_t type, uint16_t flags,
				 size_t extra_size, void **ret_extra)
{
	struct nlmsghdr *nlh;

	if (batch_reserve(batch) < 0) {
		batch->failed = -ENOMEM;
		return NULL;
	}
	nlh = mnl_nlmsg_put_header(batch->buf + batch->used);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++batch->seq;
	*ret_extra = mnl_nlmsg_put_extra_header(nlh, extra_size);
	return nlh;
}

void nlk_batch_end(struct nlk_batch *batch, struct nlmsghdr *nlh)
{
	batch->tags[batch->count++] = batch->tag;
	batch->used += MNL_ALIGN(nlh->nlmsg_len);
}

/* The kernel's own words; length: of what is behind the head, at least a struct nlmsgerr. */
static const char *ack_text(const struct nlmsghdr *nlh, size_t length)
{
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	size_t offset = sizeof(*ack);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return "";
	/* With NETLINK_CAP_ACK the refused message's payload is left out, but not always. */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && ack->msg.nlmsg_len >= sizeof(ack->msg))
		offset += NLMSG_ALIGN((size_t)ack->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (offset >= length)
		return "";
	mnl_attr_for_each(attr, nlh, offset)
	{
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(attr);
	}
	return "";
}

struct receive {
	struct nlk_batch *batch;
	uint32_t first, last; /* sequence numbers of this chunk */
	uint32_t first_seq;   /* of the batch */
	nlk_error_fn fn;
	void *arg;
	int error; /* -errno of the first refused message */
};

/* 1: the last message has been answered. */
static int receive_one(struct receive *rx, const struct nlmsghdr *nlh)
{
	size_t length;
	const struct nlmsgerr *ack = nlk_message_payload(nlh, &length);

	if (nlh->nlmsg_type != NLMSG_ERROR || length < sizeof(*ack) ||
	    nlh->nlmsg_seq - rx->first > rx->last - rx->first)
		return 0;
	if (ack->error) {
		int error = ack->error < 0 && ack->error >= -ERRNO_MAX ? ack->error : -EPROTO;

		if (!rx->error)
			rx->error = error;
		if (rx->fn)
			rx->fn(rx->arg, rx->batch->tags[nlh->nlmsg_seq - rx->first_seq], -error,
			       ack_text(nlh, length));
	}
	return nlh->nlmsg_seq == rx->last;
}

static int receive_acks(struct receive *rx, int sock)
{
	char buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (;;) {
		const struct nlmsghdr *nlh;
		ssize_t n = recv(sock, buf, sizeof(buf), 0);
		size_t at = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		while ((nlh = nlk_message_next(buf, (size_t)n, &at)))
			if (receive_one(rx, nlh))
				return 0;
	}
}

/* Sends the bytes from..to, whose last message begins at last. */
static int send_chunk(struct receive *rx, int sock, size_t from, size_t to, size_t last)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct nlmsghdr *nlh = (struct nlmsghdr *)(rx->batch->buf + last);
	ssize_t n;

	rx->first = ((struct nlmsghdr *)(rx->batch->buf + from))->nlmsg_seq;
	rx->last = nlh->nlmsg_seq;
	nlh->nlmsg_flags |= NLM_F_ACK;
	do {
		n = sendto(sock, rx->batch->buf + from, to - from, 0, (struct sockaddr *)&kernel,
			   sizeof(kernel));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return receive_acks(rx, sock);
}

int nlk_batch_send(struct nlk_batch *batch, int sock, nlk_error_fn fn, void *arg)
{
	struct receive rx = {.batch = batch, .fn = fn, .arg = arg};
	size_t from = 0, at = 0, last = 0;
	int r = batch->failed;

	rx.first_seq = batch->seq - (uint32_t)batch->count + 1;
	while (!r && at < batch->used) {
		last = at;
		at += MNL_ALIGN(((struct nlmsghdr *)(batch->buf + at))->nlmsg_len);
		if (at < batch->used && at - from <= NLK_CHUNK_MAX - NLK_MESSAGE_MAX)
			continue;
		r = send_chunk(&rx, sock, from, at, last);
		from = at;
	}
	batch->used = 0;
	batch->count = 0;
	batch->failed = 0;
	return r ? r : rx.error;
}
