// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading back what batch.c and its builders have made, or somebody else. What the kernel answers
 * is checked like anything from outside: a message that is too short is passed over. Called by
 * daemon/host.
 */
#include "lib/nlk/dump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "lib/nlk/dump_priv.h"
#include "lib/nlk/message.h"

#define ERRNO_MAX	4095 /* MAX_ERRNO of the kernel */
#define BUF_SIZE	32768
#define TRIES		8
#define FILTERS_AT_ONCE 64
#define MESSAGE_SIZE	128	  /* of a question */
#define NOT_STATISTICS	(1u << 3) /* RTEXT_FILTER_SKIP_STATS */

static __thread uint32_t sequence;

static int send_all(int sock, const void *buf, size_t length)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t n;

	do {
		n = sendto(sock, buf, length, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static ssize_t receive(int sock, char buf[BUF_SIZE])
{
	struct sockaddr_nl from = {0};
	struct iovec iov = {.iov_base = buf, .iov_len = BUF_SIZE};
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, 0);
	} while ((n < 0 && errno == EINTR) || (n >= 0 && from.nl_pid != 0));
	if (n >= 0 && (msg.msg_flags & MSG_TRUNC))
		return -EMSGSIZE;
	return n < 0 ? -errno : n == 0 ? -ECONNRESET : n;
}

/* A number that is no -errno is none of the kernel's. */
static int error_of(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(nlh);
	int error = mnl_nlmsg_get_payload_len(nlh) >= sizeof(int) ? ack->error : -EBADMSG;

	return error >= -ERRNO_MAX && error <= 0 ? error : -EBADMSG;
}

/* --- dumps -------------------------------------------------------------------------------------
 */

struct reader {
	const struct nlk_dump *dump;
	nlk_device_fn device;
	nlk_address_fn address;
	nlk_route_fn route;
};

/* 0, -EAGAIN: to be asked again, -errno. */
static int dump_receive(int sock, uint32_t seq, nlk_take_fn take, void *arg)
{
	char buf[BUF_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool disturbed = false;

	for (;;) {
		const struct nlmsghdr *nlh;
		ssize_t n = receive(sock, buf);
		size_t at = 0;

		if (n < 0)
			return (int)n;
		while ((nlh = nlk_message_next(buf, (size_t)n, &at))) {
			if (nlh->nlmsg_seq != seq)
				continue;
			disturbed = disturbed || (nlh->nlmsg_flags & NLM_F_DUMP_INTR);
			if (nlh->nlmsg_type == NLMSG_ERROR) /* what is no error ends no dump */
				return error_of(nlh) < 0 ? error_of(nlh) : -EBADMSG;
			if (nlh->nlmsg_type == NLMSG_DONE) {
				int r = error_of(nlh); /* begins with the same number */

				return r < 0 ? r : disturbed ? -EAGAIN : 0;
			}
			take(arg, nlh);
		}
	}
}

int nlk_dump_run(int sock, const struct nlk_question *question, const struct nlk_dump *dump,
		 nlk_take_fn take, void *arg)
{
	uint16_t type = question->type;
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && r == -EAGAIN; i++) {
		char buf[MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO))) = {0};
		struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
		unsigned char *family;

		nlh->nlmsg_type = type;
		nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		nlh->nlmsg_seq = ++sequence;
		family = mnl_nlmsg_put_extra_header(nlh, question->head);
		*family = question->family; /* the first field of each */
		if (type == RTM_GETLINK)
			mnl_attr_put_u32(nlh, IFLA_EXT_MASK, NOT_STATISTICS);
		if (i > 0 && dump->restart)
			dump->restart(dump->arg);
		r = send_all(sock, buf, nlh->nlmsg_len);
		if (r == 0)
			r = dump_receive(sock, nlh->nlmsg_seq, take, arg);
	}
	return r;
}

void nlk_copy_string(char *to, size_t size, const struct nlattr *attr)
{
	if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return;
	strncpy(to, mnl_attr_get_str(attr), size - 1);
	to[size - 1] = '\0';
}

static bool device_parse(const struct nlmsghdr *nlh, struct nlk_device *device)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return false;
	memset(device, 0, sizeof(*device));
	device->index = (uint32_t)ifi->ifi_index;
	device->up = ifi->ifi_flags & IFF_UP;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == IFLA_IFNAME)
			nlk_copy_string(device->name, sizeof(device->name), attr);
		else if (type == IFLA_IFALIAS)
			nlk_copy_string(device->alias, sizeof(device->alias), attr);
		else if (type == IFLA_ADDRESS &&
			 mnl_attr_get_payload_len(attr) == sizeof(device->mac))
			memcpy(device->mac, mnl_attr_get_payload(attr), sizeof(device->mac));
		else if (type == IFLA_MTU && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			device->mtu = mnl_attr_get_u32(attr);
	}
	return true;
}

static void take_device(void *arg, const struct nlmsghdr *nlh)
{
	struct reader *reader = arg;
	struct nlk_device device;

	if (device_parse(nlh, &device))
		reader->device(reader->dump->arg, &device);
}

int nlk_dump_devices(int sock, const struct nlk_dump *dump, nlk_device_fn fn)
{
	static const struct nlk_question question = {RTM_GETLINK, AF_UNSPEC,
						     sizeof(struct ifinfomsg)};
	struct reader reader = {.dump = dump, .device = fn};

	return nlk_dump_run(sock, &question, dump, take_device, &reader);
}

static uint32_t get_address(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) < 0 ? 0 : ntohl(mnl_attr_get_u32(attr));
}

static void take_address(void *arg, const struct nlmsghdr *nlh)
{
	struct reader *reader = arg;
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct nlk_address address;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) ||
	    ifa->ifa_family != AF_INET)
		return;
	address = (struct nlk_address){.index = ifa->ifa_index, .prefix_len = ifa->ifa_prefixlen};
	mnl_attr_for_each(attr, nlh, sizeof(*ifa))
	{
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			address.address = get_address(attr);
	}
	reader->address(reader->dump->arg, &address);
}

int nlk_dump_addresses(int sock, const struct nlk_dump *dump, nlk_address_fn fn)
{
	static const struct nlk_question question = {RTM_GETADDR, AF_INET,
						     sizeof(struct ifaddrmsg)};
	struct reader reader = {.dump = dump, .address = fn};

	return nlk_dump_run(sock, &question, dump, take_address, &reader);
}

static void take_route(void *arg, const struct nlmsghdr *nlh)
{
	struct reader *reader = arg;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct nlk_route route;

	if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm) ||
	    rtm->rtm_family != AF_INET || rtm->rtm_table != RT_TABLE_MAIN)
		return;
	route = (struct nlk_route){.prefix_len = rtm->rtm_dst_len};
	mnl_attr_for_each(attr, nlh, sizeof(*rtm))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == RTA_DST)
			route.network = get_address(attr);
		else if (type == RTA_PREFSRC)
			route.source = get_address(attr);
		else if (type == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			route.index = mnl_attr_get_u32(attr);
	}
	reader->route(reader->dump->arg, &route);
}

int nlk_dump_routes(int sock, const struct nlk_dump *dump, nlk_route_fn fn)
{
	static const struct nlk_question question = {RTM_GETROUTE, AF_INET, sizeof(struct rtmsg)};
	struct reader reader = {.dump = dump, .route = fn};

	return nlk_dump_run(sock, &question, dump, take_route, &reader);
}

/* --- single questions --------------------------------------------------------------------------
 */

int nlk_device_get(int sock, uint32_t index, struct nlk_device *ret_device)
{
	char buf[BUF_SIZE] __attribute__((aligned(NLMSG_ALIGNTO))) = {0};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	uint32_t seq = ++sequence;
	struct ifinfomsg *ifi;
	int r;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)index;
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, NOT_STATISTICS);
	r = send_all(sock, buf, nlh->nlmsg_len);
	while (r == 0) {
		ssize_t n = receive(sock, buf);
		const struct nlmsghdr *answer;
		size_t at = 0;

		if (n < 0)
			return (int)n;
		while ((answer = nlk_message_next(buf, (size_t)n, &at))) {
			if (answer->nlmsg_seq != seq)
				continue;
			if (answer->nlmsg_type == NLMSG_ERROR)
				return error_of(answer) < 0 ? error_of(answer) : -EBADMSG;
			return device_parse(answer, ret_device) ? 0 : -EBADMSG;
		}
	}
	return r;
}

static void put_filter(char *buf, size_t *length, const struct nlk_filter *filter, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf + *length);
	struct tcmsg *tcm;

	nlh->nlmsg_type = RTM_GETTFILTER;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	tcm->tcm_ifindex = (int)filter->index;
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT, filter->side == NLK_TC_INGRESS ? TC_H_MIN_INGRESS
										: TC_H_MIN_EGRESS);
	tcm->tcm_handle = 1;
	tcm->tcm_info = TC_H_MAKE(NLK_TC_PREFERENCE << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(nlh, TCA_KIND, "bpf");
	*length += MNL_ALIGN(nlh->nlmsg_len);
}

static uint32_t prog_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr, *option;
	uint32_t prog = 0, flags = 0;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct tcmsg))
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(struct tcmsg))
	{
		if (mnl_attr_get_type(attr) != TCA_OPTIONS)
			continue;
		mnl_attr_for_each_nested(option, attr)
		{
			uint16_t type = mnl_attr_get_type(option);

			if (type == TCA_BPF_ID && mnl_attr_validate(option, MNL_TYPE_U32) >= 0)
				prog = mnl_attr_get_u32(option);
			if (type == TCA_BPF_FLAGS && mnl_attr_validate(option, MNL_TYPE_U32) >= 0)
				flags = mnl_attr_get_u32(option);
		}
	}
	return flags & TCA_BPF_FLAG_ACT_DIRECT ? prog : 0;
}

/* Each question has one answer: the classifier, or why there is none. */
static int filters_receive(int sock, uint32_t first, struct nlk_filter *filters, size_t count)
{
	char buf[BUF_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t answered = 0;

	while (answered < count) {
		const struct nlmsghdr *nlh;
		ssize_t n = receive(sock, buf);
		size_t at = 0;

		if (n < 0)
			return (int)n;
		while ((nlh = nlk_message_next(buf, (size_t)n, &at))) {
			uint32_t i = nlh->nlmsg_seq - first;

			if (i >= count)
				continue;
			answered++;
			if (nlh->nlmsg_type == RTM_NEWTFILTER)
				filters[i].prog = prog_of(nlh);
		}
	}
	return 0;
}

int nlk_filters_get(int sock, struct nlk_filter *filters, size_t count)
{
	int r = 0;

	while (r == 0 && count > 0) {
		char buf[FILTERS_AT_ONCE * MESSAGE_SIZE]
			__attribute__((aligned(NLMSG_ALIGNTO))) = {0};
		size_t n = count < FILTERS_AT_ONCE ? count : FILTERS_AT_ONCE, length = 0;
		uint32_t first = sequence + 1;

		for (size_t i = 0; i < n; i++) {
			filters[i].prog = 0;
			put_filter(buf, &length, &filters[i], ++sequence);
		}
		r = send_all(sock, buf, length);
		if (r == 0)
			r = filters_receive(sock, first, filters, n);
		filters += n;
		count -= n;
	}
	return r;
}
