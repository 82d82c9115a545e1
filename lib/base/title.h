/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc/PID/cmdline shows: the words that the process was started with are written over. */
#ifndef VLSP_LIB_BASE_TITLE_H
#define VLSP_LIB_BASE_TITLE_H

/* To be called first, with what main() got. The environment is given up: its place is used. */
void title_init(int argc, char **argv);
/* Shows text; cut off if there is no room for it. */
void title_set(const char *text);

#endif
