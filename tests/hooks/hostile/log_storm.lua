-- SPDX-License-Identifier: Apache-2.0
-- ends: value 1
-- Writes ten thousand lines into the log.

return {
  run = function()
    for i = 1, 10000 do log("event", "ORDER1") end
    return 1
  end,
}
