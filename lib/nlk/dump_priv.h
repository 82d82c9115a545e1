/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that read dumps share. */
#ifndef VLSP_LIB_NLK_DUMP_PRIV_H
#define VLSP_LIB_NLK_DUMP_PRIV_H

#include <libmnl/libmnl.h>

#include "lib/nlk/dump.h"

struct nlk_question {
	uint16_t type;	      /* RTM_GET... */
	unsigned char family; /* the first field of each of these */
	size_t head;	      /* bytes of what is behind the message's head */
};

/* Called for each message of the answer; its length has to be looked at. */
typedef void (*nlk_take_fn)(void *arg, const struct nlmsghdr *nlh);

/* 0 or -errno. */
int nlk_dump_run(int sock, const struct nlk_question *question, const struct nlk_dump *dump,
		 nlk_take_fn take, void *arg);
/* Cut at size - 1; nothing is written where it is no string. */
void nlk_copy_string(char *to, size_t size, const struct nlattr *attr);

#endif
