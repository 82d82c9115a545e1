// SPDX-License-Identifier: GPL-2.0-or-later
/* "did you mean": the candidate that is the fewest edits away from a mistyped word. */
#include "cli/cli_priv.h"

#include <string.h>

#define WORD_MAX 31

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment: insertions, deletions, replacements and swapped neighbours. */
static unsigned distance(const char *x, const char *y)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];
	size_t n = strlen(x), m = strlen(y);

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
				       d[i - 1][j - 1] + (x[i - 1] != y[j - 1]));
			if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1])
				d[i][j] = min3(d[i][j], d[i - 2][j - 2] + 1, d[i][j]);
		}
	}
	return d[n][m];
}

void suggest_start(struct suggest *suggest, const char *word)
{
	/* edits in at most a third of the word, and three at most; distance is one too many */
	*suggest = (struct suggest){.word = word,
				    .distance = min3((unsigned)strlen(word) / 3 + 1, 4, 4)};
}

void suggest_try(struct suggest *suggest, const char *candidate)
{
	unsigned d = distance(suggest->word, candidate);

	if (d < suggest->distance && d < strlen(candidate)) {
		suggest->distance = d;
		suggest->best = candidate;
	}
}

const char *suggest_text(const struct suggest *suggest, char *buf, size_t size)
{
	if (suggest->best)
		snprintf(buf, size, " (did you mean '%s'?)", suggest->best);
	else
		buf[0] = '\0';
	return buf;
}
