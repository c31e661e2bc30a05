-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Closes for ever while the budget error passes.

return {
  run = function()
    local x <close> = setmetatable({}, { __close = function() while true do end end })
    while true do end
  end,
}
