// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp doctor: what the daemon's machine can do, as it was tried when the daemon started. */
#include "cli/nouns.h"
#include "cli/print.h"
#include "cli/request.h"
#include "lib/base/cleanup.h"

static int print(FILE *out, const json_t *body)
{
	static const char *const heads[] = {"", "CAPABILITY", "SERVES", "MISSING BECAUSE"};
	const json_t *list = json_object_get(body, "capabilities");
	struct table table;

	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);

		table_add(&table, "%s", body_true(c, "present") ? "+" : "-");
		table_add(&table, "%s", body_text(c, "name"));
		table_add(&table, "%s", body_text(c, "serves"));
		table_add(&table, "%s", body_text(c, "why"));
	}
	return table_print(&table, out);
}

static int run(struct cli *cli)
{
	struct answer answer;
	int rc;

	rc = request_json(cli, "GET", "/doctor", &answer);
	if (rc)
		return rc;
	if (!answer_print(cli, &answer) && print(cli->out, answer.json) < 0)
		rc = cli_fail(cli, "out of memory");
	answer_done(&answer);
	return rc;
}

static const struct cli_verb verbs[] = {
	{.name = "",
	 .help = "print what this machine can emulate, and why not what it cannot",
	 .flags = CLI_JSON,
	 .run = run},
	{0},
};

const struct cli_noun noun_doctor = {
	.name = "doctor",
	.help = "print what this machine can emulate, and why not what it cannot",
	.verbs = verbs,
};
