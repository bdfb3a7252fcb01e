export const blockScript = `
-- Closes a lane for everybody. Never shortens a block that is there.
-- KEYS    1 state hash of the lane
-- ARGV    1 forMs
-- answer  until when the lane is closed, ms on the clock of Redis
-- Running it twice moves the end by the time between the two, no more.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = math.max(now + tonumber(ARGV[1]), tonumber(redis.call('HGET', KEYS[1], 'blocked') or 0))
redis.call('HSET', KEYS[1], 'blocked', ends)
if redis.call('PTTL', KEYS[1]) < ends - now then redis.call('PEXPIRE', KEYS[1], ends - now) end
return ends
`;
