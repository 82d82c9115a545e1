/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is being got: it is written beside, under another name, and takes its place when it
 * is whole. Until then, and if it never is, what was there before stays as it is.
 */
#ifndef VLSP_APPS_TFTP_FILE_H
#define VLSP_APPS_TFTP_FILE_H

#include <limits.h>
#include <stdbool.h>

struct tftp_file {
	char name[PATH_MAX];   /* links followed */
	char beside[PATH_MAX]; /* "": it is no file (a device, a pipe), and written to as it is */
	int fd;
};

/* A descriptor to write to, in file->fd. -errno: nothing is there then that was not before. */
int tftp_file_begin(struct tftp_file *file, const char *name);
/* Closes it. whole: it takes its place; else, or on -errno, nothing is left of it. */
int tftp_file_end(struct tftp_file *file, bool whole);

#endif
