// SPDX-License-Identifier: GPL-2.0-or-later
/* Growing text and the quoting of each output format. Used by write_*.c. */
#include "lib/topo/text_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool reserve(struct topo_text *t, size_t more)
{
	size_t room = t->room ? t->room : 4096;
	char *grown;

	if (t->failed)
		return false;
	while (room - t->size <= more)
		room *= 2;
	if (room == t->room)
		return true;
	grown = realloc(t->text, room);
	if (!grown) {
		t->failed = true;
		return false;
	}
	t->text = grown;
	t->room = room;
	return true;
}

void topo_text_add(struct topo_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(t, (size_t)n)) {
		t->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(t->text + t->size, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->size += (size_t)n;
}

static void put(struct topo_text *t, const char *text, size_t size)
{
	if (!reserve(t, size))
		return;
	memcpy(t->text + t->size, text, size);
	t->size += size;
	t->text[t->size] = '\0';
}

/* isalnum() of the C locale */
static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
	return is_alpha(c) || (c >= '0' && c <= '9');
}

/* A control character, what libyaml folds as line ends (U+0085, U+2028, U+2029), takes for a byte
 * order mark (U+FEFF) or does not take (U+FFFE, U+FFFF): its number, and how long it is; or 0. */
static unsigned needs_escape(const unsigned char *p, size_t *ret_length)
{
	*ret_length = p[0] < 0x80 ? 1 : p[0] == 0xc2 ? 2 : 3;
	if (p[0] < ' ' || p[0] == 0x7f)
		return p[0];
	if (p[0] == 0xc2 && p[1] < 0xa0)
		return p[1];
	if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
		return 0x2000u + (p[2] - 0x80u);
	if (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe)
		return 0xffc0u + (p[2] - 0x80u);
	return p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf ? 0xfeff : 0;
}

void topo_text_quote(struct topo_text *t, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t length;

	topo_text_add(t, "\"");
	for (; *p; p++) {
		unsigned escape = needs_escape(p, &length);

		if (*p == '\n') {
			topo_text_add(t, "\\n");
		} else if (*p == '\t') {
			topo_text_add(t, "\\t");
		} else if (escape) {
			topo_text_add(t, "\\u%04x", escape);
			p += length - 1;
		} else {
			if (*p == '"' || *p == '\\')
				put(t, "\\", 1);
			put(t, (const char *)p, 1);
		}
	}
	topo_text_add(t, "\"");
}

/* Words that some reader of YAML takes for something else than a text. */
static bool is_reserved(const char *text)
{
	static const char *const words[] = {"null", "true", "false", "yes", "no",
					    "on",   "off",  "y",     "n",   NULL};

	for (const char *const *word = words; *word; word++)
		if (strcasecmp(text, *word) == 0)
			return true;
	return false;
}

void topo_text_yaml(struct topo_text *t, const char *text)
{
	bool plain = is_alpha(text[0]) && !is_reserved(text);

	for (const char *p = text; *p && plain; p++)
		plain = is_alnum(*p) || strchr("._-", *p) || (*p == ' ' && is_alnum(p[1]));
	if (plain)
		topo_text_add(t, "%s", text);
	else
		topo_text_quote(t, text);
}

void topo_text_xml(struct topo_text *t, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			topo_text_add(t, "&amp;");
			break;
		case '<':
			topo_text_add(t, "&lt;");
			break;
		case '>':
			topo_text_add(t, "&gt;");
			break;
		case '"':
			topo_text_add(t, "&quot;");
			break;
		case '\n': /* attribute values would lose them otherwise */
		case '\t':
			topo_text_add(t, "&#%d;", *text);
			break;
		default:
			put(t, text, 1);
		}
	}
}
