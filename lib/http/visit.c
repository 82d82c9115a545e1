// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections before libmicrohttpd gets them: a head (and a short body) is awaited and looked at
 * without being taken from the socket. A refusal is written here, in JSON, and the connection
 * lingers a moment so that the client can read it. When there is no slot for a new connection, the
 * oldest one without a head, or the slowest body, gives way. Called by server.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/http/head.h"
#include "lib/http/server_priv.h"

static void write_refusal(int fd, int status, const char *text)
{
	char buf[1024];
	size_t n = http_head_refusal(status, text, buf, sizeof(buf));

	/* A socket that was hardly used takes this much at once; if not, the client has gone. */
	if (send(fd, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("http: a refusal was not taken: %s", strerror(errno));
}

/* The descriptor is left to the caller. */
static int conn_release(struct http_conn *c)
{
	int fd = c->fd;

	loop_del(c->source);
	list_del(&c->all);
	if (c->relay)
		http_relay_detach(c->relay);
	http_slot_unref(c->slot);
	free(c);
	return fd;
}

void http_conn_closed(struct http_conn *c)
{
	conn_release(c);
}

static void visitor_refuse(struct http_conn *c, int status, const char *text)
{
	write_refusal(c->fd, status, text);
	shutdown(c->fd, SHUT_WR);
	c->phase = HTTP_PHASE_LINGER;
	c->deadline_ns = clock_mono_ns() + HTTP_LINGER_MS * NSEC_PER_MSEC;
}

/* Reads and forgets, until the client has closed. */
static void visitor_linger(struct http_conn *c)
{
	for (int i = 0; i < 64; i++) {
		ssize_t n = recv(c->fd, c->server->peek, sizeof(c->server->peek), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			break;
		if (n < 0)
			return;
	}
	close(conn_release(c)); /* it has closed, or floods us */
}

static void visitor_pass(struct http_conn *c)
{
	struct http_server *server = c->server;

	loop_del(c->source);
	c->source = NULL;
	list_del(&c->all);
	list_add_tail(&server->passed, &c->all);
	c->phase = HTTP_PHASE_BODY;
	c->body_began_ns = clock_mono_ns();
	http_mhd_add(server->mhd, c);
}

/* Looks at what has come so far. ended: nothing more will come. */
static void visitor_look(struct http_conn *c, bool ended)
{
	char *peek = c->server->peek;
	ssize_t n = recv(c->fd, peek, sizeof(c->server->peek), MSG_PEEK | MSG_DONTWAIT);
	struct http_head head;
	char text[120];

	if (n < 0 && (errno == EAGAIN || errno == EINTR) && !ended)
		return;
	if (n <= 0) { /* came and went without a word */
		close(conn_release(c));
		return;
	}
	switch (http_head_check(peek, (size_t)n, &head)) {
	case HTTP_HEAD_MORE:
		if (ended)
			visitor_refuse(c, 400, "request: ends within the headers");
		break;
	case HTTP_HEAD_BAD:
		visitor_refuse(c, head.status, head.text);
		break;
	case HTTP_HEAD_GOOD:
		if (!head.expect_continue && head.body <= HTTP_PEEK_BODY &&
		    (size_t)n < head.length + head.body) {
			if (!ended)
				return;
			snprintf(text, sizeof(text), "body: ends after %zu of %llu bytes",
				 (size_t)n - head.length, head.body);
			visitor_refuse(c, 400, text);
			break;
		}
		visitor_pass(c);
		return;
	}
	if (c->phase == HTTP_PHASE_LINGER)
		visitor_linger(c);
}

static void on_visitor(void *arg, uint32_t events)
{
	struct http_conn *c = arg;

	if (c->phase == HTTP_PHASE_LINGER)
		visitor_linger(c);
	else
		visitor_look(c, events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}

/* --- who has to go --- */

/* Refuses what libmicrohttpd has and has not begun to answer; it finds the connection ended. */
static void passed_cut(struct http_conn *c, int status, const char *text)
{
	c->cut = status;
	write_refusal(c->fd, status, text);
	shutdown(c->fd, SHUT_RDWR);
}

static void conn_evict(struct http_conn *c)
{
	struct http_server *server = c->server;

	if (c->relay) { /* it would take its time to say it, and that is what there is none of */
		http_relay_abort(c->relay);
		c->relay = NULL;
	}
	switch (c->phase) {
	case HTTP_PHASE_HEAD:
		write_refusal(c->fd, 503, "connections: too many; this one sent no request");
		close(conn_release(c));
		break;
	case HTTP_PHASE_LINGER:
		close(conn_release(c));
		break;
	default:
		passed_cut(c, 503, "connections: too many; this one did not send its body");
		http_mhd_run_soon(server->mhd);
	}
}

static bool is_of(const struct http_conn *c, enum http_pool pool, const struct http_client *client)
{
	return c->slot->client->pool == pool && (!client || c->slot->client == client);
}

static struct http_conn *oldest(const struct list *conns, enum http_phase phase,
				enum http_pool pool, const struct http_client *client)
{
	struct list *pos;

	list_for_each (pos, conns) {
		struct http_conn *c = list_entry(pos, struct http_conn, all);

		if (c->phase == phase && is_of(c, pool, client))
			return c;
	}
	return NULL;
}

/* Bytes a second since the body began. */
static uint64_t body_rate(uint64_t bytes, const struct http_conn *c, uint64_t now)
{
	return bytes * 1000 / ((now - c->body_began_ns) / NSEC_PER_MSEC + 1);
}

/* Of those below the rate; what has just begun, and had no time to show its rate, last. */
static struct http_conn *slowest_body(const struct list *conns, enum http_pool pool,
				      const struct http_client *client)
{
	uint64_t now = clock_mono_ns(), least = UINT64_MAX;
	struct http_conn *best = NULL;
	struct list *pos;

	list_for_each (pos, conns) {
		struct http_conn *c = list_entry(pos, struct http_conn, all);
		uint64_t score;

		if (c->phase != HTTP_PHASE_BODY || c->cut || !is_of(c, pool, client) ||
		    body_rate(c->body_bytes, c, now) >= HTTP_BODY_RATE_EVICT)
			continue;
		score = body_rate(c->body_bytes + HTTP_BODY_RATE_EVICT, c, now);
		if (score < least) {
			least = score;
			best = c;
		}
	}
	return best;
}

/* Of one client (NULL: of anybody in the pool) a connection that still sends. */
static bool evict_one(struct http_server *server, enum http_pool pool,
		      const struct http_client *client)
{
	struct http_conn *c = oldest(&server->visitors, HTTP_PHASE_LINGER, pool, client);

	if (!c)
		c = oldest(&server->visitors, HTTP_PHASE_HEAD, pool, client);
	if (!c)
		c = slowest_body(&server->passed, pool, client);
	if (c)
		conn_evict(c);
	return c != NULL;
}

/* What libmicrohttpd has is closed a moment after it was cut off: until then there may be some
 * connections more than there are slots. */
static bool make_room(struct http_server *server, enum http_pool pool, uint64_t key)
{
	struct http_client *client;

	if (!http_slots_full(&server->slots, pool, key, &client))
		return true;
	if (client)
		return evict_one(server, pool, client);
	return evict_one(server, pool, http_slots_busiest(&server->slots, pool)) ||
	       evict_one(server, pool, NULL);
}

/* --- time --- */

static void check_visitor(struct http_conn *c, uint64_t now)
{
	if (c->deadline_ns > now)
		return;
	if (c->phase == HTTP_PHASE_LINGER)
		close(conn_release(c));
	else
		visitor_refuse(c, 408, "request: did not arrive in time");
}

static void check_body(struct http_conn *c, uint64_t now)
{
	if (c->phase == HTTP_PHASE_BODY && !c->cut &&
	    now - c->body_began_ns > HTTP_BODY_GRACE_MS * NSEC_PER_MSEC &&
	    body_rate(c->body_bytes, c, now) < HTTP_BODY_RATE_MIN)
		passed_cut(c, 408, "body: comes too slowly");
}

void http_visit_timer(void *arg)
{
	struct http_server *server = arg;
	uint64_t now = clock_mono_ns();
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &server->visitors)
		check_visitor(list_entry(pos, struct http_conn, all), now);
	list_for_each_safe (pos, tmp, &server->passed)
		check_body(list_entry(pos, struct http_conn, all), now);
	http_relays_timer(server, now);
	if (!list_empty(&server->visitors) || !list_empty(&server->passed) ||
	    !list_empty(&server->relays))
		loop_timer_set(server->timer, now + NSEC_PER_SEC);
	else
		server->ticking = false;
}

/* --- beginning and end --- */

static int start_tls(struct http_conn *c, struct http_tls *tls)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	r = http_relay_new(tls, c->fd, pair[0], c);
	if (r < 0) {
		close(pair[0]);
		close(pair[1]);
		return r;
	}
	c->fd = pair[1];
	return 0;
}

static void refuse_full(int fd, struct http_server *server, bool tls)
{
	if (!tls)
		write_refusal(fd, 503, "connections: too many are open");
	shutdown(fd, SHUT_WR);
	/* what is unread when a connection is closed would make the client lose the answer */
	if (recv(fd, server->peek, sizeof(server->peek), MSG_DONTWAIT) < 0)
		log_debug("http: refused a connection that has sent nothing");
	close(fd);
}

void http_visit(struct http_server *server, int fd, const struct http_peer *peer,
		enum http_pool pool, struct http_tls *tls)
{
	uint64_t key = peer->kind == HTTP_PEER_UNIX ? peer->uid : peer->ip;
	struct http_conn *c;

	if (!make_room(server, pool, key)) {
		refuse_full(fd, server, tls != NULL);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (c)
		c->slot = http_slot_new(&server->slots, pool, key);
	if (!c || !c->slot) {
		free(c);
		close(fd);
		return;
	}
	c->server = server;
	c->fd = fd;
	c->peer = *peer;
	c->deadline_ns = clock_mono_ns() + HTTP_HEAD_TIMEOUT_MS * NSEC_PER_MSEC;
	if (!server->ticking)
		loop_timer_set(server->timer, clock_mono_ns() + NSEC_PER_SEC);
	server->ticking = true;
	list_add_tail(&server->visitors, &c->all);
	/* Edge-triggered: what has been looked at stays in the socket. */
	if ((tls && start_tls(c, tls) < 0) ||
	    loop_add(server->loop, c->fd, EPOLLIN | EPOLLRDHUP | EPOLLET, on_visitor, c,
		     &c->source) < 0) {
		close(conn_release(c));
		return;
	}
	visitor_look(c, false); /* a request is often there already */
}

void http_visits_end(struct http_server *server)
{
	while (!list_empty(&server->visitors))
		close(conn_release(list_entry(server->visitors.next, struct http_conn, all)));
}
