-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- __tostring that never comes back, called from C.

return {
  run = function()
    return #tostring(setmetatable({}, { __tostring = function() while true do end end }))
  end,
}
