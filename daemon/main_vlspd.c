// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vlspd: controller and host in one process. Wiring only: this file knows which host back end,
 * which controller and which listeners there are, puts them together and takes them apart again.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/capture.h"
#include "daemon/conf/instance.h"
#include "daemon/conf/options.h"
#include "daemon/conf/privileges.h"
#include "daemon/conf/service.h"
#include "daemon/ctl/ctl.h"
#include "daemon/ctl/reconcile.h"
#include "daemon/host/fake.h"
#include "daemon/host/local.h"
#include "daemon/model/model.h"
#include "daemon/store/store.h"
#include "lib/base/name.h"
#include "lib/base/shipped.h"
#include "lib/http/server.h"
#include "lib/http/tls.h"
#include "lib/loop/loop.h"
#include "lib/wire/capture.h"

#define DAEMON_NICE (-10)

struct daemon {
	const struct conf *conf;
	const char *log_path;
	struct instance *instance;
	struct loop *loop;
	struct store *store;
	struct store_content *content; /* until the model and the controller have it */
	struct host *host;
	struct model *model;
	struct ctl *ctl;
	struct api *api;
	struct http_server *http;
	struct captures *captures;
	struct http_tls *tls;
	gid_t group, read_group; /* INSTANCE_NO_GROUP: none */
	char name[64];		 /* of the instance */
	char host_name[NAME_SIZE];
	bool ending, keep; /* told to end; and to leave the network running */
	bool nothing_kept; /* the store was empty at the start */
	bool recovering, recovered;
	int recover_status;
	struct err recover_err;
};

static void on_end(void *arg, int signo)
{
	struct daemon *d = arg;

	d->ending = true;
	d->keep = signo == SERVICE_KEEP;
	log_info("signal %d: ending%s", signo, d->keep ? ", the network stays" : "");
	loop_stop(d->loop);
}

static void on_hangup(void *arg, int signo)
{
	struct daemon *d = arg;
	int r = d->log_path ? service_log_to(d->log_path) : 0;

	(void)signo;
	if (r < 0)
		log_error("%s: %s", d->log_path, strerror(-r));
}

static int open_loop(struct daemon *d, struct err *err)
{
	int r = loop_new(&d->loop);

	if (r == 0)
		r = loop_signal(d->loop, SIGTERM, on_end, d);
	if (r == 0)
		r = loop_signal(d->loop, SIGINT, on_end, d);
	if (r == 0)
		r = loop_signal(d->loop, SERVICE_KEEP, on_end, d);
	if (r == 0)
		r = loop_signal(d->loop, SIGHUP, on_hangup, d);
	return r < 0 ? err_errno(err, r, "event loop") : 0;
}

static int find_router(char *path, size_t size, struct err *err)
{
	char dir[PATH_MAX];
	int r = shipped_find(dir, sizeof(dir), err);

	if (r == 0 && snprintf(path, size, "%s/vlsp-router", dir) >= (int)size)
		r = err_errno(err, ENAMETOOLONG, "%s", dir);
	return r;
}

static int open_local(struct daemon *d, struct err *err)
{
	char router_path[PATH_MAX];
	struct host_local_config config = {
		.loop = d->loop,
		.runtime_dir = d->conf->runtime_dir,
		.instance = d->name,
		.network = d->model->network,
		.prefix_len = d->model->prefix_len,
		.router_path = router_path,
		.state_dir = d->conf->state_dir,
		.log_level = d->conf->log_level,
		.user_base = d->conf->user_base,
		.cgroups = d->conf->cgroups,
	};
	int r = find_router(router_path, sizeof(router_path), err);

	if (r == 0 && d->conf->user_base)
		r = instance_searchable(d->instance, err);
	return r < 0 ? r : host_local_open(&config, &d->host, err);
}

static int open_host(struct daemon *d, struct err *err)
{
	struct fake_config config = {.loop = d->loop};
	char path[PATH_MAX];
	int r;

	if (!d->conf->fake_host)
		return open_local(d, err);
	snprintf(path, sizeof(path), "%s/journal", d->conf->runtime_dir);
	if (access(path, F_OK) == 0)
		return err_set(err, EEXIST,
			       "%s: a network of this instance is in the kernel; start without "
			       "--host fake, or remove it by vlspd stop",
			       path);
	r = fake_new(&config, &d->host);
	return r < 0 ? err_errno(err, r, "fake host") : 0;
}

static int open_ctl(struct daemon *d, struct err *err)
{
	struct ctl_config config = {
		.loop = d->loop,
		.model = d->model,
		.host = d->host,
		.host_name = d->host_name,
		.hello_us = d->conf->hello_us,
		.store = d->store,
		.content = d->content,
	};
	int r = ctl_new(&config, &d->ctl);

	return r < 0 ? err_errno(err, r, "controller") : 0;
}

/* Who may, besides root, and TLS: what is wrong with that is said before anything is made. */
static int open_access(struct daemon *d, struct err *err)
{
	const struct conf *conf = d->conf;
	int r = instance_group("group", conf->group, conf->group_given, &d->group, err);

	if (r == 0)
		r = instance_group("read-group", conf->read_group, conf->read_group_given,
				   &d->read_group, err);
	if (r == 0 && conf->listen && conf->tls_cert[0])
		r = http_tls_new(conf->tls_cert, conf->tls_key,
				 conf->tls_client_ca[0] ? conf->tls_client_ca : NULL, &d->tls, err);
	return r;
}

static void on_audit(void *arg, const char *line)
{
	(void)arg;
	log_audit("%s", line);
}

/* --- state: what was acknowledged before -------------------------------------------------------
 */

static bool rebooted(const struct store_content *content)
{
	char now[sizeof(content->boot_id)] = "";
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (f) {
		if (!fgets(now, sizeof(now), f))
			now[0] = '\0';
		fclose(f);
	}
	now[strcspn(now, "\n")] = '\0';
	return content->boot_id[0] && strcmp(now, content->boot_id) != 0;
}

/* The setting says that a reboot ends a network: what is stored of it goes, and is told. */
static int forget(struct daemon *d, struct err *err)
{
	int r;

	log_info("the machine was restarted: %zu routers and %zu links of before are forgotten "
		 "(restore: no)",
		 d->content->router_count, d->content->link_count);
	store_content_free(d->content);
	d->content = NULL;
	d->store->ops->close(d->store, true);
	d->store = NULL;
	r = store_open(d->conf->state_dir, &d->store, err);
	return r < 0 ? r : store_load(d->store, &d->content, err);
}

static int open_store(struct daemon *d, struct err *err)
{
	int r = store_open(d->conf->state_dir, &d->store, err);

	if (r == 0)
		r = store_load(d->store, &d->content, err);
	if (r == 0 && !d->conf->restore && d->content->router_count && rebooted(d->content))
		r = forget(d, err);
	if (r < 0)
		return r;
	d->nothing_kept = d->content->last_op_id == 0 && d->content->router_count == 0;
	r = model_new(&d->model);
	if (r < 0)
		return err_errno(err, r, "model");
	return store_restore(d->content, d->model, err);
}

static void on_recovered(void *arg, int status, const struct ctl_reconcile *result,
			 const struct err *err)
{
	struct daemon *d = arg;

	d->recovered = true;
	d->recover_status = status;
	if (status < 0) {
		d->recover_err = *err;
	} else if (result->routers_adopted || result->routers_made || result->strays) {
		log_info("recovered: %u routers and %u links run on, %u and %u were made again, "
			 "%u links were set, %u strays removed",
			 result->routers_adopted, result->links_adopted, result->routers_made,
			 result->links_made, result->links_set, result->strays);
		if (result->example[0])
			log_info("recovered: %s", result->example);
	}
	if (status >= 0 && err && err->text[0])
		log_error("recovered in part: %s", err->text);
	if (d->recovering)
		loop_stop(d->loop);
}

/* What runs becomes what was acknowledged, before anybody can ask for anything. */
static int recover(struct daemon *d, struct err *err)
{
	int r = ctl_recover(d->ctl, on_recovered, d, err);

	d->recovering = true;
	while (r == 0 && !d->recovered && !d->ending)
		r = loop_run(d->loop);
	d->recovering = false;
	if (r < 0)
		return err->text[0] ? r : err_errno(err, r, "event loop");
	if (d->recover_status < 0)
		*err = d->recover_err;
	return d->recover_status;
}

static int open_api(struct daemon *d, struct err *err)
{
	char token[INSTANCE_TOKEN_SIZE], read_token[INSTANCE_TOKEN_SIZE];
	struct api_config config = {
		.loop = d->loop,
		.ctl = d->ctl,
		.instance = d->name,
		.runtime_dir = d->conf->runtime_dir,
		.state_dir = d->conf->state_dir,
		.host_name = d->host_name,
		.token = d->conf->auth_none ? NULL : token,
		.read_token = read_token,
		.audit = on_audit,
		.tls = d->tls,
	};
	int r = instance_token(d->instance, "token", d->group, token, err);

	if (r == 0)
		r = instance_token(d->instance, "token.readonly", d->read_group, read_token, err);
	if (r < 0)
		return r;
	r = api_new(&config, &d->api);
	explicit_bzero(token, sizeof(token));
	explicit_bzero(read_token, sizeof(read_token));
	return r < 0 ? err_errno(err, r, "API") : 0;
}

static int open_http(struct daemon *d, struct err *err)
{
	const struct conf *conf = d->conf;
	struct http_config config = {.loop = d->loop,
				     .arg = d->api,
				     .begin = api_begin,
				     .handle = api_handle,
				     .dropped = api_dropped};
	char path[PATH_MAX], read_path[PATH_MAX];
	uint16_t port = 0;
	int r = http_server_new(&config, &d->http, err);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/vlspd.sock", conf->runtime_dir);
	snprintf(read_path, sizeof(read_path), "%s/vlspd-ro.sock", conf->runtime_dir);
	r = http_listen_unix(d->http, path, d->group, false, err);
	if (r == 0 && d->read_group != INSTANCE_NO_GROUP)
		r = http_listen_unix(d->http, read_path, d->read_group, true, err);
	if (r < 0)
		return r;
	if (!conf->listen) {
		log_info("listening on %s", path);
		return 0;
	}
	r = http_listen_tcp(d->http, conf->listen_address, conf->listen_port, d->tls, &port, err);
	if (r < 0)
		return r;
	log_info("listening on %s and %s://%s:%u", path, d->tls ? "https" : "http",
		 conf->listen_address, port);
	if (conf->auth_none)
		log_warn("auth is none: whoever can open %s:%u on this machine commands it as root",
			 conf->listen_address, port);
	return 0;
}

static int open_captures(struct daemon *d, struct err *err)
{
	char path[PATH_MAX];
	struct captures_config config = {
		.loop = d->loop, .ctl = d->ctl, .path = path, .group = d->group, .audit = on_audit};

	snprintf(path, sizeof(path), "%s/" CAPTURE_SOCKET, d->conf->runtime_dir);
	return captures_new(&config, &d->captures, err);
}

/* Each name a path of its own; a machine has one limit for all its descriptors. */
static void raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &files) < 0)
			log_debug("descriptor limit stays: %s", strerror(errno));
	}
	/* Before its hundreds of routers (nice -5), or they starve the one who is asked. */
	if (setpriority(PRIO_PROCESS, 0, DAEMON_NICE) < 0)
		log_debug("priority stays: %s", strerror(errno));
}

static void find_names(struct daemon *d)
{
	char name[256] = "";

	instance_name(d->conf->runtime_dir, d->name, sizeof(d->name));
	if (gethostname(name, sizeof(name) - 1) < 0 || name_check(name, "host", NULL) < 0)
		snprintf(name, sizeof(name), "localhost");
	snprintf(d->host_name, sizeof(d->host_name), "%.*s", NAME_MAX_LEN, name);
}

/* Order matters: each needs what is before it. take_down() is the reverse. */
static int put_up(struct daemon *d, struct err *err)
{
	int r;

	find_names(d);
	raise_limits();
	umask(0022); /* what is not for everybody says so itself */
	r = open_access(d, err);
	if (r == 0 && d->conf->limit_caps)
		r = privileges_limit(err);
	if (r == 0)
		r = instance_open(d->conf->runtime_dir, &d->instance, err);
	if (r == 0)
		r = instance_state_dir_check(d->conf->runtime_dir, d->conf->state_dir, err);
	if (r == 0)
		r = instance_state_dir_set(d->instance, d->conf->state_dir, err);
	if (r == 0)
		r = instance_share(d->instance, d->group, err);
	if (r == 0)
		r = open_loop(d, err);
	if (r == 0)
		r = open_store(d, err);
	if (r == 0)
		r = open_host(d, err);
	if (r == 0)
		r = open_ctl(d, err);
	store_content_free(d->content);
	d->content = NULL;
	if (r == 0)
		r = recover(d, err);
	if (r == 0 && d->ending)
		return 0;
	if (r == 0)
		r = open_api(d, err);
	if (r == 0)
		r = open_http(d, err);
	if (r == 0)
		r = open_captures(d, err);
	return r;
}

/* Something of the instance is in the kernel: ours that is kept, or one that was never opened. */
static bool network_stays(const struct daemon *d)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/journal", d->conf->runtime_dir);
	return access(path, F_OK) == 0;
}

/* The controller outlives its host, which may still report; the API outlives the controller. */
static void take_down(struct daemon *d, bool clean)
{
	bool keep = d->keep;

	if (d->http)
		http_server_quiesce(d->http);
	captures_free(d->captures);
	/* A daemon that fails takes no network along. */
	if (!clean && d->model && d->model->router_count)
		keep = true;
	if (d->host)
		d->host->ops->close(d->host, keep);
	ctl_free(d->ctl);
	api_free(d->api);
	http_server_free(d->http);
	http_tls_free(d->tls);
	if (d->store)
		d->store->ops->close(d->store, !keep && (clean || d->nothing_kept));
	else if (d->loop)
		rmdir(d->conf->state_dir); /* stays if something is in it */
	store_content_free(d->content);
	model_free(d->model);
	loop_free(d->loop);
	instance_close(d->instance, clean && !keep, keep || network_stays(d));
}

static int run(const struct conf *conf, const char *log_path, struct err *err)
{
	struct daemon d = {.conf = conf, .log_path = log_path};
	int r;

	log_set_level(conf->log_level);
	r = service_allowed(conf, err);
	if (r < 0)
		return r;
	r = put_up(&d, err);
	if (r == 0 && !d.ending) {
		log_info("vlspd %s, instance %s, is ready", VLSP_VERSION, d.name);
		service_ready();
		r = loop_run(d.loop);
		if (r < 0)
			err_errno(err, r, "event loop");
	}
	take_down(&d, r == 0);
	if (r == 0)
		log_info("ended");
	return r;
}

/*
 * Removes what an earlier run left: of the kernel by the journal, and the state, whose directory
 * that run has noted. Where the note is gone (a reboot), the state goes only when it is certain
 * that it is this instance's: it was named, or both directories are the default ones. Who is not
 * root cannot have left anything in the kernel.
 */
static int clean(const struct conf *conf, struct err *err)
{
	struct host_local_config config = {.runtime_dir = conf->runtime_dir};
	char name[64], state_dir[PATH_MAX];
	struct instance *instance;
	int r = instance_open(conf->runtime_dir, &instance, err);

	if (r < 0)
		return r;
	instance_name(conf->runtime_dir, name, sizeof(name));
	config.instance = name;
	if (instance_state_dir(conf->runtime_dir, state_dir, sizeof(state_dir)) < 0)
		snprintf(state_dir, sizeof(state_dir), "%s",
			 conf->state_dir_given || strcmp(name, "default") == 0 ? conf->state_dir
									       : "");
	if (geteuid() == 0)
		r = host_local_clean(&config, err);
	if (r == 0 && state_dir[0])
		r = store_remove(state_dir, err);
	instance_close(instance, false, r < 0);
	return r;
}

int main(int argc, char *argv[])
{
	struct err err = {0};
	struct conf conf;
	int r = conf_parse(argc, argv, &conf, &err);

	if (r < 0) {
		fprintf(stderr, "vlspd: %s\n", err.text);
		return r == -EINVAL ? 2 : 1;
	}
	signal(SIGPIPE, SIG_IGN);
	switch (conf.command) {
	case CONF_START:
		return service_start(&conf, run);
	case CONF_STOP:
		return service_stop(&conf, clean);
	case CONF_RESTART:
		return service_restart(&conf, run);
	case CONF_STATUS:
		return service_status(&conf);
	case CONF_RUN:
		return service_foreground(&conf, run);
	case CONF_CLEAN:
		return service_clean(&conf, clean);
	case CONF_VERSION:
		printf("vlspd %s\n", VLSP_VERSION);
		return 0;
	case CONF_HELP:
		conf_usage(stdout, conf.topic);
		return 0;
	}
	return 2;
}
