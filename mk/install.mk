# SPDX-License-Identifier: GPL-2.0-or-later
# Installation: make install|uninstall [PREFIX=/usr/local] [DESTDIR=]. One list, INSTALLED, says where everything
# goes; uninstall removes these files and the two directories that are ours alone, and nothing else.

BINDIR     := $(PREFIX)/bin
SBINDIR    := $(PREFIX)/sbin
LIBEXECDIR := $(PREFIX)/libexec/vlsp
SHAREDIR   := $(PREFIX)/share/vlsp
MANDIR     := $(PREFIX)/share/man
UNITDIR    := $(PREFIX)/lib/systemd/system
COMPDIR    := $(PREFIX)/share/bash-completion/completions

MAN_SRCS := $(sort $(wildcard Documentation/man/*.scd))
MAN_BINS := $(patsubst Documentation/man/%.scd,$(O)/man/%,$(MAN_SRCS))
SCHEMA   := $(wildcard Documentation/*.schema.json)

# MODE:SOURCE:DESTINATION
man_rows  := $(foreach m,$(MAN_BINS),0644:$(m):$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
INSTALLED := 0755:$(O)/vlsp:$(BINDIR)/vlsp \
	     0755:$(O)/vlspd:$(SBINDIR)/vlspd \
	     0755:$(O)/vlsp-router:$(LIBEXECDIR)/vlsp-router \
	     0755:$(O)/vlsp-relay:$(LIBEXECDIR)/vlsp-relay \
	     0755:packaging/vlsp-clean.sh:$(LIBEXECDIR)/vlsp-clean \
	     0644:packaging/completion/vlsp.bash:$(COMPDIR)/vlsp \
	     0644:$(O)/vlspd.service:$(UNITDIR)/vlspd.service \
	     $(foreach s,$(SCHEMA),0644:$(s):$(SHAREDIR)/$(notdir $(s))) \
	     $(man_rows)

$(O)/man/%: Documentation/man/%.scd
	$(call say,MAN,$<)mkdir -p $(@D) && scdoc <$< >$@

$(O)/vlspd.service: packaging/systemd/vlspd.service.in $(O)/.prefix
	$(call say,GEN,$@)sed 's|@SBINDIR@|$(SBINDIR)|' $< >$@

# vlspd knows PREFIX: another one compiles that file again.
$(O)/obj/daemon/main_vlspd.o: $(O)/.prefix
$(O)/.prefix: FORCE
	@mkdir -p $(@D); [ "$$(cat $@ 2>/dev/null)" = '$(PREFIX)' ] || echo '$(PREFIX)' >$@

# The completion script is part of the program (.incbin).
$(O)/obj/cli/completion.o: packaging/completion/vlsp.bash

.PHONY: install uninstall FORCE
install: all $(MAN_BINS) $(O)/vlspd.service
	$(Q)set -e; for row in $(INSTALLED); do \
		mode=$${row%%:*}; rest=$${row#*:}; \
		install -D -m $$mode "$${rest%%:*}" "$(DESTDIR)$${rest#*:}"; \
		echo "  INSTALL $(DESTDIR)$${rest#*:}"; \
	done

uninstall:
	$(Q)set -e; for row in $(INSTALLED); do \
		rm -f "$(DESTDIR)$${row##*:}"; \
	done; \
	for dir in $(LIBEXECDIR) $(SHAREDIR); do \
		[ ! -d "$(DESTDIR)$$dir" ] || rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$dir"; \
	done
