// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp topology generate, validate and convert: they need no daemon, only lib/topo. */
#include "cli/file.h"
#include "cli/nouns.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/shipped.h"
#include "lib/topo/gen.h"

static void warnings(struct cli *cli, const struct topo_doc *doc)
{
	for (size_t i = 0; i < doc->warning_count; i++)
		cli_note(cli, "warning: %s", doc->warnings[i]);
}

void topology_left_out(struct cli *cli, enum topo_format format, const struct topo_doc *doc)
{
	size_t apps = 0;

	if (format != TOPO_FORMAT_GRAPHML) /* dot is for pictures, the others have it all */
		return;
	for (size_t i = 0; i < doc->router_count; i++)
		apps += topo_apps_count(doc->routers[i].apps);
	if (apps)
		cli_note(cli, "warning: graphml has no applications: %zu left out", apps);
	if (doc->events)
		cli_note(cli, "warning: graphml has no events, traces and seed: left out");
}

static int write_doc(struct cli *cli, const struct topo_doc *doc)
{
	cleanup_free char *text = NULL;
	enum topo_format format;
	size_t size;
	int r;

	r = file_format(cli, &format);
	if (r)
		return r;
	r = topo_write(doc, format, &text, &size);
	if (r < 0)
		return cli_fail(cli, "the topology cannot be written: %s", strerror(-r));
	topology_left_out(cli, format, doc);
	return file_write(cli, cli_text(cli, "output"), text, size);
}

/* shipped: as topo_files has it. */
static int read_doc(struct cli *cli, char **shipped, struct topo_doc **ret_doc)
{
	cleanup_free char *text = NULL;
	const char *name = cli_arg(cli, 0);
	struct file_place place = {.name = name};
	struct topo_files files = {
		.read = file_read_named, .arg = &place, .shipped = (const char *const *)shipped};
	struct err err;
	size_t size;
	int rc;

	rc = file_read(cli, name, &text, &size);
	if (rc)
		return rc;
	if (topo_read_files(text, size, file_source(name), &files, ret_doc, &err) < 0)
		return cli_fail(cli, "%s", err.text);
	warnings(cli, *ret_doc);
	return 0;
}

void topology_generate_help(FILE *out)
{
	const struct topo_gen_option *options;
	const struct topo_gen_kind *kinds;
	char left[64];
	size_t n;

	fputs("\nKinds and their sizes:\n", out);
	kinds = topo_gen_kinds(&n);
	for (size_t i = 0; i < n; i++) {
		snprintf(left, sizeof(left), "%s %s", kinds[i].name, kinds[i].args);
		fprintf(out, "  %-26s %s\n", left, kinds[i].help);
	}
	fputs("\nOptions of the kinds:\n", out);
	options = topo_gen_options(&n);
	for (size_t i = 0; i < n; i++) {
		snprintf(left, sizeof(left), "%s %s", options[i].name,
			 options[i].arg ? options[i].arg : "");
		fprintf(out, "  %-26s %s\n", left, options[i].help);
	}
}

int topology_generate_run(struct cli *cli)
{
	struct topo_doc *doc;
	struct err err;
	int rc;

	if (topo_generate(cli_arg(cli, 0), (int)cli->arg_count - 1, cli->args + 1, &doc, &err) < 0)
		return cli_usage(cli, "%s", err.text);
	warnings(cli, doc);
	rc = write_doc(cli, doc);
	topo_doc_free(doc);
	return rc;
}

int topology_validate_run(struct cli *cli)
{
	char dir[PATH_MAX], path[PATH_MAX + 8], **shipped = NULL;
	struct topo_doc *doc;
	int rc;

	/* Where none are installed nothing is known of them. */
	if (shipped_find(dir, sizeof(dir), NULL) == 0) {
		snprintf(path, sizeof(path), "%s/apps", dir);
		shipped = shipped_read(path);
	}
	rc = read_doc(cli, shipped, &doc);
	shipped_free(shipped);
	if (rc)
		return rc;
	if (cli_given(cli, "json")) {
		json_t *body = json_pack("{s:s, s:I, s:I, s:[]}", "name", doc->name, "routers",
					 (json_int_t)doc->router_count, "links",
					 (json_int_t)doc->link_count, "warnings");

		for (size_t i = 0; i < doc->warning_count; i++)
			json_array_append_new(json_object_get(body, "warnings"),
					      json_string(doc->warnings[i]));
		json_dumpf(body, cli->out, JSON_COMPACT);
		fputc('\n', cli->out);
		json_decref(body);
	} else if (!cli_given(cli, "quiet")) {
		fprintf(cli->out, "%s: valid, %zu router%s, %zu link%s\n",
			file_source(cli_arg(cli, 0)), doc->router_count,
			doc->router_count == 1 ? "" : "s", doc->link_count,
			doc->link_count == 1 ? "" : "s");
	}
	topo_doc_free(doc);
	return CLI_DONE;
}

int topology_convert_run(struct cli *cli)
{
	struct topo_doc *doc;
	int rc;

	rc = read_doc(cli, NULL, &doc);
	if (rc)
		return rc;
	rc = write_doc(cli, doc);
	topo_doc_free(doc);
	return rc;
}
