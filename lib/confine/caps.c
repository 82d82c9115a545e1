// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Capabilities, user and no_new_privs of this process, by the system calls: capset(2), prctl(2),
 * setresuid(2), in the order of capabilities(7). Called by the daemon's main, by the router process
 * before it listens to anybody, and by app.c. What is given up cannot be had again.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/confine/confine.h"

#define HEAD                                                                                       \
	{                                                                                          \
		.version = _LINUX_CAPABILITY_VERSION_3                                             \
	}

static int caps_read(uint64_t *ret_permitted, uint64_t *ret_effective)
{
	struct __user_cap_header_struct head = HEAD;
	struct __user_cap_data_struct data[2] = {0}; /* valgrind knows of one */

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	*ret_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	*ret_effective = data[0].effective | (uint64_t)data[1].effective << 32;
	return 0;
}

/* Inheritable ones go, and with them the ambient ones. */
static int caps_write(uint64_t keep)
{
	struct __user_cap_header_struct head = HEAD;
	struct __user_cap_data_struct data[2] = {
		{.permitted = (uint32_t)keep, .effective = (uint32_t)keep},
		{.permitted = (uint32_t)(keep >> 32), .effective = (uint32_t)(keep >> 32)},
	};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* What is not in the bounding set does not come back with a program of root's. */
static int bounds_narrow(uint64_t keep)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		int in = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (in < 0)
			break; /* the kernel has no more */
		if (in && !(keep & 1ull << cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

int confine_caps(uint64_t keep)
{
	uint64_t permitted, effective;
	int r = caps_read(&permitted, &effective);

	if (r < 0)
		return r;
	/* Before CAP_SETPCAP goes, and even if it is in the permitted set only. */
	if (permitted != effective)
		r = caps_write(permitted);
	if (r == 0)
		r = bounds_narrow(keep);
	return r < 0 ? r : caps_write(permitted & keep);
}

int confine_no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int confine_user_groups(uint32_t uid, uint32_t gid, const uint32_t *gids, size_t count,
			uint64_t keep)
{
	uint64_t permitted, effective;
	int r = caps_read(&permitted, &effective);

	_Static_assert(sizeof(gid_t) == sizeof(*gids), "the kernel's type");
	if (r == 0)
		r = bounds_narrow(keep);
	if (r < 0)
		return r;
	if (setgroups(count, gids) < 0 || setresgid(gid, gid, gid) < 0)
		return -errno;
	/* Without it all capabilities go with root's number, and with it the permitted ones stay.
	 */
	if (uid && (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresuid(uid, uid, uid) < 0))
		return -errno;
	r = caps_write(permitted & keep);
	if (r < 0)
		return r;
	/* Others of this number must not look into it or lead it; an exec makes that possible again
	 * for the program that starts then. */
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int confine_user(uint32_t uid, uint64_t keep)
{
	return confine_user_groups(uid, uid, NULL, 0, keep);
}
