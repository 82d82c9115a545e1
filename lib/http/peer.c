// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Credentials of a connection's other end. Called by server.c for each connection. Names are looked
 * up in /etc/passwd only: a directory service that is slow would hold up the loop.
 */
#include "lib/http/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define NAME_KEPT_NS (60 * NSEC_PER_SEC)

static void read_name(uid_t uid, char name[33])
{
	cleanup_fclose FILE *file = fopen("/etc/passwd", "re");
	struct passwd entry, *found;
	char buf[1024];

	name[0] = '\0';
	while (file && fgetpwent_r(file, &entry, buf, sizeof(buf), &found) == 0)
		if (found->pw_uid == uid) {
			snprintf(name, 33, "%s", found->pw_name);
			return;
		}
}

static const char *name_of(struct http_names *names, uid_t uid)
{
	uint64_t now = clock_mono_ns();
	unsigned i;

	for (i = 0; i < HTTP_NAMES; i++)
		if (names->slots[i].uid == uid && names->slots[i].until_ns > now)
			return names->slots[i].name;
	i = names->next++ % HTTP_NAMES;
	names->slots[i].uid = uid;
	names->slots[i].until_ns = now + NAME_KEPT_NS;
	read_name(uid, names->slots[i].name);
	return names->slots[i].name;
}

/* The groups that the process had when it connected, not those that its user has now. */
static bool is_in_group(int fd, gid_t own, gid_t gid)
{
	cleanup_free gid_t *groups = NULL;
	socklen_t len = 0;

	if (own == gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
		return false;
	groups = malloc(len);
	if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(*groups); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

int http_peer_unix(int fd, gid_t gid, struct http_names *names, struct http_peer *ret_peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	*ret_peer = (struct http_peer){
		.kind = HTTP_PEER_UNIX, .uid = cred.uid, .gid = cred.gid, .pid = cred.pid};
	ret_peer->stranger = cred.uid != 0 && cred.uid != geteuid() &&
			     !is_in_group(fd, cred.gid, gid);
	snprintf(ret_peer->user, sizeof(ret_peer->user), "%s", name_of(names, cred.uid));
	return 0;
}

void http_peer_tcp(int fd, const struct sockaddr_storage *addr, struct http_peer *ret_peer)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
	struct sockaddr_in here = {0};
	socklen_t len = sizeof(here);
	char text[INET_ADDRSTRLEN] = "";

	*ret_peer = (struct http_peer){.kind = HTTP_PEER_TCP, .ip = ntohl(in->sin_addr.s_addr)};
	inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
	snprintf(ret_peer->address, sizeof(ret_peer->address), "%s:%u", text, ntohs(in->sin_port));
	if (getsockname(fd, (struct sockaddr *)&here, &len) == 0)
		inet_ntop(AF_INET, &here.sin_addr, ret_peer->local, sizeof(ret_peer->local));
}
