// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates and keys of the HTTP server. Called by main_vlspd.c (reads them), by daemon/api
 * (which names are ours) and by relay.c, which speaks TLS with them.
 */
#include "lib/http/tls.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/http/tls_priv.h"

#define FILE_MAX (1u << 20)

/* RFC 9325, section 3.1.1: nothing older than TLS 1.2. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

/* secret: is not to be readable by everybody. ret_text->data is malloc()ed. */
static int read_file(const char *setting, const char *path, bool secret, gnutls_datum_t *ret_text,
		     struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	cleanup_free unsigned char *text = NULL;
	size_t size = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "%s: %s", setting, path);
	if (!S_ISREG(st.st_mode) || st.st_size >= FILE_MAX)
		return err_set(err, EINVAL, "%s: %s: is not a file of less than 1 MiB", setting,
			       path);
	if (secret && st.st_mode & 07)
		return err_set(err, EACCES,
			       "%s: %s: may be used by everybody (mode %04o); chmod 0640 or 0600",
			       setting, path, st.st_mode & 07777);
	text = malloc(FILE_MAX + 1);
	if (!text)
		return err_set(err, ENOMEM, "out of memory");
	while (size < FILE_MAX && (n = read(fd, text + size, FILE_MAX - size)) > 0)
		size += (size_t)n;
	if (n < 0)
		return err_errno(err, errno, "%s: %s", setting, path);
	text[size] = '\0';
	*ret_text = (gnutls_datum_t){.data = text, .size = (unsigned)size};
	text = NULL;
	return 0;
}

static void forget(gnutls_datum_t *text)
{
	if (text->data)
		explicit_bzero(text->data, text->size);
	free(text->data);
}

static int use_pair(struct http_tls *tls, const char *cert, const char *key, struct err *err)
{
	gnutls_datum_t cert_text = {0}, key_text = {0};
	int r = read_file("tls-cert", cert, false, &cert_text, err);

	if (r == 0)
		r = read_file("tls-key", key, true, &key_text, err);
	if (r < 0)
		goto out;
	r = gnutls_x509_crt_import(tls->cert, &cert_text, GNUTLS_X509_FMT_PEM);
	if (r < 0) {
		r = err_set(err, EINVAL, "tls-cert: %s: %s", cert, gnutls_strerror(r));
		goto out;
	}
	r = gnutls_certificate_set_x509_key_mem(tls->credentials, &cert_text, &key_text,
						GNUTLS_X509_FMT_PEM);
	if (r < 0)
		r = err_set(err, EINVAL, "tls-key: %s, for the certificate %s: %s", key, cert,
			    gnutls_strerror(r));
	else
		r = 0;
	if (r == 0 && gnutls_x509_crt_get_expiration_time(tls->cert) < time(NULL))
		log_warn("tls-cert: %s: has expired", cert);
out:
	forget(&cert_text);
	forget(&key_text);
	return r;
}

static int use_authorities(struct http_tls *tls, const char *path, struct err *err)
{
	gnutls_datum_t text = {0};
	int r = read_file("tls-client-ca", path, false, &text, err);

	if (r < 0)
		return r;
	r = gnutls_certificate_set_x509_trust_mem(tls->credentials, &text, GNUTLS_X509_FMT_PEM);
	forget(&text);
	if (r <= 0)
		return err_set(err, EINVAL, "tls-client-ca: %s: %s", path,
			       r < 0 ? gnutls_strerror(r) : "has no certificate");
	tls->knows_clients = true;
	return 0;
}

int http_tls_new(const char *cert, const char *key, const char *client_ca,
		 struct http_tls **ret_tls, struct err *err)
{
	struct http_tls *tls = calloc(1, sizeof(*tls));
	int r;

	if (!tls)
		return err_set(err, ENOMEM, "out of memory");
	tls->rate = http_rate_new(HTTP_TLS_RATE_MAX, HTTP_TLS_RATE_BURST, HTTP_RATE_CLIENTS);
	if (!tls->rate || gnutls_certificate_allocate_credentials(&tls->credentials) < 0 ||
	    gnutls_x509_crt_init(&tls->cert) < 0 ||
	    gnutls_priority_init(&tls->priorities, PRIORITIES, NULL) < 0) {
		r = err_set(err, ENOMEM, "TLS: out of memory");
		goto fail;
	}
	r = use_pair(tls, cert, key, err);
	if (r == 0 && client_ca)
		r = use_authorities(tls, client_ca, err);
	if (r < 0)
		goto fail;
	*ret_tls = tls;
	return 0;

fail:
	http_tls_free(tls);
	return r;
}

void http_tls_free(struct http_tls *tls)
{
	if (!tls)
		return;
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	if (tls->cert)
		gnutls_x509_crt_deinit(tls->cert);
	if (tls->priorities)
		gnutls_priority_deinit(tls->priorities);
	http_rate_free(tls->rate);
	free(tls);
}

bool http_tls_is_for(const struct http_tls *tls, const char *host)
{
	return gnutls_x509_crt_check_hostname(tls->cert, host) != 0;
}
