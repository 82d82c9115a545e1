/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file system under SQLite that fails on demand: everything passes through to the default one,
 * and what changes a file is counted. */
#ifndef VLSP_TESTS_STORE_FAULT_VFS_H
#define VLSP_TESTS_STORE_FAULT_VFS_H

#include <stdbool.h>

struct fault {
	int count;   /* changes of files so far: writes, syncs, truncations */
	int fail_at; /* the count that fails; 0: none */
	int code;    /* SQLITE_FULL, SQLITE_IOERR_WRITE, ...; for a sync SQLITE_IOERR_FSYNC */
	bool on;     /* and all that follow */
	bool after;  /* fails although it was done */
	bool syncs;  /* only syncs count; with on, all fails after the one that failed */
};
extern struct fault fault;

void fault_vfs_install(void); /* becomes the default; once */

#endif
