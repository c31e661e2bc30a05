-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A to-be-closed variable that never comes back.

return {
  run = function()
    do
      pcall(function()
        local x <close> = setmetatable({}, { __close = function() while true do end end })
        error("x")
      end)
    end
  end,
}
