/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How busy this machine is, as far as it makes processes late. */
#ifndef VLSP_DAEMON_ROUTER_LOAD_H
#define VLSP_DAEMON_ROUTER_LOAD_H

#include <stdint.h>

/* How long a runnable task may wait for a processor now; 0 when the machine keeps up, or when
 * nobody can tell. Reads /proc/loadavg. */
uint64_t load_wait_ns(void);

/* The same from the text of /proc/loadavg (proc_loadavg(5)) and the number of processors. Pure. */
uint64_t load_parse(const char *text, unsigned processors);

#endif
