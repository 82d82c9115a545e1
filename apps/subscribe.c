// SPDX-License-Identifier: GPL-2.0-or-later
/* subscribe: prints each message that is published on topics that match. Asks the broker again from
 * time to time, so that a lost request, or a broker that was started anew, does not end it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/common.h"
#include "apps/topic.h"

#define SECOND	    1000000000ULL
#define FILTERS_MAX 16

static struct vlsp_address broker;
static struct topic_message filters[FILTERS_MAX];
static unsigned filter_count;
static uint64_t count = UINT64_MAX;
static unsigned long long messages, bytes;
static unsigned confirmed; /* filters that the broker has said OK to, ever: ready */

static void report(void)
{
	vlsp_app_report("messages", "%llu", messages);
	vlsp_app_report("bytes", "%llu", bytes);
}

static const char *parse_filter(const char *text, void *value)
{
	(void)value;
	if (filter_count == FILTERS_MAX)
		return "possible: there are 16 filters already";
	if (!topic_valid(text, true))
		return "a topic or filter (weather/paris, weather/+, #)";
	snprintf(filters[filter_count++].topic, TOPIC_SIZE, "%s", text);
	return NULL;
}

static const struct app_option options[] = {
	{"ADDR:PORT", NULL, "the broker", parse_address, &broker},
	{"FILTER...", NULL, "topics; + stands for one level, # at the end for all", parse_filter,
	 NULL},
	{"-c", "COUNT", "ends after so many messages", parse_count, &count},
	{0},
};
static const struct app app = {"subscribe", "prints the messages published on topics", options,
			       report, NULL};

/* All filters; when to ask again: soon, until the broker has answered. */
static uint64_t ask(struct vlsp_socket *socket, enum topic_verb verb)
{
	char data[VLSP_DATAGRAM_MAX];

	for (unsigned i = 0; i < filter_count; i++) {
		struct topic_message out = filters[i];

		out.verb = verb;
		app_send(socket, data, topic_write(data, sizeof(data), &out), NULL);
	}
	return app_now() + (confirmed < filter_count ? SECOND / 2 : TOPIC_LEASE * SECOND / 3);
}

/* Whoever publishes does not get to talk to the terminal. */
static void print(FILE *f, const struct topic_message *message)
{
	fprintf(f, "%s ", message->topic);
	for (size_t i = 0; i < message->size; i++)
		putc((unsigned char)message->payload[i] < ' ' || message->payload[i] == 127
			     ? '?'
			     : message->payload[i],
		     f);
	putc('\n', f);
}

static void take(const struct topic_message *message)
{
	if (message->verb == TOPIC_MSG) {
		messages++;
		bytes += message->size;
		print(stdout, message);
	} else if (message->verb == TOPIC_ERR) {
		fprintf(stderr, "subscribe: the broker refuses: ");
		print(stderr, message);
		exit(1);
	} else if (message->verb == TOPIC_OK && confirmed < filter_count) {
		for (unsigned i = 0; i < filter_count; i++)
			if (filters[i].verb != TOPIC_OK &&
			    strcmp(filters[i].topic, message->topic) == 0) {
				filters[i].verb = TOPIC_OK;
				confirmed++;
			}
		if (confirmed == filter_count)
			app_ready();
	}
}

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	struct topic_message message;
	uint64_t again;

	app_start(&app, argc, argv);
	socket = app_socket(0);
	if (vlsp_connect(socket, &broker) < 0)
		app_fail("cannot connect");
	again = ask(socket, TOPIC_SUB);
	while (messages < count) {
		ssize_t got = app_recv(socket, data, sizeof(data), NULL, again);

		if (got < 0 && errno == ECANCELED)
			break;
		if (got >= 0 && topic_read(data, (size_t)got, &message))
			take(&message);
		if (app_now() >= again)
			again = ask(socket, TOPIC_SUB);
	}
	ask(socket, TOPIC_UNSUB);
	printf("received %llu messages, %llu bytes\n", messages, bytes);
	return app_end();
}
