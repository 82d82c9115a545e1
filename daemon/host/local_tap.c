// SPDX-License-Identifier: GPL-2.0-or-later
/* TAP devices on the host, for virtual machines to attach to (tun.txt of the kernel). */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "daemon/host/local_iface.h"
#include "lib/base/cleanup.h"

int local_tap_owner(const char *owner, unsigned *ret_uid)
{
	struct passwd entry, *found = NULL;
	char buf[4096], *end;
	unsigned long number;

	if (!owner[0]) {
		*ret_uid = 0;
		return 0;
	}
	if (getpwnam_r(owner, &entry, buf, sizeof(buf), &found) == 0 && found) {
		*ret_uid = entry.pw_uid;
		return 0;
	}
	errno = 0;
	number = strtoul(owner, &end, 10);
	if (errno || *end || number >= 0xffffffff)
		return -ENOENT;
	*ret_uid = (unsigned)number;
	return 0;
}

int local_tap_make(const char *name, const char *owner)
{
	cleanup_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL};
	unsigned uid;
	int r = local_tap_owner(owner, &uid);

	if (r < 0)
		return r;
	if (fd < 0)
		return -errno;
	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return errno == EBUSY || errno == EINVAL ? -EEXIST : -errno;
	if (ioctl(fd, TUNSETOWNER, (unsigned long)uid) < 0 || ioctl(fd, TUNSETPERSIST, 1UL) < 0)
		return -errno; /* it goes with the descriptor */
	return 0;
}
