// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vlsp topology: the table of its verbs, show and export. apply, diff, delete and reconcile are in
 * topology_apply.c; what needs no daemon (generate, validate, convert) in topology_file.c.
 */
#include "cli/file.h"
#include "cli/nouns.h"
#include "cli/request.h"

#include "lib/base/clock.h"

#define TIMEOUT_MAX (3600LL * (int64_t)NSEC_PER_SEC)

static const struct cli_option apply_options[] = {
	{.name = "dry-run", .letter = 'n', .help = "print what would be done, change nothing"},
	{.name = "replace", .help = "delete what runs first: ids and addresses start anew"},
	{.name = "no-wait",
	 .help = "return once it is made; do not wait for routes and applications"},
	{.name = "no-events", .help = "do not start events of the file that are new"},
	{.name = "timeout",
	 .value = "TIME",
	 .type = CLI_DURATION,
	 .min = (int64_t)NSEC_PER_SEC,
	 .max = TIMEOUT_MAX,
	 .help = "give up waiting for convergence after TIME (like 30s)"},
	{0},
};

static const struct cli_option reconcile_options[] = {
	{.name = "dry-run", .letter = 'n', .help = "look only, change nothing"},
	{0},
};

static const struct cli_option format_options[] = {
	{.name = "format",
	 .value = "FORMAT",
	 .type = CLI_ENUM,
	 .choices = file_formats,
	 .help = "json, yaml (the default), graphml or dot"},
	{.name = "output",
	 .letter = 'o',
	 .value = "FILE",
	 .type = CLI_TEXT,
	 .live = CLI_FILE,
	 .help = "write to FILE; its suffix chooses the format too"},
	{0},
};

static int show_run(struct cli *cli)
{
	struct answer answer;
	const json_t *t;
	int rc;

	rc = request_json(cli, "GET", "/topology/", &answer);
	if (rc)
		return rc;
	t = answer.json;
	if (!answer_print(cli, &answer)) {
		const char *name = json_string_value(json_object_get(t, "name"));
		const char *network = json_string_value(json_object_get(t, "network"));
		const char *routing = json_string_value(json_object_get(t, "routing"));

		fprintf(cli->out, "name       %s\n", name && *name ? name : "-");
		fprintf(cli->out, "network    %s\n", network ? network : "-");
		fprintf(cli->out, "routing    %s\n", routing ? routing : "-");
		fprintf(cli->out, "routers    %lld, %lld converged\n",
			(long long)json_integer_value(json_object_get(t, "routers")),
			(long long)json_integer_value(json_object_get(t, "routersConverged")));
		fprintf(cli->out, "links      %lld\n",
			(long long)json_integer_value(json_object_get(t, "links")));
		fprintf(cli->out, "converged  %s\n",
			json_is_true(json_object_get(t, "converged")) ? "yes" : "no");
	}
	answer_done(&answer);
	return CLI_DONE;
}

/* What runs has more than the format: asked for once more, in one that has it all. */
static int export_left_out(struct cli *cli, enum topo_format format)
{
	struct topo_doc *doc = NULL;
	struct answer answer;
	struct err err;
	int rc;

	if (format != TOPO_FORMAT_GRAPHML)
		return CLI_DONE;
	rc = request_call(cli, "GET", "/topology/?format=json", NULL, NULL, 0, &answer);
	if (rc)
		return rc;
	if (topo_read(answer.text, answer.size, "vlspd", &doc, &err) == 0)
		topology_left_out(cli, format, doc);
	else
		rc = cli_fail(cli, "%s", err.text);
	topo_doc_free(doc);
	answer_done(&answer);
	return rc;
}

static int export_run(struct cli *cli)
{
	enum topo_format format;
	struct answer answer;
	struct path path;
	int rc;

	rc = file_format(cli, &format);
	if (rc)
		return rc;
	path_start(&path, "/topology/", NULL);
	path_query(&path, "format", file_formats[format]);
	rc = request_call(cli, "GET", path_done(&path), NULL, NULL, 0, &answer);
	if (rc == 0) {
		rc = export_left_out(cli, format);
		if (rc == 0)
			rc = file_write(cli, cli_text(cli, "output"), answer.text, answer.size);
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

#define TOPOLOGY_FILE                                                                              \
	{                                                                                          \
		.name = "FILE",                                                                    \
		.help = "JSON, YAML or GraphML, found by content; - reads standard input",         \
		.live = CLI_FILE                                                                   \
	}

static const struct cli_verb verbs[] = {
	{
		.name = "apply",
		.help = "make what runs equal to a topology file: only what differs is changed",
		.more = "Returns when every router runs and routes have converged. A file that is "
			"wrong in any\n"
			"line changes nothing. Applying the same file again says: nothing to do.",
		.args = {TOPOLOGY_FILE},
		.options = apply_options,
		.flags = CLI_JSON,
		.run = topology_apply_run,
	},
	{
		.name = "diff",
		.help = "print what apply would add (+), remove (-) and change (~)",
		.args = {TOPOLOGY_FILE},
		.flags = CLI_JSON,
		.run = topology_diff_run,
	},
	{.name = "show",
	 .help = "name, network, size and convergence of what runs",
	 .flags = CLI_JSON,
	 .run = show_run},
	{
		.name = "export",
		.help = "print what runs as a topology file",
		.options = format_options,
		.run = export_run,
	},
	{
		.name = "delete",
		.help = "remove all routers and links; the daemon stays",
		.flags = CLI_JSON,
		.run = topology_delete_run,
	},
	{
		.name = "reconcile",
		.help = "compare the machine with what should run, and put right what differs",
		.more = "For when somebody has removed or changed devices, namespaces or processes "
			"of the\nnetwork. What is well is not touched.",
		.options = reconcile_options,
		.flags = CLI_JSON,
		.run = topology_reconcile_run,
	},
	{
		.name = "generate",
		.help = "print the topology file of a well-known kind of network (no daemon "
			"needed)",
		.args = {{.name = "KIND", .help = "which kind: see below", .live = CLI_KIND},
			 {.name = "ARGS",
			  .help = "its sizes, and its own options",
			  .optional = true,
			  .many = true}},
		.options = format_options,
		.flags = CLI_OPEN,
		.more_print = topology_generate_help,
		.run = topology_generate_run,
	},
	{
		.name = "validate",
		.help = "check a topology file as apply would (no daemon needed)",
		.args = {TOPOLOGY_FILE},
		.flags = CLI_JSON,
		.run = topology_validate_run,
	},
	{
		.name = "convert",
		.help = "print a topology file in another format (no daemon needed)",
		.args = {TOPOLOGY_FILE},
		.options = format_options,
		.run = topology_convert_run,
	},
	{0},
};

const struct cli_noun noun_topology = {
	.name = "topology",
	.help = "Whole networks: apply a file, compare, export, generate, delete.",
	.verbs = verbs,
};
