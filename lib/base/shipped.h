/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes with VLSP beside the daemon and the command line: programs, and the applications. */
#ifndef VLSP_LIB_BASE_SHIPPED_H
#define VLSP_LIB_BASE_SHIPPED_H

#include <stddef.h>

#include "lib/base/err.h"

/* The directory with vlsp-router: beside the program that asks, or where make install puts it.
 * 0 or -ENOENT. */
int shipped_find(char *path, size_t size, struct err *err);

/* The applications in dir: name, a line about it ("": none is known), the next name, ..., NULL.
 * None where dir cannot be read. NULL: out of memory. To be freed by shipped_free(), which takes
 * NULL, too. */
char **shipped_read(const char *dir);
void shipped_free(char **list);

#endif
