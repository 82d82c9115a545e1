/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Link emulation as the fake back end has it: everything is taken, nothing happens to anything,
 * and all counters are 0. Tests make it refuse shapes, and say what counters are.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/host/fake_priv.h"

static const struct fake_told *told(const struct fake *fake, uint32_t port)
{
	for (size_t i = 0; i < FAKE_TOLD_MAX; i++)
		if (fake->told[i].port == port)
			return &fake->told[i];
	return NULL;
}

/* No frame ever crosses a simulated link. */
int fake_counts_read(struct host *host, const uint32_t *ports, size_t count,
		     struct host_counts *ret)
{
	for (size_t i = 0; i < count; i++) {
		const struct fake_told *line = told(fake_of(host), ports[i]);

		ret[i] = line ? line->counts : (struct host_counts){0};
	}
	return 0;
}

int fake_lines_read(struct host *host, const uint32_t *ports, size_t count, struct host_line *ret)
{
	for (size_t i = 0; i < count; i++) {
		const struct fake_told *line = told(fake_of(host), ports[i]);

		ret[i] = line ? line->line : (struct host_line){0};
	}
	return 0;
}

void fake_pace_read(struct host *host, struct host_pace *ret_pace)
{
	*ret_pace = fake_of(host)->pace;
}

/* Everything that has a name is simulated, but for what no machine has yet. */
int fake_shape_check(struct host *host, const struct topo_shape *shape,
		     char ret_backends[HOST_BACKENDS_SIZE], struct err *err)
{
	const struct fake *fake = fake_of(host);

	if (shape->set & TOPO_BACKEND && shape->backend == TOPO_BACKEND_KMOD)
		return err_set(err, EOPNOTSUPP, "backend: kmod: there is no kernel module");
	if (shape->set & fake->refused)
		return err_set(err, EOPNOTSUPP, "%s", fake->refused_why);
	snprintf(ret_backends, HOST_BACKENDS_SIZE, "%s", shape->set ? fake->backends : "");
	return 0;
}

const struct host_capability *fake_capabilities(struct host *host, size_t *ret_count)
{
	static const struct host_capability only = {
		.name = "simulation", .serves = "everything; no datagram moves", .present = true};

	(void)host;
	*ret_count = 1;
	return &only;
}

void fake_refuse_shapes(struct host *host, uint32_t bits, const char *why)
{
	struct fake *fake = fake_of(host);

	fake->refused = bits;
	snprintf(fake->refused_why, sizeof(fake->refused_why), "%s", why);
}

void fake_say_backends(struct host *host, const char *backends)
{
	snprintf(fake_of(host)->backends, HOST_BACKENDS_SIZE, "%s", backends);
}

void fake_say_line(struct host *host, uint32_t port, const struct host_counts *counts,
		   const struct host_line *line)
{
	struct fake *fake = fake_of(host);

	memmove(fake->told + 1, fake->told, (FAKE_TOLD_MAX - 1) * sizeof(fake->told[0]));
	fake->told[0] = (struct fake_told){.port = port, .counts = *counts, .line = *line};
}

void fake_say_pace(struct host *host, const struct host_pace *pace)
{
	fake_of(host)->pace = *pace;
}
