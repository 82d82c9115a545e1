/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line's engine: one table of nouns, verbs, arguments and options, from which parsing,
 * --help, "did you mean" and completion follow. A noun is one file with one const struct cli_noun,
 * named in cli/nouns.c. Data goes to cli->out, talk to cli->err; exit codes are enum cli_exit.
 */
#ifndef VLSP_CLI_CLI_H
#define VLSP_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* What a value may be; CLI_DURATION: "5", "0.2", "200ms", "5s", "2m", kept in nanoseconds;
 * CLI_SIZE: bytes, "4096", "64K", "4M", "1G" (of 1024). */
enum cli_type { CLI_FLAG, CLI_TEXT, CLI_INT, CLI_DURATION, CLI_SIZE, CLI_ENUM };

/* What completion offers for a value or an argument. */
enum cli_live {
	CLI_NOTHING,
	CLI_FILE,
	CLI_ROUTER,
	CLI_LINK,
	CLI_TAPPED, /* a link or a router */
	CLI_DEVICE, /* of this machine */
	CLI_KIND,   /* of generators */
	CLI_APP,
	CLI_SHIPPED, /* applications that come with VLSP */
	CLI_COMMAND,
};

struct cli_option {
	const char *name;  /* without the dashes; NULL ends a list */
	char letter;	   /* 0: none */
	const char *value; /* the placeholder in help; NULL: a flag */
	const char *help;
	enum cli_type type;
	int64_t min, max; /* CLI_INT, CLI_DURATION, CLI_SIZE */
	enum cli_live live;
	const char *const *choices; /* CLI_ENUM: what is allowed, NULL-terminated */
	bool many;		    /* may be given several times: each is one of the values */
};

struct cli_arg {
	const char *name; /* as in help: "R", "FILE"; NULL ends a list */
	const char *help;
	enum cli_live live;
	bool optional;
	bool many;		    /* the last one only */
	const char *const *choices; /* NULL: anything */
};

enum cli_verb_flags {
	CLI_JSON = 1 << 0, /* prints data: takes --json */
	CLI_REST =
		1 << 1, /* what follows the first argument is not ours to read (a command line) */
	CLI_OPEN = 1 << 2, /* options it does not know are arguments (generators have their own) */
};

struct cli;
struct cli_verb {
	const char *name; /* "": the noun needs no verb; NULL ends a list */
	const char *help;
	const char *more;	       /* paragraphs behind the options in --help; NULL: none */
	void (*more_print)(FILE *out); /* as more, where it is made from another table */
	struct cli_arg args[4];
	const struct cli_option *options; /* NULL: none */
	unsigned flags;			  /* enum cli_verb_flags */
	int (*run)(struct cli *cli);	  /* returns the exit code */
};

struct cli_noun {
	const char *name;
	const char *help;
	const struct cli_verb *verbs;
};

#define CLI_OPTIONS_MAX 128

struct cli_value {
	const struct cli_option *option;
	const char *text;
	int64_t number;
};

struct rest;
struct cli {
	const struct cli_noun *noun;
	const struct cli_verb *verb;
	struct cli_value values[CLI_OPTIONS_MAX]; /* global ones as well */
	size_t value_count;
	const char **args; /* positional ones, NULL-terminated, in the caller's memory */
	size_t arg_count;
	bool help;
	FILE *out, *err;
	struct rest *rest; /* opened by the first request (cli/request.h) */
};

extern const struct cli_noun *const cli_nouns[];     /* NULL-terminated, in the order of --help */
extern const struct cli_option cli_global_options[]; /* accepted everywhere */
extern const struct cli_option cli_json_option;

/* Everything, from the words of a command line to the exit code. */
int cli_run(int argc, char **argv, FILE *out, FILE *err);

/* What was given. name must be an option of the verb or a global one. */
bool cli_given(const struct cli *cli, const char *name);
const char *cli_text(const struct cli *cli, const char *name); /* NULL: not given */
int64_t cli_number(const struct cli *cli, const char *name, int64_t otherwise);
/* The i-th argument; NULL: not given. */
const char *cli_arg(const struct cli *cli, size_t i);

/* "vlsp: text" on cli->err, and the exit code CLI_FAILED or CLI_USAGE. */
int cli_fail(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int cli_usage(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Talk on cli->err unless --quiet. */
void cli_note(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
