// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may speak to the API. The unix socket is guarded by its file mode. TCP needs the token, and,
 * because a browser on this machine can be made to send requests by any site it shows, a Host
 * that is this machine's and no Origin of another site (DNS rebinding, cross-site requests).
 */
#include <string.h>
#include <strings.h>

#include "daemon/api/api_priv.h"

static const char *const local_names[] = {"localhost", "127.0.0.1", "[::1]"};

/* "localhost", "127.0.0.1:8888", ... */
static bool is_local_host(const char *host)
{
	for (size_t i = 0; i < sizeof(local_names) / sizeof(local_names[0]); i++) {
		size_t n = strlen(local_names[i]);

		if (strncasecmp(host, local_names[i], n) != 0)
			continue;
		if (host[n] == '\0')
			return true;
		if (host[n] == ':' && host[n + 1] &&
		    !host[n + 1 + strspn(host + n + 1, "0123456789")])
			return true;
	}
	return false;
}

static bool is_local_origin(const char *origin)
{
	return strncmp(origin, "http://", 7) == 0 && is_local_host(origin + 7);
}

/* Takes the same time wherever the first difference is. */
static bool equal_secret(const char *given, const char *token)
{
	size_t n = strlen(given), m = strlen(token);
	unsigned char diff = n != m;

	for (size_t i = 0; i < m; i++)
		diff |= (unsigned char)(token[i] ^ (i < n ? given[i] : 0));
	return diff == 0;
}

int api_auth_check(const struct api *api, struct http_request *req, struct err *err)
{
	const char *host, *origin, *given;

	if (req->peer == HTTP_PEER_UNIX)
		return 0;
	host = http_header(req, "Host");
	if (host && !is_local_host(host)) {
		err_set(err, EACCES, "Host: must be localhost or 127.0.0.1");
		return 403;
	}
	origin = http_header(req, "Origin");
	if (origin && !is_local_origin(origin)) {
		err_set(err, EACCES, "Origin: requests of other sites are refused");
		return 403;
	}
	if (!api->token)
		return 0;
	given = http_header(req, "Authorization");
	if (!given) {
		err_set(err, EACCES,
			"Authorization: missing; 'Bearer TOKEN' is needed, see %s/token",
			api->runtime_dir);
		return 401;
	}
	if (strncasecmp(given, "Bearer ", 7) != 0 || !equal_secret(given + 7, api->token)) {
		err_set(err, EACCES, "Authorization: not 'Bearer TOKEN' with the token of %s/token",
			api->runtime_dir);
		return 401;
	}
	return 0;
}
