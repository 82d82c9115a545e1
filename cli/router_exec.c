// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp router exec and shell: this process enters the router's network and becomes the command. */
#include "cli/netns.h"
#include "cli/nouns.h"
#include "cli/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/client/rest.h"
#include "lib/confine/confine.h"
#include "lib/confine/hosts.h"

#define EXIT_CANNOT_RUN 126 /* as shells say it */
#define EXIT_NOT_FOUND	127

static char *hosts_now(const json_t *routers, size_t *ret_size)
{
	cleanup_free char *own = confine_hosts_machine();

	return own ? netns_hosts(own, routers, ret_size) : NULL;
}

static int enter(struct cli *cli, const char *netns, const json_t *routers)
{
	cleanup_free char *hosts = NULL;
	struct err err;
	size_t size;

	hosts = hosts_now(routers, &size);
	if (!hosts)
		return cli_fail(cli, "out of memory");
	if (netns_enter(netns, &err) < 0 || netns_mounts(hosts, size, &err) < 0)
		return cli_fail(cli, "%s", err.text);
	return 0;
}

/* The strings of list, and before and behind them NULL; the texts stay list's. The caller frees it.
 */
static const char **strings(const json_t *list, const char *first)
{
	size_t count = 0, size = json_array_size(list) + 2;
	const char **texts = calloc(size, sizeof(*texts));

	if (texts && first)
		texts[count++] = first;
	for (size_t i = 0; texts && i < json_array_size(list); i++)
		if (json_is_string(json_array_get(list, i)))
			texts[count++] = json_string_value(json_array_get(list, i));
	return texts;
}

/* In this router's network, which is nobody else's: ICMP echo without raw sockets, for every group
 * (icmp(7)), and ports below 1024 (ip(7)). */
static void allow(const struct cli *cli, const char *setting, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", setting);
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		cli_note(cli, "%s stays as it is: %s", setting, strerror(errno));
}

/* This process becomes the router's application, or waits for the one that does and ends as it. */
static int become_app(struct cli *cli, const json_t *how)
{
	cleanup_free const char **cgroups = strings(json_object_get(how, "cgroups"), NULL);
	cleanup_free const char **hide = strings(json_object_get(how, "hide"), "/run");
	struct confine_app app = {
		.uid = (uint32_t)json_integer_value(json_object_get(how, "uid")),
		.own_mounts = true,
		.own_pids = true,
		.hide = hide,
		.cgroups = cgroups,
		.pids = (uint32_t)json_integer_value(json_object_get(how, "pids")),
	};
	struct err err;

	if (!cgroups || !hide)
		return cli_fail(cli, "out of memory");
	/* Without a right, but owner of all the machine's files. */
	if (!app.uid)
		return cli_fail(cli, "applications have no user of their own here: the daemon runs "
				     "with --user-base none");
	allow(cli, "ping_group_range", "0 2147483647");
	allow(cli, "ip_unprivileged_port_start", "0");
	fflush(cli->out);
	if (confine_app_enter(&app, &err) < 0)
		return cli_fail(cli, "%s", err.text);
	/* Root's are not readable, and not for it; nor is what commands the network. */
	if (setenv("HOME", "/tmp", 1) < 0 || unsetenv("TMPDIR") < 0 || unsetenv("VLSP_TOKEN") < 0)
		return cli_fail(cli, "out of memory");
	return 0;
}

static int get_app(struct cli *cli, const char *router, struct answer *ret_answer)
{
	struct path path;
	int rc;

	path_start(&path, "/router/", router);
	path_segment(&path, "/application");
	rc = request_json(cli, "GET", path_done(&path), ret_answer);
	path_free(&path);
	return rc;
}

static int enter_router(struct cli *cli, const char *router, char **ret_name)
{
	struct answer one = {0}, all = {0}, app = {0};
	const char *netns, *name;
	struct path path;
	int rc;

	if (geteuid() != 0)
		return cli_fail(cli, "entering a router's network needs root: use sudo");
	path_start(&path, "/router/", router);
	rc = request_record(cli, path_done(&path), "router", router, &one);
	path_free(&path);
	if (rc == 0)
		rc = request_json(cli, "GET", "/router/?detail=all", &all);
	netns = json_string_value(json_object_get(one.json, "netns"));
	name = json_string_value(json_object_get(one.json, "name"));
	if (rc == 0 && (!netns || !*netns || !name))
		rc = cli_fail(cli, "router %s runs nowhere that could be entered from here",
			      router);
	if (rc == 0 && cli_given(cli, "app"))
		rc = get_app(cli, router, &app);
	if (rc == 0)
		rc = enter(cli, netns, all.json);
	if (rc == 0 && ret_name && !(*ret_name = strdup(name)))
		rc = cli_fail(cli, "out of memory");
	/* nothing of the daemon's goes to the command */
	rest_close(cli->rest);
	cli->rest = NULL;
	if (rc == 0 && cli_given(cli, "app"))
		rc = become_app(cli, app.json);
	answer_done(&one);
	answer_done(&all);
	answer_done(&app);
	return rc;
}

/*
 * exec(3) says EACCES, too, of what is nowhere, when a directory of PATH may not be searched, as an
 * application may not search root's.
 */
static bool is_nowhere(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return false;
	while (path && *path) {
		size_t n = strcspn(path, ":");
		cleanup_free char *full = NULL;

		if (asprintf(&full, "%.*s/%s", (int)n, path, name) > 0 && access(full, F_OK) == 0)
			return false;
		path += n + (path[n] == ':');
	}
	return true;
}

int router_exec_run(struct cli *cli)
{
	const char *place;
	int rc, code;

	rc = enter_router(cli, cli_arg(cli, 0), NULL);
	if (rc)
		return rc;
	fflush(cli->out);
	execvp(cli->args[1], (char *const *)(cli->args + 1));
	code = errno == EACCES && is_nowhere(cli->args[1]) ? ENOENT : errno;
	place = cli_given(cli, "app") && code == ENOENT ? confine_app_place(cli->args[1]) : NULL;
	if (place)
		cli_fail(cli,
			 "%s: No such file or directory (%s is the application's own here: keep "
			 "the file elsewhere)",
			 cli->args[1], place);
	else
		cli_fail(cli, "%s: %s", cli->args[1], strerror(code));
	return code == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

/* The prompt of sh by PS1; bash sets its own in ~/.bashrc, so it is changed behind that, once. */
static int set_prompt(const char *router)
{
	cleanup_free char *ps1 = NULL, *once = NULL;

	if (asprintf(&ps1, "[%s] $ ", router) < 0 ||
	    asprintf(&once, "PS1=\"[%s] $PS1\"; unset PROMPT_COMMAND", router) < 0)
		return -ENOMEM;
	if (setenv("VLSP_ROUTER", router, 1) < 0 || setenv("PS1", ps1, 1) < 0 ||
	    setenv("PROMPT_COMMAND", once, 1) < 0)
		return -errno;
	return 0;
}

int router_shell_run(struct cli *cli)
{
	const char *shell = getenv("SHELL");
	cleanup_free char *name = NULL;
	int rc, code;

	if (!shell || !*shell)
		shell = "/bin/sh";
	rc = enter_router(cli, cli_arg(cli, 0), &name);
	if (rc)
		return rc;
	if (set_prompt(name) < 0)
		return cli_fail(cli, "out of memory");
	fflush(cli->out);
	execlp(shell, shell, (char *)NULL);
	code = errno;
	cli_fail(cli, "%s: %s", shell, strerror(code));
	return code == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}
