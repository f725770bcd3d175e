-- Sends the requests of a file one after another. All have the same size, so no request is built during a measurement.
-- https://github.com/wg/wrk/blob/master/SCRIPTING
local file, size, skipped, isVerified
local sender

function setup(thread)
  sender = thread
end

function init()
  size = tonumber(os.getenv('REQUEST_BYTES'))
  skipped = (tonumber(os.getenv('STRIDE')) - 1) * size
  file = assert(io.open(os.getenv('REQUESTS'), 'rb'))
  file:setvbuf('full', 1048576)
  -- Global, so that `done` can read it with `sender:get`.
  sent = 0
end

local function seek_first()
  file:seek('set', tonumber(os.getenv('FIRST_REQUEST')) * size)
end

function request()
  -- wrk calls this once before the start, and does not send the result.
  if not isVerified then
    isVerified = true
    seek_first()
    local text = file:read(size)
    seek_first()
    return text
  end
  local text = file:read(size)
  if text == nil then
    file:seek('set')
    text = file:read(size)
  end
  if skipped > 0 then
    file:seek('cur', skipped)
  end
  sent = sent + 1
  return text
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"sent":%d,"responses":%d,"rejected":%d,"broken":%d,"seconds":%.6f,"p50":%d,"p99":%d,"max":%d}\n',
    sender:get('sent'), summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99), latency.max
  ))
end
