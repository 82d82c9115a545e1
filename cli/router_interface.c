// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp router attach, detach, interfaces: what a router has of the host's interfaces. */
#include "cli/nouns.h"
#include "cli/print.h"
#include "cli/request.h"

#include <string.h>

#include "lib/base/cleanup.h"

/* "192.0.2.1/24, 2001:db8::1/64"; "-": none. */
static const char *addresses(const json_t *iface, char *buf, size_t size)
{
	const json_t *list = json_object_get(iface, "address");
	size_t used = 0;

	snprintf(buf, size, "-");
	for (size_t i = 0; i < json_array_size(list) && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "",
					 json_string_value(json_array_get(list, i)) ?: "?");
	return buf;
}

static void put_addresses(const struct cli *cli, struct path *path)
{
	char all[600] = "";
	size_t used = 0;

	for (size_t i = 0; i < cli->value_count; i++)
		if (strcmp(cli->values[i].option->name, "address") == 0 && used < sizeof(all))
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
						 used ? "," : "", cli->values[i].text);
	path_query(path, "address", all[0] ? all : NULL);
}

int router_attach_run(struct cli *cli)
{
	static const char *const keys[] = {"mode", "name", "owner"};
	struct answer answer;
	struct path path;
	char text[600];
	int rc;

	path_start(&path, "/router/", cli_arg(cli, 0));
	path_segment(&path, "/interface/");
	path_query(&path, "host", cli_arg(cli, 1));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		path_query(&path, keys[i], cli_text(cli, keys[i]));
	put_addresses(cli, &path);
	path_query(&path, "force", cli_given(cli, "force") ? "true" : NULL);
	rc = request_json(cli, "POST", path_done(&path), &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
			fprintf(cli->out, "router %s: %s attached (%s of %s), address %s\n",
				body_text(answer.json, "router"), body_text(answer.json, "name"),
				body_text(answer.json, "mode"), body_text(answer.json, "host"),
				addresses(answer.json, text, sizeof(text)));
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

int router_detach_run(struct cli *cli)
{
	struct path path, name;
	struct answer answer;
	int rc;

	path_start(&name, "/", cli_arg(cli, 1));
	path_start(&path, "/router/", cli_arg(cli, 0));
	path_segment(&path, "/interface");
	path_segment(&path, path_done(&name));
	rc = request_json(cli, "DELETE", path_done(&path), &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
			fprintf(cli->out, "%s: detached\n", body_text(answer.json, "name"));
		answer_done(&answer);
	}
	path_free(&path);
	path_free(&name);
	return rc;
}

int router_interfaces_print(FILE *out, const json_t *list)
{
	static const char *const heads[] = {"INTERFACE", "MODE", "HOST", "ADDRESS"};
	struct table table;
	char text[600];

	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *iface = json_array_get(list, i);

		table_add(&table, "%s", body_text(iface, "name"));
		table_add(&table, "%s", body_text(iface, "mode"));
		table_add(&table, "%s", body_text(iface, "host"));
		table_add(&table, "%s", addresses(iface, text, sizeof(text)));
	}
	return table_print(&table, out);
}

int router_interfaces_run(struct cli *cli)
{
	struct answer answer;
	struct path path;
	int rc;

	path_start(&path, "/router/", cli_arg(cli, 0));
	path_segment(&path, "/interface/");
	rc = request_json(cli, "GET", path_done(&path), &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer) &&
		    router_interfaces_print(cli->out, json_object_get(answer.json, "list")) < 0)
			rc = cli_fail(cli, "out of memory");
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

static const char *const modes[] = {"move", "macvlan", "bridge", "tap", NULL};

const struct cli_option router_attach_options[] = {
	{.name = "mode",
	 .value = "MODE",
	 .type = CLI_ENUM,
	 .choices = modes,
	 .help = "move, macvlan, bridge or tap, see below (default: move)"},
	{.name = "address",
	 .value = "A/LEN",
	 .type = CLI_TEXT,
	 .many = true,
	 .help = "an address to give it, IPv4 or IPv6; may be given several times"},
	{.name = "name",
	 .value = "NAME",
	 .type = CLI_TEXT,
	 .help = "of the interface on the router (default: as on the host)"},
	{.name = "owner",
	 .value = "USER",
	 .type = CLI_TEXT,
	 .help = "who may open the TAP device (default: root)"},
	{.name = "force", .help = "take it even if the host needs it"},
	{0},
};
