/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's id of a BPF map. */
#ifndef VLSP_DAEMON_ROUTER_MAP_ID_H
#define VLSP_DAEMON_ROUTER_MAP_ID_H

#include <stdint.h>

/* 0: fd is not a map's, or the kernel does not say. Needs no privileges. */
uint32_t map_id(int fd);

#endif
