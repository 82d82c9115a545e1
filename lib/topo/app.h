/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An application that is wanted on a router, as it stands in a topology file (key "apps" of a
 * router), in a request and in the store. Never changed once it is: plans, batches, models hold
 * references.
 */
#ifndef VLSP_LIB_TOPO_APP_H
#define VLSP_LIB_TOPO_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/name.h"
#include "lib/topo/limits.h"

#define TOPO_APPS_MAX	   256 /* of one router */
#define TOPO_APP_ARGS_MAX  128
#define TOPO_APP_ENV_MAX   64
#define TOPO_APP_GRACE_MS  2000
#define TOPO_APP_LOG_BYTES (1u << 20)
#define TOPO_APP_FILES_MAX 16
#define TOPO_APP_FILE_MAX  (256u << 10) /* bytes of one file */

enum topo_app_restart { TOPO_APP_NEVER, TOPO_APP_ON_FAILURE, TOPO_APP_ALWAYS };
/* When it counts as ready, and those that come after it may start. */
enum topo_app_ready {
	TOPO_APP_READY_AUTO,	/* notify for shipped ones, otherwise settled */
	TOPO_APP_READY_SETTLED, /* it has not ended for 100 ms */
	TOPO_APP_READY_NOTIFY,	/* vlsp_app_ready() */
	TOPO_APP_READY_EXIT,	/* it has ended with status 0: a job */
};
enum topo_app_kind {
	TOPO_APP_PROGRAM,
	TOPO_APP_BPF, /* an eBPF object: a network function without process */
};

struct topo_app_file { /* put in before it starts */
	char *path;    /* absolute, without "..", where the application sees it */
	char *content; /* size bytes */
	size_t size;
	unsigned mode; /* permissions; default 0644 */
};

struct topo_app {
	unsigned refs;
	char name[NAME_SIZE]; /* unique on its router; default: base name of run, then with .2, .3
				 ... */
	bool named;
	enum topo_app_kind kind;
	char *run;   /* name of a shipped application, or an absolute path */
	char **args; /* arg_count of them; without the program's name */
	size_t arg_count;
	char **env; /* env_count of "NAME=value" */
	size_t env_count;
	char *dir;  /* working directory; NULL: /tmp, which is its own */
	char *user; /* NULL: the router's own unprivileged one; "root" or a user of the host:
		       confined to the router's namespaces, but with that user's rights. Only root
		       may ask for it */
	struct topo_app_file *files;
	size_t file_count;
	enum topo_app_restart restart;
	enum topo_app_ready ready;
	char **after; /* after_count of "APP" (same router) or "ROUTER/APP": ready before this
			 starts */
	size_t after_count;
	struct topo_limits limits;
	uint32_t grace_ms;  /* between SIGTERM and SIGKILL; default 2000 */
	uint32_t log_bytes; /* of the file of its output; default 1 MiB */
	char *match;	    /* kind BPF: as of vlsp_intercept_open(); NULL: all */
	unsigned order;	    /* kind BPF */
	bool closed;	    /* kind BPF: policy */
};

/* The applications of one router, shared and never changed once they are. NULL: none. */
struct topo_apps {
	unsigned refs;
	size_t count;
	struct topo_app *list[];
};

/*
 * One application from JSON or YAML text (a map, as in a topology file; Documentation/topology.md
 * has the keys). Messages start with "source:line: field: ". files: for key "from" of files; NULL:
 * that is refused. What is left out has its default; the name may be empty yet. 0 or -errno.
 */
struct topo_files;
int topo_app_parse(const char *text, size_t size, const char *source,
		   const struct topo_files *files, struct topo_app **ret_app, struct err *err);
/* As one line of JSON, which topo_app_parse() reads; to be freed. NULL: out of memory. */
char *topo_app_text(const struct topo_app *app);
/* A name from what it runs, for one without: "echo", "echo.2"... that is not taken. */
void topo_app_name(struct topo_app *app, bool (*taken)(void *arg, const char *name), void *arg);
struct topo_app *topo_app_ref(struct topo_app *app); /* NULL is fine */
void topo_app_unref(struct topo_app *app);
bool topo_app_equal(const struct topo_app *x, const struct topo_app *y);
/* Their words. */
const char *topo_app_restart_name(enum topo_app_restart restart);
const char *topo_app_ready_name(enum topo_app_ready ready);

struct topo_apps *topo_apps_ref(struct topo_apps *apps);
void topo_apps_unref(struct topo_apps *apps);
size_t topo_apps_count(const struct topo_apps *apps);
struct topo_app *topo_apps_find(const struct topo_apps *apps, const char *name);
/* A new list with one more (of which it takes a reference) in *ret. 0 or -ENOMEM. */
int topo_apps_with(const struct topo_apps *apps, struct topo_app *app, struct topo_apps **ret);

#endif
