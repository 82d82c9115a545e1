// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's own confinement: one list of capabilities, which the service file repeats
 * (packaging/systemd/vlspd.service.in; a unit test compares them). Called by the daemon's main.
 */
#include "daemon/conf/privileges.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/confine/confine.h"

#define BIT(cap) (1ull << (cap))

static const uint64_t needed =
	BIT(CAP_SYS_ADMIN) |	    /* namespaces, mounts, BPF programs and their pins */
	BIT(CAP_NET_ADMIN) |	    /* devices, addresses, filters */
	BIT(CAP_NET_RAW) |	    /* router processes: packet sockets */
	BIT(CAP_SYS_PTRACE) |	    /* which processes are in a router's namespace */
	BIT(CAP_KILL) |		    /* ends them, though they are other users' */
	BIT(CAP_SETUID) |	    /* router processes become another user */
	BIT(CAP_SETGID) |	    /* and group */
	BIT(CAP_SETPCAP) |	    /* and give up what is left */
	BIT(CAP_CHOWN) |	    /* sockets and tokens, for their groups */
	BIT(CAP_DAC_OVERRIDE) |	    /* runtime and state directories that are another user's */
	BIT(CAP_NET_BIND_SERVICE) | /* --listen with a port below 1024 */
	BIT(CAP_SYS_NICE) |	    /* the daemon goes before its routers, they before programs */
	/* For applications that run as root, such as sshd: */
	BIT(CAP_FOWNER) | BIT(CAP_SYS_CHROOT) | BIT(CAP_AUDIT_WRITE);

int privileges_limit(struct err *err)
{
	int r = geteuid() == 0 ? confine_caps(needed) : 0;

	if (r < 0)
		return err_errno(err, r, "giving up capabilities (--capabilities all keeps them)");
	r = confine_no_new_privs();
	if (r < 0)
		return err_errno(err, r, "no_new_privs");
	umask(022);
	return 0;
}
