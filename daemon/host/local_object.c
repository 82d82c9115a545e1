// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * eBPF objects of users as network functions. A worker reads the object, has it verified and pins
 * it; the loop enters it into the router's chain. Nothing of it needs the daemon then: a later one
 * finds the program in the chain's maps, and its own maps below the instance's pins. Called by
 * local_app.c, local_batch.c, local.c.
 */
#include "daemon/host/local_object.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bpf/loader/functions.h"
#include "bpf/loader/user.h"
#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"

#define DIR_SIZE 128

struct local_objects {
	struct local *local;
	struct local_functions *functions;
	struct list list; /* struct object */
};

struct object {
	struct local_job job; /* first; a worker has it while busy */
	struct list node;
	struct local_objects *objects;
	uint32_t id, slot;
	char router[NAME_SIZE];
	char *path, *program; /* program: NULL: the only one */
	struct topo_match match;
	struct vlsp_fn fn;
	struct host_app_state state;
	bool busy;     /* a job is under way */
	bool ending;   /* it is to go, once the job is done */
	bool told_end; /* nothing more is to be told */
	int prog;      /* of the load; -1 */
	int status;
	struct err err;
};

static void dir_of(const struct local *local, uint32_t id, char dir[DIR_SIZE])
{
	snprintf(dir, DIR_SIZE, "/sys/fs/bpf/vlsp/%.63s/app-%u", local->instance, id);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void object_free(struct object *object)
{
	list_del(&object->node);
	if (object->prog >= 0)
		close(object->prog);
	free(object->path);
	free(object->program);
	free(object);
}

static struct object *object_get(const struct local_objects *objects, uint32_t id)
{
	struct list *pos;

	list_for_each (pos, &objects->list) {
		struct object *object = list_entry(pos, struct object, node);

		if (object->id == id)
			return object;
	}
	return NULL;
}

static struct object *object_new(struct local_objects *objects, uint32_t id, uint32_t slot)
{
	struct object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->objects = objects;
	object->id = id;
	object->slot = slot;
	object->prog = -1;
	object->state.status = -1;
	list_add_tail(&objects->list, &object->node);
	return object;
}

bool local_object_has(const struct local_objects *objects, uint32_t id)
{
	return object_get(objects, id) != NULL;
}

/* The callee may forget it. */
static void tell(struct object *object, enum host_app_phase phase)
{
	const struct host_app_events *events = &object->objects->local->host.events.apps;

	object->state.phase = phase;
	object->state.ready = phase == HOST_APP_RUNNING;
	object->told_end = phase == HOST_APP_ENDED || phase == HOST_APP_FAILED;
	if (object->told_end)
		object->state.ended_ms = now_ms();
	if (events->state)
		events->state(events->arg, object->id, &object->state);
}

/* --- its end ---------------------------------------------------------------------------------- */

static void unload_run(struct local_job *job)
{
	struct object *object = (struct object *)job;
	char dir[DIR_SIZE];

	dir_of(object->objects->local, object->id, dir);
	bld_user_remove(dir, &object->objects->local->bld_journal);
}

static void unload_done(struct local_job *job)
{
	struct object *object = (struct object *)job;

	object->busy = false;
	if (object->status < 0) {
		snprintf(object->state.text, sizeof(object->state.text), "%.500s",
			 object->err.text);
		tell(object, HOST_APP_FAILED);
		return;
	}
	object->state.status = 0;
	tell(object, HOST_APP_ENDED);
}

/* Out of the chain at once; then its pins go, and the end is told. One that could not be loaded has
 * nothing there but what it was handed over, which stays. */
static void unload(struct object *object)
{
	local_function_gone(object->objects->functions, object->id,
			    object->ending ? LOCAL_FUNCTION_STOPPED : LOCAL_FUNCTION_DIED);
	object->busy = true;
	object->job = (struct local_job){.run = unload_run, .done = unload_done};
	local_work_add(object->objects->local->work, &object->job);
}

int local_object_stop(struct local_objects *objects, uint32_t id)
{
	struct object *object = object_get(objects, id);

	if (!object)
		return -ESRCH;
	if (object->told_end || object->ending)
		return 0;
	object->ending = true;
	object->state.phase = HOST_APP_STOPPING;
	if (!object->busy)
		unload(object);
	return 0;
}

void local_object_forget(struct local_objects *objects, uint32_t id)
{
	struct object *object = object_get(objects, id);

	if (object && object->told_end && !object->busy)
		object_free(object);
}

void local_object_router_gone(struct local_objects *objects, uint32_t slot)
{
	struct list *pos, *next;

	list_for_each_safe (pos, next, &objects->list) {
		struct object *object = list_entry(pos, struct object, node);

		if (object->slot == slot)
			(void)local_object_stop(objects, object->id);
	}
}

/* --- its start -------------------------------------------------------------------------------- */

static void load_run(struct local_job *job)
{
	struct object *object = (struct object *)job;
	struct local *local = object->objects->local;
	struct local_ns_open open;
	char dir[DIR_SIZE];
	int r;

	dir_of(local, object->id, dir);
	object->status = bld_user_load(object->path, object->program, dir, &local->bld_journal,
				       &object->prog, &object->err);
	if (object->status < 0)
		return;
	/* Last, because the thread is elsewhere then. */
	r = local_ns_open(&local->names, object->router, &open);
	if (r < 0) {
		object->status = err_errno(&object->err, r, "router %s", object->router);
		return;
	}
	object->status = local_function_resolve(open.sock, &object->match, &object->fn,
						&object->err);
	close(open.ns);
	close(open.sock);
}

static int install(struct object *object)
{
	struct local_objects *objects = object->objects;
	struct local *local = objects->local;
	int r = local_function_take(objects->functions, object->id, object->slot, 0,
				    &object->fn.index, &object->err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&local->bld_lock);
	r = bld_fn_prog(local->bld, object->fn.index, object->prog);
	pthread_mutex_unlock(&local->bld_lock);
	if (r < 0)
		return err_errno(&object->err, r, "%s", object->path);
	return local_function_enter(objects->functions, &object->fn, &object->err);
}

static void load_done(struct local_job *job)
{
	struct object *object = (struct object *)job;

	object->busy = false;
	if (object->status == 0 && !object->ending)
		object->status = install(object);
	if (object->prog >= 0)
		close(object->prog);
	object->prog = -1;
	if (object->status < 0 || object->ending) {
		unload(object); /* what there is of it */
		return;
	}
	object->state.started_ms = now_ms();
	local_function_ready(object->objects->functions, object->id);
	tell(object, HOST_APP_RUNNING);
}

static int take_start(struct object *object, const struct host_app_start *start, struct err *err)
{
	const struct topo_app *app = start->app;
	int r = topo_match_parse(app->match, &object->match, err);

	if (r < 0)
		return err_wrap(err, "match");
	memcpy(object->router, start->router, sizeof(object->router));
	object->path = strdup(app->run);
	object->program = app->arg_count ? strdup(app->args[0]) : NULL;
	if (!object->path || (app->arg_count && !object->program))
		return err_errno(err, ENOMEM, "%s", app->run);
	object->fn = (struct vlsp_fn){.kind = VLSP_FN_PROG,
				      .flags = app->closed ? VLSP_FN_CLOSED : 0,
				      .app = start->id,
				      .order = (uint16_t)app->order};
	return 0;
}

int local_object_start(struct local_objects *objects, const struct host_app_start *start,
		       struct err *err)
{
	struct object *object;
	int r;

	if (access(start->app->run, R_OK) < 0) /* known at once, as of programs */
		return err_errno(err, errno, "%s", start->app->run);
	local_object_forget(objects, start->id); /* its router is made again, and so is it */
	if (local_object_has(objects, start->id))
		return err_set(err, EEXIST, "application %u has not ended yet", start->id);
	object = object_new(objects, start->id, start->slot);
	if (!object)
		return err_errno(err, ENOMEM, "%s", start->app->run);
	r = take_start(object, start, err);
	if (r < 0) {
		object_free(object);
		return r;
	}
	object->busy = true;
	object->job = (struct local_job){.run = load_run, .done = load_done};
	local_work_add(objects->local->work, &object->job);
	return 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

int local_objects_open(struct local *local, struct local_functions *functions,
		       struct local_objects **ret_objects)
{
	struct local_objects *objects = calloc(1, sizeof(*objects));

	if (!objects)
		return -ENOMEM;
	objects->local = local;
	objects->functions = functions;
	list_init(&objects->list);
	*ret_objects = objects;
	return 0;
}

static void adopt_one(void *arg, uint32_t slot, const struct vlsp_fn *fn)
{
	struct local_objects *objects = arg;
	struct object *object;
	char dir[DIR_SIZE];
	struct stat st;

	if (fn->kind != VLSP_FN_PROG || fn->flags & VLSP_FN_DEAD)
		return;
	object = object_new(objects, fn->app, slot);
	if (!object) /* it goes on without being known, and is removed with its router */
		return;
	object->fn = *fn;
	dir_of(objects->local, fn->app, dir);
	if (stat(dir, &st) == 0) /* made when it was started */
		object->state.started_ms = (uint64_t)st.st_mtim.tv_sec * 1000 +
					   (uint64_t)st.st_mtim.tv_nsec / 1000000;
}

/* Pins of objects that are in no chain: they were being loaded, or unloaded, or their router has
 * gone. */
static void drop_others(const struct local_objects *objects)
{
	char path[DIR_SIZE];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/fs/bpf/vlsp/%.63s", objects->local->instance);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		unsigned id;
		int end = 0;

		if (sscanf(entry->d_name, "app-%u%n", &id, &end) != 1 || entry->d_name[end] ||
		    object_get(objects, id))
			continue;
		dir_of(objects->local, id, path);
		bld_user_remove(path, &objects->local->bld_journal);
	}
	if (dir)
		closedir(dir);
}

void local_objects_adopt(struct local_objects *objects)
{
	struct list *pos, *next;

	local_function_each(objects->functions, adopt_one, objects);
	drop_others(objects);
	list_for_each_safe (pos, next, &objects->list)
		tell(list_entry(pos, struct object, node), HOST_APP_RUNNING);
}

void local_objects_close(struct local_objects *objects, bool keep)
{
	struct list *pos, *next;

	if (!objects)
		return;
	list_for_each_safe (pos, next, &objects->list) {
		struct object *object = list_entry(pos, struct object, node);

		if (!keep && !object->told_end)
			unload_run(&object->job);
		object_free(object);
	}
	if (!keep)
		drop_others(objects);
	free(objects);
}
