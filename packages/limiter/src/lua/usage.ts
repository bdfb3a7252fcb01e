export const usageScript = `
-- How full the windows of a lane are.
-- KEYS    1 state hash, then the logs of the lane
-- ARGV    1 '1' when a limit from the vendor's headers may raise ours, then for each window:
--         limit, windowMs, number of its log, stride of that log
-- answer  for each window: the limit in force, the slots in the window that ends now
-- It only reads.
local time = redis.call('TIME')
-- Microseconds, as the slots are: a slot of this very millisecond is not in the future.
local nowUs = time[1] * 1000000 + time[2]
local function newerThan(log, at)
  local low, high = 0, redis.call('LLEN', log)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(redis.call('LINDEX', log, middle)) > at then low = middle + 1 else high = middle end
  end
  return low
end
local answer = {}
for a = 2, #ARGV, 4 do
  local limit, windowMs, log, stride = tonumber(ARGV[a]), ARGV[a + 1], KEYS[1 + ARGV[a + 2]], ARGV[a + 3]
  local state = redis.call('HMGET', KEYS[1], 'limit:' .. windowMs, 'until:' .. windowMs, 'rest:' .. stride)
  if state[1] and tonumber(state[2]) > nowUs / 1000 then
    limit = ARGV[1] == '1' and tonumber(state[1]) or math.min(limit, tonumber(state[1]))
  end
  local future = newerThan(log, nowUs)
  local used = (newerThan(log, nowUs - windowMs * 1000) - future) * stride
  -- The slots since the last written one are as new as it is.
  if future == 0 then used = used + (state[3] or 0) end
  answer[#answer + 1] = limit
  answer[#answer + 1] = used
end
return answer
`;
