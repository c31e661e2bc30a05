-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- __concat that never comes back.

return {
  run = function()
    return setmetatable({}, { __concat = function() while true do end end }) .. "x"
  end,
}
