// SPDX-License-Identifier: GPL-2.0-or-later
/* Words and signs of a filter's text. Called by filter_parse.c. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/capture/filter_priv.h"

int filter_wrong(struct err *err, unsigned position, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, EINVAL, "filter: position %u: %s", position, text);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-' || c == '/';
}

static const struct {
	const char *text;
	enum filter_token_type type;
	enum filter_op op;
} signs[] = {
	/* a longer one before its beginning */
	{"&&", FILTER_SIGN_AND, 0},
	{"||", FILTER_SIGN_OR, 0},
	{"!=", FILTER_RELATION, FILTER_NE},
	{"!", FILTER_SIGN_NOT, 0},
	{"==", FILTER_RELATION, FILTER_EQ},
	{"=", FILTER_RELATION, FILTER_EQ},
	{"<=", FILTER_RELATION, FILTER_LE},
	{"<", FILTER_RELATION, FILTER_LT},
	{">=", FILTER_RELATION, FILTER_GE},
	{">", FILTER_RELATION, FILTER_GT},
	{"(", FILTER_OPEN, 0},
	{")", FILTER_CLOSE, 0},
};

static int lex_word(struct filter_lexer *lexer, struct filter_token *token, struct err *err)
{
	const char *from = lexer->text + lexer->at;
	size_t n = 0;

	while (is_word(from[n]))
		n++;
	if (n >= sizeof(token->text))
		return filter_wrong(err, token->position, "a word of %zu characters", n);
	token->type = FILTER_WORD;
	memcpy(token->text, from, n);
	token->text[n] = '\0';
	lexer->at += (unsigned)n;
	return 0;
}

int filter_lex(struct filter_lexer *lexer, struct filter_token *ret_token, struct err *err)
{
	struct filter_token token = {.type = FILTER_END};
	const char *from;
	int r;

	while (isspace((unsigned char)lexer->text[lexer->at]))
		lexer->at++;
	token.position = lexer->at + 1;
	from = lexer->text + lexer->at;
	if (is_word(*from)) {
		r = lex_word(lexer, &token, err);
		if (r == 0)
			*ret_token = token;
		return r;
	}
	for (size_t i = 0; *from && i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t n = strlen(signs[i].text);

		if (strncmp(from, signs[i].text, n) != 0)
			continue;
		token.type = signs[i].type;
		token.op = signs[i].op;
		memcpy(token.text, from, n);
		lexer->at += (unsigned)n;
		break;
	}
	if (*from && token.type == FILTER_END) {
		unsigned char c = (unsigned char)*from;

		return isgraph(c) ? filter_wrong(err, token.position, "unexpected '%c'", c)
				  : filter_wrong(err, token.position, "unexpected byte 0x%02x", c);
	}
	*ret_token = token;
	return 0;
}
