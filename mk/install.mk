# SPDX-License-Identifier: GPL-2.0-or-later
# Installation. Completed with the programs it installs.
