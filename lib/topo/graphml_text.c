// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names and speeds out of what people wrote on a network map. Used by graphml_map.c.
 */
#include "lib/topo/graphml_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/topo/units.h"

/* U+00C0 .. U+017F without their accents; "-" where there is no letter. */
static const char *const latin[] = {
	"A", "A", "A",	"A",  "A", "A", "AE", "C", "E", "E", "E", "E", "I", "I", "I",  "I",
	"D", "N", "O",	"O",  "O", "O", "O",  "-", "O", "U", "U", "U", "U", "Y", "Th", "ss",
	"a", "a", "a",	"a",  "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",
	"d", "n", "o",	"o",  "o", "o", "o",  "-", "o", "u", "u", "u", "u", "y", "th", "y",
	"A", "a", "A",	"a",  "A", "a", "C",  "c", "C", "c", "C", "c", "C", "c", "D",  "d",
	"D", "d", "E",	"e",  "E", "e", "E",  "e", "E", "e", "E", "e", "G", "g", "G",  "g",
	"G", "g", "G",	"g",  "H", "h", "H",  "h", "I", "i", "I", "i", "I", "i", "I",  "i",
	"I", "i", "IJ", "ij", "J", "j", "K",  "k", "k", "L", "l", "L", "l", "L", "l",  "L",
	"l", "L", "l",	"N",  "n", "N", "n",  "N", "n", "n", "N", "n", "O", "o", "O",  "o",
	"O", "o", "OE", "oe", "R", "r", "R",  "r", "R", "r", "S", "s", "S", "s", "S",  "s",
	"S", "s", "T",	"t",  "T", "t", "T",  "t", "U", "u", "U", "u", "U", "u", "U",  "u",
	"U", "u", "U",	"u",  "W", "w", "Y",  "y", "Y", "Z", "z", "Z", "z", "Z", "z",  "s",
};

_Static_assert(sizeof(latin) / sizeof(latin[0]) == 0x180 - 0xc0, "two blocks of Unicode");

/* The next character of the label as ASCII: "" when it has no counterpart. */
static const char *next_ascii(const unsigned char **p, char one[2])
{
	unsigned c = **p;

	if (c < 0x80) {
		(*p)++;
		one[0] = (char)c;
		return one;
	}
	if (c >> 5 == 6) {
		c = (c & 0x1f) << 6 | ((*p)[1] & 0x3f);
		*p += 2;
		return c >= 0xc0 && c < 0x180 ? latin[c - 0xc0] : "";
	}
	*p += c >> 4 == 14 ? 3 : 4; /* the label is UTF-8: expat saw to it */
	return "";
}

void graphml_name(const char *label, char name[NAME_SIZE])
{
	const unsigned char *p = (const unsigned char *)label;
	bool gap = false;
	size_t n = 0;

	while (*p) {
		char one[2] = "";

		for (const char *c = next_ascii(&p, one); *c; c++) {
			if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			    (*c >= '0' && *c <= '9') || *c == '.' || *c == '_') {
				if (gap && n > 0 && n < NAME_MAX_LEN)
					name[n++] = '-';
				gap = false;
				if (n < NAME_MAX_LEN)
					name[n++] = *c;
			} else if (*c != '\'') {
				gap = true;
			}
		}
	}
	name[n] = '\0';
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		name[0] = '\0';
}

/* SONET and SDH: OC-n is n times 51.84 Mbit/s, STM-n three times that (ANSI T1.105, ITU-T G.707).
 */
static uint64_t carrier_speed(const char *p)
{
	uint64_t factor = 51840000;
	unsigned long n;
	char *end;

	if (strncasecmp(p, "OC", 2) == 0) {
		p += 2;
	} else if (strncasecmp(p, "STM", 3) == 0) {
		p += 3;
		factor *= 3;
	} else {
		return 0;
	}
	p += *p == '-' || *p == ' ';
	if (*p < '1' || *p > '9')
		return 0;
	n = strtoul(p, &end, 10);
	end += *end == 'c'; /* concatenated */
	return n > 0 && n <= 3072 && (*end == '\0' || *end == ' ') ? n * factor : 0;
}

uint64_t graphml_speed(const char *label)
{
	static const char *const tails[] = {"bps", "b/s", "bit/s", "bits/s", "bit", NULL};
	const char *p = label + strspn(label, "<>=~ ");
	size_t number = strspn(p, "0123456789."), n;
	const char *unit = p + number + strspn(p + number, " ");
	static const char scale[] = "kMGT";
	double value, factor = 1;
	char text[32];

	if (number == 0)
		return carrier_speed(p);
	if (number >= sizeof(text))
		return 0;
	memcpy(text, p, number);
	text[number] = '\0';
	if (units_double_parse(text, &value) < 0)
		return 0;
	for (n = 0; scale[n]; n++)
		if (scale[n] == *unit || (n == 0 && *unit == 'K'))
			break;
	if (scale[n]) {
		for (size_t i = 0; i <= n; i++)
			factor *= 1000;
		unit++;
	}
	for (const char *const *tail = tails; *tail; tail++)
		if (strncasecmp(unit, *tail, strlen(*tail)) == 0 &&
		    (unit[strlen(*tail)] == '\0' || unit[strlen(*tail)] == ' '))
			return value * factor >= 1 && value * factor <= (double)UNITS_RATE_MAX
				       ? (uint64_t)(value * factor + 0.5)
				       : 0;
	return 0;
}
