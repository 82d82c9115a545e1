// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may speak to the API, and in which role (Documentation/access.md). The unix sockets are
 * guarded by their file modes, and by the credentials of whoever connects. TCP needs a token, or a
 * client's certificate where TLS asks for them; and, because a browser on this machine can be made
 * to send requests by any site it shows, a Host that is ours and no Origin of another site (DNS
 * rebinding, cross-site requests; Fetch Metadata, https://www.w3.org/TR/fetch-metadata/).
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/api/api_priv.h"
#include "lib/http/tls.h"

static const char *const local_names[] = {"localhost", "127.0.0.1", "::1"};

/* "localhost", "127.0.0.1:8888", "[::1]:8888": the name without brackets and port. */
static bool host_split(const char *host, char name[256])
{
	bool bracket = host[0] == '[';
	size_t n = strcspn(host += bracket, bracket ? "]" : ":");
	const char *rest = host + n;

	if (n == 0 || n >= 256 || (bracket && *rest++ != ']'))
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	if (*rest == '\0')
		return true;
	return *rest == ':' && rest[1] && !rest[1 + strspn(rest + 1, "0123456789")];
}

static bool is_our_host(const struct api *api, const struct http_peer *peer, const char *host)
{
	char name[256];

	if (!host_split(host, name))
		return false;
	if (peer->kind == HTTP_PEER_TLS)
		return strcmp(name, peer->local) == 0 ||
		       (api->tls && http_tls_is_for(api->tls, name));
	for (size_t i = 0; i < sizeof(local_names) / sizeof(local_names[0]); i++)
		if (strcasecmp(name, local_names[i]) == 0)
			return true;
	return strcmp(name, peer->local) == 0;
}

/* A page that was loaded from the very host and port that it now asks. */
static bool is_our_origin(const struct http_peer *peer, const char *origin, const char *host)
{
	const char *scheme = peer->kind == HTTP_PEER_TLS ? "https://" : "http://";
	size_t n = strlen(scheme);

	return host && strncmp(origin, scheme, n) == 0 && strcasecmp(origin + n, host) == 0;
}

static int check_browser(const struct api *api, struct http_request *req, struct err *err)
{
	const char *host = http_header(req, "Host"), *origin = http_header(req, "Origin");
	const char *site = http_header(req, "Sec-Fetch-Site");

	if (host && !is_our_host(api, &req->peer, host)) {
		err_set(err, EACCES,
			req->peer.kind == HTTP_PEER_TLS
				? "Host: not a name or address of the certificate"
				: "Host: must be localhost or 127.0.0.1");
		return 403;
	}
	if ((origin && !is_our_origin(&req->peer, origin, host)) ||
	    (site && strcasecmp(site, "same-origin") != 0 && strcasecmp(site, "none") != 0)) {
		err_set(err, EACCES, "Origin: requests of other sites are refused");
		return 403;
	}
	return 0;
}

/* Takes the same time wherever the first difference is, and whatever the length of what is given
 * is: all bytes of token are looked at. The length of tokens is no secret. */
static unsigned differs(const char *given, const char *token)
{
	size_t n = strlen(given), m = strlen(token);
	unsigned diff = n != m;

	for (size_t i = 0; i < m; i++)
		diff |= (unsigned char)token[i] ^ (unsigned char)given[i < n ? i : 0];
	return diff;
}

/* Both tokens are compared, whether or not the first one is it. */
static enum api_role role_of_token(const struct api *api, const char *given)
{
	unsigned admin = differs(given, api->token), reader = differs(given, api->read_token);

	return admin == 0 ? API_ROLE_ADMIN : reader == 0 ? API_ROLE_READ_ONLY : API_ROLE_NONE;
}

static int check_token(const struct api *api, struct http_request *req, enum api_role *ret_role,
		       struct err *err)
{
	const char *given = http_header(req, "Authorization");

	if (!given) {
		err_set(err, EACCES,
			"Authorization: missing; 'Bearer TOKEN' is needed, see %s/token",
			api->runtime_dir);
		return 401;
	}
	if (strncasecmp(given, "Bearer ", 7) == 0)
		*ret_role = role_of_token(api, given + 7);
	if (*ret_role != API_ROLE_NONE)
		return 0;
	err_set(err, EACCES, "Authorization: not 'Bearer TOKEN' with the token of %s/token",
		api->runtime_dir);
	return 401;
}

static int check_certificate(const struct http_peer *peer, enum api_role *ret_role, struct err *err)
{
	if (peer->unit_read_only)
		*ret_role = API_ROLE_READ_ONLY;
	else if (peer->unit_admin)
		*ret_role = API_ROLE_ADMIN;
	if (*ret_role != API_ROLE_NONE)
		return 0;
	err_set(err, EACCES,
		"certificate: its subject has neither OU=" HTTP_UNIT_ADMIN
		" nor OU=" HTTP_UNIT_READ_ONLY);
	return 403;
}

int api_auth_unix(const struct http_peer *peer, enum api_role *ret_role, struct err *err)
{
	if (peer->stranger) {
		err_set(err, EACCES, "socket: user %u is not in its group", peer->uid);
		return 403;
	}
	*ret_role = peer->read_only ? API_ROLE_READ_ONLY : API_ROLE_ADMIN;
	return 0;
}

/* Neither a space nor '=' nor anything that is not ASCII gets into the audit's values. */
static void plain(char *text)
{
	for (; *text; text++)
		if (!isgraph((unsigned char)*text) || *text == '=' || *text == ',')
			*text = '_';
}

void api_who_describe(const struct http_peer *peer, struct api_who *who)
{
	char name[sizeof(peer->subject)];
	size_t n = strcspn(peer->address, ":");

	if (peer->kind == HTTP_PEER_UNIX) {
		snprintf(name, sizeof(name), "%s", peer->user[0] ? peer->user : "-");
		plain(name);
		snprintf(who->text, sizeof(who->text), "who=%s uid=%u gid=%u pid=%d", name,
			 peer->uid, peer->gid, peer->pid);
		snprintf(who->client, sizeof(who->client), "uid %u", peer->uid);
		return;
	}
	if (peer->certified) {
		snprintf(name, sizeof(name), "%s", peer->subject[0] ? peer->subject : "-");
		plain(name);
		snprintf(who->text, sizeof(who->text), "who=%s certificate from=%s", name,
			 peer->address);
		snprintf(who->client, sizeof(who->client), "certificate %s", peer->subject);
		return;
	}
	snprintf(who->text, sizeof(who->text), "who=%s", peer->address);
	snprintf(who->client, sizeof(who->client), "%.*s role %d", (int)n, peer->address,
		 who->role);
}

/* Which role, and whether any. */
static int find_role(const struct api *api, struct http_request *req, enum api_role *ret_role,
		     struct err *err)
{
	int status;

	if (req->peer.kind == HTTP_PEER_UNIX)
		return api_auth_unix(&req->peer, ret_role, err);
	status = check_browser(api, req, err);
	if (status)
		return status;
	if (req->peer.certified)
		return check_certificate(&req->peer, ret_role, err);
	if (api->token)
		return check_token(api, req, ret_role, err);
	*ret_role = API_ROLE_ADMIN;
	return 0;
}

int api_auth_check(const struct api *api, struct http_request *req, struct api_who *ret_who,
		   struct err *err)
{
	struct api_who who = {.role = API_ROLE_NONE};
	int status = find_role(api, req, &who.role, err);

	api_who_describe(&req->peer, &who);
	*ret_who = who;
	if (status)
		return status;
	if (who.role == API_ROLE_READ_ONLY && strcmp(req->method, "GET") != 0 &&
	    strcmp(req->method, "HEAD") != 0) {
		err_set(err, EACCES, "role: read-only may GET and HEAD; %.20s needs admin",
			req->method);
		return 403;
	}
	return 0;
}
