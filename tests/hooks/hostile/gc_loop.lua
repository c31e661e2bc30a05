-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Finalizers run with hooks off: __gc is refused.

return {
  run = function()
    setmetatable({}, { __gc = function() while true do end end })
    collectgarbage()
  end,
}
