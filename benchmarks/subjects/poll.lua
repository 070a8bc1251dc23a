-- Follows a member's notifications as poll.js does: each poll asks for what is newer than the newest seen.

local path = wrk.path

request = function()
  return wrk.format("GET", path)
end

response = function(_, _, body)
  for timestamp in body:gmatch('"timestamp": ?([%d.]+)') do
    path = "/notifications/?since=" .. timestamp
  end
end
