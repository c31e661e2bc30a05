-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- __index that never comes back.

return {
  run = function()
    local t = setmetatable({}, { __index = function() while true do end end })
    return t.x
  end,
}
