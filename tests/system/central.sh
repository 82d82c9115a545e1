#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# routing: central. The controller computes the tables; the data path and the failures are the same.
. "$(dirname "$0")/lib.sh"

must start_vlspd
# hello: a machine under load does not take a link for lost
{ printf 'routing: central\nhello: 300ms\n'; vlsp topology generate grid 4 4; } >net.yaml
must vlsp topology apply net.yaml
must_say 'central' vlsp topology show
must_say 'nothing to do' vlsp topology apply net.yaml
mapfile -t names < <(vlsp topology export --format json | jq -r '.routers[].name')
near=${names[0]} far=${names[15]}

step "all pairs of corners answer"
for x in 0 3 12 15; do for y in 0 3 12 15; do
	[ $x = $y ] || must vlsp ping "${names[$x]}" "${names[$y]}" -c 1
done; done

step "a failed link is routed around by the controller"
hop=$(vlsp route show "$near" --json | jq -r --arg far "$far" '.routes[] | select(.name == $far) | .nexthopName')
must vlsp link down "$near:$hop" --silent
eventually 10 must vlsp ping "$near" "$far" -c 3 -i 0.01
must vlsp link up "$near:$hop"

step "to distributed and back while it runs"
sed -i 's/central/distributed/' net.yaml
must vlsp topology apply net.yaml
must vlsp ping "$near" "$far" -c 1
sed -i 's/distributed/central/' net.yaml
must vlsp topology apply net.yaml
must vlsp ping "$near" "$far" -c 1

must stop_vlspd
nothing_left
