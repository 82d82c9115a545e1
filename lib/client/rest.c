// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * REST requests over libcurl's easy interface: the unix socket by default, http:// and https:// as
 * well. One connection is kept and used again. Called by the command line only. No global
 * initialisation of the TLS stack is asked for unless the URL is https://: it costs more than
 * a whole request over the unix socket.
 */
#include "lib/client/rest.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CONNECT_SECONDS 5L
#define BUSY_TRIES	20
#define BUSY_WAIT_US	250000
#define UNIX_PREFIX	"unix://"
#define BODY_MAX	((size_t)1 << 30) /* an answer beyond it is refused, not gathered */

struct rest {
	CURL *curl;
	char *socket; /* path of the unix socket; NULL: TCP */
	char *base;   /* scheme, host and port in front of each path */
	char *ca, *cert, *key;
	struct curl_slist *token;
	char reason[CURL_ERROR_SIZE]; /* of the last failure, by libcurl */
};

struct sink { /* where the body of an answer goes */
	char *data;
	size_t size, room;
	int (*fn)(void *arg, const char *line); /* NULL: gathered in data */
	void *arg;
	bool ended; /* by fn */
	CURL *curl;
	int error; /* errno */
};

static int open_check(const char *url, struct err *err)
{
	const char *host = strstr(url, "://");

	if (strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
		size_t n = strlen(url + strlen(UNIX_PREFIX));

		if (url[strlen(UNIX_PREFIX)] != '/')
			return err_set(err, EINVAL, "url: '%s' has no absolute path behind unix://",
				       url);
		if (n > 107) /* sockaddr_un */
			return err_set(err, EINVAL,
				       "url: the path of a unix socket is at most 107 "
				       "characters, not %zu",
				       n);
		return 0;
	}
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return err_set(err, EINVAL,
			       "url: '%s' does not start with unix://, http:// or https://", url);
	if (!host[3] || host[3] == '/')
		return err_set(err, EINVAL, "url: '%s' names no host", url);
	return 0;
}

bool rest_is_local(const char *url)
{
	const char *host = strstr(url, "://");
	bool bracket;
	size_t n;

	if (!host)
		return false;
	host += 3;
	if (memchr(host, '@', strcspn(host, "/?#"))) /* a user's name, and the host behind it */
		return false;
	bracket = host[0] == '[';
	n = strcspn(host + bracket, bracket ? "]" : ":/?");
	host += bracket;
	return (n == 9 && strncasecmp(host, "localhost", 9) == 0) ||
	       (n == 3 && strncmp(host, "::1", 3) == 0) ||
	       (strncmp(host, "127.", 4) == 0 && n == strspn(host, "0123456789."));
}

/* strdup() of what may be NULL. false: out of memory. */
static bool copy(char **ret_text, const char *text)
{
	*ret_text = text ? strdup(text) : NULL;
	return !text || *ret_text;
}

int rest_open(const char *url, const struct rest_trust *trust, struct rest **ret_rest,
	      struct err *err)
{
	static const struct rest_trust nothing;
	bool tls = strncmp(url, "https://", 8) == 0;
	struct rest *rest;
	char *header = NULL;
	int r;

	if (!trust)
		trust = &nothing;
	r = open_check(url, err);
	if (r < 0)
		return r;
	if (trust->token && strncmp(url, "http://", 7) == 0 && !rest_is_local(url))
		return err_set(err, EINVAL, "url: %s would carry the token in clear; use https://",
			       url);
	if (curl_global_init(tls ? CURL_GLOBAL_DEFAULT : CURL_GLOBAL_NOTHING) != CURLE_OK)
		return err_set(err, EIO, "libcurl: %s", curl_easy_strerror(CURLE_FAILED_INIT));
	rest = calloc(1, sizeof(*rest));
	if (!rest)
		return err_set(err, ENOMEM, "out of memory");
	if (strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
		rest->socket = strdup(url + strlen(UNIX_PREFIX));
		rest->base = strdup("http://localhost");
		if (!rest->socket)
			goto no_memory;
	} else {
		rest->base = strdup(url);
	}
	rest->curl = curl_easy_init();
	if (!rest->base || !rest->curl || !copy(&rest->ca, trust->ca) ||
	    !copy(&rest->cert, trust->cert) || !copy(&rest->key, trust->key))
		goto no_memory;
	for (size_t n = strlen(rest->base); n > 0 && rest->base[n - 1] == '/'; n--)
		rest->base[n - 1] = '\0';
	if (trust->token) {
		if (asprintf(&header, "Authorization: Bearer %s", trust->token) < 0)
			goto no_memory;
		rest->token = curl_slist_append(NULL, header);
		free(header);
		if (!rest->token)
			goto no_memory;
	}
	*ret_rest = rest;
	return 0;

no_memory:
	rest_close(rest);
	return err_set(err, ENOMEM, "out of memory");
}

void rest_close(struct rest *rest)
{
	if (!rest)
		return;
	curl_slist_free_all(rest->token);
	curl_easy_cleanup(rest->curl);
	free(rest->socket);
	free(rest->base);
	free(rest->ca);
	free(rest->cert);
	free(rest->key);
	free(rest);
}

static bool sink_grow(struct sink *sink, size_t more)
{
	size_t room = sink->room ? sink->room : 4096;
	char *data;

	while (room < sink->size + more + 1)
		room *= 2;
	if (room == sink->room)
		return true;
	data = room <= BODY_MAX ? realloc(sink->data, room) : NULL;
	if (!data) {
		sink->error = room <= BODY_MAX ? ENOMEM : EMSGSIZE;
		return false;
	}
	sink->data = data;
	sink->room = room;
	return true;
}

/* Hands each complete line to fn and keeps the rest. */
static void sink_lines(struct sink *sink)
{
	char *line = sink->data, *end;

	while (!sink->ended && (end = memchr(line, '\n', sink->size))) {
		size_t used = (size_t)(end - line) + 1;

		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		sink->ended = sink->fn(sink->arg, line) != 0;
		line += used;
		sink->size -= used;
	}
	memmove(sink->data, line, sink->size);
}

/* The body of a refusal is not what fn is for: it is gathered. */
static bool sink_ok(const struct sink *sink)
{
	long status = 0;

	curl_easy_getinfo(sink->curl, CURLINFO_RESPONSE_CODE, &status);
	return status < 400;
}

/* libcurl's write function: anything but the size given ends the transfer. */
static size_t sink_write(char *data, size_t one, size_t size, void *arg)
{
	struct sink *sink = arg;

	if (!sink_grow(sink, size))
		return 0;
	memcpy(sink->data + sink->size, data, size);
	sink->size += size;
	sink->data[sink->size] = '\0';
	if (sink->fn && sink_ok(sink))
		sink_lines(sink);
	return sink->ended ? 0 : one * size;
}

/* What there is about TLS to say. */
static bool tls_failed(const struct rest *rest, CURLcode code, struct err *err)
{
	const char *reason = rest->reason[0] ? rest->reason : curl_easy_strerror(code);

	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		err_set(err, EACCES,
			"the certificate of %s is not trusted: %s (VLSP_CACERT names the file of "
			"its authority)",
			rest->base, reason);
		return true;
	case CURLE_SSL_CACERT_BADFILE:
		err_set(err, EACCES, "VLSP_CACERT: %s: %s", rest->ca ? rest->ca : "", reason);
		return true;
	case CURLE_SSL_CERTPROBLEM:
		err_set(err, EACCES, "VLSP_CERT, VLSP_KEY: %s", reason);
		return true;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_RECV_ERROR: /* TLS 1.3: the refusal of our certificate comes with the answer */
		if (strncmp(rest->base, "https://", 8) != 0)
			return false;
		err_set(err, EACCES, "no TLS connection with %s: %s%s", rest->base, reason,
			rest->cert ? "" : " (does it ask for a certificate? VLSP_CERT, VLSP_KEY)");
		return true;
	default:
		return false;
	}
}

/* Why there was no answer, in words that say what to do. */
static int call_failed(struct rest *rest, CURLcode code, const struct sink *sink, struct err *err)
{
	long os = 0;

	if (sink->error)
		return err_errno(err, sink->error, "answer of the daemon");
	if (!rest->socket && tls_failed(rest, code, err))
		return -EACCES;
	if (code != CURLE_COULDNT_CONNECT)
		return err_set(err, code == CURLE_OPERATION_TIMEDOUT ? ETIMEDOUT : EIO,
			       "no answer from vlspd at %s: %s",
			       rest->socket ? rest->socket : rest->base, curl_easy_strerror(code));
	curl_easy_getinfo(rest->curl, CURLINFO_OS_ERRNO, &os);
	if (!rest->socket)
		return err_set(err, os ? (int)os : ECONNREFUSED, "vlspd does not answer at %s: %s",
			       rest->base, os ? strerror((int)os) : curl_easy_strerror(code));
	if (os == EACCES || os == EPERM)
		return err_set(err, EACCES,
			       "no permission for %s: be root, or a member of the group vlsp",
			       rest->socket);
	if (os == ENOENT || os == ENOTDIR)
		return err_set(err, ENOENT,
			       "vlspd is not running (no %s): start it with: sudo vlspd start",
			       rest->socket);
	return err_set(err, os ? (int)os : ECONNREFUSED,
		       "vlspd is not running (nobody listens on %s): start it with: sudo vlspd "
		       "start",
		       rest->socket);
}

static CURLcode call_body(CURL *curl, const char *method, const void *body, size_t size)
{
	CURLcode code = CURLE_OK;

	if (strcmp(method, "GET") == 0)
		return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	if (body || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
		code = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
		if (code == CURLE_OK)
			code = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body ? body : "");
	}
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	return code;
}

static CURLcode call_setup(struct rest *rest, const char *url, struct curl_slist *headers,
			   struct sink *sink)
{
	CURL *curl = rest->curl;
	CURLcode code;

	curl_easy_reset(curl); /* options only: the connection stays */
	if ((code = curl_easy_setopt(curl, CURLOPT_URL, url)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_NOPROXY, "*")) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, sink_write)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink)) != CURLE_OK)
		return code;
	if (rest->socket)
		return curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, rest->socket);
	rest->reason[0] = '\0';
	if ((code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, rest->reason)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)) !=
		    CURLE_OK)
		return code;
	if (rest->ca)
		code = curl_easy_setopt(curl, CURLOPT_CAINFO, rest->ca);
	if (rest->cert && code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_SSLCERT, rest->cert);
	if (rest->key && code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_SSLKEY, rest->key);
	return code;
}

/* Token (shared, at the end), type, and no "Expect: 100-continue": it costs a round trip. */
static struct curl_slist *call_headers(struct rest *rest, const char *type)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:"), *more;
	char line[128];

	if (headers && type) {
		snprintf(line, sizeof(line), "Content-Type: %s", type);
		more = curl_slist_append(headers, line);
		if (!more)
			curl_slist_free_all(headers);
		headers = more;
	}
	if (headers && rest->token) {
		more = curl_slist_append(headers, rest->token->data);
		if (!more)
			curl_slist_free_all(headers);
		headers = more;
	}
	return headers;
}

static int call_run(struct rest *rest, const char *method, const char *path, const char *type,
		    const void *body, size_t size, struct sink *sink, int *ret_status,
		    struct err *err)
{
	struct curl_slist *headers = call_headers(rest, type);
	char *url = NULL;
	long status = 0;
	CURLcode code;
	int r = 0;

	if (!headers || asprintf(&url, "%s%s", rest->base, path) < 0) {
		curl_slist_free_all(headers);
		return err_set(err, ENOMEM, "out of memory");
	}
	code = call_setup(rest, url, headers, sink);
	if (code == CURLE_OK)
		code = call_body(rest->curl, method, body, size);
	if (code == CURLE_OK)
		code = curl_easy_perform(rest->curl);
	if (code != CURLE_OK && !sink->ended)
		r = call_failed(rest, code, sink, err);
	else
		curl_easy_getinfo(rest->curl, CURLINFO_RESPONSE_CODE, &status);
	if (r == 0)
		*ret_status = (int)status;
	/* the handle must not keep pointers to what goes now */
	curl_easy_reset(rest->curl);
	curl_slist_free_all(headers);
	free(url);
	return r;
}

int rest_call(struct rest *rest, const char *method, const char *path, const char *type,
	      const void *body, size_t size, int *ret_status, char **ret_body, size_t *ret_size,
	      struct err *err)
{
	struct sink sink = {0};
	int r, tries = 0, status = 0;

	if (!sink_grow(&sink, 0))
		return err_set(err, ENOMEM, "out of memory");
	do {
		if (tries)
			usleep(BUSY_WAIT_US);
		sink.size = 0;
		sink.data[0] = '\0';
		r = call_run(rest, method, path, type, body, size, &sink, &status, err);
	} while (r == 0 && status == 429 && ++tries < BUSY_TRIES);
	if (r == 0)
		*ret_status = status;
	if (r < 0) {
		free(sink.data);
		return r;
	}
	*ret_body = sink.data;
	if (ret_size)
		*ret_size = sink.size;
	return 0;
}

int rest_stream(struct rest *rest, const char *path, int (*fn)(void *arg, const char *line),
		void *arg, struct err *err)
{
	struct sink sink = {.fn = fn, .arg = arg, .curl = rest->curl};
	int status = 0, r;

	r = call_run(rest, "GET", path, NULL, NULL, 0, &sink, &status, err);
	if (r == 0 && status >= 400)
		r = err_set(err, EPROTO, "%s answered %d: %.300s", path, status,
			    sink.data ? sink.data : "");
	free(sink.data);
	return r;
}
