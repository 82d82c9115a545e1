# SPDX-License-Identifier: GPL-2.0-or-later
# Compilers, warnings, and what each MODE adds.

ifeq ($(MODE),fuzz)
CC      := clang-14
else
CC      ?= cc
endif
ifeq ($(origin CC),default)
CC      := gcc
endif
CLANG   ?= clang-14
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKGS    := sqlite3 gnutls jansson libmnl libbpf yaml-0.1 expat libmicrohttpd libcurl

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wundef -Wvla -Wformat=2 -Wpointer-arith -Wwrite-strings -Werror
CPPFLAGS += -I. -Iinclude -I$(O)/gen -D_GNU_SOURCE -DVLSP_VERSION='"$(VERSION)"' -DVLSP_PREFIX='"$(PREFIX)"'
# Sanitizers say where by lines, which -g1 has; a debugger wants MODE=debug, or CFLAGS=-g.
CFLAGS   ?= $(if $(filter asan fuzz,$(MODE)),-g1,-g)
CFLAGS   += -std=gnu11 $(WARN) -fno-strict-aliasing -fstack-protector-strong

SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_CFLAGS_release := -O2 -D_FORTIFY_SOURCE=2
MODE_CFLAGS_debug   := -O0 -g3
MODE_CFLAGS_asan    := -O1 $(SAN)
MODE_CFLAGS_cov     := -O0 --coverage
MODE_CFLAGS_fuzz    := -O1 $(SAN) -fsanitize=fuzzer-no-link -Wno-missing-prototypes
MODE_LDFLAGS_asan   := $(SAN)
MODE_LDFLAGS_cov    := --coverage
MODE_LDFLAGS_fuzz   := $(SAN)
# Hundreds of test programs with all of the archive: where there is a faster linker than the usual one, by that.
ifneq ($(filter asan fuzz,$(MODE)),)
MODE_LDFLAGS_$(MODE) += $(if $(shell command -v ld.gold),-fuse-ld=gold)
endif
ifeq ($(filter $(MODE),release debug asan cov fuzz),)
$(error MODE=$(MODE) is not one of release debug asan cov fuzz)
endif
CFLAGS  += $(MODE_CFLAGS_$(MODE))
LDFLAGS += $(MODE_LDFLAGS_$(MODE)) -Wl,--as-needed

LDLIBS_vlspd       := -lsqlite3 -lmicrohttpd -lgnutls -ljansson -lyaml -lexpat -lmnl -lbpf -lelf -lz -lm -lpthread
LDLIBS_vlsp        := -lcurl-gnutls -ljansson -lyaml -lexpat -lm
LDLIBS_vlsp-router := -lm
LDLIBS_vlsp-relay  := -lm
LDLIBS_vlsp-supervisor :=
LDLIBS_test        := -lcmocka -lsqlite3 -lmicrohttpd -lgnutls -lcurl-gnutls -ljansson -lyaml -lexpat -lmnl -lbpf -lelf -lz -lm -lpthread

ifeq ($(V),1)
Q :=
say = @:;
else
Q := @
say = @printf '  %-7s %s\n' $(1) $(2);
endif
