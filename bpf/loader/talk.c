// SPDX-License-Identifier: GPL-2.0-or-later
/* libbpf's own words, and the verifier's. Called by loader.c and user.c. */
#include "bpf/loader/talk.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"

#define TAIL_SIZE 320

static __thread char refusal[TAIL_SIZE], warning[TAIL_SIZE];

/* Keeps the last lines before the verifier's statistics ("processed N insns ..."). */
static void keep_refusal(const char *text)
{
	const char *end = strstr(text, "\nprocessed "), *begin;

	if (!end)
		end = text + strlen(text);
	begin = end;
	for (int lines = 0; begin > text && end - begin < TAIL_SIZE - 2; begin--) {
		if (*begin == '\n' && begin != end && ++lines == 3) {
			begin++;
			break;
		}
	}
	snprintf(refusal, sizeof(refusal), "%.*s", (int)(end - begin), begin);
	for (char *p = refusal; *p; p++) {
		if (*p == '\n')
			*p = ';';
	}
}

__attribute__((format(printf, 2, 0))) static int print(enum libbpf_print_level level,
						       const char *fmt, va_list args)
{
	char *text = NULL;
	size_t length;
	int r = vasprintf(&text, fmt, args);

	if (r < 0)
		return r;
	if (strstr(text, "PROG LOAD LOG"))
		keep_refusal(text);
	length = strlen(text);
	if (length > 0 && text[length - 1] == '\n')
		text[length - 1] = '\0';
	if (level == LIBBPF_WARN)
		snprintf(warning, sizeof(warning), "%s",
			 strncmp(text, "libbpf: ", 8) == 0 ? text + 8 : text);
	log_debug("%s", text);
	free(text);
	return r;
}

void bld_talk_begin(void)
{
	refusal[0] = warning[0] = '\0';
	libbpf_set_print(print);
}

const char *bld_talk_refusal(void)
{
	return refusal;
}

const char *bld_talk_warning(void)
{
	return warning;
}
