/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why jansson refused a text, in words that do not speak of its interface. */
#ifndef VLSP_LIB_CODEC_JSON_REASON_H
#define VLSP_LIB_CODEC_JSON_REASON_H

#include <jansson.h>

/* Lives as long as error. Its line and column are still to be said. */
const char *json_reason(const json_error_t *error);

#endif
