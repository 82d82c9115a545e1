# SPDX-License-Identifier: GPL-2.0-or-later
# VLSP. One non-recursive make; sources are found by directory, rules are in mk/.
#
#   make [MODE=release|debug|asan|cov|fuzz] [V=1]     deps  check  lint  demo  bench  fuzz [RUNS=]  vmcheck
#   make install|uninstall [PREFIX=/usr/local] [DESTDIR=]

MODE    ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
V       ?= 0
VERSION := 0.1.0

# Where things are built: build/ for release, build/MODE otherwise.
O ?= $(if $(filter release,$(MODE)),build,build/$(MODE))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

include mk/flags.mk
include mk/build.mk
include mk/test.mk
include mk/install.mk
include mk/vm.mk

.PHONY: all help
all: $(PROGRAMS) $(O)/libvlsp.so $(APPS) $(O)/apps/about

help:
	@sed -n '3,6s/^# \{0,1\}//p' Makefile
