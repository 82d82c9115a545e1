// SPDX-License-Identifier: GPL-2.0-or-later
/* broker: passes each published message on to all who subscribed to its topic, once, without asking
 * whether it came (QoS 0). The messages are in apps/topic.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/common.h"
#include "apps/topic.h"

#define SECOND 1000000000ULL

struct subscription {
	struct vlsp_address who;
	char filter[TOPIC_SIZE];
	uint64_t until_ns;
};

static uint16_t port = 1883;
static uint64_t room = 1024;
static struct subscription *subscriptions;
static size_t count;
static unsigned long long published, delivered, wrong;

static void report(void)
{
	vlsp_app_report("subscriptions", "%zu", count);
	vlsp_app_report("published", "%llu", published);
	vlsp_app_report("delivered", "%llu", delivered);
	vlsp_app_report("wrong", "%llu", wrong);
}

static const struct app_option options[] = {
	{"[PORT]", NULL, "port to serve on (default 1883)", parse_port, &port},
	{"-n", "COUNT", "subscriptions at most (default 1024)", parse_count, &room},
	{0},
};
static const struct app app = {"broker",
			       "passes messages on to those who subscribed to their topic", options,
			       report, NULL};

static bool same(const struct vlsp_address *a, const struct vlsp_address *b)
{
	return a->host == b->host && a->port == b->port;
}

static void expire(uint64_t now)
{
	for (size_t i = 0; i < count;) {
		if (subscriptions[i].until_ns <= now)
			subscriptions[i] = subscriptions[--count];
		else
			i++;
	}
}

static struct subscription *find(const struct vlsp_address *who, const char *filter)
{
	for (size_t i = 0; i < count; i++)
		if (same(&subscriptions[i].who, who) &&
		    strcmp(subscriptions[i].filter, filter) == 0)
			return &subscriptions[i];
	return NULL;
}

static void answer(struct vlsp_socket *socket, const struct topic_message *to, const char *error,
		   const struct vlsp_address *who)
{
	struct topic_message message = *to;
	char data[VLSP_DATAGRAM_MAX];

	message.verb = error ? TOPIC_ERR : TOPIC_OK;
	message.payload = error;
	message.size = error ? strlen(error) : 0;
	app_send(socket, data, topic_write(data, sizeof(data), &message), who);
}

static void subscribe(struct vlsp_socket *socket, const struct topic_message *message,
		      const struct vlsp_address *who, uint64_t now)
{
	struct subscription *s = find(who, message->topic);

	if (message->verb == TOPIC_UNSUB) {
		if (s)
			*s = subscriptions[--count];
		answer(socket, message, NULL, who);
		return;
	}
	if (!s && count == room) {
		answer(socket, message, "too many subscriptions", who);
		return;
	}
	if (!s) {
		s = &subscriptions[count++];
		s->who = *who;
		memcpy(s->filter, message->topic, sizeof(s->filter));
	}
	s->until_ns = now + TOPIC_LEASE * SECOND;
	answer(socket, message, NULL, who);
}

/* Once to each, also to who has several filters that match. */
static void publish(struct vlsp_socket *socket, const struct topic_message *message)
{
	struct topic_message out = *message;
	char data[65536];
	size_t size;

	published++;
	out.verb = TOPIC_MSG;
	size = topic_write(data, sizeof(data), &out);
	for (size_t i = 0; i < count; i++) {
		bool done = false;

		if (!topic_matches(subscriptions[i].filter, message->topic))
			continue;
		for (size_t j = 0; j < i && !done; j++)
			done = same(&subscriptions[j].who, &subscriptions[i].who) &&
			       topic_matches(subscriptions[j].filter, message->topic);
		if (!done)
			delivered += app_send(socket, data, size, &subscriptions[i].who);
	}
}

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	struct topic_message message;
	struct vlsp_info info;
	ssize_t got;

	app_start(&app, argc, argv);
	if (room < 1 || room > 1 << 20)
		app_usage("-n", "1 to %d", 1 << 20);
	subscriptions = calloc(room, sizeof(*subscriptions));
	if (!subscriptions)
		app_fail("no memory");
	socket = app_socket(port);
	app_ready();
	while ((got = app_recv(socket, data, sizeof(data), &info, APP_FOREVER)) >= 0) {
		uint64_t now = app_now();

		expire(now);
		if (!topic_read(data, (size_t)got, &message) || message.verb > TOPIC_PUB)
			wrong++;
		else if (message.verb == TOPIC_PUB)
			publish(socket, &message);
		else
			subscribe(socket, &message, &info.from, now);
	}
	printf("%llu published, %llu delivered, %llu wrong\n", published, delivered, wrong);
	return app_end();
}
