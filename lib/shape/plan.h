/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a shape that people wrote to what emulates it. Pure: by the shape and by what the machine
 * can do. Who does what is explained in Documentation/link-emulation.md, "Back ends".
 */
#ifndef VLSP_LIB_SHAPE_PLAN_H
#define VLSP_LIB_SHAPE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "include/shared/maps.h"
#include "lib/base/err.h"
#include "lib/topo/doc.h"

#define SHAPE_LIMIT_DEFAULT 1000 /* datagrams, as a Linux device has */
#define SHAPE_TEXT_SIZE	    48

enum shape_can {
	SHAPE_CAN_TBF = 1 << 0,	  /* sch_tbf and sch_fifo */
	SHAPE_CAN_NETEM = 1 << 1, /* sch_netem */
	SHAPE_CAN_RELAY = 1 << 2, /* ring buffers, packet sockets, the program itself */
};

/* Which qdiscs the sending device has, from its root on. */
enum shape_tc { SHAPE_TC_NONE, SHAPE_TC_TBF, SHAPE_TC_NETEM, SHAPE_TC_NETEM_TBF };

struct shape_plan {
	bool shaped;		    /* anything is emulated: frames must be real packets */
	bool fates, relay;	    /* vlsp_shape is needed; the relay is */
	enum shape_tc tc;	    /* the rest */
	bool tc_fates;		    /* netem has loss, duplicate, corrupt, too */
	char text[SHAPE_TEXT_SIZE]; /* for people: "tc", "bpf, relay"; "": nothing */
};

/* 0, or -EOPNOTSUPP: nothing of what can is there does it; err names property and what is missing.
 * can: enum shape_can. */
int shape_plan(const struct topo_shape *shape, unsigned can, struct shape_plan *ret_plan,
	       struct err *err);

/*
 * The record for the programs and the relay. Its numbers depend on the seed, the link's name and
 * the direction (0: A to B); without a seed on unseeded, which is to be random. epoch stays 0.
 */
void shape_record(const struct topo_shape *shape, const struct shape_plan *plan, const char *link,
		  uint32_t link_id, int direction, uint64_t unseeded,
		  struct vlsp_shape *ret_record);

#endif
