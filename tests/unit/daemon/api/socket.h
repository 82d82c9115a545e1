/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same controller over a real unix socket and a real TCP port, for tests: client and server
 * share one thread and one loop. After cmocka.h. */
#ifndef VLSP_TESTS_UNIT_DAEMON_API_SOCKET_H
#define VLSP_TESTS_UNIT_DAEMON_API_SOCKET_H

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/http/server.h"
#include "tests/unit/daemon/api/harness.h"

#define ROUNDS 5000 /* of the loop, after which an answer will not come any more */

struct world {
	struct harness h;
	struct http_server *server;
	char dir[64], path[96];
	uint16_t port;
};

static inline int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct http_config config;

	strcpy(w->dir, "/tmp/vlsp-test.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/s", w->dir);
	assert_int_equal(harness_open(&w->h, "secret"), 0);
	config = (struct http_config){.loop = w->h.loop,
				      .arg = w->h.api,
				      .begin = api_begin,
				      .handle = api_handle,
				      .dropped = api_dropped};
	assert_int_equal(http_server_new(&config, &w->server, NULL), 0);
	assert_int_equal(http_listen_unix(w->server, w->path, HTTP_NO_GROUP, false, NULL), 0);
	assert_int_equal(http_listen_tcp(w->server, "127.0.0.1", 0, NULL, &w->port, NULL), 0);
	*state = w;
	return 0;
}

static inline void world_end(struct world *w)
{
	struct harness *h = &w->h;

	if (h->host)
		h->host->ops->close(h->host, false);
	ctl_free(h->ctl);
	api_free(h->api);
	http_server_free(w->server);
	model_free(h->model);
	loop_free(h->loop);
	memset(h, 0, sizeof(*h));
	w->server = NULL;
}

static inline int teardown(void **state)
{
	struct world *w = *state;

	world_end(w);
	assert_int_equal(access(w->path, F_OK), -1); /* the socket went with its server */
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

struct client {
	int fd;
	const char *data;
	size_t left;
	bool half; /* shuts its side down after sending */
	char *answer;
	size_t size;
	bool over;
};

static inline void client_open(struct world *w, struct client *c, bool tcp)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons(w->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", w->path);
	memset(c, 0, sizeof(*c));
	c->fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(tcp ? connect(c->fd, (struct sockaddr *)&in, sizeof(in))
			     : connect(c->fd, (struct sockaddr *)&un, sizeof(un)),
			 0);
	c->answer = calloc(1, 1);
}

static inline void client_send(struct client *c, const char *data, size_t size, bool half)
{
	c->data = data;
	c->left = size;
	c->half = half;
}

/* What can be done without waiting. */
static inline void client_step(struct client *c)
{
	char buf[65536];
	ssize_t n;

	if (c->left) {
		n = send(c->fd, c->data, c->left, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			c->data += n;
			c->left -= (size_t)n;
		}
	}
	if (!c->left && c->half) {
		shutdown(c->fd, SHUT_WR);
		c->half = false;
	}
	n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		c->over = true;
	if (n <= 0)
		return;
	c->answer = realloc(c->answer, c->size + (size_t)n + 1);
	memcpy(c->answer + c->size, buf, (size_t)n);
	c->size += (size_t)n;
	c->answer[c->size] = '\0';
}

static inline void client_close(struct client *c)
{
	close(c->fd);
	free(c->answer);
}

/* Until the server has closed. */
static inline void client_finish(struct world *w, struct client *c)
{
	for (int i = 0; i < ROUNDS && !c->over; i++) {
		client_step(c);
		if (!c->over)
			loop_once(w->h.loop, 1);
	}
	assert_true(c->over);
}

/* Until it has received text. */
static inline void client_await(struct world *w, struct client *c, const char *text)
{
	for (int i = 0; i < ROUNDS && !strstr(c->answer, text); i++) {
		loop_once(w->h.loop, 1);
		client_step(c);
	}
	if (!strstr(c->answer, text))
		fail_msg("'%s' did not come: %s", text, c->answer);
}

static inline int status_of(const struct client *c)
{
	int status = 0;

	sscanf(c->answer, "HTTP/1.1 %d ", &status);
	return status;
}

static inline void assert_json_error(const struct client *c)
{
	const char *body = strstr(c->answer, "\r\n\r\n");
	json_t *json;

	assert_non_null(body);
	assert_non_null(strstr(c->answer, "Content-Type: application/json"));
	json = json_loads(body + 4, 0, NULL);
	assert_non_null(json);
	assert_true(json_is_string(json_object_get(json, "error")));
	json_decref(json);
}

/* One connection with these bytes: the status, after checking that an error is one in JSON. */
static inline int exchange(struct world *w, const char *data, size_t size, bool half)
{
	struct client c;
	int status;

	client_open(w, &c, false);
	client_send(&c, data, size, half);
	client_finish(w, &c);
	status = status_of(&c);
	if (status >= 400)
		assert_json_error(&c);
	client_close(&c);
	return status;
}

#define REQ(line, more) line " HTTP/1.1\r\nHost: localhost\r\n" more "\r\n"

#endif
