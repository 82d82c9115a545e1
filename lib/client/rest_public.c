// SPDX-License-Identifier: LGPL-2.1-or-later
/* Of libvlsp: the REST client for applications, over rest.c, with the environment of the vlsp
 * command. */
#include "include/vlsp/vlsp.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/client/rest.h"

#define URL_DEFAULT "unix:///run/vlsp/vlspd.sock"

struct vlsp_rest {
	pthread_mutex_t lock; /* one request at a time */
	struct rest *rest;
	struct err err;
};

static __thread struct err open_err; /* of this thread's last vlsp_rest_open() */

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

struct vlsp_rest *vlsp_rest_open(const char *url, const char *token)
{
	struct rest_trust trust = {.token = token ? token : variable("VLSP_TOKEN"),
				   .ca = variable("VLSP_CACERT"),
				   .cert = variable("VLSP_CERT"),
				   .key = variable("VLSP_KEY")};
	struct vlsp_rest *rest = calloc(1, sizeof(*rest));
	int r = rest ? 0 : err_set(&open_err, ENOMEM, "out of memory");

	if (!url)
		url = variable("VLSP_URL");
	if (r == 0)
		r = rest_open(url ? url : URL_DEFAULT, &trust, &rest->rest, &open_err);
	if (r == 0 && pthread_mutex_init(&rest->lock, NULL) == 0)
		return rest;
	if (r == 0) {
		rest_close(rest->rest);
		r = err_set(&open_err, ENOMEM, "out of memory");
	}
	free(rest);
	errno = -r;
	return NULL;
}

void vlsp_rest_close(struct vlsp_rest *rest)
{
	if (!rest)
		return;
	rest_close(rest->rest);
	pthread_mutex_destroy(&rest->lock);
	free(rest);
}

/* What would make another request of it than the caller means. */
static int check(const char *method, const char *path, struct err *err)
{
	if (!*method || method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return err_set(err, EINVAL, "method: '%.40s' is not one like GET", method);
	if (path[0] != '/')
		return err_set(err, EINVAL, "path: '%.200s' does not begin with a slash", path);
	for (const char *c = path; *c; c++)
		if (*c <= ' ' || *c > '~')
			return err_set(err, EINVAL,
				       "path: character 0x%02x at position %zu is not encoded",
				       (unsigned char)*c, (size_t)(c - path) + 1);
	return 0;
}

int vlsp_rest_call(struct vlsp_rest *rest, const char *method, const char *path, const char *body,
		   char **ret_body)
{
	int status = 0, r;

	pthread_mutex_lock(&rest->lock);
	rest->err.text[0] = '\0';
	r = check(method, path, &rest->err);
	if (r == 0)
		r = rest_call(rest->rest, method, path, body ? "application/json" : NULL, body,
			      body ? strlen(body) : 0, &status, ret_body, NULL, &rest->err);
	pthread_mutex_unlock(&rest->lock);
	if (r == 0)
		return status;
	errno = -r;
	return -1;
}

const char *vlsp_rest_error(const struct vlsp_rest *rest)
{
	return rest ? rest->err.text : open_err.text;
}
