-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A table of gsub whose __index never comes back.

return {
  run = function()
    return (("abc"):gsub(".", setmetatable({}, { __index = function() while true do end end })))
  end,
}
