// SPDX-License-Identifier: GPL-2.0-or-later
/* A TFTP transfer, for tftp and tftpd. */
#include "apps/tftp_session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/common.h"

/* Whatever is sent for the first time starts the clock anew. */
static void send_packet(struct tftp_session *s)
{
	s->tries = 1;
	s->due_ns = app_now() + s->timeout_ns;
	app_send(s->socket, s->packet, s->packet_size, &s->peer);
}

static void repeat_packet(struct tftp_session *s)
{
	s->repeated++;
	app_send(s->socket, s->packet, s->packet_size, &s->peer);
}

void tftp_refuse(struct vlsp_socket *socket, const struct vlsp_address *to, enum tftp_code code,
		 const char *text)
{
	struct tftp_packet packet = {.op = TFTP_ERROR, .number = (uint16_t)code};
	uint8_t data[TFTP_PACKET_MAX];

	snprintf(packet.text, sizeof(packet.text), "%s", text);
	app_send(socket, data, tftp_write(data, &packet), to);
}

static void fail(struct tftp_session *s, enum tftp_code code, const char *text)
{
	tftp_refuse(s->socket, &s->peer, code, text);
	s->state = TFTP_FAILED;
	snprintf(s->error, sizeof(s->error), "%s", text);
}

static void send_block(struct tftp_session *s)
{
	struct tftp_packet packet = {.op = TFTP_DATA, .number = (uint16_t)(s->block + 1)};
	uint8_t data[TFTP_BLOCK_MAX];
	ssize_t got = 0;

	do {
		ssize_t more = pread(s->fd, data + got, s->block_size - (size_t)got,
				     (off_t)s->bytes + got);

		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0) {
			fail(s, TFTP_OTHER, strerror(errno));
			return;
		}
		if (more == 0)
			break;
		got += more;
	} while ((size_t)got < s->block_size);
	packet.data = data;
	packet.size = (size_t)got;
	s->block++;
	s->bytes += (uint64_t)got;
	s->packet_size = tftp_write(s->packet, &packet);
	send_packet(s);
}

static void acknowledge(struct tftp_session *s)
{
	struct tftp_packet packet = {.op = TFTP_ACK, .number = (uint16_t)s->block};

	s->packet_size = tftp_write(s->packet, &packet);
	send_packet(s);
}

void tftp_session_serve(struct tftp_session *s, const struct tftp_packet *request,
			unsigned block_size)
{
	struct tftp_packet answer = {.op = TFTP_OACK};

	s->sending = request->op == TFTP_RRQ;
	s->heard = true;
	s->block_size = TFTP_BLOCK_DEFAULT;
	if (request->block_size) {
		s->block_size = request->block_size < block_size ? request->block_size : block_size;
		answer.block_size = s->block_size;
		s->packet_size = tftp_write(s->packet, &answer);
		send_packet(s);
	} else if (s->sending) {
		send_block(s);
	} else {
		acknowledge(s);
	}
}

void tftp_session_ask(struct tftp_session *s, const struct tftp_packet *request)
{
	s->client = true;
	s->sending = request->op == TFTP_WRQ;
	s->block_size = request->block_size ? request->block_size : TFTP_BLOCK_DEFAULT;
	s->packet_size = tftp_write(s->packet, request);
	send_packet(s);
}

static void take_data(struct tftp_session *s, const struct tftp_packet *packet)
{
	size_t done = 0;

	if (packet->number == (uint16_t)s->block && s->block > 0) {
		repeat_packet(s); /* our acknowledgement was lost */
		return;
	}
	if (s->state != TFTP_RUNNING || packet->number != (uint16_t)(s->block + 1))
		return;
	if (packet->size > s->block_size) {
		fail(s, TFTP_ILLEGAL, "block larger than agreed");
		return;
	}
	while (done < packet->size) {
		ssize_t more = pwrite(s->fd, packet->data + done, packet->size - done,
				      (off_t)(s->bytes + done));

		if (more < 0 && errno != EINTR) {
			fail(s,
			     errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? TFTP_FULL
										  : TFTP_OTHER,
			     strerror(errno));
			return;
		}
		done += more > 0 ? (size_t)more : 0;
	}
	s->block++;
	s->bytes += packet->size;
	acknowledge(s);
	if (packet->size < s->block_size) {
		s->state = TFTP_LINGERING;
		s->due_ns += s->timeout_ns; /* so that the other end's time-out is within */
	}
}

static void take_ack(struct tftp_session *s, const struct tftp_packet *packet)
{
	if (packet->number != (uint16_t)s->block)
		return; /* an old one: to answer it would double all that follows */
	if (s->block > 0 && s->packet_size < s->block_size + 4)
		s->state = TFTP_DONE;
	else
		send_block(s);
}

/* RFC 2347: the server agrees to options, instead of block 1 or acknowledgement 0. */
static void take_agreement(struct tftp_session *s, const struct tftp_packet *packet)
{
	if (!s->client || s->block > 0)
		return;
	if (packet->block_size > s->block_size) {
		fail(s, TFTP_OPTION, "block size larger than asked for");
		return;
	}
	s->block_size = packet->block_size ? packet->block_size : TFTP_BLOCK_DEFAULT;
	if (s->sending)
		send_block(s);
	else
		acknowledge(s);
}

/* An error is not answered, however it is written (RFC 1350, section 7). */
static void take_nonsense(struct tftp_session *s, const uint8_t *data, size_t size)
{
	if (size < 2 || data[0] != 0 || data[1] != TFTP_ERROR) {
		fail(s, TFTP_ILLEGAL, "illegal packet");
		return;
	}
	s->state = TFTP_FAILED;
	snprintf(s->error, sizeof(s->error), "the other end says that something is wrong");
}

void tftp_session_take(struct tftp_session *s, const uint8_t *data, size_t size,
		       const struct vlsp_address *from)
{
	struct tftp_packet packet;

	if (from->host != s->peer.host || (s->heard && from->port != s->peer.port)) {
		if (tftp_is_answered(data, size))
			tftp_refuse(s->socket, from, TFTP_UNKNOWN_ID, "unknown transfer ID");
		return;
	}
	if (s->state != TFTP_RUNNING && s->state != TFTP_LINGERING)
		return;
	if (!tftp_read(data, size, &packet)) {
		if (s->state == TFTP_RUNNING) /* else all is there, whatever comes now */
			take_nonsense(s, data, size);
		return;
	}
	/* The server answers from a port of its own; a block in answer without agreement: as it has
	 * no options. */
	if (s->client && !s->heard) {
		if (packet.op == TFTP_DATA || packet.op == TFTP_ACK)
			s->block_size = TFTP_BLOCK_DEFAULT;
		s->heard = true;
		s->peer = *from;
	}
	if (packet.op == TFTP_ERROR && s->state == TFTP_RUNNING) {
		s->state = TFTP_FAILED;
		snprintf(s->error, sizeof(s->error), "the other end says: %s (%u)", packet.text,
			 packet.number);
	} else if (packet.op == TFTP_DATA && !s->sending) {
		take_data(s, &packet);
	} else if (packet.op == TFTP_ACK && s->sending) {
		take_ack(s, &packet);
	} else if (packet.op == TFTP_OACK) {
		take_agreement(s, &packet);
	}
}

void tftp_session_due(struct tftp_session *s)
{
	if (s->state == TFTP_LINGERING) {
		s->state = TFTP_DONE;
	} else if (s->tries == s->tries_max) {
		fail(s, TFTP_OTHER, "no answer");
	} else {
		s->tries++;
		s->due_ns = app_now() + s->timeout_ns;
		repeat_packet(s);
	}
}
