// SPDX-License-Identifier: GPL-2.0-or-later
/* --help at the top, of a noun and of a verb, made from the table. Called by cli_run(). */
#include "cli/cli_priv.h"

#include <stdarg.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define SYNOPSIS_WIDTH 92

static void words(FILE *out, const char *left, const char *right)
{
	fprintf(out, "  %-26s %s\n", left, right);
}

static void option_line(FILE *out, const struct cli_option *o)
{
	char left[80];
	int n = 0;

	if (o->letter)
		n = snprintf(left, sizeof(left), "-%c, ", o->letter);
	n += snprintf(left + n, sizeof(left) - (size_t)n, "--%s", o->name);
	if (o->value)
		snprintf(left + n, sizeof(left) - (size_t)n, " %s", o->value);
	words(out, left, o->help);
}

static void global_lines(FILE *out)
{
	fputs("\nOptions of every command:\n", out);
	for (const struct cli_option *o = cli_global_options; o->name; o++)
		option_line(out, o);
}

/* One piece of a synopsis; a new line where it would become too wide. */
static void piece(FILE *out, size_t *column, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void piece(FILE *out, size_t *column, const char *fmt, ...)
{
	char text[80];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (*column + (size_t)n + 1 > SYNOPSIS_WIDTH) {
		fputs("\n           ", out);
		*column = 11;
	}
	*column += (size_t)fprintf(out, "%s%s", *column ? " " : "", text);
}

void help_synopsis(FILE *out, const struct cli_noun *noun, const struct cli_verb *verb)
{
	size_t column = (size_t)fprintf(out, "Usage: vlsp");

	piece(out, &column, "%s", noun->name);
	if (*verb->name)
		piece(out, &column, "%s", verb->name);
	for (size_t i = 0; i < ARRAY_SIZE(verb->args) && verb->args[i].name; i++) {
		const struct cli_arg *arg = &verb->args[i];

		piece(out, &column, arg->optional ? "[%s%s]" : "%s%s", arg->name,
		      arg->many ? "..." : "");
	}
	for (const struct cli_option *o = verb->options; o && o->name; o++) {
		char name[40];

		if (o->letter)
			snprintf(name, sizeof(name), "-%c", o->letter);
		else
			snprintf(name, sizeof(name), "--%s", o->name);
		piece(out, &column, "[%s%s%s]", name, o->value ? " " : "",
		      o->value ? o->value : "");
	}
	if (verb->flags & CLI_JSON)
		piece(out, &column, "[--json]");
	fputc('\n', out);
}

void help_all(FILE *out)
{
	fputs("Usage: vlsp NOUN VERB [ARGUMENTS] [OPTIONS]\n\n"
	      "Virtual networks of routers and links on this machine. What runs is held by the "
	      "daemon\n"
	      "vlspd, which 'sudo vlspd start' starts.\n",
	      out);
	for (size_t i = 0; cli_nouns[i]; i++) {
		const struct cli_noun *noun = cli_nouns[i];
		char left[40], list[160];
		size_t n = 0;

		if (i == 0 || parse_verbless(noun) != parse_verbless(cli_nouns[i - 1]))
			fputc('\n', out);
		if (parse_verbless(noun)) {
			words(out, noun->name, noun->help);
			continue;
		}
		for (const struct cli_verb *v = noun->verbs; v->name; v++)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? " | " : "",
					      v->name);
		snprintf(left, sizeof(left), "%-9s", noun->name);
		fprintf(out, "  %s %s\n", left, list);
	}
	global_lines(out);
	fputs("\nNouns and verbs may be shortened while only one fits. 'vlsp NOUN --help' and\n"
	      "'vlsp NOUN VERB --help' say more; so does vlsp(1).\n",
	      out);
}

void help_noun(FILE *out, const struct cli_noun *noun)
{
	if (parse_verbless(noun)) {
		help_verb(out, noun, noun->verbs);
		return;
	}
	fprintf(out, "Usage: vlsp %s VERB [ARGUMENTS] [OPTIONS]\n\n%s\n\n", noun->name, noun->help);
	for (const struct cli_verb *v = noun->verbs; v->name; v++)
		words(out, v->name, v->help);
	global_lines(out);
}

void help_verb(FILE *out, const struct cli_noun *noun, const struct cli_verb *verb)
{
	const struct cli_option *o = verb->options;

	help_synopsis(out, noun, verb);
	fprintf(out, "\n%s\n", verb->help);
	if (verb->args[0].name)
		fputs("\nArguments:\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(verb->args) && verb->args[i].name; i++)
		words(out, verb->args[i].name, verb->args[i].help);
	if ((o && o->name) || verb->flags & CLI_JSON)
		fputs("\nOptions:\n", out);
	for (; o && o->name; o++)
		option_line(out, o);
	if (verb->flags & CLI_JSON)
		option_line(out, &cli_json_option);
	global_lines(out);
	if (verb->more)
		fprintf(out, "\n%s\n", verb->more);
	if (verb->more_print)
		verb->more_print(out);
}
