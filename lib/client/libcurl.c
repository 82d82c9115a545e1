// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libcurl, for rest.c within libvlsp.so: loaded by the first vlsp_rest_open(). Linked as usual, it
 * and the thirty libraries that it needs would cost each program 13 ms at its start, and most never
 * use REST. Only the shared library has this file; the command line, which is always about to use
 * libcurl, is linked with it.
 *
 * Each function hands its arguments on; the loader itself is curl_global_init(), which comes first.
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>

#define LIBCURL "libcurl-gnutls.so.4"

/* curl.h puts macros that check types in front of these. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

/* The third argument of both is an integer or a pointer of any type, in the same place. */
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *), "LP64");

static struct {
	pthread_mutex_t lock;
	void *handle; /* never closed: libcurl and GnuTLS do not expect it */
	const char *error;
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_reset) *easy_reset;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_perform) *easy_perform;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
} curl = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool load_one(void *place, const char *name)
{
	void *symbol = dlsym(curl.handle, name);

	*(void **)place = symbol;
	return symbol;
}

/* With lock held. */
static bool load(void)
{
	if (curl.handle && !curl.error)
		return true;
	if (!curl.handle)
		curl.handle = dlopen(LIBCURL, RTLD_NOW | RTLD_LOCAL);
	curl.error = NULL;
	if (!curl.handle || !load_one(&curl.global_init, "curl_global_init") ||
	    !load_one(&curl.easy_init, "curl_easy_init") ||
	    !load_one(&curl.easy_cleanup, "curl_easy_cleanup") ||
	    !load_one(&curl.easy_reset, "curl_easy_reset") ||
	    !load_one(&curl.easy_setopt, "curl_easy_setopt") ||
	    !load_one(&curl.easy_getinfo, "curl_easy_getinfo") ||
	    !load_one(&curl.easy_perform, "curl_easy_perform") ||
	    !load_one(&curl.easy_strerror, "curl_easy_strerror") ||
	    !load_one(&curl.slist_append, "curl_slist_append") ||
	    !load_one(&curl.slist_free_all, "curl_slist_free_all"))
		curl.error = LIBCURL " cannot be loaded: is libcurl3-gnutls installed?";
	return !curl.error;
}

CURLcode curl_global_init(long flags)
{
	bool loaded;

	pthread_mutex_lock(&curl.lock);
	loaded = load();
	pthread_mutex_unlock(&curl.lock);
	return loaded ? curl.global_init(flags) : CURLE_FAILED_INIT;
}

const char *curl_easy_strerror(CURLcode code)
{
	return curl.error ? curl.error : curl.easy_strerror(code);
}

CURL *curl_easy_init(void)
{
	return curl.easy_init();
}

void curl_easy_cleanup(CURL *handle)
{
	curl.easy_cleanup(handle);
}

void curl_easy_reset(CURL *handle)
{
	curl.easy_reset(handle);
}

CURLcode curl_easy_setopt(CURL *handle, CURLoption option, ...)
{
	va_list ap;
	void *value;

	va_start(ap, option);
	value = va_arg(ap, void *);
	va_end(ap);
	return curl.easy_setopt(handle, option, value);
}

CURLcode curl_easy_getinfo(CURL *handle, CURLINFO info, ...)
{
	va_list ap;
	void *value;

	va_start(ap, info);
	value = va_arg(ap, void *);
	va_end(ap);
	return curl.easy_getinfo(handle, info, value);
}

CURLcode curl_easy_perform(CURL *handle)
{
	return curl.easy_perform(handle);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
	return curl.slist_append(list, text);
}

void curl_slist_free_all(struct curl_slist *list)
{
	curl.slist_free_all(list);
}
