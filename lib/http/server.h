/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP server: listeners, and libmicrohttpd on our loop without a thread of its own. Each
 * connection carries one request ("Connection: close"), and is looked at before libmicrohttpd gets
 * it, so that whatever is malformed is answered in JSON like everything else. TLS ends in front of
 * that (lib/http/tls.h), so that it is the same for https://.
 */
#ifndef VLSP_LIB_HTTP_SERVER_H
#define VLSP_LIB_HTTP_SERVER_H

#include <stdint.h>
#include <sys/un.h>

#include "lib/base/err.h"
#include "lib/http/limits.h"
#include "lib/http/request.h"
#include "lib/loop/loop.h"

struct http_server;
struct http_tls;

struct http_config {
	struct loop *loop;
	void *arg;
	/* The head is known, the body is not: may set body_limit, may answer (refuse). Returns
	 * true if it has answered; then handle is not called. */
	bool (*begin)(void *arg, struct http_request *req);
	void (*handle)(void *arg, struct http_request *req);
	/* After a begin that returned false: handle will not be called, the server has answered
	 * with status (413, 408, 503 ...; 0: the client left within its body). May be NULL. */
	void (*dropped)(void *arg, struct http_request *req, int status);
};

int http_server_new(const struct http_config *config, struct http_server **ret_server,
		    struct err *err);
/* Requests that are not answered get 503; handlers may still answer them later, to no effect. */
void http_server_free(struct http_server *server); /* NULL is fine */

#define HTTP_NO_GROUP ((gid_t)-1)

/* Binds path (what is there is removed first), mode 0660, and gives it to group (HTTP_NO_GROUP:
 * leaves it). read_only: is told of each request by its peer. Removed by http_server_free(). */
int http_listen_unix(struct http_server *server, const char *path, gid_t group, bool read_only,
		     struct err *err);
/* Binds a socket of any type to a path that is free, mode 0660, as http_listen_unix(). */
int http_bind_unix(int fd, const struct sockaddr_un *addr, gid_t group, struct err *err);
/* address: dotted quad. port 0: the kernel picks one; *ret_port (may be NULL) is what it is. tls:
 * NULL, or what is spoken there; it must live as long as the server. */
int http_listen_tcp(struct http_server *server, const char *address, uint16_t port,
		    struct http_tls *tls, uint16_t *ret_port, struct err *err);
/* No new connections from now on; what is open goes on. */
void http_server_quiesce(struct http_server *server);

#endif
