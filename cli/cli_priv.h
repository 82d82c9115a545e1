/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the parts of the engine: parse.c, help.c, suggest.c, complete.c. */
#ifndef VLSP_CLI_CLI_PRIV_H
#define VLSP_CLI_CLI_PRIV_H

#include "cli/cli.h"

/* Reads the words behind the program's name into *cli (args has room for all of them). 0, or
 * CLI_USAGE after the reason was printed. */
int parse_words(struct cli *cli, int argc, char **argv);

/* By exact name or an unambiguous prefix; NULL with *ret_many telling whether several fit. */
const struct cli_noun *parse_noun(const char *word, bool *ret_many);
const struct cli_verb *parse_verb(const struct cli_noun *noun, const char *word, bool *ret_many);
/* The option called name (length n, no dashes) or letter that verb (may be NULL) takes, or NULL. */
const struct cli_option *parse_option(const struct cli_verb *verb, const char *name, size_t n);
const struct cli_option *parse_letter(const struct cli_verb *verb, char letter);
/* The i-th option that verb takes, its own first, global ones behind; NULL past the last. */
const struct cli_option *parse_option_at(const struct cli_verb *verb, size_t i);
/* Whether a noun is its own verb (status, ping). */
bool parse_verbless(const struct cli_noun *noun);
/* Checks text and stores it. 0 or -EINVAL with the reason in buf. */
int parse_value(const struct cli_option *option, const char *text, struct cli_value *ret_value,
		char *buf, size_t size);

/* The candidate that word was probably meant to be (few edits away), or NULL. */
struct suggest {
	const char *word;
	const char *best;
	unsigned distance;
};
void suggest_start(struct suggest *suggest, const char *word);
void suggest_try(struct suggest *suggest, const char *candidate);
/* " (did you mean 'x'?)" or "". buf is returned. */
const char *suggest_text(const struct suggest *suggest, char *buf, size_t size);

void help_all(FILE *out);
void help_noun(FILE *out, const struct cli_noun *noun);
void help_verb(FILE *out, const struct cli_noun *noun, const struct cli_verb *verb);
/* "Usage: vlsp topology apply FILE [--dry-run] ..." in lines. */
void help_synopsis(FILE *out, const struct cli_noun *noun, const struct cli_verb *verb);

/* vlsp __complete WORD...: what the last word may become, one a line; ":files" and ":commands" ask
 * the shell for those. */
int complete_run(struct cli *cli, int argc, char **argv);

#endif
