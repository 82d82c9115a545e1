-- SPDX-License-Identifier: GPL-2.0-or-later
-- Wireshark's dissector of VDP, the virtual datagram protocol of VLSP (Documentation/wire.md), EtherType 0x88B5:
-- the header, control datagrams between neighbours (Documentation/routing.md), and what is carried, by Wireshark's
-- own dissectors. Loaded from the directory of Lua plugins (Help, About Wireshark, Folders). bit (BitOp) is in every
-- Wireshark, bit32 only in those before 4.4.

local ETHERTYPE, NET_HLEN, OPTIONS_HLEN, UDP_HLEN = 0x88b5, 20, 16, 8
local PROTO_ICMP, PROTO_TCP, PROTO_UDP, PROTO_CONTROL = 1, 6, 17, 253
local FLAG_FRAGMENT, FLAG_VERIFY, FLAG_OPTIONS = 1, 2, 4
local HELLO, ROUTES, GREET = 1, 2, 3
local META_MAGIC = 0x564c5350

local vdp = Proto("vdp", "Virtual Datagram Protocol")

local protocols = {
	[1] = "ICMP", [2] = "IGMP", [6] = "TCP", [17] = "UDP", [47] = "GRE", [89] = "OSPF", [132] = "SCTP",
	[253] = "VDP control",
}
local kinds = { [HELLO] = "Hello", [ROUTES] = "Routes", [GREET] = "Greet" }
local block_types = { [1] = "Update", [2] = "Request" }

local f = {
	version = ProtoField.uint8("vdp.version", "Version", base.DEC, nil, 0xf0),
	flags = ProtoField.uint8("vdp.flags", "Flags", base.HEX, nil, 0x0f),
	fragment = ProtoField.bool("vdp.flags.fragment", "Fragment", 8, nil, FLAG_FRAGMENT),
	verify = ProtoField.bool("vdp.flags.verify", "A link has changed a bit", 8, nil, FLAG_VERIFY),
	options = ProtoField.bool("vdp.flags.options", "Options", 8, nil, FLAG_OPTIONS),
	ttl = ProtoField.uint8("vdp.ttl", "Time to live"),
	proto = ProtoField.uint8("vdp.proto", "Protocol", base.DEC, protocols),
	tclass = ProtoField.uint8("vdp.tclass", "Traffic class", base.HEX),
	dscp = ProtoField.uint8("vdp.dscp", "DSCP", base.DEC, nil, 0xfc),
	ecn = ProtoField.uint8("vdp.ecn", "ECN", base.DEC, nil, 0x03),
	src = ProtoField.ipv4("vdp.src", "Source"),
	dst = ProtoField.ipv4("vdp.dst", "Destination"),
	addr = ProtoField.ipv4("vdp.addr", "Source or destination"),
	flow = ProtoField.uint32("vdp.flow", "Flow id", base.HEX),
	stamp = ProtoField.uint32("vdp.timestamp", "Timestamp (microseconds at the source)", base.DEC),
	id = ProtoField.uint16("vdp.fragment.id", "Fragment of datagram", base.DEC),
	more = ProtoField.bool("vdp.fragment.more", "More fragments", 16, nil, 0x2000),
	offset = ProtoField.uint16("vdp.fragment.offset", "Offset (bytes)", base.DEC),
	option = ProtoField.bytes("vdp.options", "Options"),
	meta_flow = ProtoField.uint32("vdp.meta.flow", "Flow id that was asked for", base.HEX),
	meta_stamp = ProtoField.uint32("vdp.meta.timestamp", "Timestamp", base.DEC),
	length = ProtoField.uint16("vdp.length", "Length (from the transport header on)", base.DEC),
	checksum = ProtoField.uint16("vdp.checksum", "Checksum", base.HEX),
	state = ProtoField.string("vdp.checksum.state", "Checksum is"),
	payload = ProtoField.bytes("vdp.payload", "Payload"),
	kind = ProtoField.uint16("vdp.control.kind", "Kind", base.DEC, kinds),
	unused = ProtoField.uint16("vdp.control.unused", "Not used", base.DEC),
	epoch = ProtoField.uint32("vdp.hello.epoch", "Epoch of the sender", base.HEX),
	hello_flags = ProtoField.uint32("vdp.hello.flags", "Flags", base.HEX),
	heard = ProtoField.bool("vdp.hello.heard", "Hears the receiver", 32, nil, 1),
}
local r = {
	version = ProtoField.uint8("vdp.routes.version", "Version"),
	flags = ProtoField.uint8("vdp.routes.flags", "Flags", base.HEX),
	length = ProtoField.uint16("vdp.routes.length", "Length"),
	sender = ProtoField.ipv4("vdp.routes.sender", "Sender"),
	epoch_tx = ProtoField.uint32("vdp.routes.epoch", "Epoch of the sender", base.HEX),
	epoch_rx = ProtoField.uint32("vdp.routes.epoch_peer", "Epoch of the receiver", base.HEX),
	sid_tx = ProtoField.uint32("vdp.routes.session", "Session of the sender", base.HEX),
	sid_rx = ProtoField.uint32("vdp.routes.session_peer", "Session of the receiver", base.HEX),
	seq = ProtoField.uint32("vdp.routes.seq", "Number"),
	ack = ProtoField.uint32("vdp.routes.ack", "Acknowledgement"),
	mask = ProtoField.uint64("vdp.routes.bits", "Received before it", base.HEX),
	block = ProtoField.uint8("vdp.routes.block", "Block", base.DEC, block_types),
	block_length = ProtoField.uint16("vdp.routes.block.length", "Length of the entries"),
	dst = ProtoField.ipv4("vdp.routes.dst", "Destination"),
	seqno = ProtoField.uint32("vdp.routes.seqno", "Sequence number"),
	metric = ProtoField.uint32("vdp.routes.metric", "Metric"),
	hops = ProtoField.uint16("vdp.routes.hops", "Hop limit"),
}

local fields = {}
for _, field in pairs(f) do table.insert(fields, field) end
for _, field in pairs(r) do table.insert(fields, field) end
vdp.fields = fields

local e = {
	short = ProtoExpert.new("vdp.short", "Shorter than its header", expert.group.MALFORMED, expert.severity.ERROR),
	version = ProtoExpert.new("vdp.bad_version", "Not version 1", expert.group.PROTOCOL, expert.severity.ERROR),
	length = ProtoExpert.new("vdp.bad_length", "Length is not that of the frame", expert.group.PROTOCOL,
				 expert.severity.ERROR),
	checksum = ProtoExpert.new("vdp.bad_checksum", "Checksum is wrong", expert.group.CHECKSUM, expert.severity.WARN),
	ttl = ProtoExpert.new("vdp.zero_ttl", "TTL is 0", expert.group.SEQUENCE, expert.severity.NOTE),
	routes = ProtoExpert.new("vdp.bad_routes", "Not a routing message", expert.group.PROTOCOL, expert.severity.ERROR),
	kind = ProtoExpert.new("vdp.bad_kind", "Unknown kind", expert.group.PROTOCOL, expert.severity.WARN),
}
vdp.experts = { e.short, e.version, e.length, e.checksum, e.ttl, e.routes, e.kind }

local function fold(sum)
	while sum > 0xffff do sum = bit.band(sum, 0xffff) + bit.rshift(sum, 16) end
	return sum
end

local function sum_of(tvb)
	local n, sum = tvb:len(), 0

	for i = 0, n - 2, 2 do sum = sum + tvb(i, 2):uint() end
	if n % 2 == 1 then sum = sum + tvb(n - 1, 1):uint() * 256 end
	return sum
end

-- Of UDP and control: "complete", "left to be completed" (between programs of one machine), "none", "wrong", or nil where
-- not everything is there to be summed up. A part of a buffer does not know that more was on the wire: cut says how much.
local function checksum_state(tvb, transport, protocol, cut)
	local pseudo = sum_of(tvb(4, 8):tvb()) + protocol + transport:len()
	local field = transport(6, 2):uint()

	if cut > 0 then return nil end
	if field == 0 then return "none" end
	if field == fold(pseudo) and bit.band(tvb(0, 1):uint(), FLAG_VERIFY) == 0 then return "left to be completed" end
	if fold(pseudo + sum_of(transport)) == 0xffff then return "complete" end
	return "wrong"
end

-- The 8 bytes that UDP and control datagrams have behind the network part.
local function add_udp(tvb, transport, protocol, cut, tree)
	local length, there = transport(4, 2):uint(), transport:len() + cut
	local item = tree:add(f.length, transport(4, 2))
	local state

	if length ~= there then
		item:add_proto_expert_info(e.length, string.format("Length is %d, the frame has %d", length, there))
	end
	item = tree:add(f.checksum, transport(6, 2))
	state = checksum_state(tvb, transport, protocol, cut)
	if state then
		tree:add(f.state, transport(6, 2), state):set_generated()
		item:append_text(" (" .. state .. ")")
	end
	if state == "wrong" then item:add_proto_expert_info(e.checksum) end
end

local function add_entries(tvb, kind, tree)
	local n = 0

	for at = 0, tvb:len() - 12, 12 do
		local entry = tree:add(vdp, tvb(at, 12), tostring(tvb(at, 4):ipv4()))

		entry:add(r.dst, tvb(at, 4))
		entry:add(r.seqno, tvb(at + 4, 4))
		if kind == 1 then
			local item = entry:add(r.metric, tvb(at + 8, 4))
			local metric = tvb(at + 8, 4):uint()

			if metric == 0xffffffff then item:append_text(" (no route)") end
			entry:append_text(metric == 0xffffffff and ": no route" or ": metric " .. metric)
		else
			entry:add(r.hops, tvb(at + 8, 2))
			entry:append_text(": sequence number " .. tvb(at + 4, 4):uint())
		end
		n = n + 1
	end
	return n
end

-- The routing protocol's message: returns its line for the list.
local function add_routes(tvb, cut, tree)
	local top = tree:add(vdp, tvb(), "Routing message")
	local counts, at, line, all = { 0, 0 }, 40, nil, tvb:len() + cut

	if tvb:len() < 40 then
		if all < 40 then top:add_proto_expert_info(e.routes) end
		return "Routes"
	end
	top:add(r.version, tvb(0, 1))
	top:add(r.flags, tvb(1, 1))
	local length = top:add(r.length, tvb(2, 2))
	if tvb(0, 1):uint() ~= 1 or tvb(2, 2):uint() ~= all then length:add_proto_expert_info(e.routes) end
	top:add(r.sender, tvb(4, 4))
	top:add(r.epoch_tx, tvb(8, 4))
	top:add(r.epoch_rx, tvb(12, 4))
	top:add(r.sid_tx, tvb(16, 4))
	top:add(r.sid_rx, tvb(20, 4))
	top:add(r.seq, tvb(24, 4))
	top:add(r.ack, tvb(28, 4))
	top:add(r.mask, tvb(32, 8))
	while at + 4 <= tvb:len() do
		local kind, size = tvb(at, 1):uint(), tvb(at + 2, 2):uint()
		local have = math.min(size, tvb:len() - at - 4)
		local block = top:add(r.block, tvb(at, 1))

		block:set_len(4 + have)
		block:add(r.block_length, tvb(at + 2, 2))
		if not block_types[kind] or size == 0 or size % 12 ~= 0 or at + 4 + size > all then
			block:add_proto_expert_info(e.routes)
			break
		end
		if have > 0 then counts[kind] = counts[kind] + add_entries(tvb(at + 4, have):tvb(), kind, block) end
		at = at + 4 + size
	end
	line = string.format("Routes, number %d, acknowledges %d", tvb(24, 4):uint(), tvb(28, 4):uint())
	if counts[1] > 0 then line = line .. ", " .. counts[1] .. " updates" end
	if counts[2] > 0 then line = line .. ", " .. counts[2] .. " requests" end
	return line
end

local function add_control(tvb, transport, cut, pinfo, tree)
	local kind, line

	pinfo.cols.protocol = "VDP"
	if transport:len() < UDP_HLEN then
		if transport:len() + cut < UDP_HLEN then tree:add_proto_expert_info(e.short) end
		pinfo.cols.info = "Control"
		return
	end
	kind = transport(0, 2):uint()
	line = kinds[kind] or string.format("Control, kind %d", kind)
	local item = tree:add(f.kind, transport(0, 2))
	if not kinds[kind] then item:add_proto_expert_info(e.kind) end
	tree:add(f.unused, transport(2, 2))
	add_udp(tvb, transport, PROTO_CONTROL, cut, tree)
	if kind == ROUTES and transport:len() > UDP_HLEN then
		line = add_routes(transport(UDP_HLEN):tvb(), cut, tree)
	elseif kinds[kind] and transport:len() >= UDP_HLEN + 8 then
		tree:add(f.epoch, transport(8, 4))
		local flags = tree:add(f.hello_flags, transport(12, 4))
		flags:add(f.heard, transport(12, 4))
		line = string.format("%s, epoch 0x%08x%s", line, transport(8, 4):uint(),
				     bit.band(transport(12, 4):uint(), 1) ~= 0 and ", heard" or "")
	elseif kinds[kind] and transport:len() + cut < UDP_HLEN + 8 then
		tree:add_proto_expert_info(e.short)
	end
	pinfo.cols.info = line
end

local inner = { [PROTO_ICMP] = Dissector.get("icmp"), [PROTO_TCP] = Dissector.get("tcp"),
		[PROTO_UDP] = Dissector.get("udp") }

-- Of what was cut off Wireshark's own dissectors cannot be told that more was on the wire: they get as much as makes sense as
-- it is, UDP with the length of what is there; nil: nothing does.
local function shortened(transport, protocol)
	local n = transport:len()

	if protocol == PROTO_UDP and n >= UDP_HLEN then
		local bytes = transport(0, n):bytes()

		bytes:set_index(4, bit.rshift(n, 8))
		bytes:set_index(5, bit.band(n, 0xff))
		return bytes:tvb("UDP, cut off")
	end
	if protocol == PROTO_TCP and n >= 20 and n >= bit.rshift(transport(12, 1):uint(), 4) * 4 then return transport end
	return nil -- ICMP's checksum would be wrong
end

-- Checksums between programs of one machine are mostly left to be completed, which is no fault; it is verified here.
-- Wireshark does not verify TCP's and UDP's unless it is told to.
local function add_inner(tvb, transport, cut, pinfo, tree, root)
	local protocol = tvb(2, 1):uint()
	local dissector = inner[protocol]

	pinfo.cols.protocol = protocols[protocol] or "VDP"
	if protocol == PROTO_CONTROL then
		add_control(tvb, transport, cut, pinfo, tree)
		return
	end
	if protocol == PROTO_UDP and transport:len() >= UDP_HLEN then add_udp(tvb, transport, protocol, cut, tree) end
	if not dissector then
		tree:add(f.payload, transport())
		pinfo.cols.info = string.format("Protocol %d", protocol)
		return
	end
	if cut > 0 then transport = shortened(transport, protocol) end
	if transport then
		-- What it finds malformed it has said itself, and is no error of this one.
		pcall(dissector.call, dissector, transport, pinfo, root)
	else
		pinfo.cols.info = string.format("%s, cut off", protocols[protocol])
	end
end

local function add_header(tvb, pinfo, tree)
	local flags = bit.band(tvb(0, 1):uint(), 0xf)
	local item

	tree:add(f.version, tvb(0, 1))
	item = tree:add(f.flags, tvb(0, 1))
	item:add(f.fragment, tvb(0, 1))
	item:add(f.verify, tvb(0, 1))
	item:add(f.options, tvb(0, 1))
	item = tree:add(f.ttl, tvb(1, 1))
	if tvb(1, 1):uint() == 0 then item:add_proto_expert_info(e.ttl) end
	tree:add(f.proto, tvb(2, 1))
	item = tree:add(f.tclass, tvb(3, 1))
	item:add(f.dscp, tvb(3, 1))
	item:add(f.ecn, tvb(3, 1))
	tree:add(f.src, tvb(4, 4))
	tree:add(f.addr, tvb(4, 4)):set_hidden()
	tree:add(f.dst, tvb(8, 4))
	tree:add(f.addr, tvb(8, 4)):set_hidden()
	tree:add(f.flow, tvb(12, 4))
	if bit.band(flags, FLAG_FRAGMENT) ~= 0 then
		tree:add(f.id, tvb(16, 2))
		tree:add(f.more, tvb(18, 2))
		tree:add(f.offset, tvb(18, 2), bit.band(tvb(18, 2):uint(), 0x1fff) * 8)
	else
		tree:add(f.stamp, tvb(16, 4))
	end
	pinfo.net_src, pinfo.net_dst = tvb(4, 4):ipv4(), tvb(8, 4):ipv4()
	pinfo.src, pinfo.dst = pinfo.net_src, pinfo.net_dst
	return flags
end

function vdp.dissector(tvb, pinfo, root)
	local tree, flags, at, transport = root:add(vdp, tvb()), 0, NET_HLEN

	pinfo.cols.protocol = "VDP"
	if tvb:len() < NET_HLEN then
		if tvb:reported_len() < NET_HLEN then tree:add_proto_expert_info(e.short) end
		pinfo.cols.info = string.format("%d bytes", tvb:reported_len())
		return
	end
	if bit.rshift(tvb(0, 1):uint(), 4) ~= 1 then
		tree:add(f.version, tvb(0, 1)):add_proto_expert_info(e.version)
		pinfo.cols.info = string.format("Version %d", bit.rshift(tvb(0, 1):uint(), 4))
		return
	end
	flags = add_header(tvb, pinfo, tree)
	if bit.band(flags, FLAG_OPTIONS) ~= 0 then
		if tvb:len() < at + OPTIONS_HLEN then
			if tvb:reported_len() < at + OPTIONS_HLEN then tree:add_proto_expert_info(e.short) end
			return
		end
		local option = tree:add(f.option, tvb(at, OPTIONS_HLEN))
		if tvb(at + 4, 4):uint() == META_MAGIC then
			option:add(f.meta_flow, tvb(at + 8, 4))
			option:add(f.meta_stamp, tvb(at + 12, 4))
		end
		at = at + OPTIONS_HLEN
	end
	tree:set_len(at)
	tree:append_text(string.format(", %s > %s", tostring(pinfo.net_src), tostring(pinfo.net_dst)))
	if tvb:len() == at then return end
	transport = tvb(at):tvb()
	if bit.band(flags, FLAG_FRAGMENT) ~= 0 and tvb(18, 2):uint() ~= 0 then
		pinfo.cols.protocol = "VDP"
		pinfo.cols.info = string.format("Fragment of %s, id %d, offset %d", protocols[tvb(2, 1):uint()] or
						"protocol " .. tvb(2, 1):uint(), tvb(16, 2):uint(),
						bit.band(tvb(18, 2):uint(), 0x1fff) * 8)
		tree:add(f.payload, transport())
		return
	end
	add_inner(tvb, transport, tvb:reported_len() - tvb:len(), pinfo, tree, root)
end

DissectorTable.get("ethertype"):add(ETHERTYPE, vdp)
