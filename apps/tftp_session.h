/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One transfer of a file, from either end: lock-step of blocks and acknowledgements, with the last
 *packet sent again when nothing comes (RFC 1350), but never because of a duplicate (RFC 1123,
 *section 4.2.3.1). Block numbers begin again at 0 after 65535.
 *
 *	begin one of four ways; then tftp_session_take() for each datagram of its socket, and
 *tftp_session_due() when due_ns is there, until its state is not TFTP_RUNNING
 */
#ifndef VLSP_APPS_TFTP_SESSION_H
#define VLSP_APPS_TFTP_SESSION_H

#include <vlsp/vlsp.h>

#include "apps/tftp_packet.h"

enum tftp_state {
	TFTP_RUNNING,
	TFTP_LINGERING, /* all is there; the last acknowledgement may be asked for again until
			   due_ns */
	TFTP_DONE,
	TFTP_FAILED, /* why is in error */
};

struct tftp_session {
	struct vlsp_socket *socket; /* the caller's */
	struct vlsp_address peer;   /* from a client: first the server's port, then the one that it
				       answers from */
	int fd;			    /* the file; the caller's */
	bool sending, client, heard;
	enum tftp_state state;
	unsigned block_size;
	uint64_t block, bytes; /* the last one that was sent, or that has come */
	uint64_t due_ns, timeout_ns;
	unsigned tries, tries_max;
	unsigned long long repeated;
	uint8_t packet[TFTP_PACKET_MAX]; /* sent last */
	size_t packet_size;
	char error[320];
};

/* The server's end: request was read; answers it. block_size: the most it agrees to. */
void tftp_session_serve(struct tftp_session *session, const struct tftp_packet *request,
			unsigned block_size);
/* The client's end: sends request. */
void tftp_session_ask(struct tftp_session *session, const struct tftp_packet *request);
void tftp_session_take(struct tftp_session *session, const uint8_t *data, size_t size,
		       const struct vlsp_address *from);
void tftp_session_due(struct tftp_session *session);
/* Tells an address what is wrong, without a session. */
void tftp_refuse(struct vlsp_socket *socket, const struct vlsp_address *to, enum tftp_code code,
		 const char *text);

#endif
