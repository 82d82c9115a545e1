// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dpi: looks for patterns in payloads, and counts the datagrams that have each. Texts, or bytes as
 * "hex:1f8b08". What it sees it passes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/fn.h"

#define PATTERNS 32
#define BYTES	 64

struct pattern {
	uint8_t bytes[BYTES];
	size_t size;
	char text[2 * BYTES + 8];
	unsigned long long datagrams, payload;
};

static struct pattern patterns[PATTERNS];
static size_t count;
static unsigned long long looked_at;

static void report(void)
{
	char key[32];

	fn_report();
	vlsp_app_report("datagrams", "%llu", looked_at);
	for (size_t i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "pattern.%zu", i + 1);
		vlsp_app_report(key, "%llu datagrams %llu bytes %.100s", patterns[i].datagrams,
				patterns[i].payload, patterns[i].text);
	}
}

static bool read_hex(const char *text, struct pattern *pattern)
{
	size_t n = strlen(text);

	if (n % 2 || n > 2 * BYTES || strspn(text, "0123456789abcdefABCDEF") != n)
		return false;
	for (pattern->size = 0; pattern->size < n / 2; pattern->size++) {
		const char pair[3] = {text[2 * pattern->size], text[2 * pattern->size + 1]};

		pattern->bytes[pattern->size] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

static const char *parse_pattern(const char *text, void *value)
{
	struct pattern pattern = {.size = strlen(text)};
	bool hex = strncmp(text, "hex:", 4) == 0;

	(void)value;
	if (count == PATTERNS)
		return "possible: 32 patterns are";
	if (!hex && pattern.size > BYTES)
		return "a pattern: it has more than 64 bytes";
	if (hex ? !read_hex(text + 4, &pattern) : !memcpy(pattern.bytes, text, pattern.size))
		return "a pattern: behind hex: are pairs of digits";
	if (!pattern.size)
		return "a pattern: it is empty";
	snprintf(pattern.text, sizeof(pattern.text), "%s", text);
	patterns[count++] = pattern;
	return NULL;
}

static const struct app_option options[] = {
	{"PATTERN...", NULL, "a text, or bytes: hex:1f8b08", parse_pattern, NULL},
	FN_MATCH,
	FN_OPTIONS,
	{0},
};
static const struct app_option settings[] = {
	{"add", "PATTERN", "one more", parse_pattern, NULL},
	{0},
};
static const struct app app = {"dpi", "counts datagrams by patterns in their payloads", options,
			       report, settings};

static void look(const struct vlsp_packet *packet)
{
	struct vlsp_fields f;

	if (vlsp_packet_fields(packet, &f) < 0)
		return;
	looked_at++;
	for (size_t i = 0; i < count; i++) {
		if (!memmem(f.payload, f.payload_size, patterns[i].bytes, patterns[i].size))
			continue;
		patterns[i].datagrams++;
		patterns[i].payload += f.payload_size;
	}
}

int main(int argc, char **argv)
{
	struct vlsp_packet packet;

	app_start(&app, argc, argv);
	fn_open(NULL);
	app_ready();
	while (fn_next(&packet, NULL)) {
		look(&packet);
		fn_pass(&packet);
	}
	return app_end();
}
