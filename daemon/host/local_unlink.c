// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deleting links. The price of each is waiting for the kernel, so threads do it side by side. Run
 * by a worker of the local back end, and while closing.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/host/local_link.h"
#include "daemon/host/local_ns.h"
#include "daemon/host/local_tag.h"
#include "lib/nlk/dump.h"
#include "lib/nlk/link.h"
#include "lib/nlk/ns.h"

#define DELETE_THREADS 32
#define DELETE_STACK   (128u << 10)

struct delete_task {
	const struct local_names *names;
	const char *instance;
	struct host_link *const *links;
	size_t count, next;
	pthread_mutex_t lock;
	int status;
	struct err err;
};

static void delete_refused(void *arg, uint32_t tag, int code, const char *text)
{
	struct err *err = arg;

	(void)tag;
	if (!err->code)
		err_errno(err, code, "cannot delete its devices%s%s", *text ? ": " : "", text);
}

/* 1: deleted with its other end, 0: it is not there, or what is there is not ours. */
static int delete_end(const struct delete_task *task, const struct host_link *link, int side,
		      struct err *err)
{
	const struct host_end *end = &link->end[side];
	struct nlk_device device;
	struct local_ns_open ns;
	struct nlk_batch batch;
	int r;

	r = local_ns_open(task->names, end->router, &ns);
	if (r == -ENOENT || r == -EINVAL) /* no such name, or nothing is bound to it */
		return 0;
	if (r < 0)
		return err_errno(err, r, "cannot open the namespace of router %s", end->router);
	r = nlk_device_get(ns.sock, end->port, &device);
	if (r == 0 && local_tag_is_link(&device, task->instance, link->name)) {
		nlk_batch_init(&batch);
		nlk_link_del(&batch, end->port);
		r = nlk_batch_send(&batch, ns.sock, delete_refused, err);
		nlk_batch_done(&batch);
		r = r == 0 ? 1 : r;
	}
	close(ns.sock);
	close(ns.ns);
	return r == -ENODEV ? 0 : r;
}

/* Either end will do. */
static int delete_one(const struct delete_task *task, const struct host_link *link, struct err *err)
{
	int r = delete_end(task, link, 0, err);

	if (r == 0)
		r = delete_end(task, link, 1, err);
	return r < 0 ? r : 0;
}

static void *delete_thread(void *arg)
{
	struct delete_task *task = arg;

	pthread_mutex_lock(&task->lock);
	while (task->next < task->count) {
		struct host_link *link = task->links[task->next++];
		struct err err = {0};
		int r;

		pthread_mutex_unlock(&task->lock);
		r = delete_one(task, link, &err);
		pthread_mutex_lock(&task->lock);
		link->state = r < 0 ? HOST_FAILED : HOST_DONE;
		if (r < 0 && task->status == 0) {
			task->status = r;
			if (!err.code)
				err_errno(&err, r, "netlink");
			err_wrap(&err, "link %s", link->name);
			task->err = err;
		}
	}
	pthread_mutex_unlock(&task->lock);
	return NULL;
}

int local_link_delete(const struct local_names *names, const char *instance,
		      struct host_link *const *links, size_t count, struct err *err)
{
	struct delete_task task = {.names = names,
				   .instance = instance,
				   .links = links,
				   .count = count,
				   .lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[DELETE_THREADS];
	size_t started = 0;
	pthread_attr_t attr;

	if (count == 0)
		return 0;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, DELETE_STACK);
	while (started < DELETE_THREADS && started + 1 < count &&
	       pthread_create(&threads[started], &attr, delete_thread, &task) == 0)
		started++;
	delete_thread(&task); /* with few or no other threads it only takes longer */
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attr);
	if (task.status < 0 && err)
		*err = task.err;
	return task.status;
}
