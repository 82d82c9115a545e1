// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vlspd's settings: one table of names, used for --NAME on the command line, for NAME: in the
 * configuration file, and for --help. The command line goes before the file. Called by main_vlspd.
 */
#include "daemon/conf/options.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/shared/maps.h"
#include "lib/base/cleanup.h"
#include "lib/base/name.h"
#include "lib/codec/tree.h"
#include "lib/confine/confine.h"
#include "lib/topo/units.h"

#define FILE_MAX     65536
#define HELLO_MIN_NS 1000000ULL
#define HELLO_MAX_NS 60000000000ULL

struct setting {
	const char *name, *value, *doc;
	int (*set)(struct conf *conf, const char *value, struct err *err);
};

static int set_path(char path[CONF_PATH_SIZE], const char *name, const char *value, struct err *err)
{
	char cwd[CONF_PATH_SIZE * 4];
	size_t n;
	int len;

	if (!value[0])
		return err_set(err, EINVAL, "%s: is empty", name);
	if (value[0] == '/')
		len = snprintf(cwd, sizeof(cwd), "%s", value);
	else if (!getcwd(cwd, sizeof(cwd)))
		return err_errno(err, errno, "%s", name);
	else
		len = (int)strlen(cwd) +
		      snprintf(cwd + strlen(cwd), sizeof(cwd) - strlen(cwd), "/%s", value);
	for (n = (size_t)len; n < sizeof(cwd) && n > 1 && cwd[n - 1] == '/';)
		cwd[--n] = '\0';
	if (n >= CONF_PATH_SIZE)
		return err_set(err, EINVAL, "%s: longer than %d characters: %.200s", name,
			       CONF_PATH_SIZE - 1, cwd);
	memcpy(path, cwd, n + 1);
	return 0;
}

static int set_runtime_dir(struct conf *conf, const char *value, struct err *err)
{
	return set_path(conf->runtime_dir, "runtime-dir", value, err);
}

static int set_state_dir(struct conf *conf, const char *value, struct err *err)
{
	conf->state_dir_given = true;
	return set_path(conf->state_dir, "state-dir", value, err);
}

static int set_listen(struct conf *conf, const char *value, struct err *err)
{
	const char *colon = strrchr(value, ':');
	char address[16] = "";
	uint64_t port;
	uint32_t ip;

	if (strcmp(value, "none") == 0) {
		conf->listen = false;
		return 0;
	}
	if (!colon || (size_t)(colon - value) >= sizeof(address))
		return err_set(err, EINVAL, "listen: '%.60s' is not ADDRESS:PORT or none", value);
	memcpy(address, value, (size_t)(colon - value));
	if (strcmp(address, "localhost") == 0)
		strcpy(address, "127.0.0.1");
	if (addr_parse(address, &ip) < 0)
		return err_set(err, EINVAL, "listen: '%s' is not an IPv4 address", address);
	if (units_count_parse(colon + 1, "listen", 0, 65535, &port, err) < 0)
		return -EINVAL;
	conf->listen = true;
	strcpy(conf->listen_address, address);
	conf->listen_port = (uint16_t)port;
	return 0;
}

static int set_log_level(struct conf *conf, const char *value, struct err *err)
{
	if (log_level_parse(value, &conf->log_level) < 0)
		return err_set(err, EINVAL, "log-level: '%.40s' is not error, warn, info or debug",
			       value);
	return 0;
}

static int set_role(struct conf *conf, const char *value, struct err *err)
{
	(void)conf;
	if (strcmp(value, "controller,host") == 0 || strcmp(value, "host,controller") == 0)
		return 0;
	return err_set(err, EINVAL,
		       "role: '%.40s' is not possible; this version is always controller,host",
		       value);
}

static int set_host(struct conf *conf, const char *value, struct err *err)
{
	if (strcmp(value, "local") != 0 && strcmp(value, "fake") != 0)
		return err_set(err, EINVAL, "host: '%.40s' is not local or fake", value);
	conf->fake_host = value[0] == 'f';
	return 0;
}

static int set_hello(struct conf *conf, const char *value, struct err *err)
{
	uint64_t ns;

	if (units_duration_parse(value, "hello-interval", &ns, err) < 0)
		return -EINVAL;
	if (ns < HELLO_MIN_NS || ns > HELLO_MAX_NS)
		return err_set(err, EINVAL, "hello-interval: must be 1ms to 60s");
	conf->hello_us = (uint32_t)(ns / 1000);
	return 0;
}

static int set_auth(struct conf *conf, const char *value, struct err *err)
{
	if (strcmp(value, "token") != 0 && strcmp(value, "none") != 0)
		return err_set(err, EINVAL, "auth: '%.40s' is not token or none", value);
	conf->auth_none = value[0] == 'n';
	return 0;
}

static int set_flag(bool *flag, const char *name, const char *value, const char *yes,
		    const char *no, struct err *err)
{
	if (strcmp(value, yes) != 0 && strcmp(value, no) != 0)
		return err_set(err, EINVAL, "%s: '%.40s' is not %s or %s", name, value, yes, no);
	*flag = strcmp(value, yes) == 0;
	return 0;
}

static int set_restore(struct conf *conf, const char *value, struct err *err)
{
	return set_flag(&conf->restore, "restore", value, "yes", "no", err);
}

static int set_cgroups(struct conf *conf, const char *value, struct err *err)
{
	return set_flag(&conf->cgroups, "cgroups", value, "auto", "none", err);
}

static int set_capabilities(struct conf *conf, const char *value, struct err *err)
{
	return set_flag(&conf->limit_caps, "capabilities", value, "needed", "all", err);
}

/* Room for one user a router and one for their processes, below what means "nobody". */
static int set_user_base(struct conf *conf, const char *value, struct err *err)
{
	uint64_t base;

	if (strcmp(value, "none") == 0) {
		conf->user_base = 0;
		return 0;
	}
	if (units_count_parse(value, "user-base", 1000, INT32_MAX - VLSP_SLOT_MAX - 1, &base, err) <
	    0)
		return -EINVAL;
	conf->user_base = (uint32_t)base;
	return 0;
}

static int set_group_name(char group[33], const char *name, const char *value, struct err *err)
{
	if (!value[0] || strlen(value) > 32)
		return err_set(err, EINVAL, "%s: '%.40s' is not a group's name", name, value);
	strcpy(group, value);
	return 0;
}

static int set_group(struct conf *conf, const char *value, struct err *err)
{
	conf->group_given = true;
	return set_group_name(conf->group, "group", value, err);
}

static int set_read_group(struct conf *conf, const char *value, struct err *err)
{
	conf->read_group_given = true;
	return set_group_name(conf->read_group, "read-group", value, err);
}

static int set_tls_cert(struct conf *conf, const char *value, struct err *err)
{
	return set_path(conf->tls_cert, "tls-cert", value, err);
}

static int set_tls_key(struct conf *conf, const char *value, struct err *err)
{
	return set_path(conf->tls_key, "tls-key", value, err);
}

static int set_tls_client_ca(struct conf *conf, const char *value, struct err *err)
{
	return set_path(conf->tls_client_ca, "tls-client-ca", value, err);
}

static const struct setting settings[] = {
	{"runtime-dir", "DIR", "sockets, process id, token (/run/vlsp)", set_runtime_dir},
	{"state-dir", "DIR", "what outlives a run (/var/lib/vlsp)", set_state_dir},
	{"listen", "ADDR:PORT|none", "REST on TCP; not loopback: needs TLS (127.0.0.1:8888)",
	 set_listen},
	{"auth", "token|none", "none: TCP without a token; anybody here is root then", set_auth},
	{"group", "NAME", "may command: opens the socket, reads the token (vlsp)", set_group},
	{"read-group", "NAME", "may look: opens the read-only socket (vlsp-read)", set_read_group},
	{"tls-cert", "FILE", "PEM: certificate and chain; TCP is https:// then", set_tls_cert},
	{"tls-key", "FILE", "PEM: its key, not readable by everybody", set_tls_key},
	{"tls-client-ca", "FILE", "PEM: clients must have a certificate of it", set_tls_client_ca},
	{"log-level", "LEVEL", "error, warn, info or debug (info)", set_log_level},
	{"role", "controller,host", "the only one there is in this version", set_role},
	{"host", "local|fake", "fake: simulation, nothing in the kernel (local)", set_host},
	{"restore", "yes|no", "after a reboot, bring the topology back (yes)", set_restore},
	{"user-base", "UID|none",
	 "first user of routers' processes; none: they stay root (1448300000)", set_user_base},
	{"cgroups", "auto|none", "limit what programs on routers use (auto)", set_cgroups},
	{"capabilities", "needed|all", "what the daemon keeps of root's (needed)",
	 set_capabilities},
	{"hello-interval", "TIME", "between neighbours' hellos, 1ms to 60s (by the network's size)",
	 set_hello},
};

static const struct {
	const char *name, *doc;
	enum conf_command command;
} commands[] = {
	{"start", "start in the background; returns once the API answers", CONF_START},
	{"stop", "[--keep]: end it, with all its routers and links; keep: they run on", CONF_STOP},
	{"restart", "stop --keep, then start", CONF_RESTART},
	{"clean", "[--instance DIR]: remove what a run that crashed has left", CONF_CLEAN},
	{"status", "whether it runs", CONF_STATUS},
	{"run", "run in the foreground", CONF_RUN},
	{"version", "print the version", CONF_VERSION},
	{"help", "[COMMAND]: print this, or what COMMAND does", CONF_HELP},
};

void conf_usage(FILE *out, const char *topic)
{
	fprintf(out, "usage: vlspd %s [OPTIONS]\n\n", topic ? topic : "COMMAND");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!topic || strcmp(topic, commands[i].name) == 0)
			fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].doc);
	fprintf(out, "\n  --%-30s %s\n", "config FILE",
		"YAML: the names below without dashes in front");
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		char left[48];

		snprintf(left, sizeof(left), "%s %s", settings[i].name, settings[i].value);
		fprintf(out, "  --%-30s %s\n", left, settings[i].doc);
	}
}

/* The runtime directory is what an instance is known by. */
static const struct setting *find(const char *name, size_t n)
{
	if (n == strlen("instance") && memcmp(name, "instance", n) == 0)
		return find("runtime-dir", strlen("runtime-dir"));
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (strlen(settings[i].name) == n && memcmp(settings[i].name, name, n) == 0)
			return &settings[i];
	return NULL;
}

int conf_set(struct conf *conf, const char *name, const char *value, struct err *err)
{
	const struct setting *setting = find(name, strlen(name));

	if (!setting)
		return err_set(err, EINVAL, "%.60s: unknown setting", name);
	return setting->set(conf, value, err);
}

void conf_defaults(struct conf *ret_conf)
{
	*ret_conf = (struct conf){
		.runtime_dir = "/run/vlsp",
		.state_dir = "/var/lib/vlsp",
		.listen = true,
		.listen_address = "127.0.0.1",
		.listen_port = CONF_LISTEN_PORT,
		.log_level = LOG_LEVEL_INFO,
		.restore = true,
		.group = "vlsp",
		.read_group = "vlsp-read",
		.user_base = CONFINE_USER_BASE,
		.cgroups = true,
		.limit_caps = true,
	};
}

/* What is wrong with a file is not wrong usage, whatever the setting said. */
static int bad_file(struct err *err)
{
	if (err)
		err->code = EBADMSG;
	return -EBADMSG;
}

int conf_read(struct conf *conf, const char *text, size_t size, const char *source, struct err *err)
{
	static const struct tree_limits limits = {.depth = 4, .nodes = 64, .children = 32};
	const struct tree_node *root, *node;
	struct tree *tree;
	int r = tree_read(text, size, false, source, &limits, &tree, err);

	if (r < 0)
		return r == -EINVAL ? bad_file(err) : r;
	root = tree_root(tree);
	if (root && root->type != TREE_MAP)
		r = err_set(err, EBADMSG, "%s:%d: must be NAME: VALUE lines", source, root->line);
	for (node = root && r == 0 ? root->first : NULL; node; node = node->next) {
		if (node->type == TREE_MAP || node->type == TREE_LIST || node->type == TREE_NULL)
			r = err_set(err, EBADMSG, "%s: must be a text", node->key);
		else
			r = conf_set(conf, node->key, node->text, err);
		if (r < 0) {
			err_wrap(err, "%s:%d", source, node->line);
			r = bad_file(err);
			break;
		}
	}
	tree_free(tree);
	return r;
}

static int read_file(struct conf *conf, const char *path, struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = malloc(FILE_MAX + 1);
	size_t size = 0;
	ssize_t n;

	if (fd < 0) {
		err_errno(err, errno, "%s", path);
		return -EBADMSG;
	}
	if (!text)
		return err_set(err, ENOMEM, "out of memory");
	while ((n = read(fd, text + size, FILE_MAX + 1 - size)) > 0)
		size += (size_t)n;
	if (n < 0) {
		err_errno(err, errno, "%s", path);
		return -EBADMSG;
	}
	if (size > FILE_MAX)
		return err_set(err, EBADMSG, "%s: longer than %d bytes", path, FILE_MAX);
	return conf_read(conf, text, size, path, err);
}

/* Value of "--NAME=VALUE" or "--NAME VALUE"; *at is moved past it. NULL: missing. */
static const char *value_of(int argc, char *const argv[], int *at)
{
	const char *eq = strchr(argv[*at], '=');

	if (eq)
		return eq + 1;
	if (*at + 1 < argc)
		return argv[++*at];
	return NULL;
}

/* config_only: only --config is looked at, for the file must be read before the rest is set. */
static int parse_options(struct conf *conf, int argc, char *const argv[], bool config_only,
			 struct err *err)
{
	for (int i = 2; i < argc; i++) {
		const char *name = argv[i] + 2, *value;
		size_t n;
		bool config;
		int r = 0;

		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			conf->command = CONF_HELP;
			continue;
		}
		if (strcmp(argv[i], "--keep") == 0 && conf->command == CONF_STOP) {
			conf->keep = true;
			continue;
		}
		if (strncmp(argv[i], "--", 2) != 0)
			return err_set(err, EINVAL, "'%.60s' is not an option", argv[i]);
		n = strcspn(name, "=");
		config = n == 6 && memcmp(name, "config", 6) == 0;
		if (!config && !find(name, n))
			return err_set(err, EINVAL, "--%.*s: unknown option",
				       (int)(n > 60 ? 60 : n), name);
		value = value_of(argc, argv, &i);
		if (!value)
			return err_set(err, EINVAL, "--%.60s: needs a value", name);
		if (config && config_only)
			r = read_file(conf, value, err);
		else if (!config && !config_only)
			r = find(name, n)->set(conf, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What only makes sense, or is only safe, together. */
static int check_together(const struct conf *conf, struct err *err)
{
	bool local = strncmp(conf->listen_address, "127.", 4) == 0;
	bool tls = conf->tls_cert[0] || conf->tls_key[0];

	if (tls && !(conf->tls_cert[0] && conf->tls_key[0]))
		return err_set(err, EINVAL, "%s: is missing; a certificate needs its key",
			       conf->tls_cert[0] ? "tls-key" : "tls-cert");
	if (conf->tls_client_ca[0] && !tls)
		return err_set(err, EINVAL, "tls-client-ca: needs tls-cert and tls-key");
	if (!conf->listen || local)
		return 0;
	if (!tls)
		return err_set(err, EINVAL,
			       "listen: %s is not a loopback address: it needs TLS (tls-cert and "
			       "tls-key)",
			       conf->listen_address);
	if (conf->auth_none)
		return err_set(err, EINVAL, "auth: none is for loopback addresses, not for %s",
			       conf->listen_address);
	return 0;
}

/* The place of a command in the table; -EINVAL: there is none. */
static int command_of(const char *word, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(word, commands[i].name) == 0)
			return (int)i;
	return err_set(err, EINVAL, "'%.60s' is not a command; see 'vlspd help'", word);
}

int conf_parse(int argc, char *const argv[], struct conf *ret_conf, struct err *err)
{
	struct conf conf;
	int r;

	conf_defaults(&conf);
	if (argc < 2)
		return err_set(err, EINVAL, "which command? see 'vlspd help'");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		conf.command = CONF_HELP;
		*ret_conf = conf;
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		conf.command = CONF_VERSION;
		*ret_conf = conf;
		return 0;
	}
	r = command_of(argv[1], err);
	if (r < 0)
		return r;
	conf.command = commands[r].command;
	if (conf.command == CONF_HELP && argc > 2 && argv[2][0] != '-') {
		r = command_of(argv[2], err);
		if (r < 0)
			return r;
		conf.topic = commands[r].name;
		argc--;
		argv++;
	}
	r = parse_options(&conf, argc, argv, true, err);
	if (r == 0)
		r = parse_options(&conf, argc, argv, false, err);
	if (r == 0)
		r = check_together(&conf, err);
	if (r == 0)
		*ret_conf = conf;
	return r;
}
