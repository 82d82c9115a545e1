/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link to an application (lib/client/app_link.h): what it reports, asks and is told. What it
 * sends is not to be believed, and may be as much as it likes. Values stay from run to run; the
 * rest is of one.
 */
#ifndef VLSP_DAEMON_SUPERVISOR_LINK_H
#define VLSP_DAEMON_SUPERVISOR_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/client/app_link.h"
#include "lib/loop/loop.h"

#define LINK_VALUES 64 /* that it may report, and that may wait for it */
#define LINK_ASKS   16 /* that it may have open */

struct link;

struct link_ops {
	void (*ready)(void *arg);
	void (*values)(void *arg); /* they have changed; told at intervals */
	void (*ask)(void *arg, uint32_t ask, const char *packet, size_t size);
};

/* -ENOMEM. ops and arg stay the caller's. */
int link_new(struct loop *loop, const struct link_ops *ops, void *arg, struct link **ret_link);
void link_free(struct link *link); /* NULL is fine */

/* A run begins: *ret_fd is the program's end, to be closed by the caller. Ends what was before. */
int link_open(struct link *link, int *ret_fd);
void link_close(struct link *link);

/* Given as soon as it takes it; a later value of a key replaces one that waits. -ENOTCONN, -EAGAIN:
 * too many wait; -EINVAL: no such key, or the value is too long. */
int link_set(struct link *link, const char *text, size_t size);
/* The answer to that ask, with descriptors, which stay the caller's. -ENOENT: nobody waits for it;
 * -errno. */
int link_answer(struct link *link, uint32_t ask, const char *text, size_t size, const int *fds,
		size_t count);
/* Another daemon is there: what the one before has not answered is asked again, by the same number,
 * unless the application has given up waiting for it. */
void link_ask_again(struct link *link);
/* "KEY=VALUE\n"... of all, and a NUL; the size without it. text: at least LINK_TEXT bytes. */
#define LINK_TEXT (LINK_VALUES * (APP_LINK_KEY + APP_LINK_VALUE) + 1)
bool link_has_values(const struct link *link);
size_t link_values(const struct link *link, char *text);

#endif
