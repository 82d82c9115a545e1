/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is at the other end of a connection, as far as the kernel or TLS vouches for it. What that
 * allows is decided by the handler of requests (daemon/api/auth.c).
 */
#ifndef VLSP_LIB_HTTP_PEER_H
#define VLSP_LIB_HTTP_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum http_peer_kind { HTTP_PEER_UNIX, HTTP_PEER_TCP, HTTP_PEER_TLS };

struct http_peer {
	enum http_peer_kind kind;
	/* UNIX: credentials of the process that connected (SO_PEERCRED, SO_PEERGROUPS) */
	uid_t uid;
	gid_t gid;
	pid_t pid;
	bool read_only; /* came by a socket that is for reading only */
	bool stranger;	/* neither root, nor our own user, nor in the group of the socket */
	char user[33];	/* name of uid in /etc/passwd; "": none */
	/* TCP, TLS */
	uint32_t ip;	  /* host byte order */
	char address[24]; /* "ADDRESS:PORT" */
	char local[16];	  /* the address of ours that it came to */
	/* TLS: the client's certificate, of the authority that was set */
	bool certified;
	char subject[65]; /* its common name */
	bool unit_admin;  /* organizational units of its subject: HTTP_UNIT_* */
	bool unit_read_only;
};

#define HTTP_UNIT_ADMIN	    "vlsp-admin"
#define HTTP_UNIT_READ_ONLY "vlsp-read-only"

#define HTTP_NAMES 16

/* Users whose names were looked up lately; all zeros at first. */
struct http_names {
	struct {
		uid_t uid;
		uint64_t until_ns; /* 0: free */
		char name[33];
	} slots[HTTP_NAMES];
	unsigned next;
};

/* A connected unix socket; gid: the group that may use it. 0 or -errno. */
int http_peer_unix(int fd, gid_t gid, struct http_names *names, struct http_peer *ret_peer);
/* A connected TCP socket, plain or before TLS. */
void http_peer_tcp(int fd, const struct sockaddr_storage *addr, struct http_peer *ret_peer);

#endif
