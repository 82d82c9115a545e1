// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Received netlink messages. Pure: bytes in, messages out. Used by batch.c and by daemon/host,
 * which listens for devices that go.
 */
#include "lib/nlk/message.h"

#include <linux/rtnetlink.h>

const struct nlmsghdr *nlk_message_next(const void *data, size_t size, size_t *at_inout)
{
	const struct nlmsghdr *nlh;
	size_t at = *at_inout;

	if (at > size || size - at < sizeof(*nlh))
		return NULL;
	nlh = (const struct nlmsghdr *)((const char *)data + at);
	if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > size - at)
		return NULL;
	*at_inout = at + NLMSG_ALIGN((size_t)nlh->nlmsg_len);
	return nlh;
}

const void *nlk_message_payload(const struct nlmsghdr *nlh, size_t *ret_size)
{
	*ret_size = nlh->nlmsg_len - NLMSG_HDRLEN;
	return (const char *)nlh + NLMSG_HDRLEN;
}

bool nlk_message_link_gone(const void *data, size_t size, uint32_t index)
{
	const struct nlmsghdr *nlh;
	size_t at = 0, length;

	while ((nlh = nlk_message_next(data, size, &at))) {
		const struct ifinfomsg *info = nlk_message_payload(nlh, &length);

		if (nlh->nlmsg_type == RTM_DELLINK && length >= sizeof(*info) &&
		    info->ifi_index >= 0 && (uint32_t)info->ifi_index == index)
			return true;
	}
	return false;
}
