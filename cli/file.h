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
/* What messages call it: "-" is "stdin". */
const char *file_source(const char *name);
/* Writes to name, or to cli->out when name is NULL or "-". 0 or the exit code. */
int file_write(struct cli *cli, const char *name, const char *text, size_t size);
/* --format, otherwise by the suffix of -o FILE, otherwise (stdout, no suffix) yaml. 0, or the exit
 * code after the reason was printed: a suffix of no format. */
int file_format(const struct cli *cli, enum topo_format *ret_format);

extern const char *const file_formats[]; /* NULL-terminated */

#endif
