/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors that reach a user. Convention of the tree: a function returns 0 or a positive value
 * when it succeeded and -errno when not; out-parameters (ret_*) are untouched on failure. Where
 * the reason must reach a person, the last parameter is a struct err *, which may be NULL and is
 * written on failure only. Mechanism never logs; the layer that answers somebody does, once.
 */
#ifndef VLSP_LIB_BASE_ERR_H
#define VLSP_LIB_BASE_ERR_H

#include <errno.h>

struct err {
	int code; /* positive errno; what it means over REST is decided in daemon/api */
	char text[500];
};

/* Fills *err (if not NULL) and returns -code, so that failing is one line: return err_set(...). */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set with ": strerror(code)" behind. code may be negative or positive. */
int err_errno(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts context in front of a text that is set already; returns -err->code. err may be NULL: -EIO.
 */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
