/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What broker, publish and subscribe say to each other, one datagram each: a verb, a topic, a new
 *line, and a payload if it is a message.
 *
 *	SUB weather/+\n		wants what matches; again before a minute has passed, else it ends;
 *answered by OK UNSUB weather/+\n	no longer; answered by OK PUB weather/paris\nrain	to
 *the broker, and MSG weather/paris\nrain from it to each who wants it OK weather/+\n, ERR
 *weather/+\nwhy
 */
#ifndef VLSP_APPS_TOPIC_H
#define VLSP_APPS_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#define TOPIC_SIZE  129 /* of a topic or filter, with its NUL */
#define TOPIC_LEASE 60	/* seconds for which SUB is good */

enum topic_verb { TOPIC_SUB, TOPIC_UNSUB, TOPIC_PUB, TOPIC_MSG, TOPIC_OK, TOPIC_ERR };

struct topic_message {
	enum topic_verb verb;
	char topic[TOPIC_SIZE];
	const char *payload; /* in what was read */
	size_t size;
};

/* Whether data is a message: its topic is a topic, or a filter where SUB, UNSUB, OK and ERR may
 * have one. */
bool topic_read(const char *data, size_t size, struct topic_message *ret_message);
/* Its length, or 0: it does not fit into size. */
size_t topic_write(char *to, size_t size, const struct topic_message *message);
/* 1 to 128 printable ASCII characters without blanks; levels between slashes. + and # only in
 * filters: as a whole level, # as the last one. */
bool topic_valid(const char *topic, bool filter);
/* + stands for one level, # for all that follow, none included ("a/#" matches "a"), as in
 * MQTT 3.1.1, section 4.7. */
bool topic_matches(const char *filter, const char *topic);

#endif
