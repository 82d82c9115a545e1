/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output of an application, kept in RUNTIME/apps/ID.log: lines "SECONDS.MICROSECONDS o|e TEXT".
 * Its limit is of all of this: empty lines would otherwise take 21 times as much memory as is said.
 * When the next line would make it larger than it may be, it is renamed to ID.log.1 and a new one
 * begun.
 */
#ifndef VLSP_DAEMON_SUPERVISOR_LOGFILE_H
#define VLSP_DAEMON_SUPERVISOR_LOGFILE_H

#include <stddef.h>
#include <stdint.h>

#define LOGFILE_LINE 4096 /* of text; longer ones are cut into several */
#define LOGFILE_LAST 3	  /* lines that are remembered */

enum logfile_stream { LOGFILE_OUT, LOGFILE_ERR, LOGFILE_STREAMS };

struct logfile;

/* In the directory that dir is open at. A file that is there goes on. -ENOMEM, -errno. */
int logfile_new(int dir, uint32_t id, uint32_t max_bytes, struct logfile **ret_file);
/* The files stay. NULL is fine. */
void logfile_free(struct logfile *file);
void logfile_remove(int dir, uint32_t id); /* the files */

/* What was read; whole lines are written. Bytes that this has cost. */
size_t logfile_feed(struct logfile *file, enum logfile_stream stream, const char *data,
		    size_t size);
/* What is left of a line of either stream becomes one. */
void logfile_flush(struct logfile *file);
/* The last lines since logfile_begin(), with " | " between them, for people. */
void logfile_last(const struct logfile *file, char *text, size_t size);
/* The program is started anew: lines of before are not its last ones. */
void logfile_begin(struct logfile *file);

#endif
