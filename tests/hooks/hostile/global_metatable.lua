-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Puts a trap before all globals.

return {
  run = function()
    setmetatable(_G, { __index = function() while true do end end })
    return nothing_like_this
  end,
}
