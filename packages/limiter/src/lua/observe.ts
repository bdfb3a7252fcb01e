export const observeScript = `
-- Takes the vendor's word for a lane: a limit that replaces ours for a while, and a budget that others have used up.
-- KEYS    1 state hash, 2 log of the window
-- ARGV    1 windowMs, 2 stride of the log, 3 limit or '', 4 how long that limit holds (ms)
--         5 remaining or '', 6 the whole budget remaining is a part of, 7 ms until the vendor's window starts anew
--         8 how old the answer may be (ms)
-- answer  1 when the lane was closed until the vendor's window starts anew, else 0
-- Running it twice sets the same values a moment later.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function keepFor(ms)
  if redis.call('PTTL', KEYS[1]) < ms then redis.call('PEXPIRE', KEYS[1], ms) end
end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'limit:' .. ARGV[1], ARGV[3], 'until:' .. ARGV[1], now + ARGV[4])
  keepFor(tonumber(ARGV[4]))
end
if ARGV[5] == '' then return 0 end

-- Slots newer than the vendor's window can be: what we ourselves may have used of it. The log is sorted, so halve.
local since, low, high = (now - ARGV[1] - ARGV[8]) * 1000, 0, redis.call('LLEN', KEYS[2])
while low < high do
  local middle = math.floor((low + high) / 2)
  if tonumber(redis.call('LINDEX', KEYS[2], middle)) > since then low = middle + 1 else high = middle end
end
local used = low * ARGV[2] + (redis.call('HGET', KEYS[1], 'rest:' .. ARGV[2]) or 0)
-- Our own requests explain it: the log alone knows when the next may go, and closing the lane would waste what is left.
if tonumber(ARGV[5]) >= ARGV[6] - used then return 0 end
local ends = math.max(now + ARGV[7], tonumber(redis.call('HGET', KEYS[1], 'blocked') or 0))
redis.call('HSET', KEYS[1], 'blocked', ends)
keepFor(ends - now)
return 1
`;
