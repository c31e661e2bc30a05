-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A comparator that never comes back, called from C.

return {
  run = function()
    local t = { 3, 2, 1 }
    table.sort(t, function() while true do end end)
  end,
}
