-- What is the same for every dialect. D, above, is the dialect as data: sizes count digits in n and z fields and bytes in all others.
local p = Proto(D.id, D.name)
local F, E = {}, ProtoExpert.new(D.id .. ".malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
local function field(key, name)
  F[key] = ProtoField.string(D.id .. "." .. key, name)
end
field("length", "Length")
field("tpdu", "TPDU transport header")
field("header", "Application header")
field("mti", "MTI message type")
field("message", "Message")
field("bitmap", "Bitmap")
field("tag", "Tag")
for n, f in pairs(D.fields) do
  field("f" .. n, "F" .. n .. " " .. f.name)
  for i, part in ipairs(f.parts or {}) do
    field("f" .. n .. "_" .. i, "F" .. n .. "." .. i .. " " .. part.name)
  end
end
p.fields = F
p.experts = { E }

local function hex(range) return (range:len() > 0) and range:bytes():tohex() or "" end
local function text(range) return (range:len() > 0) and range:raw() or "" end
local function ascii(range)
  return (text(range):gsub("[^\x20-\x7e]", function(c) return string.format("\\x%02X", c:byte()) end))
end
local function left(b, at) return b:len() - at end

-- The length before a frame: how many bytes follow, or nil for one that cannot be right.
local function length(b, at)
  local r, n = b(at, D.size), nil
  if D.length == "ascii4" then
    n = text(r):match("^%d%d%d%d$") and tonumber(text(r))
  elseif D.length == "bcd2" then
    n = hex(r):match("^%d%d%d%d$") and tonumber(hex(r))
  else
    n = r:uint() - D.own
  end
  if n and n >= 0 and n <= D.max then return n end
end

-- A field's value and how many bytes it takes, or nil and why there is none.
local function value(b, at, f)
  local units, size = f.size, 0
  if f.prefix > 0 then
    size = (f.lengths == "ascii") and f.prefix or math.floor((f.prefix + 1) / 2)
    if left(b, at) < size then return nil, "its length is cut off" end
    local r = b(at, size)
    if f.lengths == "binary" then
      units = r:uint()
    else
      local digits = (f.lengths == "ascii") and text(r) or hex(r)
      units = digits:match("^%d+$") and tonumber(digits)
    end
    if not units then return nil, "its length is not made of digits" end
    if units > f.size then return nil, "length " .. units .. " is over its " .. f.size end
  end
  local bytes = units
  if f.content == "bcd-left" or f.content == "bcd-right" then bytes = math.floor((units + 1) / 2) end
  if f.content == "hex" then bytes = 2 * units end
  if left(b, at + size) < bytes then return nil, "needs " .. bytes .. " bytes, only " .. left(b, at + size) .. " left" end
  local v = ""
  if bytes > 0 then
    local r = b(at + size, bytes)
    if f.content == "bcd-left" then
      v = hex(r):sub(1, units)
    elseif f.content == "bcd-right" then
      v = hex(r):sub(-units)
    elseif f.content == "hex" then
      v = ascii(r):upper()
    elseif f.kind == "b" then
      v = hex(r)
    else
      v = ascii(r)
    end
  end
  return v, size + bytes, units
end

-- What may be seen of a value: the middle of a card number, tracks, PINs and keys may not.
local function masked(v, secret, units)
  if not secret or secret == "none" then return v end
  if secret == "pan" and #v >= 13 then return v:sub(1, 6) .. string.rep("*", #v - 10) .. v:sub(-4) end
  return "(" .. units .. " hidden)"
end

local hidden_tags = { ["56"] = 1, ["57"] = 1, ["5A"] = 1, ["5F20"] = 1, ["99"] = 1, ["9F0B"] = 1, ["9F1F"] = 1, ["9F20"] = 1, ["9F6B"] = 1 }

-- The objects of chip data (EMV Book 3, annex B), or false when they cannot be read.
local function objects(b, v, tree)
  local at, list = 1, {}
  local function byte()
    local s = v:sub(at, at + 1)
    at = at + 2
    return tonumber(s, 16), s
  end
  while at <= #v do
    local first, tag = byte()
    if not first then return false end
    if first % 32 == 31 then
      repeat
        local more, s = byte()
        if not more then return false end
        tag = tag .. s
      until more < 128
    end
    local n = byte()
    if not n then return false end
    if n > 128 then
      local count = n - 128
      n = 0
      for _ = 1, count do
        local c = byte()
        if not c then return false end
        n = 256 * n + c
      end
    end
    if at + 2 * n - 1 > #v then return false end
    list[#list + 1] = tag .. ": " .. (hidden_tags[tag] and "(" .. n .. " hidden)" or v:sub(at, at + 2 * n - 1))
    at = at + 2 * n
  end
  for _, o in ipairs(list) do tree:add(F.tag, b, o) end
  return true
end

local function show(tree, b, n, f, v, units, mti)
  local secret = f.secret
  if f.clear and f.clear[mti] then secret = nil end
  if secret == "tlv" then
    local t = tree:add(F["f" .. n], b, "(" .. units .. " bytes)")
    if not objects(b, v, t) then t:append_text(" cannot be read as objects") end
    return
  end
  local partly = false
  for _, part in ipairs(f.parts or {}) do partly = partly or part.secret ~= nil end
  local t = tree:add(F["f" .. n], b, partly and "(in parts)" or masked(v, secret, units))
  if secret and secret ~= "none" then return end
  for i, part in ipairs(f.parts or {}) do
    local to = (part.size == 0) and #v or part.from + part.size
    if to <= #v and part.from < to then
      t:add(F["f" .. n .. "_" .. i], b, masked(v:sub(part.from + 1, to), part.secret, to - part.from))
    end
  end
end

-- The flow of a message: of those with its type the one with most of its constants, and none that differs.
local function flow(mti, values)
  local best, most, name = nil, -1, "unknown"
  for _, t in ipairs(D.flows) do
    if mti == t.request or mti == t.answer or mti == t["repeat"] then
      local n = 0
      for _, a in ipairs(t.accept) do
        local v, f = values[a.field], D.fields[a.field]
        if v and a.part > 0 then
          local part = f.parts[a.part]
          local to = (part.size == 0) and #v or part.from + part.size
          v = (to <= #v and part.from < to) and v:sub(part.from + 1, to) or nil
        end
        if v then
          local fits = false
          for _, w in ipairs(a.values) do
            fits = fits or v == w or (w:sub(-1) == "*" and v:sub(1, #w - 1) == w:sub(1, -2))
          end
          if not fits then n = -1 break end
          n = n + 1
        end
      end
      if n == 0 and #t.accept > 0 then n = -1 end
      if n > most then
        best, most = t, n
        name = t.name .. ((mti == t.answer) and " answer" or "")
      end
    end
  end
  return name
end

local function bits(b, at)
  local set, size = {}, 0
  for word = 0, D.wide and 1 or 0 do
    local n = (D.bitmap == "hex") and 16 or 8
    if left(b, at + size) < n then return nil end
    local digits = (D.bitmap == "hex") and text(b(at + size, n)) or hex(b(at + size, n))
    for i = 1, 16 do
      local nibble = tonumber(digits:sub(i, i), 16)
      if not nibble then return nil end
      for bit = 0, 3 do
        if math.floor(nibble / 2 ^ (3 - bit)) % 2 == 1 then set[64 * word + 4 * (i - 1) + bit + 1] = true end
      end
    end
    size = size + n
    if not set[64 * word + 1] then break end
  end
  set[1], set[65] = nil, nil
  return set, size
end

local function type_of(b, at)
  local n = (D.mti == "bcd") and 2 or 4
  if left(b, at) < n then return nil, n end
  return (D.mti == "bcd") and hex(b(at, n)) or ascii(b(at, n)), n
end

local function frame(b, tree, pinfo)
  local root = tree:add(p, b)
  local function wrong(why)
    root:add_proto_expert_info(E, why)
    root:append_text(", malformed: " .. why)
  end
  local at = 0
  for _, h in ipairs({ { "tpdu", D.tpdu }, { "header", D.header } }) do
    if h[2] > 0 then
      if left(b, at) < h[2] then return wrong(h[1] .. " is cut off") end
      root:add(F[h[1]], b(at, h[2]), hex(b(at, h[2])))
      at = at + h[2]
    end
  end
  local mti, n = type_of(b, at)
  if not mti then return wrong("the message type is cut off") end
  root:add(F.mti, b(at, n), mti)
  at = at + n
  local set, size = bits(b, at)
  if not set then return wrong("the bitmap cannot be read") end
  root:add(F.bitmap, b(at, size), (D.bitmap == "hex") and text(b(at, size)) or hex(b(at, size)))
  at = at + size
  local values, why = {}, nil
  for i = 2, 128 do
    if set[i] then
      local f = D.fields[i]
      if not f then why = "F" .. i .. " is not in the dialect" break end
      local v, taken, units = value(b, at, f)
      if not v then why = "F" .. i .. " " .. taken break end
      values[i] = v
      show(root, (taken > 0) and b(at, taken) or b(at - 1, 1), i, f, v, units, mti)
      at = at + taken
    end
  end
  if not why and left(b, at) > 0 then why = left(b, at) .. " bytes are left over" end
  local name = flow(mti, values)
  root:add(F.message, b(0, b:len()), name):set_generated()
  root:append_text(", " .. mti .. " " .. name)
  local info = mti .. " " .. name
  if D.trace and values[D.trace] then info = info .. ", trace " .. values[D.trace] end
  if D.answer and values[D.answer] then info = info .. ", " .. values[D.answer] end
  pinfo.cols.protocol = D.id
  if tostring(pinfo.cols.info):find(D.id, 1, true) == nil then pinfo.cols.info = D.id .. " " .. info else pinfo.cols.info:append("; " .. info) end
  if why then wrong(why) end
end

local function one(b, pinfo, tree)
  if b:len() < D.size then return 0 end
  local n = length(b, 0)
  if not n then
    tree:add(p, b):add_proto_expert_info(E, "the frame's length cannot be right")
    return b:len()
  end
  if n > 0 then frame(b(D.size, math.min(n, left(b, D.size))):tvb(), tree, pinfo) end -- a length of zero keeps a line alive
  return b:len()
end

function p.dissector(b, pinfo, tree)
  if D.http then return one(b, pinfo, tree) end
  dissect_tcp_pdus(b, tree, D.size, function(tvb, _, at)
    local n = length(tvb, at)
    return n and n + D.size or left(tvb, at)
  end, one)
  return b:len()
end

-- On ports that nobody named, a segment is taken for ours when its length is right and its type one of ISO 8583 (4.2).
local function ours(b, pinfo, tree)
  if b:len() < D.size then return false end
  local n = length(b, 0)
  if not n or n + D.size ~= b:len() then return false end
  local mti = type_of(b, D.size + D.tpdu + D.header)
  if not mti or not mti:match("^[012][1-8]%d%d$") then return false end
  p.dissector(b, pinfo, tree)
  return true
end

if D.http then
  DissectorTable.get("media_type"):add("x-iso-tpdu/x-auth", p)
else
  p:register_heuristic("tcp", ours)
  DissectorTable.get("tcp.port"):add_for_decode_as(p)
  DissectorTable.get("tcp.port"):add(8583, p)
end
