// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Giving up root. Called by router.c between opening its sockets and talking to anybody. No
 * capability is kept, not even CAP_NET_RAW: packet, raw and netlink sockets were opened, sending
 * and receiving by them is not asked again, and a router opens no other.
 */
#include "daemon/router/drop.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/confine/confine.h"

static int enter_dir_of(const char *socket, const char **ret_name, struct err *err)
{
	const char *slash = strrchr(socket, '/');
	char dir[PATH_MAX];

	if (!slash) {
		*ret_name = socket;
		return 0;
	}
	if ((size_t)(slash - socket) >= sizeof(dir))
		return err_errno(err, ENAMETOOLONG, "%s", socket);
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - socket) + (slash == socket), socket);
	if (chdir(dir) < 0)
		return err_errno(err, errno, "%s", dir);
	*ret_name = slash + 1;
	return 0;
}

int drop_root(uint32_t uid, const char *socket, const char **ret_socket, struct err *err)
{
	const char *name = socket;
	int r;

	if (uid == 0) {
		*ret_socket = socket;
		return 0;
	}
	r = enter_dir_of(socket, &name, err);
	if (r < 0)
		return r;
	r = confine_user(uid, 0);
	if (r == 0)
		r = confine_caps(0);
	if (r == 0)
		r = confine_no_new_privs();
	if (r < 0)
		return err_errno(err, r, "becoming user %u", uid);
	*ret_socket = name;
	return 0;
}
