// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * jansson's reasons for people (jansson's json_error_code()). Most are as good as they stand, those
 * that name flags of json_loadb() are not. Called by whoever reads JSON from outside.
 */
#include "lib/codec/json_reason.h"

const char *json_reason(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_null_character:
		return "a text with a NUL character (\\u0000)";
	case json_error_null_byte_in_key:
		return "a key with a NUL character (\\u0000)";
	default:
		return error->text;
	}
}
