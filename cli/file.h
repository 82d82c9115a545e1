/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Topology files as arguments: FILE or "-". */
#ifndef VLSP_CLI_FILE_H
#define VLSP_CLI_FILE_H

#include <stddef.h>

#include "cli/cli.h"
#include "lib/topo/doc.h"

/* Reads a whole file ("-": standard input). 0 and *ret_text (the caller frees it), or the exit code
 * after the reason was printed: no file, a directory, empty, larger than TOPO_FILE_MAX. */
int file_read(struct cli *cli, const char *name, char **ret_text, size_t *ret_size);
/* The same of a topology file: files that its traces name are read, too, relative to it, and then
 * the text is that of one with their data. */
int file_read_topology(struct cli *cli, const char *name, char **ret_text, size_t *ret_size);
/* The same of a file of events. */
int file_read_events(struct cli *cli, const char *name, char **ret_text, size_t *ret_size);
/* For topo_read_files(): arg is a struct file_place. */
struct file_place {
	const char *name; /* of the file that names others; "-": the working directory */
	unsigned count;	  /* of those that were read */
};
int file_read_named(void *arg, const char *path, char **ret_text, size_t *ret_size,
		    struct err *err);
/* What messages call it: "-" is "stdin". */
const char *file_source(const char *name);
/* Writes to name, or to cli->out when name is NULL or "-". 0 or the exit code. */
int file_write(struct cli *cli, const char *name, const char *text, size_t size);
/* --format, otherwise by the suffix of -o FILE, otherwise (stdout, no suffix) yaml. 0, or the exit
 * code after the reason was printed: a suffix of no format. */
int file_format(const struct cli *cli, enum topo_format *ret_format);

extern const char *const file_formats[]; /* NULL-terminated */

#endif
