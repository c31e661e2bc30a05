-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- __newindex that never comes back.

return {
  run = function()
    local t = setmetatable({}, { __newindex = function() while true do end end })
    t.x = 1
  end,
}
