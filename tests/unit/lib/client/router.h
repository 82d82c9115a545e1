/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network and the names of a router, without a daemon: lo as daemon/host/local_ns.c makes it,
 * and a hosts file as cli/netns.c does. Included once by each test that needs them; the process
 * stays there.
 */
#ifndef VLSP_TESTS_UNIT_LIB_CLIENT_ROUTER_H
#define VLSP_TESTS_UNIT_LIB_CLIENT_ROUTER_H

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/mark.h"
#include "lib/nlk/addr.h"
#include "lib/nlk/link.h"

#define ROUTER_NAME    "london"
#define ROUTER_ADDRESS 0x0a000001 /* 10.0.0.1 */

static bool router_enter(const char *hosts)
{
	char path[] = "/tmp/vlsp-test.XXXXXX", mark[MARK_SIZE];
	const struct nlk_link_change up = {.set = NLK_LINK_UP | NLK_LINK_ALIAS, .alias = mark};
	struct nlk_batch batch;
	int fd, sock;

	if (geteuid() != 0)
		return false;
	assert_return_code(unshare(CLONE_NEWNET | CLONE_NEWNS), errno);
	assert_return_code(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), errno);
	fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, hosts, strlen(hosts)) == (ssize_t)strlen(hosts));
	assert_return_code(mount(path, "/etc/hosts", NULL, MS_BIND, NULL), errno);
	unlink(path);
	close(fd);

	mark_router(mark, "test", ROUTER_NAME);
	nlk_batch_init(&batch);
	nlk_link_set(&batch, 1, &up);
	nlk_addr_add(&batch, 1, ROUTER_ADDRESS, 32, "lo");
	sock = nlk_open();
	assert_int_equal(nlk_batch_send(&batch, sock, NULL, NULL), 0);
	close(sock);
	nlk_batch_done(&batch);
	return true;
}

#endif
