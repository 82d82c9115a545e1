// SPDX-License-Identifier: GPL-2.0-or-later
/* publish: tells a broker one message, several times, or each line of its standard input. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/common.h"
#include "apps/topic.h"

static struct vlsp_address broker;
static const char *text;
static uint64_t count = 1, interval_ns;
static struct topic_message message = {.verb = TOPIC_PUB};
static unsigned long long published;

static void report(void)
{
	vlsp_app_report("published", "%llu", published);
}

static const char *parse_topic(const char *word, void *value)
{
	if (!topic_valid(word, false))
		return "a topic (1 to 128 characters, no blanks, + or #)";
	snprintf(value, TOPIC_SIZE, "%s", word);
	return NULL;
}

static const struct app_option options[] = {
	{"ADDR:PORT", NULL, "the broker", parse_address, &broker},
	{"TOPIC", NULL, "what the message is about, as weather/paris", parse_topic, message.topic},
	{"[MESSAGE]", NULL, "what it says; without: each line of standard input is one", parse_text,
	 &text},
	{"-n", "COUNT", "says MESSAGE so often (default 1)", parse_count, &count},
	{"-i", "TIME", "interval (default 0)", parse_time, &interval_ns},
	{0},
};
static const struct app app = {"publish", "publishes messages on a topic", options, report, NULL};

static void tell(struct vlsp_socket *socket, const char *payload, size_t size)
{
	static char data[65536];
	size_t length;

	message.payload = payload;
	message.size = size;
	length = topic_write(data, 65507, &message);
	if (!length) {
		errno = EMSGSIZE;
		app_fail("a message of %zu bytes", size);
	}
	published += app_send(socket, data, length, NULL);
}

int main(int argc, char **argv)
{
	struct vlsp_socket *socket;
	struct app_pace pace = {0};
	static char line[65536];

	app_start(&app, argc, argv);
	socket = app_socket(0);
	if (vlsp_connect(socket, &broker) < 0)
		app_fail("cannot connect");
	app_ready();
	if (text) {
		for (uint64_t i = 0; i < count && app_pace(&pace, (double)interval_ns); i++)
			tell(socket, text, strlen(text));
	} else {
		setvbuf(stdin, NULL, _IONBF,
			0); /* so that what is there is seen by waiting for it */
		while (app_wait(STDIN_FILENO, APP_FOREVER) > 0 &&
		       fgets(line, sizeof(line), stdin) && app_pace(&pace, (double)interval_ns))
			tell(socket, line, strcspn(line, "\n"));
	}
	printf("published %llu messages\n", published);
	return app_end() || app_unsent > 0;
}
