// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TLS of one connection: between the client's socket and one end of a pair whose other end is
 * treated like any plain connection. Each direction has one buffer; when the far side does not take
 * what is in it, nothing more is read. A relay outlives its connection by the time that the client
 * takes to read the rest. Called by visit.c.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/http/server_priv.h"
#include "lib/http/tls_priv.h"

#define EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

struct flow { /* one direction */
	char data[16384];
	size_t at, end;
	bool ended; /* nothing more will come */
	bool told;  /* and the far side knows */
};

struct http_relay {
	struct list all;
	struct http_slot *slot;
	struct http_conn *conn; /* NULL: has gone */
	const struct http_tls *tls;
	gnutls_session_t session;
	struct loop_source *net_source, *inner_source;
	int net, inner;
	bool shaken;	      /* hands */
	bool failed;	      /* the handshake: waits for the client to read why */
	bool dead;	      /* the client's side */
	uint64_t deadline_ns; /* 0: as long as conn lives */
	struct flow in, out;
};

void http_relay_abort(struct http_relay *r)
{
	loop_del(r->net_source);
	loop_del(r->inner_source);
	gnutls_deinit(r->session);
	close(r->net);
	close(r->inner);
	if (r->conn)
		r->conn->relay = NULL;
	http_slot_unref(r->slot);
	list_del(&r->all);
	free(r);
}

static bool is_busy(ssize_t n)
{
	return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
}

/* The common name and the organizational units of the subject. */
static void read_subject(gnutls_x509_crt_t cert, struct http_peer *peer)
{
	char text[256];
	size_t size = sizeof(text);

	if (gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &size) ==
	    0)
		snprintf(peer->subject, sizeof(peer->subject), "%.*s",
			 (int)sizeof(peer->subject) - 1, text);
	for (unsigned i = 0;; i++) {
		int r;

		size = sizeof(text);
		r = gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME, i,
						  0, text, &size);
		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return;
		peer->unit_admin |= r == 0 && strcmp(text, HTTP_UNIT_ADMIN) == 0;
		peer->unit_read_only |= r == 0 && strcmp(text, HTTP_UNIT_READ_ONLY) == 0;
	}
}

/* After the handshake, which has verified it. false: it can't be read. */
static bool identify(struct http_relay *r)
{
	unsigned count = 0;
	const gnutls_datum_t *certs = gnutls_certificate_get_peers(r->session, &count);
	gnutls_x509_crt_t cert;
	bool ok;

	if (!r->tls->knows_clients)
		return true;
	if (!certs || !count || gnutls_x509_crt_init(&cert) < 0)
		return false;
	ok = gnutls_x509_crt_import(cert, &certs[0], GNUTLS_X509_FMT_DER) == 0;
	if (ok)
		read_subject(cert, &r->conn->peer);
	r->conn->peer.certified = ok;
	gnutls_x509_crt_deinit(cert);
	return ok;
}

/* The server sees its end of the pair closed; the client gets the time to read the alert. */
static void fail(struct http_relay *r)
{
	r->failed = true;
	r->deadline_ns = clock_mono_ns() + HTTP_LINGER_MS * NSEC_PER_MSEC;
	r->conn->relay = NULL;
	r->conn = NULL;
	loop_del(r->inner_source);
	r->inner_source = NULL;
	shutdown(r->inner, SHUT_RDWR);
	shutdown(r->net, SHUT_WR);
}

static void shake(struct http_relay *r)
{
	int rc;

	do
		rc = gnutls_handshake(r->session);
	while (rc == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (is_busy(rc))
		return;
	if (rc == 0 && identify(r)) {
		r->shaken = true;
		return;
	}
	log_debug("http: TLS with %s: %s", r->conn->peer.address, gnutls_strerror(rc));
	if (rc < 0)
		gnutls_alert_send_appropriate(r->session, rc);
	fail(r);
}

/* Reads and forgets, until the client has closed. */
static void linger(struct http_relay *r)
{
	ssize_t n;

	for (int i = 0; i < 64; i++) {
		n = recv(r->net, r->in.data, sizeof(r->in.data), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			break;
	}
	r->dead = true;
}

/* What the client sends, to the server. Whether something has moved. */
static bool move_in(struct http_relay *r)
{
	struct flow *f = &r->in;
	bool moved = false;
	ssize_t n;

	if (f->at == f->end && !f->ended) {
		n = gnutls_record_recv(r->session, f->data, sizeof(f->data));
		if (n == GNUTLS_E_WARNING_ALERT_RECEIVED)
			return true;
		if (n <= 0 && !is_busy(n)) /* an end without close_notify, too: HTTP has lengths */
			f->ended = true;
		f->at = 0;
		f->end = n > 0 ? (size_t)n : 0;
		moved = n > 0;
	}
	if (f->at < f->end) {
		n = send(r->inner, f->data + f->at, f->end - f->at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			n = (ssize_t)(f->end - f->at); /* nobody wants it any more */
		if (n > 0) {
			f->at += (size_t)n;
			moved = true;
		}
	}
	if (f->at == f->end && f->ended && !f->told) {
		f->told = true;
		shutdown(r->inner, SHUT_WR);
	}
	return moved;
}

/* That nothing more comes, in TLS and in TCP. */
static void say_bye(struct http_relay *r)
{
	if (is_busy(gnutls_bye(r->session, GNUTLS_SHUT_WR)))
		return;
	r->out.told = true;
	shutdown(r->net, SHUT_WR);
	r->deadline_ns = clock_mono_ns() + HTTP_LINGER_MS * NSEC_PER_MSEC;
}

static bool move_out(struct http_relay *r)
{
	struct flow *f = &r->out;
	bool moved = false;
	ssize_t n;

	if (f->at == f->end && !f->ended) {
		n = recv(r->inner, f->data, sizeof(f->data), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			f->ended = true;
		f->at = 0;
		f->end = n > 0 ? (size_t)n : 0;
		moved = n > 0;
	}
	if (f->at < f->end) {
		n = gnutls_record_send(r->session, f->data + f->at, f->end - f->at);
		if (n < 0 && !is_busy(n))
			r->dead = true;
		if (n > 0) {
			f->at += (size_t)n;
			moved = true;
			if (r->deadline_ns)
				r->deadline_ns = clock_mono_ns() +
						 HTTP_IDLE_TIMEOUT_S * NSEC_PER_SEC;
		}
	}
	if (f->at == f->end && f->ended && !f->told && !r->dead)
		say_bye(r);
	return moved;
}

/* Everything that can be done without waiting; may end the relay. */
static void pump(struct http_relay *r)
{
	bool moved;

	if (!r->shaken && !r->failed)
		shake(r);
	if (r->failed)
		linger(r);
	do {
		moved = r->shaken && !r->dead && move_in(r);
		moved |= r->shaken && !r->dead && move_out(r);
	} while (moved);
	if (r->dead || (r->out.told && r->in.ended))
		http_relay_abort(r);
}

static void on_event(void *arg, uint32_t events)
{
	(void)events;
	pump(arg);
}

void http_relay_detach(struct http_relay *r)
{
	r->conn = NULL;
	if (!r->shaken)
		http_relay_abort(r);
	else if (!r->deadline_ns)
		r->deadline_ns = clock_mono_ns() + HTTP_IDLE_TIMEOUT_S * NSEC_PER_SEC;
}

void http_relays_timer(struct http_server *server, uint64_t now)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &server->relays) {
		struct http_relay *r = list_entry(pos, struct http_relay, all);

		if (r->deadline_ns && r->deadline_ns <= now)
			http_relay_abort(r);
	}
}

void http_relays_end(struct http_server *server)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &server->relays)
		pump(list_entry(pos, struct http_relay, all)); /* what has just been answered */
	while (!list_empty(&server->relays))
		http_relay_abort(list_entry(server->relays.next, struct http_relay, all));
}

static int session_new(const struct http_tls *tls, int net, gnutls_session_t *ret_session)
{
	gnutls_session_t session;
	int one = 1;

	if (gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		return -ENOMEM;
	if (gnutls_priority_set(session, tls->priorities) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0) {
		gnutls_deinit(session);
		return -ENOMEM;
	}
	if (tls->knows_clients) {
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_cert(session, NULL, 0);
	}
	gnutls_transport_set_int(session, net);
	if (setsockopt(net, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		log_debug("http: no TCP_NODELAY: %s", strerror(errno));
	*ret_session = session;
	return 0;
}

int http_relay_new(const struct http_tls *tls, int net, int inner, struct http_conn *conn)
{
	struct http_relay *r;
	char address[16];
	int rc;

	snprintf(address, sizeof(address), "%08x", conn->peer.ip);
	if (!http_rate_take(tls->rate, address, clock_mono_ns()))
		return -EBUSY;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->tls = tls;
	r->net = net;
	r->inner = inner;
	rc = session_new(tls, net, &r->session);
	if (rc < 0)
		goto fail;
	rc = loop_add(conn->server->loop, net, EVENTS, on_event, r, &r->net_source);
	if (rc == 0)
		rc = loop_add(conn->server->loop, inner, EVENTS, on_event, r, &r->inner_source);
	if (rc < 0)
		goto fail_session;
	r->conn = conn;
	r->slot = conn->slot;
	r->slot->refs++;
	conn->relay = r;
	conn->peer.kind = HTTP_PEER_TLS;
	list_add_tail(&conn->server->relays, &r->all);
	return 0;

fail_session:
	loop_del(r->net_source);
	gnutls_deinit(r->session);
fail:
	free(r);
	return rc;
}
