/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shipped applications, as a daemon of the same installation would have them. */
#ifndef VLSP_CLI_SHIPPED_H
#define VLSP_CLI_SHIPPED_H

/* As topo_files.shipped; NULL: they are not installed here, or cannot be looked at. */
char **shipped_read(void);
void shipped_free(char **list); /* NULL is fine */

#endif
