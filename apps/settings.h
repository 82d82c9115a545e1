/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings in a datagram to a management port: words "key=value ...", or one flat JSON object
 * {"key": "value", "other": 5} as the original's Adapt* applications send.
 */
#ifndef VLSP_APPS_SETTINGS_H
#define VLSP_APPS_SETTINGS_H

#include <stdbool.h>

#define SETTINGS_KEY   33
#define SETTINGS_VALUE 201

/* What is answered. */
#define SETTINGS_OK    "ok\n"
#define SETTINGS_WRONG "wrong: " /* and why */

/* Called for each setting, in order; NULL, or what is wrong with it, which ends the reading. */
typedef const char *settings_fn(void *arg, const char *key, const char *value);

/* Reads all of text (NUL-terminated, changed by it). NULL, or what is wrong; what came before is
 * set. */
const char *settings_read(char *text, settings_fn *set, void *arg);
/* It is the answer of another management port, which is not answered: two of them would go on for
 * ever. */
bool settings_is_answer(const char *text);

#endif
