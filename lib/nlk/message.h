/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walking what a netlink socket received: every message that is handed out lies within the bytes.
 */
#ifndef VLSP_LIB_NLK_MESSAGE_H
#define VLSP_LIB_NLK_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

/*
 * The message at *at_inout (0 at first), which moves behind it; NULL at the end, or where a length
 * makes no sense. data: aligned for a struct nlmsghdr. (mnl_nlmsg_ok() of libmnl before 1.0.5 takes
 * a length of 2 GiB and more for a negative number, and so for one that fits.)
 */
const struct nlmsghdr *nlk_message_next(const void *data, size_t size, size_t *at_inout);

/* What is behind the message's head; *ret_size: its bytes without padding. */
const void *nlk_message_payload(const struct nlmsghdr *nlh, size_t *ret_size);

/* Whether one of the messages says that the device of that index is no more (RTM_DELLINK). */
bool nlk_message_link_gone(const void *data, size_t size, uint32_t index);

#endif
