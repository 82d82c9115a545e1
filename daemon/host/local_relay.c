// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The relay's process and connection. What workers want of it is posted to the loop and answered
 * through a condition. Called by local.c, local_link.c, local_audit.c.
 */
#include "daemon/host/local_relay.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/host/local_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define NEED_NS	 (5 * NSEC_PER_SEC)
#define AGAIN_NS (200 * NSEC_PER_MSEC)
#define LASTS_NS (5 * NSEC_PER_SEC)

struct post { /* to the loop, which sends it */
	struct post *next;
	enum frame_type type;
	int fd; /* -1: none */
	uint32_t length;
	uint8_t body[];
};

struct local_relay {
	struct local *local;
	char *program;
	char path[108];
	struct local_listen *listen;
	struct local_chan *chan; /* NULL: not connected */
	struct loop_source *watch;
	struct loop_timer *again;
	int watch_fd;
	pid_t pid;
	bool child; /* ours to reap */
	bool wanted, realtime, closing, ringless;
	uint64_t started_ns, pause_ns; /* until it is started again, longer if it does not last */
	uint32_t restarts;
	const struct vlsp_line *lines; /* its memory; NULL: not yet */
	uint64_t overruns, starved_ns; /* of those that have ended */
	int ring, wake;		       /* the loader's */
	struct local_job supply;       /* sockets for one that was started again */
	struct local_relay_need *needs;
	size_t need_count; /* not 0: being supplied */
	struct loop_source *news;

	/* with workers */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int wake_fd; /* eventfd: there is something in posts, or start is set */
	struct post *first, **last;
	bool start;
	bool ready; /* connected, and has the ring */
	uint32_t asked, acked;
	bool has[VLSP_SLOT_MAX];
};

static void ended(void *arg, uint32_t events);

static int watch_pid(struct local_relay *relay, pid_t pid)
{
	int r;

	relay->watch_fd = pidfd_open(pid, 0);
	if (relay->watch_fd < 0)
		return -errno;
	r = loop_add(relay->local->loop, relay->watch_fd, EPOLLIN, ended, relay, &relay->watch);
	if (r < 0) {
		close(relay->watch_fd);
		return r;
	}
	relay->pid = pid;
	return 0;
}

static int start(struct local_relay *relay)
{
	const struct local *local = relay->local;
	pid_t pid;
	int r = local_relay_spawn(relay->program, relay->path, local->user_base, local->log_level,
				  &pid);

	if (r < 0)
		return r;
	relay->child = true;
	relay->started_ns = clock_mono_ns();
	r = watch_pid(relay, pid);
	if (r < 0)
		kill(pid, SIGKILL);
	return r;
}

static void forget_connection(struct local_relay *relay)
{
	relay->chan = NULL;
	pthread_mutex_lock(&relay->lock);
	relay->ready = false;
	pthread_mutex_unlock(&relay->lock);
}

static void unwatch(struct local_relay *relay)
{
	if (!relay->watch)
		return;
	loop_del(relay->watch);
	close(relay->watch_fd);
	relay->watch = NULL;
	relay->pid = 0;
}

static void supply(struct local_relay *relay);
static void give_ring(struct local_relay *relay);

/* Wanted and not there: now, or in a moment. */
static void start_again(void *arg)
{
	struct local_relay *relay = arg;
	int r;

	if (relay->closing || relay->watch || !relay->wanted)
		return;
	r = start(relay);
	if (r < 0) {
		log_error("the relay cannot be started (%s): %s", relay->program, strerror(-r));
		loop_timer_set(relay->again, clock_mono_ns() + 5 * AGAIN_NS);
	}
}

static void ended(void *arg, uint32_t events)
{
	struct local_relay *relay = arg;
	const struct relay_pace *pace = (const void *)relay->lines;
	int status = 0;

	(void)events;
	if (relay->child)
		(void)waitpid(relay->pid, &status, WNOHANG);
	unwatch(relay);
	local_chan_close(relay->chan);
	forget_connection(relay);
	relay->restarts++;
	if (pace) {
		relay->overruns += pace->overruns + pace->held;
		relay->starved_ns += pace->starved_ns;
		munmap((void *)(uintptr_t)relay->lines, RELAY_LINES_SIZE);
		relay->lines = NULL;
	}
	log_warn("the relay has ended (status %d) and is started again; what it held is lost",
		 status);
	relay->pause_ns = clock_mono_ns() - relay->started_ns > LASTS_NS ? AGAIN_NS
									 : 2 * relay->pause_ns;
	if (relay->pause_ns < AGAIN_NS)
		relay->pause_ns = AGAIN_NS;
	if (relay->pause_ns > LASTS_NS)
		relay->pause_ns = LASTS_NS;
	loop_timer_set(relay->again, clock_mono_ns() + relay->pause_ns);
}

/* --- the connection -------------------------------------------------------------------------- */

static void *hello(void *arg, struct local_chan *chan, const struct frame_hello *said, int32_t pid)
{
	struct local_relay *relay = arg;

	if (relay->chan || said->slot != RELAY_SLOT || pid != relay->pid)
		return NULL;
	relay->chan = chan;
	relay->realtime = said->fib & RELAY_REALTIME;
	relay->ringless = !(said->fib & RELAY_HAS_RING);
	log_debug("relay %d: connected%s", pid, relay->realtime ? ", real-time" : "");
	supply(relay); /* before a worker that waits for it gives it more, and says so in has */
	pthread_mutex_lock(&relay->lock);
	relay->ready = true;
	pthread_cond_broadcast(&relay->cond);
	pthread_mutex_unlock(&relay->lock);
	if (!relay->need_count)
		give_ring(relay);
	return relay;
}

static void frame(void *owner, uint16_t type, const void *body, uint32_t length)
{
	struct local_relay *relay = owner;
	uint32_t cookie;

	if (type != FRAME_ACK || length != sizeof(cookie))
		return;
	memcpy(&cookie, body, sizeof(cookie));
	pthread_mutex_lock(&relay->lock);
	relay->acked = cookie;
	pthread_cond_broadcast(&relay->cond);
	pthread_mutex_unlock(&relay->lock);
}

static void given(void *owner, uint16_t type, int fd)
{
	struct local_relay *relay = owner;
	void *p = MAP_FAILED;

	if (type == FRAME_LINES && !relay->lines &&
	    lseek(fd, 0, SEEK_END) >= (off_t)RELAY_LINES_SIZE)
		p = mmap(NULL, RELAY_LINES_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		relay->lines = p;
	close(fd);
}

static void closed(void *owner)
{
	forget_connection(owner);
}

static const struct local_chan_ops ops = {
	.hello = hello, .frame = frame, .given = given, .closed = closed};

/* --- what workers want ----------------------------------------------------------------------- */

static void post_free(struct post *post)
{
	if (post->fd >= 0)
		close(post->fd);
	free(post);
}

static struct post *post_take(struct local_relay *relay, bool *ret_start)
{
	struct post *post;

	pthread_mutex_lock(&relay->lock);
	post = relay->first;
	if (post)
		relay->first = post->next;
	if (!relay->first)
		relay->last = &relay->first;
	*ret_start = relay->start;
	relay->start = false;
	pthread_mutex_unlock(&relay->lock);
	return post;
}

static void posted(void *arg, uint32_t events)
{
	struct local_relay *relay = arg;
	struct post *post;
	uint64_t count;
	bool go;

	(void)events;
	(void)!read(relay->wake_fd, &count, sizeof(count));
	for (;;) {
		post = post_take(relay, &go);
		if (go) {
			relay->wanted = true;
			local_listen_go(relay->listen);
			start_again(relay);
		}
		if (!post)
			break;
		if (relay->chan)
			(void)local_chan_send(relay->chan, post->type, post->body, post->length,
					      post->fd);
		post_free(post);
	}
}

/* From a worker, lock held. */
static void wake_loop(struct local_relay *relay)
{
	uint64_t one = 1;

	/* Cannot fail but by overflow, and then it is readable anyway. */
	(void)!write(relay->wake_fd, &one, sizeof(one));
}

/* Lock held. fd becomes the post's, whatever happens. */
static int post_locked(struct local_relay *relay, enum frame_type type, const void *body,
		       uint32_t length, int fd)
{
	struct post *post = malloc(sizeof(*post) + length);

	if (!post) {
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	*post = (struct post){.type = type, .fd = fd, .length = length};
	if (length)
		memcpy(post->body, body, length);
	*relay->last = post;
	relay->last = &post->next;
	wake_loop(relay);
	return 0;
}

static int post(struct local_relay *relay, enum frame_type type, const void *body, uint32_t length,
		int fd)
{
	int r;

	pthread_mutex_lock(&relay->lock);
	r = post_locked(relay, type, body, length, fd);
	pthread_mutex_unlock(&relay->lock);
	return r;
}

/* Lock held; until ready, or until cookie is answered. */
static int await(struct local_relay *relay, const uint32_t *cookie, const bool *cancel)
{
	uint64_t deadline = clock_mono_ns() + NEED_NS;

	for (;;) {
		struct timespec until;

		if (cookie ? relay->ready && relay->acked == *cookie : relay->ready)
			return 0;
		if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))
			return -ECANCELED;
		if (clock_mono_ns() > deadline)
			return -ETIMEDOUT;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 20000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		pthread_cond_timedwait(&relay->cond, &relay->lock, &until);
	}
}

static int give_sockets(struct local_relay *relay, const struct local_names *names,
			const struct local_relay_need *needs, size_t count, bool again)
{
	for (size_t i = 0; i < count; i++) {
		struct relay_router router = {.slot = needs[i].slot};
		int sock, r;

		if (!again && relay->has[router.slot])
			continue;
		sock = local_relay_socket(names, needs[i].router);
		r = sock < 0 ? sock : post(relay, FRAME_ROUTER, &router, sizeof(router), sock);
		if (r < 0)
			return r;
		if (!again) /* else it may have gone meanwhile */
			relay->has[router.slot] = true;
	}
	return 0;
}

int local_relay_need(struct local_relay *relay, int ring, int wake, const struct local_names *names,
		     const struct local_relay_need *needs, size_t count, const bool *cancel,
		     struct err *err)
{
	uint32_t cookie;
	int r;

	pthread_mutex_lock(&relay->lock);
	relay->ring = ring;
	relay->wake = wake;
	if (!relay->ready) {
		relay->start = true;
		wake_loop(relay);
	}
	r = await(relay, NULL, cancel);
	pthread_mutex_unlock(&relay->lock);
	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "the relay (%s) does not start", relay->program);
	if (r == 0)
		r = give_sockets(relay, names, needs, count, false);
	if (r < 0)
		return err_errno(err, r, "the relay");
	pthread_mutex_lock(&relay->lock);
	cookie = ++relay->asked;
	r = post_locked(relay, FRAME_SYNC, &cookie, sizeof(cookie), -1);
	if (r == 0)
		r = await(relay, &cookie, cancel);
	pthread_mutex_unlock(&relay->lock);
	return r < 0 ? err_errno(err, r, "the relay does not answer") : 0;
}

void local_relay_shape(struct local_relay *relay, uint32_t port, const struct vlsp_shape *shape)
{
	struct relay_shape news = {.port = port, .shape = *shape};

	(void)post(relay, FRAME_SHAPE, &news, sizeof(news), -1);
}

/* Behind all sockets that it has been given: what it reads then has a way. */
static void give_ring(struct local_relay *relay)
{
	int ring, wake;

	if (!relay->ringless || relay->ring < 0)
		return;
	ring = fcntl(relay->ring, F_DUPFD_CLOEXEC, 3);
	wake = fcntl(relay->wake, F_DUPFD_CLOEXEC, 3);
	if (ring < 0 || wake < 0 || post(relay, FRAME_WAKE, NULL, 0, wake) < 0 ||
	    post(relay, FRAME_RING, NULL, 0, ring) < 0)
		log_warn("the relay cannot be given its ring");
	relay->ringless = false;
}

/* --- sockets for one that was started again, or was taken over ------------------------------- */

static void supply_run(struct local_job *job)
{
	struct local_relay *relay = list_entry(job, struct local_relay, supply);

	if (give_sockets(relay, &relay->local->names, relay->needs, relay->need_count, true) < 0)
		log_warn("the relay has no way to some routers");
}

static void supply_done(struct local_job *job)
{
	struct local_relay *relay = list_entry(job, struct local_relay, supply);

	free(relay->needs);
	relay->needs = NULL;
	relay->need_count = 0;
	give_ring(relay);
}

static void supply(struct local_relay *relay)
{
	size_t count = 0;

	if (relay->need_count || relay->needs)
		return;
	relay->needs = calloc(VLSP_SLOT_MAX, sizeof(*relay->needs));
	for (uint32_t slot = 0; relay->needs && slot < VLSP_SLOT_MAX; slot++) {
		const struct local_router *router = relay->local->routers[slot];

		if (!relay->has[slot] || !router)
			continue;
		relay->needs[count].slot = slot;
		snprintf(relay->needs[count++].router, NAME_SIZE, "%s", router->name);
	}
	if (count == 0) {
		free(relay->needs);
		relay->needs = NULL;
		return;
	}
	relay->need_count = count;
	relay->supply = (struct local_job){.run = supply_run, .done = supply_done};
	local_work_add(relay->local->work, &relay->supply);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void see_port(void *arg, uint32_t port, const struct vlsp_port *record)
{
	struct local_relay *relay = arg;
	struct vlsp_shape shape;

	if (record->flags & VLSP_PORT_SHAPED &&
	    bld_shape_read(relay->local->bld, port, &shape) == 0 && shape.flags & VLSP_SHAPE_RELAY)
		relay->has[record->slot] = relay->wanted = true;
}

void local_relay_adopt(struct local_relay *relay)
{
	int32_t pid = local_relay_find(relay->local->runtime_dir);

	(void)bld_ports_each(relay->local->bld, see_port, relay);
	if (relay->wanted) {
		relay->ring = bld_ring_need(relay->local->bld);
		relay->wake = bld_map_wake(relay->local->bld);
	}
	if (pid && !relay->wanted)
		local_relay_kill(relay->local->runtime_dir);
	else if (pid && watch_pid(relay, pid) < 0)
		log_warn("the relay that runs, %d, cannot be watched", pid);
	local_listen_go(relay->listen);
	start_again(relay);
}

int local_relay_open(struct local *local, const char *program, struct local_relay **ret_relay,
		     struct err *err)
{
	struct local_relay *relay = calloc(1, sizeof(*relay));
	const char *path;
	int r;

	if (!relay)
		return err_errno(err, ENOMEM, "relay");
	relay->local = local;
	relay->ring = relay->wake = relay->watch_fd = -1;
	pthread_mutex_init(&relay->lock, NULL);
	pthread_cond_init(&relay->cond, NULL);
	snprintf(relay->path, sizeof(relay->path), "%s/relay.sock", local->runtime_dir);
	path = relay->path;
	relay->last = &relay->first;
	relay->program = strdup(program);
	relay->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = relay->wake_fd < 0 ? -errno : relay->program ? 0 : -ENOMEM;
	if (r == 0)
		r = loop_timer_new(local->loop, start_again, relay, &relay->again);
	if (r == 0)
		r = loop_add(local->loop, relay->wake_fd, EPOLLIN, posted, relay, &relay->news);
	if (r == 0)
		r = local_journal_add(local->journal, "file", &path, 1);
	if (r < 0)
		err_errno(err, r, "relay");
	else
		r = local_listen_new(local->loop, path, local->user_base, &ops, relay,
				     &relay->listen, err);
	if (r < 0) {
		local_relay_close(relay, true);
		return r;
	}
	*ret_relay = relay;
	return 0;
}

void local_relay_close(struct local_relay *relay, bool keep)
{
	const char *path;

	if (!relay)
		return;
	path = relay->path;
	relay->closing = true;
	unwatch(relay);
	if (!keep)
		local_relay_kill(relay->local->runtime_dir);
	local_listen_free(relay->listen);
	if (relay->local->journal)
		(void)local_journal_del(relay->local->journal, "file", &path, 1);
	loop_timer_free(relay->again);
	loop_del(relay->news);
	if (relay->wake_fd >= 0)
		close(relay->wake_fd);
	for (struct post *post = relay->first, *next; post; post = next) {
		next = post->next;
		post_free(post);
	}
	free(relay->needs);
	if (relay->lines)
		munmap((void *)(uintptr_t)relay->lines, RELAY_LINES_SIZE);
	pthread_cond_destroy(&relay->cond);
	pthread_mutex_destroy(&relay->lock);
	free(relay->program);
	free(relay);
}

void local_relay_router_gone(struct local_relay *relay, uint32_t slot)
{
	struct relay_router router = {.slot = slot};

	if (!relay || !relay->has[slot])
		return;
	relay->has[slot] = false;
	if (relay->chan)
		(void)local_chan_send(relay->chan, FRAME_ROUTER_GONE, &router, sizeof(router), -1);
}

void local_relay_pace(const struct local_relay *relay, struct host_pace *ret_pace)
{
	const volatile struct relay_pace *pace = (const void *)relay->lines;

	*ret_pace = (struct host_pace){.running = relay->chan != NULL,
				       .realtime = relay->realtime,
				       .overruns = relay->overruns,
				       .starved_ns = relay->starved_ns,
				       .restarts = relay->restarts};
	if (!pace)
		return;
	ret_pace->sent = pace->sent;
	ret_pace->late = pace->late;
	ret_pace->overruns += pace->overruns;
	ret_pace->starved_ns += pace->starved_ns;
}

void local_relay_line(const struct local_relay *relay, uint32_t port, uint32_t link,
		      struct vlsp_line *ret_line)
{
	*ret_line = (struct vlsp_line){0};
	if (relay->lines && port < VLSP_PORT_MAX && relay->lines[port].link == link)
		*ret_line = relay->lines[port];
}
