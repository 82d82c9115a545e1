/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language of matches: which datagrams a network function wants
 * (Documentation/functions.md, "Matches"). Link ends are still names here; whoever knows the router
 * finds their ports.
 */
#ifndef VLSP_LIB_TOPO_MATCH_H
#define VLSP_LIB_TOPO_MATCH_H

#include "include/shared/function.h"
#include "lib/base/err.h"

#define TOPO_MATCH_TEXT_SIZE 256 /* of what is parsed and formatted, with the NUL */
#define TOPO_MATCH_END_SIZE  16	 /* name of a device */

struct topo_match {
	char from[TOPO_MATCH_END_SIZE]; /* link ends; "": the router's edge, if the flag is set */
	char to[TOPO_MATCH_END_SIZE];
	struct vlsp_match match; /* but for from and to */
};

/* "" and NULL: all datagrams. -EINVAL, text "at 6: 'to-r2 ' ...": place is the byte, from 1 on. */
int topo_match_parse(const char *text, struct topo_match *ret_match, struct err *err);
/* In the order of the documentation, one blank between words; returns text. */
char *topo_match_format(const struct topo_match *match, char text[TOPO_MATCH_TEXT_SIZE]);

#endif
