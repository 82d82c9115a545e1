// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The look at a request's head before libmicrohttpd reads it. Pure: bytes in, verdict out. Called
 * by server.c for each new connection; strict where a lenient reading could be ambiguous (RFC 9112
 * sections 2.2, 3, 5 and 6), except that a bare LF ends a line too.
 */
#include "lib/http/head.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/http/limits.h"

struct scan { /* what the headers have said so far */
	struct http_head *head;
	unsigned hosts, lengths, encodings;
	bool http11;
};

static int bad(struct http_head *head, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(struct http_head *head, int status, const char *fmt, ...)
{
	va_list ap;

	head->status = status;
	va_start(ap, fmt);
	vsnprintf(head->text, sizeof(head->text), fmt, ap);
	va_end(ap);
	return -1;
}

static bool is_token(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') ||
		      (p[i] >= '0' && p[i] <= '9') || (p[i] && strchr("!#$%&'*+-.^_`|~", p[i]))))
			return false;
	return n > 0;
}

static int check_request_line(struct scan *s, const char *p, size_t n)
{
	const char *target, *version;
	size_t len;

	target = memchr(p, ' ', n);
	if (!target || !is_token(p, (size_t)(target - p)))
		return bad(s->head, 400, "request line: not METHOD PATH HTTP/1.1");
	if (target - p > 16)
		return bad(s->head, 501, "request line: the method is unknown");
	target++;
	version = memchr(target, ' ', n - (size_t)(target - p));
	if (!version)
		return bad(s->head, 400, "request line: not METHOD PATH HTTP/1.1");
	len = (size_t)(version - target);
	version++;
	if (len > HTTP_TARGET_MAX)
		return bad(s->head, 414, "path: longer than %d bytes", HTTP_TARGET_MAX);
	if (len == 0 || target[0] != '/')
		return bad(s->head, 400, "path: must start with '/'");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)target[i] <= ' ' || (unsigned char)target[i] >= 0x7f)
			return bad(s->head, 400, "path: byte 0x%02x must be escaped",
				   (unsigned char)target[i]);
	len = n - (size_t)(version - p);
	if (len != 8 || memcmp(version, "HTTP/", 5) != 0)
		return bad(s->head, 400, "request line: not METHOD PATH HTTP/1.1");
	if (memcmp(version + 5, "1.1", 3) != 0 && memcmp(version + 5, "1.0", 3) != 0)
		return bad(s->head, 505, "request line: only HTTP/1.1 and HTTP/1.0 are spoken");
	s->http11 = version[7] == '1';
	return 0;
}

static int check_length(struct scan *s, const char *v, size_t n)
{
	unsigned long long value = 0;

	if (s->lengths++)
		return bad(s->head, 400, "Content-Length: given twice");
	if (n == 0 || n > 18)
		return bad(s->head, 400, "Content-Length: not a length");
	for (size_t i = 0; i < n; i++) {
		if (v[i] < '0' || v[i] > '9')
			return bad(s->head, 400, "Content-Length: not a number");
		value = value * 10 + (unsigned)(v[i] - '0');
	}
	s->head->body = value;
	return 0;
}

static bool name_is(const char *p, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(p, word, n) == 0;
}

static int check_header(struct scan *s, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n), *v;
	size_t name_len, len;

	if (p[0] == ' ' || p[0] == '\t')
		return bad(s->head, 400, "headers: a folded line");
	if (!colon || !is_token(p, (size_t)(colon - p)))
		return bad(s->head, 400, "headers: a line that is not NAME: VALUE");
	name_len = (size_t)(colon - p);
	for (v = colon + 1, len = n - name_len - 1; len && (*v == ' ' || *v == '\t'); v++)
		len--;
	while (len && (v[len - 1] == ' ' || v[len - 1] == '\t'))
		len--;
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)v[i] < ' ' && v[i] != '\t') || v[i] == 0x7f)
			return bad(s->head, 400, "headers: a control character in %.*s",
				   (int)(name_len > 40 ? 40 : name_len), p);
	if (name_is(p, name_len, "Host") && s->hosts++)
		return bad(s->head, 400, "Host: given twice");
	if (name_is(p, name_len, "Content-Length"))
		return check_length(s, v, len);
	if (name_is(p, name_len, "Transfer-Encoding")) {
		s->encodings++;
		s->head->chunked = true;
		if (!name_is(v, len, "chunked"))
			return bad(s->head, 501, "Transfer-Encoding: only chunked is understood");
	}
	if (name_is(p, name_len, "Expect")) {
		s->head->expect_continue = name_is(v, len, "100-continue");
		if (!s->head->expect_continue)
			return bad(s->head, 400, "Expect: only 100-continue is understood");
	}
	return 0;
}

static int check_whole(struct scan *s)
{
	if (s->http11 && !s->hosts)
		return bad(s->head, 400, "Host: missing");
	if (s->encodings > 1)
		return bad(s->head, 400, "Transfer-Encoding: given twice");
	if (s->encodings && s->lengths)
		return bad(s->head, 400, "Content-Length: not together with Transfer-Encoding");
	if (s->encodings && !s->http11)
		return bad(s->head, 400, "Transfer-Encoding: not in HTTP/1.0");
	return 0;
}

enum http_head_state http_head_check(const char *data, size_t size, struct http_head *ret_head)
{
	struct scan s = {.head = ret_head};
	size_t at = 0;
	unsigned lines = 0;

	memset(ret_head, 0, sizeof(*ret_head));
	for (;;) {
		const char *line = data + at;
		const char *end = memchr(line, '\n', size - at);
		size_t n;

		if (!end || (size_t)(end + 1 - data) > HTTP_HEAD_MAX) {
			if (end || size >= HTTP_HEAD_MAX) {
				bad(ret_head, lines ? 431 : 414, "%s: longer than %d bytes",
				    lines ? "headers" : "request line", HTTP_HEAD_MAX);
				return HTTP_HEAD_BAD;
			}
			return HTTP_HEAD_MORE;
		}
		at = (size_t)(end + 1 - data);
		n = (size_t)(end - line);
		if (n && line[n - 1] == '\r')
			n--;
		if (n == 0 && lines)
			break;
		if (lines > HTTP_HEADERS_MAX) {
			bad(ret_head, 431, "headers: more than %d lines", HTTP_HEADERS_MAX);
			return HTTP_HEAD_BAD;
		}
		if ((lines++ ? check_header(&s, line, n) : check_request_line(&s, line, n)) < 0)
			return HTTP_HEAD_BAD;
	}
	ret_head->length = at;
	return check_whole(&s) < 0 ? HTTP_HEAD_BAD : HTTP_HEAD_GOOD;
}

static const char *reason(int status)
{
	switch (status) {
	case 408:
		return "Request Timeout";
	case 414:
		return "URI Too Long";
	case 431:
		return "Request Header Fields Too Large";
	case 501:
		return "Not Implemented";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

size_t http_head_refusal(int status, const char *text, char *buf, size_t size)
{
	char body[512];
	int n;

	/* The texts of this file have no character that JSON would escape, except ' and names
	 * that passed is_token(). */
	snprintf(body, sizeof(body), "{\"error\": \"%s\"}\n", text);
	n = snprintf(buf, size,
		     "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		     "Connection: close\r\n\r\n%s",
		     status, reason(status), strlen(body), body);
	return (size_t)n < size ? (size_t)n : size - 1;
}
