/** `last` is the newest slot: slots never go back, so callers are served in the order in which they asked. */
export const reserveScript = `
-- Reserves the earliest slot at which one request may be sent on every given lane, or says when that would be.
-- KEYS    for each lane: its state hash, then its logs
-- ARGV    1 aheadMs: a slot further away reserves nothing
--         2 '1' for live, '0' for backfill
--         3 share of every limit that backfill leaves free while there is live demand
--         4 liveForMs: how long one live request counts as live demand
--         5 '1' when a limit from the vendor's headers may raise ours
--         6 a slot that was taken and not used, to be given back, or ''
--         7 number of lanes, then for each: number of logs, number of windows, the stride of each log,
--           and for each window: limit, windowMs, paddedMs (with the margin), number of its log
-- state   last (newest slot, us), blocked (until, ms), live (last demand, ms), rest:<stride> (slots since the last one written to that log),
--         limit:<windowMs> and until:<windowMs> (the vendor's word)
-- log     slots in us, newest first, every stride-th one; no two are equal
-- answer  granted 0|1, now, slot; us on the clock of Redis
-- Running it twice reserves a second slot that nobody uses: one request of budget lost, never one too many. What is given back
-- is gone the second time, and no other slot has its name.
local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2]
local now = math.floor(nowUs / 1000)
local live, share, liveFor, trusts = ARGV[2] == '1', tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == '1'
local slot = nowUs
local lanes, key, arg = {}, 0, 7

for l = 1, tonumber(ARGV[7]) do
  local lane = { state = KEYS[key + 1], logs = {}, longest = 0 }
  local logs, windows = tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  local fields = { 'last', 'blocked', 'live' }
  for i = 1, logs do
    lane.logs[i] = { key = KEYS[key + 1 + i], stride = tonumber(ARGV[arg + 2 + i]), longest = 0 }
    fields[3 + i] = 'rest:' .. ARGV[arg + 2 + i]
  end
  key, arg = key + 1 + logs, arg + 2 + logs
  for i = 0, windows - 1 do
    fields[#fields + 1] = 'limit:' .. ARGV[arg + i * 4 + 2]
    fields[#fields + 1] = 'until:' .. ARGV[arg + i * 4 + 2]
  end
  local state = redis.call('HMGET', lane.state, unpack(fields))
  local last = tonumber(state[1] or 0)
  slot = math.max(slot, last + 1, tonumber(state[2] or 0) * 1000)
  local yields = not live and state[3] and now - tonumber(state[3]) < liveFor
  for i, log in ipairs(lane.logs) do
    log.rest = tonumber(state[3 + i] or 0)
    -- In a log that has only every n-th slot it may be the one that stands for others: there it stays.
    if ARGV[6] ~= '' and log.stride == 1 then redis.call('LREM', log.key, 1, ARGV[6]) end
  end
  for i = 0, windows - 1 do
    local limit, padded, log = tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 3]), lane.logs[tonumber(ARGV[arg + 4])]
    local seen, untilMs = state[4 + logs + i * 2], state[5 + logs + i * 2]
    if seen and tonumber(untilMs) > now then limit = trusts and tonumber(seen) or math.min(limit, tonumber(seen)) end
    if yields then limit = math.max(1, math.floor(limit * (1 - share))) end
    -- The first written slot that is not older than the limit-th last request. With stride 1 that is the limit-th last itself.
    local back = math.floor((limit - 1 - log.rest) / log.stride)
    local nth = last
    if back >= 0 then nth = tonumber(redis.call('LINDEX', log.key, back) or 0) end
    if nth > 0 then slot = math.max(slot, nth + padded * 1000) end
    log.longest = math.max(log.longest, padded)
    lane.longest = math.max(lane.longest, padded)
    arg = arg + 4
  end
  lanes[l] = lane
end

-- By then everything in the key has left every window; a key that must live longer already (a block) keeps its time.
local function keepFor(name, ms)
  if redis.call('PTTL', name) < ms then redis.call('PEXPIRE', name, ms) end
end

if live then
  for _, lane in ipairs(lanes) do
    redis.call('HSET', lane.state, 'live', now)
    keepFor(lane.state, liveFor)
  end
end
local waitMs = math.floor((slot - nowUs) / 1000)
if waitMs > tonumber(ARGV[1]) then return { 0, nowUs, slot } end

for _, lane in ipairs(lanes) do
  redis.call('HSET', lane.state, 'last', slot)
  keepFor(lane.state, lane.longest + waitMs + 1)
  for _, log in ipairs(lane.logs) do
    local rest = (log.rest + 1) % log.stride
    if log.stride > 1 then redis.call('HSET', lane.state, 'rest:' .. log.stride, rest) end
    if rest == 0 then
      redis.call('LPUSH', log.key, slot)
      -- By age and not by number: of those given back nothing is known any more, so the number says nothing about the age.
      local gone = nowUs - log.longest * 1000
      while tonumber(redis.call('LINDEX', log.key, -1)) < gone do redis.call('RPOP', log.key) end
    end
    keepFor(log.key, log.longest + waitMs + 1)
  end
end
return { 1, nowUs, slot }
`;
