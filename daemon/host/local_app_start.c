// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an application needs to be started: where its program is, who it runs as, its environment
 * and what it sees. What can be known is checked here, so that a wrong request is refused at once;
 * the rest is found out by trying. Called by local_app.c.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/host/local_app_priv.h"
#include "daemon/host/local_hosts.h"
#include "lib/base/cleanup.h"
#include "lib/confine/confine.h"
#include "lib/wire/app_codec.h"

#define CAP(name)  (1ull << CAP_##name)
#define GIDS_MAX   64
#define ENV_OWN	   16
#define ENV_PREFIX "VLSP_"
#define PIDS_MANY  4194304 /* the kernel's limit: groups do it */

/* What root keeps: rights over its network and, as ever, over files and users; nothing by which it
 * gets at the kernel, other networks, mounts, devices or other people's processes' memory. */
#define ROOT_CAPS                                                                                  \
	(CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(NET_BIND_SERVICE) | CAP(CHOWN) | CAP(DAC_OVERRIDE) |  \
	 CAP(FOWNER) | CAP(SETUID) | CAP(SETGID) | CAP(KILL) | CAP(SYS_CHROOT) | CAP(AUDIT_WRITE))

/* --- programs --------------------------------------------------------------------------------- */

static bool is_shipped(const struct local_apps *apps, const char *run)
{
	for (size_t i = 0; apps->shipped[i]; i += 2)
		if (strcmp(apps->shipped[i], run) == 0)
			return true;
	return false;
}

static int check_program(const struct local_apps *apps, const char *run, struct err *err)
{
	struct stat st;

	if (run[0] != '/')
		return is_shipped(apps, run) ? 0
					     : err_set(err, ENOENT,
						       "run: there is no shipped application %s "
						       "(programs of this "
						       "machine are given by their whole path)",
						       run);
	if (stat(run, &st) < 0)
		return err_errno(err, errno, "run: %s", run);
	if (S_ISDIR(st.st_mode))
		return err_set(err, EACCES, "run: %s is a directory", run);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return err_set(err, EACCES, "run: %s is not executable", run);
	return 0;
}

/* --- who -------------------------------------------------------------------------------------- */

struct who {
	uint32_t uid, gid;
	uint32_t gids[GIDS_MAX];
	uint32_t gid_count;
	uint64_t caps;
	const char *name; /* of a user of the host; NULL: the router's own */
	char home[256], shell[128];
};

static int host_user(const char *name, struct who *who, struct err *err)
{
	struct passwd entry, *found = NULL;
	char text[4096];
	int count = GIDS_MAX, r = getpwnam_r(name, &entry, text, sizeof(text), &found);

	if (!found)
		return r ? err_errno(err, r, "user: %s", name)
			 : err_set(err, ENOENT, "user: this machine has no user %s", name);
	who->name = name;
	who->uid = entry.pw_uid;
	who->gid = entry.pw_gid;
	_Static_assert(sizeof(gid_t) == sizeof(who->gids[0]), "the kernel's type");
	if (getgrouplist(name, entry.pw_gid, who->gids, &count) < 0)
		return err_set(err, E2BIG, "user: %s is in more than %d groups", name, GIDS_MAX);
	who->gid_count = (uint32_t)count;
	who->caps = who->uid ? 0 : ROOT_CAPS;
	snprintf(who->home, sizeof(who->home), "%s", entry.pw_dir);
	snprintf(who->shell, sizeof(who->shell), "%s", entry.pw_shell);
	return 0;
}

static int find_who(const struct local *local, const struct host_app_start *start, struct who *who,
		    struct err *err)
{
	*who = (struct who){.uid = local->user_base + 1 + start->slot};
	if (start->app->user)
		return host_user(start->app->user, who, err);
	/* Without a right, but owner of all the machine's files. */
	if (!local->user_base)
		return err_set(err, EOPNOTSUPP,
			       "applications have no user of their own here: the daemon runs with "
			       "--user-base none (give them a user of this machine)");
	who->gid = who->uid;
	return 0;
}

int local_app_start_check(const struct local_apps *apps, const struct host_app_start *start,
			  struct err *err)
{
	struct who who;
	int r = find_who(apps->local, start, &who, err);

	return r < 0 ? r : check_program(apps, start->app->run, err);
}

/* --- environment ------------------------------------------------------------------------------ */

struct env {
	const char **list;
	size_t count;
	char own[ENV_OWN][320];
	size_t own_count;
};

static bool has_name(const char *entry, const char *name, size_t n)
{
	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

static bool is_given(const struct topo_app *app, const char *entry)
{
	size_t n = strcspn(entry, "=");

	for (size_t i = 0; i < app->env_count; i++)
		if (has_name(app->env[i], entry, n))
			return true;
	return false;
}

static void env_add(struct env *env, const struct topo_app *app, const char *name,
		    const char *value)
{
	char *entry = env->own[env->own_count];

	snprintf(entry, sizeof(env->own[0]), "%s=%s", name, value);
	if (is_given(app, entry) && strncmp(name, ENV_PREFIX, strlen(ENV_PREFIX)) != 0)
		return;
	env->own_count++;
	env->list[env->count++] = entry;
}

/* Ours first; of those that say what it is on nobody else has a say. */
static int env_make(struct env *env, const struct host_app_start *start, const struct who *who)
{
	const struct topo_app *app = start->app;
	char address[ADDR_TEXT_SIZE];

	env->list = calloc(ENV_OWN + app->env_count + 1, sizeof(*env->list));
	if (!env->list)
		return -ENOMEM;
	env_add(env, app, "VLSP_ROUTER", start->router);
	env_add(env, app, "VLSP_ADDRESS", addr_format(start->address, address));
	env_add(env, app, "VLSP_APP", app->name);
	env_add(env, app, "VLSP_APP_FD", "3");
	env_add(env, app, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	env_add(env, app, "LANG", "C.UTF-8");
	env_add(env, app, "HOME", who->name ? who->home : "/tmp");
	if (who->name) {
		env_add(env, app, "USER", who->name);
		env_add(env, app, "LOGNAME", who->name);
		env_add(env, app, "SHELL", who->shell);
	}
	for (size_t i = 0; i < app->env_count; i++) {
		bool ours = false;

		for (size_t k = 0; k < env->own_count; k++)
			ours |= has_name(app->env[i], env->own[k], strcspn(env->own[k], "="));
		if (!ours)
			env->list[env->count++] = app->env[i];
	}
	return 0;
}

/* --- writing it down -------------------------------------------------------------------------- */

static int seal(const void *data, size_t size)
{
	int fd = memfd_create("vlsp-app", MFD_CLOEXEC | MFD_ALLOW_SEALING), r = 0;
	const char *at = data;

	if (fd < 0)
		return -errno;
	while (r == 0 && size) {
		ssize_t n = write(fd, at, size);

		if (n < 0)
			r = -errno;
		else
			size -= (size_t)n;
		at += n > 0 ? n : 0;
	}
	if (r == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		r = -errno;
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

static uint32_t ready_by(const struct local_apps *apps, const struct topo_app *app)
{
	if (app->ready != TOPO_APP_READY_AUTO)
		return app->ready;
	return is_shipped(apps, app->run) ? TOPO_APP_READY_NOTIFY : TOPO_APP_READY_SETTLED;
}

static void head_fill(const struct local_apps *apps, const struct host_app_start *start,
		      const struct who *who, struct app_head *head)
{
	const struct topo_app *app = start->app;

	*head = (struct app_head){
		.id = start->id,
		.router_id = start->router_id,
		.slot = start->slot,
		.uid = who->uid,
		.gid = who->gid,
		.restart = app->restart,
		.ready = ready_by(apps, app),
		.grace_ms = app->grace_ms,
		.log_bytes = app->log_bytes,
		.pids = local_cgroup_counts_pids(apps->local->cgroup) ? PIDS_MANY
								      : CONFINE_PIDS_DEFAULT,
		.rights = who->caps != 0,
		.caps = who->caps,
		.netns = local_names_inode(&apps->local->names, start->router),
		.gid_count = who->gid_count,
		.file_count = (uint32_t)app->file_count,
	};
}

static int encode(const struct app_spec *spec, int *ret_fd)
{
	void *data = NULL;
	size_t size;
	int r = app_spec_encode(spec, &data, &size);

	if (r == 0)
		r = seal(data, size);
	free(data);
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}

int local_app_start_write(const struct local_apps *apps, const struct host_app_start *start,
			  char *const *groups, int *ret_fd, struct err *err)
{
	const struct local *local = apps->local;
	const struct topo_app *app = start->app;
	const char *hide[] = {"/run", local->runtime_dir, local->state_dir, NULL};
	char program[PATH_MAX], netns[PATH_MAX], hosts[128];
	cleanup_free struct app_file *files = calloc(app->file_count + 1, sizeof(*files));
	cleanup_free const char **args = calloc(app->arg_count + 2, sizeof(*args));
	struct env env = {0};
	struct app_spec spec = {.files = files};
	struct who who;
	int r = find_who(local, start, &who, err);

	if (r < 0)
		return r;
	local_hosts_path(local, hosts);
	snprintf(program, sizeof(program), "%s%s%s", app->run[0] == '/' ? "" : apps->shipped_dir,
		 app->run[0] == '/' ? "" : "/", app->run);
	r = local_names_path(&local->names, start->router, netns, sizeof(netns));
	if (r < 0)
		return err_errno(err, r, "application %s: the namespace of router %s", app->name,
				 start->router);
	r = files && args ? env_make(&env, start, &who) : -ENOMEM;
	if (r == 0) {
		args[0] = app->run;
		for (size_t i = 0; i < app->arg_count; i++)
			args[i + 1] = app->args[i];
		for (size_t i = 0; i < app->file_count; i++)
			files[i] = (struct app_file){.path = app->files[i].path,
						     .content = app->files[i].content,
						     .size = (uint32_t)app->files[i].size,
						     .mode = app->files[i].mode};
		head_fill(apps, start, &who, &spec.head);
		spec.texts[APP_PROGRAM] = program;
		spec.texts[APP_DIR] = app->dir ? app->dir : "/tmp";
		spec.texts[APP_NETNS] = netns;
		spec.texts[APP_HOSTS] = hosts;
		spec.texts[APP_SHOW] = apps->show;
		spec.lists[APP_ARGS] = args;
		spec.lists[APP_ENV] = env.list;
		spec.lists[APP_GROUPS] = (const char *const *)groups;
		spec.lists[APP_HIDE] = hide;
		spec.gids = who.gids;
		r = encode(&spec, ret_fd);
	}
	free(env.list);
	return r < 0 ? err_errno(err, r, "application %s", app->name) : 0;
}
