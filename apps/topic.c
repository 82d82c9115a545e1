// SPDX-License-Identifier: GPL-2.0-or-later
/* Topics and messages about them. Used by broker, publish, subscribe; what is read comes from
 * anybody on the network. */
#include "apps/topic.h"

#include <stdio.h>
#include <string.h>

static const char *const verbs[] = {"SUB", "UNSUB", "PUB", "MSG", "OK", "ERR"};

bool topic_valid(const char *topic, bool filter)
{
	size_t length = strlen(topic);

	if (length < 1 || length >= TOPIC_SIZE)
		return false;
	for (const char *c = topic; *c; c++) {
		bool whole = (c == topic || c[-1] == '/') && (c[1] == '\0' || c[1] == '/');

		if (*c <= ' ' || *c > '~')
			return false;
		if ((*c == '+' || *c == '#') && (!filter || !whole))
			return false;
		if (*c == '#' && c[1] != '\0')
			return false;
	}
	return true;
}

bool topic_matches(const char *filter, const char *topic)
{
	for (;;) {
		size_t wanted = strcspn(filter, "/"), level = strcspn(topic, "/");
		bool any = wanted == 1 && *filter == '+';

		if (wanted == 1 && *filter == '#')
			return true;
		if (!any && (wanted != level || memcmp(filter, topic, level) != 0))
			return false;
		filter += wanted;
		topic += level;
		if (*topic == '\0')
			return *filter == '\0' || strcmp(filter, "/#") == 0;
		if (*filter == '\0')
			return false;
		filter++;
		topic++;
	}
}

bool topic_read(const char *data, size_t size, struct topic_message *ret_message)
{
	const char *line = memchr(data, '\n', size), *blank = memchr(data, ' ', size);
	struct topic_message message = {0};
	size_t verb, length;

	if (!line || !blank || blank > line)
		return false;
	length = (size_t)(blank - data);
	for (verb = 0; verb < sizeof(verbs) / sizeof(verbs[0]); verb++)
		if (strlen(verbs[verb]) == length && memcmp(verbs[verb], data, length) == 0)
			break;
	if (verb == sizeof(verbs) / sizeof(verbs[0]))
		return false;
	message.verb = (enum topic_verb)verb;
	length = (size_t)(line - blank) - 1;
	if (length >= sizeof(message.topic) || memchr(blank + 1, '\0', length))
		return false;
	memcpy(message.topic, blank + 1, length);
	message.payload = line + 1;
	message.size = (size_t)(data + size - message.payload);
	if (!topic_valid(message.topic, message.verb != TOPIC_PUB && message.verb != TOPIC_MSG))
		return false;
	*ret_message = message;
	return true;
}

size_t topic_write(char *to, size_t size, const struct topic_message *message)
{
	int head = snprintf(to, size, "%s %s\n", verbs[message->verb], message->topic);

	if (head < 0 || (size_t)head >= size || message->size > size - (size_t)head)
		return 0;
	if (message->size)
		memcpy(to + head, message->payload, message->size);
	return (size_t)head + message->size;
}
