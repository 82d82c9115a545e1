// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of a management datagram. Called by app_wait() (apps/common.c). It comes from anybody on
 * the network. */
#include "apps/settings.h"

#include <stddef.h>
#include <string.h>

#define BLANKS " \t\r\n"

/* What is set is printed: only what a terminal shows. */
static bool copy(char *to, size_t size, const char *from, size_t length)
{
	if (length == 0 || length >= size)
		return false;
	for (size_t i = 0; i < length; i++)
		if (from[i] < ' ' || from[i] > '~')
			return false;
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

static const char *read_words(char *text, settings_fn *set, void *arg)
{
	char key[SETTINGS_KEY], value[SETTINGS_VALUE], *rest;

	for (char *word = strtok_r(text, BLANKS, &rest); word;
	     word = strtok_r(NULL, BLANKS, &rest)) {
		char *equals = strchr(word, '=');
		const char *wrong;

		if (!equals || !copy(key, sizeof(key), word, (size_t)(equals - word)) ||
		    !copy(value, sizeof(value), equals + 1, strlen(equals + 1)))
			return "not of the form key=value";
		wrong = set(arg, key, value);
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* A string without escapes (no address has any), or a bare number or word; moves *text behind it.
 */
static bool json_word(char **text, char *to, size_t size)
{
	char *start = *text;
	size_t length;

	if (*start == '"') {
		length = strcspn(++start, "\"\\");
		if (start[length] != '"')
			return false;
		*text = start + length + 1;
	} else {
		length = strcspn(start, ",:{}[]\"\\" BLANKS);
		*text = start + length;
	}
	return copy(to, size, start, length);
}

static char skip(char **text)
{
	*text += strspn(*text, BLANKS);
	return **text;
}

static const char *read_json(char *text, settings_fn *set, void *arg)
{
	char key[SETTINGS_KEY], value[SETTINGS_VALUE];
	const char *wrong;

	do {
		text++; /* behind { or , */
		if (skip(&text) != '"' || !json_word(&text, key, sizeof(key)) || skip(&text) != ':')
			return "not a flat JSON object";
		text++;
		skip(&text);
		if (!json_word(&text, value, sizeof(value)))
			return "not a flat JSON object";
		wrong = set(arg, key, value);
		if (wrong)
			return wrong;
	} while (skip(&text) == ',');
	if (*text++ != '}' || skip(&text) != '\0')
		return "not a flat JSON object";
	return NULL;
}

bool settings_is_answer(const char *text)
{
	return strcmp(text, SETTINGS_OK) == 0 ||
	       strncmp(text, SETTINGS_WRONG, strlen(SETTINGS_WRONG)) == 0;
}

const char *settings_read(char *text, settings_fn *set, void *arg)
{
	if (skip(&text) == '\0')
		return "empty";
	return *text == '{' ? read_json(text, set, arg) : read_words(text, set, arg);
}
