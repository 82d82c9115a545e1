// SPDX-License-Identifier: GPL-2.0-or-later
/* The link to an application (link.h). Called by app.c and talk.c. */
#include "daemon/supervisor/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/supervisor/budget.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"

#define AT_A_TIME   16		   /* packets */
#define PER_WINDOW  200		   /* packets */
#define TELL_NS	    (100000000ull) /* between two times that values are told */
#define SET_PREFIX  "SET\n"
#define DATA_PREFIX "DATA\n"
#define ASK_PREFIX  "INTERCEPT="

struct pair {
	char key[APP_LINK_KEY];
	char value[APP_LINK_VALUE];
};

struct pairs {
	struct pair *list;
	size_t count;
};

struct asked {
	uint32_t ask; /* 0: none */
	uint64_t at_ns;
	char *packet;
	size_t size;
};

struct link {
	struct loop *loop;
	const struct link_ops *ops;
	void *arg;
	struct pairs values;  /* that it reported */
	struct pairs waiting; /* that it is to be given */
	struct loop_timer *tell, *again;
	uint64_t told_ns;
	int sock; /* -1: no run, or it has closed its end */
	struct loop_source *source;
	bool paused;
	struct budget budget;
	uint32_t asked;		      /* ever */
	struct asked asks[LINK_ASKS]; /* that are open */
};

/* --- keys and values -------------------------------------------------------------------------- */

static int pair_parse(const char *text, size_t size, struct pair *ret_pair)
{
	const char *equals = memchr(text, '=', size);
	size_t n = equals ? (size_t)(equals - text) : 0;

	if (!equals || !app_link_key_ok(text, n) || size - n - 1 >= APP_LINK_VALUE)
		return -EINVAL;
	snprintf(ret_pair->key, sizeof(ret_pair->key), "%.*s", (int)n, text);
	snprintf(ret_pair->value, sizeof(ret_pair->value), "%.*s", (int)(size - n - 1), equals + 1);
	utf8_clean(ret_pair->value); /* it is shown to people, a line each */
	return 0;
}

static int pairs_set(struct pairs *pairs, const struct pair *pair)
{
	struct pair *more;

	for (size_t i = 0; i < pairs->count; i++)
		if (strcmp(pairs->list[i].key, pair->key) == 0) {
			pairs->list[i] = *pair;
			return 0;
		}
	if (pairs->count == LINK_VALUES)
		return -EAGAIN;
	more = reallocarray(pairs->list, pairs->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	pairs->list = more;
	pairs->list[pairs->count++] = *pair;
	return 0;
}

static void pairs_clear(struct pairs *pairs)
{
	free(pairs->list);
	*pairs = (struct pairs){0};
}

/* --- what it says ----------------------------------------------------------------------------- */

static void tell(void *arg)
{
	struct link *link = arg;

	link->told_ns = clock_mono_ns();
	link->ops->values(link->arg);
}

static void take_data(struct link *link, const char *text, size_t size)
{
	struct pair pair;

	if (pair_parse(text, size, &pair) < 0 || pairs_set(&link->values, &pair) < 0)
		return;
	loop_timer_set(link->tell, link->told_ns + TELL_NS);
}

static void asked_done(struct asked *asked)
{
	free(asked->packet);
	*asked = (struct asked){0};
}

static void take_ask(struct link *link, const char *packet, size_t size)
{
	for (size_t i = 0; i < LINK_ASKS; i++) {
		struct asked *asked = &link->asks[i];

		if (asked->ask)
			continue;
		asked->packet = malloc(size);
		if (!asked->packet) { /* it gives up waiting after a while */
			log_warn("an application's question is dropped: out of memory");
			return;
		}
		memcpy(asked->packet, packet, size);
		asked->size = size;
		asked->at_ns = clock_mono_ns();
		if (++link->asked == 0)
			link->asked = 1;
		asked->ask = link->asked;
		link->ops->ask(link->arg, asked->ask, packet, size);
		return;
	}
	log_debug("an application asks more than %d things at once", LINK_ASKS);
}

static bool begins(const char *packet, size_t size, const char *with, size_t *ret_n)
{
	*ret_n = strlen(with);
	return size >= *ret_n && memcmp(packet, with, *ret_n) == 0;
}

static void take(struct link *link, const char *packet, size_t size)
{
	size_t n;

	if (memchr(packet, '\0', size))
		return;
	if (begins(packet, size, "READY=1", &n))
		link->ops->ready(link->arg);
	else if (begins(packet, size, DATA_PREFIX, &n))
		take_data(link, packet + n, size - n);
	else if (begins(packet, size, ASK_PREFIX, &n))
		take_ask(link, packet, size);
}

/* --- the socket ------------------------------------------------------------------------------- */

static void listen_for(struct link *link)
{
	uint32_t events = link->paused ? 0 : EPOLLIN;

	if (link->waiting.count)
		events |= EPOLLOUT;
	if (link->source)
		(void)loop_mod(link->source, events);
}

static void again(void *arg)
{
	struct link *link = arg;

	link->paused = false;
	listen_for(link);
}

static void flush(struct link *link)
{
	char text[sizeof(SET_PREFIX) + APP_LINK_KEY + APP_LINK_VALUE];
	size_t done = 0;

	for (; done < link->waiting.count; done++) {
		const struct pair *pair = &link->waiting.list[done];
		int n = snprintf(text, sizeof(text), SET_PREFIX "%s=%s", pair->key, pair->value);

		if (send(link->sock, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break; /* it is told later, or there is nobody any more */
	}
	link->waiting.count -= done;
	memmove(link->waiting.list, link->waiting.list + done,
		link->waiting.count * sizeof(struct pair));
}

static void socket_ready(void *arg, uint32_t events)
{
	static char packet[APP_LINK_MAX + 1];
	struct link *link = arg;
	ssize_t n = -1;

	if (events & EPOLLOUT && link->waiting.count)
		flush(link);
	for (int i = 0; i < AT_A_TIME && !link->paused; i++) {
		/* descriptors that it sends are closed by the kernel */
		n = recv(link->sock, packet, sizeof(packet), MSG_DONTWAIT);
		if (n <= 0)
			break;
		link->paused = budget_spend(&link->budget, 1, clock_mono_ns());
		if (n <= APP_LINK_MAX)
			take(link, packet, (size_t)n);
	}
	if (n == 0 || (events & (EPOLLHUP | EPOLLERR) && n < 0)) {
		link_close(link);
		return;
	}
	if (link->paused)
		loop_timer_set(link->again, link->budget.end_ns);
	listen_for(link);
}

int link_open(struct link *link, int *ret_fd)
{
	int fds[2], r;

	link_close(link);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	r = loop_add(link->loop, fds[0], EPOLLIN, socket_ready, link, &link->source);
	if (r < 0) {
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	link->sock = fds[0];
	*ret_fd = fds[1];
	/* They are the process's before this one, and were to be seen until now. */
	if (link_has_values(link)) {
		pairs_clear(&link->values);
		loop_timer_set(link->tell, link->told_ns + TELL_NS);
	}
	return 0;
}

void link_close(struct link *link)
{
	if (link->sock < 0)
		return;
	loop_del(link->source);
	link->source = NULL;
	close(link->sock);
	link->sock = -1;
	link->paused = false;
	loop_timer_set(link->again, 0);
	pairs_clear(&link->waiting);
	for (size_t i = 0; i < LINK_ASKS; i++)
		asked_done(&link->asks[i]);
}

/* --- what it is told -------------------------------------------------------------------------- */

int link_set(struct link *link, const char *text, size_t size)
{
	struct pair pair;
	int r = pair_parse(text, size, &pair);

	if (r < 0)
		return r;
	if (link->sock < 0)
		return -ENOTCONN;
	r = pairs_set(&link->waiting, &pair);
	if (r < 0)
		return r;
	flush(link);
	listen_for(link);
	return 0;
}

int link_answer(struct link *link, uint32_t ask, const char *text, size_t size, const int *fds,
		size_t count)
{
	char control[CMSG_SPACE(APP_LINK_FDS * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *cmsg;
	size_t i = 0;

	while (i < LINK_ASKS && (!ask || link->asks[i].ask != ask))
		i++;
	if (i == LINK_ASKS || link->sock < 0)
		return -ENOENT;
	asked_done(&link->asks[i]);
	if (count > APP_LINK_FDS)
		return -EPROTO;
	if (count) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
	}
	return sendmsg(link->sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void link_ask_again(struct link *link)
{
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < LINK_ASKS; i++) {
		struct asked *asked = &link->asks[i];

		if (!asked->ask)
			continue;
		if (now - asked->at_ns >= APP_LINK_ASK_MS * NSEC_PER_MSEC)
			asked_done(asked);
		else
			link->ops->ask(link->arg, asked->ask, asked->packet, asked->size);
	}
}

bool link_has_values(const struct link *link)
{
	return link->values.count > 0;
}

size_t link_values(const struct link *link, char *text)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < link->values.count; i++)
		used += (size_t)sprintf(text + used, "%s=%s\n", link->values.list[i].key,
					link->values.list[i].value);
	return used;
}

/* ------------------------------------------------------------------------------------------------
 */

int link_new(struct loop *loop, const struct link_ops *ops, void *arg, struct link **ret_link)
{
	struct link *link = calloc(1, sizeof(*link));
	int r;

	if (!link)
		return -ENOMEM;
	link->loop = loop;
	link->ops = ops;
	link->arg = arg;
	link->sock = -1;
	link->budget.max = PER_WINDOW;
	r = loop_timer_new(loop, tell, link, &link->tell);
	if (r == 0)
		r = loop_timer_new(loop, again, link, &link->again);
	if (r < 0) {
		link_free(link);
		return r;
	}
	*ret_link = link;
	return 0;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	link_close(link);
	pairs_clear(&link->values);
	loop_timer_free(link->tell);
	loop_timer_free(link->again);
	free(link);
}
