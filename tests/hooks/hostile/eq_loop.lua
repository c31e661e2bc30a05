-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- __eq that never comes back.

return {
  run = function()
    local m = { __eq = function() while true do end end }
    return setmetatable({}, m) == setmetatable({}, m) and 1 or 2
  end,
}
