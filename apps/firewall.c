// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * firewall: rules "allow MATCH" and "deny MATCH"; the first one that matches decides, and a default
 * if none does. Rules can be changed while it runs, and each counts what it decided.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/fn.h"

#define RULES 48

struct rule {
	struct vlsp_matcher *matcher;
	bool deny;
	char text[160];
	unsigned long long hits;
};

static struct rule rules[RULES];
static size_t count, reported;
static bool deny_others;
static unsigned long long others;

static void report(void)
{
	char key[32];
	size_t i = 0;

	fn_report();
	vlsp_app_report("default", "%s %llu", deny_others ? "deny" : "allow", others);
	for (; i < count; i++) {
		snprintf(key, sizeof(key), "rule.%zu", i + 1);
		vlsp_app_report(key, "%llu %s", rules[i].hits, rules[i].text);
	}
	for (; i < reported; i++) { /* that were there before */
		snprintf(key, sizeof(key), "rule.%zu", i + 1);
		vlsp_app_report(key, "gone");
	}
	reported = count;
}

static const char *insert(const char *text, size_t at)
{
	static char wrong[320];
	struct rule rule = {0};
	char why[256];
	const char *match = strchr(text, ' ');
	size_t n = match ? (size_t)(match - text) : strlen(text);

	rule.deny = n == 4 && strncmp(text, "deny", n) == 0;
	if (!rule.deny && (n != 5 || strncmp(text, "allow", n) != 0))
		return "a rule: \"allow MATCH\" or \"deny MATCH\"";
	if (count == RULES || strlen(text) >= sizeof(rule.text))
		return "possible: 48 rules of 159 characters are";
	rule.matcher = vlsp_matcher_new(match ? match + 1 : "", why);
	if (!rule.matcher) {
		snprintf(wrong, sizeof(wrong), "a rule: match: %s", why);
		return wrong;
	}
	strcpy(rule.text, text);
	memmove(&rules[at + 1], &rules[at], (count - at) * sizeof(rule));
	rules[at] = rule;
	count++;
	return NULL;
}

static const char *parse_rule(const char *text, void *value)
{
	(void)value;
	return insert(text, count);
}

/* "N" of a rule that there is. */
static bool read_place(const char *text, size_t last, size_t *ret_at, const char **ret_rest)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || n < 1 || n > last)
		return false;
	*ret_at = n - 1;
	*ret_rest = end;
	return true;
}

static const char *parse_insert(const char *text, void *value)
{
	const char *rest;
	size_t at;

	(void)value;
	if (!read_place(text, count + 1, &at, &rest) || *rest != ' ')
		return "\"N RULE\", N between 1 and one behind the last rule";
	return insert(rest + 1, at);
}

static const char *parse_delete(const char *text, void *value)
{
	const char *rest;
	size_t at;

	(void)value;
	if (!read_place(text, count, &at, &rest) || *rest)
		return "the number of a rule";
	vlsp_matcher_free(rules[at].matcher);
	count--;
	memmove(&rules[at], &rules[at + 1], (count - at) * sizeof(rules[0]));
	return NULL;
}

static const char *parse_verdict(const char *text, void *value)
{
	if (strcmp(text, "allow") != 0 && strcmp(text, "deny") != 0)
		return "allow or deny";
	*(bool *)value = text[0] == 'd';
	return NULL;
}

static const struct app_option options[] = {
	{"[RULE...]", NULL, "\"allow MATCH\" or \"deny MATCH\", the first one decides", parse_rule,
	 NULL},
	{"--default", "VERDICT", "of what no rule decides: allow (default) or deny", parse_verdict,
	 &deny_others},
	FN_MATCH,
	FN_OPTIONS,
	{0},
};
static const struct app_option settings[] = {
	{"append", "RULE", "one more rule, the last", parse_rule, NULL},
	{"insert", "N RULE", "one more rule, before rule N", parse_insert, NULL},
	{"delete", "N", "rule N goes", parse_delete, NULL},
	{"default", "VERDICT", "of what no rule decides", parse_verdict, &deny_others},
	{0},
};
static const struct app app = {"firewall", "passes and drops datagrams by rules", options, report,
			       settings};

static bool denied(const struct vlsp_packet *packet)
{
	for (size_t i = 0; i < count; i++) {
		if (!vlsp_matcher_hit(rules[i].matcher, packet))
			continue;
		rules[i].hits++;
		return rules[i].deny;
	}
	others++;
	return deny_others;
}

int main(int argc, char **argv)
{
	struct vlsp_packet packet;

	app_start(&app, argc, argv);
	fn_open(NULL);
	app_ready();
	while (fn_next(&packet, NULL)) {
		if (denied(&packet))
			fn_drop(&packet);
		else
			fn_pass(&packet);
	}
	return app_end();
}
